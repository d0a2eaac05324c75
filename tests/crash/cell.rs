//! One cell of the matrix: one run, cut at one message in one way, and what is left of it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use countersign::approval::Namespace;
use countersign::digest::Digest;
use countersign::ledger::{Body, RequestState};
use countersign::plan::{Request, canonical, read_strict};
use countersign::port::{Database as _, SignRequest};
use countersign::run::{Finished, Outcome};
use countersign::session::{Cancel, Failure, FailureKind, StagedRequest, find_request, read_ledger};
use jiff::SignedDuration;
use rustix::process::{Pid, Signal, kill_process};

use super::proxy::{Cut, Deed, Message, Proxy, When};
use crate::cli::interrupted::start_over;
use crate::cli::stand::{Stand, refused};
use crate::postgres::census::{answers, questions};
use crate::support::{postgres, run};

/// How a run is cut.
#[derive(Clone)]
pub enum Way {
    /// The server answers with an error.
    Refused,
    /// The line is dropped; the network is up again at once.
    Dropped(When),
    /// Every line is dropped, and the network stays down.
    Down(When),
    /// The program is killed.
    Killed(When),
    /// The server ends the session, as an administrator or an idle timeout does.
    Ended,
    /// A person asks to cancel.
    Cancelled(When),
    /// Something else happens, and then the line goes on.
    Meanwhile(When, Arc<dyn Fn() + Send + Sync>),
}

impl Way {
    fn when(&self) -> When {
        match self {
            Self::Refused | Self::Ended => When::Before,
            Self::Dropped(when)
            | Self::Down(when)
            | Self::Killed(when)
            | Self::Cancelled(when)
            | Self::Meanwhile(when, _) => *when,
        }
    }
}

/// What the desk was told, before anybody proved anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    Committed,
    RolledBack,
    Unknown,
    /// The outcome, and that its evidence could not be kept.
    NotKept,
    /// That it could not be begun.
    NotBegun,
    /// Nothing: it was dead.
    Nothing,
}

impl Told {
    /// Reads what a run gave.
    pub fn of(ran: &Result<Finished, Failure>) -> Self {
        match ran {
            Ok(finished) => match &finished.outcome {
                Outcome::Committed => Self::Committed,
                Outcome::RolledBack { .. } => Self::RolledBack,
                Outcome::Unknown { .. } => Self::Unknown,
            },
            Err(failure) if failure.kind == FailureKind::Unknown => Self::NotKept,
            Err(_) => Self::NotBegun,
        }
    }
}

/// What became of a cell, by proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proved {
    Committed,
    RolledBack,
    /// There is no intent: the approvals still stand.
    NotBegun,
}

/// Says every message of a run that nothing happens to, over the library or as the program.
pub fn messages(stand: &Stand, as_program: bool) -> Vec<Message> {
    messages_of(stand, "postgres", &stand.approved(), as_program)
}

/// Says every message of a login's run of this request.
pub fn messages_of(stand: &Stand, login: &str, request: &str, as_program: bool) -> Vec<Message> {
    let proxy = run(Proxy::start(stand.database.socket.clone(), None));
    let url = proxy.url_of(login, &stand.database.name);
    if as_program {
        let output = start_over(stand, &url, request).wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    } else {
        let finished = stand.run_over(&url, request).unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!((finished.outcome, finished.failure), (Outcome::Committed, None));
    }
    assert!(stand.is_reversed());
    // A kept line that was silent for a second is asked whether it still is one; a slow machine asks more often.
    proxy.heard().into_iter().filter(|message| message.words != "SELECT").collect()
}

/// How the message begins that the run's own COMMIT, and no other, comes after.
pub const RECORDED: &str = "INSERT INTO countersign.entry (kind, body) VALUES ('commi";

/// The COMMIT of the run, which comes next after its record.
pub fn commit_of(messages: &[Message]) -> &Message {
    let recorded = messages.iter().position(|message| message.words == RECORDED).expect("the record");
    let commit = messages[recorded..].iter().find(|message| message.words == "COMMIT");
    commit.expect("a COMMIT")
}

/// The messages of a run from its intent on, each kind once: one a phase.
pub fn phases(messages: &[Message]) -> Vec<&Message> {
    let intent = messages.iter().position(|message| message.words.contains("('inten")).expect("the intent");
    let mut phases: Vec<&Message> = Vec::new();
    for message in &messages[intent..] {
        if phases.iter().all(|phase| phase.words != message.words) {
            phases.push(message);
        }
    }
    phases.push(commit_of(messages));
    phases
}

