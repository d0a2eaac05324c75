//! Whoever may append to the ledger may deny, and can make nothing run and nothing look as if it had.

use countersign::approval::SignedBytes;
use countersign::ledger::Body;
use countersign::port::{Database as _, Wait};
use countersign::run::{Evidence, Outcome, RunToken};
use countersign::session::{self, Cancel, FailureKind, SignAs, Watch};

use super::stand::{Stand, refused};
use crate::support::run;

fn by(name: &str) -> SignedBytes {
    SignedBytes { principal: format!("{name}@example.test").as_str().into(), signature: "no signature".to_owned() }
}

fn token(run: &str, xid: &str) -> RunToken {
    RunToken {
        run: run.to_owned(),
        stage: 0,
        xid: xid.to_owned(),
        pid: 1,
        backend_start: String::new(),
        system_identifier: "1".to_owned(),
        timeline: 1,
    }
}

fn committed(stand: &Stand, request: &str, run_id: &str, xid: &str) -> Body {
    let (_, state) = run(session::read_ledger(&stand.database.superuser())).unwrap();
    let request_digest = session::find_request(&state, request).unwrap().state.digest;
    Body::Committed { request_digest, run: run_id.to_owned(), stage: 0, stages: 1, token: token(run_id, xid) }
}

#[test]
fn approvals_of_nobody_do_not_count() {
    let stand = Stand::new();
    let staged = stand.stage().unwrap();
    stand.approve(&staged.request, "minh").unwrap();
    for name in ["thu", "minh", "stranger", "hong"] {
        stand.append(&Body::Approved { request_digest: staged.digest, signature: by(name) });
    }
    // Minh's own signature in Thu's name.
    let (_, state) = run(session::read_ledger(&stand.database.superuser())).unwrap();
    let mut stolen = session::find_request(&state, &staged.request).unwrap().signatures()[0].clone();
    stolen.principal = "thu@example.test".into();
    stand.append(&Body::Approved { request_digest: staged.digest, signature: stolen });
    let failure = refused(stand.run(&staged.request), "does not hold");
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(!stand.is_reversed());
    // They are no obstacle either.
    stand.approve(&staged.request, "thu").unwrap_or_else(|failure| {
        assert!(failure.message.contains("signed already"), "{failure:?}");
    });
}

#[test]
fn a_withdrawn_approval_appended_again_does_not_count() {
    let stand = Stand::new();
    let staged = stand.stage().unwrap();
    stand.approve(&staged.request, "minh").unwrap();
    stand.approve(&staged.request, "thu").unwrap();
    let superuser = stand.database.superuser();
    let (_, state) = run(session::read_ledger(&superuser)).unwrap();
    let signatures = session::find_request(&state, &staged.request).unwrap().signatures();
    let thu = stand.sign_as("thu");
    run(session::withdraw(&stand.world, &superuser, &staged.request, "no", &thu)).unwrap();
    refused(stand.run(&staged.request), "1 of 2");
    for signature in signatures {
        stand.append(&Body::Approved { request_digest: staged.digest, signature });
    }
    let failure = refused(stand.run(&staged.request), "");
    assert_eq!(failure.kind, FailureKind::Refused);
    refused(stand.approve(&staged.request, "thu"), "that is for good");
    assert!(!stand.is_reversed());
}

/// A signer that lets something happen while the operator looks for the key.
struct Slow<'a> {
    inner: std::sync::Arc<dyn countersign::port::Signer>,
    meanwhile: std::sync::Mutex<Option<Box<dyn FnOnce() + Send + 'a>>>,
}

impl countersign::port::Signer for Slow<'static> {
    fn sign<'a>(
        &'a self,
        request: &'a countersign::port::SignRequest,
    ) -> Wait<'a, Result<SignedBytes, countersign::port::SignError>> {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        // On a thread of its own: it waits for the same runtime.
        std::thread::spawn(move || meanwhile.into_iter().for_each(|meanwhile| meanwhile())).join().unwrap();
        self.inner.sign(request)
    }

    fn agent_keys(&self) -> Wait<'_, Result<Vec<countersign::port::AgentKey>, countersign::port::SignError>> {
        self.inner.agent_keys()
    }
}

