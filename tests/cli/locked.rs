//! A busy database: whoever is in the way of a rehearsal is named, a harmless neighbour is not, and waiting is evidence.

use std::path::PathBuf;

use countersign::run::Outcome;

use super::interrupted::hold;
use super::stand::{REVERSAL, Stand};
use crate::pipeline::demo::{Answer, countersign, text};
use crate::support::run;

/// Takes the baseline into a file, as a person does. The step is built, so what stood before is told by the ledger's one.
fn baseline(stand: &Stand) -> PathBuf {
    let file = stand.folder.parent().expect("a folder").join("before.json");
    countersign(&["census", text(&stand.folder), "--save", text(&file), "--db", &stand.database.url]).ok();
    file
}

fn rehearse(stand: &Stand, file: &std::path::Path, url: &str, json: bool) -> Answer {
    let mut words = vec!["rehearse", text(&stand.folder), "S-1", "--baseline", text(file), "--db", url];
    if json {
        words.push("--json");
    }
    countersign(&words)
}

#[test]
fn a_rehearsal_that_gives_up_names_who_holds_the_lock() {
    let stand = Stand::new();
    let file = baseline(&stand);
    let url = &stand.database.url;
    // It reads `extra` and does not let go; nobody can drop the table then.
    let holder = hold(&stand, "SELECT * FROM public.extra");
    let answer = rehearse(&stand, &file, url, false).fails(4, "(55P03)");
    for words in [
        "in the way: pid ",
        "(role postgres, application countersign",
        "idle in transaction since 20",
        "with AccessShareLock on public.extra, last statement `SELECT * FROM public.extra`",
        "next: Nothing was changed",
        "Wait until the named session ends",
    ] {
        assert!(answer.err.contains(words), "expected `{words}` in: {}", answer.err);
    }
    let said = &answer.out;
    assert!(said.contains("S-1 would wait for pid ") && said.contains("    waited for pid "), "{said}");
    let evidence = rehearse(&stand, &file, url, true).fails(4, "in the way").json()["evidence"].take();
    let holders = &evidence["stages"][0]["holders"];
    assert_eq!(holders.as_array().map(Vec::len), Some(1), "{holders}");
    assert_eq!(holders[0]["relation"], evidence["statements"][1]["blockers"][0]["relation"]);
    drop(holder);
    // The same rehearsal, once the session has gone.
    rehearse(&stand, &file, url, false).ok();
    assert!(!stand.is_reversed());
}

#[test]
fn a_shared_table_that_cannot_be_locked_names_who_writes_to_it() {
    let stand = Stand::new();
    let request = stand.approved();
    let holder = hold(&stand, "LOCK TABLE public.vocabulary IN ROW EXCLUSIVE MODE");
    let finished = stand.run(&request).expect("an outcome");
    let Outcome::RolledBack { reason, .. } = &finished.outcome else { panic!("{:?}", finished.outcome) };
    assert!(reason.contains("the shared tables could not be locked in time"), "{reason}");
    assert!(
        reason.contains("in the way: pid ") && reason.contains("RowExclusiveLock on public.vocabulary"),
        "{reason}"
    );
    assert_eq!(finished.trace.stages[0].holders.len(), 1);
    drop(holder);
}

#[test]
fn the_partner_of_a_foreign_key_and_a_child_of_a_table_are_in_the_way_as_well() {
    // With ONLY, as the review asks where others inherit; the console's own lock takes the children too.
    let stand = Stand::with_reversal(&REVERSAL.replace("FROM public", "FROM ONLY public"));
    let file = baseline(&stand);
    // Dropping `extra` locks what its foreign key leads to; locking a table locks its children.
    stand.load(
        "ALTER TABLE public.extra ADD COLUMN sacred int REFERENCES public.sacred; \
         CREATE TABLE public.old_words () INHERITS (public.vocabulary)",
    );
    for (held, relation) in [
        ("SELECT * FROM public.sacred", "public.sacred"),
        ("LOCK TABLE ONLY public.old_words IN ROW EXCLUSIVE MODE", "public.old_words"),
    ] {
        let holder = hold(&stand, held);
        let answer = rehearse(&stand, &file, &stand.database.url, false);
        assert_eq!(answer.code, 4, "{} {}", answer.out, answer.err);
        let said = answer.err.clone() + &answer.out;
        assert!(said.contains(&format!("Lock on {relation}, last statement `{held}`")), "{said}");
        drop(holder);
    }
}

