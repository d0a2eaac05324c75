//! Takes placed lines; gives the bytes of the file, with as much of each face as is drawn.

use std::collections::BTreeMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Settings, Str, TextStr};
use subsetter::GlyphRemapper;

use super::Marks;
use super::face::{Faces, Glyph, Which};
use super::layout::{HEIGHT, Ink, Placed, WIDTH};

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const INFO: Ref = Ref::new(3);
/// Six objects a face, from here on.
const FACES: i32 = 4;
const OBJECTS: i32 = 6;
/// Two objects a page, from here on.
const FIRST_PAGE: i32 = FACES + 3 * OBJECTS;
const ADOBE: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// The letters of one face that are drawn: each has a number of its own, so that what is copied out is what was set,
/// whichever letters share a glyph.
#[derive(Default)]
struct Drawn {
    numbers: BTreeMap<char, u16>,
    glyphs: Vec<Glyph>,
}

impl Drawn {
    fn number(&mut self, glyph: Glyph) -> u16 {
        // 0 is the glyph for "no such letter".
        let next = u16::try_from(self.glyphs.len() + 1).expect("BUG: more letters than a face has");
        let number = *self.numbers.entry(glyph.letter).or_insert(next);
        if number == next {
            self.glyphs.push(glyph);
        }
        number
    }
}

pub(super) fn write(faces: &Faces, pages: &[Vec<Placed>], marks: &Marks) -> Vec<u8> {
    let mut pdf = Pdf::with_settings(Settings { pretty: false });
    let mut drawn: BTreeMap<Which, Drawn> = BTreeMap::new();
    let contents: Vec<Vec<u8>> = pages.iter().map(|page| content(page, &mut drawn)).collect();
    let page_ref =
        |at: usize, part: i32| Ref::new(FIRST_PAGE + 2 * i32::try_from(at).expect("BUG: too many pages") + part);
    pdf.catalog(CATALOG).pages(PAGES).lang(TextStr("en"));
    let title = format!("{} {}", marks.kind, marks.digest.short());
    pdf.document_info(INFO).title(TextStr(&title)).subject(TextStr(&format!("SHA-256 {}", marks.digest)));
    let count = i32::try_from(pages.len()).expect("BUG: too many pages");
    pdf.pages(PAGES).kids((0..pages.len()).map(|at| page_ref(at, 0))).count(count);
    for (at, bytes) in contents.iter().enumerate() {
        let mut page = pdf.page(page_ref(at, 0));
        page.parent(PAGES).media_box(Rect::new(0.0, 0.0, points(WIDTH), points(HEIGHT))).contents(page_ref(at, 1));
        let mut resources = page.resources();
        let mut fonts = resources.fonts();
        for which in drawn.keys() {
            fonts.pair(Name(name(*which)), face_ref(*which, 0));
        }
        fonts.finish();
        resources.finish();
        page.finish();
        pdf.stream(page_ref(at, 1), bytes);
    }
    for (which, drawn) in &drawn {
        embed(&mut pdf, faces, *which, drawn);
    }
    pdf.finish()
}

fn content(page: &[Placed], drawn: &mut BTreeMap<Which, Drawn>) -> Vec<u8> {
    let mut content = Content::with_settings(Settings { pretty: false });
    // What lies behind is drawn first.
    for placed in page {
        if let Placed::Box { x, y, width, height, ink } = placed {
            let [red, green, blue] = colour(*ink);
            content.set_fill_rgb(red, green, blue);
            content.rect(points(*x), points(HEIGHT - y - height), points(*width), points(*height)).fill_nonzero();
        }
    }
    for placed in page {
        let Placed::Text { x, y, piece } = placed else { continue };
        let Some(which) = piece.glyphs.first().map(|glyph| glyph.which) else { continue };
        let drawn = drawn.entry(which).or_default();
        let bytes: Vec<u8> = piece.glyphs.iter().flat_map(|glyph| drawn.number(*glyph).to_be_bytes()).collect();
        let [red, green, blue] = colour(piece.ink);
        let slant = if piece.slanted { 0.2 } else { 0.0 };
        content.begin_text().set_fill_rgb(red, green, blue).set_font(Name(name(which)), points(piece.size));
        content.set_text_matrix([1.0, 0.0, slant, 1.0, points(*x), points(HEIGHT - y)]);
        content.show(Str(&bytes)).end_text();
    }
    content.finish().into_vec()
}

