//! Takes a runbook that has been read; finds what contradicts itself: names, ordinals, parameters, SQL of checks.

use super::reader::{Reader, nearest};
use crate::runbook::key::Key;
use crate::runbook::letters::{first_unseen, stranger};
use crate::runbook::parameter::used;
use crate::runbook::sql::{are_single_selects, column_names, place_of, rows_sql, split};
use crate::runbook::{Check, Expectation, ObjectClass, Query, RestartBy, Runbook, StepId, StepRecord, StopSign};

/// Finds contradictions and notes them.
pub(super) fn verify(reader: &mut Reader<'_>, runbook: &Runbook) {
    references(reader);
    questions(reader, runbook);
    rows(reader, runbook);
    keys(reader, runbook);
    spelling(reader, runbook);
    growth(reader, runbook);
    ordinals(reader, runbook);
    prerequisites(reader, runbook);
    parameters(reader, runbook);
    if runbook.steps.is_empty() && reader.problems.is_empty() {
        reader.warn(0, "the runbook has no step", "Add [[step]] with id, position, title, section and reversal");
    }
}

/// Every name that is referred to must be declared.
fn references(reader: &mut Reader<'_>) {
    for reference in std::mem::take(&mut reader.references) {
        if reader.is_declared(reference.kind, &reference.name) {
            continue;
        }
        let known = reader.declared.iter().filter(|(kind, _, _)| *kind == reference.kind);
        let hint = match nearest(&reference.name, known.map(|(_, name, _)| name.as_str())) {
            Some(near) => format!("Write \"{near}\", or declare it in [[{}]]", reference.kind),
            None => format!("Declare it in [[{}]], or remove the name", reference.kind),
        };
        reader.error(reference.offset, format!("no {} `{}` is declared", reference.kind, reference.name), hint);
    }
}

/// Every SQL of a check, trace, stop or gate is one reading SELECT of one column (D-50).
fn questions(reader: &mut Reader<'_>, runbook: &Runbook) {
    // Rows are asked inside a SELECT of one column.
    let asked = |query: &Query| match query {
        Query::Sql(sql) => Some((sql.clone(), sql.clone())),
        Query::Rows { sql, key } => Some((sql.clone(), rows_sql(sql, key))),
        Query::Definition(_, _) | Query::Catalog(_) => None,
    };
    let same = |sql: &String| (sql.clone(), sql.clone());
    let checks =
        runbook.checks.iter().filter_map(|check| asked(&check.query).map(|sql| (format!("check {}", check.id), sql)));
    let traces = runbook
        .steps
        .iter()
        .flat_map(|step| step.traces.iter().map(|trace| (format!("a trace of {}", step.id), same(&trace.sql))));
    let stops = runbook.stops.iter().filter_map(|stop| match &stop.sign {
        StopSign::Query { query, expect: _ } => asked(query).map(|sql| (format!("stop {}", stop.id), sql)),
        StopSign::ErrorContains(_) => None,
    });
    let evidence = runbook
        .stops
        .iter()
        .filter_map(|stop| stop.evidence.as_ref().map(|sql| (format!("the evidence of stop {}", stop.id), same(sql))));
    let gates = runbook.restart.iter().filter_map(|gate| match &gate.by {
        RestartBy::Record { sql, expect: _ } | RestartBy::Sovereign { record: Some(StepRecord { sql, expect: _ }) } => {
            Some((format!("restart {}", gate.id), same(sql)))
        }
        RestartBy::Reconciliation | RestartBy::Sovereign { record: None } => None,
    });
    let all: Vec<(String, (String, String))> = checks.chain(traces).chain(stops).chain(evidence).chain(gates).collect();
    let texts: Vec<&str> = all.iter().map(|(_, (_, sql))| sql.as_str()).collect();
    for ((what, (written, asked)), answer) in all.iter().zip(are_single_selects(&texts)) {
        if let Err(reason) = answer {
            let offset = reader.place("sql", written);
            let is_rows = written != asked;
            let hint = if is_rows {
                "Write one SELECT that only reads, without a semicolon"
            } else {
                "Write one SELECT of one column that only reads"
            };
            reader.error(offset, format!("the SQL of {what} cannot be asked: {reason}"), hint);
        }
    }
}

