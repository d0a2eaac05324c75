//! A table against a dump: the last resort, as a part of Compare. A million rows stay fluid, because a row is read when it
//! is drawn.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{Label, Panel, RichText, ScrollArea, Sense, Ui, WidgetInfo, accesskit::Role as AccessRole};
use egui_extras::{Column, TableBuilder};

use super::Scene;
use crate::approval::Role;
use crate::restore::{Contents, DifferenceRow, DumpedRows, LaterRows, RowChange, Scope, is_shortened};
use crate::runbook::{ObjectClass, ObjectName, Runbook, used};
use crate::session::{Command, RestoreChoice, SeenDifference};
use crate::ui::action::{Choose, UiAction};
use crate::ui::state::Known;
use crate::ui::tokens::{self, ROW, Tokens, UNIT};
use crate::ui::widget::escape::{one_line, visible};
use crate::ui::widget::form::PathAsk;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::signer::SignerForm;
use crate::ui::widget::{form, text};

/// How many letters of a value a cell holds.
const CELL_LETTERS: usize = 96;

/// The drafts of the comparison with a dump.
pub struct RestorePart {
    dump: String,
    table: Option<ObjectName>,
    scope: Scope,
    later_rows: LaterRows,
    statement: String,
    bindings: Vec<(String, String)>,
    only: Option<RowChange>,
    search: String,
    listed: Listed,
    selected: Option<usize>,
    laid_out: usize,
    staging: bool,
    /// Who asks.
    pub signer: SignerForm,
}

impl Default for RestorePart {
    fn default() -> Self {
        Self {
            dump: String::new(),
            table: None,
            scope: Scope::Key,
            later_rows: LaterRows::Keep,
            statement: String::new(),
            bindings: Vec::new(),
            only: None,
            search: String::new(),
            listed: Listed::default(),
            selected: None,
            laid_out: 0,
            staging: false,
            signer: SignerForm::new("stage-restore"),
        }
    }
}

/// Which rows are listed, made again when what it is made from changes.
#[derive(Default)]
struct Listed {
    of: Option<(Arc<SeenDifference>, Option<RowChange>, String)>,
    rows: Vec<u32>,
}

impl Listed {
    /// Lists the rows of one change; a search was made by the session and is only narrowed here.
    fn make(&mut self, seen: &Arc<SeenDifference>, only: Option<RowChange>, found: Option<&(String, Arc<Vec<u32>>)>) {
        let text = found.map(|(text, _)| text.clone()).unwrap_or_default();
        let same = self
            .of
            .as_ref()
            .is_some_and(|(of, change, said)| Arc::ptr_eq(of, seen) && *change == only && *said == text);
        if same {
            return;
        }
        let is_wanted =
            |at: &u32| only.is_none_or(|only| usize::try_from(*at).is_ok_and(|at| seen.changes.get(at) == Some(&only)));
        self.rows = match found {
            Some((_, rows)) => rows.iter().copied().filter(is_wanted).collect(),
            None => (0..u32::try_from(seen.changes.len()).unwrap_or(u32::MAX)).filter(is_wanted).collect(),
        };
        self.of = Some((Arc::clone(seen), only, text));
    }
}

impl RestorePart {
    /// Takes the path of a dump that a dialog gave.
    pub fn set_dump(&mut self, path: &Path) {
        self.dump = path.display().to_string();
    }

    /// Returns how many rows the last frame laid out.
    #[must_use]
    pub const fn rows_laid_out(&self) -> usize {
        self.laid_out
    }

