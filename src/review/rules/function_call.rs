//! `function-call`: a function may do anything; what survives ROLLBACK is never called, however it is hidden.

use super::reading::{Consequence, Reader, Setting as Place, What, sites};
use super::{Found, RuleInfo, Scene, Severity, Spot};
use crate::runbook::sql::tree::{items, number, strings};
use crate::runbook::sql::{Effect, Statement, Touched, effect_of_call};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "function-call",
    summary: "The script calls a function that may act, or whose effect survives ROLLBACK.",
    help: "A SELECT looks harmless and may call a function that writes. Functions whose effect survives ROLLBACK (nextval, setval,\n\
           dblink, lo_export, pg_read_file, session advisory locks, pg_terminate_backend and their like) block: a rehearsal\n\
           with them would leave something behind. A NOTIFY, and an advisory lock of the transaction, is a note.\n\n\
           With a connected database each call is resolved by name, number of arguments and search path; so are operators,\n\
           casts, row.function, and the views and policies a query reads through. A built-in that is immutable or stable passes.\n\
           Functions in SQL and PL/pgSQL are read and followed: what survives ROLLBACK, ends the transaction, changes a setting\n\
           of the console or writes to a protected or undeclared object blocks, a write to another declared object is a hazard,\n\
           and so is what cannot be read: other languages, and EXECUTE of a text put together while it runs. The message gives\n\
           the way, f() → g() → nextval(). Without a database only a short list of functions that compute passes; every other\n\
           function, a declared one too, is a hazard.\n\n\
           What to do: write the work as plain statements, or waive it with what the function does.",
};

/// Built-in functions that only compute.
const HARMLESS: &[&str] = &[
    "abs",
    "any_value",
    "array_agg",
    "array_length",
    "avg",
    "bool_and",
    "bool_or",
    "btrim",
    "cardinality",
    "ceil",
    "char_length",
    "clock_timestamp",
    "concat",
    "concat_ws",
    "count",
    "date_part",
    "date_trunc",
    "every",
    "extract",
    "floor",
    "format",
    "initcap",
    "json_build_object",
    "jsonb_agg",
    "jsonb_array_length",
    "jsonb_build_object",
    "jsonb_set",
    "left",
    "length",
    "like_escape",
    "lower",
    "lpad",
    "ltrim",
    "make_date",
    "make_interval",
    "max",
    "md5",
    "min",
    "mod",
    "now",
    "octet_length",
    "overlay",
    "pg_get_constraintdef",
    "pg_get_functiondef",
    "pg_get_triggerdef",
    "pg_get_viewdef",
    "position",
    "quote_ident",
    "quote_literal",
    "regexp_match",
    "regexp_replace",
    "replace",
    "reverse",
    "right",
    "round",
    "row_number",
    "rpad",
    "rtrim",
    "sha256",
    "similar_to_escape",
    "split_part",
    "starts_with",
    "statement_timestamp",
    "string_agg",
    "string_to_array",
    "strpos",
    "substr",
    "substring",
    "sum",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_regclass",
    "to_regproc",
    "to_timestamp",
    "transaction_timestamp",
    "translate",
    "trim",
    "trunc",
    "unnest",
    "upper",
];

/// Returns whether a built-in function is known by name to do no harm, or to do some.
pub(super) fn is_known(name: &str) -> bool {
    HARMLESS.contains(&name)
}

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched) in scene.statements.iter().zip(&scene.touched) {
        match scene.reader {
            Some(reader) => read(reader, statement, touched, found),
            None => by_name(statement, found),
        }
    }
}

const WAY_OUT: &str = "Write the work as plain statements, or waive it with what the function does.";

/// With a catalog, what is called is read.
fn read(reader: &Reader<'_>, statement: &Statement, touched: &[Touched], found: &mut Found) {
    for site in sites(statement.tree.root()) {
        let spot = Spot::Offset(statement, site.offset.unwrap_or(statement.start));
        // `timeouts-are-ours` speaks of what the script itself sets.
        let own = |one: &Consequence| matches!(one.what, What::Setting(_)) && one.chain == ["set_config()"];
        let all: Vec<_> = reader.site(statement, &site).into_iter().filter(|one| !own(one)).collect();
        say(reader, &all, spot, found);
    }
    // What is read through a view is said where the view is named.
    let mut by_place: Vec<(Option<&Touched>, Vec<Consequence>)> = Vec::new();
    for one in reader.read_through(statement) {
        let view = one.chain.first().and_then(|link| link.strip_prefix("view "));
        let place = touched.iter().find(|touched| view.is_some_and(|view| touched.name.to_string() == view));
        match by_place.iter_mut().find(|(known, _)| *known == place) {
            Some((_, all)) => all.push(one),
            None => by_place.push((place, vec![one])),
        }
    }
    for (place, all) in by_place {
        let spot = place.map_or(Spot::Statement(statement), |touched| Spot::Object(statement, touched));
        say(reader, &all, spot, found);
    }
}