/// Runs a request that is cut, and gives what the desk was told.
pub fn cut(stand: &Stand, staged: &StagedRequest, at: &Message, way: &Way) -> Told {
    cut_of(stand, "postgres", staged, at, way)
}

/// Runs a request over a login's line that is cut.
pub fn cut_of(stand: &Stand, login: &str, staged: &StagedRequest, at: &Message, way: &Way) -> Told {
    let (cancel, pid) = (Cancel::default(), Arc::new(AtomicI32::new(0)));
    let deed = match way {
        Way::Refused => Deed::Refuse,
        Way::Dropped(_) => Deed::Drop,
        Way::Down(_) => Deed::DropAll,
        Way::Killed(_) => Deed::Last(kill(&pid)),
        Way::Ended => Deed::Meanwhile(end_sessions(&stand.database.url)),
        Way::Cancelled(_) => {
            let cancel = cancel.clone();
            Deed::Meanwhile(Arc::new(move || cancel.ask()))
        }
        Way::Meanwhile(_, happens) => Deed::Meanwhile(Arc::clone(happens)),
    };
    let cut = Cut { at: at.clone(), when: way.when(), deed };
    let proxy = run(Proxy::start(stand.database.socket.clone(), Some(cut)));
    let url = proxy.url_of(login, &stand.database.name);
    let mut said = String::new();
    let told = if matches!(way, Way::Killed(_)) {
        let mut desk = start_over(stand, &url, &staged.request);
        pid.store(i32::try_from(desk.id()).expect("a process"), Ordering::SeqCst);
        let status = desk.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "{at:?}: it ended by itself: {status:?}");
        Told::Nothing
    } else {
        let ran = run(stand.running(&postgres(&url), &staged.request, &cancel));
        said = format!("{ran:?}");
        Told::of(&ran)
    };
    assert!(proxy.is_cut(), "{at:?} was never said: {said}");
    told
}

