//! Takes a runbook and, where there is one, the catalog; asks every rule about every script; refuses silence.
//!
//! One rule is one file: its help page, its look, its cases. A rule only says what it sees; what its note means for
//! sealing is the severity, and a waiver of the author's turns a hazard into a note, never a block (D-5).

use std::collections::{BTreeSet, HashMap};

use super::parallel::{ask, each, free_aside};
use super::{Catalog, Note, Place, Review, RowCount, RuleInfo, Severity};
use crate::runbook::sql::{Node, SqlProblem, Statement, Touched, split, touched};
use crate::runbook::{Object, ObjectKind, ObjectName, Runbook, ScriptWaiver, Step, StepId, script_waivers};

type Look = fn(&Scene<'_>, &mut Found<'_>);

/// Declares the rules: each module gives `INFO` and `look`.
macro_rules! rules {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every rule, in the order in which they are asked.
        pub const RULES: &[RuleInfo] = &[$($module::INFO),*, UNUSED_WAIVER];

        const LOOKS: &[Look] = &[$($module::look),*];
    };
}

mod dependants;
mod reading;

rules! {
    syntax, placeholder_left, invisible_text, like_pattern, transaction_control, not_in_a_transaction, timeouts_are_ours,
    unreviewed_statement, function_call,
    undeclared_object, later_phase, write_on_protected, delete_on_retire_only, blanket_delete, outside_key,
    drop_not_greenfield, alter_not_greenfield, cascade, parent_before_child, trigger_reverted, outbox_must_be_empty,
    rows_undeclared, verification_missing, if_exists, unqualified_name, wrong_kind, temporary_object, trigger_fires,
    redirected_write, fk_action, column_default, undeclared_heir, truncate_parent, row_security, check_acts,
    lock_on_others, enum_value_stays,
}

const UNUSED_WAIVER: RuleInfo = RuleInfo {
    name: "unused-waiver",
    summary: "A waiver that waives nothing.",
    help: "A waiver belongs to one hazard of one statement. When the hazard is gone, or was never one, the waiver reads as\n\
           if somebody had accepted something. Blocks cannot be waived. Where the rule still leaves a note, because the\n\
           connected database answers what is a hazard without one, the waiver stays.\n\n\
           In a script it is a comment of one line directly before the statement, with a reason:\n\n\
           \x20   -- countersign: allow if-exists because it is dropped only where it was built\n\n\
           In runbook.toml it is one of the `waivers` of a [[step.statement]]. Either way it is in the runbook's digest, and\n\
           what it waives is listed in the plan that people sign.\n\n\
           What to do: remove the waiver, or correct its rule, its place or its words.",
};

/// Returns a rule's help page.
#[must_use]
pub fn explain(name: &str) -> Option<&'static RuleInfo> {
    RULES.iter().find(|rule| rule.name == name)
}

/// Asks every rule about every reversal.
#[must_use]
pub fn review(runbook: &Runbook, catalog: Option<&Catalog>) -> Review {
    let scripts = read_all(runbook);
    let edges = dependants::links(runbook, catalog);
    let reader = catalog.map(|catalog| reading::Reader::new(runbook, catalog));
    let mut objects: HashMap<&ObjectName, Vec<&Object>> = HashMap::new();
    for object in &runbook.objects {
        objects.entry(&object.name).or_default().push(object);
    }
    let mut notes = Vec::new();
    let mut counts = Vec::new();
    for (step, script) in &scripts {
        let (statements, problem) = match script {
            Ok(statements) => (statements.as_slice(), None),
            Err(problem) => (&[][..], Some(problem)),
        };
        let touched = each(statements, |statement| touched(statement, &runbook.target.schema));
        let scene = Scene {
            runbook,
            catalog,
            step,
            statements,
            problem,
            touched,
            objects: &objects,
            edges: &edges,
            reader: reader.as_ref(),
        };
        let asked: Vec<(&RuleInfo, Look)> = RULES.iter().zip(LOOKS.iter().copied()).collect();
        // Rules know nothing of each other: what one finds does not depend on when it is asked.
        let answers = ask(&asked, statements.len(), |(rule, look)| {
            let (notes, counts) = (Vec::new(), Vec::new());
            let mut found = Found { rule: rule.name, step: &step.id, file: &step.reversal.path, notes, counts };
            look(&scene, &mut found);
            vec![(found.notes, found.counts)]
        });
        let mut of_step = Vec::new();
        for (mut found, mut counted) in answers {
            of_step.append(&mut found);
            counts.append(&mut counted);
        }
        waive(step, statements, &mut of_step);
        of_step.sort_by(|a, b| (&a.place, &a.rule).cmp(&(&b.place, &b.rule)));
        notes.append(&mut of_step);
    }
    let spoke: BTreeSet<&str> = notes.iter().map(|note: &Note| note.rule.as_str()).collect();
    let silent = RULES.iter().filter(|rule| !spoke.contains(rule.name));
    let passed = silent.map(|rule| rule.name.to_owned()).collect();
    free_aside(scripts.into_iter().filter_map(|(_, script)| script.ok()).collect());
    Review { notes, passed, with_catalog: catalog.is_some(), counts }
}

