//! Takes one event of the session; changes what is shown, and says what should be asked next.

use std::sync::Arc;

use jiff::Timestamp;

use crate::port::DatabaseError;
use crate::run::{Finished, Outcome};
use crate::session::{Command, Event, Failure, LeftFinding, Progress};

use super::errand::answered_by;
use super::state::{Connection, Errand, Known, OpenBaseline, OpenRunbook, Rehearsed, Shown, Tone, Watched};

/// How many lines of live progress are kept; a plan has fewer statements than this.
const PROGRESS_LIMIT: usize = 20_000;

impl Shown {
    /// Takes one event; returns what should be asked next, in order.
    pub fn hear(&mut self, event: Event, now: Timestamp) -> Vec<Command> {
        let settled = answered_by(&event);
        let mut next = Vec::new();
        match event {
            Event::Began(what) => {
                if let Some(flight) = &mut self.flight {
                    flight.began = true;
                    flight.what = what;
                }
            }
            Event::RunbookOpened { path, runbook, diagnostics, review } => {
                next = self.opened(OpenRunbook { path, runbook, diagnostics, review }, now);
            }
            Event::Connected { note, environment } => next = self.connected(Connection { note, environment }, now),
            Event::Disconnected => {
                self.note(now, Tone::Plain, "Disconnected", "");
                self.connection = Known::NotAsked;
                self.survey = Known::NotAsked;
                self.ledger = Known::NotAsked;
                self.no_ledger = false;
                self.watched = None;
            }
            Event::BaselineOpened { path, baseline } => {
                self.note(now, Tone::Good, format!("Opened the baseline \"{}\"", baseline.label), "");
                self.baseline = Known::Known(OpenBaseline { path, baseline });
                if self.connection.value().is_some() && self.runbook.value().is_some() {
                    next.push(Command::Survey);
                }
            }
            Event::BaselineSaved { path, baseline } => {
                self.kept.push(baseline);
                let kept = format!("Kept the census as a baseline in {}", path.display());
                if let Some(open) = self.baseline.value() {
                    // What everything is compared with changes by an act of its own.
                    let stays =
                        format!("\u{201c}{}\u{201d} stays what everything is compared with.", open.baseline.label);
                    self.note(now, Tone::Good, kept, stays);
                } else {
                    self.note(now, Tone::Good, kept, "");
                    next.push(Command::OpenBaseline(path));
                }
            }
            Event::Surveyed(survey) => {
                let failures = survey.comparison.failures().count();
                let rows = survey.comparison.rows.len();
                self.note(now, Tone::Plain, format!("Looked at {rows} checks: {failures} not as expected"), "");
                self.survey = Known::Known(survey);
            }
            Event::Rehearsed { plan, rehearsal } => {
                let (tone, text) = rehearsal_words(&rehearsal);
                self.note(now, tone, text, "");
                self.rehearsal = Known::Known(Rehearsed { plan, rehearsal });
            }
            Event::BuildRehearsed(built) => {
                let (tone, words) = if built.passed() {
                    (Tone::Good, "rolled back, nothing left behind")
                } else {
                    (Tone::Bad, "it did not pass")
                };
                self.note(now, tone, format!("Rehearsed the build of {}: {words}", built.step), "");
                self.built = Known::Known(built);
            }
            Event::Staged { request, digest } => {
                let hint = "Ask two people to approve it.";
                self.note(now, Tone::Good, format!("Staged {request} · {}", digest.short()), hint);
                self.request = Some(digest);
                next.push(Command::ReadLedger);
            }
            Event::DumpOpened { path, contents } => {
                let text = format!("Opened the dump {}: {} tables", path.display(), contents.tables.len());
                self.note(now, Tone::Good, text, "");
                self.dump = Known::Known((path, contents));
                self.difference = Known::NotAsked;
                self.found_rows = None;
            }
            Event::DifferenceSeen(seen) => {
                let (table, words) = (&seen.restore.table, seen.restore.difference.in_words());
                self.note(now, Tone::Plain, format!("Compared {table} with the dump: {words}"), "");
                self.difference = Known::Known(seen);
                self.found_rows = None;
            }
            Event::DifferenceSearched(found) => self.found_rows = found,
            Event::Decided(sentence) => {
                self.note(now, Tone::Good, sentence, "");
                next.push(Command::ReadLedger);
            }
            Event::SavedToSign { path, namespace } => {
                let hint =
                    format!("Sign it with ssh-keygen -Y sign -n {}, and bring the .sig file back.", namespace.as_str());
                self.note(now, Tone::Good, format!("Wrote {}", path.display()), hint);
            }
            Event::Progress(progress) => self.progressed(progress),
            Event::Ran { request, finished, finding } => {
                self.ran(request, finished, finding, now);
                next.extend([Command::ReadLedger, Command::Survey]);
            }
            Event::FindingExported { folder, digest } => {
                self.note(
                    now,
                    Tone::Good,
                    format!("Wrote the finding to {} · {}", folder.display(), digest.short()),
                    "",
                );
                self.exported.push((folder, digest));
                next.push(Command::ReadLedger);
            }
            Event::FindingVerified(verification) => self.verification = Known::Known(verification),
            Event::LedgerMade => {
                self.note(now, Tone::Good, "Made the ledger", "");
                self.no_ledger = false;
                next.push(Command::ReadLedger);
            }
            Event::LedgerRead(view) => {
                self.no_ledger = false;
                // A restart lifts what the watch saw: it says so again when it still trips.
                if self.latched().is_some() && view.state.stop().is_none() {
                    self.watched = None;
                    next.push(Command::Survey);
                }
                // Another divergence finding asks other records.
                let stands_on =
                    |view: &crate::session::LedgerView| view.state.halt.divergence().map(|(kept, _)| kept.seq);
                let before = self.ledger.value().and_then(|before| stands_on(before));
                if stands_on(&view).is_some() && stands_on(&view) != before {
                    next.push(Command::LookAtRestart);
                }
                self.ledger = Known::Known(view);
                self.adopt_rehearsal();
            }
            Event::AgentKeys(keys) => self.agent_keys = Known::Known(keys),
            Event::RestartSeen(look) => self.restart = Known::Known(look),
            Event::Watched { tripped, latch, held_here } => {
                if let Some(words) = latch.words() {
                    self.note(now, Tone::Bad, format!("Disaster stop: {words}"), "Halt; see the stop screen.");
                }
                self.watched = Some(Watched { tripped, latch, held_here });
            }
            Event::Finished => {
                // A late "finished" of the command before must not end the one that has not begun yet.
                if let Some(flight) = self.flight.take_if(|flight| flight.began)
                    && flight.errand == Errand::Prove
                {
                    // What the ledger says by now counts, and not what this desk was told when the answer was lost.
                    self.run.finished = None;
                }
            }
            Event::Failed(failure) => {
                // A run that did not end well may have left an intent behind: every desk must see it.
                if self.flight.as_ref().is_some_and(|flight| matches!(flight.errand, Errand::Run | Errand::Prove)) {
                    next.push(Command::ReadLedger);
                }
                self.failed(failure, now);
            }
        }
        if let Some(errand) = settled
            && self.flight.as_ref().is_some_and(|flight| flight.errand == errand)
        {
            self.flight = None;
        }
        next
    }

