//! `unreviewed-statement`: what no rule understands does not pass in silence.

use super::not_in_a_transaction::refused;
use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::tree::{kind, number};
use pg_query::protobuf::ObjectType;

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "unreviewed-statement",
    summary: "A kind of statement that no rule can see into.",
    help: "DO, CALL and EXECUTE run code that stands elsewhere or is put together while it runs. COPY moves rows that nobody has\n\
           seen and, with PROGRAM, acts on the server's own files. CHECKPOINT cannot be rolled back.\n\
           GRANT, roles and extensions change who may do what. EXPLAIN ANALYZE runs what it explains. A WITH query that writes\n\
           hides its count of rows. None of this can be reviewed by rule, so it blocks; so does every kind of statement this\n\
           program does not know. Creating a function is a hazard: its body is for the reviewers to read.\n\n\
           What to do: write plain INSERT, UPDATE, DELETE, TRUNCATE, ALTER and DROP statements, one for each object.",
};

/// Kinds that the other rules look into.
const UNDERSTOOD: [&str; 25] = [
    "SelectStmt",
    "InsertStmt",
    "UpdateStmt",
    "DeleteStmt",
    "MergeStmt",
    "TruncateStmt",
    "CreateStmt",
    "CreateTableAsStmt",
    "ViewStmt",
    "IndexStmt",
    "CreateSeqStmt",
    "AlterSeqStmt",
    "CreateTrigStmt",
    "CreateEventTrigStmt",
    "AlterEventTrigStmt",
    "AlterTableStmt",
    "RenameStmt",
    "AlterObjectSchemaStmt",
    "CommentStmt",
    "CreateEnumStmt",
    "AlterEnumStmt",
    "CompositeTypeStmt",
    "CreateDomainStmt",
    "LockStmt",
    "RefreshMatViewStmt",
];
/// Kinds that a rule of their own speaks of.
const ELSEWHERE: [&str; 7] = [
    "TransactionStmt",
    "VariableSetStmt",
    "AlterRoleSetStmt",
    "AlterDatabaseSetStmt",
    "ConstraintsSetStmt",
    "DiscardStmt",
    "DropOwnedStmt",
];
/// What DROP may remove: kinds that can be declared, and what hangs on a declared table.
const DROPPED: [ObjectType; 16] = [
    ObjectType::ObjectTable,
    ObjectType::ObjectForeignTable,
    ObjectType::ObjectView,
    ObjectType::ObjectMatview,
    ObjectType::ObjectSequence,
    ObjectType::ObjectIndex,
    ObjectType::ObjectFunction,
    ObjectType::ObjectProcedure,
    ObjectType::ObjectTrigger,
    ObjectType::ObjectEventTrigger,
    ObjectType::ObjectType,
    ObjectType::ObjectDomain,
    ObjectType::ObjectSchema,
    ObjectType::ObjectExtension,
    ObjectType::ObjectRule,
    ObjectType::ObjectPolicy,
];

const WAY_OUT: &str = "Write plain INSERT, UPDATE, DELETE, TRUNCATE, ALTER and DROP statements, one for each object.";

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for statement in scene.statements {
        let (name, fields) = statement.tree.statement();
        let tag = if statement.tag.is_empty() { name.trim_end_matches("Stmt") } else { &statement.tag };
        let is_known = match name {
            "DropStmt" => DROPPED.iter().any(|kind| *kind as i64 == number(fields, "remove_type")),
            _ => UNDERSTOOD.contains(&name) || ELSEWHERE.contains(&name),
        };
        if matches!(name, "CreateFunctionStmt" | "AlterFunctionStmt") {
            let message = format!("{tag}: no rule reads the body of a function.");
            found.hazard(
                Spot::Statement(statement),
                message,
                "Read the body; waive this with what it does, if it must stay.",
            );
        // `not-in-a-transaction` speaks of what the server refuses.
        } else if !is_known && refused(name, fields).is_none() {
            found.block(Spot::Statement(statement), format!("{tag}: {}.", reason(name)), WAY_OUT);
        }
        for expression in statement.tree.all("CommonTableExpr") {
            let written = expression.get("ctequery").and_then(kind).map(|(written, _)| written);
            if matches!(written, Some("InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt")) {
                let message = "A WITH query writes, and the server does not say how many rows it wrote.";
                found.block(
                    Spot::Statement(statement),
                    message,
                    "Make a statement of its own of it, with its own count of rows.",
                );
            }
        }
    }
}

fn reason(kind: &str) -> &'static str {
    match kind {
        "DoStmt" | "CallStmt" | "ExecuteStmt" | "PrepareStmt" => "it runs code that no rule can see",
        "CopyStmt" => "it moves rows that nobody has seen, or acts on the server's own files",
        "LoadStmt" => "it loads code into the server",
        "CheckPointStmt" => "it cannot be rolled back",
        "ExplainStmt" => "with ANALYZE it runs what it explains",
        "GrantStmt" | "GrantRoleStmt" | "AlterDefaultPrivilegesStmt" | "AlterOwnerStmt" | "ReassignOwnedStmt" => {
            "it changes who may do what"
        }
        _ => "no rule understands this kind of statement",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean, check_silent};

    #[test]
    fn cases() {
        for (sql, says) in [
            ("DO $$ BEGIN DELETE FROM public.events; END $$", "DO: it runs code"),
            ("CALL public.p()", "CALL: it runs code"),
            ("EXECUTE q", "Execute: it runs code"),
            ("PREPARE q AS DELETE FROM public.events", "PREPARE: it runs code"),
            ("COPY public.events TO PROGRAM 'sh'", "COPY: it moves rows"),
            ("LOAD 'x'", "LOAD: it loads code"),
            ("CHECKPOINT", "CHECKPOINT: it cannot be rolled back"),
            ("ANALYZE public.fresh", "ANALYZE: no rule understands"),
            ("EXPLAIN ANALYZE DELETE FROM public.events", "EXPLAIN: with ANALYZE"),
            ("GRANT ALL ON public.events TO PUBLIC", "GRANT: it changes who"),
            ("ALTER FUNCTION public.f() OWNER TO x", "ALTER FUNCTION: it changes who"),
            ("CREATE ROLE x", "no rule understands"),
            ("NOTIFY x", "NOTIFY: no rule understands"),
            ("DROP CAST (int AS text)", "no rule understands"),
            ("WITH d AS (DELETE FROM public.fresh RETURNING 1) SELECT 1", "A WITH query writes"),
        ] {
            check(sql, &format!("unreviewed-statement 1:1 block: {says}"));
        }
        check(
            "CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "unreviewed-statement 1:1 hazard: body of a function",
        );
        for sql in ["VACUUM", "ALTER SYSTEM SET fsync = off", "CREATE DATABASE x", "DROP TABLESPACE x", "CLUSTER"] {
            check_silent(sql, "unreviewed-statement");
        }
        check_clean("WITH q AS (SELECT k FROM public.events) DELETE FROM public.fresh USING q WHERE fresh.k = q.k");
        check_clean("DROP VIEW public.v_fresh; LOCK TABLE public.events IN SHARE MODE; DROP TABLE public.fresh_child");
    }
}