type Reading<'r> = (&'r Step, Result<Vec<Statement>, SqlProblem>);

/// Reads every reversal, several at the same time when they are long.
fn read_all(runbook: &Runbook) -> Vec<Reading<'_>> {
    let bytes: usize = runbook.steps.iter().map(|step| step.reversal.text.len()).sum();
    let steps: Vec<&Step> = runbook.steps.iter().collect();
    ask(&steps, bytes / SHORTEST, |step| vec![(*step, split(&step.reversal.text))])
}

/// Few statements have fewer bytes, so that a script of so many bytes holds at most so many statements.
const SHORTEST: usize = 32;

/// Turns waived hazards into notes that quote the reason, and reports waivers that waived nothing.
fn waive(step: &Step, statements: &[Statement], notes: &mut Vec<Note>) {
    let file = || step.reversal.path.clone();
    for (ordinal, rule) in &step.statements {
        let place = || Place { file: file(), line: 0, column: 0, statement: *ordinal };
        for waiver in &rule.waivers {
            if let Some(why) = waives_nothing(notes, *ordinal, &waiver.rule, &waiver.reason) {
                let message = format!("The waiver of `{}` for statement {ordinal} waives nothing: {why}.", waiver.rule);
                let way_out = "Remove it, or correct its rule and ordinal in runbook.toml.";
                notes.push(unused(step, place(), message, way_out));
            }
        }
    }
    // The script's own come second: what both waive is quoted with the runbook's reason.
    for ScriptWaiver { line, column, statement, said } in script_waivers(&step.reversal.text, statements) {
        let message = match said {
            Ok(waiver) => waives_nothing(notes, statement, &waiver.rule, &waiver.reason)
                .map(|why| format!("The waiver of `{}` waives nothing: {why}.", waiver.rule)),
            Err(problem) => Some(format!("This comment waives nothing: {problem}.")),
        };
        if let Some(message) = message {
            let way_out =
                "Remove it, or write `-- countersign: allow RULE because REASON` on the line before its statement.";
            notes.push(unused(step, Place { file: file(), line, column, statement }, message, way_out));
        }
    }
}

/// Waives a rule's hazards on one statement; says why when there was nothing to waive.
fn waives_nothing(notes: &mut [Note], ordinal: u32, rule: &str, reason: &str) -> Option<&'static str> {
    let (mut used, mut is_block, mut is_said) = (false, false, false);
    for note in notes.iter_mut().filter(|note| note.rule == rule && note.place.statement == ordinal) {
        is_block |= note.severity == Severity::Block;
        is_said |= note.severity == Severity::Note;
        used |= note.waive(reason);
    }
    // Where the catalog answers what was a hazard without one, the waiver is still for those who look without.
    if used || (is_said && !is_block) {
        None
    } else if is_block {
        Some("a block cannot be waived")
    } else if explain(rule).is_none() {
        Some("there is no such rule")
    } else {
        Some("the rule raises no hazard there")
    }
}

fn unused(step: &Step, place: Place, message: String, way_out: &str) -> Note {
    Note {
        rule: UNUSED_WAIVER.name.to_owned(),
        severity: Severity::Note,
        step: Some(step.id.clone()),
        place,
        message,
        way_out: way_out.to_owned(),
        waived: None,
    }
}

/// What a rule may look at: one step's reversal.
struct Scene<'a> {
    runbook: &'a Runbook,
    catalog: Option<&'a Catalog>,
    step: &'a Step,
    /// Empty when the script cannot be read.
    statements: &'a [Statement],
    /// Why the script cannot be read.
    problem: Option<&'a SqlProblem>,
    /// For each statement, what it touches.
    touched: Vec<Vec<Touched>>,
    /// The declared objects by name, in their order.
    objects: &'a HashMap<&'a ObjectName, Vec<&'a Object>>,
    /// Who depends on whom: the dependents of each object.
    edges: &'a dependants::Links,
    /// Reads what functions and triggers do; there with a catalog only.
    reader: Option<&'a reading::Reader<'a>>,
}

