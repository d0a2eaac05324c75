//! Takes a runbook, the live catalog, a census and the open transactions; gives the [`Facts`] the tree looks at.

use super::{ConditionFact, ConditionState, Dependant, Facts, OpenTransaction, StepFacts};
use crate::census::{
    Baseline, Census, CompareScope, Question, Reading, Verdict, compare, describe, judge, stop_question_id,
};
use crate::review::{Catalog, Edge};
use crate::runbook::{CheckId, Object, ObjectClass, ObjectName, Runbook, Step, StepId, StopCondition, StopSign};

/// Every question a diagnosis needs: checks, stop conditions and traces, in one census.
#[must_use]
pub fn questions(runbook: &Runbook) -> Vec<Question> {
    let checks = runbook.checks.iter().map(Question::of);
    let stops = stop_questions(&runbook.stops);
    let traces = runbook.steps.iter().flat_map(|step| {
        step.traces.iter().enumerate().map(|(index, trace)| Question::new(trace_id(step, index), trace.sql.clone()))
    });
    checks.chain(stops).chain(traces).collect()
}

/// The questions of stop conditions alone: what a watch asks, in one census.
#[must_use]
pub fn stop_questions(stops: &[StopCondition]) -> Vec<Question> {
    let of = |stop: &StopCondition| match &stop.sign {
        StopSign::Query { query, expect: _ } => Some(Question::of_query(stop_question_id(&stop.id), query)),
        StopSign::ErrorContains(_) => None,
    };
    stops.iter().filter_map(of).collect()
}

fn trace_id(step: &Step, index: usize) -> CheckId {
    CheckId(format!("trace:{}:{index}", step.id))
}

/// Gathers the facts. `open` is an error when the role cannot see other sessions.
#[must_use]
pub fn gather(
    runbook: &Runbook,
    catalog: &Catalog,
    census: &Census,
    baseline: Option<&Baseline>,
    open: Result<Vec<OpenTransaction>, String>,
) -> Facts {
    let (open, unreadable) = match open {
        Ok(open) => (open, Vec::new()),
        Err(reason) => (Vec::new(), vec![reason]),
    };
    let steps: Vec<StepFacts> = runbook.steps.iter().map(|step| step_facts(runbook, step, catalog, census)).collect();
    let steps = with_declared_dependants(runbook, steps);
    let throughout: Vec<_> = runbook.checks.iter().filter(|check| check.steps.is_empty()).cloned().collect();
    let mut rows = compare(&throughout, baseline, census, CompareScope::Everything).rows;
    if baseline.is_none() {
        // Without a baseline only what the runbook states outright can be wrong.
        rows.retain(|row| {
            row.baseline.is_some() || row.verdict != Verdict::Blind || matches!(row.actual, Reading::Blind(_))
        });
    }
    Facts {
        read_at: census.taken_at,
        steps,
        // An open transaction explains a session that sits idle in one; the tree names it, and it is not a wrong count.
        throughout: rows.into_iter().filter(|row| open.is_empty() || !speaks_of_sessions(&row.sql)).collect(),
        open,
        conditions: conditions(&runbook.stops, census, baseline),
        unreadable,
    }
}

fn speaks_of_sessions(sql: &str) -> bool {
    sql.contains("pg_stat_activity")
}

/// Says of each stop condition whether it has tripped (D-60).
#[must_use]
pub fn conditions(stops: &[StopCondition], census: &Census, baseline: Option<&Baseline>) -> Vec<ConditionFact> {
    stops
        .iter()
        .filter_map(|stop| {
            let StopSign::Query { query: _, expect } = &stop.sign else { return None };
            let id = stop_question_id(&stop.id);
            let unasked = Reading::Blind("the census does not hold it".to_owned());
            let actual = census.readings.get(&id).cloned().unwrap_or(unasked);
            let before = baseline.and_then(|baseline| baseline.census.readings.get(&id));
            let (verdict, remark) = judge(expect, before, &actual);
            let is_accepted = matches!(&actual, Reading::Value(answer) if stop.accepts(answer.as_deref()));
            let state = match verdict {
                Verdict::Drifted | Verdict::Missing if is_accepted => ConditionState::Clear,
                Verdict::Same | Verdict::Grown => ConditionState::Clear,
                Verdict::Drifted | Verdict::Missing => ConditionState::Tripped,
                // Nothing was kept to compare with: that is not known, but it is not a sign of disaster either.
                Verdict::Blind if baseline.is_none() && !matches!(actual, Reading::Blind(_)) => return None,
                Verdict::Blind => ConditionState::Unknown,
            };
            let actual = match (&actual, verdict, remark) {
                (Reading::Value(_), Verdict::Blind, Some(remark)) => Reading::Blind(remark),
                _ => actual,
            };
            Some(ConditionFact {
                id: stop.id.clone(),
                title: stop.title.clone(),
                expected: describe(expect, before),
                actual,
                state,
            })
        })
        .collect()
}

