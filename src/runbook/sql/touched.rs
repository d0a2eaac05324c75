//! Takes a statement; gives every object it names and what it does to it.

use super::Statement;
use super::alter::{AlterationKind, command};
use super::tree::{Node, as_kind, items, number, present, strings, text};
use crate::runbook::{ObjectKind, ObjectName};
use pg_query::protobuf::{MergeMatchKind, ObjectType};

/// What a statement does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Touch {
    /// Reads its rows or refers to it.
    Read,
    /// Calls it; only functions.
    Call,
    /// Locks it.
    Lock,
    /// Adds rows.
    Insert,
    /// Changes rows; refreshing a materialized view too.
    Update,
    /// Deletes rows.
    Delete,
    /// Empties it.
    Truncate,
    /// Creates it.
    Create,
    /// Changes its definition, name, owner or comment.
    Alter,
    /// Puts a trigger, index, rule or policy on it, or takes one off.
    Attach,
    /// Drops it.
    Drop,
}

impl Touch {
    /// Returns whether it changes rows of the object.
    #[must_use]
    pub fn writes_rows(self) -> bool {
        matches!(self, Self::Insert | Self::Update | Self::Delete | Self::Truncate)
    }

    /// Returns whether it changes the object or its rows in any way.
    #[must_use]
    pub fn changes(self) -> bool {
        !matches!(self, Self::Read | Self::Call | Self::Lock)
    }
}

/// An object that a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Its name; an unqualified one stands in the default schema.
    pub name: ObjectName,
    /// What it must be in the catalog, where the statement says so.
    pub kind: Option<ObjectKind>,
    /// What is done to it.
    pub how: Touch,
    /// Whether the script names its schema.
    pub qualified: bool,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// Returns every object a statement names, in no particular order of importance: the order of the tree.
#[must_use]
pub fn touched(statement: &Statement, default_schema: &str) -> Vec<Touched> {
    let mut walk = Walk { statement, default_schema, common: Vec::new(), found: Vec::new() };
    for expression in statement.tree.all("CommonTableExpr") {
        walk.common.push(text(expression, "ctename").to_owned());
    }
    walk.node(statement.tree.root());
    walk.found
}

struct Walk<'a> {
    statement: &'a Statement,
    default_schema: &'a str,
    /// Names of WITH queries: unqualified, they are not tables.
    common: Vec<String>,
    found: Vec<Touched>,
}

