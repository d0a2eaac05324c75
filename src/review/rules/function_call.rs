//! `function-call`: a function may do anything; what survives ROLLBACK is never called.

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::survives_rollback;
use crate::runbook::sql::tree::{items, number, strings};

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
pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for statement in scene.statements {
        for call in statement.tree.all("FuncCall") {
            let parts = strings(items(call, "funcname"));
            let Some(name) = parts.last() else { continue };
            let schema = parts.len().checked_sub(2).map(|index| parts[index].as_str());
            let is_built_in = schema.is_none_or(|schema| schema == "pg_catalog");
            let spot = Spot::Offset(statement, usize::try_from(number(call, "location")).unwrap_or(statement.start));
            let full = parts.join(".");
            if survives_rollback(name) {
                let message = format!("What {full}() does survives ROLLBACK, or reaches beyond this database.");
                found.block(spot, message, "Write the reversal without it.");
            } else if name == "set_config" {
                // `timeouts-are-ours` speaks of it.
            } else if !(is_built_in && HARMLESS.contains(&name.as_str())) {
                let message = format!("What {full}() does stands elsewhere; no rule reads it.");
                found.hazard(
                    spot,
                    message,
                    "Write the work as plain statements, or waive it with what the function does.",
                );
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
