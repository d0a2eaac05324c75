//! The server goes away under a run: restarted in every phase, failed over, or exchanged for a copy. What cannot be proved
//! there stays unknown, with the reason.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign::adapter::postgres::{ClusterOptions, PrivateCluster, find_binaries};
use countersign::port::Database as _;
use countersign::run::Outcome;
use countersign::session::{Cancel, FailureKind};
use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::cell::{Again, Proved, Tally, Told, Way, commit_of, cut, messages, phases, settle};
use super::proxy::{Cut, Deed, Proxy, When};
use crate::cli::stand::{Stand, refused};
use crate::support::{TestDatabase, database_on, options, postgres, run};

/// A server of a test's own that can be stopped, copied and started again; it goes with the test.
struct Own {
    folder: PathBuf,
    cluster: Mutex<PrivateCluster>,
}

impl Own {
    fn new() -> Self {
        Self::of(options().folder)
    }

    fn of(folder: PathBuf) -> Self {
        let cluster = PrivateCluster::start(Self::how(&folder)).unwrap_or_else(|error| panic!("{error}"));
        Self { folder, cluster: Mutex::new(cluster) }
    }

    /// A crash of the server loses nothing that was committed.
    fn how(folder: &Path) -> ClusterOptions {
        ClusterOptions { folder: folder.to_owned(), detached: true, durable: true, ..options_without_folder() }
    }

    fn database(&self) -> TestDatabase {
        database_on(&self.cluster.lock().unwrap())
    }

    fn named(&self, name: &str) -> TestDatabase {
        TestDatabase::on(&self.cluster.lock().unwrap(), name)
    }

    fn pid(&self) -> Pid {
        let pid = self.cluster.lock().unwrap().server_pid().expect("it runs");
        Pid::from_raw(pid).expect("a process")
    }

