//! `restore`: shows a dump's contents, compares a table with it row by row, and stages the restore.

use std::path::Path;

use serde_json::{Value, json};

use super::super::args::{Choice, RestoreVerb, Signing};
use super::super::output::{columns, counted};
use super::super::{Output, wiring};
use super::ceremony::{cancel_on_interrupt, print_staged};
use super::{needed_baseline, open, runbook};
use crate::census::Baseline;
use crate::port::Database;
use crate::restore::{Contents, DifferenceRow, DumpedRows, DumpedTable, LaterRows, Restore, RowChange, Scope};
use crate::runbook::{Diagnostic, ObjectClass, ObjectName, Runbook};
use crate::session::{
    self, Failure, FailureKind, Progress, RestoreChoice, Restoring, SeenDifference, Watch, World, compare_with_dump,
    open_dump,
};

/// Performs `restore …`.
pub(super) async fn restore(world: &World, verb: RestoreVerb, output: Output) -> Result<(), Failure> {
    match verb {
        RestoreVerb::Contents { dump, runbook } => contents(world, &dump, runbook.as_deref(), output).await,
        RestoreVerb::Diff { choice, only, holding, limit } => {
            let opened = Opened::of(world, &choice).await?;
            let seen = compare_with_dump(world, &*opened.database, &opened.restoring(None)).await?;
            print_difference(output, &seen, &only, holding.as_deref(), limit)?;
            if seen.restore.difference.is_empty() {
                return Ok(());
            }
            let message =
                format!("{} differs from the dump: {}", seen.restore.table, seen.restore.difference.in_words());
            let hint = "Look at the rows; `countersign restore stage` puts the restore to two reviewers.";
            Err(Failure::new(FailureKind::Blocked, message, hint))
        }
        RestoreVerb::Stage { choice, signing, run_as } => {
            stage(world, &choice, &signing, run_as.as_deref(), output).await
        }
    }
}

async fn stage(
    world: &World,
    choice: &Choice,
    signing: &Signing,
    run_as: Option<&str>,
    output: Output,
) -> Result<(), Failure> {
    let opened = Opened::of(world, choice).await?;
    let signer = wiring::signer(world, &signing.principal, &signing.key, signing.passphrase_file.as_deref()).await?;
    let cancel = cancel_on_interrupt();
    let mut say = |progress: Progress| output.progress(&progress);
    let mut watch = Watch { say: &mut say, cancel: &cancel };
    let restoring = opened.restoring(run_as);
    let staged = session::stage_restore(world, &*opened.database, &restoring, None, &signer, &mut watch).await?;
    print_staged(output, &staged);
    Ok(())
}

/// Everything a comparison needs.
struct Opened {
    runbook: Runbook,
    diagnostics: Vec<Diagnostic>,
    database: std::sync::Arc<dyn Database>,
    baseline: Baseline,
    choice: RestoreChoice,
}

impl Opened {
    async fn of(world: &World, choice: &Choice) -> Result<Self, Failure> {
        let (runbook, diagnostics) = runbook(world, &choice.runbook)?;
        let table = ObjectName::try_from(choice.table.clone())
            .map_err(|reason| Failure::new(FailureKind::Unreadable, reason, "Write schema.table."))?;
        // As everywhere in a runbook: a bare name means the target's schema.
        let table = if table.schema.is_empty() { ObjectName::new(&runbook.target.schema, &table.name) } else { table };
        let database = open(world, &choice.connection.text).await?;
        let baseline = needed_baseline(world, &*database, &runbook, choice.baseline.as_deref()).await?;
        let choice = RestoreChoice {
            dump: choice.dump.clone(),
            table,
            scope: if choice.whole_table { Scope::Table } else { Scope::Key },
            later_rows: if choice.delete_later_rows { LaterRows::Delete } else { LaterRows::Keep },
            statement: choice.because.clone(),
            bindings: choice.bindings.clone(),
        };
        Ok(Self { runbook, diagnostics, database, baseline, choice })
    }

