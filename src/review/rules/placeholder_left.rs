//! `placeholder-left`: a gap that nobody has filled never reaches the server (D-21).

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::SqlProblemKind;
use crate::runbook::sql::tree::{Node, as_kind, number, present, text};
use crate::runbook::{is_name, used};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "placeholder-left",
    summary: "A gap such as `<origin key>` is still in the script.",
    help: "A runbook is often written with gaps: `WHERE <origin key …>`. Such a text must never be sealed, and a value must never\n\
           be pasted into it: it is declared as a parameter, bound when the reversal is staged, shown to reviewers, and sent\n\
           as a typed literal. Text literals that are nothing but a gap ('<key>', '{{key}}', 'TODO') and numbered\n\
           parameters ($1), which nobody binds, block too.\n\n\
           What to do: declare [[parameter]] in runbook.toml and write :'name' in the script.",
};

const WAY_OUT: &str = "Declare a [[parameter]] in runbook.toml and write :'name' here.";

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    if let Some(problem) = scene.problem.filter(|problem| problem.kind == SqlProblemKind::Placeholder) {
        found.block(Spot::Line(problem.line, problem.column), format!("{}.", capital(&problem.message)), WAY_OUT);
    }
    let bound: Vec<usize> = used(&scene.step.reversal.text).into_iter().map(|(_, offset)| offset).collect();
    for statement in scene.statements {
        let offset = |node: &Node| usize::try_from(number(node, "location")).unwrap_or(statement.start);
        for parameter in statement.tree.all("ParamRef") {
            let message = format!("`${}` is a numbered parameter, and nobody binds it.", number(parameter, "number"));
            found.block(Spot::Offset(statement, offset(parameter)), message, WAY_OUT);
        }
        for constant in statement.tree.all("AConst") {
            let literal =
                present(constant, "val").and_then(|value| as_kind(value, "Sval")).map(|value| text(value, "sval"));
            // To the grammar a parameter :'key' reads as the literal ':key', so the literal itself must not stand here.
            if let Some(name) = literal.and_then(|literal| literal.strip_prefix(':')).filter(|name| is_name(name))
                && bound.binary_search(&offset(constant)).is_err()
            {
                let message = format!("The literal ':{name}' looks like a parameter, and is only text.");
                found.block(
                    Spot::Offset(statement, offset(constant)),
                    message,
                    format!("Write :'{name}', with the colon outside."),
                );
            }
            if let Some(literal) = literal.filter(|literal| is_gap(literal)) {
                let message = format!("The literal '{literal}' is a gap that nobody has filled.");
                found.block(Spot::Offset(statement, offset(constant)), message, WAY_OUT);
            }
        }
    }
}

fn is_gap(literal: &str) -> bool {
    let literal = literal.trim();
    let inside =
        |open: &str, close: &str| literal.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).unwrap_or("");
    let is_words =
        |words: &str| words.starts_with(char::is_alphabetic) && !words.contains(['<', '>', '{', '}', '=', '"', '/']);
    matches!(literal, "TODO" | "FIXME" | "XXX" | "TBD" | "CHANGEME")
        || [("<", ">"), ("{{", "}}"), ("${", "}")].iter().any(|(open, close)| is_words(inside(open, close).trim()))
}

fn capital(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check(
            "DELETE FROM public.events WHERE <origin key for the row>;",
            "placeholder-left 1:33 block: <origin key for the row>",
        );
        check(
            "DELETE FROM public.events WHERE event_domain = 'governance' AND k = '<key>';",
            "placeholder-left 1:69 block: '<key>'",
        );
        check(
            "DELETE FROM public.events WHERE event_domain = 'governance' AND k = $1;",
            "placeholder-left 1:69 block: $1",
        );
        check("DELETE FROM public.events WHERE k = 'TODO';", "placeholder-left 1:37 block: TODO");
        check("DELETE FROM public.shots WHERE origin = ':key'", "placeholder-left 1:41 block: only text");
        check_clean("DELETE FROM public.shots WHERE origin = :'key' AND k = ': key' AND l = ':'");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance' AND k = :'key';");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance' AND k = 'a < b > c';");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance' AND k = '<b>bold</b>';");
    }
}