/// Runs a request while `meanwhile` happens between the look at the approvals and the operator's signature.
fn while_signing(meanwhile: fn(&Stand, &str), words: &str) {
    let stand: &'static Stand = Box::leak(Box::new(Stand::new()));
    let request: &'static str = stand.approved().leak();
    let slow = Slow {
        inner: stand.world.signer.clone(),
        meanwhile: std::sync::Mutex::new(Some(Box::new(move || meanwhile(stand, request)))),
    };
    let world = session::World { signer: std::sync::Arc::new(slow), ..stand.world.clone() };
    let mut watch = Watch { say: &mut |_| {}, cancel: &Cancel::default() };
    let signer: SignAs = stand.sign_as("lan");
    let superuser = stand.database.superuser();
    let ran =
        run(session::run(&world, &superuser, request, &stand.database.name, &signer, &mut watch)).unwrap().finished;
    if words.is_empty() {
        assert_eq!(ran.outcome, Outcome::Committed);
    } else {
        let Outcome::RolledBack { reason, .. } = ran.outcome else { panic!("{:?}", ran.outcome) };
        assert!(reason.contains(words), "{reason}");
        assert!(!stand.is_reversed());
    }
}

#[test]
fn what_comes_while_the_operator_signs_is_obeyed() {
    while_signing(|_, _| {}, "");
    while_signing(
        |stand, request| {
            let superuser = stand.database.superuser();
            run(session::withdraw(&stand.world, &superuser, request, "wait", &stand.sign_as("minh"))).unwrap();
        },
        "minh@example.test has withdrawn the approval",
    );
    while_signing(
        |stand, request| {
            let superuser = stand.database.superuser();
            run(session::reject(&stand.world, &superuser, request, "never", &stand.sign_as("lan"))).unwrap();
        },
        "rejected it: never",
    );
    while_signing(
        |stand, _| {
            let text = std::fs::read_to_string(stand.folder.join("roster.toml")).unwrap();
            stand.propose_roster(&format!("{text}# again\n"), "minh").unwrap();
            stand.approve_roster("thu").unwrap();
        },
        "staged under roster version 1, and version 2 is in force",
    );
    while_signing(
        |stand, _| {
            let (condition, reason) = ("by hand".to_owned(), "smoke".to_owned());
            stand.append(&Body::Stopped { condition, reason, by: None, detail: None });
        },
        "by hand: smoke",
    );
}

#[test]
fn a_stop_blocks_every_verb_that_writes_and_a_restart_by_hand_lifts_nothing() {
    let stand = Stand::new();
    let request = stand.approved();
    let open = stand.stage().unwrap().request;
    let stop =
        stand.append(&Body::Stopped { condition: "c".to_owned(), reason: "r".to_owned(), by: None, detail: None });
    let signatures = vec![by("sovereign"), by("lan"), by("minh")];
    for stopped in 0..2 {
        for failure in [
            refused(stand.stage(), "a disaster stop holds"),
            refused(stand.approve(&open, "minh"), "a disaster stop holds"),
            refused(stand.run(&request), "a disaster stop holds"),
        ] {
            assert_eq!(failure.kind, FailureKind::Stopped, "{stopped}");
        }
        for signature in signatures.clone() {
            stand.append(&Body::Restart { document: format!("{{\"stop\":{}}}", stop.seq), signature });
        }
    }
    // What only takes away is still heard.
    let superuser = stand.database.superuser();
    run(session::reject(&stand.world, &superuser, &request, "stopped", &stand.sign_as("thu"))).unwrap();
    assert!(!stand.is_reversed());
}