    fn restoring<'a>(&'a self, run_as: Option<&'a str>) -> Restoring<'a> {
        Restoring {
            runbook: &self.runbook,
            diagnostics: &self.diagnostics,
            baseline: &self.baseline,
            choice: &self.choice,
            run_as,
        }
    }
}

async fn contents(world: &World, dump: &Path, book: Option<&Path>, output: Output) -> Result<(), Failure> {
    let book = book.map(|path| runbook(world, path)).transpose()?.map(|(book, _)| book);
    let contents = open_dump(world, dump).await?;
    output.print(
        || contents_text(&contents, book.as_ref()),
        || {
            let tables: Vec<Value> = contents
                .tables
                .iter()
                .map(|table| {
                    let declared = book.as_ref().map(|book| declared(book, table));
                    json!({"table": table, "declared": declared})
                })
                .collect();
            json!({"dump": contents, "tables": tables})
        },
    );
    Ok(())
}

/// Says whether a runbook lets a table be restored.
fn declared(book: &Runbook, table: &DumpedTable) -> &'static str {
    match book.object(&table.name).map(|object| &object.class) {
        Some(ObjectClass::Shared { .. }) => "shared: may be restored",
        Some(ObjectClass::RetireOnly { .. }) => "retire_only: may be restored",
        Some(ObjectClass::Greenfield) => "greenfield: its reversal drops it",
        Some(ObjectClass::Protected) => "protected: never written to",
        Some(ObjectClass::Growing) => "growing: never written to",
        None => "not declared",
    }
}

fn contents_text(contents: &Contents, book: Option<&Runbook>) -> String {
    let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "it does not say".to_owned());
    let mut out = format!("{} dump, compression {}\n", contents.form.word(), contents.compression);
    out += &format!("  database     {}\n", said(&contents.database));
    out += &format!("  server       {}\n", said(&contents.server_version));
    out += &format!("  pg_dump      {}\n", said(&contents.dump_version));
    out += &format!("  taken at     {} (the clock where it was taken)\n", said(&contents.taken_at));
    out += &format!("  encoding     {}\n", said(&contents.encoding));
    let rows: Vec<Vec<String>> = contents
        .tables
        .iter()
        .map(|table| {
            let bytes = table.bytes.map_or_else(|| "size unknown".to_owned(), |bytes| format!("{bytes} bytes"));
            let how = match table.rows {
                DumpedRows::Copy => "",
                DumpedRows::Inserts => "as INSERT statements, which are not read",
            };
            let class = book.map_or("", |book| declared(book, table));
            vec![table.name.to_string(), bytes, class.to_owned(), how.to_owned()]
        })
        .collect();
    out + &columns(&rows) + &format!("{}\n", counted(contents.tables.len(), "table"))
}

/// Says what a restore is, for whoever has to sign it.
pub(super) fn restore_text(restore: &Restore) -> String {
    let dump = &restore.dump;
    let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
    let mut out = format!(
        "  dump       {} ({}, server {}, taken at {}), {} rows, sha256 {}\n",
        dump.file,
        dump.form.word(),
        said(&dump.server_version),
        said(&dump.taken_at),
        dump.rows,
        dump.sha256
    );
    let scope = match restore.scope {
        Scope::Key => format!("rows inside the declared key: {}", restore.declared_key),
        Scope::Table => "the whole table".to_owned(),
    };
    let later = match restore.later_rows {
        LaterRows::Keep => format!("rows that only the table has stay ({} now)", restore.kept),
        LaterRows::Delete => "rows that only the table has are deleted".to_owned(),
    };
    out += &format!("  scope      {scope}; {later}\n");
    out += &format!("  difference {}, digest {}\n", restore.difference.in_words(), restore.difference.digest);
    for evidence in &restore.grounds.evidence {
        out += &format!("  because    {evidence}\n");
    }
    if let Some(statement) = &restore.grounds.statement {
        out += &format!("  stated     {statement}\n");
    }
    out
}

