//! The time line: a bar a statement with rows expected and actual, duration, the strongest lock, notices and who waits.

use std::collections::BTreeMap;

use eframe::egui::{
    Color32, CornerRadius, FontId, Painter, Rect, RichText, ScrollArea, Sense, Stroke, TextStyle, TextWrapMode, Ui,
    Vec2, WidgetInfo, WidgetText, accesskit::Role, pos2, vec2,
};

use crate::plan::{Plan, PlannedStatement};
use crate::run::{StatementTrace, Trace, named, strongest_first};
use crate::runbook::{RowsExpected, StepId};
use crate::ui::tokens::{self, HALF, Tokens, UNIT};
use crate::ui::widget::escape::{one_line, visible};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// How many sessions that are in the way are named; the rest is counted.
const HOLDERS_SHOWN: usize = 3;
/// The height of a statement's row.
const HEIGHT: f32 = 44.0;

/// Everything a time line shows, made once for a trace.
pub struct Timeline {
    lines: Vec<Line>,
    /// The time all statements took; never 0.
    total: u32,
    /// Whom the stages would wait for when they began.
    holders: Vec<String>,
}

/// One statement.
struct Line {
    well: bool,
    name: String,
    /// On one line.
    sql: String,
    figures: String,
    /// The strongest lock and the notices, or why it was not as planned.
    beside: String,
    /// Who waited for it, in a few words.
    waits: Option<String>,
    /// How long the statements before it took.
    before: u32,
    millis: u32,
    spoken: String,
    /// What is told when it is pointed at: the statement, then a line each.
    whole: String,
    more: Vec<String>,
}

impl Timeline {
    /// Makes it.
    #[must_use]
    pub fn of(plan: &Plan, trace: &Trace) -> Self {
        let planned: BTreeMap<(&StepId, u32), &PlannedStatement> = plan
            .stages
            .iter()
            .flat_map(|stage| stage.statements.iter().map(|planned| ((&stage.step, planned.ordinal), planned)))
            .collect();
        let mut before = 0;
        let line = |traced: &StatementTrace| {
            let line = Line::of(traced, planned.get(&(&traced.step, traced.ordinal)).copied(), before);
            before += line.millis;
            line
        };
        let lines: Vec<Line> = trace.statements.iter().map(line).collect();
        let holders = trace
            .stages
            .iter()
            .flat_map(|stage| stage.holders.iter().map(|who| format!("{}: {}", stage.step, who.words())))
            .collect();
        Self { lines, total: before.max(1), holders }
    }

    /// Draws it: whom it would wait for, then a bar a statement.
    pub fn ui(&self, ui: &mut Ui) {
        self.holders(ui);
        if self.lines.is_empty() {
            text::muted(ui, "No statement was sent.");
            return;
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().id_salt("timeline").auto_shrink(false).show_rows(
            ui,
            HEIGHT,
            self.lines.len(),
            |ui, range| {
                for line in &self.lines[range] {
                    line.ui(ui, self.total);
                }
            },
        );
    }

    fn holders(&self, ui: &mut Ui) {
        if self.holders.is_empty() {
            return;
        }
        let tokens = Tokens::of(ui);
        text::callout(ui, tokens.care_faint, tokens.care, |ui| {
            let count = text::count(self.holders.len(), "session");
            mark::word(ui, Mark::Care, tokens.care, &format!("{count} held a lock it would wait for, when it began"));
            for words in self.holders.iter().take(HOLDERS_SHOWN) {
                text::muted(ui, words);
            }
            if self.holders.len() > HOLDERS_SHOWN {
                text::muted(ui, &format!("and {} more", self.holders.len() - HOLDERS_SHOWN));
            }
        });
        ui.add_space(UNIT);
    }
}

impl Line {
    fn of(traced: &StatementTrace, planned: Option<&PlannedStatement>, before: u32) -> Self {
        let sql = planned
            .map_or_else(|| traced.tag.clone(), |planned| planned.sql.split_whitespace().collect::<Vec<_>>().join(" "));
        let name = format!("{} {}", traced.step, traced.ordinal);
        let expected = RowsExpected::in_words(planned.and_then(|planned| planned.rows.as_ref()));
        let rows = match &traced.rows {
            Some(rows) => format!("{rows} affected, expected {expected}"),
            None => "no rows to count".to_owned(),
        };
        let time = text::millis(traced.duration_millis);
        let mut beside = Vec::new();
        if let Some(surprise) = &traced.surprise {
            beside.push(format!("{surprise}{}", named("; in the way: ", &traced.blockers)));
        } else {
            beside.extend(traced.strongest_lock().map(|lock| format!("{} on {}", lock.mode, lock.relation.name)));
            beside.extend(traced.notices.iter().map(|notice| format!("{} {}", notice.severity, notice.message)));
        }
        let beside = beside.join("  ·  ");
        let waits = match traced.waiting.len() {
            0 => None,
            1 => Some("1 session waits".to_owned()),
            count => Some(format!("{count} sessions wait")),
        };
        let locks =
            strongest_first(&traced.locks).into_iter().map(|lock| format!("{} on {}", lock.mode, lock.relation));
        let notices =
            traced.notices.iter().map(|notice| format!("{} {}: {}", notice.severity, notice.code, notice.message));
        let blockers = traced.blockers.iter().map(|who| format!("waited for {}", who.words()));
        let waiting = traced.waiting.iter().map(|who| format!("waits for it: {}", who.words()));
        let more = locks.chain(notices).chain(blockers).chain(waiting);
        let spoken_waits = waits.as_ref().map_or_else(String::new, |waits| format!(". {waits}"));
        Self {
            well: traced.surprise.is_none(),
            spoken: format!("{name}: {rows}, {time}. {beside}{spoken_waits}"),
            name: visible(&name).into_owned(),
            figures: one_line(&format!("{rows}  ·  {time}"), 90),
            whole: visible(&sql).into_owned(),
            sql: one_line(&sql, 160),
            beside: one_line(&beside, 200),
            waits,
            before,
            millis: traced.duration_millis.max(1),
            more: more.map(|line| visible(&line).into_owned()).collect(),
        }
    }

