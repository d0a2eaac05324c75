//! `cascade`: CASCADE removes what nobody has named (D-26).

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::each_object;
use crate::runbook::sql::tree::number;

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "cascade",
    summary: "CASCADE, or DROP OWNED, in a reversal.",
    help: "DROP … CASCADE, TRUNCATE … CASCADE, ALTER TABLE … DROP COLUMN … CASCADE and REVOKE … CASCADE reach objects and rows\n\
           that the script does not name, that nobody has reviewed, and that were perhaps made after the review. DROP OWNED\n\
           removes whatever a role owns. None of it is ever allowed in a reversal.\n\n\
           What to do: name each object, children first: views, then referencing tables, then parents.",
};

/// `DROP_CASCADE` of the grammar.
const CASCADE: i64 = 2;

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for statement in scene.statements {
        let way_out = "Name each object in a statement of its own, children first.";
        if statement.tree.statement().0 == "DropOwnedStmt" {
            found.block(Spot::Statement(statement), "DROP OWNED removes whatever the role owns.", way_out);
            continue;
        }
        let mut cascades = false;
        each_object(statement.tree.root(), &mut |node| cascades |= number(node, "behavior") == CASCADE);
        if cascades {
            let message = format!("{} … CASCADE reaches objects that the script does not name.", statement.tag);
            found.block(Spot::Statement(statement), message, way_out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check("DROP TABLE public.fresh CASCADE", "cascade 1:1 block: DROP TABLE");
        check("SELECT 1; TRUNCATE public.fresh_child CASCADE", "cascade 1:11 block: TRUNCATE");
        check("ALTER TABLE public.fresh DROP COLUMN x CASCADE", "cascade 1:1 block: ALTER TABLE");
        check("DROP OWNED BY somebody", "cascade 1:1 block: DROP OWNED");
        check("REVOKE ALL ON public.fresh FROM x CASCADE", "cascade 1:1 block: REVOKE");
        check_clean("DROP TABLE public.fresh_child RESTRICT");
        check_clean("DROP VIEW public.v_fresh; DROP TABLE public.fresh_child");
    }
}