    /// Stops it: INT is a fast shutdown, QUIT an immediate one, which is a crash.
    fn stop(&self, how: Signal) {
        kill_process(self.pid(), how).expect("told");
        let begun = Instant::now();
        while !self.folder.join("exited").exists() {
            assert!(begun.elapsed() < Duration::from_mins(1), "it does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn again(&self) {
        let cluster = PrivateCluster::start(Self::how(&self.folder)).expect("it starts again");
        let url = cluster.url("postgres");
        *self.cluster.lock().unwrap() = cluster;
        // After a crash it replays its log first, and turns everybody away meanwhile.
        let begun = Instant::now();
        while run(postgres(&url).target()).is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "it lets nobody in");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Runs a program as the user that the data belongs to.
    fn as_owner(data: &Path, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let owner = std::fs::metadata(data).unwrap();
        let mut command = Command::new(program);
        command.current_dir(data);
        if geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command
    }

    /// Limits the size of the files that the server and its new backends may write.
    fn limit_files(&self, bytes: &str) {
        let mut prlimit = Self::as_owner(&self.folder.join("data"), "prlimit");
        let pid = self.pid().as_raw_nonzero().to_string();
        let output = prlimit.args(["--pid", &pid]).arg(format!("--fsize={bytes}:")).output().expect("prlimit");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until it has become a primary.
    fn promoted(self) -> Self {
        let postgres = postgres(&self.cluster.lock().unwrap().url("postgres"));
        let begun = Instant::now();
        while run(postgres.target()).expect("a target").in_recovery {
            assert!(begun.elapsed() < Duration::from_mins(1), "it is not promoted");
            std::thread::sleep(Duration::from_millis(10));
        }
        self
    }

    /// Copies the data of a server that is stopped.
    fn copy(&self) -> PathBuf {
        let folder = options().folder;
        let copied = Command::new("cp").arg("-a").arg(self.folder.join("data")).arg(&folder).status().unwrap();
        assert!(copied.success());
        folder
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = PrivateCluster::stop_detached(&self.folder);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn options_without_folder() -> ClusterOptions {
    let made = options();
    let _ = std::fs::remove_dir(&made.folder);
    made
}

/// Restarts the server in every phase of a run.
fn restarted(how: Signal, words: &str) {
    let own = Arc::new(Own::new());
    let stand = Stand::on(own.database(), &[]);
    let messages = messages(&stand, false);
    stand.build();
    let restart: Arc<dyn Fn() + Send + Sync> = {
        let own = Arc::clone(&own);
        Arc::new(move || {
            own.stop(how);
            own.again();
        })
    };
    let (mut tally, mut again) = (Tally::default(), Again::of(&stand));
    let before = phases(&messages).into_iter().map(|at| (at, When::Before));
    for (at, when) in before.chain([(commit_of(&messages), When::After)]) {
        let case = format!("{words} {when:?} `{}` ({})", at.words, at.nth);
        let staged = again.approved(&stand);
        let told = cut(&stand, &staged, at, &Way::Meanwhile(when, Arc::clone(&restart)));
        let proved = settle(&stand, &staged, told, &case);
        tally.add(told, proved);
        if proved == Proved::Committed {
            stand.build();
        }
    }
    tally.say(words);
    assert!(tally.proved(Proved::RolledBack) > 10 && tally.proved(Proved::Committed) > 0);
    assert_eq!(tally.told(Told::Unknown), 0, "the server is there again: it is proved at once");
}

#[test]
fn the_server_is_restarted_fast_in_every_phase() {
    restarted(Signal::INT, "server restarted, fast");
}

#[test]
fn the_server_is_restarted_immediately_in_every_phase() {
    restarted(Signal::QUIT, "server restarted, immediate");
}

/// What the address leads to after the COMMIT was heard and its answer lost.
enum Afterwards {
    /// A standby that was promoted without the COMMIT.
    PromotedWithout,
    /// A standby that was promoted and holds the COMMIT.
    PromotedWith,
    /// A copy with another system identifier.
    AnotherIdentifier,
}

/// Runs, loses the answer to COMMIT, and fails over; gives the outcome the desk was told, what the next proof on the new
/// server says, and the outcome the old server proves.
fn fail_over(afterwards: Afterwards) -> (Outcome, Result<Outcome, String>, Outcome) {
    let own = Arc::new(Own::new());
    let stand = Stand::on(own.database(), &[]);
    let messages = messages(&stand, false);
    stand.build();
    let staged = Again::of(&stand).approved(&stand);
    own.stop(Signal::INT);
    let copy = own.copy();
    own.again();
    let address = Arc::new(Mutex::new(stand.database.socket.clone()));
    let other: Arc<Mutex<Option<Own>>> = Arc::default();
    let fails: Arc<dyn Fn() + Send + Sync> = {
        let (own, other, address) = (Arc::clone(&own), Arc::clone(&other), Arc::clone(&address));
        let (copy, name) = (copy.clone(), stand.database.name.clone());
        Arc::new(move || {
            let xid =
                "COPY (SELECT xid FROM countersign.entry WHERE kind = 'committed' ORDER BY seq DESC LIMIT 1) TO '#'";
            let noted = own.folder.join("data/last-xid");
            run(own.named(&name).superuser().load(&xid.replace('#', &noted.to_string_lossy()))).expect("noted");
            let xid = std::fs::read_to_string(&noted).unwrap();
            own.stop(Signal::INT);
            let data = copy.join("data");
            match afterwards {
                Afterwards::PromotedWithout => recover(&data, &own.folder, Some(xid.trim())),
                Afterwards::PromotedWith => recover(&data, &own.folder, None),
                Afterwards::AnotherIdentifier => {
                    std::fs::remove_dir_all(&data).unwrap();
                    let copied = Command::new("cp").arg("-a").arg(own.folder.join("data")).arg(&copy).status();
                    assert!(copied.unwrap().success());
                    another_identifier(&data);
                }
            }
            let promoted = Own::of(copy.clone()).promoted();
            *address.lock().unwrap() = promoted.named(&name).socket;
            *other.lock().unwrap() = Some(promoted);
        })
    };
    let cut = Cut { at: commit_of(&messages).clone(), when: When::After, deed: Deed::Last(fails) };
    let proxy = run(Proxy::before(Arc::clone(&address), Some(cut)));
    let desk = postgres(&proxy.url(&stand.database.name));
    let finished = run(stand.running(&desk, &staged.request, &Cancel::default()));
    assert!(proxy.is_cut());
    let finished = finished.unwrap_or_else(|failure| panic!("{failure:?}"));
    let again = run(countersign::session::prove_again(&desk, &staged.request)).map_err(|failure| failure.message);
    // Whatever is proved, it is not run again: not here, and not on the old one.
    let refusal = run(stand.running(&desk, &staged.request, &Cancel::default()));
    assert!(matches!(refusal.unwrap_err().kind, FailureKind::Refused), "it is not run again");
    drop(desk);
    let new = other.lock().unwrap().take().expect("it failed over");
    drop(new);
    own.again();
    let old = stand.prove(&staged.request).unwrap();
    (finished.outcome, again, old)
}

/// Makes a copy take up the old server's log, all of it or up to just before this transaction, and then become a primary of
/// its own timeline, as a standby does that is promoted.
fn recover(data: &Path, old: &Path, until: Option<&str>) {
    let until = until.map_or_else(String::new, |xid| {
        format!("recovery_target_xid = '{xid}'\nrecovery_target_inclusive = off\nrecovery_target_action = 'promote'\n")
    });
    let log = old.join("data/pg_wal");
    let conf = data.join("postgresql.auto.conf");
    let said = std::fs::read_to_string(&conf).unwrap();
    std::fs::write(&conf, format!("{said}restore_command = 'cp {}/%f %p'\n{until}", log.display())).unwrap();
    std::fs::write(data.join("recovery.signal"), "").unwrap();
    let owner = std::fs::metadata(data).unwrap();
    give(&data.join("recovery.signal"), &owner);
}

fn give(file: &Path, owner: &std::fs::Metadata) {
    std::os::unix::fs::chown(file, Some(owner.uid()), Some(owner.gid())).unwrap();
}

/// Gives the data of a stopped server another system identifier: in its control file, whose checksum is made anew, and by
/// `pg_resetwal` in its log.
fn another_identifier(data: &Path) {
    let path = data.join("global/pg_control");
    let mut control = std::fs::read(&path).unwrap();
    let summed = (64..600).step_by(4).find(|end| control[*end..*end + 4] == crc32c(&control[..*end]).to_le_bytes());
    let end = summed.expect("a control file ends with its checksum");
    control[0] ^= 0x55;
    let sum = crc32c(&control[..end]).to_le_bytes();
    control[end..end + 4].copy_from_slice(&sum);
    std::fs::write(&path, control).unwrap();
    let binaries = find_binaries(options_without_folder().binaries.as_deref()).unwrap();
    // The server may have been found by a link to it; what comes with it lies beside the server itself.
    let server = binaries.join("postgres").canonicalize().unwrap();
    let output =
        Own::as_owner(data, server.with_file_name("pg_resetwal")).arg("-f").arg(data).output().expect("pg_resetwal");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// CRC-32C, bit by bit: the file has 8 kB.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0x82F6_3B78 } else { sum >> 1 })
    })
}

fn is_unknown(outcome: &Outcome, words: &str) -> bool {
    matches!(outcome, Outcome::Unknown { reason, .. } if reason.contains(words))
}

#[test]
fn a_promoted_standby_that_lost_the_commit_proves_nothing() {
    let (told, again, old) = fail_over(Afterwards::PromotedWithout);
    assert!(is_unknown(&told, "has failed over since"), "{told:?}");
    let again = again.unwrap();
    assert!(is_unknown(&again, "has failed over since"), "{again:?}");
    assert_eq!(old, Outcome::Committed, "the old primary knows");
}

#[test]
fn a_promoted_standby_that_holds_the_outcome_entry_proves_it() {
    let (told, again, old) = fail_over(Afterwards::PromotedWith);
    assert_eq!((told, again, old), (Outcome::Committed, Ok(Outcome::Committed), Outcome::Committed));
}

#[test]
fn a_copy_with_another_system_identifier_proves_nothing() {
    let (told, _, old) = fail_over(Afterwards::AnotherIdentifier);
    assert!(is_unknown(&told, "the run was on"), "{told:?}");
    assert_eq!(old, Outcome::Committed, "the old primary knows");
}

/// The desk died, so nobody kept what proves it: the ledger alone decides, and only that of the same history.
#[test]
fn a_dead_desks_run_is_not_settled_by_another_history() {
    let own = Own::new();
    let stand = Stand::on(own.database(), &[]);
    let heard = messages(&stand, false);
    stand.build();
    let staged = Again::of(&stand).approved(&stand);
    let told = cut(&stand, &staged, commit_of(&heard), &Way::Down(When::Before));
    assert_eq!(told, Told::NotKept);
    own.stop(Signal::INT);
    let copy = own.copy();
    recover(&copy.join("data"), &own.folder, None);
    let promoted = Own::of(copy).promoted();
    let elsewhere = postgres(&promoted.named(&stand.database.name).url);
    let failure = refused(run(countersign::session::prove_again(&elsewhere, &staged.request)), "has failed over since");
    assert_eq!(failure.kind, FailureKind::Unknown);
    own.again();
    assert_eq!(settle(&stand, &staged, told, "on the old primary"), Proved::RolledBack);
}

/// A file may grow no further: `PostgreSQL` takes that for a disk that is full (SIGXFSZ is ignored for it).
#[test]
fn a_disk_that_is_full_rolls_back() {
    let own = Own::new();
    let stand = Stand::on(own.database(), &[]);
    stand.load("CREATE TABLE public.bulk (filler text); ALTER TABLE public.bulk ALTER filler SET STORAGE PLAIN");
    let request = stand.approved();
    stand.load(
        "CREATE FUNCTION public.fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         INSERT INTO public.bulk SELECT repeat('x', 8000) FROM generate_series(1, 2600); RETURN OLD; END $$; \
         CREATE TRIGGER fill BEFORE DELETE ON public.vocabulary FOR EACH ROW EXECUTE FUNCTION public.fill()",
    );
    // Not a multiple of a block: the last write is a short one, which is how a full disk answers. A log segment fits.
    own.limit_files("16781312");
    stand.rolls_back(&request, "could not extend file");
    assert!(stand.status(&request).starts_with("rolled back"), "{}", stand.status(&request));
    own.limit_files("unlimited");
    stand.load("DROP TRIGGER fill ON public.vocabulary");
    let request = stand.approved();
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
}
