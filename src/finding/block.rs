//! The parts of a page, told once and drawn four ways: as HTML, as Markdown, as PDF, and in the window.

/// A part of a page, from top to bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading; 1 is the page's own, 2 a part, 3 a part of a part.
    Heading(u8, String),
    /// A paragraph.
    Line(Vec<Span>),
    /// Names and values.
    Facts(Vec<(String, Cell)>),
    /// Rows below a head.
    Table {
        /// What each column holds.
        head: Vec<String>,
        /// The rows, each as long as the head.
        rows: Vec<Vec<Cell>>,
    },
    /// Text whose lines and spaces count, such as SQL.
    Code(String),
    /// A list.
    Items(Vec<Item>),
    /// Somebody's own words, set apart from what the program says.
    Quoted(Vec<Block>),
}

/// One item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// How deep it stands, from 0.
    pub depth: u8,
    /// Its number, when the list is numbered.
    pub number: Option<u64>,
    /// Its text.
    pub spans: Vec<Span>,
}

/// Text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// A value in a table or beside a name.
pub type Cell = Span;

/// How text looks. Colour never says anything alone: the words do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// Bold.
    Strong,
    /// Slanted.
    Slanted,
    /// Each letter as wide as the next.
    Mono,
    /// Less important.
    Quiet,
    /// As it must be.
    Good,
    /// To be looked at.
    Care,
    /// Not as it must be.
    Bad,
}

impl Span {
    /// Makes text in this style.
    #[must_use]
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style }
    }

    /// Makes plain text.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(Style::Plain, text)
    }

    /// Makes text in which each letter is as wide as the next.
    #[must_use]
    pub fn mono(text: impl Into<String>) -> Self {
        Self::new(Style::Mono, text)
    }
}

impl Block {
    /// Makes a paragraph of plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Line(vec![Span::plain(text)])
    }

    /// Makes a paragraph in one style.
    #[must_use]
    pub fn styled(style: Style, text: impl Into<String>) -> Self {
        Self::Line(vec![Span::new(style, text)])
    }

    /// Makes a plain list.
    #[must_use]
    pub fn list(items: Vec<Vec<Span>>) -> Self {
        Self::Items(items.into_iter().map(|spans| Item { depth: 0, number: None, spans }).collect())
    }
}