fn embed(pdf: &mut Pdf, faces: &Faces, which: Which, drawn: &Drawn) {
    let face = faces.face(which);
    let em = i32::from(face.units_per_em());
    let scaled = |units: i16| exact(i32::from(units) * 1_000 / em);
    let mut wanted = GlyphRemapper::new();
    for glyph in &drawn.glyphs {
        wanted.remap(glyph.id);
    }
    let bytes = subsetter::subset(which.bytes(), 0, &wanted).expect("BUG: a face of the assets cannot be cut down");
    let base = Name(base_name(which));
    let [font, cid, descriptor, unicode, file, map] = [0, 1, 2, 3, 4, 5].map(|part| face_ref(which, part));
    pdf.type0_font(font)
        .base_font(base)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(unicode);
    let mut cid_font = pdf.cid_font(cid);
    cid_font.subtype(CidFontType::Type2).base_font(base).system_info(ADOBE).font_descriptor(descriptor);
    cid_font.default_width(0.0).cid_to_gid_map_stream(map);
    cid_font.widths().consecutive(1, drawn.glyphs.iter().map(|glyph| exact(glyph.advance)));
    cid_font.finish();
    let bounds = face.global_bounding_box();
    pdf.font_descriptor(descriptor)
        .name(base)
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(Rect::new(scaled(bounds.x_min), scaled(bounds.y_min), scaled(bounds.x_max), scaled(bounds.y_max)))
        .italic_angle(0.0)
        .ascent(scaled(face.ascender()))
        .descent(scaled(face.descender()))
        .cap_height(scaled(face.capital_height().unwrap_or(700)))
        .stem_v(80.0)
        .font_file2(file);
    let mut letters = UnicodeCmap::<u16>::new(Name(b"Letters"), ADOBE);
    // The map from numbers to glyphs; number 0 is glyph 0.
    let mut glyphs = vec![0, 0];
    for (number, glyph) in (1..).zip(&drawn.glyphs) {
        letters.pair(number, glyph.letter);
        glyphs.extend(wanted.get(glyph.id).unwrap_or(0).to_be_bytes());
    }
    let letters = letters.finish().into_vec();
    pdf.cmap(unicode, &letters);
    let length = i32::try_from(bytes.len()).expect("BUG: a face of two gigabytes");
    pdf.stream(file, &bytes).pair(Name(b"Length1"), length);
    pdf.stream(map, &glyphs);
}

fn face_ref(which: Which, part: i32) -> Ref {
    let place = match which {
        Which::Sans => 0,
        Which::Strong => 1,
        Which::Mono => 2,
    };
    Ref::new(FACES + place * OBJECTS + part)
}

fn name(which: Which) -> &'static [u8] {
    match which {
        Which::Sans => b"Sans",
        Which::Strong => b"Strong",
        Which::Mono => b"Mono",
    }
}

/// A face that is cut down has six letters before its name.
fn base_name(which: Which) -> &'static [u8] {
    match which {
        Which::Sans => b"CSIGNA+IBMPlexSans",
        Which::Strong => b"CSIGNB+IBMPlexSans-SemiBold",
        Which::Mono => b"CSIGNC+IBMPlexMono",
    }
}

fn colour(ink: Ink) -> [f32; 3] {
    let [red, green, blue]: [u8; 3] = match ink {
        Ink::Black => [28, 29, 31],
        Ink::Quiet => [93, 97, 104],
        Ink::Good => [27, 110, 60],
        Ink::Care => [138, 90, 0],
        Ink::Bad => [164, 22, 26],
        Ink::Line => [205, 208, 213],
        Ink::Shade => [243, 244, 245],
    };
    // Thousandths, so that every machine writes the same digits.
    [red, green, blue].map(|part| exact((i32::from(part) * 1_000 + 127) / 255) / 1_000.0)
}

fn points(hundredths: i32) -> f32 {
    exact(hundredths) / 100.0
}

/// A small whole number as the library takes it: exact up to 2^24.
fn exact(number: i32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "lengths on a page stay far below 2^24")]
    let whole = number as f32;
    whole
}
