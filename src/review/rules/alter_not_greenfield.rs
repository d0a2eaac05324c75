//! `alter-not-greenfield`: the definition of what others use is not changed by a reversal (D-29).

use super::wrong_kind::word;
use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::{AlterationKind, Statement, Touch, Touched, alterations};
use crate::runbook::{Object, ObjectClass, ObjectKind, ObjectName};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "alter-not-greenfield",
    summary: "ALTER, COMMENT, CREATE INDEX or CREATE OR REPLACE on an object that is not greenfield; or anything created anew.",
    help: "The classes shared and retire_only speak of rows: DELETE and UPDATE inside the key. Nothing in them allows another\n\
           definition, so ALTER, RENAME, SET SCHEMA, OWNER TO, COMMENT, partitions, switching triggers, rules or row security\n\
           off, new indexes, rules, policies and CREATE OR REPLACE block. A column or a constraint that this phase added to\n\
           such a table is declared as an object of its own, of kind column or constraint and class greenfield: then DROP\n\
           COLUMN, DROP CONSTRAINT and ALTER COLUMN of it pass, and the constraints that sit on such columns alone go with\n\
           them. Triggers are the matter of `trigger-reverted`. On a greenfield object, what takes it away from its declared\n\
           name, its owner or its guards is a hazard, and so is creating one: a reversal takes away.\n\n\
           What to do: declare the added column or constraint; leave every other definition as it is. If this phase changed\n\
           it, that change needs a runbook of its own.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched) in scene.touches().filter(|(_, touched)| is_part(touched)) {
        part(scene, found, statement, touched);
    }
    for (statement, touched, object) in scene.declared().filter(|(_, touched, _)| !is_part(touched)) {
        // `write-on-protected` speaks of the other two classes.
        let is_ours = match object.class {
            ObjectClass::Greenfield => true,
            ObjectClass::Shared { .. } | ObjectClass::RetireOnly { .. } => false,
            ObjectClass::Protected | ObjectClass::Growing => continue,
        };
        let is_trigger = touched.kind == Some(ObjectKind::Trigger) || is_about_a_trigger(statement);
        let spot = Spot::Object(statement, touched);
        match touched.how {
            // Each column and constraint is judged as the object it is.
            Touch::Alter if !is_ours && changes_parts_alone(statement) => {}
            Touch::Alter if !is_ours => {
                let what = outside(statement).map_or("changes", says);
                let message =
                    format!("{} {what} {}, whose definition belongs to others too.", statement.tag, object.name);
                found.block(spot, message, "Remove the statement; only rows inside the key may change.");
            }
            Touch::Alter => leaves(found, spot, statement, object),
            Touch::Attach if !is_ours && !is_trigger => {
                let message =
                    format!("{} changes {}, whose definition belongs to others too.", statement.tag, object.name);
                found.block(spot, message, "Remove the statement; only rows inside the key may change.");
            }
            Touch::Create if !is_ours && !is_trigger => {
                let message =
                    format!("{} makes {} anew, which this phase has not created.", statement.tag, object.name);
                found.block(
                    spot,
                    message,
                    "Remove the statement; declare the object greenfield only if this phase made it.",
                );
            }
            Touch::Create if is_ours => created(found, spot, &object.name),
            Touch::Attach
            | Touch::Create
            | Touch::Read
            | Touch::Call
            | Touch::Lock
            | Touch::Insert
            | Touch::Update
            | Touch::Delete
            | Touch::Truncate
            | Touch::Drop => {}
        }
    }
}

fn created(found: &mut Found, spot: Spot<'_>, name: &ObjectName) {
    let message = format!("A reversal creates {name}; a reversal takes away.");
    found.hazard(spot, message, "Remove the statement, or waive it with why it must be there.");
}