    /// Draws the part.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        self.laid_out = 0;
        let Some(book) = scene.shown.book().cloned() else {
            text::empty(
                ui,
                "No runbook is open",
                "It declares which tables may be restored, and by which key.",
                |_| {},
            );
            return;
        };
        if let Some(seen) = scene.shown.difference.value().cloned() {
            self.seen(ui, scene, &seen);
            return;
        }
        ScrollArea::vertical().id_salt("restore").auto_shrink(false).show(ui, |ui| {
            self.choose(ui, scene, &book);
            match &scene.shown.difference {
                Known::Asking { .. } => {
                    text::muted(ui, "Loading the dump's rows and comparing…");
                }
                Known::Unreadable { reason, .. } => text::failure(ui, &reason.message, &reason.hint),
                Known::NotAsked | Known::Known(_) => {}
            }
        });
    }

    fn choose(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, book: &Runbook) {
        text::card(ui, |ui| {
            text::heading(ui, "A dump of pg_dump");
            text::muted(
                ui,
                "The last resort: only where a reversal by its key cannot return a shared table to its baseline. Custom, \
                 directory, tar or plain; compressed too.",
            );
            let free = scene.shown.is_free();
            match form::path(ui, "dump-path", "Dump file or folder", &mut self.dump, "Open dump", free) {
                Some(PathAsk::Use) => scene.ask(Command::OpenDump(PathBuf::from(self.dump.trim()))),
                Some(PathAsk::Choose) => scene.actions.push(UiAction::Choose(Choose::Dump)),
                None => {}
            }
            if let Known::Unreadable { reason, .. } = &scene.shown.dump {
                text::failure(ui, &reason.message, &reason.hint);
            }
        });
        let Some((path, contents)) = scene.shown.dump.value().cloned() else { return };
        self.contents(ui, book, &contents);
        let Some(table) = self.table.clone() else { return };
        text::card(ui, |ui| {
            text::heading(ui, &format!("How much of {table}"));
            let scopes = [(Scope::Key, "Rows inside the declared key"), (Scope::Table, "The whole table")];
            form::choice(ui, &mut self.scope, &scopes);
            let later =
                [(LaterRows::Keep, "Later rows stay"), (LaterRows::Delete, "Delete rows that only the table has")];
            form::choice(ui, &mut self.later_rows, &later);
            self.parameters(ui, book, &table);
            form::words(
                ui,
                "restore-statement",
                "Why, where no count of the table is off (signed with the plan)",
                &mut self.statement,
                2,
            );
            ui.add_space(UNIT);
            let can = scene.shown.is_free() && scene.shown.connection.value().is_some();
            if text::deed(ui, can, &format!("Compare {table} with the dump")).clicked() {
                self.selected = None;
                scene.ask(Command::CompareWithDump(Box::new(self.choice(path.clone(), table.clone()))));
            }
            if scene.shown.connection.value().is_none() {
                text::muted(ui, "Waits for a connection.");
            }
        });
    }

    fn choice(&self, dump: PathBuf, table: ObjectName) -> RestoreChoice {
        RestoreChoice {
            dump,
            table,
            scope: self.scope,
            later_rows: self.later_rows,
            statement: Some(self.statement.trim().to_owned()).filter(|statement| !statement.is_empty()),
            bindings: self.bindings.iter().filter(|(_, value)| !value.is_empty()).cloned().collect(),
        }
    }

    fn parameters(&mut self, ui: &mut Ui, book: &Runbook, table: &ObjectName) {
        let key = match book.object(table).map(|object| &object.class) {
            Some(ObjectClass::Shared { key } | ObjectClass::RetireOnly { key }) => key.clone(),
            Some(ObjectClass::Greenfield | ObjectClass::Protected | ObjectClass::Growing) | None => String::new(),
        };
        text::fact(ui, "Declared key", 96.0, |ui| {
            text::mono_wrapped(ui, &key);
        });
        if self.scope != Scope::Key {
            return;
        }
        for (name, _) in used(&key) {
            if !self.bindings.iter().any(|(known, _)| *known == name) {
                self.bindings.push((name.clone(), String::new()));
            }
            if let Some((_, value)) = self.bindings.iter_mut().find(|(known, _)| *known == name) {
                form::field(ui, ("restore-binding", &name), &name, value, "");
            }
        }
    }

    fn contents(&mut self, ui: &mut Ui, book: &Runbook, contents: &Contents) {
        text::card(ui, |ui| {
            text::heading(ui, &format!("{} dump, compression {}", contents.form.word(), contents.compression));
            let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "it does not say".to_owned());
            let facts = [
                ("Server", said(&contents.server_version)),
                ("pg_dump", said(&contents.dump_version)),
                ("Taken at", format!("{} (by the clock where it was taken)", said(&contents.taken_at))),
                ("Encoding", said(&contents.encoding)),
            ];
            for (name, words) in facts {
                text::fact(ui, name, 96.0, |ui| {
                    text::mono(ui, &words);
                });
            }
            text::rule(ui);
            let list = ScrollArea::vertical().id_salt("dump-contents").max_height(220.0);
            list.show_rows(ui, ROW, contents.tables.len(), |ui, range| {
                for table in &contents.tables[range] {
                    let may = match book.object(&table.name).map(|object| &object.class) {
                        Some(ObjectClass::Shared { .. } | ObjectClass::RetireOnly { .. }) => {
                            table.rows == DumpedRows::Copy
                        }
                        Some(ObjectClass::Greenfield | ObjectClass::Protected | ObjectClass::Growing) | None => false,
                    };
                    let size = table.bytes.map_or_else(|| "size unknown".to_owned(), |bytes| format!("{bytes} bytes"));
                    let why = if may { "" } else { " · cannot be chosen" };
                    let words = format!("{} · {size}{why}", visible(&table.name.to_string()));
                    ui.add_enabled_ui(may, |ui| {
                        if ui.selectable_label(self.table.as_ref() == Some(&table.name), words).clicked() {
                            self.table = Some(table.name.clone());
                        }
                    });
                }
            });
        });
    }

    fn seen(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, seen: &Arc<SeenDifference>) {
        let restore = &seen.restore;
        let tokens = Tokens::of(ui);
        ui.horizontal_wrapped(|ui| {
            text::heading(ui, &format!("{} against {}", restore.table, restore.dump.file));
            if ui.button("Choose another table or scope").clicked() {
                self.staging = false;
                scene.actions.push(UiAction::DropDifference);
            }
        });
        let scope = match restore.scope {
            Scope::Key => "rows inside the declared key",
            Scope::Table => "the whole table",
        };
        text::muted(
            ui,
            &format!(
                "{scope} · {} · {} later rows kept · digest {}",
                restore.difference.in_words(),
                restore.kept,
                restore.difference.digest.short()
            ),
        );
        if !matches!(scene.shown.difference, Known::Known(_)) {
            text::muted(ui, "Comparing again; what follows is what was seen before.");
        }
        for evidence in &restore.grounds.evidence {
            mark::word(ui, Mark::Drifted, tokens.bad, evidence);
        }
        if let Some(reason) = &seen.withheld {
            mark::word(ui, Mark::Block, tokens.bad, &format!("No restore is offered: {reason}"));
        }
        for hazard in &seen.hazards {
            mark::word(ui, Mark::Care, tokens.care, hazard);
        }
        self.stage(ui, scene, seen);
        self.bar(ui, scene, seen);
        self.listed.make(seen, self.only, scene.shown.found_rows.as_ref());
        if let Some(at) = self.selected {
            Panel::bottom("difference-row").resizable(true).default_size(180.0).show(ui, |ui| detail(ui, seen, at));
        }
        self.table(ui, seen);
    }

    fn stage(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, seen: &Arc<SeenDifference>) {
        let restore = &seen.restore;
        let sum = &restore.difference;
        if seen.withheld.is_some() || sum.is_empty() {
            return;
        }
        let rows = usize::try_from(sum.changed + sum.only_in_dump + sum.only_live).unwrap_or(usize::MAX);
        let words = format!("Stage the restore of {} in {}", text::count(rows, "row"), restore.table);
        if !self.staging {
            if ui.button(format!("{words}…")).clicked() {
                self.staging = true;
            }
            return;
        }
        text::card(ui, |ui| {
            text::muted(
                ui,
                "Seals exactly this difference, rehearses it, and puts the request into the ledger under your signature.",
            );
            self.signer.ui(ui, scene, Some(Role::Author));
            let can = scene.shown.is_free() && self.signer.is_ready();
            if text::deed(ui, can, &words).clicked()
                && let Some(signer) = self.signer.take(ui)
                && let Some((path, _)) = scene.shown.dump.value()
            {
                let choice = Box::new(self.choice(path.clone(), restore.table.clone()));
                scene.ask(Command::StageRestore { choice, seen: sum.digest, signer });
                self.staging = false;
            }
        });
    }

    fn bar(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, seen: &SeenDifference) {
        let sum = &seen.restore.difference;
        ui.horizontal_wrapped(|ui| {
            let words = [
                (None, format!("All {}", seen.changes.len())),
                (Some(RowChange::Changed), format!("Changed {}", sum.changed)),
                (Some(RowChange::OnlyInDump), format!("Only in dump {}", sum.only_in_dump)),
                (Some(RowChange::OnlyLive), format!("Only live {}", sum.only_live)),
                (Some(RowChange::Kept), format!("Kept {}", seen.restore.kept)),
            ];
            let options: Vec<(Option<RowChange>, &str)> =
                words.iter().map(|(change, words)| (*change, words.as_str())).collect();
            form::choice(ui, &mut self.only, &options);
            let response = form::search(ui, "difference-search", &mut self.search);
            let known = scene.shown.found_rows.as_ref().map(|(text, _)| text.as_str()).unwrap_or_default();
            let wanted = self.search.trim();
            // A million rows are searched by the session, once the person is done typing.
            if response.lost_focus() && wanted != known && scene.shown.is_free() {
                scene.ask(Command::SearchDifference(wanted.to_owned()));
            }
        });
    }

    fn table(&mut self, ui: &mut Ui, seen: &Arc<SeenDifference>) {
        let tokens = Tokens::of(ui);
        if self.listed.rows.is_empty() {
            text::muted(ui, "No row of the difference is listed here.");
            return;
        }
        let columns = TableBuilder::new(ui)
            // Without it a table is 200 points high at least, and is drawn over what is below.
            .min_scrolled_height(0.0)
            .id_salt("difference")
            .striped(false)
            .sense(Sense::click())
            .column(Column::exact(132.0))
            .column(Column::initial(200.0).resizable(true).clip(true))
            .column(Column::initial(300.0).resizable(true).clip(true))
            .column(Column::remainder().clip(true));
        let rows = &self.listed.rows;
        let (mut laid_out, mut clicked) = (0, None);
        let selected = self.selected;
        columns
            .header(ROW, |mut header| {
                for word in ["Row", "Key", "In the dump", "Live"] {
                    header.col(|ui| {
                        text::label(ui, word);
                    });
                }
            })
            .body(|body| {
                body.rows(ROW, rows.len(), |mut line| {
                    laid_out += 1;
                    let at = rows.get(line.index()).map_or(usize::MAX, |at| *at as usize);
                    line.set_selected(selected == Some(at));
                    let Some(row) = read(seen, at) else {
                        line.col(|ui| {
                            text::muted_line(ui, "cannot be read");
                        });
                        return;
                    };
                    let cells = Cells::of(seen, &row);
                    let (shape, color) = look(row.change, &tokens);
                    line.col(|ui| {
                        mark::small(ui, shape, color, row.change.in_words());
                    });
                    for words in [&cells.key, &cells.dump, &cells.live] {
                        line.col(|ui| {
                            let rich = RichText::new(words).text_style(tokens::mono_small());
                            ui.add(Label::new(rich).truncate().selectable(false));
                        });
                    }
                    let response = line.response();
                    let spoken =
                        format!("{}: {}; dump {}; live {}", row.change.in_words(), cells.key, cells.dump, cells.live);
                    response.widget_info(|| WidgetInfo::selected(AccessRole::Row, true, selected == Some(at), &spoken));
                    if response.clicked() {
                        clicked = Some(at);
                    }
                });
            });
        self.laid_out = laid_out;
        if let Some(at) = clicked {
            self.selected = if self.selected == Some(at) { None } else { Some(at) };
        }
    }
}

