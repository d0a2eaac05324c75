//! Takes the parts of a page; gives lines of glyphs with their places. Lengths are hundredths of a point.

use unicode_normalization::UnicodeNormalization as _;

use super::Marks;
use super::face::{Faces, Glyph, Which};
use crate::finding::block::{Block, Item, Span, Style};
use crate::finding::shown::is_odd;

/// A4.
pub(super) const WIDTH: i32 = 59_500;
pub(super) const HEIGHT: i32 = 84_200;
const LEFT: i32 = 4_800;
const RIGHT: i32 = 4_800;
const TOP: i32 = 6_400;
const BOTTOM: i32 = 5_800;
/// The narrowest room that text is set in.
const LEAST: i32 = 2_400;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Black,
    Quiet,
    Good,
    Care,
    Bad,
    /// A hairline.
    Line,
    /// Behind code.
    Shade,
}

/// Glyphs side by side, all alike.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) glyphs: Vec<Glyph>,
    pub(super) size: i32,
    pub(super) ink: Ink,
    pub(super) slanted: bool,
}

impl Piece {
    pub(super) fn width(&self) -> i32 {
        self.glyphs.iter().map(|glyph| glyph.advance * self.size / 1_000).sum()
    }
}

/// One line of text.
pub(super) type Line = Vec<Piece>;

/// Something with its place; `y` is counted from the top.
#[derive(Clone, Debug)]
pub(super) enum Placed {
    Text { x: i32, y: i32, piece: Piece },
    Box { x: i32, y: i32, width: i32, height: i32, ink: Ink },
}

/// How a text is set.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub(super) size: i32,
    pub(super) leading: i32,
    /// Whether spaces and lines count.
    pub(super) verbatim: bool,
}

pub(super) const BODY: Setting = Setting { size: 900, leading: 1_280, verbatim: false };
const CODE: Setting = Setting { size: 750, leading: 1_050, verbatim: true };
pub(super) const CELL: Setting = Setting { size: 800, leading: 1_080, verbatim: false };
const SMALL: Setting = Setting { size: 700, leading: 900, verbatim: false };

