//! A second runbook, unlike the first: a schema of its own, quoted names, partitions, a trigger on a reused table, two
//! parameters with quotes and Vietnamese letters, and reviewers who sign with `ssh-keygen` alone.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support;

use super::demo::{Answer, countersign, text};

/// Who is on the roster: principal, roles.
const PEOPLE: [(&str, &str); 4] =
    [("author", "author"), ("lan", "reviewer"), ("minh", "reviewer"), ("huy", "operator")];
/// Whose settings the build added: both kinds of quotes, and letters with accents.
const OWNER: &str = "settings_owner=kho \"Đơn cũ\" của O'Hara";

/// The sample, its database, and its people's keys, in a folder with a space and accents in its name.
pub(super) struct Shop {
    home: tempfile::TempDir,
    pub(super) url: String,
    pub(super) name: String,
}

impl Shop {
    /// Loads the base, keeps the baseline, builds the four steps, makes the ledger.
    pub(super) fn built() -> Self {
        Self::of("assets/runbooks/orders-archive", &["ar-1", "ar-2", "ar-3", "ar-4"])
    }

    /// The same with any runbook for the database `shop`.
    pub(super) fn of(folder: &str, builds: &[&str]) -> Self {
        let database = support::database();
        let home = tempfile::Builder::new().prefix("cửa hàng ").tempdir().unwrap();
        let shop = Self { home, url: database.url, name: database.name };
        let sample = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
        for folder in ["build", "reversal"] {
            fs::create_dir_all(shop.path("runbook").join(folder)).unwrap();
            for file in fs::read_dir(sample.join(folder)).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), shop.path("runbook").join(folder).join(file.file_name())).unwrap();
            }
        }
        let toml = fs::read_to_string(sample.join("runbook.toml")).unwrap();
        let toml = toml.replace("database = \"shop\"", &format!("database = \"{}\"", shop.name));
        fs::write(shop.path("runbook").join("runbook.toml"), toml).unwrap();
        shop.write_roster();
        shop.psql(&sample.join("base.sql"));
        let (runbook, baseline) = (shop.path("runbook"), shop.path("trước.json"));
        countersign(&["census", text(&runbook), "--db", &shop.url, "--save", text(&baseline)]).ok();
        for build in builds {
            shop.psql(&sample.join(format!("build/{build}.sql")));
        }
        shop
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Makes the ledger with its baseline, and lets everybody bring the roster into force, one of them by `ssh-keygen`.
    pub(super) fn make_ledger(&self) {
        let roster = self.path("runbook").join("roster.toml");
        let init = ["ledger", "init", "--yes", "--baseline", "BASELINE", "--roster", text(&roster)];
        let made = self.run_as("author", &init).ok().out;
        assert!(made.contains("1 of 4 people have signed it"), "{made}");
        let document = self.path("roster.json");
        fs::write(&document, self.run(&["roster", "document"]).ok().out).unwrap();
        let signature = sign_by_hand(&self.path("lan"), "countersign-roster", &document);
        let approved =
            self.run(&["roster", "approve", "--as", "lan@shop.test", "--signature", text(&signature), "--json"]);
        assert_eq!(approved.ok().json()["in_force"], false);
        self.run_as("minh", &["roster", "approve"]).ok();
        self.run_as("minh", &["roster", "approve"]).fails(3, "has signed it already");
        let last = self.run_as("huy", &["roster", "approve"]).ok().out;
        assert!(last.contains("roster version 1 is in force: 4 people have signed"), "{last}");
    }

    fn write_roster(&self) {
        let mut roster = "format = 1\n".to_owned();
        for (person, role) in PEOPLE {
            let key = self.path(person);
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", text(&key)]).status();
            assert!(made.expect("ssh-keygen is installed").success());
            let public = fs::read_to_string(key.with_extension("pub")).unwrap();
            roster += &format!(
                "\n[[person]]\nprincipal = \"{person}@shop.test\"\nname = \"{person}\"\nkind = \"human\"\n\
                 roles = [\"{role}\"]\nkeys = [\"{}\"]\n",
                public.trim()
            );
        }
        fs::write(self.path("runbook").join("roster.toml"), roster).unwrap();
    }

    pub(super) fn psql(&self, file: &std::path::Path) {
        let words = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.url, "-f", text(file)];
        let output = Command::new("psql").args(words).output().expect("psql is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs a verb; `RUNBOOK` and `BASELINE` stand for this sample's.
    pub(super) fn run(&self, words: &[&str]) -> Answer {
        let (runbook, baseline) = (self.path("runbook"), self.path("trước.json"));
        let fill = |word: &&str| match *word {
            "RUNBOOK" => text(&runbook).to_owned(),
            "BASELINE" => text(&baseline).to_owned(),
            other => other.to_owned(),
        };
        let mut all: Vec<String> = words.iter().map(fill).collect();
        all.extend(["--db".to_owned(), self.url.clone()]);
        countersign(&all.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Runs a verb as somebody.
    pub(super) fn run_as(&self, person: &str, words: &[&str]) -> Answer {
        let (principal, key) = (format!("{person}@shop.test"), self.path(person));
        let mut all = words.to_vec();
        all.extend(["--as", &principal, "--key", text(&key)]);
        self.run(&all)
    }

    /// Approves with nothing but `ledger request` and `ssh-keygen -Y sign`.
    pub(super) fn approve_by_hand(&self, person: &str, request: &str) -> Answer {
        let document = self.path(&format!("{request}-{person}.json"));
        fs::write(&document, self.run(&["ledger", "request", request]).ok().out).unwrap();
        let signature = sign_by_hand(&self.path(person), "countersign-run", &document);
        self.run(&["approve", request, "--as", &format!("{person}@shop.test"), "--signature", text(&signature)])
    }
}

/// Signs a file with `ssh-keygen -Y sign`; gives the signature's file.
pub(super) fn sign_by_hand(key: &std::path::Path, namespace: &str, document: &std::path::Path) -> PathBuf {
    let signature = document.with_extension("json.sig");
    let _ = fs::remove_file(&signature);
    let signed = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-q", "-n", namespace, "-f", text(key), text(document)])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(signed.unwrap().success());
    signature
}

#[test]
fn another_schema_goes_from_staged_to_committed_by_two_people_and_ends_at_the_baseline() {
    let shop = Shop::built();
    let bind = ["--bind", OWNER, "--bind", "retention_months=24"];
    // No ledger is needed to rehearse, and one is needed to stage.
    shop.run(&[&["rehearse", "RUNBOOK", "AR-4", "--baseline", "BASELINE"], &bind[..]].concat()).ok();
    shop.run_as("author", &["stage", "RUNBOOK", "AR-3", "--baseline", "BASELINE"]).fails(3, "no ledger");
    shop.make_ledger();
    // The baseline from before the build cannot be overwritten by a slip.
    shop.run(&["census", "RUNBOOK", "--save", "BASELINE"]).fails(3, "left alone");

    let order = shop.run(&["diagnose", "RUNBOOK"]).ok().out;
    assert!(order.contains("reverse in this order: AR-4, AR-3, AR-2, AR-1"), "{order}");
    shop.run_as("author", &["stage", "RUNBOOK", "AR-1"]).fails(1, "reverse AR-3 first");
    let unbound = ["stage", "RUNBOOK", "AR-4", "--bind", "retention_months=24"];
    shop.run_as("author", &unbound).fails(2, "`settings_owner` has no value");
    let wrong = ["rehearse", "RUNBOOK", "AR-4", "--bind", OWNER, "--bind", "retention_months=12"];
    shop.run(&wrong).fails(4, "expected exactly 2, actual 0");

    let words = [&["stage", "RUNBOOK", "AR-4", "AR-3", "AR-2", "AR-1", "--json"], &bind[..]].concat();
    let staged = shop.run_as("author", &words).ok().json();
    let request = staged["request"].as_str().unwrap();
    let shown = shop.run(&["ledger", "show", request]).ok().out;
    for words in ["'kho \"Đơn cũ\" của O''Hara'::text", "'24'::bigint", "exactly 2 rows", "0 of 2 approvals"] {
        assert!(shown.contains(words), "expected `{words}` in: {shown}");
    }

    shop.approve_by_hand("author", request).fails(3, "role");
    shop.approve_by_hand("lan", request).ok();
    shop.approve_by_hand("lan", request).fails(3, "signed already");
    shop.run_as("lan", &["approve", request]).fails(3, "signed already");
    shop.run_as("huy", &["run", request, "--confirm", &shop.name]).fails(3, "1 of 2");
    shop.run_as("minh", &["approve", request]).ok();
    let ran = shop.run_as("huy", &["run", request, "--confirm", &shop.name, "--json"]).ok().json();
    assert_eq!((&ran["outcome"], &ran["verified_after"]), (&"committed".into(), &true.into()), "{ran}");

    let after = shop.run(&["compare", "RUNBOOK", "--baseline", "BASELINE", "--json"]).ok().json();
    assert_eq!(after["holds"], true, "{after}");
    assert_eq!(shop.run(&["diagnose", "RUNBOOK", "--json"]).ok().json()["mode"], "not_applied");
    let folder = shop.path("phát hiện");
    shop.run_as("huy", &["finding", "export", request, "--out", text(&folder)]).ok();
    countersign(&["finding", "verify", text(&folder)]).ok();
    shop.run(&["ledger", "verify"]).ok();
}

#[test]
fn with_json_every_refusal_is_json_too() {
    for words in [&["census", "--json"][..], &["nonsense", "--json"], &["check", "/nowhere", "--json"]] {
        let answer = countersign(words);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{words:?}: {}", answer.err);
        let error: serde_json::Value = serde_json::from_str(&answer.err).unwrap_or_else(|_| panic!("{}", answer.err));
        assert_eq!(error["error"]["exit_code"], 2, "{words:?}");
    }
    let asked = countersign(&["--help"]).ok();
    assert!(asked.out.contains("Exit codes"), "{}", asked.out);
    countersign(&["nonsense"]).fails(2, "no verb and no folder");
}