/// A result of rows is compared with another one: it is no number, and its key tells one row from another.
fn rows(reader: &mut Reader<'_>, runbook: &Runbook) {
    for check in &runbook.checks {
        let key = match &check.query {
            Query::Rows { sql: _, key } => key.as_slice(),
            Query::Catalog(_) => &[],
            Query::Sql(_) | Query::Definition(_, _) => continue,
        };
        let offset = reader.place("check", check.id.as_str());
        if let Some(twice) = key.iter().enumerate().find(|(at, column)| key[..*at].contains(column)) {
            let message = format!("the key of the check {} names {} twice", check.id, twice.1);
            reader.error(offset, message, "Name each column once");
        }
        let given = check.query.written().and_then(column_names);
        let lacks = |column: &&String| given.as_ref().is_some_and(|given| !given.contains(column));
        if let (Some(column), Some(given)) = (key.iter().find(lacks), &given) {
            let message = format!("the key of the check {} names {column}, which its SELECT does not give", check.id);
            reader.error(
                offset,
                message,
                format!("It gives {}: name one of them, or add the column", given.join(", ")),
            );
        }
        let is_number = |expect: &Expectation| {
            matches!(expect, Expectation::Grows | Expectation::Equals(_) | Expectation::OneOf(_))
        };
        if is_number(&check.expect) || check.per_step.values().any(is_number) {
            let message = format!("the check {} answers rows, and expects a value or growth", check.id);
            let hint =
                "Expect \"unchanged\", \"absent\", \"present\" or { text_file = \"…\" }; count rows by another check";
            reader.error(offset, message, hint);
        }
    }
}

/// Every key is a condition that marks rows, and nothing more (D-28).
fn keys(reader: &mut Reader<'_>, runbook: &Runbook) {
    for object in &runbook.objects {
        let key = match &object.class {
            ObjectClass::Shared { key } | ObjectClass::RetireOnly { key } => key,
            ObjectClass::Greenfield | ObjectClass::Protected | ObjectClass::Growing => continue,
        };
        // A retire-only table may do without a key; a missing key of a shared one has been reported.
        if key.is_empty() {
            continue;
        }
        let offset = reader.place("key of", &object.name.to_string());
        match Key::read(key, &object.name) {
            Ok(read) => {
                if let Some(strict) = read.loose_pattern() {
                    let message = format!("in the key of {} `_` stands for any one letter", object.name);
                    reader.warn(offset, message, format!("Write LIKE '{strict}' if an underscore is meant"));
                }
            }
            Err(problem) => {
                reader.error(offset, format!("the key of {} {}", object.name, problem.message), problem.hint);
            }
        }
    }
}

/// A declared name is what scripts are compared with: it must be what people see.
fn spelling(reader: &mut Reader<'_>, runbook: &Runbook) {
    for object in &runbook.objects {
        let name = object.name.to_string();
        let offset = reader.place("object", &name);
        if let Some((letter, what)) = first_unseen(&name) {
            let message = format!("the name of an object holds U+{:04X}: {what}", u32::from(letter));
            reader.error(offset, message, "Type the name again with plain letters");
        } else if let Some(letter) = stranger(&name) {
            let message = format!("the name {name} mixes scripts: U+{:04X} ({letter}) stands in it", u32::from(letter));
            reader.error(offset, message, "Type the name again in one script");
        }
    }
}

/// Only objects classed growing may grow (D-50).
fn growth(reader: &mut Reader<'_>, runbook: &Runbook) {
    let grows = |check: &Check| {
        check.expect == Expectation::Grows || check.per_step.values().any(|expect| *expect == Expectation::Grows)
    };
    for check in runbook.checks.iter().filter(|check| grows(check)) {
        let object = check.object.as_ref().and_then(|name| runbook.object(name));
        if object.is_none_or(|object| object.class != ObjectClass::Growing) {
            let offset = reader.place("check", check.id.as_str());
            let message = format!("the check {} expects growth, but names no object classed growing", check.id);
            reader.error(
                offset,
                message,
                "Write object = \"…\" of an object with class = \"growing\", or expect = \"unchanged\"",
            );
        }
    }
}

