//! Writes the plan's document; refuses whatever would leave a choice to run time.

use super::names::names_of;
use super::{
    BoundParameter, DeclaredObject, Hazard, PLAN_FORMAT, Plan, PlannedStatement, SealInput, SealRefusal, Settings,
    Stage,
};
use crate::census::{Baseline, Target};
use crate::diagnose::Mode;
use crate::digest::Digest;
use crate::review::{Note, Place, Severity};
use crate::runbook::sql::{self, Touch};
use crate::runbook::{
    BindingProblem, Object, ObjectClass, ObjectName, Runbook, Step, StepId, bind, bind_value, doubtful, used,
};

/// Writes the document that is sealed.
pub(super) fn document_of(input: &SealInput<'_>) -> Result<Plan, SealRefusal> {
    let runbook = input.runbook;
    let steps = named_steps(runbook, input.steps)?;
    check_place(runbook, &input.target, input.baseline)?;
    let mut blocks = input.review.blocks(input.steps);
    if let Some(first) = blocks.next() {
        let first = format!("{} at {}: {}", first.rule, place_in_words(&first.place), first.message);
        return Err(SealRefusal::Blocked { count: 1 + blocks.count(), first });
    }
    check_order(input)?;
    let roster = runbook.roster.as_ref().ok_or(SealRefusal::NoRoster)?;
    let stages = steps.iter().map(|step| stage_of(input, step)).collect::<Result<Vec<_>, _>>()?;
    let parameters = bound_parameters(input, &steps)?;
    Ok(Plan {
        format: PLAN_FORMAT.to_owned(),
        nonce: input.nonce.clone(),
        runbook: runbook.id.clone(),
        runbook_version: runbook.version.clone(),
        runbook_digest: runbook.digest,
        roster_digest: roster.digest,
        roster_version: input.roster_version,
        target: input.target.clone(),
        run_as: input.run_as.map(str::to_owned),
        via: input.via,
        settings: Settings::new(runbook.timeouts, &runbook.target.schema),
        policy: runbook.policy.clone(),
        objects: declared(runbook),
        stages,
        checks: runbook.checks.clone(),
        stops: runbook.stops.clone(),
        baseline_digest: baseline_digest(input)?,
        restore: None,
        end_session: None,
        hazards: hazards(input, &parameters),
        waived: input.review.of(input.steps).filter(|note| note.waived.is_some()).map(hazard).collect(),
        parameters,
        requester: input.requester.clone(),
        editor: runbook.edited_by.clone(),
        sealed_at: input.now,
    })
}

/// Lists the objects the runbook declares.
pub(super) fn declared(runbook: &Runbook) -> Vec<DeclaredObject> {
    let object = |object: &Object| DeclaredObject { name: object.name.clone(), class: (&object.class).into() };
    runbook.objects.iter().map(object).collect()
}

/// Writes `file:line:column`.
pub(super) fn place_in_words(place: &Place) -> String {
    if place.line == 0 { place.file.clone() } else { format!("{}:{}:{}", place.file, place.line, place.column) }
}

fn baseline_digest(input: &SealInput<'_>) -> Result<Digest, SealRefusal> {
    Ok(Digest::of(super::canonical(input.baseline)?.as_bytes()))
}

fn named_steps<'a>(runbook: &'a Runbook, ids: &[StepId]) -> Result<Vec<&'a Step>, SealRefusal> {
    if ids.is_empty() {
        return Err(SealRefusal::Steps("no step was named; name at least one".to_owned()));
    }
    if let Some(twice) = ids.iter().enumerate().find(|(index, id)| ids[..*index].contains(id)) {
        return Err(SealRefusal::Steps(format!("step {} was named twice", twice.1)));
    }
    ids.iter()
        .map(|id| {
            let known: Vec<&str> = runbook.steps.iter().map(|step| step.id.as_str()).collect();
            runbook
                .step(id)
                .ok_or_else(|| SealRefusal::Steps(format!("there is no step {id}; the steps are {}", known.join(", "))))
        })
        .collect()
}

/// The plan is for one database, and so is its baseline.
pub(super) fn check_place(runbook: &Runbook, target: &Target, baseline: &Baseline) -> Result<(), SealRefusal> {
    let expected = &runbook.target.database;
    let actual = &target.database;
    if expected != actual {
        return Err(SealRefusal::AnotherDatabase { expected: expected.clone(), actual: actual.clone() });
    }
    if baseline.runbook != runbook.id {
        let reason = format!("it was taken for runbook {}, this is {}", baseline.runbook, runbook.id);
        return Err(SealRefusal::AnotherBaseline(reason));
    }
    if !baseline.census.target.is_same_database(target) {
        let reason = format!("it was taken on {}, this is {}", baseline.census.target.identity(), target.identity());
        return Err(SealRefusal::AnotherBaseline(reason));
    }
    Ok(())
}