/// What the cells of a row say.
struct Cells {
    key: String,
    dump: String,
    live: String,
}

impl Cells {
    fn of(seen: &SeenDifference, row: &DifferenceRow) -> Self {
        let restore = &seen.restore;
        let is_key = |at: usize| restore.columns.get(at).is_some_and(|column| restore.key_columns.contains(column));
        let list = |side: &[Option<String>], wanted: &dyn Fn(usize) -> bool| {
            let said = restore.columns.iter().zip(side).enumerate().filter(|(at, _)| wanted(*at));
            let said: Vec<String> =
                said.map(|(_, (column, value))| format!("{column} = {}", said_of(value.as_ref()))).collect();
            one_line(&said.join(" · "), CELL_LETTERS)
        };
        let side = if row.dump.is_empty() { &row.live } else { &row.dump };
        // Of a changed row only what differs is worth a glance; the rest is in its detail.
        let wanted = |at: usize| !is_key(at) && (row.change != RowChange::Changed || row.differs(at));
        Self { key: list(side, &is_key), dump: list(&row.dump, &wanted), live: list(&row.live, &wanted) }
    }
}

fn said_of(value: Option<&String>) -> String {
    value.map_or_else(
        || "NULL".to_owned(),
        |text| if text.is_empty() { "''".to_owned() } else { one_line(text, CELL_LETTERS) },
    )
}

