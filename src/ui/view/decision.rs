//! The decision tree of 97.1 for the selected step: the path that was taken is lit, with the fact behind every turn
//! (D-12).

use eframe::egui::{
    CornerRadius, FontId, Rect, Sense, Shape, Stroke, StrokeKind, TextStyle, TextWrapMode, Ui, Vec2, WidgetInfo,
    WidgetText, accesskit::Role, pos2,
};

use super::Scene;
use crate::diagnose::{Mode, Turn};
use crate::ui::tokens::{self, Tokens, UNIT};
use crate::ui::widget::escape::visible;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// The room between turns and leaves, for the branches.
const BRANCH: f32 = 56.0;
/// The height of a leaf.
const LEAF: f32 = 44.0;

const LEAVES: [(Mode, &str, &str); 5] = [
    (Mode::NotApplied, "Not applied", "Nothing to reverse"),
    (Mode::InTransaction, "97.2 Rollback in the transaction", "Its owner sends ROLLBACK"),
    (Mode::Isolated, "97.3 Reversal of one step", "Nothing depends on it"),
    (Mode::Ordered, "97.4 Ordered reversal", "What depends on it goes first"),
    (Mode::Stop, "97.10 Disaster stop", "Unknown, tripped or wrong"),
];

/// The questions of the tree, shown while no database has been looked at.
const QUESTIONS: [&str; 4] = [
    "Can everything be read, and is every stop condition clear?",
    "Is the step still open in another transaction?",
    "Has the step been applied?",
    "Does something depend on it?",
];

/// Draws the tree.
pub fn ui(ui: &mut Ui, scene: &mut Scene<'_>) {
    let Some(step) = scene.shown.selected() else { return };
    text::label(ui, &format!("Decision tree of 97.1 · {}", step.id));
    let unlit: Vec<Turn> = QUESTIONS
        .iter()
        .map(|question| Turn {
            question: (*question).to_owned(),
            answer: "?".to_owned(),
            fact: "not looked at yet".to_owned(),
        })
        .collect();
    let diagnosis = scene.shown.diagnosis(&step.id);
    let (turns, mode) = match diagnosis {
        Some(diagnosis) => (diagnosis.path.as_slice(), Some(diagnosis.mode)),
        None => (unlit.as_slice(), None),
    };
    tree(ui, turns, mode);
    if let Some(diagnosis) = diagnosis
        && !diagnosis.first.is_empty()
    {
        ui.add_space(UNIT);
        text::label(ui, "What goes first");
        for dependant in &diagnosis.first {
            let owner = dependant.step.as_ref().map_or_else(|| "no declared step".to_owned(), |step| step.0.clone());
            text::body(ui, &format!("{owner}: {} depends on {} by {}", dependant.name, dependant.on, dependant.by));
        }
    }
}

fn tree(ui: &mut Ui, turns: &[Turn], mode: Option<Mode>) {
    let tokens = Tokens::of(ui);
    let width = ui.available_width();
    let leaf_width = (width * 0.36).clamp(180.0, 280.0);
    let turn_width = (width - leaf_width - BRANCH).max(160.0);
    let lit = mode.map_or(tokens.border, |_| tokens.accent);
    let origin = ui.cursor().min;
    let mut y = origin.y;
    let mut last = None;
    for turn in turns {
        let rect = turn_box(ui, pos2(origin.x, y), turn_width, turn, mode.is_some());
        if last.is_some() {
            let x = rect.left() + 20.0;
            ui.painter().line_segment([pos2(x, y - UNIT), pos2(x, y)], Stroke::new(2.0, lit));
        }
        y = rect.bottom() + UNIT;
        last = Some(rect);
    }
    let leaves_left = origin.x + turn_width + BRANCH;
    let spine = origin.x + turn_width + BRANCH / 2.0;
    let mut leaf_y = origin.y;
    let from = last.map_or(origin.y, |rect| rect.center().y);
    let mut middles = Vec::new();
    for (leaf, title, words) in LEAVES {
        let rect = Rect::from_min_size(pos2(leaves_left, leaf_y), Vec2::new(leaf_width, LEAF));
        leaf_box(ui, rect, leaf, title, words, mode == Some(leaf));
        middles.push((leaf, rect.left_center()));
        leaf_y += LEAF + UNIT * 0.75;
    }
    let thin = Stroke::new(1.0, tokens.line);
    let (top, bottom) = (origin.y + LEAF / 2.0, leaf_y - UNIT * 0.75 - LEAF / 2.0);
    ui.painter().vline(spine, top.min(from)..=bottom.max(from), thin);
    for (leaf, middle) in &middles {
        if Some(*leaf) != mode {
            ui.painter().hline(spine..=middle.x, middle.y, thin);
        }
    }
    let start = pos2(origin.x + turn_width, from);
    if let Some((_, end)) = middles.iter().find(|(leaf, _)| Some(*leaf) == mode) {
        let points = vec![start, pos2(spine, from), pos2(spine, end.y), *end];
        ui.painter().add(Shape::line(points, Stroke::new(2.0, lit)));
    } else {
        ui.painter().line_segment([start, pos2(spine, from)], thin);
    }
    let bottom = y.max(leaf_y);
    ui.allocate_rect(Rect::from_min_max(origin, pos2(origin.x + width, bottom)), Sense::hover());
}

