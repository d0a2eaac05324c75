//! Takes calls, statements and triggers; follows them through the catalog; gives every consequence with its chain.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use super::fires::{Fired, by_definition, by_write};
use super::resolve::{self, Meaning};
use super::sites::{Site, SiteKind, sites};
use super::{Consequence, Reader, What};
use crate::review::{Catalog, Expression, ExpressionKind, Function, FunctionKind, Trigger};
use crate::runbook::ObjectName;
use crate::runbook::sql::tree::{Node, as_kind, items, kind, present, text, truth};
use crate::runbook::sql::{
    Body, Effect, Statement, Touch, Touched, body_of, body_of_do, constant_text, effect_of, effect_of_call, split,
    touched,
};

/// How long a chain may be: nobody reads a longer one, and a walk must end.
const LONGEST: usize = 40;

/// Extensions of the server's own distribution whose functions only compute.
const COMPUTING: &[&str] = &[
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "earthdistance",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "isn",
    "ltree",
    "pg_trgm",
    "pgcrypto",
    "seg",
    "unaccent",
    "uuid-ossp",
];

/// One walk: what has been seen is not entered again.
pub(super) struct Walk<'r> {
    reader: &'r Reader<'r>,
    path: Vec<String>,
    types: BTreeSet<String>,
    relations: BTreeSet<ObjectName>,
    chain: Vec<String>,
    seen: BTreeSet<String>,
    temporary: BTreeSet<String>,
    /// Whether the function that comes next is that of a BEFORE trigger of rows.
    before_row: bool,
    pub(super) found: Vec<Consequence>,
}

impl<'r> Walk<'r> {
    pub(super) fn new(reader: &'r Reader<'_>, path: Vec<String>) -> Self {
        Self {
            reader,
            path,
            types: BTreeSet::new(),
            relations: BTreeSet::new(),
            chain: Vec::new(),
            seen: BTreeSet::new(),
            temporary: BTreeSet::new(),
            before_row: false,
            found: Vec::new(),
        }
    }

