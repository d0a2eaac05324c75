//! The map of change beside a difference: where in the whole something was removed, added or changed, and what of it is in view.

use eframe::egui::{Color32, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit::Role, pos2};

use crate::ui::tokens::Tokens;
use crate::ui::widget::diff::{Diff, RowKind};

/// The width of the map.
pub const WIDTH: f32 = 14.0;
/// How many places the map tells apart; more than a screen has pixels.
const BUCKETS: usize = 1_024;

/// What a place of the map holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    removed: bool,
    added: bool,
    found: bool,
}

/// The map of one difference, made once.
pub struct Minimap {
    places: Vec<Place>,
    rows: usize,
}

impl Minimap {
    /// Makes it; `found` are the rows that hold what is searched for.
    #[must_use]
    pub fn of(diff: &Diff, found: &[usize]) -> Self {
        let rows = diff.rows.len();
        let buckets = rows.clamp(1, BUCKETS);
        let mut places = vec![Place::default(); buckets];
        let at = |row: usize| row * buckets / rows.max(1);
        for (row, content) in diff.rows.iter().enumerate() {
            let place = &mut places[at(row)];
            match content.kind {
                RowKind::Same => {}
                RowKind::Removed => place.removed = true,
                RowKind::Added => place.added = true,
                RowKind::Changed => (place.removed, place.added) = (true, true),
            }
        }
        for row in found {
            places[at(*row)].found = true;
        }
        Self { places, rows }
    }

    /// Draws it; `view` is the part of the rows in view. Gives the row that was clicked.
    pub fn ui(&self, ui: &mut Ui, rect: Rect, view: std::ops::Range<usize>) -> Option<usize> {
        let tokens = Tokens::of(ui);
        let response = ui.interact(rect, ui.scope_id().with("minimap"), Sense::click_and_drag());
        let painter = ui.painter();
        painter.rect_filled(rect, 0.0, tokens.raised);
        let count = self.places.len();
        #[expect(clippy::cast_precision_loss, reason = "at most 1,024 places")]
        let top = |place: usize| rect.top() + rect.height() * place as f32 / count as f32;
        let mark = |place: usize, left: f32, right: f32, color: Color32| {
            let height = (top(place + 1) - top(place)).max(2.0);
            let from = pos2(rect.left() + left, top(place));
            painter.rect_filled(Rect::from_min_max(from, pos2(rect.left() + right, from.y + height)), 0.0, color);
        };
        for (at, place) in self.places.iter().enumerate().filter(|(_, place)| **place != Place::default()) {
            if place.removed {
                mark(at, 1.0, 6.0, tokens.bad);
            }
            if place.added {
                mark(at, 7.0, 12.0, tokens.good);
            }
            if place.found {
                mark(at, 12.0, WIDTH, tokens.accent);
            }
        }
        let place_of = |row: usize| row * count / self.rows.max(1);
        let shown = Rect::from_min_max(
            pos2(rect.left(), top(place_of(view.start))),
            pos2(rect.right(), top(place_of(view.end)).max(top(place_of(view.start)) + 4.0)),
        );
        painter.rect_stroke(shown, 0.0, Stroke::new(1.0, tokens.muted), StrokeKind::Inside);
        response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, "Map of change"));
        let clicked = response.interact_pointer_pos()?;
        let part = ((clicked.y - rect.top()) / rect.height().max(1.0)).clamp(0.0, 1.0);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of a count, between 0 and the count"
        )]
        let row = (part * self.rows as f32) as usize;
        Some(row.min(self.rows.saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::Minimap;
    use crate::ui::widget::diff::{DiffJob, Ignoring};

    #[test]
    fn every_change_is_on_the_map_however_long_the_text() {
        let old: String = (0..50_000).map(|n| format!("line {n}\n")).collect();
        let new = old.replace("line 40000\n", "LINE 40000\n").replace("line 12\n", "");
        let job = DiffJob { old: old.into(), new: new.into(), ignoring: Ignoring::Nothing, finds_moved: false };
        let map = Minimap::of(&job.compute(), &[49_999]);
        let marked: Vec<usize> = (0..map.places.len()).filter(|at| map.places[*at].removed).collect();
        assert_eq!(marked, [0, 819]);
        assert!(map.places[1_023].found && map.places[819].added && !map.places[0].added);
    }
}