fn read(seen: &SeenDifference, at: usize) -> Option<DifferenceRow> {
    let line = seen.lines.line(at).ok()?;
    DifferenceRow::read(&line, seen.restore.columns.len()).ok()
}

const fn look(change: RowChange, tokens: &Tokens) -> (Mark, eframe::egui::Color32) {
    match change {
        RowChange::Changed => (Mark::Drifted, tokens.bad),
        RowChange::OnlyInDump => (Mark::Missing, tokens.bad),
        RowChange::OnlyLive => (Mark::Cross, tokens.care),
        RowChange::Kept => (Mark::Grown, tokens.muted),
    }
}

/// Draws one row whole: every column, the dump beside what is live, and a mark where they differ.
fn detail(ui: &mut Ui, seen: &SeenDifference, at: usize) {
    let tokens = Tokens::of(ui);
    let Some(row) = read(seen, at) else {
        text::muted(ui, "This row cannot be read any more; compare again.");
        return;
    };
    ScrollArea::both().id_salt("difference-detail").auto_shrink(false).show(ui, |ui| {
        eframe::egui::Grid::new("difference-columns").num_columns(4).show(ui, |ui| {
            for word in ["", "Column", "In the dump", "Live"] {
                text::label(ui, word);
            }
            ui.end_row();
            for (place, column) in seen.restore.columns.iter().enumerate() {
                if row.differs(place) {
                    mark::bare(ui, Mark::Drifted, tokens.bad);
                } else {
                    ui.label("");
                }
                text::mono(ui, &visible(column));
                for side in [&row.dump, &row.live] {
                    match side.get(place) {
                        None => text::muted_line(ui, "–"),
                        Some(None) => text::muted_line(ui, "NULL"),
                        Some(Some(value)) if is_shortened(value) => text::muted_line(ui, &visible(value)),
                        Some(Some(value)) => text::mono(ui, &visible(value)),
                    };
                }
                ui.end_row();
            }
        });
        if row.change == RowChange::Changed && !(0..seen.restore.columns.len()).any(|place| row.differs(place)) {
            text::muted(ui, "It differs in how a value is stored, and not in how it is written.");
        }
    });
}
