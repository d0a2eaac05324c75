//! `cascade`: CASCADE removes what nobody has named (D-26).

use std::fmt::Write;

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::tree::{Node, as_kind, items, number, text};
use crate::runbook::sql::{Touch, Touched, each_object};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "cascade",
    summary: "CASCADE, or DROP OWNED, in a reversal.",
    help: "DROP … CASCADE, TRUNCATE … CASCADE, ALTER TABLE … DROP COLUMN … CASCADE and REVOKE … CASCADE reach objects and rows\n\
           that the script does not name, that nobody has reviewed, and that were perhaps made after the review. DROP OWNED\n\
           removes whatever a role owns, CASCADE or not. CREATE EXTENSION … CASCADE installs what nobody has named. None of\n\
           it is ever allowed in a reversal. With a connected database the message names what would be reached today.\n\n\
           What to do: name each object, children first: views, then referencing tables, then parents.",
};

/// `DROP_CASCADE` of the grammar.
const CASCADE: i64 = 2;

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, all) in scene.statements.iter().zip(&scene.touched) {
        let way_out = "Name each object in a statement of its own, children first.";
        let (kind, node) = statement.tree.statement();
        if kind == "DropOwnedStmt" {
            let message = "DROP OWNED removes whatever the role owns, and whatever it was granted.";
            found.block(Spot::Statement(statement), message, way_out);
            continue;
        }
        if kind == "CreateExtensionStmt" && has_option(node, "cascade") {
            let message = "CREATE EXTENSION … CASCADE installs extensions that the script does not name.";
            found.block(Spot::Statement(statement), message, "Leave CASCADE out; a reversal takes away.");
            continue;
        }
        let mut cascades = false;
        each_object(statement.tree.root(), &mut |node| cascades |= number(node, "behavior") == CASCADE);
        if cascades {
            let mut message = format!("{} … CASCADE reaches objects that the script does not name.", statement.tag);
            let reached = reached(scene, all);
            if !reached.is_empty() {
                let _ = write!(message, " Today: {}.", reached.join(", "));
            }
            found.block(Spot::Statement(statement), message, way_out);
        }
    }
}

/// Lists what depends on the objects a statement names, as far as is known; a long list is cut.
fn reached(scene: &Scene<'_>, all: &[Touched]) -> Vec<String> {
    let named = || all.iter().filter(|one| matches!(one.how, Touch::Drop | Touch::Truncate));
    let links = named().flat_map(|one| scene.edges.get(&one.name).into_iter().flatten());
    let mut reached: Vec<String> = links
        .filter(|link| !named().any(|one| one.name == link.dependent))
        .map(|link| format!("{} by {}", link.dependent, link.by))
        .collect();
    reached.sort();
    reached.dedup();
    if reached.len() > SHOWN {
        let more = reached.len() - SHOWN;
        reached.truncate(SHOWN);
        reached.push(format!("and {more} more"));
    }
    reached
}

/// How many reached objects a message names: enough to see what was forgotten.
const SHOWN: usize = 5;

fn has_option(node: &Node, name: &str) -> bool {
    items(node, "options")
        .iter()
        .filter_map(|item| as_kind(item, "DefElem"))
        .any(|option| text(option, "defname") == name)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, check, check_clean, check_with, runbook};

    #[test]
    fn cases() {
        check("DROP TABLE public.fresh CASCADE", "cascade 1:1 block: DROP TABLE");
        check("SELECT 1; TRUNCATE public.fresh_child CASCADE", "cascade 1:11 block: TRUNCATE");
        check("ALTER TABLE public.fresh DROP COLUMN x CASCADE", "cascade 1:1 block: ALTER TABLE");
        for (sql, says) in [
            ("DROP OWNED BY somebody", "DROP OWNED"),
            ("DROP OWNED BY somebody CASCADE", "DROP OWNED"),
            ("REVOKE ALL ON public.fresh FROM x CASCADE", "REVOKE"),
            ("REVOKE GRANT OPTION FOR SELECT ON public.fresh FROM x CASCADE", "REVOKE"),
            ("REVOKE r FROM x CASCADE", "REVOKE ROLE"),
            ("DROP SCHEMA s CASCADE", "DROP SCHEMA"),
            ("DROP VIEW IF EXISTS public.v_fresh CASCADE", "DROP VIEW"),
            ("DROP MATERIALIZED VIEW public.v_fresh CASCADE", "DROP MATERIALIZED VIEW"),
            ("DROP FUNCTION public.f(int) CASCADE", "DROP FUNCTION"),
            ("DROP SEQUENCE public.s CASCADE", "DROP SEQUENCE"),
            ("DROP TYPE public.t CASCADE", "DROP TYPE"),
            ("DROP DOMAIN public.t CASCADE", "DROP DOMAIN"),
            ("DROP INDEX public.i CASCADE", "DROP INDEX"),
            ("DROP TRIGGER t ON public.fresh CASCADE", "DROP TRIGGER"),
            ("DROP EXTENSION x CASCADE", "DROP EXTENSION"),
            ("DROP OPERATOR === (int, int) CASCADE", "DROP OPERATOR"),
            ("DROP CAST (text AS int) CASCADE", "CASCADE reaches"),
            ("TRUNCATE ONLY public.fresh RESTART IDENTITY CASCADE", "TRUNCATE"),
            ("ALTER TABLE public.fresh DROP CONSTRAINT c CASCADE", "ALTER TABLE"),
            ("ALTER TABLE public.fresh ADD COLUMN y int, DROP COLUMN IF EXISTS x CASCADE", "ALTER TABLE"),
            ("ALTER TYPE public.t DROP ATTRIBUTE a CASCADE", "ALTER TYPE"),
            ("ALTER TYPE public.t RENAME ATTRIBUTE a TO b CASCADE", "ALTER TYPE"),
            ("ALTER DOMAIN public.t DROP CONSTRAINT c CASCADE", "ALTER DOMAIN"),
            ("CREATE EXTENSION x CASCADE", "CREATE EXTENSION"),
        ] {
            check(sql, &format!("cascade 1:1 block: {says}"));
        }
        let live = catalog(&["fresh", "fresh_child"], &[("fresh_child", "fresh")]);
        let cascade = runbook("DROP TABLE public.fresh CASCADE");
        check_with(&cascade, Some(&live), "cascade 1:1 block: Today: public.fresh_child by foreign key.");
        check_clean("DROP TABLE public.fresh_child RESTRICT");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance' AND note = 'DROP TABLE x CASCADE'");
        check_clean("DROP VIEW public.v_fresh; DROP TABLE public.fresh_child");
    }
}
