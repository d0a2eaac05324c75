//! The decision tree of 97.1, a pure function of facts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ConditionState, Dependant, Facts, OpenTransaction, StepFacts};
use crate::census::{Reading, Verdict};
use crate::runbook::{ObjectName, StepId};

/// Which branch of the tree holds (D-11), in rising gravity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing to reverse.
    NotApplied,
    /// 97.3: committed, nothing depends on it.
    Isolated,
    /// 97.4: something depends on it; that goes first.
    Ordered,
    /// 97.2: still open in another session.
    InTransaction,
    /// 97.10: disaster stop.
    Stop,
}

impl Mode {
    /// Returns the word people and machines use for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotApplied => "not_applied",
            Self::Isolated => "isolated",
            Self::Ordered => "ordered",
            Self::InTransaction => "in_transaction",
            Self::Stop => "stop",
        }
    }
}

/// The branch for every step, and for the runbook as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The gravest of the steps' modes; stop conditions and throughout checks make it Stop.
    pub mode: Mode,
    /// The facts that decided `mode`, in sentences.
    pub evidence: Vec<String>,
    /// Why everything stops; empty when nothing does.
    pub stop: Vec<String>,
    /// One entry a step, in build order.
    pub steps: Vec<StepDiagnosis>,
    /// The facts it was made from.
    pub facts: Facts,
}

/// The branch for one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDiagnosis {
    /// The step.
    pub step: StepId,
    /// Its branch.
    pub mode: Mode,
    /// The facts that decided it, in sentences.
    pub evidence: Vec<String>,
    /// What must go first, for `Ordered`.
    pub first: Vec<Dependant>,
    /// The path through the tree, for drawing it with the fact behind every turn (D-12).
    pub path: Vec<Turn>,
}

/// One turn in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The question asked.
    pub question: String,
    /// `yes`, `no`, or `unknown`.
    pub answer: String,
    /// The fact behind the answer.
    pub fact: String,
}

impl Diagnosis {
    /// Returns whether it stops because something cannot be seen, so that better eyes may see that all is well.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        !self.facts.unreadable.is_empty()
            || self.facts.conditions.iter().any(|condition| condition.state == ConditionState::Unknown)
            || self.facts.throughout.iter().any(|row| row.verdict == Verdict::Blind)
    }

    /// Finds the branch of one step.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&StepDiagnosis> {
        self.steps.iter().find(|step| step.step == *id)
    }
}

/// Walks the tree for every step.
#[must_use]
pub fn diagnose(facts: Facts) -> Diagnosis {
    let stop = stop_reasons(&facts);
    let steps: Vec<StepDiagnosis> = facts.steps.iter().map(|step| diagnose_step(step, &facts, &stop)).collect();
    let mode =
        if stop.is_empty() { steps.iter().map(|step| step.mode).max().unwrap_or(Mode::NotApplied) } else { Mode::Stop };
    let evidence = if stop.is_empty() {
        let deciding = steps.iter().filter(|step| step.mode == mode);
        deciding.flat_map(|step| step.evidence.iter().map(move |fact| format!("{}: {fact}", step.step))).collect()
    } else {
        stop.clone()
    };
    Diagnosis { mode, evidence, stop, steps, facts }
}

