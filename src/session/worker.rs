//! The worker: one command after another, off the window's thread. One operation is in flight at a time.

mod restarting;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::roster::roster_words;
use super::watch::every;
use super::{
    Approval, Building, Cancel, Command, Declaring, Event, Failure, FailureKind, Latch, LedgerMemory, Progress,
    ROSTER_OPEN_FOR, Ran, RestoreChoice, Restoring, SeenDifference, SignAs, StagedRequest, Staging, Watch, World,
    approve, approve_roster, compare_with_dump, decide, declare_stop, export_about, export_kept, held_here,
    ledger_baseline, open_baseline, open_dump, open_runbook, outcome_failure, propose_roster, prove_again,
    read_signature, rehearse, rehearse_build, reject, run_with, save_baseline, search_difference, sign_kept, stage,
    stage_end_session, stage_restore, survey_and_latch_telling, take_baseline, to_sign, upload_stops, verify_finding,
    withdraw, withdraw_roster, world::needed,
};
use crate::approval::Decision;
use crate::census::Baseline;
use crate::ledger::TrippedCondition;
use crate::port::{ConnectionNote, Database};
use crate::runbook::{Diagnostic, Principal, Runbook};

/// How many commands may wait. A person presses one button at a time.
const COMMANDS: usize = 16;

/// The two ends a face holds.
pub struct WorkerLink {
    /// Where commands go.
    pub commands: mpsc::Sender<Command>,
    /// Where events come from.
    pub events: std::sync::mpsc::Receiver<Event>,
}

/// What the worker knows between commands.
pub struct Worker {
    world: World,
    say: Speaker,
    runbook: Option<(PathBuf, Arc<Runbook>, Arc<Vec<Diagnostic>>)>,
    baseline: Option<Arc<Baseline>>,
    database: Option<(Arc<dyn Database>, ConnectionNote)>,
    memory: Arc<LedgerMemory>,
    watch_every: Duration,
    watching: Option<AbortOnDrop>,
    /// The last difference between a table and a dump.
    difference: Option<Arc<SeenDifference>>,
}

/// A task that ends with the one who holds it.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Says events, and wakes the face after each.
#[derive(Clone)]
struct Speaker {
    events: std::sync::mpsc::SyncSender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Speaker {
    fn say(&self, event: Event) {
        // A face that has gone needs no news.
        let _ = self.events.send(event);
        (self.wake)();
    }
}

/// How many events may wait for the face; it drains them every frame, and the worker waits for it beyond this.
const EVENTS: usize = 1024;

impl Worker {
    /// Starts a worker on the current runtime. `wake` is called after every event.
    #[must_use]
    pub fn start(world: World, wake: Arc<dyn Fn() + Send + Sync>) -> WorkerLink {
        Self::start_watching(world, wake, 0)
    }

    /// Starts a worker that watches the stop conditions every so many seconds while it is connected; 0 is not at all.
    #[must_use]
    pub fn start_watching(world: World, wake: Arc<dyn Fn() + Send + Sync>, seconds: u32) -> WorkerLink {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (sender, events) = std::sync::mpsc::sync_channel(EVENTS);
        let say = Speaker { events: sender, wake };
        let worker = Self {
            world,
            say,
            runbook: None,
            baseline: None,
            database: None,
            memory: Arc::default(),
            watch_every: every(seconds),
            watching: None,
            difference: None,
        };
        tokio::spawn(worker.work(inbox));
        WorkerLink { commands, events }
    }

    async fn work(mut self, mut inbox: mpsc::Receiver<Command>) {
        // What follows of itself, such as a look after connecting, waits here while the command before it ends.
        let mut waiting: VecDeque<Command> = VecDeque::new();
        let world = self.world.clone();
        loop {
            let next = match waiting.pop_front() {
                Some(command) => Some(command),
                None => inbox.recv().await,
            };
            let Some(command) = next else { return };
            match command {
                Command::Cancel => continue,
                Command::Watch(seconds) => {
                    self.watch_every = every(seconds);
                    self.watch_stops();
                    continue;
                }
                _ => {}
            }
            self.say.say(Event::Began(command.words()));
            let cancel = Cancel::default();
            self.world = world.cancelled_by(&cancel);
            let ended = {
                let work = self.perform(command, &cancel);
                tokio::pin!(work);
                loop {
                    tokio::select! {
                        ended = &mut work => break ended,
                        Some(next) = inbox.recv(), if waiting.len() < COMMANDS => match next {
                            Command::Cancel => cancel.ask(),
                            other => waiting.push_back(other),
                        },
                    }
                }
            };
            self.say.say(ended.map_or_else(Event::Failed, |()| Event::Finished));
        }
    }

