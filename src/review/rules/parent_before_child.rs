//! `parent-before-child`: children are dropped first (D-25).

mod silent;

use std::fmt::Write;

use super::dependants::{Gone, Link, cycle};
use super::wrong_kind::word;
use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::{Statement, Touch, Touched, split, touched};
use crate::runbook::{ObjectClass, ObjectName, Step, StepId};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "parent-before-child",
    summary: "An object is dropped while something that depends on it is still there.",
    help: "Views go first, then referencing tables, then parents. With a connected database the order is checked against its\n\
           catalog: foreign keys, views on views, inheritance, functions of triggers, defaults and policies, sequences of\n\
           defaults, types of columns, and what uses a dropped column or constraint. Without one, against what the runbook's\n\
           own build scripts create. A dependant must be dropped earlier in the same script or in the same statement. The\n\
           block says which statement or step drops it too late, or that nothing does; objects that need each other are shown\n\
           as the circle. One that belongs to a later step is a note, because the diagnosis orders that step first, unless\n\
           that step needs this one in turn. A partition goes with its table without a word, so one that nobody has declared\n\
           blocks. So does an index, constraint or statistics object that stands on a dropped column and on columns of others.\n\
           Bodies of functions are not seen.\n\n\
           What to do: move the DROP of the dependant above, reverse its step first, or drop the constraint between them.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let mut gone = Gone::default();
    for (statement, all) in scene.statements.iter().zip(&scene.touched) {
        gone.take(statement, all);
        for parent in all.iter().filter(|one| one.how == Touch::Drop) {
            for link in scene.edges.get(&parent.name).into_iter().flatten() {
                if link.dependent != parent.name && !gone.lets_go(scene, &parent.name, link) {
                    tell(scene, found, statement, parent, link);
                }
            }
            silent::look(scene, found, &gone, (statement, parent));
        }
        for emptied in all.iter().filter(|one| one.how == Touch::Truncate) {
            truncated(scene, found, &gone, (statement, all), emptied);
        }
    }
}

/// TRUNCATE is refused while a foreign key refers to the table, rows or not, unless its table is emptied in the same act.
fn truncated(scene: &Scene<'_>, found: &mut Found, gone: &Gone, act: (&Statement, &[Touched]), emptied: &Touched) {
    let (statement, all) = act;
    let is_emptied = |name: &ObjectName| all.iter().any(|one| one.how == Touch::Truncate && one.name == *name);
    for link in scene.edges.get(&emptied.name).into_iter().flatten().filter(|link| link.by == "foreign key") {
        if !is_emptied(&link.dependent) && !gone.lets_go(scene, &emptied.name, link) {
            let message = format!(
                "{} is emptied while {} refers to it by foreign key{}: the server refuses that.",
                emptied.name,
                link.dependent,
                through(link)
            );
            let way_out = format!("Write DELETE, or name {} in the same TRUNCATE if it is ours too.", link.dependent);
            found.block(Spot::Object(statement, emptied), message, way_out);
        }
    }
}