/// Lists why everything stops: tripped or unseen conditions, counts that are wrong, facts that could not be read.
fn stop_reasons(facts: &Facts) -> Vec<String> {
    let conditions = facts.conditions.iter().filter_map(|condition| match condition.state {
        ConditionState::Clear => None,
        ConditionState::Tripped => Some(format!(
            "{}: {} (expected {}, actual {})",
            condition.id,
            condition.title,
            cut(&condition.expected),
            in_words(&condition.actual)
        )),
        ConditionState::Unknown => {
            Some(format!("{}: cannot be seen ({}); {}", condition.id, in_words(&condition.actual), condition.title))
        }
    });
    let counts = facts.throughout.iter().filter_map(|row| match row.verdict {
        Verdict::Same | Verdict::Grown => None,
        Verdict::Drifted | Verdict::Missing => {
            let values = || format!("expected {}, actual {}", cut(&row.expected), in_words(&row.actual));
            let differs = row.difference_in_words().unwrap_or_else(values);
            Some(format!("{}: {} must hold throughout ({differs})", row.id, row.title))
        }
        Verdict::Blind => {
            // The answer may be there, and what it is held against not.
            let reason = row.remark.clone().unwrap_or_else(|| in_words(&row.actual));
            Some(format!("{}: {} cannot be known ({reason})", row.id, row.title))
        }
    });
    let unreadable = facts.unreadable.iter().map(|reason| format!("not readable: {reason}"));
    conditions.chain(counts).chain(unreadable).collect()
}

/// Shows a reading in a sentence.
fn in_words(reading: &Reading) -> String {
    match reading {
        Reading::Value(None) => "absent".to_owned(),
        Reading::Value(Some(value)) => cut(value),
        Reading::Blind(reason) => format!("blind: {reason}"),
    }
}

/// Cuts a value where a definition would fill the screen.
fn cut(value: &str) -> String {
    if value.chars().count() > 120 || value.contains('\n') {
        format!("{}…", value.chars().take(80).collect::<String>().replace('\n', " "))
    } else {
        value.to_owned()
    }
}

/// Walks the tree for one step, question by question.
fn diagnose_step(step: &StepFacts, facts: &Facts, stop: &[String]) -> StepDiagnosis {
    let mut path = Vec::new();
    let mut ask = |question: &str, answer: &str, fact: String| {
        path.push(Turn { question: question.to_owned(), answer: answer.to_owned(), fact });
    };
    let done = |mode, evidence, first, path| StepDiagnosis { step: step.step.clone(), mode, evidence, first, path };

    // 97.1, last branch, asked first: nothing is offered on ground that is not known.
    if let Some(reason) = stop.first() {
        ask("Is the state certain, with every guard and count in order?", "no", reason.clone());
        return done(Mode::Stop, stop.to_vec(), Vec::new(), path);
    }
    let seen = Presence::of(step);
    if let Some(reason) = &seen.unknown {
        ask("Is the state certain, with every guard and count in order?", "unknown", reason.clone());
        return done(Mode::Stop, vec![reason.clone()], Vec::new(), path);
    }
    ask("Is the state certain, with every guard and count in order?", "yes", clear_words(facts));

    // 97.2: a step that is still open is rolled back by its owner; nothing else is offered (D-1).
    let open = open_on(step, &seen, facts);
    if !open.is_empty() {
        let evidence: Vec<String> = open.iter().map(|open| open_in_words(open)).collect();
        ask("Is the step still inside an open transaction?", "yes", evidence.join("; "));
        return done(Mode::InTransaction, evidence, Vec::new(), path);
    }
    ask("Is the step still inside an open transaction?", "no", traffic_in_words(step, facts));

    if !seen.applied() {
        ask("Was the step committed?", "no", seen.words());
        return done(Mode::NotApplied, vec![seen.words()], Vec::new(), path);
    }
    ask("Was the step committed?", "yes", seen.words());

    if step.dependants.is_empty() {
        let fact = "no foreign key, view or later step depends on it".to_owned();
        ask("Does a later step or a foreign-key child depend on it?", "no", fact.clone());
        return done(Mode::Isolated, vec![seen.words(), fact], Vec::new(), path);
    }
    let evidence: Vec<String> = step.dependants.iter().map(dependant_in_words).collect();
    ask("Does a later step or a foreign-key child depend on it?", "yes", evidence.join("; "));
    done(Mode::Ordered, evidence, step.dependants.clone(), path)
}

/// What of a step is there.
struct Presence {
    present: Vec<String>,
    absent: Vec<String>,
    rows: Vec<String>,
    unknown: Option<String>,
}

