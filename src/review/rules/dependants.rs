//! Takes the live catalog, or the build scripts where there is none; gives who depends on whom, and what has gone when a
//! statement of the script comes (D-25).

use std::collections::{BTreeMap, BTreeSet};

use super::Scene;
use crate::review::Catalog;
use crate::runbook::sql::tree::{as_kind, items, present, strings, text};
use crate::runbook::sql::{AlterationKind, Statement, Touch, Touched, alterations, each_object, split, touched};
use crate::runbook::{ObjectKind, ObjectName, Runbook};

/// The dependents of each object; columns and constraints are objects here.
pub(super) type Links = BTreeMap<ObjectName, Vec<Link>>;

/// One dependent of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    /// What depends.
    pub(super) dependent: ObjectName,
    /// `foreign key`, `view`, `default` …
    pub(super) by: String,
    /// The columns and constraints of the dependent by which it depends; empty when that is not known.
    pub(super) carriers: Vec<ObjectName>,
}

/// Reads the links from the catalog where there is one, else from what the runbook's own scripts build.
pub(super) fn links(runbook: &Runbook, catalog: Option<&Catalog>) -> Links {
    let mut links = match catalog {
        Some(catalog) => of_catalog(catalog),
        None => of_builds(runbook),
    };
    for of_object in links.values_mut() {
        of_object.sort();
        of_object.dedup();
    }
    links
}

fn of_catalog(catalog: &Catalog) -> Links {
    let mut links = Links::new();
    let carriers = catalog.carriers();
    for edge in &catalog.edges {
        let of_edge = carriers.get(&(edge.dependent.clone(), &edge.referenced)).into_iter().flatten();
        let carriers = of_edge.map(|part| (*part).clone()).collect();
        let link = Link { dependent: edge.dependent.clone(), by: edge.by.clone(), carriers };
        links.entry(edge.referenced.clone()).or_default().push(link);
    }
    let told: BTreeSet<(&ObjectName, &ObjectName)> =
        catalog.edges.iter().map(|edge| (&edge.dependent, &edge.referenced)).collect();
    for edge in catalog.parts.iter().filter(|edge| !edge.goes_in_silence()) {
        let is_whole = catalog.objects.contains_key(&edge.referenced) || edge.referenced.relation().is_none();
        let relation = edge.dependent.relation();
        let link = match relation {
            // Most of what depends on a whole object stands among the edges; a sequence that a column owns does not.
            Some(relation) if is_whole => {
                if told.contains(&(&relation, &edge.referenced)) || relation == edge.referenced {
                    continue;
                }
                Link { dependent: relation, by: edge.by.clone(), carriers: vec![edge.dependent.clone()] }
            }
            None if is_whole => continue,
            Some(_) | None => Link { dependent: edge.dependent.clone(), by: edge.by.clone(), carriers: Vec::new() },
        };
        links.entry(edge.referenced.clone()).or_default().push(link);
    }
    links
}

fn of_builds(runbook: &Runbook) -> Links {
    let mut links = Links::new();
    let schema = &runbook.target.schema;
    for script in runbook.steps.iter().filter_map(|step| step.build.as_ref()) {
        for statement in split(&script.text).unwrap_or_default() {
            let all = touched(&statement, schema);
            let of_part = |one: &&Touched| matches!(one.kind, Some(ObjectKind::Column | ObjectKind::Constraint));
            let made: Vec<&Touched> = all.iter().filter(|one| one.how == Touch::Create).collect();
            // An added column or constraint depends, not the table; without a name of its own the table stands for it.
            let is_altered =
                |one: &&Touched| one.how == Touch::Alter && statement.tag == "ALTER TABLE" && !of_part(one);
            let made = if made.is_empty() { all.iter().filter(is_altered).collect() } else { made };
            let needed = needed(&statement, &all, schema);
            for dependent in made {
                for (referenced, by) in needed.iter().filter(|(name, _)| *name != dependent.name) {
                    let link = Link { dependent: dependent.name.clone(), by: (*by).to_owned(), carriers: Vec::new() };
                    links.entry(referenced.clone()).or_default().push(link);
                }
            }
        }
    }
    links
}

