//! Neighbours that change what a statement does: each is caught inside the transaction, and each has its innocent twin.

use countersign::run::Outcome;
use countersign::session::FailureKind;

use super::stand::{REVERSAL, Stand, refused};

/// A trigger function with this body, and a trigger with these words.
fn trigger(body: &str, trigger: &str) -> String {
    format!(
        "CREATE FUNCTION public.meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$; {trigger} EXECUTE FUNCTION public.meddle()"
    )
}

/// What somebody does after the approval; the run must be rolled back with these words, or committed when there are none.
fn check(meddling: &str, words: &str) {
    check_again(meddling, words, (FailureKind::RolledBack, words));
}

/// The same, where the review of the next staging reads what was done and blocks by this rule, before anything is sent.
fn check_read(meddling: &str, words: &str, rule: &str) {
    check_again(meddling, words, (FailureKind::Blocked, rule));
}

fn check_again(meddling: &str, words: &str, again: (FailureKind, &str)) {
    let stand = Stand::new();
    let request = stand.approved();
    stand.load(meddling);
    if words.is_empty() {
        let finished = stand.run(&request).unwrap();
        assert_eq!((&finished.outcome, &finished.failure), (&Outcome::Committed, &None), "{meddling}");
        assert!(stand.is_reversed());
    } else {
        stand.rolls_back(&request, words);
        // Who stages the same again meets the same, or is told by the review.
        let failure = refused(stand.stage(), again.1);
        assert_eq!(failure.kind, again.0, "{failure:?}");
        assert!(!stand.is_reversed());
    }
}

const ON_WORDS: &str = "ON public.vocabulary FOR EACH ROW";

#[test]
fn a_trigger_that_swallows_rows_is_caught_by_the_count() {
    check(
        &trigger("RETURN NULL;", &format!("CREATE TRIGGER m BEFORE DELETE {ON_WORDS}")),
        "expected exactly 3, actual 0",
    );
    check(&trigger("RETURN OLD;", &format!("CREATE TRIGGER m BEFORE DELETE {ON_WORDS}")), "");
}

#[test]
fn a_rule_that_does_another_thing_instead_is_caught_by_the_count() {
    let rule = "CREATE RULE r AS ON DELETE TO public.vocabulary DO INSTEAD NOTHING";
    check_read(rule, "expected exactly 3, actual 0", "redirected-write");
    check("CREATE RULE r AS ON UPDATE TO public.vocabulary DO INSTEAD NOTHING", "");
}

#[test]
fn a_trigger_that_writes_where_nobody_may_is_caught_by_the_servers_books() {
    let after = format!("CREATE TRIGGER m AFTER DELETE {ON_WORDS}");
    let deletes = trigger("DELETE FROM public.sacred WHERE id = 1; RETURN NULL;", &after);
    check_read(&deletes, "undeclared effect: public.sacred had rows 1 deleted", "trigger-fires");
    check(&trigger("PERFORM count(*) FROM public.sacred; RETURN NULL;", &after), "");
}

#[test]
fn a_run_does_no_more_than_its_rehearsal_showed() {
    let after = format!("CREATE TRIGGER m AFTER DELETE {ON_WORDS}");
    let writes = trigger("INSERT INTO public.second VALUES (77) ON CONFLICT DO NOTHING; RETURN NULL;", &after);
    let words = "public.second had rows 1 inserted, which the approved rehearsal did not show";
    let stand = Stand::with_two_steps();
    let request = stand.approved();
    // `second` was made by this phase, so a trigger may write to it; but nobody has seen and approved it.
    stand.load(&writes);
    stand.rolls_back(&request, words);
    let stand = Stand::with_two_steps();
    stand.load(&writes);
    let request = stand.approved();
    let finished = stand.run(&request).unwrap();
    assert_eq!((&finished.outcome, &finished.failure), (&Outcome::Committed, &None));
}