/// The pages as they are filled.
pub(super) struct Sheet<'a> {
    pub(super) faces: &'a Faces,
    pages: Vec<Vec<Placed>>,
    pub(super) y: i32,
    /// The left edge and the width of the text now.
    pub(super) left: i32,
    pub(super) room: i32,
    /// The left edge of each quote that is open.
    quotes: Vec<i32>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(faces: &'a Faces) -> Self {
        let room = WIDTH - LEFT - RIGHT;
        Self { faces, pages: vec![Vec::new()], y: TOP, left: LEFT, room, quotes: Vec::new() }
    }

    pub(super) fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, text) => self.heading(*level, text),
            Block::Line(spans) => {
                self.text(spans, BODY);
                self.space(400);
            }
            Block::Facts(facts) => self.facts(facts),
            Block::Table { head, rows } => self.table(head, rows),
            Block::Code(text) => self.code(text),
            Block::Items(items) => {
                for item in items {
                    self.item(item);
                }
                self.space(400);
            }
            Block::Quoted(blocks) => {
                let (left, room) = (self.left, self.room);
                self.quotes.push(left);
                (self.left, self.room) = (left + 1_000, room - 1_000);
                self.blocks(blocks);
                self.quotes.pop();
                (self.left, self.room) = (left, room);
                self.space(200);
            }
        }
    }

    fn heading(&mut self, level: u8, text: &str) {
        let (size, leading, before) = match level {
            1 => (1_500, 2_000, 200),
            2 => (1_150, 1_600, 900),
            _ => (950, 1_350, 500),
        };
        let setting = Setting { size, leading, verbatim: false };
        let lines = wrap(self.faces, &[Span::new(Style::Strong, text)], setting, self.room);
        // A heading stands with what it is over.
        let height = before + leading * i32::try_from(lines.len()).unwrap_or(1);
        self.need(height + 4_000);
        if self.y > TOP {
            self.space(before);
            if level == 2 {
                self.rule();
                self.space(500);
            }
        }
        for line in &lines {
            self.line(line, setting);
        }
        self.space(if level == 1 { 700 } else { 300 });
    }

    fn facts(&mut self, facts: &[(String, Span)]) {
        let (left, room) = (self.left, self.room);
        let name_room = 9_600.min(room / 3);
        for (name, value) in facts {
            let names = wrap(self.faces, &[Span::new(Style::Quiet, name.as_str())], CELL, name_room);
            let lines = wrap(self.faces, std::slice::from_ref(value), CELL, room - name_room - 600);
            for at in 0..names.len().max(lines.len()) {
                self.need(CELL.leading);
                let (y, empty) = (self.y, Line::new());
                self.place(left, y, names.get(at).unwrap_or(&empty), CELL);
                self.place(left + name_room + 600, y, lines.get(at).unwrap_or(&empty), CELL);
                self.space(CELL.leading);
            }
        }
        self.space(500);
    }

    fn code(&mut self, text: &str) {
        let lines = wrap(self.faces, &[Span::mono(text)], CODE, self.room - 1_000);
        self.space(200);
        for line in &lines {
            self.need(CODE.leading);
            let (y, left, room) = (self.y, self.left, self.room);
            self.put(Placed::Box { x: left, y: y - 30, width: room, height: CODE.leading + 60, ink: Ink::Shade });
            self.place(left + 500, y, line, CODE);
            self.space(CODE.leading);
        }
        self.space(500);
    }

    fn item(&mut self, Item { depth, number, spans }: &Item) {
        let (left, room) = (self.left, self.room);
        let indent = (1_200 * (i32::from(*depth) + 1)).min(room / 2);
        let marker = number.map_or_else(|| "•".to_owned(), |number| format!("{number}."));
        let lines = wrap(self.faces, spans, BODY, room - indent);
        let marker = wrap(self.faces, &[Span::new(Style::Quiet, marker)], BODY, LEAST);
        self.need(BODY.leading);
        let y = self.y;
        self.place(left + indent - 1_000, y, marker.first().unwrap_or(&Line::new()), BODY);
        (self.left, self.room) = (left + indent, room - indent);
        for line in &lines {
            self.line(line, BODY);
        }
        (self.left, self.room) = (left, room);
    }

    fn text(&mut self, spans: &[Span], setting: Setting) {
        for line in &wrap(self.faces, spans, setting, self.room) {
            self.line(line, setting);
        }
    }

    fn line(&mut self, line: &Line, setting: Setting) {
        self.need(setting.leading);
        let (x, y) = (self.left, self.y);
        self.place(x, y, line, setting);
        self.space(setting.leading);
    }

    /// Puts a line at a place; the baseline stands where most of its letters end.
    pub(super) fn place(&mut self, x: i32, y: i32, line: &Line, setting: Setting) {
        let mut x = x;
        for piece in line {
            let width = piece.width();
            self.put(Placed::Text { x, y: y + setting.size, piece: piece.clone() });
            x += width;
        }
    }

    pub(super) fn put(&mut self, placed: Placed) {
        self.pages.last_mut().expect("BUG: there is no page").push(placed);
    }

    pub(super) fn rule(&mut self) {
        let (x, y, width) = (self.left, self.y, self.room);
        self.put(Placed::Box { x, y, width, height: 50, ink: Ink::Line });
    }

    /// Goes down, with a bar beside what is quoted.
    pub(super) fn space(&mut self, height: i32) {
        let height = height.min(self.below());
        for at in 0..self.quotes.len() {
            let (x, y) = (self.quotes[at], self.y);
            self.put(Placed::Box { x, y, width: 150, height, ink: Ink::Line });
        }
        self.y += height;
    }

    /// How much room there is to the end of this page.
    pub(super) fn below(&self) -> i32 {
        (HEIGHT - BOTTOM - self.y).max(0)
    }

    /// How much room a whole page has.
    pub(super) fn whole() -> i32 {
        HEIGHT - BOTTOM - TOP
    }

    /// Begins a new page unless there is so much room.
    pub(super) fn need(&mut self, height: i32) {
        if self.below() < height.min(Self::whole()) {
            self.turn();
        }
    }

    pub(super) fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = TOP;
    }

    /// Puts head and foot on every page.
    pub(super) fn finish(mut self, marks: &Marks) -> Vec<Vec<Placed>> {
        let count = self.pages.len();
        for number in 1..=count {
            let right = WIDTH - RIGHT;
            let mut mark = |span: Span, y: i32, is_right: bool| {
                let line = wrap(self.faces, &[span], SMALL, WIDTH).into_iter().next().unwrap_or_default();
                let width: i32 = line.iter().map(Piece::width).sum();
                let mut x = if is_right { right - width } else { LEFT };
                for piece in line {
                    let width = piece.width();
                    self.pages[number - 1].push(Placed::Text { x, y, piece });
                    x += width;
                }
            };
            mark(Span::new(Style::Quiet, marks.kind.as_str()), 4_200, false);
            mark(Span::new(Style::Quiet, marks.digest.phrase()), 4_200, true);
            let foot = HEIGHT - 3_600;
            mark(Span::mono(format!("SHA-256 {}", marks.digest)), foot, false);
            mark(Span::new(Style::Quiet, format!("Page {number} of {count}")), foot, true);
            let line = |y| Placed::Box { x: LEFT, y, width: right - LEFT, height: 50, ink: Ink::Line };
            self.pages[number - 1].push(line(4_700));
            self.pages[number - 1].push(line(HEIGHT - 4_700));
        }
        self.pages
    }
}

