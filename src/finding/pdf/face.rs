//! The three faces of a PDF, and which glyph stands for which letter.

use std::cell::RefCell;
use std::collections::BTreeMap;

use ttf_parser::{Face, GlyphId};

const SANS: &[u8] = include_bytes!("../../../assets/fonts/IBMPlexSans-Regular.ttf");
const STRONG: &[u8] = include_bytes!("../../../assets/fonts/IBMPlexSans-SemiBold.ttf");
const MONO: &[u8] = include_bytes!("../../../assets/fonts/IBMPlexMono-Regular.ttf");

/// A face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    Sans,
    Strong,
    Mono,
}

impl Which {
    pub(super) const ALL: [Self; 3] = [Self::Sans, Self::Strong, Self::Mono];

    pub(super) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Sans => SANS,
            Self::Strong => STRONG,
            Self::Mono => MONO,
        }
    }
}

/// A glyph of a face, with the letter it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyph {
    pub(super) which: Which,
    pub(super) letter: char,
    pub(super) id: u16,
    /// Its width in thousandths of the size.
    pub(super) advance: i32,
}

/// The faces, and what was looked up in them.
pub(super) struct Faces {
    faces: BTreeMap<Which, Face<'static>>,
    known: RefCell<BTreeMap<(Which, char), Option<Glyph>>>,
}

impl Faces {
    pub(super) fn open() -> Self {
        let open = |which: Which| (which, Face::parse(which.bytes(), 0).expect("BUG: a face of the assets is no font"));
        Self { faces: Which::ALL.into_iter().map(open).collect(), known: RefCell::default() }
    }

    pub(super) fn face(&self, which: Which) -> &Face<'static> {
        &self.faces[&which]
    }

    /// Finds the glyph of a letter in this face or, where it has none, in another; `None` when no face draws it.
    pub(super) fn glyph(&self, which: Which, letter: char) -> Option<Glyph> {
        *self.known.borrow_mut().entry((which, letter)).or_insert_with(|| self.find(which, letter))
    }

    fn find(&self, which: Which, letter: char) -> Option<Glyph> {
        // The faces lack three of our shapes; each is drawn by one that looks like it, and read as what it is.
        let drawn = match letter {
            '∅' => 'Ø',
            '✗' => '×',
            '●' => '•',
            letter => letter,
        };
        [which, Which::Mono, Which::Sans].into_iter().find_map(|which| {
            let face = self.face(which);
            let id = face.glyph_index(drawn).filter(|id| *id != GlyphId(0))?;
            let em = i32::from(face.units_per_em());
            let advance = i32::from(face.glyph_hor_advance(id)?) * 1_000 / em;
            Some(Glyph { which, letter, id: id.0, advance })
        })
    }
}