#[test]
fn deferred_work_is_done_before_it_is_verified() {
    let deferred =
        "CREATE CONSTRAINT TRIGGER m AFTER DELETE ON public.vocabulary DEFERRABLE INITIALLY DEFERRED FOR EACH ROW";
    // It would run at COMMIT, after everything was counted.
    let body = "INSERT INTO public.vocabulary VALUES (OLD.code, 'governance'); RETURN NULL;";
    check(&trigger(body, deferred), "on public.vocabulary, the server counted rows 3 inserted, 3 deleted");
    check(&trigger("RAISE EXCEPTION 'not today'; RETURN NULL;", deferred), "deferred constraints do not hold");
    check(&trigger("RETURN NULL;", deferred), "");
}

#[test]
fn an_unexpected_notice_is_evidence_against_it() {
    let before = format!("CREATE TRIGGER m BEFORE DELETE {ON_WORDS}");
    check(&trigger("RAISE WARNING 'what is this'; RETURN OLD;", &before), "unexpected WARNING (01000): what is this");
    // Below client_min_messages: the server says nothing.
    check(&trigger("RAISE DEBUG 'nothing to see'; RETURN OLD;", &before), "");
}

#[test]
fn a_trigger_that_loosens_a_timeout_is_caught_by_reading_it_back() {
    let before = format!("CREATE TRIGGER m BEFORE DELETE {ON_WORDS}");
    let loosen = "PERFORM set_config('statement_timeout', '0', true); RETURN OLD;";
    let words = "setting statement_timeout: expected 20000, actual 0";
    check_read(&trigger(loosen, &before), words, "trigger-fires");
    check(&trigger("PERFORM current_setting('statement_timeout'); RETURN OLD;", &before), "");
}

#[test]
fn what_changed_since_the_approval_is_caught_before_the_first_statement() {
    check(
        "INSERT INTO public.vocabulary VALUES ('w', 'governance'); DELETE FROM public.vocabulary WHERE code = 'x'",
        "",
    );
    let stand = Stand::new();
    let request = stand.approved();
    stand.load("DELETE FROM public.sacred WHERE id = 8");
    let finished = stand.run(&request).unwrap();
    assert!(finished.trace.statements.is_empty(), "{:?}", finished.trace);
    assert!(finished.failure.unwrap().contains("sacred: was 8 when it was approved, is 7 now"));
}

#[test]
fn a_script_that_ends_the_transaction_or_says_two_things_is_never_sealed() {
    for (reversal, words) in [
        (format!("{REVERSAL}COMMIT;\n"), ""),
        (format!("BEGIN;\n{REVERSAL}"), ""),
        (REVERSAL.replace("DROP TABLE public.extra;", "DO $$ BEGIN EXECUTE 'DROP TABLE public.extra'; END $$;"), ""),
        (REVERSAL.replace("public.extra;", "public.extra CASCADE;"), ""),
        (REVERSAL.replace(" WHERE domain = 'governance'", ""), ""),
        (format!("{REVERSAL}DELETE FROM public.sacred;\n"), ""),
        (format!("{REVERSAL}INSERT INTO countersign.entry (kind, body) VALUES ('stopped', '');\n"), ""),
        (format!("{REVERSAL}SET statement_timeout = 0;\n"), ""),
    ] {
        let stand = Stand::with_reversal(&reversal);
        let failure = refused(stand.stage(), words);
        assert_eq!(failure.kind, FailureKind::Blocked, "{reversal}: {failure:?}");
        assert!(!stand.is_reversed());
    }
}

#[test]
fn a_statement_that_waits_longer_than_its_timeout_rolls_back() {
    let stand = Stand::new();
    let request = stand.approved();
    // lock_timeout is 2 s; another session reads `extra` and does not let go.
    let holder = super::interrupted::hold(&stand, "LOCK TABLE public.extra IN ACCESS SHARE MODE");
    stand.rolls_back(&request, "55P03");
    drop(holder);
}