    async fn perform(&mut self, command: Command, cancel: &Cancel) -> Result<(), Failure> {
        match command {
            Command::OpenRunbook(path) => self.open(path),
            Command::Connect { text, environment } => {
                let database = self.world.doors.open(&text).await?;
                let note = database.describe().await?;
                self.memory = Arc::default();
                self.world.ledgers.forget();
                self.database = Some((database, note.clone()));
                self.follow();
                self.watch_stops();
                self.say.say(Event::Connected { note, environment });
                Ok(())
            }
            Command::Disconnect => {
                self.database = None;
                self.watching = None;
                self.say.say(Event::Disconnected);
                Ok(())
            }
            Command::OpenBaseline(path) => {
                let baseline = Arc::new(open_baseline(&self.world, &path)?);
                self.baseline = Some(Arc::clone(&baseline));
                self.watch_stops();
                self.say.say(Event::BaselineOpened { path, baseline });
                Ok(())
            }
            Command::Survey => tokio::select! {
                looked = self.survey() => looked,
                () = cancel.asked() => Err(cancelled("the look at the database")),
            },
            Command::SaveBaseline { path, label } => {
                let baseline = take_baseline(&*self.database()?, &self.runbook()?.0, &label).await?;
                save_baseline(&self.world, &path, &baseline)?;
                self.say.say(Event::BaselineSaved { path, baseline: Arc::new(baseline) });
                Ok(())
            }
            Command::Rehearse { steps, bindings } => {
                let (runbook, diagnostics) = self.runbook()?;
                let (database, baseline) = (self.database()?, self.baseline().await?);
                let staging = Staging {
                    runbook: &runbook,
                    diagnostics: &diagnostics,
                    baseline: &baseline,
                    steps: &steps,
                    bindings: &bindings,
                    run_as: None,
                    via: None,
                };
                let nobody = Principal("rehearsal".to_owned());
                let (plan, rehearsal, looked) =
                    rehearse(&self.world, &*database, &staging, nobody, &mut self.watch(&mut self.teller(), cancel))
                        .await?;
                self.say.say(Event::Surveyed(Arc::new(looked)));
                self.say.say(Event::Rehearsed { plan: Arc::new(plan.plan().clone()), rehearsal: Arc::new(rehearsal) });
                Ok(())
            }
            Command::RehearseBuild { step, bindings } => {
                let (runbook, diagnostics) = self.runbook()?;
                let (database, baseline) = (self.database()?, self.baseline().await?);
                let building = Building {
                    runbook: &runbook,
                    diagnostics: &diagnostics,
                    baseline: &baseline,
                    step: &step,
                    bindings: &bindings,
                };
                let built =
                    rehearse_build(&self.world, &*database, &building, &mut self.watch(&mut self.teller(), cancel))
                        .await?;
                self.say.say(Event::BuildRehearsed(Arc::new(built)));
                Ok(())
            }
            Command::Stage { steps, bindings, via, signer } => {
                let (runbook, diagnostics) = self.runbook()?;
                let (database, baseline) = (self.database()?, self.baseline().await?);
                let staging = Staging {
                    runbook: &runbook,
                    diagnostics: &diagnostics,
                    baseline: &baseline,
                    steps: &steps,
                    bindings: &bindings,
                    run_as: None,
                    via,
                };
                let staged =
                    stage(&self.world, &*database, &staging, &signer, &mut self.watch(&mut self.teller(), cancel))
                        .await?;
                self.staged(staged).await
            }
            Command::StageEndSession { choice, signer } => {
                let (runbook, _) = self.runbook()?;
                let (database, baseline) = (self.database()?, self.baseline().await?);
                let staged = stage_end_session(&self.world, &*database, &runbook, &baseline, &choice, &signer).await?;
                self.staged(staged).await
            }
            Command::Approve { request, digest, signer } => {
                let database = self.database()?;
                let stands = approve(&self.world, &*database, &request, Some(digest), Approval::Sign(&signer)).await?;
                let words =
                    format!("{} approved {request}: {} of {}", signer.principal, stands.approved.len(), stands.needed);
                self.decided(words).await
            }
            Command::SaveToSign { request, decision, path } => {
                let decision = decision.as_ref().map(|(decision, reason)| (*decision, reason.as_str()));
                let signed = to_sign(&self.world, &*self.database()?, &request, decision).await?;
                self.world.folders.write_file(&path, signed.bytes.as_bytes())?;
                self.say.say(Event::SavedToSign { path, namespace: signed.namespace });
                Ok(())
            }
            Command::ImportSignature { request, digest, decision, principal, path } => {
                let brought = Approval::Brought(read_signature(&self.world, &path, &principal)?);
                let database = self.database()?;
                let words = match decision {
                    None => {
                        let stands = approve(&self.world, &*database, &request, Some(digest), brought).await?;
                        let (have, needed) = (stands.approved.len(), stands.needed);
                        format!("{principal} approved {request} elsewhere: {have} of {needed}")
                    }
                    Some((decision, reason)) => {
                        decide(&self.world, &*database, &request, decision, &reason, brought).await?;
                        let did = match decision {
                            Decision::Reject => "rejected",
                            Decision::Withdraw => "withdrew from",
                        };
                        format!("{principal} {did} {request} elsewhere")
                    }
                };
                self.decided(words).await
            }
            Command::Reject { request, reason, signer } => {
                reject(&self.world, &*self.database()?, &request, &reason, &signer).await?;
                self.decided(format!("{} rejected {request}", signer.principal)).await
            }
            Command::Withdraw { request, reason, signer } => {
                withdraw(&self.world, &*self.database()?, &request, &reason, &signer).await?;
                self.decided(format!("{} withdrew from {request}", signer.principal)).await
            }
            Command::Run { request, confirm, signer } => self.run_with(request, &confirm, &signer, None, cancel).await,
            Command::RunRestore { request, confirm, dump, signer } => {
                self.run_with(request, &confirm, &signer, Some(&dump), cancel).await
            }
            Command::OpenDump(path) => {
                let contents = Arc::new(open_dump(&self.world, &path).await?);
                self.say.say(Event::DumpOpened { path, contents });
                Ok(())
            }
            Command::CompareWithDump(choice) => {
                self.difference = None;
                let seen = tokio::select! {
                    seen = self.compare_with_dump(&choice) => seen?,
                    () = cancel.asked() => return Err(cancelled("the comparison")),
                };
                self.difference = Some(Arc::clone(&seen));
                self.say.say(Event::DifferenceSeen(seen));
                Ok(())
            }
            Command::SearchDifference(text) => {
                let found = match &self.difference {
                    Some(seen) if !text.is_empty() => {
                        let rows = search_difference(Arc::clone(seen), text.clone()).await?;
                        Some((text, Arc::new(rows)))
                    }
                    Some(_) | None => None,
                };
                self.say.say(Event::DifferenceSearched(found));
                Ok(())
            }
            Command::StageRestore { choice, seen, signer } => {
                let (runbook, diagnostics) = self.runbook()?;
                let (database, baseline) = (self.database()?, self.baseline().await?);
                let restoring = Restoring {
                    runbook: &runbook,
                    diagnostics: &diagnostics,
                    baseline: &baseline,
                    choice: &choice,
                    run_as: None,
                };
                let mut teller = self.teller();
                let mut watch = self.watch(&mut teller, cancel);
                let staged =
                    stage_restore(&self.world, &*database, &restoring, Some(seen), &signer, &mut watch).await?;
                self.staged(staged).await
            }
            Command::Prove { request } => {
                let outcome = prove_again(&*self.database()?, &request).await?;
                self.read_ledger().await?;
                outcome_failure(&outcome, None, &request).map_or(Ok(()), Err)
            }
            Command::ExportFinding { about, folder, words, signer } => {
                let (_, digest) =
                    export_about(&self.world, &*self.database()?, &about, &folder, &words, &signer).await?;
                self.say.say(Event::FindingExported { folder, digest });
                self.read_ledger().await
            }
            Command::ExportKept { number, folder } => {
                let (_, digest) = export_kept(&self.world, &*self.database()?, &number.to_string(), &folder).await?;
                self.say.say(Event::FindingExported { folder, digest });
                Ok(())
            }
            Command::CountersignFinding { number, signer } => {
                let database = self.database()?;
                sign_kept(&self.world, &*database, &number.to_string(), &signer).await?;
                self.decided(format!("{} signed Finding No. {number}", signer.principal)).await
            }
            Command::VerifyFinding(folder) => {
                let verification = verify_finding(&self.world, &folder)?;
                self.say.say(Event::FindingVerified(Arc::new(verification)));
                Ok(())
            }
            Command::ProposeRoster { text, reason, signer } => {
                let database = self.database()?;
                let stands = propose_roster(&self.world, &*database, &text, &reason, ROSTER_OPEN_FOR, &signer).await?;
                self.decided(roster_words(&signer, "proposed", &stands)).await
            }
            Command::ApproveRoster { proposal, signer } => {
                let (database, name) = (self.database()?, proposal.to_string());
                let signing = Approval::Sign(&signer);
                let stands = approve_roster(&self.world, &*database, &name, Some(proposal), signing).await?;
                self.decided(roster_words(&signer, "approved", &stands)).await
            }
            Command::WithdrawRoster { proposal, reason, signer } => {
                let (database, name) = (self.database()?, proposal.to_string());
                withdraw_roster(&self.world, &*database, &name, &reason, &signer).await?;
                self.decided(format!("{} withdrew the roster {}", signer.principal, proposal.short())).await
            }
            Command::InitLedger => {
                self.database()?.ledger_init().await?;
                self.say.say(Event::LedgerMade);
                self.follow();
                self.read_ledger().await
            }
            Command::ReadLedger => self.read_ledger().await,
            Command::ListAgentKeys => {
                let keys = self.world.signer.agent_keys().await?;
                self.say.say(Event::AgentKeys(keys));
                Ok(())
            }
            Command::DeclareStop { reason, steps, signer } => {
                let database = self.database()?;
                let declaring = Declaring { reason: &reason, steps: &steps, signer: &signer };
                let latch = declare_stop(&self.world, &*database, &declaring).await?;
                self.watched(&*database, Vec::new(), latch).await
            }
            Command::WriteDivergence { .. }
            | Command::AcceptDifferences { .. }
            | Command::AuthoriseSteps { .. }
            | Command::RecheckRecord { .. }
            | Command::LookAtRestart => self.restart(command).await,
            Command::UploadStops => {
                let database = self.database()?;
                let uploaded = upload_stops(&self.world, &*database).await?;
                let latch =
                    uploaded.into_iter().next_back().map_or(Latch::Clear, |entry| Latch::Ledger(Box::new(entry)));
                self.watched(&*database, Vec::new(), latch).await
            }
            Command::Cancel | Command::Watch(_) => Ok(()),
        }
    }