/// Children first (D-25); a step still open or a state not certain is never sealed (D-1, D-11).
fn check_order(input: &SealInput<'_>) -> Result<(), SealRefusal> {
    for (index, id) in input.steps.iter().enumerate() {
        let refuse = |reason: String| Err(SealRefusal::Diagnosis { step: id.clone(), reason });
        let Some(diagnosis) = input.diagnosis.step(id) else {
            return refuse("it was not diagnosed".to_owned());
        };
        let evidence = diagnosis.evidence.join("; ");
        match diagnosis.mode {
            Mode::Isolated => {}
            Mode::NotApplied => return refuse(format!("there is nothing to reverse ({evidence})")),
            Mode::InTransaction => {
                return refuse(format!("it is still open in another session: roll back there ({evidence})"));
            }
            Mode::Stop => return refuse(format!("disaster stop ({evidence})")),
            Mode::Ordered => {
                let earlier = &input.steps[..index];
                let missing = diagnosis
                    .first
                    .iter()
                    .find(|first| !first.step.as_ref().is_some_and(|step| earlier.contains(step)));
                if let Some(first) = missing {
                    let way = first.step.as_ref().map_or_else(
                        || "the runbook does not declare it; declare or remove it first".to_owned(),
                        |step| format!("reverse {step} first, or name it before {id}"),
                    );
                    return refuse(format!("{} depends on {} by {}: {way}", first.name, first.on, first.by));
                }
            }
        }
    }
    Ok(())
}

fn stage_of(input: &SealInput<'_>, step: &Step) -> Result<Stage, SealRefusal> {
    let runbook = input.runbook;
    let unreadable = |problem: sql::SqlProblem| SealRefusal::Blocked {
        count: 1,
        first: format!("{}:{}:{}: {}", step.reversal.path, problem.line, problem.column, problem.message),
    };
    let parsed = sql::split(&step.reversal.text).map_err(unreadable)?;
    let touched: Vec<sql::Touched> =
        parsed.iter().flat_map(|statement| sql::touched(statement, &runbook.target.schema)).collect();
    let names =
        parsed.iter().flat_map(|statement| names_of(statement, statement.ordinal, &runbook.target.schema)).collect();
    let drops: Vec<ObjectName> =
        touched.iter().filter(|touch| touch.how == Touch::Drop).map(|touch| touch.name.clone()).collect();
    let mut locked_tables: Vec<ObjectName> = touched
        .iter()
        .filter(|touch| matches!(touch.how, Touch::Delete | Touch::Update | Touch::Insert | Touch::Truncate))
        .filter(|touch| {
            runbook.object(&touch.name).is_some_and(|object| match object.class {
                ObjectClass::Shared { .. } | ObjectClass::RetireOnly { .. } => true,
                ObjectClass::Greenfield | ObjectClass::Protected | ObjectClass::Growing => false,
            })
        })
        .map(|touch| touch.name.clone())
        .collect();
    // One fixed order for everybody, so that two desks cannot deadlock.
    locked_tables.sort();
    locked_tables.dedup();
    let statements = parsed
        .iter()
        .map(|statement| {
            let sql = bind(&statement.text, &runbook.parameters, input.bindings)?;
            let rule = step.statements.get(&statement.ordinal);
            Ok(PlannedStatement {
                ordinal: statement.ordinal,
                line: statement.line,
                sha256: Digest::of(sql.as_bytes()),
                sql,
                tag: statement.tag.clone(),
                rows: rule.and_then(|rule| rule.rows.clone()),
                notices: rule.map_or_else(Vec::new, |rule| rule.notices.clone()),
            })
        })
        .collect::<Result<Vec<_>, BindingProblem>>()?;
    Ok(Stage { step: step.id.clone(), script: step.reversal.path.clone(), statements, locked_tables, drops, names })
}

/// Keeps the bindings the named scripts use; refuses unknown names even when nothing uses them.
fn bound_parameters(input: &SealInput<'_>, steps: &[&Step]) -> Result<Vec<BoundParameter>, SealRefusal> {
    let runbook = input.runbook;
    for binding in input.bindings {
        let Some(parameter) = runbook.parameters.iter().find(|parameter| parameter.name == binding.name) else {
            return Err(BindingProblem::Unknown { name: binding.name.clone() }.into());
        };
        bind_value(parameter, &binding.value)?;
    }
    let is_used = |name: &str| steps.iter().any(|step| used(&step.reversal.text).iter().any(|(used, _)| used == name));
    Ok(runbook
        .parameters
        .iter()
        .filter(|parameter| is_used(&parameter.name))
        .filter_map(|parameter| {
            let binding = input.bindings.iter().find(|binding| binding.name == parameter.name)?;
            Some(BoundParameter { name: parameter.name.clone(), kind: parameter.kind, value: binding.value.clone() })
        })
        .collect())
}

fn hazard(note: &Note) -> Hazard {
    Hazard { rule: note.rule.clone(), place: place_in_words(&note.place), message: note.message.clone() }
}

fn hazards(input: &SealInput<'_>, parameters: &[BoundParameter]) -> Vec<Hazard> {
    let of_review = input.review.of(input.steps).filter(|note| note.severity == Severity::Hazard).map(hazard);
    // A value is typed after the review: what may be mistaken in it is acknowledged with the rest.
    let of_values = parameters.iter().filter_map(|parameter| {
        let doubt = doubtful(&parameter.value)?;
        let (rule, place) = ("invisible-text".to_owned(), format!("the parameter {}", parameter.name));
        Some(Hazard { rule, place, message: format!("Look at the value of {}: {doubt}.", parameter.name) })
    });
    of_review.chain(of_values).collect()
}