    fn ui(&self, ui: &mut Ui, total: u32) {
        let tokens = Tokens::of(ui);
        let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), HEIGHT), Sense::hover());
        let color = if self.well { tokens.accent } else { tokens.bad };
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        let small = FontId::proportional(tokens::SMALL);
        let mono = FontId::monospace(tokens::SMALL);
        let (top, bottom) = (rect.top() + 13.0, rect.top() + 29.0);
        let name_width = 92.0;
        mark::paint(
            &painter,
            mark::square_at(rect.left(), top),
            if self.well { Mark::Tick } else { Mark::Cross },
            if self.well { tokens.good } else { tokens.bad },
        );
        // What has no room ends in an ellipsis; the whole is shown where the pointer rests.
        let at = |x: f32, words: &str, font: &FontId, right: f32| {
            let words: WidgetText = RichText::new(words).font(font.clone()).into();
            let galley = words.into_galley(ui, Some(TextWrapMode::Truncate), (right - x).max(0.0), TextStyle::Body);
            painter.galley(pos2(x, top - galley.size().y / 2.0), galley, tokens.text);
        };
        // Words that end at the right edge; gives where they begin.
        let right = rect.right() - 4.0;
        let from_right = |words: &str, y: f32, color| {
            let galley = painter.layout_no_wrap(words.to_owned(), small.clone(), color);
            let left = right - galley.size().x;
            painter.galley(pos2(left, y - galley.size().y / 2.0), galley, color);
            left
        };
        let strong = FontId::new(tokens::BODY, tokens::semibold());
        at(rect.left() + 18.0, &self.name, &strong, rect.left() + name_width);
        let figures_left = from_right(&self.figures, top, if self.well { tokens.muted } else { tokens.bad });
        at(rect.left() + name_width, &self.sql, &mono, figures_left - UNIT);
        let lane = Rect::from_min_max(
            pos2(rect.left() + name_width, bottom - 4.0),
            pos2(rect.left() + rect.width() * 0.45, bottom + 4.0),
        );
        self.bar(&painter, lane, total, color, tokens.raised);
        let mut beside_right = right;
        if let Some(waits) = &self.waits {
            let left = from_right(waits, bottom, tokens.care) - mark::SIZE - HALF;
            mark::paint(&painter, mark::square_at(left, bottom), Mark::Care, tokens.care);
            beside_right = left - UNIT;
        }
        let left = lane.right() + UNIT * 1.5;
        let words: WidgetText = RichText::new(&self.beside).small().into();
        let galley =
            words.into_galley(ui, Some(TextWrapMode::Truncate), (beside_right - left).max(0.0), TextStyle::Small);
        painter.galley(
            pos2(left, bottom - galley.size().y / 2.0),
            galley,
            if self.well { tokens.muted } else { tokens.bad },
        );
        painter.hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &self.spoken));
        response.on_hover_ui(|ui| {
            ui.label(RichText::new(&self.whole).text_style(tokens::mono_small()));
            for line in &self.more {
                ui.label(line);
            }
        });
    }

    /// The statement's share of the whole time, where it was.
    fn bar(&self, painter: &Painter, lane: Rect, total: u32, color: Color32, behind: Color32) {
        painter.rect_filled(lane, CornerRadius::same(2), behind);
        // In ten-thousandths, so that no precision is lost on the way to points.
        let part = |millis: u32| u16::try_from(u64::from(millis) * 10_000 / u64::from(total)).unwrap_or(10_000);
        let share = |millis: u32| lane.width() * f32::from(part(millis)) / 10_000.0;
        let width = share(self.millis).max(3.0);
        let left = (lane.left() + share(self.before)).min(lane.right() - width);
        let bar = Rect::from_min_size(pos2(left, lane.top()), vec2(width, lane.height()));
        painter.rect_filled(bar, CornerRadius::same(2), color);
    }
}
