//! The ledger's roles on a real server: what each may append and read, in whose name, and what nobody may do.

use countersign::ledger::{Body, verify_chain};
use countersign::port::{Database as _, DatabaseError};
use countersign::runbook::Principal;

use crate::support::{TestDatabase, database, run};

/// A ledger with its roles, and a login in each: `PREFIX_reader`, `PREFIX_reviewer`, and so on.
fn with_roles(prefix: &str) -> TestDatabase {
    let database = database();
    let superuser = database.superuser();
    run(superuser.ledger_init()).expect("made");
    run(superuser.ledger_grants()).expect("granted");
    run(superuser.ledger_grants()).expect("granted once more");
    for role in ["reader", "reviewer", "operator", "owner", "desk"] {
        run(superuser.load(&format!("CREATE ROLE {prefix}_{role} LOGIN IN ROLE countersign_{role}"))).expect("a login");
    }
    database
}

/// An insert of this kind in this name, by hand: the server is what is tried here.
fn insert(kind: &str, who: &str) -> String {
    let more = match kind {
        "staged" | "approved" | "rejected" | "withdrawn" | "roster_proposed" | "roster_approved"
        | "roster_withdrawn" => {
            format!(r#","signature":{{"principal":"{who}"}}"#)
        }
        "intent" => format!(r#","operator":"{who}","signature":{{"principal":"{who}"}}"#),
        "stopped" => format!(r#","by":"{who}""#),
        _ => String::new(),
    };
    format!(r#"INSERT INTO countersign.entry (kind, body) VALUES ('{kind}', '{{"kind":"{kind}"{more}}}')"#)
}

/// Sends SQL as a role; gives nothing, or the server's refusal.
fn send(database: &TestDatabase, role: &str, sql: &str) -> Option<String> {
    match run(database.role(role).load(sql)) {
        Ok(()) => None,
        Err(DatabaseError::Refused { code, message }) => Some(format!("{code} {message}")),
        Err(other) => panic!("{role}: {sql}: {other}"),
    }
}

#[track_caller]
fn goes(database: &TestDatabase, role: &str, sql: &str) {
    assert_eq!(send(database, role, sql), None, "{role}: {sql}");
}

#[track_caller]
fn refuses(database: &TestDatabase, role: &str, sql: &str, words: &str) {
    let said = send(database, role, sql).unwrap_or_else(|| panic!("it was not refused: {role}: {sql}"));
    assert!(said.contains(words), "{role}: {sql}\n  said     {said}\n  expected {words}");
}

#[test]
fn each_role_appends_its_own_kinds_and_no_others() {
    let database = with_roles("kinds");
    let both = ["rejected", "stopped", "restart", "finding", "roster_proposed", "roster_approved", "roster_withdrawn"];
    let reviewers = ["approved", "withdrawn"];
    let operators = ["baseline", "staged", "intent", "committed", "ended"];
    for kind in both.iter().chain(&reviewers).chain(&operators) {
        let sql = insert(kind, "lan");
        for (role, may) in [
            ("kinds_reviewer", both.contains(kind) || reviewers.contains(kind)),
            ("kinds_operator", both.contains(kind) || operators.contains(kind)),
            ("kinds_desk", true),
            ("postgres", true),
        ] {
            if may {
                goes(&database, role, &sql);
            } else {
                refuses(&database, role, &sql, &format!("may not append entries of kind '{kind}'"));
            }
            // What is asked beforehand is what the trigger says.
            let asked = run(database.role(role).ledger_may(kind, &Principal::from("lan")));
            assert_eq!(asked.is_ok(), may, "{role}: {kind}: {asked:?}");
        }
        for role in ["kinds_reader", "kinds_owner"] {
            refuses(&database, role, &sql, "42501 permission denied");
        }
    }
    for role in ["kinds_reader", "kinds_reviewer", "kinds_operator", "kinds_owner"] {
        let entries = run(database.role(role).ledger_read(0)).expect("read");
        assert_eq!(verify_chain(&entries, None), Ok(()));
    }
    let mutex = "BEGIN; SELECT 1 FROM countersign.mutex FOR UPDATE NOWAIT; ROLLBACK";
    goes(&database, "kinds_operator", mutex);
    for role in ["kinds_reader", "kinds_reviewer"] {
        refuses(&database, role, mutex, "42501 permission denied");
    }
}

#[test]
fn nobody_but_a_superuser_who_means_it_rewrites_entries() {
    let database = with_roles("rewrite");
    goes(&database, "rewrite_reviewer", &insert("approved", "minh"));
    for role in ["rewrite_reader", "rewrite_reviewer", "rewrite_operator", "rewrite_owner", "rewrite_desk", "postgres"]
    {
        for sql in [
            "UPDATE countersign.entry SET body = ''",
            "DELETE FROM countersign.entry",
            "TRUNCATE countersign.entry",
            "UPDATE countersign.head SET seq = 0",
            "TRUNCATE countersign.login",
            "UPDATE countersign.login SET principal = 'x'",
        ] {
            refuses(&database, role, sql, "42501");
        }
        goes(&database, role, "SELECT count(*) FROM countersign.entry, countersign.login");
    }
    // The owner can give itself the right again: the trigger denies it still.
    for (right, sql) in [
        ("UPDATE", "UPDATE countersign.entry SET body = ''"),
        ("DELETE", "DELETE FROM countersign.entry"),
        ("TRUNCATE", "TRUNCATE countersign.entry"),
    ] {
        let sql = format!("GRANT {right} ON countersign.entry TO countersign_owner; {sql}");
        refuses(&database, "rewrite_owner", &sql, "the ledger is append-only");
    }
    // Only the owner maps logins.
    let map = "INSERT INTO countersign.login (login, principal) VALUES ('rewrite_reviewer', 'minh')";
    for role in ["rewrite_reader", "rewrite_reviewer", "rewrite_operator", "rewrite_desk"] {
        refuses(&database, role, map, "42501");
        refuses(&database, role, "DELETE FROM countersign.login", "42501");
    }
    goes(&database, "rewrite_owner", map);
    goes(&database, "rewrite_owner", "DELETE FROM countersign.login");
    assert_eq!(run(database.superuser().ledger_read(0)).expect("read").len(), 1);
}

/// Every way to change what stands, on every table of the ledger, by every role; the owner may only take a mapping away.
#[test]
fn every_rewrite_of_every_table_is_refused_to_every_role() {
    let database = with_roles("every");
    run(database.superuser().load("CREATE ROLE every_stranger LOGIN")).expect("a login");
    goes(&database, "every_reviewer", &insert("approved", "minh"));
    goes(&database, "every_owner", "INSERT INTO countersign.login (login, principal) VALUES ('every_reader', 'an')");
    let rewrites = [
        ("entry", "kind = kind"),
        ("entry", "hash = hash"),
        ("head", "seq = seq + 1"),
        ("head", "mapped = false"),
        ("mutex", "one = one"),
        ("login", "principal = 'minh'"),
    ];
    for role in ["reader", "reviewer", "operator", "owner", "desk", "stranger"] {
        let login = format!("every_{role}");
        for (table, set) in rewrites {
            let mut tried = vec![
                format!("UPDATE countersign.{table} SET {set}"),
                format!("WITH gone AS (DELETE FROM countersign.{table} RETURNING 1) SELECT count(*) FROM gone"),
                format!("DELETE FROM countersign.{table}"),
                format!("TRUNCATE countersign.{table}"),
                format!("TRUNCATE countersign.{table} CASCADE"),
                format!("ALTER TABLE countersign.{table} DISABLE TRIGGER ALL; UPDATE countersign.{table} SET {set}"),
                format!("SET session_replication_role = replica; DELETE FROM countersign.{table}"),
            ];
            if role == "owner" {
                // It may drop what protects: that is said in the manual. What it has of ordinary rights is tried.
                let may = |sql: &String| {
                    sql.starts_with("ALTER")
                        || (table == "login" && sql.contains("DELETE FROM") && !sql.starts_with("SET"))
                };
                tried.retain(|sql| !may(sql));
            }
            for sql in tried {
                refuses(&database, &login, &sql, "42501");
            }
        }
        for sql in [
            "INSERT INTO countersign.head (seq, hash) VALUES (9, 'x')",
            "INSERT INTO countersign.mutex DEFAULT VALUES",
            "INSERT INTO countersign.entry (kind, body, seq) VALUES ('stopped', '{\"kind\":\"stopped\"}', 9)",
            "INSERT INTO countersign.entry (kind, body, actor) VALUES ('stopped', '{\"kind\":\"stopped\"}', 'minh')",
            "INSERT INTO countersign.entry (kind, body) VALUES ('stopped', '{\"kind\":\"stopped\"}') ON CONFLICT (seq) DO UPDATE SET body = ''",
        ] {
            refuses(&database, &login, sql, "42501");
        }
        if role != "owner" {
            refuses(
                &database,
                &login,
                "INSERT INTO countersign.login (login, principal) VALUES ('every_desk', 'minh')",
                "42501",
            );
        }
    }
    let entries = run(database.superuser().ledger_read(0)).expect("read");
    assert_eq!((entries.len(), verify_chain(&entries, None)), (1, Ok(())));
    // Their innocent twins: what each may is not hindered by any of it.
    goes(&database, "every_owner", "DELETE FROM countersign.login WHERE login = 'every_reader'");
    goes(&database, "every_reader", "SELECT count(*) FROM countersign.entry, countersign.head, countersign.login");
}

#[test]
fn from_the_first_mapping_on_a_login_writes_in_its_own_name_only() {
    let database = with_roles("mapped");
    let owner = database.role("mapped_owner");
    let map = |who: &str, login: &str| run(owner.ledger_map(&Principal::from(who), login));
    // Nobody is mapped: as it always was.
    goes(&database, "mapped_reviewer", &insert("approved", "minh"));
    goes(&database, "mapped_reviewer", &insert("approved", "thu"));
    assert!(!run(owner.ledger_logins()).expect("read").checked);
    map("minh", "mapped_reviewer").expect("mapped");
    map("lan", "mapped_operator").expect("mapped");
    let refusal = map("thu", "mapped_reviewer").expect_err("one login speaks for one person");
    assert!(refusal.to_string().contains("23505"), "{refusal}");
    let refusal = map("thu", "mapped_nobody").expect_err("there is no such login");
    assert!(refusal.to_string().contains("no role mapped_nobody that can log in"), "{refusal}");
    assert!(map("thu", "countersign_reviewer").is_err(), "a group cannot log in");
    let refusal = run(database.role("mapped_reviewer").ledger_map(&Principal::from("thu"), "mapped_desk"));
    assert!(refusal.expect_err("not the owner").to_string().contains("only the ledger's owner"));
    let logins = run(database.role("mapped_reader").ledger_logins()).expect("read");
    assert!(logins.checked && logins.logins.len() == 2);
    assert_eq!(logins.logins[1].principal, Principal::from("minh"));
    assert_eq!(logins.logins[1].mapped_by, "mapped_owner");

    for kind in
        ["approved", "rejected", "withdrawn", "stopped", "roster_proposed", "roster_approved", "roster_withdrawn"]
    {
        goes(&database, "mapped_reviewer", &insert(kind, "minh"));
        for (role, who) in [("mapped_reviewer", "thu"), ("mapped_desk", "minh"), ("postgres", "minh")] {
            refuses(&database, role, &insert(kind, who), "is not mapped to");
        }
        let asked = run(database.role("mapped_reviewer").ledger_may(kind, &Principal::from("thu")));
        assert!(asked.expect_err("asked beforehand").to_string().contains("is not mapped to 'thu'"));
    }
    for kind in ["staged", "intent"] {
        goes(&database, "mapped_operator", &insert(kind, "lan"));
        refuses(&database, "mapped_operator", &insert(kind, "minh"), "is not mapped to 'minh'");
    }
    // What has nobody's name needs none; what must have one and hides it is refused.
    goes(&database, "mapped_operator", &insert("committed", ""));
    goes(
        &database,
        "mapped_operator",
        r#"INSERT INTO countersign.entry (kind, body) VALUES ('stopped', '{"kind":"stopped","by":null}')"#,
    );
    for body in [
        r#"{"kind":"approved"}"#,
        r#"{"kind":"approved","signature":["minh","x"]}"#,
        r#"{"kind":"approved","signature":{"principal":null}}"#,
        r#"{"kind":"approved","signature":{"principal":"minh"},"signature":{"principal":"thu"}}"#,
    ] {
        let sql = format!("INSERT INTO countersign.entry (kind, body) VALUES ('approved', '{body}')");
        refuses(&database, "mapped_reviewer", &sql, "is not mapped to");
    }
    let two = r#"{"kind":"intent","operator":"lan","signature":{"principal":"minh"}}"#;
    let sql = format!("INSERT INTO countersign.entry (kind, body) VALUES ('intent', '{two}')");
    refuses(&database, "mapped_operator", &sql, "is not mapped to 'minh'");

    // A mapping that is gone lets nobody through, and neither does the last one.
    assert_eq!(run(owner.ledger_unmap("mapped_reviewer")), Ok(true));
    assert_eq!(run(owner.ledger_unmap("mapped_reviewer")), Ok(false));
    refuses(&database, "mapped_reviewer", &insert("approved", "minh"), "is not mapped to");
    assert_eq!(run(owner.ledger_unmap("mapped_operator")), Ok(true));
    let logins = run(owner.ledger_logins()).expect("read");
    assert!(logins.checked && logins.logins.is_empty());
    refuses(&database, "mapped_operator", &insert("intent", "lan"), "is not mapped to");
    refuses(&database, "mapped_desk", &insert("approved", "minh"), "is not mapped to");
    map("minh", "mapped_reviewer").expect("mapped again");
    goes(&database, "mapped_reviewer", &insert("approved", "minh"));
}

#[test]
fn a_snapshot_from_before_does_not_bring_a_mapping_back() {
    let database = with_roles("snapshot");
    let owner = database.role("snapshot_owner");
    run(owner.ledger_map(&Principal::from("minh"), "snapshot_reviewer")).expect("mapped");
    let append = insert("approved", "minh");
    let old = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM countersign.login; SELECT pg_sleep(1.5); {append}; COMMIT"
    );
    let reviewer = database.role("snapshot_reviewer");
    let (appended, unmapped) = run(async {
        tokio::join!(reviewer.load(&old), async {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            owner.ledger_unmap("snapshot_reviewer").await
        })
    });
    assert_eq!(unmapped, Ok(true));
    assert!(matches!(&appended, Err(DatabaseError::Refused { code, .. }) if code == "40001"), "{appended:?}");
    // Its innocent twin: nothing changed meanwhile.
    run(owner.ledger_map(&Principal::from("minh"), "snapshot_reviewer")).expect("mapped");
    goes(&database, "snapshot_reviewer", &old.replace("1.5", "0"));
}

#[test]
fn logins_that_append_at_once_make_one_line() {
    let database = with_roles("line");
    let superuser = database.superuser();
    for at in 0..6 {
        let role = if at % 2 == 0 { "reviewer" } else { "operator" };
        run(superuser.load(&format!("CREATE ROLE line_{at} LOGIN IN ROLE countersign_{role}"))).expect("a login");
        run(superuser.ledger_map(&Principal(format!("p{at}")), &format!("line_{at}"))).expect("mapped");
    }
    run(async {
        let desks: Vec<_> = (0..6)
            .map(|at| {
                let postgres = database.role(&format!("line_{at}"));
                tokio::spawn(async move {
                    for turn in 0..10 {
                        let by = Some(Principal(format!("p{at}")));
                        let stop = Body::Stopped {
                            condition: "by hand".to_owned(),
                            reason: turn.to_string(),
                            by,
                            detail: None,
                        };
                        postgres.ledger_append(&stop).await.expect("appended");
                    }
                })
            })
            .collect();
        for desk in desks {
            desk.await.expect("done");
        }
    });
    let entries = run(superuser.ledger_read(0)).expect("read");
    assert_eq!(entries.len(), 60);
    assert_eq!(verify_chain(&entries, None), Ok(()));
    assert!(entries.iter().all(|entry| entry.body.contains(&entry.actor.replace("line_", "p"))));
}

#[test]
fn a_role_is_acted_as_by_those_it_was_given_to() {
    let database = database();
    run(database.superuser().load(
        "CREATE ROLE acts_group; CREATE ROLE acts_inner IN ROLE acts_group; CREATE ROLE acts_member LOGIN IN ROLE acts_inner; \
         CREATE ROLE acts_apart LOGIN NOINHERIT IN ROLE acts_group; CREATE ROLE acts_stranger LOGIN; \
         CREATE ROLE acts_super LOGIN SUPERUSER IN ROLE acts_group",
    ))
    .expect("roles");
    let acts = |login: &str, role: &str| run(database.role(login).acts_as(role)).expect("answered");
    for (login, role, expected) in [
        ("acts_member", "acts_group", true),
        ("acts_member", "acts_member", true),
        ("acts_apart", "acts_group", false),
        ("acts_stranger", "acts_group", false),
        ("acts_super", "acts_group", false),
        ("acts_super", "acts_super", true),
        ("acts_member", "acts_nobody", false),
        ("acts_member", "acts'; DROP TABLE x; --", false),
    ] {
        assert_eq!(acts(login, role), expected, "{login} as {role}");
    }
}

#[test]
fn a_ledger_that_its_maker_owns_works_for_the_maker_alone() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load(&format!(
        "CREATE ROLE maker LOGIN; CREATE ROLE maker_other LOGIN; GRANT CREATE ON DATABASE {} TO maker",
        database.name
    )))
    .expect("roles");
    let maker = database.role("maker");
    run(maker.ledger_init()).expect("made");
    goes(&database, "maker", &insert("approved", "minh"));
    goes(&database, "maker", &insert("intent", "lan"));
    refuses(&database, "maker", "DELETE FROM countersign.entry", "42501");
    refuses(&database, "maker_other", &insert("approved", "minh"), "42501");
    // Making roles is not for everybody.
    assert!(matches!(run(maker.ledger_grants()), Err(DatabaseError::Refused { .. } | DatabaseError::Blind(_))));
    goes(&database, "maker", &insert("approved", "minh"));
}