    fn catalog(&self) -> &'r Catalog {
        self.reader.catalog
    }

    fn push(&mut self, what: What) {
        self.found.push(Consequence { what, chain: self.chain.clone() });
    }

    /// Does something one link further down the chain, unless that link was seen or the chain is too long.
    fn under(&mut self, link: String, work: impl FnOnce(&mut Self)) {
        if self.chain.len() >= LONGEST {
            self.push(What::Unreadable("one calls another for longer than this program follows".to_owned()));
            return;
        }
        self.chain.push(link);
        work(self);
        self.chain.pop();
    }

    fn touched(&self, statement: &Statement) -> Vec<Touched> {
        touched(statement, self.path.first().map_or("public", String::as_str))
    }

    /// Notes the types and relations that values of this statement may come from.
    pub(super) fn know_types(&mut self, statement: &Statement) {
        for one in self.touched(statement) {
            self.types.extend(self.catalog().column_types.get(&one.name).into_iter().flatten().cloned());
            self.relations.insert(one.name);
        }
        // A type is written in a cast, in a column's definition, and in the list of columns a function's rows are read as.
        for wanted in ["TypeCast", "ColumnDef", "RangeTableFuncCol"] {
            for node in statement.tree.all(wanted) {
                self.types.extend(resolve::type_names(&self.path, node));
            }
        }
        self.know_inner_types();
    }

    /// Adds the types that values of the known types hold: a row becomes one column by column.
    fn know_inner_types(&mut self) {
        let mut next: Vec<String> = self.types.iter().cloned().collect();
        while let Some(name) = next.pop() {
            let relation = name.split_once('.').map(|(schema, own)| ObjectName::new(schema, own));
            let inner = relation.and_then(|relation| self.catalog().column_types.get(&relation));
            for one in inner.into_iter().flatten() {
                if self.types.insert(one.clone()) {
                    next.push(one.clone());
                }
            }
        }
    }

    /// Follows a whole statement: what it is, what it calls, reads and writes.
    pub(super) fn statement(&mut self, statement: &Statement) {
        self.know_types(statement);
        self.statement_itself(statement);
        self.calls(statement.tree.root());
        self.implicit();
        self.reads(statement);
        self.writes(statement);
    }

    fn statement_itself(&mut self, statement: &Statement) {
        let (name, node) = statement.tree.statement();
        match name {
            "TransactionStmt" => self.push(What::Ends(statement.tag.clone())),
            "VariableSetStmt" => self.push(What::Setting(text(node, "name").to_owned())),
            "DiscardStmt" => self.push(What::Setting(String::new())),
            "CopyStmt" if truth(node, "is_program") || !text(node, "filename").is_empty() => {
                self.push(What::Survives("COPY runs a program, or touches the server's own files".to_owned()));
            }
            "CopyStmt" if truth(node, "is_from") => self.push(What::Acts("COPY writes rows".to_owned())),
            "NotifyStmt" => self.push(What::Noted("NOTIFY is heard when the transaction commits".to_owned())),
            "LoadStmt"
            | "AlterSystemStmt"
            | "CreatedbStmt"
            | "DropdbStmt"
            | "CreateTableSpaceStmt"
            | "DropTableSpaceStmt"
            | "AlterRoleSetStmt"
            | "AlterDatabaseSetStmt" => {
                self.push(What::Survives(format!("{} acts beyond this transaction", statement.tag)));
            }
            "GrantStmt"
            | "GrantRoleStmt"
            | "CreateRoleStmt"
            | "AlterRoleStmt"
            | "DropRoleStmt"
            | "AlterOwnerStmt"
            | "AlterDefaultPrivilegesStmt"
            | "ReassignOwnedStmt"
            | "DropOwnedStmt" => {
                self.push(What::Acts("it changes who may do what".to_owned()));
            }
            "ExecuteStmt" => self.push(What::Unreadable("it runs a prepared statement".to_owned())),
            "DoStmt" => match body_of_do(node) {
                Ok(body) => self.under("DO".to_owned(), |walk| walk.body(&body)),
                Err(reason) => self.push(What::Unreadable(format!("a DO block, {reason}"))),
            },
            _ => {}
        }
    }

    fn body(&mut self, body: &Body) {
        for statement in &body.statements {
            for relation in statement.tree.all("RangeVar").into_iter().chain(relations_of(statement)) {
                if text(relation, "relpersistence") == "t" || text(relation, "schemaname") == "pg_temp" {
                    self.temporary.insert(text(relation, "relname").to_owned());
                }
            }
        }
        for word in &body.ends {
            self.push(What::Ends(word.clone()));
        }
        if body.warns {
            self.push(What::Noted("it can raise a WARNING, which has to be declared as an expected notice".to_owned()));
        }
        for why in &body.unreadable {
            self.push(What::Unreadable(why.clone()));
        }
        for statement in &body.statements {
            self.statement(statement);
        }
    }

    fn calls(&mut self, root: &Node) {
        for site in sites(root) {
            self.site(&site);
        }
    }

    /// Follows one place where a function may be called.
    pub(super) fn site(&mut self, site: &Site<'_>) {
        let catalog = self.catalog();
        match &site.kind {
            SiteKind::Call(node) => {
                let known = resolve::Known { path: &self.path, types: &self.types, relations: &self.relations };
                for meaning in resolve::call(catalog, &known, node) {
                    match meaning {
                        Meaning::BuiltIn(name) => self.built_in(&name, Some(node)),
                        Meaning::User(function) => self.function(function),
                        Meaning::Missing(name) => self.under(format!("{name}()"), |walk| {
                            walk.push(What::Unreadable("the database has no such function".to_owned()));
                        }),
                    }
                }
            }
            SiteKind::Operator { parts, unary } => {
                for (oid, name) in resolve::operator(catalog, &self.path, parts, *unary, &self.types) {
                    self.under(format!("operator {}", parts.join(".")), |walk| walk.by_oid(oid, name));
                }
            }
            SiteKind::Cast(node) => {
                for to in resolve::type_names(&self.path, node) {
                    for (oid, name, link) in resolve::casts(catalog, Some(&to), &self.types) {
                        self.under(link, |walk| walk.by_oid(oid, name));
                    }
                }
            }
            SiteKind::Sorting(sign) => {
                for (oid, name) in resolve::sorting(catalog, sign, &self.types) {
                    self.under(format!("operator {sign}, by which values are sorted"), |walk| walk.by_oid(oid, name));
                }
            }
            SiteKind::Field(name) => {
                for function in resolve::field(catalog, name, &self.relations) {
                    self.function(function);
                }
            }
        }
    }

    /// Follows casts that nobody wrote, and the checks of domains in play.
    pub(super) fn implicit(&mut self) {
        let catalog = self.catalog();
        for (oid, name, link) in resolve::casts(catalog, None, &self.types) {
            self.under(link, |walk| walk.by_oid(oid, name));
        }
        let domains = catalog.expressions.iter().filter(|one| one.kind == ExpressionKind::Domain);
        for expression in domains {
            if self.types.contains(&expression.of.to_string()) {
                self.expression(expression);
            }
        }
    }

    /// Follows the views that a statement reads through, and the policies of what it reads.
    pub(super) fn reads(&mut self, statement: &Statement) {
        let catalog = self.catalog();
        for one in self.touched(statement) {
            if matches!(one.how, Touch::Create | Touch::Alter | Touch::Attach | Touch::Drop | Touch::Lock | Touch::Call)
            {
                continue;
            }
            for policy in catalog.expressions.iter().filter(|x| x.kind == ExpressionKind::Policy && x.of == one.name) {
                self.expression(policy);
            }
            // REFRESH runs a materialized view's query; reading it does not.
            let runs = matches!(
                (catalog.objects.get(&one.name).map(|object| object.kind), one.how),
                (Some(crate::runbook::ObjectKind::View), _)
                    | (Some(crate::runbook::ObjectKind::MaterializedView), Touch::Update)
            );
            let Some(definition) = catalog.views.get(&one.name).filter(|_| runs) else { continue };
            if self.seen.insert(format!("view {}", one.name)) {
                self.under(format!("view {}", one.name), |walk| walk.text(definition));
            }
        }
    }

    /// Notes what a statement writes to, and follows what that sets off.
    fn writes(&mut self, statement: &Statement) {
        let catalog = self.catalog();
        let is_body = statement.tree.statement().0 == "CreateFunctionStmt";
        for one in self.touched(statement) {
            let is_temporary =
                one.name.schema == "pg_temp" || (!one.qualified && self.temporary.contains(&one.name.name));
            if !one.how.changes() || is_temporary || (is_body && one.how == Touch::Create) {
                continue;
            }
            self.push(What::Writes(one.how, one.name.clone()));
            if one.how.writes_rows() {
                if catalog.foreign.contains(&one.name) {
                    self.push(What::Survives(format!("{} stands on another server", one.name)));
                }
                if let Some(rule) = catalog.rules.iter().find(|rule| rule.enabled && rule.relation == one.name) {
                    self.push(What::Unreadable(format!(
                        "the rule {} on {} rewrites what it writes",
                        rule.name, one.name
                    )));
                }
                for fired in by_write(catalog, statement, &one) {
                    self.fired(&fired);
                }
            }
        }
        if !is_body {
            for fired in by_definition(catalog, statement) {
                self.fired(&fired);
            }
        }
    }

    /// Follows what the server runs by itself.
    pub(super) fn fired(&mut self, fired: &Fired<'_>) {
        match fired {
            Fired::Trigger(trigger) => self.trigger(trigger),
            Fired::Event(event) => self.under(format!("event trigger {}", event.name), |walk| {
                walk.by_oid(event.function, &event.function_name);
            }),
            Fired::Expression(expression) => self.expression(expression),
        }
    }

    fn trigger(&mut self, trigger: &Trigger) {
        let definition = self.catalog().triggers.get(&super::fires::trigger_name(trigger));
        let statements = definition.and_then(|definition| split(definition).ok()).unwrap_or_default();
        let when = statements.first().and_then(|one| present(one.tree.statement().1, "when_clause"));
        if when.is_some_and(is_false) || !self.seen.insert(format!("trigger {} {}", trigger.relation, trigger.name)) {
            return;
        }
        self.under(format!("trigger {} on {}", trigger.name, trigger.relation), |walk| {
            if let Some(when) = when {
                walk.calls(when);
            }
            walk.before_row = trigger.timing == "BEFORE" && trigger.for_each_row;
            walk.by_oid(trigger.function, &trigger.function_name);
        });
    }

    fn expression(&mut self, expression: &Expression) {
        if self.seen.insert(format!("expression {} {}", expression.of, expression.part)) {
            let kind = if expression.kind == ExpressionKind::Default { "default of " } else { "" };
            let link = format!("{kind}{}.{}", expression.of, expression.part);
            self.under(link, |walk| walk.text(&format!("SELECT {}", expression.sql)));
        }
    }

    /// Follows the query of a view or an expression of the catalog.
    fn text(&mut self, sql: &str) {
        match split(sql) {
            Ok(statements) => {
                for statement in &statements {
                    self.know_types(statement);
                    self.calls(statement.tree.root());
                    self.reads(statement);
                }
            }
            Err(problem) => self.push(What::Unreadable(problem.message)),
        }
    }

    fn by_oid(&mut self, oid: u32, name: &ObjectName) {
        match self.catalog().function(oid) {
            Some(function) => self.function(function),
            None if resolve::is_system(&name.schema) => self.built_in(&name.name, None),
            None => self.under(format!("{name}()"), |walk| {
                walk.push(What::Unreadable("the catalog does not show it".to_owned()));
            }),
        }
    }

    fn built_in(&mut self, name: &str, call: Option<&Node>) {
        let lists = &self.catalog().built_in;
        let effect = call.map_or_else(|| effect_of(name), effect_of_call);
        let first = call.and_then(|call| items(call, "args").first()).and_then(constant_text);
        let is_default = self.chain.last().is_some_and(|link| link.starts_with("default of "));
        let what = match effect {
            // A column that counts takes its number; a gap is nothing anybody relies on.
            Some(Effect::Survives(_)) if name == "nextval" && is_default => match first.as_deref().and_then(sequence) {
                Some(sequence) if self.reader.is_counted(&sequence) => {
                    What::Noted(format!("it takes the next number of {sequence}, which stays taken after ROLLBACK"))
                }
                Some(sequence) => What::Survives(format!(
                    "it moves the sequence {sequence}, which neither the runbook nor a declared table owns"
                )),
                None => What::Survives("it moves a sequence".to_owned()),
            },
            Some(Effect::Survives(_)) if name.starts_with("query_to_xml") && first.is_some() => {
                let sql = first.unwrap_or_default();
                self.under(format!("{name}()"), |walk| walk.whole_text(&sql));
                return;
            }
            Some(Effect::Survives(what)) => What::Survives(what.to_owned()),
            Some(Effect::RollsBack(what)) => What::Acts(what.to_owned()),
            Some(Effect::Noted(what)) => What::Noted(what.to_owned()),
            Some(Effect::Harmless) => return,
            None if name == "set_config" => What::Setting(first.unwrap_or_default()),
            None if super::super::function_call::is_known(name) || name.starts_with("RI_FKey_") => return,
            None if lists.steady.contains(name) && !lists.volatile.contains(name) => return,
            None => What::Unreadable("it is the server's own, volatile, and not known to this version".to_owned()),
        };
        self.under(format!("{name}()"), |walk| walk.push(what));
    }

    fn whole_text(&mut self, sql: &str) {
        match split(sql) {
            Ok(statements) => statements.iter().for_each(|statement| self.statement(statement)),
            Err(problem) => self.push(What::Unreadable(problem.message)),
        }
    }

    fn function(&mut self, function: &Function) {
        let before_row = std::mem::take(&mut self.before_row);
        if !self.seen.insert(format!("function {}", function.oid)) {
            return;
        }
        self.under(format!("{}()", function.name), |walk| {
            let (path, types, relations) = (walk.path.clone(), walk.types.clone(), walk.relations.clone());
            walk.settings(function);
            walk.inside(function, before_row);
            (walk.path, walk.types, walk.relations) = (path, types, relations);
        });
    }

    /// A function may carry settings of its own; they end with it.
    fn settings(&mut self, function: &Function) {
        for (name, value) in function.settings.iter().filter_map(|setting| setting.split_once('=')) {
            if name == "search_path" {
                let named = value.split(',').map(|schema| schema.trim().trim_matches('"').to_owned());
                self.path = named.filter(|schema| !schema.is_empty() && !schema.starts_with("pg_")).collect();
            } else if super::super::timeouts_are_ours::is_pinned(name) {
                self.push(What::Setting(name.to_owned()));
            }
        }
    }

    fn inside(&mut self, function: &Function, before_row: bool) {
        let catalog = self.catalog();
        if function.kind == FunctionKind::Aggregate {
            for part in &function.calls {
                match catalog.functions.iter().find(|one| one.name == *part) {
                    Some(one) => self.function(one),
                    None => self.by_oid(0, part),
                }
            }
            return;
        }
        match function.language.as_str() {
            "sql" | "plpgsql" => {
                let body = Arc::clone(
                    self.reader
                        .bodies
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .entry(function.oid)
                        .or_insert_with(|| Arc::new(body_of(&function.definition))),
                );
                self.types.extend(function.arguments.iter().cloned());
                self.types.extend(named_types(catalog, &function.definition));
                match body.as_ref() {
                    Ok(body) => {
                        if before_row && body.returns_null {
                            self.push(What::Skips);
                        }
                        self.body(body);
                    }
                    Err(reason) => self.push(What::Unreadable(reason.clone())),
                }
            }
            // C and internal: only the name tells.
            language @ ("c" | "internal") => match effect_of(&function.name.name) {
                Some(Effect::Survives(what)) => self.push(What::Survives(what.to_owned())),
                _ if COMPUTING.contains(&function.extension.as_str()) => {}
                _ => self.push(What::Unreadable(format!("it is written in {language}"))),
            },
            language if function.trusted => self.push(What::Unreadable(format!("it is written in {language}"))),
            language => {
                let why =
                    format!("it is written in {language}, an untrusted language that reaches beyond the database");
                self.push(What::Unreadable(why));
            }
        }
    }
}

