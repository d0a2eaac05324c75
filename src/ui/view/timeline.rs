//! The time line: a bar a statement with rows expected and actual, duration, the strongest lock and notices.

use eframe::egui::{
    CornerRadius, Rect, RichText, ScrollArea, Sense, TextStyle, TextWrapMode, Ui, Vec2, WidgetInfo, WidgetText,
    accesskit::Role, pos2, vec2,
};

use super::script::rows_words;
use crate::plan::Plan;
use crate::run::{HeldLock, StatementTrace, Trace};
use crate::ui::tokens::{self, Tokens, UNIT};
use crate::ui::widget::escape::{one_line, visible};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// The height of a statement's row.
const HEIGHT: f32 = 44.0;

/// Lock modes from the weakest to the strongest, as the server orders them.
const MODES: [&str; 8] = [
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
];

/// Returns the strongest of some locks.
#[must_use]
pub fn strongest(locks: &[HeldLock]) -> Option<&HeldLock> {
    locks.iter().max_by_key(|lock| MODES.iter().position(|mode| *mode == lock.mode))
}

/// Draws the time line.
pub fn ui(ui: &mut Ui, plan: &Plan, trace: &Trace) {
    if trace.statements.is_empty() {
        text::muted(ui, "No statement was sent.");
        return;
    }
    let total: u32 = trace.statements.iter().map(|traced| traced.duration_millis.max(1)).sum();
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("timeline").auto_shrink(false).show_rows(
        ui,
        HEIGHT,
        trace.statements.len(),
        |ui, range| {
            let mut before: u32 =
                trace.statements[..range.start].iter().map(|traced| traced.duration_millis.max(1)).sum();
            for traced in &trace.statements[range] {
                statement(ui, plan, traced, before, total);
                before += traced.duration_millis.max(1);
            }
        },
    );
}

fn statement(ui: &mut Ui, plan: &Plan, traced: &StatementTrace, before: u32, total: u32) {
    let tokens = Tokens::of(ui);
    let planned = plan
        .stages
        .iter()
        .find(|stage| stage.step == traced.step)
        .and_then(|stage| stage.statements.iter().find(|planned| planned.ordinal == traced.ordinal));
    let sql = planned
        .map_or_else(|| traced.tag.clone(), |planned| planned.sql.split_whitespace().collect::<Vec<_>>().join(" "));
    let expected = rows_words(planned.and_then(|planned| planned.rows.as_ref()));
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), HEIGHT), Sense::hover());
    let well = traced.surprise.is_none();
    let color = if well { tokens.accent } else { tokens.bad };
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let small = eframe::egui::FontId::proportional(tokens::SMALL);
    let mono = eframe::egui::FontId::monospace(tokens::SMALL);
    let top = rect.top() + 13.0;
    let name_width = 92.0;
    mark::paint(
        &painter,
        mark::square_at(rect.left(), top),
        if well { Mark::Tick } else { Mark::Cross },
        if well { tokens.good } else { tokens.bad },
    );
    let name = format!("{} {}", traced.step, traced.ordinal);
    let at = |x: f32, y: f32, words: &str, font: &eframe::egui::FontId, color, right: f32| {
        let galley = painter.layout_no_wrap(words.to_owned(), font.clone(), color);
        let clip = Rect::from_min_max(pos2(x, rect.top()), pos2(right, rect.bottom()));
        painter.with_clip_rect(clip.intersect(painter.clip_rect())).galley(
            pos2(x, y - galley.size().y / 2.0),
            galley,
            color,
        );
    };
    let strong = eframe::egui::FontId::new(tokens::BODY, tokens::semibold());
    at(rect.left() + 18.0, top, &visible(&name), &strong, tokens.text, rect.left() + name_width);
    let right = rect.right() - 4.0;
    let rows = match &traced.rows {
        Some(rows) => format!("{rows} affected, expected {expected}"),
        None => "no rows to count".to_owned(),
    };
    let figures = format!("{rows}  ·  {}", text::millis(traced.duration_millis));
    let galley =
        painter.layout_no_wrap(one_line(&figures, 90), small.clone(), if well { tokens.muted } else { tokens.bad });
    let figures_left = right - galley.size().x;
    painter.galley(pos2(figures_left, top - galley.size().y / 2.0), galley, tokens.muted);
    at(rect.left() + name_width, top, &one_line(&sql, 160), &mono, tokens.text, figures_left - UNIT);
    let lane = Rect::from_min_max(
        pos2(rect.left() + name_width, rect.top() + 25.0),
        pos2(rect.left() + rect.width() * 0.45, rect.top() + 33.0),
    );
    painter.rect_filled(lane, CornerRadius::same(2), tokens.raised);
    // In ten-thousandths, so that no precision is lost on the way to points.
    let part = |millis: u32| u16::try_from(u64::from(millis) * 10_000 / u64::from(total.max(1))).unwrap_or(10_000);
    let share = |millis: u32| lane.width() * f32::from(part(millis)) / 10_000.0;
    let width = share(traced.duration_millis.max(1)).max(3.0);
    let left = (lane.left() + share(before)).min(lane.right() - width);
    let bar = Rect::from_min_size(pos2(left, lane.top()), vec2(width, lane.height()));
    painter.rect_filled(bar, CornerRadius::same(2), color);
    let mut beside = Vec::new();
    if let Some(lock) = strongest(&traced.locks) {
        beside.push(format!("{} on {}", lock.mode, lock.relation.name));
    }
    beside.extend(traced.notices.iter().map(|notice| format!("{} {}", notice.severity, notice.message)));
    let beside = traced.surprise.clone().unwrap_or_else(|| beside.join("  ·  "));
    let left = lane.right() + UNIT * 1.5;
    let words: WidgetText = RichText::new(one_line(&beside, 200)).small().into();
    let galley = words.into_galley(ui, Some(TextWrapMode::Truncate), right - left, TextStyle::Small);
    painter.galley(
        pos2(left, lane.center().y - galley.size().y / 2.0),
        galley,
        if well { tokens.muted } else { tokens.bad },
    );
    painter.hline(rect.x_range(), rect.bottom() - 0.5, eframe::egui::Stroke::new(1.0, tokens.line));
    let spoken = format!("{name}: {rows}, {}. {beside}", text::millis(traced.duration_millis));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    response.on_hover_ui(|ui| {
        ui.label(eframe::egui::RichText::new(visible(&sql)).text_style(tokens::mono_small()));
        for lock in &traced.locks {
            ui.label(format!("{} on {}", lock.mode, lock.relation));
        }
        for notice in &traced.notices {
            ui.label(visible(&format!("{} {}: {}", notice.severity, notice.code, notice.message)).as_ref());
        }
    });
}