fn step_facts(runbook: &Runbook, step: &Step, catalog: &Catalog, census: &Census) -> StepFacts {
    let of_step = |object: &&Object| object.steps.contains(&step.id);
    let greenfield: Vec<&Object> =
        runbook.objects.iter().filter(of_step).filter(|object| object.class == ObjectClass::Greenfield).collect();
    let own: Vec<&ObjectName> = greenfield.iter().map(|object| &object.name).collect();
    let mut dependants = dependants(runbook, catalog, &own);
    dependants.sort();
    dependants.dedup();
    let unasked = |title: &str| Reading::Blind(format!("the census does not hold the trace `{title}`"));
    StepFacts {
        step: step.id.clone(),
        objects: greenfield
            .iter()
            .map(|object| (object, catalog.has(&object.name, object.kind)))
            // 97.3: what the build may leave out says nothing by being absent.
            .filter(|(object, present)| *present || !object.optional)
            .map(|(object, present)| (object.name.clone(), present))
            .collect(),
        traces: step
            .traces
            .iter()
            .enumerate()
            .map(|(index, trace)| {
                let reading = census.readings.get(&trace_id(step, index)).cloned();
                (trace.title.clone(), reading.unwrap_or_else(|| unasked(&trace.title)))
            })
            .collect(),
        dependants,
        writes: runbook.objects.iter().filter(of_step).map(|object| object.name.clone()).collect(),
    }
}

/// Lists what depends on a step's own objects and is none of them; a part of a table of others is named as that part.
fn dependants(runbook: &Runbook, catalog: &Catalog, own: &[&ObjectName]) -> Vec<Dependant> {
    let is_own = |name: &ObjectName| {
        own.contains(&name)
            || name.relation().is_some_and(|relation| own.contains(&&relation))
            || catalog.columns_under(name).any(|column| own.contains(&column))
    };
    let step_of = |name: &ObjectName| runbook.object(name).and_then(|object| object.steps.first().cloned());
    // A constraint that nobody has declared belongs to the step that added its column.
    let step_of_part = |name: &ObjectName| step_of(name).or_else(|| catalog.columns_under(name).find_map(step_of));
    let carriers = catalog.carriers();
    let mut found = Vec::new();
    let mut note = |name: &ObjectName, edge: &Edge, step: Option<StepId>| {
        found.push(Dependant { name: name.clone(), on: edge.referenced.clone(), by: edge.by.clone(), step });
    };
    // A table's own triggers go with it.
    for edge in catalog.edges.iter().filter(|edge| own.contains(&&edge.referenced) && edge.by != "trigger") {
        let is_greenfield =
            runbook.object(&edge.dependent).is_some_and(|object| object.class == ObjectClass::Greenfield);
        let carriers = carriers.get(&(edge.dependent.clone(), &edge.referenced)).map_or(&[][..], Vec::as_slice);
        if is_own(&edge.dependent) || (!carriers.is_empty() && carriers.iter().all(|part| is_own(part))) {
            continue;
        }
        let others: Vec<_> = carriers.iter().filter(|part| !is_own(part) && step_of_part(part).is_some()).collect();
        if is_greenfield || others.is_empty() {
            note(&edge.dependent, edge, step_of(&edge.dependent));
        }
        for part in others.into_iter().filter(|_| !is_greenfield) {
            note(part, edge, step_of_part(part));
        }
    }
    // What depends on a column or a constraint; whatever depends on a whole object is among the edges above.
    let is_part = |name: &&ObjectName| name.relation().is_some();
    let of_parts = catalog
        .parts
        .iter()
        .filter(|edge| own.iter().filter(|name| is_part(name)).any(|name| **name == edge.referenced));
    for edge in of_parts.filter(|edge| !edge.goes_in_silence() && !is_own(&edge.dependent)) {
        let relation = edge.dependent.relation();
        let step = step_of_part(&edge.dependent).or_else(|| relation.as_ref().and_then(step_of));
        note(&edge.dependent, edge, step);
    }
    found
}

/// Adds what the runbook itself declares: a step that needs another in place goes before it.
fn with_declared_dependants(runbook: &Runbook, mut steps: Vec<StepFacts>) -> Vec<StepFacts> {
    let is_applied = |facts: &StepFacts| {
        facts.objects.iter().any(|(_, present)| *present)
            || facts.traces.iter().any(|(_, reading)| match reading {
                Reading::Value(Some(count)) => count != "0",
                Reading::Value(None) | Reading::Blind(_) => false,
            })
    };
    let applied: Vec<StepId> = steps.iter().filter(|facts| is_applied(facts)).map(|facts| facts.step.clone()).collect();
    for facts in &mut steps {
        let needing =
            runbook.steps.iter().filter(|step| step.depends_on.contains(&facts.step) && applied.contains(&step.id));
        for step in needing {
            if !facts.dependants.iter().any(|known| known.step.as_ref() == Some(&step.id)) {
                let on = facts.writes.first().cloned().unwrap_or_else(|| ObjectName::new("", facts.step.as_str()));
                let name = ObjectName::new("", step.id.as_str());
                facts.dependants.push(Dependant {
                    name,
                    on,
                    by: "declaration".to_owned(),
                    step: Some(step.id.clone()),
                });
            }
        }
    }
    steps
}