#[test]
fn committed_and_ended_by_hand_say_nothing() {
    let stand = Stand::new();
    let request = stand.approved();
    let forged = committed(&stand, &request, "f", "1");
    let Body::Committed { request_digest, .. } = forged.clone() else { unreachable!() };
    let ended = |run: &str, outcome| Body::Ended {
        request_digest,
        run: run.to_owned(),
        outcome,
        evidence: Evidence { failure: Some("a lie".to_owned()), ..Evidence::default() },
    };
    stand.append(&ended("f", Outcome::Committed));
    assert_eq!(stand.status(&request), "open");
    stand.append(&ended("f", Outcome::RolledBack { reason: "a lie".to_owned(), committed: Vec::new() }));
    assert_eq!(stand.status(&request), "open");
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
    assert_eq!(stand.status(&request), "committed");
    stand.append(&ended("f", Outcome::RolledBack { reason: "a lie".to_owned(), committed: Vec::new() }));
    let (_, state) = run(session::read_ledger(&stand.database.superuser())).unwrap();
    let found = session::find_request(&state, &request).unwrap().state;
    assert_eq!(found.status, countersign::ledger::RequestStatus::Ended(Outcome::Committed));
    assert_eq!(found.evidence.unwrap().failure, None, "the evidence of the run stands");

    // `committed` without a run counts as nothing, and voids the request.
    stand.build();
    let other = stand.approved();
    stand.append(&committed(&stand, &other, "f", "1"));
    assert_eq!(stand.status(&other), "open");
    let finished = stand.run(&other).unwrap();
    assert!(finished.failure.unwrap().contains("has used it"), "{:?}", finished.outcome);
    assert!(!stand.is_reversed());
}

#[test]
fn committed_by_hand_does_not_prove_a_dead_run() {
    let stand = Stand::new();
    let staged = stand.stage().unwrap();
    let intent = Body::Intent {
        request_digest: staged.digest,
        run: "r".repeat(32),
        operator: "lan@example.test".into(),
        signature: by("lan"),
    };
    stand.append(&intent);
    // Another transaction's number, and one that is not there.
    stand.append(&committed(&stand, &staged.request, &"r".repeat(32), "1"));
    assert!(stand.status(&staged.request).starts_with("begun"));
    assert!(matches!(stand.prove(&staged.request), Ok(Outcome::RolledBack { .. })));
    assert!(!stand.is_reversed());
}

#[test]
fn a_rewritten_row_stops_every_verb() {
    let stand = Stand::new();
    let request = stand.approved();
    let entries = stand.entries().len();
    stand.load(
        "ALTER TABLE countersign.entry DISABLE TRIGGER ALL; \
         UPDATE countersign.entry SET body = replace(body, 'minh', 'hong') WHERE kind = 'approved' AND body LIKE '%minh%'; \
         ALTER TABLE countersign.entry ENABLE TRIGGER ALL",
    );
    let superuser = stand.database.superuser();
    for failure in [
        refused(stand.run(&request), "was rewritten"),
        refused(stand.stage(), "was rewritten"),
        refused(stand.approve(&request, "lan"), "was rewritten"),
        refused(stand.prove(&request), "was rewritten"),
        refused(run(session::reject(&stand.world, &superuser, &request, "x", &stand.sign_as("lan"))), "was rewritten"),
    ] {
        assert_eq!(failure.kind, FailureKind::Refused);
    }
    assert_eq!(run(superuser.ledger_read(0)).unwrap().len(), entries);
    assert!(!stand.is_reversed());
}

/// The roster's text with one more reviewer, whose key is made in `keys`.
fn joined(stand: &Stand, keys: &crate::keys::Keys) -> String {
    keys.make("an", "-t ed25519", "");
    std::fs::read_to_string(stand.folder.join("roster.toml")).unwrap()
        + &format!(
            "[[person]]\nprincipal = \"an@example.test\"\nname = \"an\"\nkind = \"human\"\nroles = [\"reviewer\"]\nkeys = [\"{}\"]\n",
            keys.public("an")
        )
}

