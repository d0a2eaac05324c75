//! Fifty desks on one ledger: ten thousand approvals with real signatures on a real server, while desks connect anew, lose
//! answers, meet at the same request, withdraw, and come too late. Then every entry is held against what the desks noted:
//! nothing lost, nothing doubled, one chain. `make soak`.

#![allow(clippy::unwrap_used, reason = "a soak that cannot go on says so by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::adapter::postgres::{ClusterOptions, Postgres, PrivateCluster, Surroundings};
use countersign::approval::{Namespace, Roster, parse_roster, verify};
use countersign::cli::wiring;
use countersign::digest::Digest;
use countersign::ledger::{Body, RequestState, verify_chain};
use countersign::plan::{Request, canonical, read_strict};
use countersign::port::{Database as _, KeyChoice, SignRequest};
use countersign::runbook::{Principal, StepId};
use countersign::session::{self, Approval, Cancel, Failure, KnownLedgers, SignAs, Staging, Watch, World, read_ledger};
use jiff::{SignedDuration, Timestamp};

/// Requests that wait for approvals; each desk approves most of them.
const REQUESTS: usize = 250;
/// Of them, those that have expired when the desks come.
const EXPIRED: usize = 5;
/// Of them, those that somebody rejects on the way.
const REJECTED: usize = 5;

const BASE: &str = "CREATE TABLE public.vocabulary (code text PRIMARY KEY, domain text NOT NULL); \
     INSERT INTO public.vocabulary VALUES ('a', 'other')";
const BUILD: &str = "CREATE TABLE public.extra (id int PRIMARY KEY)";
const RUNBOOK: &str = r#"format = 1
[runbook]
id = "soak"
title = "One table"
version = "1"
[target]
database = "soak"
schema = "public"
[timeouts]
lock = "2s"
statement = "20s"
idle_in_transaction = "20s"
[policy]
approvals = 2
rehearsal_max_age = "12h"
approval_valid = "8h"
[[object]]
name = "public.extra"
kind = "table"
class = "greenfield"
steps = ["S-1"]
[[step]]
id = "S-1"
position = 1
title = "A table"
section = "1"
reversal = "reversal/s-1.sql"
[[check]]
id = "extra"
title = "extra is gone"
object = "public.extra"
sql = "SELECT to_regclass('public.extra')"
steps = ["S-1"]
expect = "absent"
"#;

/// What one desk noted.
#[derive(Default)]
struct Notes {
    /// How often an approval was answered well, by request.
    approved: BTreeMap<Digest, usize>,
    /// Requests withdrawn from.
    withdrawn: BTreeSet<Digest>,
    /// How often it was refused, by the reason.
    refused: BTreeMap<&'static str, usize>,
    /// How often it connected anew.
    connected_anew: usize,
    /// How often it met itself at another desk, and how often both were taken.
    clashes: (usize, usize),
    /// Answers that were lost, and how many of these approvals were in the ledger.
    lost: (usize, usize),
}

/// One person at one desk.
struct Desk {
    name: String,
    signer: SignAs,
    url: String,
    state: PathBuf,
    database: Postgres,
    world: World,
    notes: Notes,
    dice: u64,
    /// How long the newest approval took.
    usual: Duration,
}

impl Desk {
    fn at(name: &str, folder: &Path, url: &str, number: u64) -> Self {
        let state = folder.join(format!("state-{name}"));
        let signer = SignAs {
            principal: Principal(format!("{name}@example.test")),
            key: KeyChoice::File(folder.join(name)),
            passphrase: None,
        };
        let url = format!("{url}&application_name={name}");
        let (database, world) = (open(&url), world(&state));
        let dice = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        Self {
            name: name.to_owned(),
            signer,
            url,
            state,
            database,
            world,
            notes: Notes::default(),
            dice,
            usual: Duration::ZERO,
        }
    }

    /// Throws a die with so many sides: the same sequence at every soak.
    fn throw(&mut self, sides: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % sides
    }