impl Presence {
    fn of(step: &StepFacts) -> Self {
        let mut seen = Self { present: Vec::new(), absent: Vec::new(), rows: Vec::new(), unknown: None };
        for (object, present) in &step.objects {
            if *present { seen.present.push(object.to_string()) } else { seen.absent.push(object.to_string()) }
        }
        for (title, reading) in &step.traces {
            match reading {
                Reading::Value(Some(count)) => match count.parse::<u64>() {
                    Ok(0) => {}
                    Ok(count) => seen.rows.push(format!("{title}: {count}")),
                    Err(_) => seen.unknown = Some(format!("{title}: `{count}` is not a count")),
                },
                Reading::Value(None) => seen.unknown = Some(format!("{title}: no answer where a count is needed")),
                Reading::Blind(reason) => seen.unknown = Some(format!("{title}: cannot be known ({reason})")),
            }
        }
        // Half a step is a contradiction, not an applied step: leave it to people (D-11).
        if seen.unknown.is_none() && !seen.absent.is_empty() && seen.applied() {
            seen.unknown = Some(format!(
                "partly there: {} present, {} absent",
                seen.present.iter().chain(&seen.rows).cloned().collect::<Vec<_>>().join(", "),
                seen.absent.join(", ")
            ));
        }
        seen
    }

    fn applied(&self) -> bool {
        !self.present.is_empty() || !self.rows.is_empty()
    }

    fn words(&self) -> String {
        let there: Vec<&str> = self.present.iter().chain(&self.rows).map(String::as_str).collect();
        match (there.is_empty(), self.absent.is_empty()) {
            (false, _) => format!("present: {}", there.join(", ")),
            (true, false) => format!("absent: {}", self.absent.join(", ")),
            (true, true) => "none of its rows is there".to_owned(),
        }
    }
}

/// What adding or dropping a column, a constraint or a trigger locks its table with; writing rows takes less.
const CHANGES_PARTS: [&str; 2] = ["AccessExclusiveLock", "ShareRowExclusiveLock"];

/// Returns whether a name is that of a column, constraint or trigger of the relation.
fn is_part_of(part: &ObjectName, relation: &ObjectName) -> bool {
    let rest = part.name.strip_prefix(relation.name.as_str());
    part.schema == relation.schema && rest.is_some_and(|rest| rest.starts_with('.'))
}

/// Returns whether a lock is that of others at work: they write rows of a shared table, and the step did not make it.
///
/// Once the step is committed nothing of it is open there. The run locks the table itself, and waits for them no longer
/// than `lock`.
fn is_traffic(step: &StepFacts, name: &ObjectName, mode: &str) -> bool {
    mode == "RowExclusiveLock" && !step.objects.iter().any(|(own, _)| own == name)
}

/// Says that nobody has the step open, and who writes beside it.
fn traffic_in_words(step: &StepFacts, facts: &Facts) -> String {
    let mut beside = Vec::new();
    for open in &facts.open {
        for name in open.locks.iter().filter_map(|(relation, mode)| {
            relation.as_ref().filter(|name| step.writes.contains(name) && is_traffic(step, name, mode))
        }) {
            beside.push(format!("pid {} writes rows of {name}", open.pid));
        }
    }
    let nobody = "no other session holds a write lock on it";
    if beside.is_empty() {
        return nobody.to_owned();
    }
    format!("{nobody}; beside it {}, and a run would wait for that", beside.join(", "))
}

