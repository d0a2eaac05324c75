//! `function-call`: a function may do anything; what survives ROLLBACK is never called.

use super::reading::{Consequence, Reader, Setting as Place, What, sites};
use super::{Found, RuleInfo, Scene, Severity, Spot};
use crate::runbook::sql::tree::{items, number, strings};
use crate::runbook::sql::{Effect, Statement, effect_of_call};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "function-call",
    summary: "The script calls a function that may act, or whose effect survives ROLLBACK.",
    help: "A SELECT looks harmless and may call a function that writes. Functions whose effect survives ROLLBACK (nextval, setval,\n\
           dblink, lo_export, pg_read_file, advisory locks, pg_terminate_backend and their like) block: a rehearsal with them\n\
           would leave something behind. A short list of functions that only compute passes. Every other function, a declared\n\
           one too, is a hazard: what it does stands elsewhere.\n\n\
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
    for statement in scene.statements {
        match scene.reader {
            Some(reader) => read(reader, statement, found),
            None => by_name(statement, found),
        }
    }
}

const WAY_OUT: &str = "Write the work as plain statements, or waive it with what the function does.";

/// With a catalog, what is called is read.
fn read(reader: &Reader<'_>, statement: &Statement, found: &mut Found) {
    for site in sites(statement.tree.root()) {
        let spot = Spot::Offset(statement, site.offset.unwrap_or(statement.start));
        // `timeouts-are-ours` speaks of what the script itself sets.
        let own = |one: &Consequence| matches!(one.what, What::Setting(_)) && one.chain.len() == 1;
        let all: Vec<_> = reader.site(statement, &site).into_iter().filter(|one| !own(one)).collect();
        say(reader, &all, spot, found);
    }
    say(reader, &reader.read_through(statement), Spot::Statement(statement), found);
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
                let message =
                    format!("What {full}() does survives ROLLBACK, or reaches beyond this database: {what}.");
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
    use super::super::testing::{check, check_clean};

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
}