/// Judges a column or constraint of a table whose rows are shared with others (D-3).
fn part(scene: &Scene<'_>, found: &mut Found, statement: &Statement, touched: &Touched) {
    let Some((relation, own)) = touched.name.name.split_once('.') else { return };
    let Some(relation) = scene.runbook.object(&ObjectName::new(&touched.name.schema, relation)) else { return };
    match relation.class {
        ObjectClass::Shared { .. } | ObjectClass::RetireOnly { .. } => {}
        // A part of ours goes with its table; the other two are the matter of `write-on-protected`.
        ObjectClass::Greenfield | ObjectClass::Protected | ObjectClass::Growing => return,
    }
    let spot = Spot::Object(statement, touched);
    let is_renamed = alterations(statement)
        .iter()
        .any(|change| matches!(change.kind, AlterationKind::RenameColumn | AlterationKind::RenameConstraint));
    match scene.object(touched) {
        Some(object) if object.class == ObjectClass::Greenfield => {
            if touched.how == Touch::Create {
                created(found, spot, &object.name);
            } else if is_renamed {
                let message = format!("{} gets a name that no class knows.", object.name);
                found.hazard(spot, message, "Drop it, or waive this with the declared object that has the new name.");
            }
        }
        // `write-on-protected` speaks of it.
        Some(_) => {}
        None if goes_with_ours(scene, touched) => {}
        None => {
            let kind = touched.kind.map_or("part", word);
            let message = format!(
                "{} changes the {kind} {own} of {}, and nothing says that this phase added it.",
                statement.tag, relation.name
            );
            // A false block without a catalog is mended by the catalog, and a name that is not there by the diagnosis.
            let known = scene.catalog.map(|catalog| {
                let kind = touched.kind.unwrap_or(ObjectKind::Constraint);
                touched.how == Touch::Create || catalog.has(&touched.name, kind)
            });
            let first = match (known, touched.kind) {
                (Some(false), _) => "The database has none of that name: has the step been reversed already? ",
                (None, Some(ObjectKind::Constraint)) => {
                    "No catalog has been looked at; with --db a constraint on declared columns alone passes. "
                }
                (None | Some(true), _) => "",
            };
            let way_out = format!(
                "{first}If this phase added it, declare [[object]] name = \"{}\", kind = \"{kind}\", class = \"greenfield\", \
                 steps = [\"{}\"]; else remove the statement.",
                touched.name, scene.step.id
            );
            found.block(spot, message, way_out);
        }
    }
}

/// A constraint that sits on columns of this phase alone came with them and goes with them.
fn goes_with_ours(scene: &Scene<'_>, touched: &Touched) -> bool {
    let Some(catalog) = scene.catalog.filter(|_| touched.kind == Some(ObjectKind::Constraint)) else { return false };
    let mut columns =
        catalog.parts.iter().filter(|edge| edge.by == "column" && edge.dependent == touched.name).peekable();
    let is_ours = |name: &ObjectName| {
        let mut same = scene.runbook.objects.iter().filter(|object| object.name == *name);
        same.any(|object| object.kind == ObjectKind::Column && object.class == ObjectClass::Greenfield)
    };
    columns.peek().is_some() && columns.all(|edge| is_ours(&edge.referenced))
}

/// Says what takes a greenfield object away from its declared name, its owner or its guards.
fn leaves(found: &mut Found, spot: Spot<'_>, statement: &Statement, object: &Object) {
    for change in alterations(statement) {
        let then = match change.kind {
            AlterationKind::Rename => "no class knows the new name",
            AlterationKind::SetSchema => "no class knows it there",
            AlterationKind::Owner => "another role may then change it",
            AlterationKind::TriggersOff | AlterationKind::RulesOff | AlterationKind::RowSecurityOff => {
                "what guarded its rows sleeps"
            }
            AlterationKind::Attach | AlterationKind::Detach => "rows appear in, or vanish from, a parent table",
            AlterationKind::Unlogged => "its rows would not survive a crash",
            AlterationKind::ReplicaIdentity | AlterationKind::Storage | AlterationKind::Other => {
                let message = format!("{} {} {}.", statement.tag, says(change.kind), object.name);
                found.mention(spot, message, "Nothing, if it is dropped afterwards anyway.");
                continue;
            }
            AlterationKind::AddColumn
            | AlterationKind::DropColumn
            | AlterationKind::ChangeColumn
            | AlterationKind::AddConstraint
            | AlterationKind::DropConstraint
            | AlterationKind::ChangeConstraint
            | AlterationKind::RenameColumn
            | AlterationKind::RenameConstraint
            | AlterationKind::CommentOnPart
            | AlterationKind::Comment
            | AlterationKind::TriggersOn
            | AlterationKind::RulesOn
            | AlterationKind::RowSecurityOn => continue,
        };
        let message = format!("{} {} {}: {then}.", statement.tag, says(change.kind), object.name);
        found.hazard(
            spot,
            message,
            "Drop the object instead, or waive this with why it must stay under other conditions.",
        );
    }
}

