//! Draws the parts of a finding's page: a person's words as they will stand in it.

use eframe::egui::text::{LayoutJob, TextFormat};
use eframe::egui::{FontFamily, FontId, Frame, Label, Margin, Stroke, Ui};

use super::escape::visible;
use super::text;
use crate::finding::{Block, Item, Span, Style};
use crate::ui::tokens::{self, Tokens, UNIT};

/// Draws the parts, one below the other.
pub fn draw(ui: &mut Ui, blocks: &[Block]) {
    for block in blocks {
        match block {
            Block::Heading(1, words) => drop(text::heading(ui, words)),
            Block::Heading(_, words) => drop(text::strong(ui, words)),
            Block::Line(spans) => line(ui, spans),
            Block::Facts(facts) => {
                for (name, value) in facts {
                    text::fact(ui, name, 120.0, |ui| line(ui, std::slice::from_ref(value)));
                }
            }
            Block::Table { head, rows } => {
                // Only a person's words are drawn here, and they hold no table; a page's own is told row by row.
                text::label(ui, &head.join(" · "));
                for row in rows {
                    let words: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
                    text::body(ui, &words.join(" · "));
                }
            }
            Block::Code(code) => {
                let tokens = Tokens::of(ui);
                Frame::new()
                    .fill(tokens.hover)
                    .inner_margin(Margin::same(6))
                    .show(ui, |ui| text::mono_wrapped(ui, code));
            }
            Block::Items(items) => items.iter().for_each(|it| item(ui, it)),
            Block::Quoted(blocks) => {
                let tokens = Tokens::of(ui);
                let inner = Frame::new().inner_margin(Margin { left: 12, right: 4, top: 2, bottom: 2 });
                let shown = inner.show(ui, |ui| draw(ui, blocks)).response.rect;
                ui.painter().vline(shown.left() + 2.0, shown.y_range(), Stroke::new(2.0, tokens.line));
            }
        }
    }
}

fn item(ui: &mut Ui, Item { depth, number, spans }: &Item) {
    ui.horizontal_top(|ui| {
        ui.add_space(UNIT * 2.0 * f32::from(*depth));
        let marker = number.map_or_else(|| "•".to_owned(), |number| format!("{number}."));
        text::muted(ui, &marker);
        line(ui, spans);
    });
}

fn line(ui: &mut Ui, spans: &[Span]) {
    let tokens = Tokens::of(ui);
    let mut job = LayoutJob::default();
    for Span { text, style } in spans {
        let body = |color| TextFormat { font_id: FontId::proportional(tokens::BODY), color, ..TextFormat::default() };
        let format = match style {
            Style::Plain => body(tokens.text),
            Style::Slanted => TextFormat { italics: true, ..body(tokens.text) },
            Style::Strong => TextFormat { font_id: FontId::new(tokens::BODY, tokens::semibold()), ..body(tokens.text) },
            Style::Mono => {
                TextFormat { font_id: FontId::new(tokens::BODY - 1.0, FontFamily::Monospace), ..body(tokens.text) }
            }
            Style::Quiet => body(tokens.muted),
            Style::Good => body(tokens.good),
            Style::Care => body(tokens.care),
            Style::Bad => body(tokens.bad),
        };
        job.append(&visible(text), 0.0, format);
    }
    ui.add(Label::new(job).wrap());
}
