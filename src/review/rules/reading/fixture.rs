//! Makes catalogs for tests out of `CREATE FUNCTION` texts and a few words.

use crate::review::{
    Catalog, Edge, EventTrigger, Expression, ExpressionKind, ForeignKey, Function, FunctionKind, KeyAction, Trigger,
    Volatility,
};
use crate::runbook::ObjectName;
use crate::runbook::sql::split;
use crate::runbook::sql::tree::{as_kind, items, strings, text, truth};

/// A catalog that is being made.
#[derive(Clone)]
pub(in crate::review::rules) struct Made {
    pub(in crate::review::rules) catalog: Catalog,
}

/// Begins with the server's own functions only: a few steady ones, a few volatile ones.
pub(in crate::review::rules) fn made() -> Made {
    let mut catalog = Catalog::default();
    let names = |text: &str| text.split(' ').map(str::to_owned).collect();
    catalog.built_in.steady = names("now count lower format coalesce pg_get_triggerdef int4 jsonb_pretty");
    catalog.built_in.volatile = names(
        "nextval setval pg_notify random clock_timestamp set_config pg_advisory_lock dblink query_to_xml brand_new",
    );
    catalog.built_in.operators = names("=(pg_catalog.text,pg_catalog.text)");
    Made { catalog }
}

fn name(name: &str) -> ObjectName {
    ObjectName::new("public", name)
}

impl Made {
    /// Adds a function by its definition; its OID is its place in the list.
    pub(in crate::review::rules) fn function(mut self, definition: &str) -> Self {
        let statements = split(definition).unwrap();
        let node = statements[0].tree.statement().1;
        let parts = strings(items(node, "funcname"));
        let option = |wanted: &str| {
            let mut all = items(node, "options").iter().filter_map(|item| as_kind(item, "DefElem"));
            let found = all.find(|element| text(element, "defname") == wanted)?;
            found.get("arg").and_then(|arg| as_kind(arg, "String")).map(|value| text(value, "sval").to_owned())
        };
        let language = option("language").unwrap_or_default();
        let types = items(node, "parameters").iter().filter_map(|item| as_kind(item, "FunctionParameter"));
        let arguments = types.filter_map(|one| one.get("arg_type")).map(|one| strings(items(one, "names")).join("."));
        self.catalog.functions.push(Function {
            oid: u32::try_from(self.catalog.functions.len() + 1).unwrap(),
            name: ObjectName::new(&parts[0], &parts[1]),
            arguments: arguments.collect(),
            defaults: 0,
            variadic: false,
            kind: if truth(node, "is_procedure") { FunctionKind::Procedure } else { FunctionKind::Function },
            trusted: matches!(language.as_str(), "sql" | "plpgsql" | "plperl"),
            definition: if matches!(language.as_str(), "sql" | "plpgsql") {
                definition.to_owned()
            } else {
                String::new()
            },
            language,
            volatility: Volatility::Volatile,
            security_definer: false,
            settings: Vec::new(),
            extension: String::new(),
            calls: Vec::new(),
        });
        self
    }

    fn oid(&self, function: &str) -> u32 {
        self.catalog.functions.iter().find(|one| one.name == name(function)).map_or(0, |one| one.oid)
    }

    /// Adds a row trigger: `AFTER DELETE`, `INSTEAD OF INSERT`.
    pub(in crate::review::rules) fn trigger(
        mut self,
        relation: &str,
        trigger: &str,
        when: &str,
        function: &str,
    ) -> Self {
        let (timing, event) = when.rsplit_once(' ').unwrap();
        self.catalog.firing.push(Trigger {
            relation: name(relation),
            name: trigger.to_owned(),
            function: self.oid(function),
            function_name: name(function),
            events: vec![event.to_owned()],
            columns: Vec::new(),
            timing: timing.to_owned(),
            for_each_row: true,
            enabled: true,
            internal: false,
        });
        self
    }

    /// Adds an event trigger.
    pub(in crate::review::rules) fn event(mut self, trigger: &str, event: &str, tags: &[&str], function: &str) -> Self {
        self.catalog.event_triggers.push(EventTrigger {
            name: trigger.to_owned(),
            event: event.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            function: self.oid(function),
            function_name: name(function),
            enabled: true,
        });
        self
    }

    /// Adds a column's default.
    pub(in crate::review::rules) fn default(mut self, relation: &str, column: &str, sql: &str) -> Self {
        self.catalog.expressions.push(Expression {
            of: name(relation),
            part: column.to_owned(),
            kind: ExpressionKind::Default,
            sql: sql.to_owned(),
        });
        self
    }

    /// Makes a table inherit from another.
    pub(in crate::review::rules) fn inherits(mut self, parent: &str, child: &str) -> Self {
        let edge = Edge { dependent: name(child), referenced: name(parent), by: "inheritance".to_owned() };
        self.catalog.edges.push(edge);
        self
    }

    /// Adds a foreign key of one column.
    pub(in crate::review::rules) fn key(
        mut self,
        child: &str,
        column: &str,
        parent: &str,
        pointed: &str,
        on_delete: KeyAction,
        on_update: KeyAction,
    ) -> Self {
        self.catalog.keys.push(ForeignKey {
            name: format!("{child}_fk"),
            child: name(child),
            child_columns: vec![column.to_owned()],
            parent: name(parent),
            parent_columns: vec![pointed.to_owned()],
            on_delete,
            on_update,
        });
        self
    }
}
