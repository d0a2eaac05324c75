//! Takes the theme; gives every colour, size and distance of the window. No other file names a colour.

use std::sync::Arc;

use eframe::egui::{
    Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Theme, Ui, Vec2, Visuals,
    style::ScrollStyle, vec2,
};

use crate::census::Verdict;
use crate::diagnose::Mode;
use crate::review::Severity;
use crate::session::Environment;

/// The rhythm: every distance is a multiple or a half of it.
pub const UNIT: f32 = 8.0;
/// Half of [`UNIT`], for things that belong together.
pub const HALF: f32 = 4.0;
/// Labels, marginalia and table heads.
pub const SMALL: f32 = 12.0;
/// Everything that is read.
pub const BODY: f32 = 13.0;
/// What a page is called.
pub const HEAD: f32 = 17.0;
/// The height of a row in a table or a script.
pub const ROW: f32 = 24.0;
/// The height of a line of SQL.
pub const LINE: f32 = 18.0;
/// The height of the environment band and of the stop band.
pub const BAND: f32 = 28.0;
/// The height of the footer.
pub const FOOT: f32 = 28.0;

/// The font family of text that must stand out.
#[must_use]
pub fn semibold() -> FontFamily {
    FontFamily::Name("plex-semibold".into())
}

/// The font family of monospaced text that must stand out.
#[must_use]
pub fn mono_semibold() -> FontFamily {
    FontFamily::Name("plex-mono-semibold".into())
}

/// Body text that stands out.
#[must_use]
pub fn strong() -> TextStyle {
    TextStyle::Name("strong".into())
}

/// Monospaced text in the small size.
#[must_use]
pub fn mono_small() -> TextStyle {
    TextStyle::Name("mono-small".into())
}

/// Every colour of one theme.
#[derive(Clone, Copy, Debug)]
pub struct Tokens {
    /// Behind side panels and bars.
    pub panel: Color32,
    /// Behind what is read.
    pub surface: Color32,
    /// Behind cards and table heads.
    pub raised: Color32,
    /// Behind every other row.
    pub stripe: Color32,
    /// Behind text fields.
    pub field: Color32,
    /// Hair lines.
    pub line: Color32,
    /// Borders of controls: at least 3:1 against what is behind them.
    pub border: Color32,
    /// Text.
    pub text: Color32,
    /// Text of less weight; still at least 4.5:1.
    pub muted: Color32,
    /// The one accent: selection, focus, the main deed of a page.
    pub accent: Color32,
    /// Text on [`Self::accent`].
    pub on_accent: Color32,
    /// Behind what is selected.
    pub selected: Color32,
    /// Behind what is pointed at.
    pub hover: Color32,
    /// As expected.
    pub good: Color32,
    /// Grown, where that is allowed.
    pub grown: Color32,
    /// Wrong.
    pub bad: Color32,
    /// Not there.
    pub missing: Color32,
    /// Not known, or needs care.
    pub care: Color32,
    /// Behind what is wrong.
    pub bad_faint: Color32,
    /// Behind what needs care.
    pub care_faint: Color32,
    /// Behind what is right.
    pub good_faint: Color32,
    /// Behind a removed line.
    pub removed: Color32,
    /// Behind removed words.
    pub removed_word: Color32,
    /// Behind an added line.
    pub added: Color32,
    /// Behind added words.
    pub added_word: Color32,
    /// Behind a line that stands elsewhere on the other side.
    pub moved: Color32,
    /// SQL keywords.
    pub sql_keyword: Color32,
    /// SQL strings.
    pub sql_string: Color32,
    /// SQL numbers.
    pub sql_number: Color32,
    /// SQL comments.
    pub sql_comment: Color32,
    /// SQL parameters.
    pub sql_parameter: Color32,
    /// Text on a band.
    pub on_band: Color32,
    /// Behind the disaster stop.
    pub stop: Color32,
    /// The stripes and text of the disaster stop.
    pub on_stop: Color32,
}