/// Reads the name of a sequence out of `nextval`'s argument, as the server writes it.
fn sequence(text: &str) -> Option<ObjectName> {
    let statements = split(&format!("TABLE {text}")).ok()?;
    touched(statements.first()?, "public").into_iter().map(|one| one.name).next()
}

/// Relations that stand in a field of their own, not wrapped in a kind.
fn relations_of(statement: &Statement) -> impl Iterator<Item = &Node> {
    let mut found = Vec::new();
    crate::runbook::sql::each_object(statement.tree.root(), &mut |node| {
        if present(node, "relpersistence").is_some() {
            found.push(node);
        }
    });
    found.into_iter()
}

/// Returns the types of operators and casts whose bare name the text holds.
fn named_types(catalog: &Catalog, definition: &str) -> Vec<String> {
    let operators = catalog.operators.iter().flat_map(|one| [&one.left, &one.right]);
    let casts = catalog.casts.iter().flat_map(|one| [&one.from, &one.to]);
    let is_named =
        |name: &&String| name.rsplit('.').next().is_some_and(|bare| !bare.is_empty() && definition.contains(bare));
    operators.chain(casts).filter(is_named).cloned().collect()
}

/// Returns whether a condition is the constant `false`.
fn is_false(node: &Node) -> bool {
    let value = as_kind(node, "AConst").and_then(|constant| present(constant, "val"));
    value.and_then(kind).is_some_and(|(name, value)| name == "Boolval" && !truth(value, "boolval"))
}
