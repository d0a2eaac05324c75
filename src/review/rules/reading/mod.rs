//! Takes a statement and the live catalog; gives what it sets off beyond what it says: functions, triggers, defaults.
//!
//! Functions in SQL and PL/pgSQL are read on the grammar and followed wherever they lead, each once. What cannot be read
//! is said to be so. The rules decide what a consequence means in their place; how much it weighs is said here, once.

mod fires;
#[cfg(test)]
pub(super) mod fixture;
mod resolve;
mod walk;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::review::{Catalog, Severity};
use crate::runbook::sql::{Body, Statement, Touch};
use crate::runbook::{ObjectClass, ObjectName, Runbook};

pub(super) use fires::{Fired, by_definition, by_write, event_of, is_gone};
pub(super) use walk::{Site, sites};

/// Something that happens because a statement runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Consequence {
    /// What happens.
    pub(super) what: What,
    /// How it comes to that: `public.f()`, `public.g()`, `nextval()`.
    pub(super) chain: Vec<String>,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// It outlives ROLLBACK, or reaches beyond the database: the text says what.
    Survives(String),
    /// It ends the transaction.
    Ends(String),
    /// It changes a setting; an empty name cannot be read.
    Setting(String),
    /// It changes an object or its rows.
    Writes(Touch, ObjectName),
    /// It writes where no count of rows shows it: the text says what.
    Acts(String),
    /// It cannot be read: the text says why.
    Unreadable(String),
    /// Worth knowing.
    Noted(String),
}

/// In what place a consequence is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// A script calls it.
    Called,
    /// A write of the script sets it off.
    Fired,
    /// A check or stop condition asks it.
    Asked,
}

/// Reads consequences out of one catalog; bodies are read once.
pub(super) struct Reader<'a> {
    runbook: &'a Runbook,
    catalog: &'a Catalog,
    bodies: Mutex<BTreeMap<u32, Arc<Result<Body, String>>>>,
}

impl<'a> Reader<'a> {
    /// Makes a reader; nothing is read yet.
    pub(super) fn new(runbook: &'a Runbook, catalog: &'a Catalog) -> Self {
        Self { runbook, catalog, bodies: Mutex::default() }
    }

    /// Returns what one call, operator or cast of a statement leads to.
    pub(super) fn site(&self, statement: &Statement, site: &Site<'_>) -> Vec<Consequence> {
        let mut walk = self.walk();
        walk.know_types(statement);
        walk.site(site);
        walk.found
    }

    /// Returns what the views and policies lead to that a statement reads through, and the casts nobody wrote.
    pub(super) fn read_through(&self, statement: &Statement) -> Vec<Consequence> {
        let mut walk = self.walk();
        walk.know_types(statement);
        walk.implicit();
        walk.reads(statement);
        walk.found
    }

    /// Returns what one trigger, event trigger or column expression of a written table leads to.
    pub(super) fn fired(&self, fired: &Fired<'_>) -> Vec<Consequence> {
        let mut walk = self.walk();
        walk.fired(fired);
        walk.found
    }

    /// Returns everything a whole statement leads to, its own writes included.
    pub(super) fn whole(&self, statement: &Statement) -> Vec<Consequence> {
        let mut walk = self.walk();
        walk.statement(statement);
        walk.found
    }