const LIGHT: Tokens = Tokens {
    panel: Color32::from_rgb(0xF4, 0xF5, 0xF7),
    surface: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    raised: Color32::from_rgb(0xF8, 0xF9, 0xFA),
    stripe: Color32::from_rgb(0xFA, 0xFB, 0xFC),
    field: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    line: Color32::from_rgb(0xDF, 0xE3, 0xE7),
    border: Color32::from_rgb(0x8A, 0x94, 0x9E),
    text: Color32::from_rgb(0x1A, 0x20, 0x26),
    muted: Color32::from_rgb(0x56, 0x61, 0x6C),
    accent: Color32::from_rgb(0x1B, 0x5A, 0xA0),
    on_accent: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    selected: Color32::from_rgb(0xDC, 0xE9, 0xF7),
    hover: Color32::from_rgb(0xEB, 0xEF, 0xF3),
    good: Color32::from_rgb(0x1E, 0x6E, 0x42),
    grown: Color32::from_rgb(0x0F, 0x68, 0x78),
    bad: Color32::from_rgb(0xB0, 0x20, 0x1C),
    missing: Color32::from_rgb(0x8A, 0x2F, 0x8A),
    care: Color32::from_rgb(0x84, 0x54, 0x00),
    bad_faint: Color32::from_rgb(0xFD, 0xEC, 0xEA),
    care_faint: Color32::from_rgb(0xFC, 0xF3, 0xDF),
    good_faint: Color32::from_rgb(0xE6, 0xF4, 0xEB),
    removed: Color32::from_rgb(0xFD, 0xEC, 0xEA),
    removed_word: Color32::from_rgb(0xF7, 0xC4, 0xBF),
    added: Color32::from_rgb(0xE6, 0xF4, 0xEB),
    added_word: Color32::from_rgb(0xB4, 0xDF, 0xC3),
    moved: Color32::from_rgb(0xE3, 0xE6, 0xF6),
    sql_keyword: Color32::from_rgb(0x1B, 0x5A, 0xA0),
    sql_string: Color32::from_rgb(0x1E, 0x6E, 0x42),
    sql_number: Color32::from_rgb(0x84, 0x54, 0x00),
    sql_comment: Color32::from_rgb(0x6A, 0x73, 0x7D),
    sql_parameter: Color32::from_rgb(0x8A, 0x2F, 0x8A),
    on_band: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    stop: Color32::from_rgb(0x1D, 0x1A, 0x10),
    on_stop: Color32::from_rgb(0xFF, 0xC9, 0x2B),
};

const DARK: Tokens = Tokens {
    panel: Color32::from_rgb(0x16, 0x1A, 0x1E),
    surface: Color32::from_rgb(0x1A, 0x1F, 0x24),
    raised: Color32::from_rgb(0x20, 0x26, 0x2C),
    stripe: Color32::from_rgb(0x1D, 0x22, 0x28),
    field: Color32::from_rgb(0x12, 0x16, 0x1A),
    line: Color32::from_rgb(0x2F, 0x37, 0x3F),
    border: Color32::from_rgb(0x6E, 0x7A, 0x85),
    text: Color32::from_rgb(0xE2, 0xE7, 0xEB),
    muted: Color32::from_rgb(0x9C, 0xA8, 0xB3),
    accent: Color32::from_rgb(0x7A, 0xB3, 0xF0),
    on_accent: Color32::from_rgb(0x0B, 0x1A, 0x2B),
    selected: Color32::from_rgb(0x23, 0x3A, 0x54),
    hover: Color32::from_rgb(0x26, 0x2D, 0x34),
    good: Color32::from_rgb(0x74, 0xC8, 0x95),
    grown: Color32::from_rgb(0x62, 0xC3, 0xD3),
    bad: Color32::from_rgb(0xFF, 0x91, 0x88),
    missing: Color32::from_rgb(0xDA, 0xA2, 0xE4),
    care: Color32::from_rgb(0xE6, 0xB7, 0x57),
    bad_faint: Color32::from_rgb(0x3A, 0x20, 0x20),
    care_faint: Color32::from_rgb(0x35, 0x2C, 0x18),
    good_faint: Color32::from_rgb(0x1A, 0x30, 0x24),
    removed: Color32::from_rgb(0x38, 0x21, 0x22),
    removed_word: Color32::from_rgb(0x6B, 0x30, 0x31),
    added: Color32::from_rgb(0x1A, 0x30, 0x24),
    added_word: Color32::from_rgb(0x29, 0x5C, 0x40),
    moved: Color32::from_rgb(0x2A, 0x30, 0x4A),
    sql_keyword: Color32::from_rgb(0x7A, 0xB3, 0xF0),
    sql_string: Color32::from_rgb(0x8F, 0xCF, 0xA6),
    sql_number: Color32::from_rgb(0xE6, 0xB7, 0x57),
    sql_comment: Color32::from_rgb(0x8C, 0x98, 0xA3),
    sql_parameter: Color32::from_rgb(0xDA, 0xA2, 0xE4),
    on_band: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    stop: Color32::from_rgb(0x26, 0x20, 0x0A),
    on_stop: Color32::from_rgb(0xFF, 0xC9, 0x2B),
};

// The bands are the same in both themes: a label people recognise must not change with the light.
const BAND_DEVELOPMENT: Color32 = Color32::from_rgb(0x3F, 0x56, 0x6B);
const BAND_STAGING: Color32 = Color32::from_rgb(0x7A, 0x4E, 0x00);
const BAND_PRODUCTION: Color32 = Color32::from_rgb(0xA4, 0x12, 0x2B);

impl Tokens {
    /// Returns the colours of the theme a piece of the window is drawn in.
    #[must_use]
    pub fn of(ui: &Ui) -> Self {
        Self::for_dark(ui.visuals().dark_mode)
    }

    /// Returns the colours of a theme.
    #[must_use]
    pub const fn for_dark(dark: bool) -> Self {
        if dark { DARK } else { LIGHT }
    }

    /// Returns the colour of a verdict; its shape and word are in `widget::mark`.
    #[must_use]
    pub fn verdict(&self, verdict: Verdict) -> Color32 {
        match verdict {
            Verdict::Same => self.good,
            Verdict::Grown => self.grown,
            Verdict::Drifted => self.bad,
            Verdict::Missing => self.missing,
            Verdict::Blind => self.care,
        }
    }

