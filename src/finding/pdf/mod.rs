//! Takes the parts of a page; gives a PDF that is the same bytes anywhere: text that can be selected, numbered pages, the
//! digest on every one of them; refuses to draw a letter as something it is not.
//!
//! No clock, no identifier and no compression goes into it, and lengths are whole hundredths of a point. `tests` holds the
//! digest of a sample: whoever changes the bytes, by a new version of a library too, gives the folder another form, because
//! folders that were exported before are compared with what is made again.

mod face;
mod layout;
mod table;
#[cfg(test)]
pub(super) mod tests;
mod write;

use super::Finding;
use super::block::Block;
use crate::digest::Digest;

/// What stands on every page.
pub(super) struct Marks {
    /// What kind of finding it is.
    kind: String,
    /// The digest of the signed bytes.
    digest: Digest,
}

impl Marks {
    /// Returns what stands on the pages of this finding.
    pub(super) fn of(finding: &Finding, digest: Digest) -> Self {
        Self { kind: finding.kind_words().to_owned(), digest }
    }
}

/// Draws the parts on as many pages as they need.
pub(super) fn render(blocks: &[Block], marks: &Marks) -> Vec<u8> {
    let faces = face::Faces::open();
    let mut sheet = layout::Sheet::new(&faces);
    sheet.blocks(blocks);
    let pages = sheet.finish(marks);
    write::write(&faces, &pages, marks)
}