    async fn approve(&self, request: &str) -> Result<(), Failure> {
        session::approve(&self.world, &self.database, request, None, Approval::Sign(&self.signer)).await.map(drop)
    }

    /// Notes how an approval was answered; says whether it was taken.
    fn note(&mut self, request: Digest, answer: Result<(), Failure>) -> bool {
        let reason = match answer {
            Ok(()) => {
                *self.notes.approved.entry(request).or_default() += 1;
                return true;
            }
            Err(failure) if failure.message.contains("expired") => "expired",
            Err(failure) if failure.message.contains("rejected") => "rejected",
            Err(failure) if failure.message.contains("withdrawn") => "withdrawn",
            Err(failure) if failure.message.contains("signed already") => "twice",
            Err(failure) => panic!("{}: {failure:?}", self.name),
        };
        *self.notes.refused.entry(reason).or_default() += 1;
        false
    }

    /// Approves until so many were taken.
    async fn work(mut self, requests: Arc<Vec<Digest>>, wanted: usize) -> Notes {
        let mut order: Vec<Digest> = requests.to_vec();
        for at in (1..order.len()).rev() {
            let other = usize::try_from(self.throw(at as u64 + 1)).unwrap();
            order.swap(at, other);
        }
        let mut taken = 0;
        for request in order {
            if taken == wanted {
                return self.notes;
            }
            taken += usize::from(self.visit(request).await);
        }
        panic!("{}: only {taken} of {wanted} requests were open", self.name);
    }

    /// Goes to one request; says whether the approval was taken.
    async fn visit(&mut self, request: Digest) -> bool {
        let name = request.to_string()[..16].to_owned();
        match self.throw(100) {
            0..=3 => {
                self.database = open(&self.url);
                self.notes.connected_anew += 1;
            }
            4 => {
                // A new start of the program: it reads what it had kept.
                (self.database, self.world) = (open(&self.url), world(&self.state));
                self.notes.connected_anew += 1;
            }
            5..=8 => return self.clash(request, &name).await,
            9..=12 => return self.lose(request, &name).await,
            13..=15 => {
                let answer = self.approve(&name).await;
                if !self.note(request, answer) {
                    return false;
                }
                session::withdraw(&self.world, &self.database, &name, "not sure any more", &self.signer).await.unwrap();
                self.notes.withdrawn.insert(request);
                // For good: it is refused afterwards.
                let again = self.approve(&name).await;
                assert!(!self.note(request, again));
                return true;
            }
            _ => {}
        }
        let began = Instant::now();
        let answer = self.approve(&name).await;
        if answer.is_ok() {
            self.usual = began.elapsed();
        }
        self.note(request, answer)
    }

    /// The same person at two desks at the same moment.
    async fn clash(&mut self, request: Digest, name: &str) -> bool {
        let other = Desk { notes: Notes::default(), ..self.twin() };
        let (one, two) = tokio::join!(self.approve(name), other.approve(name));
        self.notes.clashes.0 += 1;
        let both = one.is_ok() && two.is_ok();
        self.notes.clashes.1 += usize::from(both);
        // Both are noted: what was answered well stands in the ledger, each exactly once.
        let (one, two) = (self.note(request, one), self.note(request, two));
        one || two
    }

    fn twin(&self) -> Self {
        Self {
            name: self.name.clone(),
            signer: self.signer.clone(),
            url: self.url.clone(),
            state: self.state.clone(),
            database: open(&self.url),
            world: self.world.clone(),
            notes: Notes::default(),
            dice: 1,
            usual: self.usual,
        }
    }