    /// Says where a stop holds now, and shows the ledger with it.
    async fn watched(
        &self,
        database: &dyn Database,
        tripped: Vec<TrippedCondition>,
        latch: Latch,
    ) -> Result<(), Failure> {
        let held_here = held_here(&self.world, &database.target().await?).map_or(1, |held| held.len());
        self.say.say(Event::Watched { tripped: Arc::new(tripped), latch, held_here });
        match self.read_ledger().await {
            // A stop held here is just what there is to see while the ledger cannot be read.
            Err(_) if held_here > 0 => Ok(()),
            read => read,
        }
    }

    /// Watches the stop conditions from here on; what was watched before is watched no more.
    fn watch_stops(&mut self) {
        self.watching = None;
        let (Some((database, _)), Some((_, runbook, _))) = (&self.database, &self.runbook) else { return };
        if self.watch_every.is_zero() {
            return;
        }
        let watch = super::watch::StopWatch {
            world: self.world.clone(),
            database: Arc::downgrade(database),
            runbook: Arc::clone(runbook),
            baseline: self.baseline.clone(),
            every: self.watch_every,
        };
        let say = self.say.clone();
        self.watching = Some(AbortOnDrop(tokio::spawn(watch.go(move |event| say.say(event)))));
    }

    fn open(&mut self, path: PathBuf) -> Result<(), Failure> {
        let (runbook, diagnostics, review) = open_runbook(&self.world, &path)?;
        let (runbook, diagnostics) = (Arc::new(runbook), Arc::new(diagnostics));
        self.runbook = Some((path.clone(), Arc::clone(&runbook), Arc::clone(&diagnostics)));
        self.say.say(Event::RunbookOpened { path, runbook, diagnostics, review: Arc::new(review) });
        self.watch_stops();
        Ok(())
    }