/// Finds the open transactions that are about this step.
fn open_on<'a>(step: &StepFacts, seen: &Presence, facts: &'a Facts) -> Vec<&'a OpenTransaction> {
    let applied = seen.applied();
    let writes = |open: &OpenTransaction, step: &StepFacts, applied: bool| {
        let is_about = |name: &ObjectName, mode: &str| {
            (step.writes.contains(name) && !(applied && is_traffic(step, name, mode)))
                || (CHANGES_PARTS.contains(&mode) && step.writes.iter().any(|written| is_part_of(written, name)))
        };
        open.locks.iter().any(|(relation, mode)| relation.as_ref().is_some_and(|name| is_about(name, mode)))
    };
    facts
        .open
        .iter()
        .filter(|open| {
            if applied && step.objects.iter().any(|(_, present)| *present) {
                return writes(open, step, applied);
            }
            // What it creates nobody else can see yet: known by what else it locks, or, when that says nothing of any
            // step, it may be any step that is not there.
            let hidden = open.locks.iter().any(|(relation, _)| relation.is_none());
            writes(open, step, applied) || (hidden && !facts.steps.iter().any(|other| writes(open, other, false)))
        })
        .collect()
}

fn open_in_words(open: &OpenTransaction) -> String {
    let mut locks: Vec<String> = Vec::new();
    let mut hidden: BTreeMap<&str, usize> = BTreeMap::new();
    for (relation, mode) in &open.locks {
        match relation {
            Some(relation) => locks.push(format!("{mode} on {relation}")),
            // One transaction may have made hundreds: counted, not listed.
            None => *hidden.entry(mode.as_str()).or_default() += 1,
        }
    }
    locks.extend(hidden.into_iter().map(|(mode, count)| match count {
        1 => format!("{mode} on a relation only it can see"),
        count => format!("{mode} on {count} relations only it can see"),
    }));
    format!(
        "pid {} ({}, {}) is {} for {} s and holds {}",
        open.pid,
        open.user,
        open.application,
        open.state,
        open.age_seconds,
        locks.join(", ")
    )
}

fn dependant_in_words(dependant: &Dependant) -> String {
    let of = dependant
        .step
        .as_ref()
        .map_or_else(|| "which the runbook does not declare".to_owned(), |step| format!("of {step}"));
    format!("{} ({of}) depends on {} by {}", dependant.name, dependant.on, dependant.by)
}