/// Returns the first change that reaches more than a column or constraint.
fn outside(statement: &Statement) -> Option<AlterationKind> {
    alterations(statement).into_iter().map(|change| change.kind).find(|kind| !kind.is_of_part())
}

/// Says what a change does, between the statement's name and the object's.
fn says(kind: AlterationKind) -> &'static str {
    match kind {
        AlterationKind::Rename => "renames",
        AlterationKind::SetSchema => "moves to another schema",
        AlterationKind::Owner => "gives another owner to",
        AlterationKind::Comment => "rewrites the comment of",
        AlterationKind::TriggersOff => "switches off triggers of",
        AlterationKind::TriggersOn => "switches on triggers of",
        AlterationKind::RulesOff => "switches off rules of",
        AlterationKind::RulesOn => "switches on rules of",
        AlterationKind::RowSecurityOff => "switches off row level security of",
        AlterationKind::RowSecurityOn => "switches on row level security of",
        AlterationKind::Attach => "attaches to a parent, or gives a child to,",
        AlterationKind::Detach => "detaches from a parent, or takes a child from,",
        AlterationKind::Unlogged => "stops logging",
        AlterationKind::Storage => "moves or rewrites the storage of",
        AlterationKind::ReplicaIdentity => "changes the replica identity of",
        AlterationKind::AddColumn
        | AlterationKind::DropColumn
        | AlterationKind::ChangeColumn
        | AlterationKind::AddConstraint
        | AlterationKind::DropConstraint
        | AlterationKind::ChangeConstraint
        | AlterationKind::RenameColumn
        | AlterationKind::RenameConstraint
        | AlterationKind::CommentOnPart
        | AlterationKind::Other => "changes",
    }
}

/// Returns whether every change reaches a named column or constraint and nothing else.
fn changes_parts_alone(statement: &Statement) -> bool {
    let changes = alterations(statement);
    let is_part = |kind: AlterationKind, name: &str| {
        kind.is_of_part() && (!name.is_empty() || kind == AlterationKind::CommentOnPart)
    };
    !changes.is_empty() && changes.iter().all(|change| is_part(change.kind, &change.name))
}

fn is_part(touched: &Touched) -> bool {
    matches!(touched.kind, Some(ObjectKind::Column | ObjectKind::Constraint))
}