    fn opened(&mut self, open: OpenRunbook, now: Timestamp) -> Vec<Command> {
        let book = &open.runbook;
        let text = format!("Opened {}: {} steps, {} checks", book.id, book.steps.len(), book.checks.len());
        self.note(now, Tone::Good, text, "");
        self.step = self.step.min(book.steps.len().saturating_sub(1));
        // Another runbook makes every look at the database stale.
        self.survey = Known::NotAsked;
        self.runbook = Known::Known(open);
        if self.connection.value().is_some() { vec![Command::Survey] } else { Vec::new() }
    }

    fn connected(&mut self, connection: Connection, now: Timestamp) -> Vec<Command> {
        let note = &connection.note;
        let text = format!("Connected to {} @ {} as {}", note.database, note.server, note.role);
        self.note(now, Tone::Good, text, "");
        self.survey = Known::NotAsked;
        self.ledger = Known::NotAsked;
        self.no_ledger = false;
        self.watched = None;
        self.connection = Known::Known(connection);
        let mut next = vec![Command::ReadLedger];
        if self.runbook.value().is_some() {
            next.push(Command::Survey);
        }
        next
    }

    fn ran(&mut self, request: String, finished: Arc<Finished>, finding: Option<LeftFinding>, now: Timestamp) {
        let tone = if finished.outcome == Outcome::Committed { Tone::Good } else { Tone::Bad };
        self.note(now, tone, super::view::run::sentence(&finished), "");
        self.run.request = request;
        self.run.finished = Some(finished);
        self.run.finding = finding;
    }