    /// The line is lost at some moment of the approval; then the desk looks, and approves only what is not there.
    async fn lose(&mut self, request: Digest, name: &str) -> bool {
        // At any moment of an approval, and often near its end, where what was sent may have been taken: the entry is the
        // last thing that is sent.
        let patience = match self.throw(2) {
            0 => self.usual.mul_f64(0.01 * f64::from(u32::try_from(self.throw(100)).unwrap())),
            _ => self.usual.mul_f64(0.8 + 0.01 * f64::from(u32::try_from(self.throw(40)).unwrap())),
        };
        let answer = tokio::time::timeout(patience, self.approve(name)).await;
        self.database = open(&self.url);
        if let Ok(answer) = answer {
            return self.note(request, answer);
        }
        self.notes.lost.0 += 1;
        // Until the old session has ended nothing can be said; a person looks after a while.
        let others = format!(
            "DO $$ BEGIN FOR i IN 1..4000 LOOP PERFORM pg_stat_clear_snapshot(); EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity \
             WHERE application_name = '{}' AND pid <> pg_backend_pid()); PERFORM pg_sleep(0.005); END LOOP; END $$",
            self.name
        );
        self.database.load(&others).await.unwrap();
        match self.approve(name).await {
            Err(failure) if failure.message.contains("signed already") => {
                self.notes.lost.1 += 1;
                *self.notes.approved.entry(request).or_default() += 1;
                true
            }
            answer => self.note(request, answer),
        }
    }
}

fn open(url: &str) -> Postgres {
    Postgres::new(url, Surroundings { env: BTreeMap::new(), home: None, os_user: "soak".to_owned() }).unwrap()
}

fn world(state: &Path) -> World {
    World { ledgers: Arc::new(KnownLedgers::new(Some(state.to_owned()))), ..wiring::world() }
}

/// A figure that may be set smaller for a quick look.
fn figure(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().map_or(usual, |text| text.parse().expect("a number"))
}

fn make_keys(folder: &Path, names: &[String]) -> String {
    let mut roster = "format = 1\n".to_owned();
    for name in names {
        let path = folder.join(name);
        let made =
            Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&path).status();
        assert!(made.unwrap().success(), "ssh-keygen made no key");
        let public = std::fs::read_to_string(folder.join(format!("{name}.pub"))).unwrap();
        let roles = if name == "author" { "author" } else { "reviewer" };
        roster += &format!(
            "[[person]]\nprincipal = \"{name}@example.test\"\nname = \"{name}\"\nkind = \"human\"\nroles = [\"{roles}\"]\nkeys = [\"{}\"]\n",
            public.trim_end()
        );
    }
    roster
}

/// Stages once, then asks for the same plan again and again: each request is signed by its requester and has its own digest.
async fn stage(author: &Desk, folder: &Path) -> Vec<Digest> {
    let Desk { world, database, signer, .. } = author;
    let (runbook, diagnostics, _) = session::open_runbook(world, &folder.join("runbook")).unwrap();
    let baseline = session::take_baseline(database, &runbook, "before").await.unwrap();
    database.load(BUILD).await.unwrap();
    let steps = [StepId::from("S-1")];
    let staging = Staging {
        runbook: &runbook,
        diagnostics: &diagnostics,
        baseline: &baseline,
        steps: &steps,
        bindings: &[],
        run_as: None,
        via: None,
    };
    let mut watch = Watch { say: &mut |_| {}, cancel: &Cancel::default() };
    let staged = session::stage(world, database, &staging, signer, &mut watch).await.unwrap();
    let (_, state) = read_ledger(database).await.unwrap();
    let RequestState { request, plan, rehearsal, baseline, roster, .. } = state.request(staged.digest).unwrap().clone();
    let first: Request = read_strict(&request).unwrap();
    let mut digests = Vec::new();
    for number in 1..=REQUESTS {
        let by = SignedDuration::from_micros(i64::try_from(number).unwrap());
        let mut request = Request { not_before: first.not_before - by, ..first.clone() };
        if number <= EXPIRED {
            request.not_after = Timestamp::now();
        }
        let text = canonical(&request).unwrap();
        let sign = SignRequest {
            principal: signer.principal.clone(),
            key: signer.key.clone(),
            namespace: Namespace::Stage,
            bytes: text.clone().into_bytes(),
            passphrase: None,
        };
        let signature = world.signer.sign(&sign).await.unwrap();
        digests.push(Digest::of(text.as_bytes()));
        let (plan, rehearsal, baseline, roster) = (plan.clone(), rehearsal.clone(), baseline.clone(), roster.clone());
        let body = Body::Staged { request: text, plan, rehearsal, baseline, roster, signature };
        database.ledger_append(&body).await.unwrap();
    }
    digests
}