    fn walk(&self) -> walk::Walk<'_> {
        walk::Walk::new(self, vec![self.runbook.target.schema.clone()])
    }

    /// Returns how much a consequence weighs; `None` when it is as it should be.
    pub(super) fn weight(&self, consequence: &Consequence, setting: Setting) -> Option<Severity> {
        match (&consequence.what, setting) {
            // A check only reads (D-50).
            (What::Survives(_) | What::Ends(_), _) | (What::Writes(_, _) | What::Acts(_), Setting::Asked) => {
                Some(Severity::Block)
            }
            (What::Setting(name), _) => {
                let is_ours = name.is_empty() || super::timeouts_are_ours::is_pinned(name);
                Some(if is_ours { Severity::Block } else { Severity::Hazard })
            }
            (What::Writes(how, name), Setting::Called | Setting::Fired) => self.weight_of_write(*how, name, setting),
            (What::Acts(_) | What::Unreadable(_), _) => Some(Severity::Hazard),
            (What::Noted(_), _) => Some(Severity::Note),
        }
    }

    fn weight_of_write(&self, how: Touch, name: &ObjectName, setting: Setting) -> Option<Severity> {
        let Some(object) = self.runbook.object(name).filter(|object| !object.later_phase) else {
            return Some(Severity::Block);
        };
        let takes_away = matches!(how, Touch::Delete | Touch::Truncate | Touch::Drop);
        match &object.class {
            // D-29, D-50: triggers write to what grows, and that is what it is for; it never shrinks.
            ObjectClass::Growing if setting == Setting::Fired && matches!(how, Touch::Insert | Touch::Update) => None,
            ObjectClass::Growing if how == Touch::Insert => Some(Severity::Hazard),
            ObjectClass::RetireOnly { .. } if !takes_away => Some(Severity::Hazard),
            ObjectClass::Protected | ObjectClass::Growing | ObjectClass::RetireOnly { .. } => Some(Severity::Block),
            ObjectClass::Greenfield | ObjectClass::Shared { .. } => Some(Severity::Hazard),
        }
    }

    /// Says a consequence in one sentence, its chain first.
    pub(super) fn tell(&self, consequence: &Consequence) -> String {
        let chain = consequence.chain.join(" → ");
        match &consequence.what {
            What::Survives(what) => {
                format!("{chain}: {what}. That survives ROLLBACK, or reaches beyond this database.")
            }
            What::Ends(word) => format!("{chain}: {word} in it ends the transaction, which the console owns."),
            What::Setting(name) if name.is_empty() => format!("{chain}: it sets something that cannot be read."),
            What::Setting(name) => format!("{chain}: it changes the setting {name}."),
            What::Writes(how, name) => {
                let class = match self.runbook.object(name).map(|object| (&object.class, object.later_phase)) {
                    None => "which the runbook does not declare",
                    Some((_, true)) => "which belongs to a later phase",
                    Some((ObjectClass::Greenfield, _)) => "which is greenfield",
                    Some((ObjectClass::Shared { .. }, _)) => "which is shared",
                    Some((ObjectClass::RetireOnly { .. }, _)) => "whose rows are retired, never deleted",
                    Some((ObjectClass::Protected, _)) => "which is protected",
                    Some((ObjectClass::Growing, _)) => "which only grows",
                };
                format!("{chain}: {} {name}, {class}.", verb(*how))
            }
            What::Acts(what) => format!("{chain}: {what}, and no count of rows shows it."),
            What::Unreadable(why) => format!("{chain} cannot be read: {why}."),
            What::Noted(what) => format!("{chain}: {what}."),
        }
    }

    /// Returns the notes a list of consequences is worth, the heaviest only, each sentence once.
    pub(super) fn sentences(&self, all: &[Consequence], setting: Setting) -> Vec<(Severity, String)> {
        let weighed: Vec<_> = all.iter().filter_map(|one| Some((self.weight(one, setting)?, self.tell(one)))).collect();
        let Some(heaviest) = weighed.iter().map(|(severity, _)| *severity).max() else { return Vec::new() };
        let mut said: Vec<(Severity, String)> = Vec::new();
        for one in weighed.into_iter().filter(|(severity, _)| *severity == heaviest) {
            // Three sentences of the same weight say enough of one place.
            if !said.contains(&one) && said.len() < 3 {
                said.push(one);
            }
        }
        said
    }
}

fn verb(how: Touch) -> &'static str {
    match how {
        Touch::Read => "it reads",
        Touch::Call => "it calls",
        Touch::Lock => "it locks",
        Touch::Insert => "it inserts into",
        Touch::Update => "it updates",
        Touch::Delete => "it deletes from",
        Touch::Truncate => "it empties",
        Touch::Create => "it creates",
        Touch::Alter => "it alters",
        Touch::Attach => "it attaches something to",
        Touch::Drop => "it drops",
    }
}
