//! Bad input and missing rights, by the command line where a person meets them: what is wrong, and nothing is lost.

use std::process::Command;

use countersign::adapter::postgres::PrivateCluster;
use countersign::census::{Question, Reading};
use countersign::port::Database as _;
use countersign::run::Outcome;
use countersign::session::FailureKind;

use super::stand::{Stand, refused};
use crate::keys::Keys;
use crate::pipeline::demo::{countersign, text};
use crate::support::{options, postgres, run};

impl Stand {
    /// Takes what stood before, as the program does, into a file.
    fn verb(&self, words: &[&str]) -> crate::pipeline::demo::Answer {
        let mut all = words.to_vec();
        all.extend(["--db", &self.database.url]);
        countersign(&all)
    }
}

#[test]
fn a_half_written_runbook_is_named_with_its_place_and_reaches_no_server() {
    let stand = Stand::new();
    let entries = stand.entries().len();
    let toml = stand.folder.join("runbook.toml");
    let good = std::fs::read(&toml).unwrap();
    let folder = text(&stand.folder);
    let key = stand.sign_as("hong").key.to_string();
    let check = |bytes: &[u8], words: &str| {
        std::fs::write(&toml, bytes).unwrap();
        let found = countersign(&["check", folder]);
        assert_eq!(found.code, 2, "{words}: {} {}", found.out, found.err);
        let said = found.out.clone() + &found.err;
        assert!(said.contains(words), "expected `{words}` in: {said}");
        stand.verb(&["stage", folder, "S-1", "--as", "hong@example.test", "--key", &key]).fails(2, "");
        std::fs::write(&toml, &good).unwrap();
    };
    let as_text = String::from_utf8(good.clone()).unwrap();
    check(&good[..good.len() / 2], "runbook.toml:");
    check(b"", "runbook.toml");
    check(b"\xff\xfe\x00", "UTF-8");
    check(as_text.replace("statement = \"20s\"", "statement = \"soon\"").as_bytes(), "soon");
    check(as_text.replace("[timeouts]", "[timeouts]\nlokc = \"3s\"").as_bytes(), "lokc");
    check(as_text.replace("approvals = 2", "approvals = 1").as_bytes(), "approvals");
    check(as_text.replace("reversal/s-1.sql", "reversal/s-2.sql").as_bytes(), "reversal/s-2.sql");
    check(as_text.replace("reversal/s-1.sql", "../../etc/passwd").as_bytes(), "../../etc/passwd");
    check(as_text.replace("format = 1", "format = 2").as_bytes(), "format");
    countersign(&["check", folder]).ok();
    assert_eq!(stand.entries().len(), entries);
    assert!(!stand.is_reversed());
}

#[test]
fn a_half_written_baseline_or_roster_is_named() {
    let stand = Stand::new();
    let folder = text(&stand.folder);
    let key = stand.sign_as("hong").key.to_string();
    let file = stand.folder.parent().unwrap().join("baseline.json");
    stand.verb(&["census", folder, "--save", text(&file)]).ok();
    let good = std::fs::read(&file).unwrap();
    let stage = || {
        let words = ["stage", folder, "S-1", "--as", "hong@example.test", "--key", &key, "--baseline", text(&file)];
        stand.verb(&words)
    };
    std::fs::write(&file, &good[..good.len() / 2]).unwrap();
    stage().fails(2, "");
    std::fs::remove_file(&file).unwrap();
    stage().fails(2, "cannot read");
    std::fs::write(&file, &good).unwrap();
    let roster = stand.folder.join("roster.toml");
    let people = std::fs::read_to_string(&roster).unwrap();
    std::fs::write(&roster, &people[..people.len() / 2]).unwrap();
    stage().fails(2, "roster.toml");
    // One key for two people.
    let keys: Vec<&str> = people.lines().filter(|line| line.starts_with("keys")).collect();
    std::fs::write(&roster, people.replace(keys[2], keys[1])).unwrap();
    stage().fails(2, "roster.toml");
    std::fs::remove_file(&roster).unwrap();
    stage().fails(3, "roster");
    assert!(!stand.is_reversed());
}

#[test]
fn without_server_programs_the_demo_says_what_to_install() {
    let folder = Keys::new().path("demo");
    let words = ["demo", "up", "--dir", text(&folder), "--pg-bindir", "/nonexistent"];
    countersign(&words).fails(7, "");
    assert!(!folder.exists());
}

#[test]
fn a_locked_key_an_unknown_key_and_no_agent_are_told_apart() {
    let stand = Stand::new();
    let staged = stand.stage().unwrap();
    let keys = Keys::new();
    let locked = keys.make("locked", "-t ed25519", "open sesame");
    let unknown = keys.make("unknown", "-t ed25519", "");
    let wrong = keys.path("passphrase");
    std::fs::write(&wrong, "open barley\n").unwrap();
    let approve = |key: &str, more: &[&str]| {
        let mut words = vec!["approve", &staged.request, "--as", "minh@example.test", "--key", key];
        words.extend(more);
        stand.verb(&words)
    };
    approve(text(&locked), &[]).fails(3, "is locked and no passphrase could be asked");
    approve(text(&locked), &["--passphrase-file", text(&wrong)]).fails(3, "the passphrase does not open");
    approve(text(&unknown), &[]).fails(3, "does not hold");
    approve("agent:SHA256:nobody", &[]).fails(3, "ssh-agent cannot be reached");
    approve(text(&keys.path("nowhere")), &[]).fails(3, "cannot be read");
    let unlike = approve(text(&wrong), &[]).fails(3, "");
    assert!(!unlike.err.contains("open barley"), "{}", unlike.err);
    assert_eq!(stand.count("approved", &staged), 0);
    let minh = stand.sign_as("minh").key.to_string();
    approve(&minh, &[]).ok();
}