/// Says what stands in the way, and what would take it away.
fn tell(scene: &Scene<'_>, found: &mut Found, statement: &Statement, parent: &Touched, link: &Link) {
    let (spot, dependent, name) = (Spot::Object(statement, parent), &link.dependent, &parent.name);
    let depends = format!("{dependent} depends on it by {}{}", link.by, through(link));
    if is_partition(scene, name, link) {
        partition(scene, found, spot, name, dependent);
        return;
    }
    let later = scene.touches().find(|(later, one)| later.ordinal > statement.ordinal && drops(one, link));
    if let Some((later, _)) = later {
        if let Some(way) = cycle(scene.edges, name, link) {
            circle(found, spot, name, link, &way);
            return;
        }
        let message = format!(
            "{name} is dropped here, but {depends}, and only statement {} (line {}) drops that.",
            later.ordinal, later.line
        );
        found.block(spot, message, format!("Move statement {} above statement {}.", later.ordinal, statement.ordinal));
        return;
    }
    let owner = owner(scene, link);
    let is_later = |step: &&Step| step.position > scene.step.position;
    if let Some(step) = owner.filter(is_later) {
        if let Some(back) = needs_back(scene, step) {
            let message = format!(
                "{} and {} need each other: {dependent} of {} depends on {name} by {}, and {back}.",
                scene.step.id, step.id, step.id, link.by
            );
            let way_out =
                "Drop the constraint or view that closes the circle in a step of its own, or make one step of both.";
            found.block(spot, message, way_out);
            return;
        }
        let message = format!("{dependent} of the later step {} depends on {name} by {}.", step.id, link.by);
        found.mention(spot, message, format!("Reverse {} first; the diagnosis orders it so.", step.id));
        return;
    }
    let mut message = format!("{name} is dropped while {depends}, and is still there:");
    let way_out = match (remover(scene, link), owner) {
        (Some((step, ordinal)), _) => {
            let _ = write!(message, " statement {ordinal} of the earlier step {} drops it, after this one.", step.id);
            format!("{} above, or move it into a step that is built after this one.", remedy(scene, link))
        }
        (None, Some(step)) if step.id == scene.step.id => {
            let _ = write!(message, " it is declared for this step, and no statement drops it.");
            format!("{} above statement {}.", remedy(scene, link), statement.ordinal)
        }
        (None, Some(step)) => {
            let _ = write!(message, " it is declared for the step {}, whose reversal does not drop it.", step.id);
            format!("{} above, or in the reversal of {}, which then goes first.", remedy(scene, link), step.id)
        }
        (None, None) => {
            let _ = write!(message, " no step drops it.");
            format!("{} above it, or reverse the step that made it first.", remedy(scene, link))
        }
    };
    found.block(spot, message, way_out);
}

/// Says what would take the dependent out of the way: the smallest statement that does.
fn remedy(scene: &Scene<'_>, link: &Link) -> String {
    let part = link.carriers.first().unwrap_or(&link.dependent);
    if let (Some(relation), Some((_, own))) = (part.relation(), part.name.split_once('.')) {
        let (relation, own) = (relation.as_written(), ObjectName::new("", own).as_written());
        return match link.by.as_str() {
            "foreign key" | "constraint" => format!("Write ALTER TABLE {relation} DROP CONSTRAINT {own}"),
            "default" => format!("Write ALTER TABLE {relation} ALTER COLUMN {own} DROP DEFAULT"),
            "policy" => format!("Write DROP POLICY {own} ON {relation}"),
            "rule" => format!("Write DROP RULE {own} ON {relation}"),
            "trigger" => format!("Write DROP TRIGGER {own} ON {relation}"),
            _ => format!("Write ALTER TABLE {relation} DROP COLUMN {own}"),
        };
    }
    let live = scene.catalog.and_then(|catalog| catalog.objects.get(&link.dependent)).map(|object| object.kind);
    match live.or_else(|| scene.runbook.object(&link.dependent).map(|object| object.kind)) {
        Some(kind) => format!("Write DROP {} {}", word(kind).to_uppercase(), link.dependent.as_written()),
        None => format!("Drop {}", link.dependent),
    }
}

/// Names the column or constraint by which a table depends.
fn through(link: &Link) -> String {
    match link.carriers.as_slice() {
        [] => String::new(),
        [part, ..] => format!(" ({})", part.name.split_once('.').map_or(part.name.as_str(), |(_, part)| part)),
    }
}

fn drops(touched: &Touched, link: &Link) -> bool {
    touched.how == Touch::Drop && (touched.name == link.dependent || link.carriers.contains(&touched.name))
}