fn say(reader: &Reader<'_>, all: &[Consequence], spot: Spot<'_>, found: &mut Found) {
    for (severity, message) in reader.sentences(all, Place::Called) {
        let way_out = match severity {
            Severity::Block => "Write the reversal without it.",
            Severity::Hazard => WAY_OUT,
            Severity::Note => "Nothing needs to be done; know it.",
        };
        found.note(severity, spot, message, way_out.to_owned());
    }
}

/// Without a catalog, only the name tells.
fn by_name(statement: &Statement, found: &mut Found) {
    for call in statement.tree.all("FuncCall") {
        let parts = strings(items(call, "funcname"));
        let Some(name) = parts.last() else { continue };
        let schema = parts.len().checked_sub(2).map(|index| parts[index].as_str());
        let is_built_in = schema.is_none_or(|schema| schema == "pg_catalog");
        let spot = Spot::Offset(statement, usize::try_from(number(call, "location")).unwrap_or(statement.start));
        let full = parts.join(".");
        match effect_of_call(call) {
            Some(Effect::Survives(what)) => {
                let message = format!("What {full}() does survives ROLLBACK, or reaches beyond this database: {what}.");
                found.block(spot, message, "Write the reversal without it.");
            }
            Some(Effect::Noted(what)) if is_built_in => {
                found.mention(spot, format!("{full}(): {what}."), "Nothing needs to be done; know it.");
            }
            Some(Effect::Harmless) if is_built_in => {}
            Some(Effect::RollsBack(what)) => {
                found.hazard(spot, format!("{full}(): {what}, and no count of rows shows it."), WAY_OUT);
            }
            // `timeouts-are-ours` speaks of it.
            None if name == "set_config" => {}
            None if is_built_in && HARMLESS.contains(&name.as_str()) => {}
            Some(Effect::Noted(_) | Effect::Harmless) | None => {
                found.hazard(spot, format!("What {full}() does stands elsewhere; no rule reads it."), WAY_OUT);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::fixture::made;
    use super::super::testing::{check, check_clean, check_clean_with, check_with, runbook};
    use crate::review::{Cast, CatalogObject, Expression, ExpressionKind, Operator};
    use crate::runbook::{ObjectKind, ObjectName};

    #[test]
    fn cases() {
        check("SELECT public.f()", "function-call 1:8 hazard: public.f()");
        check("SELECT public.count()", "function-call 1:8 hazard: public.count()");
        check("DELETE FROM public.events WHERE event_domain = 'governance' AND f(k)", "function-call 1:65 hazard: f()");
        check("SELECT nextval('public.s')", "function-call 1:8 block: survives ROLLBACK");
        check("SELECT pg_catalog.pg_advisory_lock(1)", "function-call 1:8 block: pg_catalog.pg_advisory_lock");
        check("SELECT * FROM dblink('x', 'DELETE FROM t') AS q(a int)", "function-call 1:15 block: dblink");
        check_clean("UPDATE public.codes SET retired_at = now(), note = lower(trim(note)) WHERE code = 'a'");
        check_clean("SELECT pg_catalog.count(*) FROM public.events");
    }

    #[test]
    fn with_a_catalog_bodies_are_read() {
        let plpgsql = |name: &str, body: &str| {
            format!("CREATE FUNCTION public.{name}() RETURNS int LANGUAGE plpgsql AS $x$ BEGIN {body} END $x$")
        };
        let mut made = made()
            .function("CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT public.g()'")
            .function("CREATE FUNCTION public.g() RETURNS int LANGUAGE sql AS 'SELECT f(); SELECT nextval(''s'')'")
            .function("CREATE FUNCTION public.quiet(a int) RETURNS int LANGUAGE sql RETURN a + (SELECT count(*) FROM public.events)")
            .function("CREATE FUNCTION public.quiet(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT setval(''s'', 1)'")
            .function("CREATE FUNCTION public.row_of(e public.events) RETURNS int LANGUAGE sql AS 'SELECT nextval(''s'')'")
            .function("CREATE FUNCTION public.far() RETURNS int LANGUAGE c AS 'lib', 'far'")
            .function("CREATE FUNCTION public.py() RETURNS int LANGUAGE plpython3u AS 'pass'")
            .function("CREATE PROCEDURE public.p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'")
            .function("CREATE FUNCTION public.atomic() RETURNS int LANGUAGE sql BEGIN ATOMIC INSERT INTO public.fixed VALUES (1); END");
        for (name, body) in [
            ("loosens", "SET LOCAL lock_timeout = 0;"),
            ("configures", "PERFORM set_config('search_path', 'x', true);"),
            ("work_mem", "PERFORM set_config('work_mem', '1GB', true);"),
            ("constant", "EXECUTE 'SELECT pg_advisory_lock(1)';"),
            ("computed", "EXECUTE 'SELECT ' || now();"),
            ("declared", "DELETE FROM fresh;"),
            ("stranger", "DELETE FROM audit;"),
            ("far_file", "COPY public.events TO '/tmp/x';"),
            ("calls_p", "CALL public.p();"),
            ("block", "EXECUTE 'DO $y$ BEGIN PERFORM dblink(1); END $y$';"),
            ("growing", "INSERT INTO public.outbox VALUES (1);"),
            ("xml", "PERFORM query_to_xml('SELECT 1', true, true, '');"),
            ("bad_xml", "PERFORM query_to_xml('SELECT nextval(1)', true, true, '');"),
        ] {
            made = made.function(&plpgsql(name, body));
        }
        let text = "pg_catalog.text".to_owned();
        made.catalog.operators.push(Operator {
            name: ObjectName::new("public", "==="),
            left: text.clone(),
            right: text.clone(),
            function: 2,
            function_name: ObjectName::new("public", "g"),
        });
        made.catalog.operators.push(Operator {
            name: ObjectName::new("public", "="),
            left: text.clone(),
            right: text,
            function: 2,
            function_name: ObjectName::new("public", "g"),
        });
        for sign in ["<", "="] {
            made.catalog.operators.push(Operator {
                name: ObjectName::new("public", sign),
                left: "public.mood2".to_owned(),
                right: "public.mood2".to_owned(),
                function: 2,
                function_name: ObjectName::new("public", "g"),
            });
        }
        let moods = std::collections::BTreeSet::from(["public.mood2".to_owned()]);
        made.catalog.column_types.insert(ObjectName::new("public", "moods"), moods);
        made.catalog.casts.push(Cast {
            from: "pg_catalog.text".to_owned(),
            to: "public.mood".to_owned(),
            implicit: false,
            function: 2,
            function_name: ObjectName::new("public", "g"),
        });
        let view = CatalogObject { kind: ObjectKind::View, columns: Vec::new(), primary_key: Vec::new() };
        made.catalog.objects.insert(ObjectName::new("public", "v_fresh"), view);
        made.catalog.views.insert(ObjectName::new("public", "v_fresh"), "SELECT public.f() AS k".to_owned());

        made.catalog.expressions.push(Expression {
            of: ObjectName::new("public", "counted"),
            part: "counted_check".to_owned(),
            kind: ExpressionKind::Domain,
            sql: "public.f() > 0".to_owned(),
        });
        made.catalog.column_types.insert(ObjectName::new("public", "holder"), ["public.counted".to_owned()].into());

        let caught = |sql: &str, expect: &str| check_with(&runbook(sql), Some(&made.catalog), expect);
        caught(
            "SELECT public.f()",
            "function-call 1:8 block: public.f() → public.g() → nextval(): it moves a sequence",
        );
        caught("SELECT f()", "function-call 1:8 block: public.f()");
        caught("SELECT quiet(1, 2)", "function-call 1:8 block: public.quiet() → setval()");
        caught("SELECT e.row_of FROM public.events AS e", "function-call 1:8 block: public.row_of() → nextval()");
        caught("SELECT public.far()", "function-call 1:8 hazard: written in c");
        caught("SELECT public.py()", "function-call 1:8 hazard: untrusted");
        caught("SELECT public.calls_p()", "function-call 1:8 block: public.p(): COMMIT in it ends the transaction");
        caught("SELECT public.atomic()", "function-call 1:8 block: public.fixed, which is protected");
        caught("SELECT public.loosens()", "function-call 1:8 block: the setting lock_timeout");
        caught("SELECT public.configures()", "function-call 1:8 block: the setting search_path");
        caught("SELECT public.work_mem()", "function-call 1:8 hazard: the setting work_mem");
        caught("SELECT public.constant()", "function-call 1:8 block: pg_advisory_lock()");
        caught("SELECT public.computed()", "function-call 1:8 hazard: put together while it runs");
        caught("SELECT public.declared()", "function-call 1:8 hazard: deletes from public.fresh, which is greenfield");
        caught("SELECT public.stranger()", "function-call 1:8 block: public.audit, which the runbook does not declare");
        caught("SELECT public.far_file()", "function-call 1:8 block: COPY runs a program, or touches");
        caught("SELECT public.block()", "function-call 1:8 block: DO → dblink()");
        caught("SELECT public.growing()", "function-call 1:8 hazard: public.outbox, which only grows");
        caught("SELECT public.bad_xml()", "function-call 1:8 block: query_to_xml() → nextval()");
        caught("SELECT public.missing()", "function-call 1:8 hazard: no such function");
        caught("SELECT brand_new()", "function-call 1:8 hazard: not known to this version");
        caught("SELECT pg_notify('a', 'b')", "function-call 1:8 note: listeners");
        caught("SELECT 'a' === 'b'", "function-call 1:12 block: operator === → public.g()");
        caught("SELECT 'a' OPERATOR(public.=) 'b'", "function-call 1:12 block: operator public.=");
        // Comparisons that are not written as such; types that people made are sorted by their own operators.
        caught(
            "SELECT CASE m WHEN 'b' THEN 1 END FROM public.moods",
            "function-call 1:8 block: operator = → public.g()",
        );
        caught("SELECT 1 FROM public.fresh JOIN public.moods USING (k)", "function-call 1:1 block: operator =");
        caught("SELECT 1 FROM public.fresh NATURAL JOIN public.moods", "function-call 1:1 block: operator =");
        caught("SELECT 1 FROM public.moods WHERE m NOT BETWEEN 1 AND 2", "function-call 1:36 block: operator <");
        caught("SELECT m FROM public.moods ORDER BY m USING <", "function-call 1:45 block: operator <");
        caught(
            "SELECT m FROM public.moods ORDER BY m",
            "function-call 1:1 block: operator <, by which values are sorted",
        );
        caught(
            "SELECT DISTINCT m FROM public.moods",
            "function-call 1:1 block: operator =, by which values are sorted",
        );
        caught("SELECT 'a'::public.mood", "function-call 1:11 block: cast pg_catalog.text to public.mood");
        caught("SELECT k FROM public.v_fresh", "function-call 1:15 block: view public.v_fresh → public.f()");

        // A column is not a row of its table, and a constant is the server's own function's.
        made.catalog.built_in.steady.insert("row_of".to_owned());
        let events = CatalogObject { kind: ObjectKind::Table, columns: vec!["k".to_owned()], primary_key: Vec::new() };
        made.catalog.objects.insert(ObjectName::new("public", "events"), events);
        let caught = |sql: &str, expect: &str| check_with(&runbook(sql), Some(&made.catalog), expect);
        caught("SELECT row_of(e) FROM public.events AS e", "function-call 1:8 block: public.row_of() → nextval()");
        caught("SELECT row_of(e.*) FROM public.events AS e", "function-call 1:8 block: public.row_of() → nextval()");
        let clean = |sql: &str| check_clean_with(&runbook(sql), Some(&made.catalog));
        clean("SELECT row_of(k), row_of(e.k), row_of('x') FROM public.events AS e");
        // A domain checks its values wherever they come from.
        let checks = "function-call 1:1 block: public.counted.counted_check → public.f()";
        caught("SELECT '(1)'::public.holder", checks);
        caught("SELECT '{}'::public.holder[]", checks);
        caught("SELECT a FROM lower('x') AS r(a public.counted)", checks);
        caught("ALTER TABLE public.fresh ADD COLUMN n public.counted DEFAULT 'x'", checks);

        let clean = |sql: &str| check_clean_with(&runbook(sql), Some(&made.catalog));
        clean("SELECT a FROM lower('x') AS r(a pg_catalog.text)");
        clean("SELECT public.quiet(1)");
        clean("SELECT public.xml()");
        clean("SELECT jsonb_pretty('{}'), random(), clock_timestamp(), 'a' = 'b', 'a'::text");
        clean("SELECT e.id FROM public.events AS e");
        clean("SELECT DISTINCT k FROM public.events GROUP BY k ORDER BY k DESC");
        clean("SELECT CASE WHEN true THEN 1 END");
    }
}