#[test]
fn an_approval_expires_and_a_clock_behind_does_not_open_it() {
    let stand = Stand::new();
    let request = stand.approved();
    stand.clock.pass(-2);
    assert_eq!(refused(stand.run(&request), "is not open before").kind, FailureKind::Refused);
    stand.clock.pass(2 + 9);
    assert_eq!(refused(stand.run(&request), "expired").kind, FailureKind::Refused);
    refused(stand.approve(&request, "lan"), "expired");
    assert!(!stand.is_reversed());
    stand.clock.pass(-2);
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed, "an hour before it expires");
}

#[test]
fn the_same_dump_on_another_server_is_another_database() {
    let stand = Stand::new();
    let request = stand.approved();
    let other = PrivateCluster::start(options()).expect("another server");
    let name = &stand.database.name;
    run(postgres(&other.url("postgres")).create_database(name)).unwrap();
    let copy = format!(
        "pg_dump --no-owner --no-acl -d '{}' | psql -X -q -v ON_ERROR_STOP=1 -d '{}'",
        stand.database.url,
        other.url(name)
    );
    let copied = Command::new("bash").args(["-o", "pipefail", "-c", &copy]).output().unwrap();
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let key = stand.sign_as("lan").key.to_string();
    let words =
        ["run", &request, "--confirm", name, "--as", "lan@example.test", "--key", &key, "--db", &other.url(name)];
    countersign(&words).fails(3, "this is not the database that was approved");
    // A copy on the same server is another one as well.
    stand.load(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    ));
    let copy = format!("{name}_copy");
    run(postgres(&crate::support::cluster().url("postgres")).load(&format!("CREATE DATABASE {copy} TEMPLATE {name}")))
        .unwrap();
    let url = crate::support::cluster().url(&copy);
    refused(stand.run_over(&url, &request), "this is not the database that was approved");
    let words = Question::new("q".into(), "SELECT count(*) FROM public.vocabulary".to_owned());
    for url in [url, other.url(name)] {
        let census = run(postgres(&url).census(std::slice::from_ref(&words))).unwrap();
        assert_eq!(census.readings.into_values().next(), Some(Reading::Value(Some("5".to_owned()))));
    }
    // The approvals still stand where they were given.
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
}

#[test]
fn a_login_without_rights_is_blind_and_blind_stops() {
    let stand = Stand::new();
    let request = stand.approved();
    let folder = text(&stand.folder);
    stand.load("DROP ROLE IF EXISTS access_plain; CREATE ROLE access_plain LOGIN");
    let plain = stand.database.url.replace("user=postgres", "user=access_plain");
    assert_ne!(plain, stand.database.url);
    let words = |grant: &str| {
        if !grant.is_empty() {
            stand.load(grant);
        }
        let answer = countersign(&["diagnose", folder, "S-1", "--db", &plain]);
        (answer.code, answer.out + &answer.err)
    };
    // May not even know whether there is a ledger.
    let (code, said) = words("");
    assert!(code == 1 && said.contains("GRANT countersign_desk TO"), "{code}: {said}");
    let (code, said) = words("GRANT countersign_desk TO access_plain");
    assert!(code == 6 && said.contains("stop"), "{code}: {said}");
    let key = stand.sign_as("lan").key.to_string();
    let run_as =
        ["run", &request, "--confirm", &stand.database.name, "--as", "lan@example.test", "--key", &key, "--db", &plain];
    countersign(&run_as).fails(3, "role: expected postgres, actual access_plain");
    assert_eq!(stand.status(&request), "open", "the slip uses nothing up");
    assert!(!stand.is_reversed());
    // Its innocent twin sees enough to diagnose.
    let (code, said) = words("GRANT pg_read_all_stats, pg_read_all_data TO access_plain");
    assert!(code == 0 && said.contains("isolated"), "{code}: {said}");
    stand.load("DROP OWNED BY access_plain; DROP ROLE access_plain");
}

#[test]
fn a_wrong_password_is_told_before_anything_is_done_and_is_never_repeated() {
    let options = options();
    let hba = options.folder.join("data/pg_hba.conf");
    let cluster = PrivateCluster::start(options).expect("a server");
    let superuser = postgres(&cluster.url("postgres"));
    run(superuser.load("SET password_encryption = 'scram-sha-256'; CREATE ROLE lan LOGIN PASSWORD 'hunter2'")).unwrap();
    let rules = std::fs::read_to_string(&hba).unwrap();
    std::fs::write(&hba, format!("local all lan scram-sha-256\n{rules}")).unwrap();
    run(superuser.load("SELECT pg_reload_conf()")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let with = |password: &str| format!("{} password={password}", as_pairs(&cluster, "lan"));
    let ask = |text: &str| countersign(&["ledger", "log", "--db", text]);
    let wrong = ask(&with("letmein")).fails(7, "does not accept the password of `lan`");
    assert!(!wrong.err.contains("letmein"), "{}", wrong.err);
    ask(&as_pairs(&cluster, "lan")).fails(7, "password");
    ask(&with("hunter2")).fails(3, "no ledger");
}

/// Connection text as pairs, on a server's socket.
fn as_pairs(cluster: &PrivateCluster, user: &str) -> String {
    format!("host={} user={user} dbname=postgres", cluster.socket_folder().display())
}