#[test]
fn a_roster_that_somebody_brought_along_opens_nothing() {
    let stand = Stand::new();
    let file = stand.folder.join("roster.toml");
    let known = std::fs::read_to_string(&file).unwrap();

    // Minh's and Thu's names with keys of somebody else.
    let keys = crate::keys::Keys::new();
    let mut brought = known.clone();
    for name in ["minh", "thu"] {
        keys.make(name, "-t ed25519", "");
        let theirs = std::fs::read_to_string(stand.key_file(name).with_extension("pub")).unwrap();
        brought = brought.replace(theirs.trim_end(), &keys.public(name));
    }
    assert_ne!(brought, known);
    std::fs::write(&file, &brought).unwrap();
    let failure = refused(stand.stage(), "the runbook's roster.toml is not the roster in force: expected version 1");
    assert_eq!(failure.kind, FailureKind::Refused);
    // Neither as the next version: those keys are on no roster that counts.
    stand.propose_roster(&brought, "hong").unwrap();
    let theirs =
        |name: &str| SignAs { key: countersign::port::KeyChoice::File(keys.path(name)), ..stand.sign_as(name) };
    let superuser = stand.database.superuser();
    for name in ["minh", "thu"] {
        let signer = theirs(name);
        let approval = session::Approval::Sign(&signer);
        refused(run(session::approve_roster(&stand.world, &superuser, "", None, approval)), "is not listed for");
    }
    std::fs::write(&file, &known).unwrap();
    // Nor by a plan that names a version of its own.
    let request = hand_sealed(&stand, |plan| plan.roster_version = 2);
    refused(stand.approve(&request, "minh"), "staged under roster version 2, and version 1 is in force");
    let request = hand_sealed(&stand, |plan| plan.roster_version = 0);
    refused(stand.approve(&request, "minh"), "staged under roster version 0, and version 1 is in force");
    assert!(!stand.is_reversed());
}

#[test]
fn another_roster_makes_requests_void_and_its_people_count_from_then_on() {
    let stand = Stand::new();
    let keys = crate::keys::Keys::new();
    let text = joined(&stand, &keys);
    let file = stand.folder.join("roster.toml");
    let an = SignAs { key: countersign::port::KeyChoice::File(keys.path("an")), ..stand.sign_as("an") };
    let early = stand.approved();
    let proposed = stand.propose_roster(&text, "minh").unwrap();
    assert_eq!((proposed.version, proposed.signed, proposed.needed, proposed.in_force), (2, 1, 2, false));
    refused(stand.approve_roster("minh"), "has signed it already");
    refused(stand.approve_roster("hong"), "may not sign it");
    // A proposal alone changes nothing.
    let other = stand.approved();
    assert!(stand.approve_roster("thu").unwrap().in_force);
    for request in [&early, &other] {
        let failure = refused(stand.run(request), "staged under roster version 1, and version 2 is in force");
        assert_eq!(failure.kind, FailureKind::Refused);
        assert_eq!(stand.status(request), "open", "nothing was begun");
        refused(stand.approve(request, "lan"), "staged under roster version 1");
    }
    refused(stand.stage(), "is not the roster in force: expected version 2");
    std::fs::write(&file, &text).unwrap();
    let later = stand.stage().unwrap().request;
    stand.approve(&later, "minh").unwrap();
    stand.approve_with(&later, &an).unwrap();
    assert_eq!(stand.run(&later).unwrap().outcome, Outcome::Committed);
    assert_eq!(stand.count_kind("committed"), 1);
}

#[test]
fn without_a_roster_in_force_nothing_is_staged_and_everything_is_said() {
    let stand = Stand::new();
    stand.load("DROP SCHEMA countersign CASCADE");
    stand.world.ledgers.forget();
    run(stand.database.superuser().ledger_init()).unwrap();
    let failure = refused(stand.stage(), "no roster is in force");
    assert!(failure.hint.contains("countersign roster propose"), "{}", failure.hint);
    let text = std::fs::read_to_string(stand.folder.join("roster.toml")).unwrap();
    stand.propose_roster(&text, "thu").unwrap();
    for name in ["hong", "lan"] {
        assert!(!stand.approve_roster(name).unwrap().in_force);
        refused(stand.stage(), "no roster is in force");
    }
    assert!(stand.approve_roster("minh").unwrap().in_force);
    stand.stage().unwrap();
}