/// Holds the ledger against what the desks noted, entry by entry.
async fn audit(database: &Postgres, roster: &Roster, notes: &BTreeMap<Principal, Notes>) -> usize {
    let (entries, state) = read_ledger(database).await.expect("the chain holds");
    assert_eq!(verify_chain(&entries, None), Ok(()));
    let places: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(places, (1..=entries.len() as u64).collect::<Vec<_>>(), "no gap");
    let stands_on: BTreeSet<String> = entries.iter().map(|entry| entry.previous.to_string()).collect();
    assert_eq!(stands_on.len(), entries.len(), "no fork");
    let (mut approved, mut withdrawn) = (BTreeMap::<(Principal, Digest), usize>::new(), BTreeSet::new());
    for entry in &entries {
        match serde_json::from_str(&entry.body).unwrap() {
            Body::Approved { request_digest, signature } => {
                let request = state.request(request_digest).expect("a request");
                verify(roster, &signature, Namespace::Run, request.request.as_bytes(), Timestamp::now())
                    .expect("a signature that holds");
                *approved.entry((signature.principal, request_digest)).or_default() += 1;
            }
            Body::Withdrawn { request_digest, signature, .. } => {
                assert!(withdrawn.insert((signature.principal, request_digest)), "withdrawn once");
            }
            _ => {}
        }
    }
    let noted: BTreeMap<(Principal, Digest), usize> = notes
        .iter()
        .flat_map(|(who, notes)| notes.approved.iter().map(move |(request, count)| ((who.clone(), *request), *count)))
        .collect();
    let lost: Vec<_> = noted.iter().filter(|(what, count)| approved.get(what) < Some(count)).collect();
    let doubled: Vec<_> = approved.iter().filter(|(what, count)| noted.get(what) < Some(count)).collect();
    assert!(lost.is_empty(), "answered well and not in the ledger: {lost:?}");
    assert!(doubled.is_empty(), "in the ledger more often than answered: {doubled:?}");
    let noted: BTreeSet<_> = notes
        .iter()
        .flat_map(|(who, notes)| notes.withdrawn.iter().map(move |request| (who.clone(), *request)))
        .collect();
    assert_eq!(withdrawn, noted);
    // What it adds up to: who approved and did not withdraw, each counted once.
    for request in &state.requests {
        let counted: BTreeSet<&Principal> = request.approvals.iter().map(|one| &one.signature.principal).collect();
        let of = |(who, _): &&(Principal, Digest)| !withdrawn.contains(&((*who).clone(), request.digest));
        let expected: BTreeSet<&Principal> =
            approved.keys().filter(|(_, digest)| *digest == request.digest).filter(of).map(|(who, _)| who).collect();
        assert_eq!(counted, expected);
    }
    entries.len()
}