fn is_about_a_trigger(statement: &Statement) -> bool {
    matches!(statement.tag.as_str(), "CREATE TRIGGER" | "DROP TRIGGER")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, check, check_clean, check_clean_with, check_with, runbook};
    use crate::review::Edge;
    use crate::runbook::{Object, ObjectClass, ObjectKind, ObjectName, Runbook};

    #[test]
    fn cases() {
        for (sql, says) in [
            (
                "ALTER TABLE public.events DISABLE TRIGGER ALL",
                "13 block: ALTER TABLE switches off triggers of public.events",
            ),
            ("ALTER TABLE public.events DISABLE TRIGGER t", "13 block: ALTER TABLE switches off triggers"),
            ("ALTER TABLE public.events ENABLE REPLICA TRIGGER t", "13 block: ALTER TABLE switches off triggers"),
            ("ALTER TABLE public.events ENABLE TRIGGER USER", "13 block: ALTER TABLE switches on triggers"),
            ("ALTER TABLE public.events DISABLE RULE r", "13 block: ALTER TABLE switches off rules"),
            ("ALTER TABLE public.events DISABLE ROW LEVEL SECURITY", "13 block: ALTER TABLE switches off row level"),
            ("ALTER TABLE public.events NO FORCE ROW LEVEL SECURITY", "13 block: ALTER TABLE switches off row level"),
            ("ALTER TABLE public.events OWNER TO x", "13 block: ALTER TABLE gives another owner to public.events"),
            ("ALTER TABLE public.events SET SCHEMA x", "13 block: ALTER TABLE moves to another schema public.events"),
            ("ALTER TABLE public.codes RENAME TO k", "13 block: ALTER TABLE renames public.codes"),
            ("ALTER TABLE public.events ATTACH PARTITION public.fresh DEFAULT", "13 block: ALTER TABLE attaches"),
            ("ALTER TABLE public.fresh DETACH PARTITION public.events", "43 block: ALTER TABLE detaches"),
            ("ALTER TABLE public.fresh INHERIT public.events", "34 block: ALTER TABLE attaches"),
            ("ALTER TABLE public.events NO INHERIT public.fresh", "13 block: ALTER TABLE detaches"),
            ("ALTER TABLE public.events REPLICA IDENTITY FULL", "13 block: ALTER TABLE changes the replica identity"),
            ("ALTER TABLE public.events SET UNLOGGED", "13 block: ALTER TABLE stops logging"),
            ("ALTER TABLE public.events SET TABLESPACE x", "13 block: ALTER TABLE moves or rewrites"),
            ("ALTER TABLE public.events SET ACCESS METHOD heap", "13 block: ALTER TABLE moves or rewrites"),
            ("ALTER TABLE public.events SET (fillfactor = 10)", "13 block: ALTER TABLE changes public.events"),
            ("ALTER TABLE public.events ADD CHECK (k > 0)", "13 block: ALTER TABLE changes public.events"),
            ("CREATE INDEX i ON public.events (k)", "19 block: CREATE INDEX"),
            ("CREATE INDEX ON public.events (k)", "17 block: CREATE INDEX"),
            ("COMMENT ON TABLE public.events IS 'x'", "18 block: COMMENT rewrites the comment of public.events"),
            ("CREATE VIEW public.v_fresh AS SELECT 1 AS x", "13 hazard: takes away"),
            ("SELECT 1 INTO public.events", "15 block: public.events"),
        ] {
            check(sql, &format!("alter-not-greenfield 1:{says}"));
        }
        check(
            "CREATE RULE r AS ON DELETE TO public.events DO INSTEAD NOTHING",
            "unreviewed-statement 1:1 block: CREATE RULE",
        );
    }

    #[test]
    fn what_is_ours_may_change_but_not_slip_away() {
        for (sql, says) in [
            ("ALTER TABLE public.fresh RENAME TO old_fresh", "no class knows the new name"),
            ("ALTER TABLE public.fresh SET SCHEMA attic", "no class knows it there"),
            ("ALTER TABLE public.fresh OWNER TO x", "another role may then change it"),
            ("ALTER TABLE public.fresh DISABLE TRIGGER t", "what guarded its rows sleeps"),
            ("ALTER TABLE public.fresh DISABLE ROW LEVEL SECURITY", "what guarded its rows sleeps"),
            ("ALTER TABLE public.fresh DETACH PARTITION public.fresh_child", "rows appear in"),
            ("ALTER TABLE public.fresh_child NO INHERIT public.fresh", "rows appear in"),
            ("ALTER TABLE public.fresh SET UNLOGGED", "would not survive a crash"),
        ] {
            check(sql, &format!("alter-not-greenfield 1:13 hazard: {says}"));
        }
        check("ALTER TABLE public.fresh REPLICA IDENTITY FULL", "alter-not-greenfield 1:13 note: replica identity");
        for innocent in [
            "ALTER TABLE public.fresh DROP CONSTRAINT c",
            "ALTER TABLE public.fresh DROP COLUMN c, ALTER COLUMN d DROP DEFAULT",
            "ALTER TABLE public.fresh RENAME COLUMN a TO b",
            "ALTER TABLE public.fresh ENABLE TRIGGER t",
            "COMMENT ON COLUMN public.fresh.k IS 'going'",
            "COMMENT ON TABLE public.fresh IS NULL",
        ] {
            check_clean(innocent);
        }
    }

    /// The small runbook, with a column and a constraint that the step added to a shared table.
    fn added(sql: &str) -> Runbook {
        let mut added = runbook(sql);
        for (name, kind) in [
            ("events.note", ObjectKind::Column),
            ("events.note_is_short", ObjectKind::Constraint),
            ("fixed.note", ObjectKind::Column),
        ] {
            added.objects.push(Object {
                name: ObjectName::new("public", name),
                kind,
                class: ObjectClass::Greenfield,
                steps: vec!["S1".into()],
                later_phase: false,
                optional: false,
            });
        }
        added
    }

    #[test]
    fn an_added_column_or_constraint_goes_when_it_is_declared() {
        for sql in [
            "ALTER TABLE public.events DROP COLUMN note",
            "ALTER TABLE public.events DROP CONSTRAINT note_is_short, DROP COLUMN note RESTRICT",
            "ALTER TABLE ONLY public.events ALTER COLUMN note DROP DEFAULT, ALTER note SET NOT NULL",
            "COMMENT ON COLUMN public.events.note IS NULL",
            "ALTER TABLE public.events VALIDATE CONSTRAINT note_is_short",
        ] {
            check_clean_with(&added(sql), None);
        }
        for (sql, says) in [
            ("ALTER TABLE public.events DROP COLUMN k", "1:39 block: name = \"public.events.k\", kind = \"column\""),
            ("ALTER TABLE public.events DROP CONSTRAINT c", "1:43 block: kind = \"constraint\""),
            ("ALTER TABLE public.codes DROP COLUMN k", "1:38 block: the column k of public.codes"),
            ("ALTER TABLE public.events DROP COLUMN note, DROP COLUMN k", "1:57 block: the column k"),
            ("ALTER TABLE public.events ALTER k DROP NOT NULL", "1:33 block: the column k"),
            ("ALTER TABLE public.events ALTER k TYPE text", "1:33 block: the column k"),
            ("ALTER TABLE public.events ADD COLUMN k int", "1:38 block: the column k"),
            ("ALTER TABLE public.events RENAME COLUMN k TO note", "1:41 block: the column k"),
            ("COMMENT ON COLUMN public.events.k IS 'x'", "1:19 block: the column k"),
            ("ALTER TABLE public.events DROP COLUMN note, DISABLE TRIGGER ALL", "1:13 block: switches off triggers"),
            ("ALTER TABLE public.events ADD COLUMN note text", "1:38 hazard: takes away"),
            ("ALTER TABLE public.events RENAME COLUMN note TO k", "1:41 hazard: a name that no class knows"),
        ] {
            check_with(&added(sql), None, &format!("alter-not-greenfield {says}"));
        }
        // A protected table stays protected, whatever is declared on it.
        let protected = added("ALTER TABLE public.fixed DROP COLUMN note");
        check_with(&protected, None, "write-on-protected 1:13 block: public.fixed is protected");
    }

    #[test]
    fn a_constraint_on_our_columns_goes_with_them() {
        let drop = added("ALTER TABLE public.events DROP CONSTRAINT events_note_fkey");
        let mut live = catalog(&["events"], &[]);
        let on = |column: &str| Edge {
            dependent: ObjectName::new("public", "events.events_note_fkey"),
            referenced: ObjectName::new("public", column),
            by: "column".to_owned(),
        };
        live.parts = vec![on("events.note")];
        check_clean_with(&drop, Some(&live));
        live.parts.push(on("events.k"));
        check_with(&drop, Some(&live), "alter-not-greenfield 1:43 block: events_note_fkey of public.events");
    }
}
