//! `syntax`: what `PostgreSQL` cannot read is not run.

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::SqlProblemKind;

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "syntax",
    summary: "The script cannot be read by PostgreSQL's grammar, or holds no statement.",
    help: "Every reversal is read with PostgreSQL's own grammar. A script that it refuses cannot be reviewed, so it blocks, and\n\
           no other rule looks at it until it is mended. psql commands (\\i, \\copy, \\restrict) and COPY data are not SQL\n\
           statements and block here too.\n\n\
           What to do: correct the place named. Write the SQL of an included file into this file.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    match scene.problem {
        Some(problem) => match problem.kind {
            SqlProblemKind::Placeholder => {}
            SqlProblemKind::Syntax
            | SqlProblemKind::MetaCommand
            | SqlProblemKind::Nul
            | SqlProblemKind::TooDeep
            | SqlProblemKind::Parser => {
                let message = format!("The script cannot be read: {}.", problem.message);
                found.block(Spot::Line(problem.line, problem.column), message, format!("{}.", problem.hint));
            }
        },
        None if scene.statements.is_empty() => {
            let way_out = "Write the statements that undo the step, or remove the step.";
            found.block(
                Spot::Script,
                "The reversal holds no statement: it would report success and undo nothing.",
                way_out,
            );
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check("SELEC 1;", "syntax 1:1 block: syntax error at or near");
        check("DROP TABLE public.fresh;\n\\i other.sql", "syntax 2:1 block: psql command");
        check("", "syntax 0:0 block: no statement");
        check("-- nothing to do\n;", "syntax 0:0 block: no statement");
        check("SELECT 'a", "syntax 1:8 block: unterminated");
        check_clean("DROP TABLE public.fresh_child;");
    }
}