    /// Returns the colour of a branch of the decision tree.
    #[must_use]
    pub fn mode(&self, mode: Mode) -> Color32 {
        match mode {
            Mode::NotApplied => self.muted,
            Mode::Isolated => self.good,
            Mode::Ordered => self.grown,
            Mode::InTransaction => self.care,
            Mode::Stop => self.bad,
        }
    }

    /// Returns the colour of a review note.
    #[must_use]
    pub fn severity(&self, severity: Severity) -> Color32 {
        match severity {
            Severity::Note => self.muted,
            Severity::Hazard => self.care,
            Severity::Block => self.bad,
        }
    }

    /// Returns the colour of an environment's band.
    #[must_use]
    pub const fn band(environment: Environment) -> Color32 {
        match environment {
            Environment::Development => BAND_DEVELOPMENT,
            Environment::Staging => BAND_STAGING,
            Environment::Production => BAND_PRODUCTION,
        }
    }
}

/// Makes egui's style for a theme from the tokens.
#[must_use]
pub fn style(theme: Theme, base: &Style) -> Arc<Style> {
    let dark = theme == Theme::Dark;
    let tokens = Tokens::for_dark(dark);
    let mut style = base.clone();
    style.text_styles = [
        (TextStyle::Small, FontId::new(SMALL, FontFamily::Proportional)),
        (TextStyle::Body, FontId::new(BODY, FontFamily::Proportional)),
        (TextStyle::Button, FontId::new(BODY, FontFamily::Proportional)),
        (TextStyle::Heading, FontId::new(HEAD, semibold())),
        (TextStyle::Monospace, FontId::new(BODY, FontFamily::Monospace)),
        (strong(), FontId::new(BODY, semibold())),
        (mono_small(), FontId::new(SMALL, FontFamily::Monospace)),
    ]
    .into();
    style.spacing.item_spacing = vec2(UNIT, HALF);
    style.spacing.button_padding = vec2(10.0, HALF);
    style.spacing.interact_size = Vec2::new(UNIT * 4.0, ROW);
    style.spacing.combo_width = 120.0;
    style.spacing.scroll = scroll();
    style.spacing.tooltip_width = 480.0;
    style.visuals = visuals(dark, &tokens);
    // An idle window draws nothing: a blinking caret alone costs 7 % of a core on a software renderer.
    style.visuals.text_cursor.blink = false;
    style.animation_time = 0.0;
    Arc::new(style)
}

/// Scroll bars that are always there, and never loud.
fn scroll() -> ScrollStyle {
    let mut scroll = ScrollStyle::thin();
    scroll.foreground_color = true;
    scroll.bar_width = UNIT;
    scroll.floating_width = 6.0;
    scroll.floating_allocated_width = UNIT;
    scroll.dormant_background_opacity = 0.0;
    scroll.active_background_opacity = 0.0;
    scroll.interact_background_opacity = 0.05;
    scroll.dormant_handle_opacity = 0.22;
    scroll.active_handle_opacity = 0.3;
    scroll.interact_handle_opacity = 0.55;
    scroll
}

fn visuals(dark: bool, tokens: &Tokens) -> Visuals {
    let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
    let radius = CornerRadius::same(4);
    visuals.panel_fill = tokens.panel;
    visuals.window_fill = tokens.surface;
    visuals.window_stroke = Stroke::new(1.0, tokens.line);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.window_shadow = Shadow { offset: [0, 8], blur: 24, spread: 0, color: Color32::from_black_alpha(60) };
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 12, spread: 0, color: Color32::from_black_alpha(50) };
    visuals.extreme_bg_color = tokens.field;
    visuals.faint_bg_color = tokens.stripe;
    visuals.code_bg_color = tokens.raised;
    visuals.hyperlink_color = tokens.accent;
    visuals.warn_fg_color = tokens.care;
    visuals.error_fg_color = tokens.bad;
    visuals.weak_text_color = Some(tokens.muted);
    visuals.selection.bg_fill = tokens.selected;
    visuals.selection.stroke = Stroke::new(1.5, tokens.accent);
    visuals.text_cursor.stroke = Stroke::new(1.5, tokens.accent);
    visuals.striped = false;
    visuals.indent_has_left_vline = false;
    visuals.collapsing_header_frame = false;
    let states = [
        (&mut visuals.widgets.noninteractive, tokens.surface, tokens.line, tokens.text),
        (&mut visuals.widgets.inactive, tokens.surface, tokens.border, tokens.text),
        (&mut visuals.widgets.hovered, tokens.hover, tokens.accent, tokens.text),
        (&mut visuals.widgets.active, tokens.selected, tokens.accent, tokens.text),
        (&mut visuals.widgets.open, tokens.hover, tokens.border, tokens.text),
    ];
    for (widget, fill, border, text) in states {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, border);
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    visuals
}

/// The inner margin of a page.
#[must_use]
pub fn page_margin() -> Margin {
    Margin::symmetric(16, 12)
}

/// The inner margin of a text field.
#[must_use]
pub fn field_margin() -> Margin {
    Margin::symmetric(8, 4)
}