fn turn_box(ui: &mut Ui, at: eframe::egui::Pos2, width: f32, turn: &Turn, lit: bool) -> Rect {
    let tokens = Tokens::of(ui);
    let wrap = |ui: &Ui, words: &str, style: TextStyle, width: f32| {
        let text: WidgetText = eframe::egui::RichText::new(visible(words)).text_style(style).into();
        text.into_galley(ui, Some(TextWrapMode::Wrap), width, TextStyle::Body)
    };
    let answer = ui.painter().layout_no_wrap(
        visible(&turn.answer).into_owned(),
        FontId::new(tokens::BODY, tokens::semibold()),
        tokens.text,
    );
    let room = width - 36.0 - answer.size().x;
    let question = wrap(ui, &turn.question, TextStyle::Body, room);
    let fact = wrap(ui, &turn.fact, TextStyle::Small, width - 24.0);
    let height = 14.0 + question.size().y + 2.0 + fact.size().y;
    let rect = Rect::from_min_size(at, Vec2::new(width, height));
    let edge = if lit { Stroke::new(1.5, tokens.accent) } else { Stroke::new(1.0, tokens.line) };
    let painter = ui.painter();
    painter.rect(rect, CornerRadius::same(4), tokens.raised, edge, StrokeKind::Inside);
    let question_height = question.size().y;
    painter.galley(rect.min + Vec2::new(12.0, 6.0), question, tokens.text);
    painter.galley(pos2(rect.right() - 12.0 - answer.size().x, rect.top() + 6.0), answer, tokens.text);
    painter.galley(rect.min + Vec2::new(12.0, 8.0 + question_height), fact, tokens.muted);
    let response = ui.interact(rect, ui.scope_id().with(("turn", at.y.to_bits())), Sense::hover());
    let name = format!("{} {}: {}", turn.question, turn.answer, turn.fact);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &name));
    rect
}

fn leaf_box(ui: &mut Ui, rect: Rect, mode: Mode, title: &str, words: &str, lit: bool) {
    let tokens = Tokens::of(ui);
    let color = if lit { tokens.mode(mode) } else { tokens.muted };
    let fill = if lit { tokens.selected } else { tokens.surface };
    let edge = if lit { Stroke::new(2.0, color) } else { Stroke::new(1.0, tokens.line) };
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect(rect, CornerRadius::same(4), fill, edge, StrokeKind::Inside);
    mark::paint(&painter, mark::square_at(rect.left() + 10.0, rect.top() + 15.0), Mark::mode(mode), color);
    let family = if lit { tokens::semibold() } else { eframe::egui::FontFamily::Proportional };
    let head = painter.layout_no_wrap(
        title.to_owned(),
        FontId::new(tokens::BODY, family),
        if lit { tokens.text } else { color },
    );
    painter.galley(pos2(rect.left() + 28.0, rect.top() + 15.0 - head.size().y / 2.0), head, color);
    let below = painter.layout_no_wrap(words.to_owned(), FontId::proportional(tokens::SMALL), tokens.muted);
    painter.galley(pos2(rect.left() + 28.0, rect.top() + 31.0 - below.size().y / 2.0), below, tokens.muted);
    let response = ui.interact(rect, ui.scope_id().with(("leaf", title)), Sense::hover());
    let name = if lit { format!("{title}: this branch holds") } else { title.to_owned() };
    response.widget_info(|| WidgetInfo::selected(Role::TreeItem, true, lit, &name));
}