/// Stages honestly, changes the plan by hand, and signs and appends it as a program of the author's own would.
fn hand_sealed(stand: &Stand, change: fn(&mut countersign::plan::Plan)) -> String {
    use countersign::digest::Digest;
    use countersign::plan::{Request, SealedPlan, canonical};
    let honest = stand.stage().unwrap();
    let (_, state) = run(session::read_ledger(&stand.database.superuser())).unwrap();
    let found = session::find_request(&state, &honest.request).unwrap();
    let mut plan = SealedPlan::read(&found.state.plan).unwrap().plan().clone();
    plan.nonce = countersign::port::Chance::nonce(&countersign::adapter::clock::SystemChance);
    change(&mut plan);
    let plan_text = canonical(&plan).unwrap();
    let plan_digest = Digest::of(plan_text.as_bytes());
    let rehearsal = canonical(&countersign::rehearsal::Rehearsal { plan_digest, ..found.rehearsal }).unwrap();
    let rehearsal_digest = Digest::of(rehearsal.as_bytes());
    let request = Request { nonce: plan.nonce.clone(), plan_digest, rehearsal_digest, ..found.request };
    let text = canonical(&request).unwrap();
    let hong = stand.sign_as("hong");
    let sign = countersign::port::SignRequest {
        principal: hong.principal,
        key: hong.key,
        namespace: countersign::approval::Namespace::Stage,
        bytes: text.clone().into_bytes(),
        passphrase: None,
    };
    let signature = run(stand.world.signer.sign(&sign)).unwrap();
    let (baseline, roster) = (found.state.baseline, found.state.roster);
    stand.append(&Body::Staged { request: text, plan: plan_text, rehearsal, baseline, roster, signature });
    request.id()
}

#[test]
fn a_plan_written_by_hand_is_not_signed_and_not_run() {
    use countersign::digest::Digest;
    use countersign::runbook::Query;
    let check = |change: fn(&mut countersign::plan::Plan), words: &str| {
        let stand = Stand::new();
        let request = hand_sealed(&stand, change);
        if words.is_empty() {
            stand.approve(&request, "minh").unwrap();
            stand.approve(&request, "thu").unwrap();
            assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
            return;
        }
        let failure = refused(stand.approve(&request, "minh"), words);
        assert_eq!(failure.kind, FailureKind::Refused);
        refused(stand.run(&request), words);
        assert!(!stand.is_reversed());
    };
    check(|_| {}, "");
    check(
        |plan| {
            let statement = &mut plan.stages[0].statements[1];
            statement.sql += "; COMMIT";
            statement.sha256 = Digest::of(statement.sql.as_bytes());
        },
        "expected one statement, actual 2",
    );
    check(
        |plan| {
            plan.checks[1].query =
                Query::Sql("SELECT 1) AS q(c1); DELETE FROM public.sacred; COMMIT; SELECT (1".to_owned());
        },
        "no review passed this plan",
    );
    check(
        |plan| {
            plan.checks[1].query =
                Query::Sql("WITH gone AS (DELETE FROM public.sacred RETURNING 1) SELECT count(*) FROM gone".to_owned());
        },
        "a check only reads",
    );
    check(|plan| plan.settings.timeouts.statement_millis = 0, "a timeout is 0");
    check(|plan| plan.settings.pinned.retain(|name, _| name != "search_path"), "the pinned settings");
    check(
        |plan| plan.stages[0].statements[0].tag = "TRUNCATE TABLE".to_owned(),
        "expected TRUNCATE TABLE, actual DELETE",
    );
}
