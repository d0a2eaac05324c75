//! `check-acts`: a check, trace, stop condition or restart gate only reads, however deep its calls go (D-50).

use super::reading::Setting;
use super::{Found, Note, Place, RuleInfo, Scene, Severity};
use crate::runbook::sql::split;
use crate::runbook::{Query, RestartBy, Runbook, StepRecord, StopSign};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "check-acts",
    summary: "The SQL of a check, trace, stop condition or restart gate calls a function that acts.",
    help: "Checks are asked before, inside and after the transaction, and on demand. Each is one SELECT; its functions may still\n\
           write. With a connected database they are resolved and read as those of a script are. Whatever writes, survives\n\
           ROLLBACK, changes a setting or ends the transaction blocks; what cannot be read is a hazard. Both concern every\n\
           step, so that no waiver of a statement reaches them.\n\n\
           What to do: ask the tables themselves.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let Some(reader) = scene.reader else { return };
    // They belong to the runbook, not to a step: the first step speaks for all.
    if scene.runbook.steps.first().is_none_or(|first| first.id != scene.step.id) {
        return;
    }
    for (what, sql) in questions(scene.runbook) {
        for statement in split(&sql).unwrap_or_default() {
            for (severity, sentence) in reader.sentences(&reader.whole(&statement), Setting::Asked) {
                let way_out = match severity {
                    Severity::Block | Severity::Hazard => "Ask the tables themselves, in plain SQL.",
                    Severity::Note => "Nothing needs to be done; know it.",
                };
                found.notes.push(Note {
                    rule: INFO.name.to_owned(),
                    severity,
                    step: None,
                    place: Place { file: "runbook.toml".to_owned(), line: 0, column: 0, statement: 0 },
                    message: format!("The SQL of {what} calls {sentence}"),
                    way_out: way_out.to_owned(),
                    waived: None,
                });
            }
        }
    }
}

/// Returns every SQL that is asked, with the name of what asks it.
fn questions(runbook: &Runbook) -> Vec<(String, String)> {
    let of_query = |query: &Query| query.written().map(str::to_owned);
    let mut all: Vec<(String, String)> = Vec::new();
    for check in &runbook.checks {
        all.extend(of_query(&check.query).map(|sql| (format!("check {}", check.id), sql)));
    }
    for step in &runbook.steps {
        all.extend(step.traces.iter().map(|trace| (format!("a trace of {}", step.id), trace.sql.clone())));
    }
    for stop in &runbook.stops {
        match &stop.sign {
            StopSign::Query { query, expect: _ } => {
                all.extend(of_query(query).map(|sql| (format!("stop {}", stop.id), sql)));
            }
            StopSign::ErrorContains(_) => {}
        }
        all.extend(stop.evidence.as_ref().map(|sql| (format!("the evidence of stop {}", stop.id), sql.clone())));
    }
    for gate in &runbook.restart {
        match &gate.by {
            RestartBy::Record { sql, expect: _ } | RestartBy::Sovereign { record: Some(StepRecord { sql, expect: _ }) } => {
                all.push((format!("restart {}", gate.id), sql.clone()));
            }
            RestartBy::Reconciliation | RestartBy::Sovereign { record: None } => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::reading::fixture::made;
    use super::super::testing::{check_clean_with, check_with, runbook};
    use crate::runbook::Query;

    #[test]
    fn cases() {
        let asking = |sql: &str| {
            let mut runbook = runbook("DROP TABLE public.fresh_child");
            runbook.checks[0].query = Query::Sql(sql.to_owned());
            runbook
        };
        let catalog = made()
            .function("CREATE FUNCTION public.quiet() RETURNS int LANGUAGE sql AS 'SELECT count(*) FROM public.events'")
            .function("CREATE FUNCTION public.loud() RETURNS int LANGUAGE sql AS 'SELECT nextval(''s'')'")
            .function(
                "CREATE FUNCTION public.writes() RETURNS int LANGUAGE sql AS 'INSERT INTO public.outbox VALUES (1)'",
            )
            .function("CREATE FUNCTION public.far() RETURNS int LANGUAGE c AS 'lib', 'far'")
            .catalog;
        let check = |sql: &str, expect: &str| check_with(&asking(sql), Some(&catalog), expect);
        check("SELECT public.loud()", "check-acts 0:0 block: check fresh calls public.loud() → nextval()");
        check("SELECT count(*) FROM public.events WHERE public.writes() > 0", "check-acts 0:0 block: public.outbox");
        check("SELECT public.far()", "check-acts 0:0 hazard: written in c");
        check_clean_with(&asking("SELECT public.quiet()"), Some(&catalog));
        check_clean_with(&asking("SELECT count(*) FROM public.outbox"), Some(&catalog));
    }
}
