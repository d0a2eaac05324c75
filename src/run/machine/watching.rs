//! The machine's eyes: it reads the server's books before and after a stage's statements and judges what was done.

use std::collections::BTreeMap;

use super::super::books::{BOOKS, Books, SEQUENCES, whose};
use super::super::effects::{Comparing, Found};
use super::super::standing::Judge;
use super::super::via;
use super::super::{EffectKind, Purpose, Reply, StageTrace, Step, TransactionStatus};
use super::{Door, Machine, Phase};

/// What is known of the transaction's books.
#[derive(Default)]
pub(super) struct Watched {
    /// Sequence values before BEGIN.
    sequences: BTreeMap<String, Option<String>>,
    /// Before the stage's first statement.
    before: Books,
    /// At the last look.
    after: Books,
    /// Transactions that were asked after: whether each is ours.
    ours: BTreeMap<u32, bool>,
}

/// At which look the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// After the last statement and the deferred work.
    After,
    /// After everything that was asked inside: just before the end.
    Last,
}

impl Machine {
    /// Reads the values of the sequences before BEGIN, because ROLLBACK does not put them back.
    pub(super) fn read_sequences(&mut self) -> Step {
        self.watched = Watched::default();
        self.send(Phase::Sequences, Purpose::Sequences, SEQUENCES)
    }

    pub(super) fn sequences_read(&mut self, reply: &Reply) -> Step {
        let is_select = matches!(reply.tags.as_slice(), [tag] if tag.starts_with("SELECT "));
        if let Some(error) = &reply.error {
            let reason = format!("the sequences could not be read ({}): {}", error.code, error.message);
            return self.end_before_begin(reason);
        }
        if !is_select || reply.status != TransactionStatus::Idle {
            let reason = format!("the sequences were answered with {:?}, {:?}", reply.tags, reply.status);
            return self.end_before_begin(reason);
        }
        let pair = |row: &Vec<Option<String>>| Some((row.first()?.clone()?, row.get(1)?.clone()));
        self.watched.sequences = reply.rows.iter().filter_map(pair).collect();
        self.begin()
    }

    /// Reads the books before the first statement of the stage.
    pub(super) fn open_books(&mut self) -> Step {
        self.send(Phase::BooksBefore, Purpose::Books, BOOKS)
    }

    pub(super) fn books_opened(&mut self, reply: &Reply) -> Step {
        match Books::read(reply) {
            Err(reason) => self.surprise(reason),
            Ok(books) => {
                self.watched.before = books;
                self.stage_trace();
                self.send_statement(0)
            }
        }
    }

    pub(super) fn look_at_books(&mut self, look: Look) -> Step {
        self.send(Phase::Books(look), Purpose::Books, BOOKS)
    }

    pub(super) fn books_read(&mut self, look: Look, reply: &Reply) -> Step {
        let books = match Books::read(reply) {
            Err(reason) => return self.surprise(reason),
            Ok(books) => books,
        };
        let xid = books.xid.map(|xid| xid.to_string());
        if self.xid.is_some() && self.xid != xid {
            let reason = format!(
                "the transaction changed under the stage: expected id {}, actual {}",
                self.xid.clone().unwrap_or_default(),
                xid.unwrap_or_else(|| "none".to_owned())
            );
            return self.surprise(reason);
        }
        self.xid = xid;
        self.watched.after = books;
        let Found { seen: _, unknown } = self.found();
        match self.watched.after.xid {
            Some(ours) if !unknown.is_empty() => {
                self.send(Phase::Attributing(look), Purpose::Attribute, whose(&unknown, ours))
            }
            Some(_) | None => self.judge_effects(look),
        }
    }

    /// Rows that we see and whose transaction is not over are our own: nobody sees another's.
    pub(super) fn attributed(&mut self, look: Look, reply: &Reply) -> Step {
        for row in &reply.rows {
            let [Some(xid), status] = row.as_slice() else { continue };
            if let Ok(xid) = xid.parse() {
                self.watched.ours.insert(xid, status.as_deref() == Some("in progress"));
            }
        }
        self.judge_effects(look)
    }

    fn found(&self) -> Found {
        let Watched { sequences, before, after, ours } = &self.watched;
        Comparing { sequences, before, after, ours }.found()
    }

    /// Any surprise rolls back: what nobody declared, more rows than told, more than was rehearsed.
    fn judge_effects(&mut self, look: Look) -> Step {
        let Found { mut seen, unknown } = self.found();
        if self.is_via_gate() {
            // The gate keeps its progress in the same transaction, in tables that no statement of a plan may write to.
            seen.retain(|seen| !via::is_progress(seen));
        }
        let stage = self.stage_plan();
        let first = self.finished.trace.statements.len().saturating_sub(stage.statements.len());
        let judge = Judge { plan: self.plan.plan(), stage, sent: &self.finished.trace.statements[first..] };
        let (effects, surprise) = judge.judge(&seen);
        let beyond = match &self.door {
            Door::Rehearse { .. } => None,
            Door::Run(door) => {
                let approved = door.approved.trace.stages.get(self.stage);
                judge.beyond(&effects, approved.map_or(&[], |stage| &stage.effects))
            }
        };
        let step = stage.step.clone();
        let kept = |effects: &[super::super::Effect]| {
            let still = effects.iter().filter(|effect| !matches!(effect.what, EffectKind::Moved { .. }));
            still.cloned().collect::<Vec<_>>()
        };
        let earlier = self.finished.trace.stages.last().map(|stage| kept(&stage.effects)).unwrap_or_default();
        let grown = look == Look::Last && earlier != kept(&effects);
        self.stage_trace().effects = effects;
        if let Some(reason) = surprise.or(beyond) {
            return self.surprise(reason);
        }
        if let Some(xid) = unknown.first() {
            return self.surprise(format!("{step}: the server does not say whose transaction {xid} is"));
        }
        if grown {
            return self.surprise(format!("{step}: a check wrote something while it was asked; a check only reads"));
        }
        match look {
            Look::After => self.take_inside_census(),
            Look::Last => self.assert_settings(Phase::AssertingEnd),
        }
    }

    /// Returns the trace of the stage at hand; makes it when it is not there yet.
    pub(super) fn stage_trace(&mut self) -> &mut StageTrace {
        let step = self.stage_plan().step.clone();
        let stages = &mut self.finished.trace.stages;
        while stages.len() <= self.stage {
            stages.push(StageTrace { step: step.clone(), holders: Vec::new(), effects: Vec::new() });
        }
        &mut stages[self.stage]
    }
}