    async fn survey(&mut self) -> Result<(), Failure> {
        let (runbook, _) = self.runbook()?;
        let database = self.database()?;
        let baseline = match &self.baseline {
            Some(baseline) => Some(Arc::clone(baseline)),
            None => ledger_baseline(&self.world, &*database, &runbook).await?.map(Arc::new),
        };
        let mut say = self.teller();
        let (looked, latched) =
            survey_and_latch_telling(&self.world, &*database, &runbook, baseline.as_deref(), &mut say).await?;
        self.say.say(Event::Surveyed(Arc::new(looked)));
        match latched {
            // The desk that latched must not wait for the news of it.
            Latch::Ledger(_) => self.read_ledger().await,
            Latch::Here { .. } => self.watched(&*database, Vec::new(), latched).await,
            Latch::Clear | Latch::Standing(_) | Latch::Unlatched(_) => Ok(()),
        }
    }

    /// Says that a request is in the ledger.
    async fn staged(&self, staged: StagedRequest) -> Result<(), Failure> {
        let rehearsal = Arc::new(staged.rehearsal);
        self.say.say(Event::Rehearsed { plan: Arc::new(staged.plan), rehearsal });
        self.say.say(Event::Staged { request: staged.request, digest: staged.digest });
        self.read_ledger().await
    }