/// A rule for a statement that does not exist would be believed to hold.
fn ordinals(reader: &mut Reader<'_>, runbook: &Runbook) {
    for step in runbook.steps.iter().filter(|step| !step.statements.is_empty()) {
        // A script that cannot be read is the review's matter: the rule `syntax` blocks it.
        let Ok(statements) = split(&step.reversal.text) else { continue };
        if step.reversal.text.is_empty() {
            continue;
        }
        for ordinal in step.statements.keys().filter(|ordinal| **ordinal as usize > statements.len()) {
            let offset = reader.place("statement", &format!("{ordinal} of {}", step.id));
            let message =
                format!("{} has {} statements; there is no statement {ordinal}", step.reversal.path, statements.len());
            reader.error(offset, message, "Write the ordinal of the statement that is meant, from 1");
        }
    }
}

/// No step may need itself in place, straight or through others: nothing could then be reversed first.
fn prerequisites(reader: &mut Reader<'_>, runbook: &Runbook) {
    for step in &runbook.steps {
        let mut reached: Vec<&StepId> = step.depends_on.iter().collect();
        let mut at = 0;
        while let Some(id) = reached.get(at).copied() {
            let further = runbook.step(id).into_iter().flat_map(|other| &other.depends_on);
            let new: Vec<&StepId> = further.filter(|id| !reached.contains(id)).collect();
            reached.extend(new);
            at += 1;
        }
        if reached.contains(&&step.id) {
            let offset = reader.place("step", step.id.as_str());
            let message = format!("the step {} needs itself in place, by its `depends_on`", step.id);
            reader.error(offset, message, "Name only steps that were built before it and without it");
        }
    }
}

/// Every parameter used is declared, and every one declared is used (D-21).
fn parameters(reader: &mut Reader<'_>, runbook: &Runbook) {
    let mut seen = Vec::new();
    let mut unknown = Vec::new();
    let scripts = runbook.steps.iter().flat_map(|step| step.build.iter().chain([&step.reversal]));
    for script in scripts {
        for (name, offset) in used(&script.text) {
            if !runbook.parameters.iter().any(|parameter| parameter.name == name) {
                unknown.push((script.path.clone(), place_of(&script.text, offset), name.clone()));
            }
            seen.push(name);
        }
    }
    for (path, (line, column), name) in unknown {
        let hint = format!("Declare it: [[parameter]] with name = \"{name}\", a type and a description");
        reader.error_in(&path, line, column, format!("the parameter `{name}` is not declared in runbook.toml"), hint);
    }
    // A census is taken before anything is bound, so its questions cannot wait for a value.
    let questions: Vec<(String, usize)> = reader
        .declared
        .iter()
        .filter(|(kind, _, _)| *kind == "sql")
        .map(|(_, sql, offset)| (sql.clone(), *offset))
        .collect();
    for (sql, offset) in questions {
        for (name, _) in used(&sql) {
            let hint = "Write the value itself, or ask about all rows inside the key";
            reader.error(offset, format!("a question is asked before parameters are bound; it holds :'{name}'"), hint);
        }
    }
    // Keys stand in this file; their places were kept when they were read.
    let mut inline: Vec<(String, usize)> = Vec::new();
    for object in &runbook.objects {
        if let ObjectClass::Shared { key } | ObjectClass::RetireOnly { key } = &object.class {
            inline.push((key.clone(), reader.place("key of", &object.name.to_string())));
        }
    }
    for (sql, offset) in inline {
        for (name, _) in used(&sql) {
            if !runbook.parameters.iter().any(|parameter| parameter.name == name) {
                let hint = format!("Declare it: [[parameter]] with name = \"{name}\", a type and a description");
                reader.error(offset, format!("the parameter `{name}` is not declared"), hint);
            }
            seen.push(name);
        }
    }
    for parameter in runbook.parameters.iter().filter(|parameter| !seen.contains(&parameter.name)) {
        let offset = reader.place("parameter", &parameter.name);
        let hint = format!("Remove it, or write :'{}' where the value belongs", parameter.name);
        reader.warn(offset, format!("the parameter `{}` is never used", parameter.name), hint);
    }
}