impl Walk<'_> {
    /// Sees one value; what a statement has explained is not seen again as a mere reading.
    fn node(&mut self, value: &Node) {
        match value {
            Node::List(list) => list.iter().for_each(|item| self.node(item)),
            Node::Kind(named) => {
                let explained = self.statement_of(named.0, &named.1);
                self.fields(&named.1, explained);
            }
            Node::Fields(_) => self.fields(value, &[]),
            Node::Nothing | Node::Truth(_) | Node::Number(_) | Node::Text(_) => {}
        }
    }

    fn fields(&mut self, value: &Node, explained: &[&str]) {
        // SELECT … INTO creates a table wherever the SELECT stands.
        if let Some(into) = present(value, "into_clause").and_then(|into| present(into, "rel")) {
            self.relation(into, Some(ObjectKind::Table), Touch::Create);
        }
        if present(value, "relname").is_some() {
            self.relation(value, None, Touch::Read);
        }
        for (name, inner) in value.named() {
            if !explained.contains(name) && *name != "into_clause" {
                self.node(inner);
            }
        }
    }

    /// Notes what this kind of node does, and returns the fields that need no second look.
    fn statement_of(&mut self, name: &str, node: &Node) -> &'static [&'static str] {
        let relation = |walk: &mut Self, kind, how| {
            if let Some(relation) = present(node, "relation") {
                walk.relation(relation, kind, how);
            }
        };
        match name {
            "InsertStmt" => {
                relation(self, None, Touch::Insert);
                // ON CONFLICT DO UPDATE changes rows that are there.
                if present(node, "on_conflict_clause").is_some_and(|clause| !items(clause, "target_list").is_empty()) {
                    relation(self, None, Touch::Update);
                }
                &["relation"]
            }
            "UpdateStmt" => {
                relation(self, None, Touch::Update);
                &["relation"]
            }
            "DeleteStmt" => {
                relation(self, None, Touch::Delete);
                &["relation"]
            }
            "MergeStmt" => {
                for how in merge_touches(node) {
                    relation(self, None, how);
                }
                &["relation"]
            }
            "TruncateStmt" => {
                for table in items(node, "relations").iter().filter_map(|item| as_kind(item, "RangeVar")) {
                    self.relation(table, Some(ObjectKind::Table), Touch::Truncate);
                }
                &["relations"]
            }
            "LockStmt" => {
                for table in items(node, "relations").iter().filter_map(|item| as_kind(item, "RangeVar")) {
                    self.relation(table, None, Touch::Lock);
                }
                &["relations"]
            }
            "RefreshMatViewStmt" => {
                relation(self, Some(ObjectKind::MaterializedView), Touch::Update);
                &["relation"]
            }
            "AlterTableStmt" => {
                relation(self, kind_of(number(node, "objtype")), Touch::Alter);
                self.parts(node);
                &["relation"]
            }
            // A child leaves or joins a parent: both are changed.
            "PartitionCmd" => {
                if let Some(child) = present(node, "name") {
                    self.relation(child, Some(ObjectKind::Table), Touch::Alter);
                }
                &["name"]
            }
            "AlterTableCmd" if matches!(command(node).kind, AlterationKind::Attach | AlterationKind::Detach) => {
                if let Some(parent) = present(node, "def").and_then(|def| as_kind(def, "RangeVar")) {
                    self.relation(parent, Some(ObjectKind::Table), Touch::Alter);
                    return &["def"];
                }
                &[]
            }
            "RenameStmt"
            | "AlterObjectSchemaStmt"
            | "AlterOwnerStmt"
            | "AlterFunctionStmt"
            | "CommentStmt"
            | "SecLabelStmt" => {
                self.altered(node);
                &["relation", "object", "func"]
            }
            "DropStmt" => {
                let wanted = number(node, "remove_type");
                for object in items(node, "objects") {
                    self.object(object, wanted, Touch::Drop);
                }
                &["objects"]
            }
            "FuncCall" => {
                self.named(&strings(items(node, "funcname")), Some(ObjectKind::Function), Touch::Call);
                &[]
            }
            _ => self.definition_of(name, node),
        }
    }

    /// As above, for what creates or changes a definition.
    fn definition_of(&mut self, name: &str, node: &Node) -> &'static [&'static str] {
        let relation = |walk: &mut Self, kind, how| {
            if let Some(relation) = present(node, "relation") {
                walk.relation(relation, kind, how);
            }
        };
        match name {
            "CreateStmt" => {
                relation(self, Some(ObjectKind::Table), Touch::Create);
                &["relation"]
            }
            "CreateForeignTableStmt" => {
                if let Some(table) = present(node, "base_stmt").and_then(|base| present(base, "relation")) {
                    self.relation(table, Some(ObjectKind::Table), Touch::Create);
                }
                &["base_stmt"]
            }
            "ViewStmt" => {
                if let Some(view) = present(node, "view") {
                    self.relation(view, Some(ObjectKind::View), Touch::Create);
                }
                &["view"]
            }
            "CreateTableAsStmt" => {
                let is_view = number(node, "objtype") == ObjectType::ObjectMatview as i64;
                let kind = if is_view { ObjectKind::MaterializedView } else { ObjectKind::Table };
                if let Some(table) = present(node, "into").and_then(|into| present(into, "rel")) {
                    self.relation(table, Some(kind), Touch::Create);
                }
                &["into"]
            }
            "CreateSeqStmt" | "AlterSeqStmt" => {
                let how = if name == "CreateSeqStmt" { Touch::Create } else { Touch::Alter };
                if let Some(sequence) = present(node, "sequence") {
                    self.relation(sequence, Some(ObjectKind::Sequence), how);
                }
                &["sequence"]
            }
            "IndexStmt" => {
                relation(self, None, Touch::Attach);
                // Without a name the server makes one up: there is nothing to declare.
                if let Some(table) = present(node, "relation").filter(|_| !text(node, "idxname").is_empty()) {
                    let parts = vec![text(table, "schemaname").to_owned(), text(node, "idxname").to_owned()];
                    self.named(&parts, Some(ObjectKind::Index), Touch::Create);
                }
                &["relation"]
            }
            "CreateTrigStmt" => {
                relation(self, None, Touch::Attach);
                if let Some(table) = present(node, "relation") {
                    let mut parts = range_parts(table);
                    parts.push(text(node, "trigname").to_owned());
                    self.named(&parts, Some(ObjectKind::Trigger), Touch::Create);
                }
                self.named(&strings(items(node, "funcname")), Some(ObjectKind::Function), Touch::Read);
                &["relation"]
            }
            "RuleStmt" => {
                relation(self, None, Touch::Attach);
                &["relation"]
            }
            "CreatePolicyStmt" | "AlterPolicyStmt" => {
                if let Some(table) = present(node, "table") {
                    self.relation(table, None, Touch::Attach);
                }
                &["table"]
            }
            "CreateEventTrigStmt" | "AlterEventTrigStmt" => {
                let how = if name == "CreateEventTrigStmt" { Touch::Create } else { Touch::Alter };
                self.bare(text(node, "trigname"), ObjectKind::EventTrigger, how);
                self.named(&strings(items(node, "funcname")), Some(ObjectKind::Function), Touch::Read);
                &[]
            }
            "CreateSchemaStmt" => {
                self.bare(text(node, "schemaname"), ObjectKind::Schema, Touch::Create);
                &[]
            }
            "CreateExtensionStmt" | "AlterExtensionStmt" => {
                let how = if name == "CreateExtensionStmt" { Touch::Create } else { Touch::Alter };
                self.bare(text(node, "extname"), ObjectKind::Extension, how);
                &[]
            }
            "CreateFunctionStmt" => {
                self.named(&strings(items(node, "funcname")), Some(ObjectKind::Function), Touch::Create);
                &[]
            }
            "CreateEnumStmt" | "CreateRangeStmt" | "AlterEnumStmt" | "AlterTypeStmt" | "CreateDomainStmt"
            | "AlterDomainStmt" => {
                let how = if name.starts_with("Create") { Touch::Create } else { Touch::Alter };
                let field = if name == "CreateDomainStmt" { "domainname" } else { "type_name" };
                self.named(&strings(items(node, field)), Some(ObjectKind::Type), how);
                &[]
            }
            "CompositeTypeStmt" => {
                if let Some(composite) = present(node, "typevar") {
                    self.relation(composite, Some(ObjectKind::Type), Touch::Create);
                }
                &["typevar"]
            }
            _ => &[],
        }
    }

    /// Columns and constraints of the table that ALTER TABLE names.
    fn parts(&mut self, node: &Node) {
        let Some(relation) = present(node, "relation") else { return };
        if number(node, "objtype") == ObjectType::ObjectType as i64 {
            return;
        }
        for change in items(node, "cmds").iter().filter_map(|cmd| as_kind(cmd, "AlterTableCmd")).map(command) {
            if let Some((kind, how)) = change.kind.of_part() {
                self.part(relation, change.name, kind, how);
            }
        }
    }

    /// A part of a relation that the statement names; one without a name is no object yet.
    fn part(&mut self, relation: &Node, name: String, kind: ObjectKind, how: Touch) {
        if !name.is_empty() {
            let mut parts = range_parts(relation);
            parts.push(name);
            self.named(&parts, Some(kind), how);
        }
    }

    /// ALTER and COMMENT name their object in one of several fields.
    fn altered(&mut self, node: &Node) {
        let field = ["objtype", "object_type", "rename_type"].into_iter().find(|field| present(node, field).is_some());
        let mut wanted = field.map_or(0, |field| number(node, field));
        if let Some(relation) = present(node, "relation") {
            // Renaming a column or constraint alters its relation.
            let kind = kind_of(wanted).filter(|kind| *kind != ObjectKind::Trigger);
            self.relation(relation, kind, Touch::Alter);
            if let Some(kind) = part_kind(wanted) {
                self.part(relation, text(node, "subname").to_owned(), kind, Touch::Alter);
            }
        } else if let Some(object) = present(node, "object") {
            // A comment on a column or constraint changes that part and its relation.
            if let Some(kind) = part_kind(wanted).filter(|kind| *kind != ObjectKind::Trigger) {
                let mut parts = as_kind(object, "List").map(|list| strings(items(list, "items"))).unwrap_or_default();
                self.named(&parts, Some(kind), Touch::Alter);
                parts.pop();
                self.named(&parts, None, Touch::Alter);
                return;
            }
            if wanted == ObjectType::ObjectDomconstraint as i64 {
                wanted = ObjectType::ObjectDomain as i64;
            }
            self.object(object, wanted, Touch::Alter);
        } else if let Some(function) = present(node, "func") {
            self.named(&strings(items(function, "objname")), Some(ObjectKind::Function), Touch::Alter);
        }
    }

    /// Reads the several shapes in which an object is named by DROP and ALTER.
    fn object(&mut self, object: &Node, wanted: i64, how: Touch) {
        let kind = kind_of(wanted);
        if let Some(name) = as_kind(object, "String") {
            let name = text(name, "sval");
            match kind {
                Some(kind @ (ObjectKind::Schema | ObjectKind::Extension | ObjectKind::EventTrigger)) => {
                    self.bare(name, kind, how);
                }
                kind => self.named(&[name.to_owned()], kind, how),
            }
        } else if let Some(function) = as_kind(object, "ObjectWithArgs") {
            self.named(&strings(items(function, "objname")), kind, how);
        } else if let Some(name) = as_kind(object, "TypeName") {
            self.named(&strings(items(name, "names")), kind, how);
        } else if let Some(list) = as_kind(object, "List") {
            let parts = strings(items(list, "items"));
            let on_relation = [ObjectType::ObjectTrigger, ObjectType::ObjectRule, ObjectType::ObjectPolicy];
            if on_relation.iter().any(|kind| *kind as i64 == wanted) {
                self.named(&parts[..parts.len().saturating_sub(1)], None, Touch::Attach);
                if wanted != ObjectType::ObjectTrigger as i64 {
                    return;
                }
            }
            self.named(&parts, kind, how);
        }
    }

    fn relation(&mut self, relation: &Node, kind: Option<ObjectKind>, how: Touch) {
        let parts = range_parts(relation);
        if how == Touch::Read && parts.len() == 1 && self.common.contains(&parts[0]) {
            return;
        }
        let offset = usize::try_from(number(relation, "location")).unwrap_or(self.statement.start);
        self.push(&parts, kind, how, Some(offset));
    }

    fn named(&mut self, parts: &[String], kind: Option<ObjectKind>, how: Touch) {
        self.push(parts, kind, how, None);
    }

    fn bare(&mut self, name: &str, kind: ObjectKind, how: Touch) {
        let (line, column) = self.place(name);
        let name = ObjectName::new("", name);
        self.found.push(Touched { name, kind: Some(kind), how, qualified: true, line, column });
    }

    fn push(&mut self, parts: &[String], kind: Option<ObjectKind>, how: Touch, offset: Option<usize>) {
        let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        // Three parts: a database before the schema, or a relation before its trigger.
        let (schema, name) = match (kind, parts.as_slice()) {
            (_, []) => return,
            (Some(ObjectKind::Trigger | ObjectKind::Column | ObjectKind::Constraint), [relation, part]) => {
                (None, format!("{relation}.{part}"))
            }
            (Some(ObjectKind::Trigger | ObjectKind::Column | ObjectKind::Constraint), [.., schema, relation, part]) => {
                (Some(*schema), format!("{relation}.{part}"))
            }
            (_, [name]) => (None, (*name).to_owned()),
            (_, [.., schema, name]) => (Some(*schema), (*name).to_owned()),
        };
        let (line, column) = match offset {
            Some(offset) => self.in_script(offset),
            None => self.place(parts.last().copied().unwrap_or_default()),
        };
        self.found.push(Touched {
            name: ObjectName::new(schema.unwrap_or(self.default_schema), &name),
            kind,
            how,
            qualified: schema.is_some(),
            line,
            column,
        });
    }

    /// DROP keeps no places: the first word of the statement that is this name is pointed at.
    fn place(&self, name: &str) -> (u32, u32) {
        let text = &self.statement.text;
        let lower = text.to_lowercase();
        let is_word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        let haystack = if lower.len() == text.len() { &lower } else { text };
        let needle = name.to_lowercase();
        let mut from = 0;
        while let Some(found) = haystack.get(from..).and_then(|rest| rest.find(&needle)).filter(|_| !needle.is_empty())
        {
            let (start, end) = (from + found, from + found + needle.len());
            let before = haystack[..start].chars().next_back();
            if !is_word(before) && !is_word(haystack[end..].chars().next()) {
                // A qualified name is pointed at where it begins.
                let qualified = haystack[..start]
                    .trim_end_matches(|letter| is_word(Some(letter)) || letter == '.' || letter == '"');
                let quoted = haystack[..start].ends_with(['.', '"']);
                return self.in_script(self.statement.start + if quoted { qualified.len() } else { start });
            }
            from = end;
        }
        (self.statement.line, self.statement.column)
    }

    fn in_script(&self, offset: usize) -> (u32, u32) {
        self.statement.place(offset)
    }
}

