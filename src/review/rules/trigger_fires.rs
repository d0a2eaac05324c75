//! `trigger-fires`: what the server runs because of a write is read as if it stood in the script.

use super::reading::{Fired, Setting, by_definition, by_write, is_gone};
use super::{Found, RuleInfo, Scene, Severity, Spot};
use crate::runbook::sql::{Touch, Touched};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "trigger-fires",
    summary: "A write sets off a trigger, default or check that does more than the script says.",
    help: "An INSERT, UPDATE, DELETE or TRUNCATE fires the triggers of its table, of its partitions and of whatever those write\n\
           to; CREATE, ALTER and DROP fire event triggers; defaults, generated columns, checks and indexes call functions. With\n\
           a connected database their bodies are read, SQL and PL/pgSQL alike. What survives ROLLBACK, ends the transaction,\n\
           changes a setting of the console, or writes to a protected or undeclared object blocks. What cannot be read, or\n\
           writes to another declared object, is a hazard. Adding rows to a growing object is what such triggers are for and\n\
           passes, and so does what only reads. The message gives the way from the table to the effect.\n\n\
           What to do: declare what the trigger writes to, in its class; read a hazard's function, and waive it with what it\n\
           does. Do not disable the trigger.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let (Some(catalog), Some(reader)) = (scene.catalog, scene.reader) else { return };
    let mut dropped: Vec<&Touched> = Vec::new();
    for (statement, all) in scene.statements.iter().zip(&scene.touched) {
        let written = all.iter().filter(|one| one.how.writes_rows());
        let by_rows = written.flat_map(|one| {
            by_write(catalog, statement, one)
                .into_iter()
                .map(move |fired| (Spot::Object(statement, one), Some(one), fired))
        });
        let by_words =
            by_definition(catalog, statement).into_iter().map(|fired| (Spot::Statement(statement), None, fired));
        for (spot, target, fired) in by_rows.chain(by_words) {
            // `redirected-write` speaks of triggers that stand in the statement's place.
            let is_instead = matches!(fired, Fired::Trigger(trigger) if trigger.timing == "INSTEAD OF");
            if is_instead || is_gone(&fired, &dropped) {
                continue;
            }
            for (severity, sentence) in reader.sentences(&reader.fired(&fired), Setting::Fired) {
                let of = target.map_or(String::new(), |target| format!(" of {}", target.name));
                let way_out = match severity {
                    Severity::Block => {
                        "Declare what it writes to in its class; what survives ROLLBACK needs another way."
                    }
                    Severity::Hazard => "Read the function, and waive this with what it does.",
                    Severity::Note => "Nothing needs to be done; know it.",
                };
                let message = format!("{}{of} sets off {sentence}", statement.tag);
                if !found.notes.iter().any(|note| note.message == message && note.place.statement == statement.ordinal)
                {
                    found.note(severity, spot, message, way_out.to_owned());
                }
            }
        }
        dropped.extend(all.iter().filter(|one| one.how == Touch::Drop));
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::fixture::{Made, made};
    use super::super::testing::{check_clean_with, check_with, runbook};

    const DELETE: &str = "DELETE FROM public.events WHERE event_domain = 'governance'";

    fn on_delete(body: &str) -> Made {
        made()
            .function(&format!(
                "CREATE FUNCTION public.tf() RETURNS trigger LANGUAGE plpgsql AS $x$ BEGIN {body} RETURN NULL; END $x$"
            ))
            .trigger("events", "trg", "AFTER DELETE", "tf")
    }

    #[track_caller]
    fn caught(sql: &str, made: Made, expect: &str) {
        let Made { catalog } = made;
        check_with(&runbook(sql), Some(&catalog), expect);
    }

    #[track_caller]
    fn clean(sql: &str, made: Made) {
        let Made { catalog } = made;
        check_clean_with(&runbook(sql), Some(&catalog));
    }

    #[test]
    fn bodies_decide() {
        caught(
            DELETE,
            on_delete("PERFORM nextval('s');"),
            "trigger-fires 1:13 block: DELETE of public.events sets off trigger trg on public.events → public.tf() → nextval()",
        );
        caught(
            DELETE,
            on_delete("DELETE FROM public.fixed;"),
            "trigger-fires 1:13 block: public.fixed, which is protected",
        );
        caught(DELETE, on_delete("INSERT INTO audit VALUES (1);"), "trigger-fires 1:13 block: does not declare");
        caught(
            DELETE,
            on_delete("DELETE FROM public.outbox;"),
            "trigger-fires 1:13 block: public.outbox, which only grows",
        );
        caught(DELETE, on_delete("UPDATE fresh SET a = 1;"), "trigger-fires 1:13 hazard: updates public.fresh");
        caught(DELETE, on_delete("EXECUTE TG_ARGV[0];"), "trigger-fires 1:13 hazard: put together while it runs");
        caught(DELETE, on_delete("PERFORM pg_notify('a', 'b');"), "trigger-fires 1:13 note: listeners");
        clean(DELETE, on_delete("INSERT INTO public.outbox VALUES (OLD.id);"));
        clean(DELETE, on_delete("RAISE NOTICE '%', OLD.id;"));
        clean(DELETE, on_delete("CREATE TEMP TABLE kept (a int); INSERT INTO kept VALUES (1);"));
    }

    #[test]
    fn only_what_fires_counts() {
        let loud = || on_delete("PERFORM nextval('s');");
        clean("UPDATE public.events SET active = false WHERE event_domain = 'governance'", loud());
        let mut disabled = loud();
        disabled.catalog.firing[0].enabled = false;
        clean(DELETE, disabled);
        let mut of_column = loud();
        of_column.catalog.firing[0].events = vec!["UPDATE".to_owned()];
        of_column.catalog.firing[0].columns = vec!["title".to_owned()];
        clean("UPDATE public.events SET active = false WHERE event_domain = 'governance'", of_column.clone());
        caught(
            "UPDATE public.events SET title = 'x' WHERE event_domain = 'governance'",
            of_column,
            "trigger-fires 1:8 block: nextval",
        );
        let mut elsewhere = loud();
        elsewhere.catalog.firing[0].relation.name = "fresh".to_owned();
        clean("DROP TABLE public.fresh_child", elsewhere.clone());
        clean("DROP TRIGGER trg ON public.fresh; DELETE FROM public.fresh", elsewhere.clone());
        caught("DELETE FROM public.fresh", elsewhere, "trigger-fires 1:13 block: nextval");
    }

    #[test]
    fn what_a_trigger_writes_to_fires_too() {
        let chain = on_delete("INSERT INTO public.outbox VALUES (1);")
            .function("CREATE FUNCTION public.deep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM setval(''s'', 1); RETURN NEW; END'")
            .trigger("outbox", "second", "BEFORE INSERT", "deep");
        caught(
            DELETE,
            chain,
            "trigger-fires 1:13 block: public.tf() → trigger second on public.outbox → public.deep() → setval()",
        );
    }

    #[test]
    fn conditions_defaults_and_partitions() {
        let when = |condition: &str| {
            let mut made = on_delete("")
                .function("CREATE FUNCTION public.w() RETURNS bool LANGUAGE sql AS 'SELECT nextval(''s'') > 0'");
            let name = crate::runbook::ObjectName::new("public", "events.trg");
            let definition = format!(
                "CREATE TRIGGER trg AFTER DELETE ON public.events FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION public.tf()"
            );
            made.catalog.triggers.insert(name, definition);
            made
        };
        caught(DELETE, when("public.w()"), "trigger-fires 1:13 block: public.w() → nextval()");
        clean(DELETE, when("old.id > 0"));
        let default = |sql: &str| made().default("fresh", "id", sql);
        let insert = "INSERT INTO public.fresh VALUES (1)";
        caught(
            insert,
            default("public.missing()"),
            "trigger-fires 1:13 hazard: default of public.fresh.id → public.missing()",
        );
        caught(insert, default("nextval('public.s'::regclass)"), "trigger-fires 1:13 note: next number of a sequence");
        clean(insert, default("now()"));
        let part = on_delete("PERFORM nextval('s');").inherits("events", "outbox");
        let mut part = part;
        part.catalog.firing[0].relation.name = "outbox".to_owned();
        caught(DELETE, part, "trigger-fires 1:13 block: trg on public.outbox");
    }

    #[test]
    fn event_triggers() {
        let watch = |body: &str, tags: &[&str]| {
            made()
                .function(&format!(
                    "CREATE FUNCTION public.e() RETURNS event_trigger LANGUAGE plpgsql AS $x$ BEGIN {body} END $x$"
                ))
                .event("watch", "ddl_command_end", tags, "e")
        };
        let drop = "DROP TABLE public.fresh_child";
        caught(
            drop,
            watch("PERFORM nextval('s');", &[]),
            "trigger-fires 1:1 block: DROP TABLE sets off event trigger watch",
        );
        caught(
            drop,
            watch("INSERT INTO public.fixed VALUES (1);", &["DROP TABLE"]),
            "trigger-fires 1:1 block: protected",
        );
        clean(drop, watch("PERFORM nextval('s');", &["CREATE TABLE"]));
        clean(drop, watch("RAISE WARNING '%', TG_TAG;", &[]));
        clean(DELETE, watch("PERFORM nextval('s');", &[]));
    }
}