    fn progressed(&mut self, progress: Progress) {
        let errand = self.flight.as_ref().map(|flight| flight.errand);
        if let (Progress::Sending { number, of, .. }, Some(flight)) = (&progress, &mut self.flight) {
            flight.statement = Some((*number, *of));
        }
        if let Progress::Asked { done, of } = progress {
            if let Some(flight) = &mut self.flight {
                flight.asked = Some((done, of));
            }
            return;
        }
        let kept = if errand == Some(Errand::Run) { &mut self.run.progress } else { &mut self.rehearsing };
        if kept.len() < PROGRESS_LIMIT {
            kept.push(progress);
        }
    }

    fn failed(&mut self, failure: Failure, now: Timestamp) {
        let errand = self.flight.take().map(|flight| flight.errand);
        if errand == Some(Errand::ReadLedger) && failure.message.contains(&DatabaseError::NoLedger.to_string()) {
            // Not a failure for people: the start page offers to make one.
            self.no_ledger = true;
            self.ledger = Known::NotAsked;
            return;
        }
        let line = (failure.message.clone(), failure.hint.clone());
        match errand {
            Some(Errand::Runbook) => self.runbook.fail(failure),
            Some(Errand::Connect) => self.connection.fail(failure),
            Some(Errand::Baseline) => self.baseline.fail(failure),
            Some(Errand::Survey) => self.survey.fail(failure),
            Some(Errand::Rehearse) => self.rehearsal.fail(failure),
            Some(Errand::RehearseBuild) => self.built.fail(failure),
            Some(Errand::ReadLedger) => self.ledger.fail(failure),
            Some(Errand::AgentKeys) => self.agent_keys.fail(failure),
            Some(Errand::VerifyFinding) => self.verification.fail(failure),
            Some(Errand::OpenDump) => self.dump.fail(failure),
            Some(Errand::CompareWithDump) => self.difference.fail(failure),
            Some(Errand::LookAtRestart) => self.restart.fail(failure),
            Some(
                Errand::Disconnect
                | Errand::SaveBaseline
                | Errand::Stage
                | Errand::Decide
                | Errand::SaveToSign
                | Errand::Run
                | Errand::Prove
                | Errand::ExportFinding
                | Errand::InitLedger
                | Errand::Stop
                | Errand::SearchDifference,
            )
            | None => return self.shout(now, line.0, line.1),
        }
        self.note(now, Tone::Bad, line.0, line.1);
    }

    /// Notes that a command was sent.
    pub fn asked(&mut self, errand: Errand) {
        match errand {
            Errand::Runbook => self.runbook.ask(),
            Errand::Connect => self.connection.ask(),
            Errand::Baseline => self.baseline.ask(),
            Errand::Survey => self.survey.ask(),
            Errand::Rehearse => {
                self.rehearsal.ask();
                self.rehearsing.clear();
            }
            Errand::RehearseBuild => {
                self.built.ask();
                self.rehearsing.clear();
            }
            Errand::Stage => self.rehearsing.clear(),
            Errand::ReadLedger => self.ledger.ask(),
            Errand::AgentKeys => self.agent_keys.ask(),
            Errand::VerifyFinding => self.verification.ask(),
            Errand::OpenDump => self.dump.ask(),
            Errand::CompareWithDump => self.difference.ask(),
            Errand::LookAtRestart => self.restart.ask(),
            Errand::Run => {
                self.run.progress.clear();
                self.run.finished = None;
            }
            Errand::Disconnect
            | Errand::SaveBaseline
            | Errand::Decide
            | Errand::Prove
            | Errand::SaveToSign
            | Errand::ExportFinding
            | Errand::InitLedger
            | Errand::Stop
            | Errand::SearchDifference => {}
        }
    }

    /// Shows the rehearsal of the newest request when no other was made here.
    fn adopt_rehearsal(&mut self) {
        let Some(view) = self.chosen().cloned() else { return };
        let stale = self.rehearsal.value().is_none_or(|shown| shown.rehearsal.taken_at < view.rehearsal.taken_at);
        if stale && !matches!(self.rehearsal, Known::Asking { .. }) {
            self.rehearsal = Known::Known(Rehearsed { plan: view.plan, rehearsal: view.rehearsal });
        }
    }
}

fn rehearsal_words(rehearsal: &crate::rehearsal::Rehearsal) -> (Tone, String) {
    let millis = rehearsal.duration_millis;
    match &rehearsal.failure {
        Some(failure) => (Tone::Bad, format!("The rehearsal did not pass: {failure}")),
        None if rehearsal.residue.is_empty() => {
            (Tone::Good, format!("Rehearsed, {} · {millis} ms", rehearsal.left_words()))
        }
        None => (Tone::Bad, format!("The rehearsal left {} things behind", rehearsal.residue.len())),
    }
}