/// Kills the program once it is known which process it is.
fn kill(pid: &Arc<AtomicI32>) -> Arc<dyn Fn() + Send + Sync> {
    let pid = Arc::clone(pid);
    Arc::new(move || {
        let process = loop {
            match Pid::from_raw(pid.load(Ordering::SeqCst)) {
                Some(process) => break process,
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        kill_process(process, Signal::KILL).expect("it runs");
    })
}

/// Ends every other session of the database, and waits until they are gone.
fn end_sessions(url: &str) -> Arc<dyn Fn() + Send + Sync> {
    let url = url.to_owned();
    Arc::new(move || {
        let ended = "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid(); FOR i IN 1..2000 LOOP PERFORM pg_stat_clear_snapshot(); EXIT WHEN NOT EXISTS (SELECT FROM \
             pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'); \
             PERFORM pg_sleep(0.005); END LOOP; END $$";
        run(postgres(&url).load(ended)).expect("ended");
    })
}

/// Proves what became of a cut run, and holds it against the ledger and the database: they tell the same story, it agrees
/// with what was told, nothing runs twice, and nothing is left behind.
pub fn settle(stand: &Stand, staged: &StagedRequest, told: Told, case: &str) -> Proved {
    let proved = match stand.prove(&staged.request) {
        Ok(Outcome::Committed) => Proved::Committed,
        Ok(Outcome::RolledBack { committed, .. }) if committed.is_empty() => Proved::RolledBack,
        Err(failure) if failure.message.contains("has not been run") => Proved::NotBegun,
        other => panic!("{case}: not proved: {other:?}"),
    };
    if proved != Proved::NotBegun {
        refused(stand.run(&staged.request), "used");
    }
    let (entries, state) = run(read_ledger(&stand.database.superuser())).expect("the chain holds");
    let of = staged.digest.to_string();
    let count = |kind: &str| entries.iter().filter(|entry| entry.kind == kind && entry.body.contains(&of)).count();
    let (reversed, status) = (stand.is_reversed(), find_request(&state, &staged.request).unwrap().state.status.words());
    assert_eq!(count("intent"), usize::from(proved != Proved::NotBegun), "{case}");
    assert_eq!(count("committed"), usize::from(reversed), "{case}: the ledger and the database disagree");
    assert_eq!(reversed, proved == Proved::Committed, "{case}: proved {proved:?}");
    match proved {
        Proved::Committed => assert_eq!(status, "committed", "{case}"),
        Proved::RolledBack => assert!(status.contains("rolled back"), "{case}: {status}"),
        Proved::NotBegun => assert_eq!(status, "open", "{case}"),
    }
    match told {
        Told::Committed => assert!(reversed, "{case}: it said committed"),
        Told::RolledBack => assert!(!reversed, "{case}: it said rolled back"),
        // A failure that says nothing of the outcome is one of before the intent.
        Told::NotBegun => assert_eq!(proved, Proved::NotBegun, "{case}"),
        Told::Unknown => assert_ne!(proved, Proved::NotBegun, "{case}"),
        Told::NotKept | Told::Nothing => {}
    }
    leaves_nothing(stand, case);
    proved
}

/// A request that is asked for again and again: the same plan and rehearsal, asked for at another moment, so that a cell
/// costs its run and not a rehearsal.
pub struct Again {
    state: RequestState,
    request: Request,
    plan: StagedRequest,
}

impl Again {
    /// Stages once.
    pub fn of(stand: &Stand) -> Self {
        let plan = stand.stage().unwrap_or_else(|failure| panic!("{failure:?}"));
        let (_, state) = run(read_ledger(&stand.database.superuser())).unwrap();
        let state = state.request(plan.digest).expect("staged").clone();
        Self { request: read_strict(&state.request).unwrap(), state, plan }
    }

    /// Asks once more, and has two people approve it.
    pub fn approved(&mut self, stand: &Stand) -> StagedRequest {
        self.request.not_before -= SignedDuration::from_micros(1);
        let text = canonical(&self.request).unwrap();
        let hong = stand.sign_as("hong");
        let sign = SignRequest {
            principal: hong.principal,
            key: hong.key,
            namespace: Namespace::Stage,
            bytes: text.clone().into_bytes(),
            passphrase: None,
        };
        let digest = Digest::of(text.as_bytes());
        let RequestState { plan, rehearsal, baseline, roster, .. } = self.state.clone();
        let signature = run(stand.world.signer.sign(&sign)).unwrap();
        stand.append(&Body::Staged { request: text, plan, rehearsal, baseline, roster, signature });
        // All of them share the plan's short name; each has its digest.
        let request = digest.to_string()[..16].to_owned();
        stand.approve(&request, "minh").unwrap();
        stand.approve(&request, "thu").unwrap();
        StagedRequest { request, digest, ..self.plan.clone() }
    }
}

/// Waits until no session but our own is left on the database, then looks at what such a session might have left.
pub fn leaves_nothing(stand: &Stand, case: &str) {
    let superuser = stand.database.superuser();
    let ask = |sql: &str| answers(&run(superuser.census(&questions(&[sql]))).expect("a census")).remove(0);
    let begun = Instant::now();
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND backend_type = 'client backend'";
    while ask(others) != "0" {
        assert!(begun.elapsed() < Duration::from_secs(20), "{case}: a session is left");
        std::thread::sleep(Duration::from_millis(3));
    }
    assert_eq!(ask("SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()"), "0", "{case}");
    run(superuser.load("BEGIN; SELECT 1 FROM countersign.mutex FOR UPDATE NOWAIT; ROLLBACK"))
        .unwrap_or_else(|error| panic!("{case}: the mutex is not free: {error}"));
}

/// Counts what became of the cells of one way, and says it where a person sees it.
#[derive(Default)]
pub struct Tally {
    told: BTreeMap<Told, usize>,
    proved: BTreeMap<Proved, usize>,
}

impl Tally {
    /// Adds one cell.
    pub fn add(&mut self, told: Told, proved: Proved) {
        *self.told.entry(told).or_default() += 1;
        *self.proved.entry(proved).or_default() += 1;
    }

    /// Returns how many cells ended like that.
    pub fn proved(&self, proved: Proved) -> usize {
        self.proved.get(&proved).copied().unwrap_or_default()
    }

    /// Returns how many desks were told that.
    pub fn told(&self, told: Told) -> usize {
        self.told.get(&told).copied().unwrap_or_default()
    }

    /// Says the figures on standard error itself, which the test harness shows for tests that pass as well.
    pub fn say(&self, way: &str) {
        let words = |counts: Vec<(String, usize)>| {
            let parts: Vec<String> = counts.into_iter().map(|(what, count)| format!("{what} {count}")).collect();
            parts.join(", ")
        };
        let told = words(self.told.iter().map(|(what, count)| (format!("{what:?}"), *count)).collect());
        let proved = words(self.proved.iter().map(|(what, count)| (format!("{what:?}"), *count)).collect());
        let cells: usize = self.told.values().sum();
        let line = format!("crash matrix | {way} | {cells} cells | told: {told} | proved: {proved}\n");
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(line.as_bytes());
    }
}