fn print_difference(
    output: Output,
    seen: &SeenDifference,
    only: &[String],
    holding: Option<&str>,
    limit: usize,
) -> Result<(), Failure> {
    let restore = &seen.restore;
    let mut rows = Vec::new();
    let mut more = false;
    for at in 0..seen.lines.count() {
        let line = seen.lines.line(at)?;
        let is_wanted = |change: RowChange| only.is_empty() || only.iter().any(|word| word == change.word());
        if !RowChange::of_line(&line).is_some_and(is_wanted) {
            continue;
        }
        let row = DifferenceRow::read(&line, restore.columns.len()).map_err(|reason| {
            Failure::new(FailureKind::Unreadable, reason, "Report this, with the definition of the table.")
        })?;
        let holds = |text: &str| row.dump.iter().chain(&row.live).flatten().any(|value| value.contains(text));
        if holding.is_some_and(|text| !holds(text)) {
            continue;
        }
        if rows.len() == limit {
            more = true;
            break;
        }
        rows.push(row);
    }
    output.print(
        || difference_text(seen, &rows, more),
        || {
            let row = |row: &DifferenceRow| {
                let differs: Vec<&String> = restore
                    .columns
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| row.differs(*at))
                    .map(|(_, name)| name)
                    .collect();
                json!({"change": row.change.word(), "dump": row.dump, "live": row.live, "differs": differs})
            };
            json!({
                "table": restore.table, "columns": restore.columns, "key": restore.key_columns, "scope": restore.scope,
                "difference": restore.difference, "kept": restore.kept, "dump": restore.dump, "hazards": seen.hazards,
                "grounds": restore.grounds, "withheld": seen.withheld, "rows": rows.iter().map(row).collect::<Vec<_>>(),
                "more": more,
            })
        },
    );
    Ok(())
}

fn difference_text(seen: &SeenDifference, rows: &[DifferenceRow], more: bool) -> String {
    let restore = &seen.restore;
    let mut out = format!("{}\n{}", restore.table, restore_text(restore));
    for hazard in &seen.hazards {
        out += &format!("  hazard: {hazard}\n");
    }
    if let Some(reason) = &seen.withheld {
        out += &format!("  no restore is offered: {reason}\n");
    }
    for row in rows {
        let key: Vec<String> = restore
            .key_columns
            .iter()
            .filter_map(|key| {
                let at = restore.columns.iter().position(|column| column == key)?;
                let side = if row.dump.is_empty() { &row.live } else { &row.dump };
                Some(format!("{key} = {}", value(side.get(at)?.as_ref())))
            })
            .collect();
        out += &format!("{}  {}\n", mark(row.change), key.join(", "));
        for (at, column) in
            restore.columns.iter().enumerate().filter(|(_, column)| !restore.key_columns.contains(column))
        {
            match row.change {
                RowChange::Changed if row.differs(at) => {
                    out += &format!(
                        "    {column}: dump {} · live {}\n",
                        value(row.dump[at].as_ref()),
                        value(row.live[at].as_ref())
                    );
                }
                RowChange::Changed => {}
                RowChange::OnlyInDump => out += &format!("    {column}: {}\n", value(row.dump[at].as_ref())),
                RowChange::OnlyLive | RowChange::Kept => {
                    out += &format!("    {column}: {}\n", value(row.live[at].as_ref()));
                }
            }
        }
    }
    if more {
        out += "… more rows; show them with --limit, --only and --holding\n";
    }
    out
}

/// Shape and word.
fn mark(change: RowChange) -> String {
    let shape = match change {
        RowChange::Changed => "≠",
        RowChange::OnlyInDump => "+",
        RowChange::OnlyLive => "−",
        RowChange::Kept => "·",
    };
    format!("{shape} {}", change.in_words())
}

/// Shows a value in one line; what draws as nothing is written out.
fn value(value: Option<&String>) -> String {
    value.map_or_else(
        || "NULL".to_owned(),
        |text| {
            let shown: String = text.chars().take(120).collect();
            let cut = if text.chars().count() > 120 { "…" } else { "" };
            format!("{shown:?}{cut}")
        },
    )
}