fn merge_touches(node: &Node) -> Vec<Touch> {
    // The numbers are those of CmdType in the message format.
    let clauses = items(node, "merge_when_clauses").iter().filter_map(|clause| as_kind(clause, "MergeWhenClause"));
    let mut found: Vec<Touch> = clauses
        .filter_map(|clause| match number(clause, "command_type") {
            3 => Some(Touch::Update),
            4 => Some(Touch::Insert),
            5 => Some(Touch::Delete),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    // A MERGE that does nothing still reads; one that cannot be understood counts as the widest write.
    if found.is_empty() && MergeMatchKind::Undefined as i64 == 0 { vec![Touch::Update] } else { found }
}

fn range_parts(relation: &Node) -> Vec<String> {
    // CREATE TEMP puts an unqualified name where no search path of ours would look for it.
    let is_temporary = text(relation, "relpersistence") == "t" && text(relation, "schemaname").is_empty();
    let schema = if is_temporary { "pg_temp" } else { text(relation, "schemaname") };
    [schema, text(relation, "relname")].into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Returns what a part of a relation is: the kinds whose names carry the relation's.
fn part_kind(object_type: i64) -> Option<ObjectKind> {
    match object_type {
        kind if kind == ObjectType::ObjectColumn as i64 => Some(ObjectKind::Column),
        kind if kind == ObjectType::ObjectTabconstraint as i64 => Some(ObjectKind::Constraint),
        kind if kind == ObjectType::ObjectTrigger as i64 => Some(ObjectKind::Trigger),
        _ => None,
    }
}

fn kind_of(object_type: i64) -> Option<ObjectKind> {
    let object = i32::try_from(object_type).ok().and_then(|kind| ObjectType::try_from(kind).ok())?;
    Some(match object {
        ObjectType::ObjectTable | ObjectType::ObjectForeignTable => ObjectKind::Table,
        ObjectType::ObjectView => ObjectKind::View,
        ObjectType::ObjectMatview => ObjectKind::MaterializedView,
        ObjectType::ObjectSequence => ObjectKind::Sequence,
        ObjectType::ObjectIndex => ObjectKind::Index,
        ObjectType::ObjectFunction
        | ObjectType::ObjectProcedure
        | ObjectType::ObjectRoutine
        | ObjectType::ObjectAggregate => ObjectKind::Function,
        ObjectType::ObjectTrigger => ObjectKind::Trigger,
        ObjectType::ObjectEventTrigger => ObjectKind::EventTrigger,
        ObjectType::ObjectType | ObjectType::ObjectDomain => ObjectKind::Type,
        ObjectType::ObjectSchema => ObjectKind::Schema,
        ObjectType::ObjectExtension => ObjectKind::Extension,
        _ => return None,
    })
}