/// What a statement that makes something needs: tables it reads, functions, sequences and types it names.
fn needed(statement: &Statement, all: &[Touched], schema: &str) -> Vec<(ObjectName, &'static str)> {
    let by = match statement.tag.as_str() {
        "CREATE VIEW" | "CREATE MATERIALIZED VIEW" => "view",
        "CREATE TRIGGER" => "trigger",
        "CREATE TABLE" | "ALTER TABLE" => "foreign key",
        "CREATE POLICY" => "policy",
        // `CREATE MATERIALIZED VIEW … WITH DATA` answers as a SELECT does.
        _ => "definition",
    };
    let reads = all.iter().filter(|one| one.how == Touch::Read).map(|one| (one.name.clone(), by));
    let calls = all.iter().filter(|one| one.how == Touch::Call && one.name.schema != "pg_catalog");
    let mut found: Vec<(ObjectName, &'static str)> =
        reads.chain(calls.map(|one| (one.name.clone(), "function"))).collect();
    let named = |parts: &[String]| match parts {
        [name] => Some(ObjectName::new(schema, name)),
        [.., schema, name] => Some(ObjectName::new(schema, name)),
        [] => None,
    };
    // A column holds its type without a wrapper, so it is known by its fields.
    each_object(statement.tree.root(), &mut |node| {
        if present(node, "typemod").is_some() {
            found.extend(named(&strings(items(node, "names"))).map(|name| (name, "type")));
        }
    });
    // A sequence is named as text: nextval('schema.name').
    for call in statement.tree.all("FuncCall") {
        if strings(items(call, "funcname")).last().is_some_and(|name| name == "nextval") {
            let argument = items(call, "args").first();
            let cast = argument.and_then(|item| as_kind(item, "TypeCast")).and_then(|cast| present(cast, "arg"));
            let constant = cast.or(argument).and_then(|item| as_kind(item, "AConst"));
            let sequence =
                constant.and_then(|constant| present(constant, "val")).and_then(|value| as_kind(value, "Sval"));
            let parts: Vec<String> = sequence
                .map(|value| text(value, "sval").split('.').map(|part| part.trim_matches('"').to_owned()).collect())
                .unwrap_or_default();
            found.extend(named(&parts).map(|name| (name, "default")));
        }
    }
    found
}

/// What has gone, or lets go, when a statement of the script comes.
#[derive(Default)]
pub(super) struct Gone {
    names: BTreeSet<ObjectName>,
    /// Columns whose default or type was changed: what they depended on is no longer known.
    loosened: BTreeSet<ObjectName>,
    /// Parents and children that were taken apart.
    detached: BTreeSet<(ObjectName, ObjectName)>,
    /// What was made again, and what it reads now.
    made: BTreeMap<ObjectName, BTreeSet<ObjectName>>,
}

impl Gone {
    /// Takes one statement in. One DROP of several objects is one act: their order inside it does not matter.
    pub(super) fn take(&mut self, statement: &Statement, all: &[Touched]) {
        let changes = || alterations(statement);
        for one in all {
            if one.how == Touch::Drop {
                self.names.insert(one.name.clone());
            } else if one.how == Touch::Create {
                self.names.remove(&one.name);
                let reads = all.iter().filter(|read| matches!(read.how, Touch::Read | Touch::Call));
                self.made.insert(one.name.clone(), reads.map(|read| read.name.clone()).collect());
            } else if one.how == Touch::Alter
                && one.kind == Some(ObjectKind::Column)
                && changes().iter().any(|change| change.kind == AlterationKind::ChangeColumn)
            {
                self.loosened.insert(one.name.clone());
            }
        }
        // A policy or rule is no object of its own: it is named with the relation it stands on.
        if matches!(statement.tag.as_str(), "DROP POLICY" | "DROP RULE") {
            let objects =
                items(statement.tree.statement().1, "objects").iter().filter_map(|item| as_kind(item, "List"));
            let relations = all.iter().filter(|one| one.how == Touch::Attach).map(|one| &one.name);
            for (object, relation) in objects.zip(relations) {
                let own = strings(items(object, "items")).pop().unwrap_or_default();
                self.names.insert(ObjectName::new(&relation.schema, &format!("{}.{own}", relation.name)));
            }
        }
        if statement.tag == "ALTER TABLE" && changes().iter().any(|change| change.kind == AlterationKind::Detach) {
            let tables = || all.iter().filter(|one| one.how == Touch::Alter).map(|one| &one.name);
            let pairs = tables().flat_map(|one| tables().map(move |other| (one.clone(), other.clone())));
            self.detached.extend(pairs);
        }
    }

    /// Returns whether a dependent no longer stands in the way of dropping what it depended on.
    pub(super) fn lets_go(&self, scene: &Scene<'_>, parent: &ObjectName, link: &Link) -> bool {
        let dependent = &link.dependent;
        // An index goes with its table, or is rebuilt by nobody.
        let is_index = scene.runbook.object(dependent).is_some_and(|object| object.kind == ObjectKind::Index);
        let is_remade = self.made.get(dependent).is_some_and(|reads| !reads.contains(parent));
        let is_carried = !link.carriers.is_empty();
        // Without a catalog nobody knows which constraint it was: a dropped part of the table is taken for it.
        let has_lost_a_part =
            || scene.catalog.is_none() && self.names.iter().any(|name| name.relation().as_ref() == Some(dependent));
        self.is_gone(scene, dependent, &link.by)
            || is_index
            || is_remade
            || self.detached.contains(&(dependent.clone(), parent.clone()))
            || (is_carried && link.carriers.iter().all(|part| self.is_gone(scene, part, &link.by)))
            || has_lost_a_part()
    }

    /// Returns whether a statement so far, or this one, drops it by name.
    pub(super) fn holds(&self, name: &ObjectName) -> bool {
        self.names.contains(name)
    }

    fn is_gone(&self, scene: &Scene<'_>, name: &ObjectName, by: &str) -> bool {
        let is_loosened = matches!(by, "default" | "type" | "generated column") && self.loosened.contains(name);
        let with_column = || {
            scene.catalog.is_some_and(|catalog| catalog.columns_under(name).any(|column| self.names.contains(column)))
        };
        is_loosened
            || self.names.contains(name)
            || name.relation().is_some_and(|relation| self.names.contains(&relation))
            || with_column()
    }
}

/// Returns the way from an object back to itself through one of its dependents: each object with what it depends by.
pub(super) fn cycle(links: &Links, parent: &ObjectName, link: &Link) -> Option<Vec<(ObjectName, String)>> {
    let mut reached: BTreeMap<&ObjectName, (&ObjectName, &str)> = BTreeMap::new();
    let mut next = vec![&link.dependent];
    while let Some(at) = next.pop() {
        for further in links.get(at).into_iter().flatten() {
            if further.dependent != link.dependent && !reached.contains_key(&further.dependent) {
                reached.insert(&further.dependent, (at, &further.by));
                next.push(&further.dependent);
            }
        }
    }
    let mut way = vec![];
    let mut at = parent;
    while *at != link.dependent {
        let (to, by) = reached.get(at)?;
        way.push(((*to).clone(), (*by).to_owned()));
        at = to;
    }
    way.push((parent.clone(), link.by.clone()));
    Some(way)
}