/// A glyph on its way into a line.
struct Set {
    glyph: Glyph,
    ink: Ink,
    slanted: bool,
    width: i32,
}

/// Sets text in lines no wider than this. At least one line is given.
pub(super) fn wrap(faces: &Faces, spans: &[Span], setting: Setting, room: i32) -> Vec<Line> {
    let room = room.max(LEAST);
    let mut lines = Vec::new();
    let mut line: Vec<Set> = Vec::new();
    let mut width = 0;
    for span in spans {
        let (which, ink, slanted) = look(span.style);
        let size = setting.size;
        for letter in span.text.nfc() {
            if letter == '\n' {
                lines.push(std::mem::take(&mut line));
                width = 0;
                continue;
            }
            for glyph in glyphs(faces, which, letter) {
                let is_strange = glyph.1;
                let glyph = glyph.0;
                let advance = glyph.advance * size / 1_000;
                if width + advance > room && !line.is_empty() {
                    if glyph.letter == ' ' && !setting.verbatim {
                        // It ends the line, and is not seen there.
                        lines.push(std::mem::take(&mut line));
                        width = 0;
                        continue;
                    }
                    let at = break_before(&line, setting);
                    let rest = line.split_off(at);
                    lines.push(std::mem::replace(&mut line, rest));
                    width = line.iter().map(|set| set.width).sum();
                }
                if line.is_empty() && glyph.letter == ' ' && !setting.verbatim && !lines.is_empty() {
                    continue;
                }
                let ink = if is_strange { Ink::Bad } else { ink };
                line.push(Set { glyph, ink, slanted, width: advance });
                width += advance;
            }
        }
    }
    lines.push(line);
    lines.into_iter().map(|line| pieces(line, setting.size)).collect()
}

/// Where a line that is too long is broken: after the last space, or after a sign in a long word, or at its end.
fn break_before(line: &[Set], setting: Setting) -> usize {
    let after = |signs: &[char]| line.iter().rposition(|set| signs.contains(&set.glyph.letter)).map(|at| at + 1);
    // A break close to the left edge would leave most of the line empty.
    let is_far = |at: &usize| setting.verbatim || *at > line.len() / 4;
    after(&[' ']).filter(is_far).or_else(|| after(&['/', '-', ',', '_', ';', '@']).filter(is_far)).unwrap_or(line.len())
}

fn pieces(line: Vec<Set>, size: i32) -> Line {
    let mut pieces: Line = Vec::new();
    for set in line {
        match pieces.last_mut() {
            Some(piece)
                if piece.glyphs.last().is_some_and(|glyph| glyph.which == set.glyph.which)
                    && (piece.ink, piece.slanted) == (set.ink, set.slanted) =>
            {
                piece.glyphs.push(set.glyph);
            }
            Some(_) | None => {
                pieces.push(Piece { glyphs: vec![set.glyph], size, ink: set.ink, slanted: set.slanted });
            }
        }
    }
    pieces
}

/// The glyphs of one letter: its own, or those of its code point where it would not be seen or no face draws it. The flag
/// says that it is the latter.
fn glyphs(faces: &Faces, which: Which, letter: char) -> Vec<(Glyph, bool)> {
    let found = if is_odd(letter) { None } else { faces.glyph(which, letter) };
    match (letter, found) {
        ('\t', _) => (0..4).filter_map(|_| Some((faces.glyph(which, ' ')?, false))).collect(),
        (_, Some(glyph)) => vec![(glyph, false)],
        (_, None) => {
            let name = format!("U+{:04X}", u32::from(letter));
            name.chars().filter_map(|letter| Some((faces.glyph(Which::Mono, letter)?, true))).collect()
        }
    }
}

fn look(style: Style) -> (Which, Ink, bool) {
    match style {
        Style::Plain => (Which::Sans, Ink::Black, false),
        Style::Strong => (Which::Strong, Ink::Black, false),
        Style::Slanted => (Which::Sans, Ink::Black, true),
        Style::Mono => (Which::Mono, Ink::Black, false),
        Style::Quiet => (Which::Sans, Ink::Quiet, false),
        Style::Good => (Which::Sans, Ink::Good, false),
        Style::Care => (Which::Sans, Ink::Care, false),
        Style::Bad => (Which::Strong, Ink::Bad, false),
    }
}