fn main() {
    let (desks, wanted) = (figure("SOAK_DESKS", 50), figure("SOAK_APPROVALS", 10_000));
    let each = wanted / desks;
    assert!(each <= REQUESTS - EXPIRED - REJECTED - 20, "more requests are needed for {each} approvals a desk");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let binaries = std::env::var_os("COUNTERSIGN_PG_BINDIR").map(Into::into);
    let cluster = PrivateCluster::start(ClusterOptions { binaries, ..ClusterOptions::temporary().unwrap() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let people: Vec<String> = (1..=desks).map(|number| format!("desk{number:02}")).collect();
    let names: Vec<String> = people.iter().cloned().chain(["author".to_owned(), "judge".to_owned()]).collect();
    let roster_text = make_keys(folder, &names);
    let roster = parse_roster(&roster_text).unwrap();
    std::fs::create_dir_all(folder.join("runbook/reversal")).unwrap();
    for (file, text) in
        [("runbook.toml", RUNBOOK), ("reversal/s-1.sql", "DROP TABLE public.extra;\n"), ("roster.toml", &roster_text)]
    {
        std::fs::write(folder.join("runbook").join(file), text).unwrap();
    }
    runtime.block_on(async {
        open(&cluster.url("postgres")).create_database("soak").await.unwrap();
        let url = cluster.url("soak");
        let author = Desk::at("author", folder, &url, 1);
        author.database.load(BASE).await.unwrap();
        author.database.ledger_init().await.unwrap();
        // The first version of the roster is signed by everybody in it.
        let (world, open_for) = (&author.world, session::ROSTER_OPEN_FOR);
        let proposed =
            session::propose_roster(world, &author.database, &roster_text, "the soak", open_for, &author.signer);
        proposed.await.unwrap();
        for (number, name) in (200..).zip(names.iter().filter(|name| *name != "author")) {
            let Desk { world, database, signer, .. } = Desk::at(name, folder, &url, number);
            session::approve_roster(&world, &database, "", None, Approval::Sign(&signer)).await.unwrap();
        }
        let requests = stage(&author, folder).await;
        let rejected = requests[REQUESTS - REJECTED..].to_vec();
        let requests = Arc::new(requests);
        println!("{} requests are staged; {desks} desks begin", requests.len());
        let began = Instant::now();
        let mut working = tokio::task::JoinSet::new();
        for (number, name) in (2..).zip(&people) {
            let desk = Desk::at(name, folder, &url, number);
            let requests = Arc::clone(&requests);
            working.spawn(async move { (desk.signer.principal.clone(), desk.work(requests, each).await) });
        }
        // Some requests are rejected while the desks are at it.
        let judge = Desk::at("judge", folder, &url, 99);
        for request in rejected {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let name = request.to_string()[..16].to_owned();
            session::reject(&judge.world, &judge.database, &name, "not this one", &judge.signer).await.unwrap();
        }
        let mut notes = BTreeMap::new();
        while let Some(done) = working.join_next().await {
            let (who, noted) = done.unwrap();
            notes.insert(who, noted);
        }
        let took = began.elapsed().as_secs_f64();
        let entries = audit(&author.database, &roster, &notes).await;
        let sum = |of: &dyn Fn(&Notes) -> usize| notes.values().map(of).sum::<usize>();
        let refused = |reason: &str| sum(&|notes: &Notes| notes.refused.get(reason).copied().unwrap_or_default());
        let taken = sum(&|notes| notes.approved.len());
        assert_eq!(taken, each * desks, "each desk had its approvals taken");
        println!(
            "{taken} approvals by {desks} desks in {took:.1} s, {:.0} a second",
            f64::from(u32::try_from(taken).unwrap_or(u32::MAX)) / took
        );
        println!(
            "  refused as they must: {} expired, {} rejected, {} after a withdrawal, {} twice",
            refused("expired"),
            refused("rejected"),
            refused("withdrawn"),
            refused("twice")
        );
        println!(
            "  {} withdrawn; {} times a desk connected anew",
            sum(&|notes| notes.withdrawn.len()),
            sum(&|notes| notes.connected_anew)
        );
        println!(
            "  {} times one person signed at two desks at once; both were taken {} times, and count once",
            sum(&|notes| notes.clashes.0),
            sum(&|notes| notes.clashes.1)
        );
        println!(
            "  {} answers were lost; {} of these approvals were in the ledger, the others were made again",
            sum(&|notes| notes.lost.0),
            sum(&|notes| notes.lost.1)
        );
        println!(
            "  {entries} entries: one chain, no gap, no fork; every signature verified; nothing lost, nothing doubled"
        );
    });
}