fn clear_words(facts: &Facts) -> String {
    format!(
        "{} stop conditions are clear, {} checks that hold throughout are as expected",
        facts.conditions.len(),
        facts.throughout.len()
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::diagnose::ConditionFact;

    fn table(name: &str) -> ObjectName {
        ObjectName::new("public", name)
    }

    fn step(id: &str, objects: &[(&str, bool)], rows: Option<&str>) -> StepFacts {
        StepFacts {
            step: id.into(),
            objects: objects.iter().map(|(name, present)| (table(name), *present)).collect(),
            traces: rows.map(|rows| ("rows".to_owned(), Reading::Value(Some(rows.to_owned())))).into_iter().collect(),
            dependants: Vec::new(),
            writes: objects.iter().map(|(name, _)| table(name)).chain([table(&format!("shared_{id}"))]).collect(),
        }
    }

    fn facts(steps: Vec<StepFacts>) -> Facts {
        Facts {
            read_at: Timestamp::UNIX_EPOCH,
            steps,
            open: Vec::new(),
            conditions: Vec::new(),
            throughout: Vec::new(),
            unreadable: Vec::new(),
        }
    }

    fn open(locks: &[Option<&str>]) -> OpenTransaction {
        OpenTransaction {
            pid: 7,
            user: "ops".to_owned(),
            application: "psql".to_owned(),
            state: "idle in transaction".to_owned(),
            backend_start: None,
            xact_start: None,
            age_seconds: 90,
            last_statement: String::new(),
            locks: locks.iter().map(|name| (name.map(table), "RowExclusiveLock".to_owned())).collect(),
        }
    }

    fn modes(facts: Facts) -> String {
        let diagnosis = diagnose(facts);
        let steps: Vec<String> =
            diagnosis.steps.iter().map(|step| format!("{} {}", step.step, step.mode.word())).collect();
        format!("{}: {}", diagnosis.mode.word(), steps.join(", "))
    }

    #[test]
    fn each_branch_is_reached_by_its_fact() {
        assert_eq!(modes(facts(vec![step("A", &[("a", false)], Some("0"))])), "not_applied: A not_applied");
        assert_eq!(modes(facts(vec![step("A", &[("a", true)], None)])), "isolated: A isolated");
        assert_eq!(modes(facts(vec![step("A", &[], Some("3"))])), "isolated: A isolated");
        let mut parent = step("A", &[("a", true)], None);
        parent.dependants =
            vec![Dependant { name: table("b"), on: table("a"), by: "foreign key".to_owned(), step: Some("B".into()) }];
        assert_eq!(modes(facts(vec![parent, step("B", &[("b", true)], None)])), "ordered: A ordered, B isolated");
    }

    #[test]
    fn unknown_and_contradictory_facts_stop() {
        assert_eq!(modes(facts(vec![step("A", &[("a", true), ("a2", false)], None)])), "stop: A stop");
        assert_eq!(modes(facts(vec![step("A", &[], Some("many"))])), "stop: A stop");
        let mut blind = facts(vec![step("A", &[("a", true)], None)]);
        blind.unreadable.push("other sessions".to_owned());
        assert_eq!(modes(blind), "stop: A stop");
        let mut tripped = facts(vec![step("A", &[("a", true)], None), step("B", &[("b", false)], None)]);
        let condition = |state| ConditionFact {
            id: "event-emitted".to_owned(),
            title: "an event was emitted".to_owned(),
            expected: "0".to_owned(),
            actual: Reading::Value(Some("1".to_owned())),
            state,
        };
        tripped.conditions.push(condition(ConditionState::Tripped));
        assert_eq!(modes(tripped.clone()), "stop: A stop, B stop");
        tripped.conditions[0] = condition(ConditionState::Unknown);
        assert_eq!(modes(tripped.clone()), "stop: A stop, B stop");
        tripped.conditions[0] = condition(ConditionState::Clear);
        assert_eq!(modes(tripped), "isolated: A isolated, B not_applied");
    }

    #[test]
    fn an_open_transaction_belongs_to_the_step_whose_tables_it_locks() {
        let steps = || {
            vec![step("A", &[("a", true)], None), step("B", &[("b", false)], None), step("C", &[("c", false)], None)]
        };
        let mut known = facts(steps());
        known.open.push(open(&[None, Some("shared_B")]));
        assert_eq!(modes(known), "in_transaction: A isolated, B in_transaction, C not_applied");
        let mut hidden = facts(steps());
        hidden.open.push(open(&[None]));
        assert_eq!(modes(hidden), "in_transaction: A isolated, B in_transaction, C in_transaction");
        // Rows of a shared table that others write are traffic once the step is committed; its own table's are not.
        let mut traffic = facts(vec![step("A", &[("a", true)], None)]);
        traffic.open.push(open(&[Some("shared_A")]));
        assert_eq!(modes(traffic.clone()), "isolated: A isolated");
        assert!(diagnose(traffic.clone()).steps[0].path[1].fact.contains("pid 7 writes rows of public.shared_A"));
        traffic.open[0].locks[0].1 = "ShareRowExclusiveLock".to_owned();
        assert_eq!(modes(traffic.clone()), "in_transaction: A in_transaction");
        traffic.open[0] = open(&[Some("a")]);
        assert_eq!(modes(traffic), "in_transaction: A in_transaction");
        // A column is known by a change of its table, not by rows written there.
        let mut column = facts(vec![step("A", &[("orders.note", false)], None)]);
        column.open.push(open(&[Some("orders")]));
        assert_eq!(modes(column.clone()), "not_applied: A not_applied");
        column.open[0].locks[0].1 = "AccessExclusiveLock".to_owned();
        assert_eq!(modes(column), "in_transaction: A in_transaction");
        let mut elsewhere = facts(steps());
        elsewhere.open.push(open(&[Some("invoices")]));
        assert_eq!(modes(elsewhere), "isolated: A isolated, B not_applied, C not_applied");
    }
}
