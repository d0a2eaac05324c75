//! Effects seen: what a rehearsal or a run did by the server's own books, the undeclared first.

use eframe::egui::{Align, Layout, Ui, vec2};
use egui_extras::{Column, TableBuilder};

use crate::run::{Standing, Trace};
use crate::ui::tokens::{ROW, Tokens, UNIT};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// Everything the effects of a trace show, made once.
pub struct Effects {
    rows: Vec<Row>,
    undeclared: usize,
    stays: usize,
    lock: Option<String>,
}

struct Row {
    step: String,
    object: String,
    what: String,
    standing: Standing,
    stays: bool,
}

impl Effects {
    /// Makes it.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for stage in &trace.stages {
            rows.extend(stage.worst_first().into_iter().map(|effect| Row {
                step: stage.step.to_string(),
                object: effect.object.to_string(),
                what: effect.words(),
                standing: effect.standing,
                stays: effect.what.survives_rollback(),
            }));
        }
        // Stages stay in order, but nothing undeclared may stand below the fold.
        rows.sort_by_key(|row| row.standing != Standing::Undeclared);
        let undeclared = rows.iter().filter(|row| row.standing == Standing::Undeclared).count();
        let stays = rows.iter().filter(|row| row.stays).count();
        let lock = trace.strongest_lock().map(|lock| format!("Strongest lock: {} on {}", lock.mode, lock.relation));
        Self { rows, undeclared, stays, lock }
    }

    /// Sums them up in a line or two, with the strongest lock.
    pub fn summary(&self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        let effects = text::count(self.rows.len(), "effect");
        if self.undeclared > 0 {
            let words = format!("{} of {effects} seen undeclared", self.undeclared);
            mark::word(ui, Mark::Cross, tokens.bad, &words);
        } else if !self.rows.is_empty() {
            mark::plain(ui, Mark::Tick, tokens.good, &format!("{effects} seen, each named or declared"));
        }
        if self.stays > 0 {
            let words = format!("{} that ROLLBACK does not put back", text::count(self.stays, "effect"));
            mark::word(ui, Mark::Care, tokens.care, &words);
        }
        if let Some(lock) = &self.lock {
            text::muted(ui, lock);
        }
    }

    /// Draws one row an effect.
    pub fn table(&self, ui: &mut Ui) {
        if self.rows.is_empty() {
            text::muted(ui, "No effect was seen: no row written, nothing created, changed or dropped.");
            return;
        }
        ui.spacing_mut().item_spacing = vec2(UNIT, 0.0);
        let what = (ui.available_width() * 0.38).max(120.0);
        TableBuilder::new(ui)
            // Without it a table is 200 points high at least, and is drawn over what is below.
            .min_scrolled_height(0.0)
            .id_salt("effects")
            .auto_shrink(false)
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(Column::exact(112.0))
            .column(Column::remainder().at_least(120.0).clip(true))
            .column(Column::initial(what).clip(true).resizable(true))
            .column(Column::exact(64.0).clip(true))
            .header(ROW, |mut header| {
                for head in ["standing", "object", "what happened", "step"] {
                    header.col(|ui| {
                        text::label(ui, head);
                    });
                }
            })
            .body(|body| {
                body.rows(ROW, self.rows.len(), |mut line| {
                    let row = &self.rows[line.index()];
                    let cells: [&dyn Fn(&mut Ui); 4] = [
                        &|ui| standing(ui, row.standing),
                        &|ui| {
                            text::mono(ui, &row.object);
                        },
                        &|ui| {
                            if row.stays {
                                mark::bare(ui, Mark::Care, Tokens::of(ui).care);
                            }
                            text::line(ui, &row.what);
                        },
                        &|ui| {
                            text::muted_line(ui, &row.step);
                        },
                    ];
                    for cell in cells {
                        line.col(|ui| {
                            if row.standing == Standing::Undeclared {
                                let rect = ui.max_rect().expand2(vec2(UNIT / 2.0, 0.0));
                                ui.painter().rect_filled(rect, 0.0, Tokens::of(ui).bad_faint);
                            }
                            cell(ui);
                        });
                    }
                });
            });
    }
}

fn standing(ui: &mut Ui, standing: Standing) {
    let tokens = Tokens::of(ui);
    let (mark, color) = match standing {
        Standing::Named => (Mark::Tick, tokens.good),
        Standing::Declared => (Mark::Grown, tokens.grown),
        Standing::Undeclared => (Mark::Cross, tokens.bad),
    };
    mark::small(ui, mark, color, standing.word());
}