fn circle(found: &mut Found, spot: Spot<'_>, name: &ObjectName, link: &Link, way: &[(ObjectName, String)]) {
    let mut shown = name.to_string();
    for (to, by) in way {
        let _ = write!(shown, " → {to} by {by}");
    }
    let message = format!("{name} and {} need each other, whichever is dropped first: {shown}.", link.dependent);
    let way_out = match link.carriers.first().and_then(|part| part.name.split_once('.')) {
        Some((_, part)) if link.by == "foreign key" => {
            format!("Drop them in one statement, or write ALTER TABLE {} DROP CONSTRAINT {part} first.", link.dependent)
        }
        Some(_) | None => "Drop them in one statement, or drop the constraint between them first.".to_owned(),
    };
    found.block(spot, message, way_out);
}

fn is_partition(scene: &Scene<'_>, parent: &ObjectName, link: &Link) -> bool {
    scene.catalog.is_some_and(|catalog| {
        catalog
            .parts
            .iter()
            .any(|edge| edge.by == "partition" && edge.dependent == link.dependent && edge.referenced == *parent)
    })
}

/// D-26: DROP TABLE takes partitions along without CASCADE; only declared ones may go so.
fn partition(scene: &Scene<'_>, found: &mut Found, spot: Spot<'_>, parent: &ObjectName, child: &ObjectName) {
    let is_ours = scene.runbook.object(child).is_some_and(|object| object.class == ObjectClass::Greenfield);
    let way_out = format!("Drop {child} in a statement of its own above, so that the script names what goes.");
    if is_ours {
        found.mention(spot, format!("{child} is a partition of {parent} and goes with it without a word."), way_out);
    } else {
        let message = format!(
            "{child} is a partition of {parent} and would go with it without a word; the runbook does not declare it greenfield."
        );
        found.block(spot, message, way_out);
    }
}

/// Returns the step whose object stands in the way: the dependent itself, or its column or constraint.
fn owner<'a>(scene: &Scene<'a>, link: &Link) -> Option<&'a Step> {
    let declared = |name: &ObjectName| {
        let object = scene.runbook.objects.iter().find(|object| object.name == *name && !object.steps.is_empty())?;
        // The latest of its steps goes first.
        let steps = object.steps.iter().filter_map(|id: &StepId| scene.runbook.step(id));
        let is_rows_alone = matches!(object.class, ObjectClass::Shared { .. } | ObjectClass::RetireOnly { .. });
        if is_rows_alone { None } else { steps.max_by_key(|step| step.position) }
    };
    let of_columns =
        |part: &ObjectName| scene.catalog.and_then(|catalog| catalog.columns_under(part).find_map(declared));
    let of_parts = || link.carriers.iter().find_map(|part| declared(part).or_else(|| of_columns(part)));
    declared(&link.dependent).or_else(|| of_columns(&link.dependent)).or_else(of_parts)
}

/// Returns the other step's statement that drops what stands in the way.
fn remover<'a>(scene: &Scene<'a>, link: &Link) -> Option<(&'a Step, u32)> {
    let others = scene.runbook.steps.iter().filter(|step| step.id != scene.step.id);
    others.into_iter().find_map(|step| {
        let statements = split(&step.reversal.text).ok()?;
        let drops_it = |statement: &&Statement| {
            touched(statement, &scene.runbook.target.schema).iter().any(|one| drops(one, link))
        };
        statements.iter().find(drops_it).map(|statement| (step, statement.ordinal))
    })
}

/// Says how this step depends on what another step drops; `None` when it does not.
fn needs_back(scene: &Scene<'_>, other: &Step) -> Option<String> {
    let statements = split(&other.reversal.text).ok()?;
    let theirs: Vec<Touched> =
        statements.iter().flat_map(|statement| touched(statement, &scene.runbook.target.schema)).collect();
    let ours = |link: &&Link| scene.touches().any(|(_, one)| drops(one, link));
    let is_dropped_there = |link: &&Link| !theirs.iter().any(|one| drops(one, link));
    theirs.iter().filter(|one| one.how == Touch::Drop).find_map(|one| {
        let link = scene.edges.get(&one.name)?.iter().filter(is_dropped_there).find(ours)?;
        Some(format!("{} of {} depends on {} by {}", link.dependent, scene.step.id, one.name, link.by))
    })
}

#[cfg(test)]
mod tests;