#[test]
fn a_neighbour_with_a_harmless_lock_is_neither_named_nor_in_the_way() {
    let stand = Stand::new();
    let file = baseline(&stand);
    // Readers are let through: of the shared table, and of one that the step does not touch.
    let readers = [
        hold(&stand, "SELECT * FROM public.vocabulary"),
        hold(&stand, "LOCK TABLE public.vocabulary IN ROW SHARE MODE"),
        hold(&stand, "SELECT * FROM public.sacred"),
    ];
    let answer = rehearse(&stand, &file, &stand.database.url, true).ok();
    let evidence = &answer.json()["evidence"];
    assert_eq!(evidence["stages"][0]["holders"], serde_json::json!([]));
    assert_eq!(evidence["strongest_lock"]["mode"], "AccessExclusiveLock");
    assert_eq!(evidence["strongest_lock"]["relation"], "public.extra");
    assert!(
        evidence["statements"]
            .as_array()
            .is_some_and(|all| all.iter().all(|one| one["waiting"] == serde_json::json!([])))
    );
    let said = rehearse(&stand, &file, &stand.database.url, false).ok().out;
    assert!(said.contains("strongest lock: AccessExclusiveLock on public.extra"), "{said}");
    drop(readers);
}

#[test]
fn whoever_waits_for_a_rehearsal_is_evidence() {
    let stand = Stand::new();
    stand.load(
        "CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         WHILE clock_timestamp() < statement_timestamp() + interval '3 s' LOOP NULL; END LOOP; RETURN NULL; END $$; \
         CREATE TRIGGER slow AFTER DELETE ON public.vocabulary FOR EACH STATEMENT EXECUTE FUNCTION public.slow()",
    );
    let file = baseline(&stand);
    let answer = std::thread::scope(|scope| {
        let rehearsing = scope.spawn(|| rehearse(&stand, &file, &stand.database.url, true));
        // It comes while the trigger turns, and waits until the rehearsal has ended.
        super::interrupted::until_it_deletes(&stand);
        stand.load("BEGIN; LOCK TABLE public.vocabulary IN ROW EXCLUSIVE MODE; ROLLBACK");
        rehearsing.join().expect("an answer")
    });
    let evidence = &answer.ok().json()["evidence"];
    for statement in [0, 1] {
        let waiting = &evidence["statements"][statement]["waiting"];
        assert_eq!(waiting.as_array().map(Vec::len), Some(1), "{waiting}");
        assert_eq!(waiting[0]["mode"], "RowExclusiveLock");
        assert_eq!(waiting[0]["relation"], "public.vocabulary");
        assert!(waiting[0]["statement"].as_str().is_some_and(|sql| sql.contains("LOCK TABLE")), "{waiting}");
    }
}

#[test]
fn a_role_without_rights_is_told_and_its_twin_names_who_is_in_the_way() {
    let stand = Stand::new();
    let file = baseline(&stand);
    stand.load(
        "DROP ROLE IF EXISTS locked_plain; CREATE ROLE locked_plain LOGIN IN ROLE countersign_desk; \
         ALTER TABLE public.vocabulary OWNER TO locked_plain; ALTER TABLE public.extra OWNER TO locked_plain; \
         GRANT SELECT ON public.sacred TO locked_plain",
    );
    let plain = stand.database.url.replace("user=postgres", "user=locked_plain");
    let holder = hold(&stand, "SELECT * FROM public.extra");
    // Without the right to see others it is not begun at all.
    rehearse(&stand, &file, &plain, false).fails(6, "GRANT pg_read_all_stats TO it");
    stand.load("GRANT pg_read_all_stats TO locked_plain");
    let answer = rehearse(&stand, &file, &plain, false).fails(4, "in the way: pid ");
    assert!(answer.err.contains("last statement `SELECT * FROM public.extra`"), "{}", answer.err);
    drop(holder);
    rehearse(&stand, &file, &plain, false).ok();
    let superuser = stand.database.superuser();
    run(superuser
        .load("REASSIGN OWNED BY locked_plain TO postgres; DROP OWNED BY locked_plain; DROP ROLE locked_plain"))
    .expect("dropped");
}