impl<'a> Scene<'a> {
    /// Returns each statement with each object it touches.
    fn touches(&self) -> impl Iterator<Item = (&'a Statement, &Touched)> {
        self.statements
            .iter()
            .zip(&self.touched)
            .flat_map(|(statement, all)| all.iter().map(move |one| (statement, one)))
    }

    /// Returns each touched object that is declared, with its declaration.
    fn declared(&self) -> impl Iterator<Item = (&'a Statement, &Touched, &'a Object)> {
        self.touches().filter_map(|(statement, one)| self.object(one).map(|object| (statement, one, object)))
    }

    /// Returns the declaration of a touched object.
    fn object(&self, touched: &Touched) -> Option<&'a Object> {
        let named = self.objects.get(&touched.name)?;
        // A table and a function may have the same name; declaring one does not declare the other.
        let is_meant = |object: &Object| touched.kind.is_none_or(|kind| namespace(kind) == namespace(object.kind));
        named.iter().find(|object| is_meant(object)).copied()
    }

    /// Returns the declaration of the table a DELETE or UPDATE node writes to.
    fn target(&self, node: &Node) -> Option<&'a Object> {
        use crate::runbook::sql::tree::{present, text};
        let relation = present(node, "relation")?;
        let schema = match text(relation, "schemaname") {
            "" => &self.runbook.target.schema,
            named => named,
        };
        self.objects.get(&ObjectName::new(schema, text(relation, "relname")))?.first().copied()
    }
}

/// Returns a number for the names a kind shares with others: relations of all kinds are one crowd.
fn namespace(kind: ObjectKind) -> u8 {
    match kind {
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Sequence
        | ObjectKind::Index => 0,
        ObjectKind::Function => 1,
        ObjectKind::Trigger => 2,
        ObjectKind::EventTrigger => 3,
        ObjectKind::Type => 4,
        ObjectKind::Schema => 5,
        ObjectKind::Extension => 6,
        ObjectKind::Column => 7,
        ObjectKind::Constraint => 8,
    }
}

/// What the rules have found in one script.
struct Found<'a> {
    rule: &'static str,
    step: &'a StepId,
    file: &'a str,
    notes: Vec<Note>,
    /// Rows to be counted, for the session to ask.
    counts: Vec<RowCount>,
}

/// A place in the script a note points at.
#[derive(Clone, Copy)]
enum Spot<'a> {
    /// The script as a whole.
    Script,
    /// A line and a column, outside any statement.
    Line(u32, u32),
    /// A statement's beginning.
    Statement(&'a Statement),
    /// An object named in a statement.
    Object(&'a Statement, &'a Touched),
    /// A byte offset of the script, in a statement.
    Offset(&'a Statement, usize),
}

impl Found<'_> {
    fn block(&mut self, spot: Spot<'_>, message: impl Into<String>, way_out: impl Into<String>) {
        self.note(Severity::Block, spot, message.into(), way_out.into());
    }

    fn hazard(&mut self, spot: Spot<'_>, message: impl Into<String>, way_out: impl Into<String>) {
        self.note(Severity::Hazard, spot, message.into(), way_out.into());
    }

    fn mention(&mut self, spot: Spot<'_>, message: impl Into<String>, way_out: impl Into<String>) {
        self.note(Severity::Note, spot, message.into(), way_out.into());
    }

    fn note(&mut self, severity: Severity, spot: Spot<'_>, message: String, way_out: String) {
        let place = self.place(spot);
        let step = Some(self.step.clone());
        self.notes.push(Note { rule: self.rule.to_owned(), severity, step, place, message, way_out, waived: None });
    }

    fn count(&mut self, count: RowCount) {
        self.counts.push(count);
    }

    fn place(&self, spot: Spot<'_>) -> Place {
        let (line, column, statement) = match spot {
            Spot::Script => (0, 0, 0),
            Spot::Line(line, column) => (line, column, 0),
            Spot::Statement(statement) => (statement.line, statement.column, statement.ordinal),
            Spot::Object(statement, touched) => (touched.line, touched.column, statement.ordinal),
            Spot::Offset(statement, offset) => {
                let (line, column) = statement.place(offset);
                (line, column, statement.ordinal)
            }
        };
        Place { file: self.file.to_owned(), line, column, statement }
    }
}

#[cfg(test)]
mod testing;