    async fn compare_with_dump(&mut self, choice: &RestoreChoice) -> Result<Arc<SeenDifference>, Failure> {
        let (runbook, diagnostics) = self.runbook()?;
        let (database, baseline) = (self.database()?, self.baseline().await?);
        let restoring =
            Restoring { runbook: &runbook, diagnostics: &diagnostics, baseline: &baseline, choice, run_as: None };
        compare_with_dump(&self.world, &*database, &restoring).await.map(Arc::new)
    }

    async fn run_with(
        &mut self,
        request: String,
        confirm: &str,
        signer: &SignAs,
        dump: Option<&Path>,
        cancel: &Cancel,
    ) -> Result<(), Failure> {
        let database = self.database()?;
        let mut teller = self.teller();
        let mut watch = self.watch(&mut teller, cancel);
        let ran = run_with(&self.world, &*database, &request, confirm, signer, dump, &mut watch).await;
        // Whatever became of it, the ledger says more than this desk does.
        let read = self.read_ledger().await;
        let Ran { finished, finding } = ran?;
        read?;
        let failure = outcome_failure(&finished.outcome, finished.failure.as_deref(), &request);
        self.say.say(Event::Ran { request, finished: Arc::new(finished), finding });
        failure.map_or(Ok(()), Err)
    }

    async fn decided(&self, words: String) -> Result<(), Failure> {
        self.say.say(Event::Decided(words));
        self.read_ledger().await
    }

    /// Reads what is new in the ledger. Having none is a failure with its own words, and the face offers to make one.
    async fn read_ledger(&self) -> Result<(), Failure> {
        let view = self.memory.look(&self.world, &*self.database()?).await?;
        self.say.say(Event::LedgerRead(Arc::new(view)));
        Ok(())
    }

    /// Follows other desks: every change of the ledger is shown as it happens.
    fn follow(&self) {
        let Some((database, _)) = &self.database else { return };
        let (database, memory) = (Arc::downgrade(database), Arc::clone(&self.memory));
        let (world, say) = (self.world.clone(), self.say.clone());
        tokio::spawn(async move {
            while let Some(database) = database.upgrade() {
                if database.ledger_changed().await.is_err() {
                    return;
                }
                if let Ok(view) = memory.look(&world, &*database).await {
                    say.say(Event::LedgerRead(Arc::new(view)));
                }
            }
        });
    }

    fn book(&self) -> Option<&Runbook> {
        self.runbook.as_ref().map(|(_, runbook, _)| &**runbook)
    }

    fn database(&self) -> Result<Arc<dyn Database>, Failure> {
        let hint = "Connect first, with a URL, key=value text, or the PG* environment.";
        self.database.as_ref().map(|(database, _)| Arc::clone(database)).ok_or_else(|| needed("a connection", hint))
    }

    fn runbook(&self) -> Result<(Arc<Runbook>, Arc<Vec<Diagnostic>>), Failure> {
        let open =
            self.runbook.as_ref().map(|(_, runbook, diagnostics)| (Arc::clone(runbook), Arc::clone(diagnostics)));
        open.ok_or_else(|| needed("a runbook", "Open a runbook folder."))
    }

    async fn baseline(&mut self) -> Result<Arc<Baseline>, Failure> {
        if self.baseline.is_none() {
            let kept = ledger_baseline(&self.world, &*self.database()?, &self.runbook()?.0).await?;
            self.baseline = kept.map(Arc::new);
        }
        self.baseline.clone().ok_or_else(|| needed("a baseline", "Open a baseline file, or keep one in the ledger."))
    }

    fn teller(&self) -> impl FnMut(Progress) + Send + use<> {
        let say = self.say.clone();
        move |progress| say.say(Event::Progress(progress))
    }

    #[expect(clippy::unused_self, reason = "reads as: the worker watches")]
    fn watch<'a>(&self, say: &'a mut (dyn FnMut(Progress) + Send), cancel: &'a Cancel) -> Watch<'a> {
        Watch { say, cancel }
    }
}

/// Says that a person cancelled what changes nothing.
fn cancelled(what: &str) -> Failure {
    Failure::new(FailureKind::RolledBack, format!("{what} was cancelled"), "Nothing was changed.")
}
