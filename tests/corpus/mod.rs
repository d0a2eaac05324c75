//! Scripts that try to get out, and the nearest innocent twin of each.
//!
//! Every attack goes two ways. Review alone, with the live catalog, must stop it by the named rule at the named place.
//! Then review is bypassed: this test makes an empty review itself, the plan is sealed and rehearsed on a real server, and
//! the guards must stop it there, or entry == exit must name what ROLLBACK could not put back. A twin passes both ways.
//! `CORPUS_ONLY=word` tries only the scripts whose name contains the word.

mod pass;
mod script;
mod stand;

use crate::support::run;
use script::{Run, Script, scripts};

/// Tries every script and says all that went wrong at once.
fn each(what: &str, scripts: &[Script], attempt: impl Fn(&Script) -> Result<(), String> + Sync) {
    let found = pass::in_parallel(scripts, attempt);
    assert!(
        found.is_empty(),
        "{what}: {} of {} scripts, expected 0\n\n{}",
        found.len(),
        scripts.len(),
        found.join("\n\n")
    );
}

fn attacks() -> Vec<Script> {
    scripts().into_iter().filter(|script| !script.is_twin()).collect()
}

fn twins() -> Vec<Script> {
    scripts().into_iter().filter(Script::is_twin).collect()
}

#[test]
fn there_are_enough_attacks_and_each_has_its_twin() {
    if script::only().is_some() {
        return;
    }
    let (attacks, twins) = (attacks(), twins());
    assert!(attacks.len() >= 120, "expected at least 120 attacks, actual {}", attacks.len());
    let alone: Vec<&str> = attacks
        .iter()
        .filter(|attack| !twins.iter().any(|twin| twin.name == format!("{}.ok", attack.name)))
        .map(|attack| attack.name.as_str())
        .collect();
    assert!(alone.is_empty(), "attacks without a twin: {alone:?}");
    let lost: Vec<&str> = twins
        .iter()
        .filter(|twin| !attacks.iter().any(|attack| twin.name == format!("{}.ok", attack.name)))
        .map(|twin| twin.name.as_str())
        .collect();
    assert!(lost.is_empty(), "twins without an attack: {lost:?}");
    let few = attacks.iter().filter(|attack| matches!(attack.run, Run::Cannot)).count();
    let beyond = attacks.iter().filter(|attack| attack.is_beyond_review()).count();
    assert!(beyond <= 6, "{beyond} attacks are said to be out of review's reach; expected at most 6");
    assert!(few <= 6, "{few} attacks are said to be out of the guards' reach; expected at most 6");
}

#[test]
fn review_alone_stops_every_attack() {
    each("not stopped by review", &attacks(), pass::reviewed);
}

#[test]
fn review_lets_every_twin_pass() {
    each("blocked by review", &twins(), pass::let_through);
}

#[test]
fn the_guards_stop_every_attack_without_review() {
    each("not stopped at run time", &attacks(), pass::guarded);
}

#[test]
fn every_twin_rehearses_and_leaves_nothing() {
    each("not rehearsed", &twins(), pass::rehearsed);
}

/// Commits a change and asks whether the fingerprint tells of it.
fn check_seen(sql: &str) {
    let database = stand::borrow();
    run(database.superuser().load(sql)).expect(sql);
    let seen = stand::differences(&stand::stand().fingerprint, &stand::stand().fingerprint_of(&database));
    stand::give_back(database, false);
    assert!(!seen.is_empty(), "not seen: {sql}");
}

#[test]
fn the_fingerprint_sees_whatever_is_left() {
    stand::stand();
    check_seen("INSERT INTO public.secrets VALUES (9, 'left')");
    check_seen("DELETE FROM public.heir_rows WHERE id = 3");
    check_seen("UPDATE public.accounts SET balance = balance + 1");
    check_seen("CREATE TABLE public.left_behind (a int)");
    check_seen("DROP FUNCTION public.fresh_fn()");
    check_seen("ALTER TABLE public.swallows DISABLE TRIGGER swallow");
    check_seen("GRANT SELECT ON public.accounts TO PUBLIC");
    check_seen("COMMENT ON TABLE public.accounts IS 'left'");
    check_seen("CREATE OR REPLACE FUNCTION public.plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0'");
    check_seen("SELECT nextval('public.tickets')");
    check_seen("SELECT lo_from_bytea(0, 'left')");
    check_seen("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = 0', current_database()); END $$");
}
