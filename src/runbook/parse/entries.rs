//! Takes the tables of runbook.toml; gives the runbook's parts. One function a table.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::asked::{expectation, expected, query};
use super::reader::{At, Reader, Section};
use crate::runbook::parameter::is_name;
use crate::runbook::{
    Check, CheckId, NoticeExpected, Object, ObjectClass, ObjectKind, ObjectName, Parameter, ParameterKind, Principal,
    RestartBy, RestartGate, RowsExpected, Runbook, StatementRule, Step, StepId, StepRecord, StopCondition, StopSign,
    Trace, Waiver,
};

const KINDS: [(&str, ObjectKind); 13] = [
    ("table", ObjectKind::Table),
    ("view", ObjectKind::View),
    ("materialized_view", ObjectKind::MaterializedView),
    ("sequence", ObjectKind::Sequence),
    ("index", ObjectKind::Index),
    ("function", ObjectKind::Function),
    ("trigger", ObjectKind::Trigger),
    ("column", ObjectKind::Column),
    ("constraint", ObjectKind::Constraint),
    ("event_trigger", ObjectKind::EventTrigger),
    ("type", ObjectKind::Type),
    ("schema", ObjectKind::Schema),
    ("extension", ObjectKind::Extension),
];
const CLASSES: [(&str, &str); 5] = [
    ("greenfield", "greenfield"),
    ("shared", "shared"),
    ("retire_only", "retire_only"),
    ("protected", "protected"),
    ("growing", "growing"),
];
const PARAMETER_KINDS: [(&str, ParameterKind); 7] = [
    ("text", ParameterKind::Text),
    ("integer", ParameterKind::Integer),
    ("numeric", ParameterKind::Numeric),
    ("boolean", ParameterKind::Boolean),
    ("uuid", ParameterKind::Uuid),
    ("date", ParameterKind::Date),
    ("timestamp", ParameterKind::Timestamp),
];
const SEVERITIES: [(&str, &str); 5] =
    [("NOTICE", "NOTICE"), ("WARNING", "WARNING"), ("INFO", "INFO"), ("LOG", "LOG"), ("DEBUG", "DEBUG")];

/// Reads every table of the file.
pub(super) fn read(reader: &mut Reader<'_>, runbook: &mut Runbook) {
    let (table, errors) = DeTable::parse_recoverable(reader.text);
    for error in &errors {
        reader.syntax(error);
    }
    let known = [
        "format",
        "runbook",
        "target",
        "timeouts",
        "policy",
        "object",
        "parameter",
        "step",
        "check",
        "stop",
        "restart",
    ];
    let root = reader.root(table.get_ref(), &known);
    if let Some(format) = reader.number(&root, "format", 1)
        && format.value != 1
    {
        reader.error(
            format.offset,
            format!("format {} is not known to this version", format.value),
            "Write format = 1",
        );
    }
    heads(reader, &root, runbook);
    for section in reader.tables(
        &root,
        "object",
        "[[object]]",
        &["name", "kind", "class", "steps", "key", "later_phase", "optional"],
    ) {
        runbook.objects.extend(object(reader, &section));
    }
    for section in reader.tables(&root, "parameter", "[[parameter]]", &["name", "type", "description", "allowed"]) {
        runbook.parameters.extend(parameter(reader, &section));
    }
    // Checks may ask for the definition of any declared object, so objects come first.
    let known = [
        "id",
        "title",
        "object",
        "sql",
        "definition_of",
        "rows",
        "key",
        "catalog_of",
        "steps",
        "expect",
        "per_step",
        "time_limit",
    ];
    for section in reader.tables(&root, "check", "[[check]]", &known) {
        runbook.checks.extend(check(reader, &section, runbook));
    }
    let known = ["id", "position", "title", "section", "build", "reversal", "depends_on", "traces", "statement"];
    for section in reader.tables(&root, "step", "[[step]]", &known) {
        runbook.steps.extend(step(reader, &section));
    }
    runbook.steps.sort_by_key(|step| step.position);
    let known = ["id", "title", "sql", "definition_of", "expect", "error_contains", "steps", "evidence"];
    for section in reader.tables(&root, "stop", "[[stop]]", &known) {
        runbook.stops.extend(stop(reader, &section, runbook));
    }
    for section in reader.tables(&root, "restart", "[[restart]]", &["id", "title", "by", "sql", "expect"]) {
        runbook.restart.extend(restart(reader, &section));
    }
}

/// Reads the tables that every runbook has once.
fn heads(reader: &mut Reader<'_>, root: &Section<'_>, runbook: &mut Runbook) {
    if let Some(section) = reader.table(root, "runbook", &["id", "title", "version", "source", "edited_by"]) {
        let mut text = |key| reader.text(&section, key).map(|text| text.value).unwrap_or_default();
        (runbook.id, runbook.title, runbook.version) = (text("id"), text("title"), text("version"));
        runbook.source = reader.text_if(&section, "source").map(|text| text.value).unwrap_or_default();
        runbook.edited_by = reader.text_if(&section, "edited_by").map(|text| Principal(text.value));
    }
    if let Some(section) = reader.table(root, "target", &["database", "schema"]) {
        runbook.target.database = reader.text(&section, "database").map(|text| text.value).unwrap_or_default();
        if let Some(schema) = reader.text(&section, "schema") {
            runbook.target.schema = schema.value;
        }
    }
    if let Some(section) = reader.table(root, "timeouts", &["lock", "statement", "idle_in_transaction"]) {
        // PostgreSQL holds a timeout in a signed 32-bit number of milliseconds; 0 would switch it off (D-4).
        let mut millis = |key, into: &mut u32| {
            if let Some(millis) = reader.duration(&section, key, 1, 2_147_483_647) {
                *into = u32::try_from(millis).unwrap_or(*into);
            }
        };
        millis("lock", &mut runbook.timeouts.lock_millis);
        millis("statement", &mut runbook.timeouts.statement_millis);
        millis("idle_in_transaction", &mut runbook.timeouts.idle_in_transaction_millis);
    }
    if let Some(section) = reader.table(root, "policy", &["approvals", "rehearsal_max_age", "approval_valid"]) {
        if let Some(approvals) = reader.number(&section, "approvals", 0) {
            // D-70: the floor of two cannot be configured away.
            if approvals.value < 2 || approvals.value > 100 {
                let message =
                    format!("`approvals` of [policy] is {}; it is 2 at least and 100 at most", approvals.value);
                reader.error(approvals.offset, message, "Write approvals = 2");
            } else {
                runbook.policy.approvals = u32::try_from(approvals.value).unwrap_or(2);
            }
        }
        let mut seconds = |key, into: &mut u32| {
            if let Some(millis) = reader.duration(&section, key, 1_000, 366 * 24 * 3_600_000) {
                *into = u32::try_from(millis / 1_000).unwrap_or(*into);
            }
        };
        seconds("rehearsal_max_age", &mut runbook.policy.rehearsal_max_age_seconds);
        seconds("approval_valid", &mut runbook.policy.approval_valid_seconds);
    }
}

fn object(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Object> {
    let name = reader.text(section, "name");
    let kind = reader.word(section, "kind", &KINDS);
    let class = reader.word(section, "class", &CLASSES);
    let steps = step_ids(reader, section, "steps");
    let later_phase = reader.truth(section, "later_phase");
    let optional = reader.truth(section, "optional");
    let key = reader.text_if(section, "key");
    let (name, kind, class) = (name?, kind?, class?);
    let (offset, name) = (name.offset, object_name(reader, &name)?);
    named_by_kind(reader, &name, kind.value, offset);
    reader.declare("object", &name.to_string(), offset);
    let key_text = key.as_ref().map(|key| key.value.clone()).unwrap_or_default();
    let class = match class.value {
        "greenfield" => ObjectClass::Greenfield,
        "shared" => {
            if key.is_none() {
                // D-28: without a key there is nothing a DELETE could be held to.
                reader.missing(
                    section,
                    "key",
                    "= \"event_domain = 'governance'\", the predicate that marks this phase's rows",
                );
            }
            ObjectClass::Shared { key: key_text }
        }
        "retire_only" => ObjectClass::RetireOnly { key: key_text },
        "protected" => ObjectClass::Protected,
        _ => ObjectClass::Growing,
    };
    if matches!(kind.value, ObjectKind::Column | ObjectKind::Constraint)
        && !matches!(class, ObjectClass::Greenfield | ObjectClass::Protected)
    {
        // D-29: rows have keys; a column or a constraint is either ours to take away or nobody's to touch.
        let hint = "Write class = \"greenfield\" if this phase added it, or class = \"protected\"";
        reader.error(offset, format!("{name} is a part of a table, and its class speaks of rows"), hint);
    }
    if let Some(key) = key {
        if matches!(class, ObjectClass::Greenfield | ObjectClass::Protected | ObjectClass::Growing) {
            reader.error(
                key.offset,
                format!("`key` of {name} has no meaning for its class"),
                "Remove it, or write class = \"shared\"",
            );
        }
        reader.declare("key of", &name.to_string(), key.offset);
    }
    Some(Object { name, kind: kind.value, class, steps, later_phase, optional })
}

/// Refuses a name whose parts do not fit the kind.
fn named_by_kind(reader: &mut Reader<'_>, name: &ObjectName, kind: ObjectKind, offset: usize) {
    let is_part = !name.schema.is_empty() && name.name.contains('.');
    let hint = match kind {
        ObjectKind::EventTrigger | ObjectKind::Schema | ObjectKind::Extension if !name.schema.is_empty() => {
            "Write the bare name: it lives in no schema"
        }
        ObjectKind::Trigger if !is_part => "Write schema.table.trigger",
        ObjectKind::Column if !is_part => "Write schema.table.column",
        ObjectKind::Constraint if !is_part => "Write schema.table.constraint",
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Sequence
        | ObjectKind::Index
        | ObjectKind::Function
        | ObjectKind::Type
            if name.schema.is_empty() =>
        {
            "Write schema.name, such as \"public.my_table\""
        }
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Sequence
        | ObjectKind::Index
        | ObjectKind::Function
        | ObjectKind::Trigger
        | ObjectKind::Column
        | ObjectKind::Constraint
        | ObjectKind::EventTrigger
        | ObjectKind::Type
        | ObjectKind::Schema
        | ObjectKind::Extension => return,
    };
    reader.error(offset, format!("`{name}` does not name an object of its kind"), hint);
}

fn parameter(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Parameter> {
    let name = reader.text(section, "name");
    let kind = reader.word(section, "type", &PARAMETER_KINDS);
    let description = reader.text(section, "description").map(|text| text.value).unwrap_or_default();
    let allowed = reader.texts(section, "allowed");
    let (name, kind) = (name?, kind?);
    if !is_name(&name.value) {
        let message = format!("`{}` cannot be a parameter's name", name.value);
        reader.error(name.offset, message, "Use letters without accents, digits and underscores");
    }
    reader.declare("parameter", &name.value, name.offset);
    if let (Some(first), false) = (allowed.first(), kind.value == ParameterKind::Text) {
        reader.error(first.offset, "`allowed` holds for text only", "Remove `allowed`, or write type = \"text\"");
    }
    let allowed = allowed.into_iter().map(|item| item.value).collect();
    Some(Parameter { name: name.value, kind: kind.value, description, allowed })
}

fn check(reader: &mut Reader<'_>, section: &Section<'_>, runbook: &Runbook) -> Option<Check> {
    let id = reader.text(section, "id");
    let title = reader.text(section, "title").map(|text| text.value).unwrap_or_default();
    let object = reader.text_if(section, "object").and_then(|name| referred_object(reader, &name));
    let query = query(reader, section, runbook);
    let steps = step_ids(reader, section, "steps");
    let expect = expected(reader, section, "= { equals = \"0\" }");
    let mut per_step = std::collections::BTreeMap::new();
    let table = section.value("per_step");
    let free = table.and_then(|value| section.inner(value));
    if let (Some(value), None) = (table, &free) {
        let hint = "Write per_step = { \"STEP\" = { equals = \"0\" } }";
        reader.error(value.span().start, "`per_step` is not a table", hint);
    }
    for (step, offset, value) in free.iter().flat_map(Section::entries) {
        reader.refer("step", &At { value: step.to_owned(), offset });
        if let Some(expect) = expectation(reader, value, &format!("`per_step` of {}", section.what)) {
            per_step.insert(StepId::from(step), expect);
        }
    }
    let limit = section.value("time_limit").and_then(|_| reader.duration(section, "time_limit", 1, 2_147_483_647));
    let id = id?;
    if id.value.starts_with("stop:") {
        reader.error(
            id.offset,
            "a check's id cannot begin with `stop:`",
            "Choose another id; `stop:` is for stop conditions",
        );
    }
    reader.declare("check", &id.value, id.offset);
    Some(Check {
        id: CheckId(id.value),
        title,
        object,
        query: query?,
        expect: expect?,
        steps,
        per_step,
        accepted: None,
        limit_millis: limit.and_then(|millis| u32::try_from(millis).ok()),
    })
}

fn step(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Step> {
    let id = reader.text(section, "id");
    let position = reader.number(section, "position", 1);
    let title = reader.text(section, "title").map(|text| text.value).unwrap_or_default();
    let cited = reader.text(section, "section").map(|text| text.value).unwrap_or_default();
    let build = reader.text_if(section, "build").map(|path| reader.script(&path));
    let reversal = reader.text(section, "reversal").map(|path| reader.script(&path));
    let depends_on = step_ids(reader, section, "depends_on");
    let mut traces = Vec::new();
    for trace in reader.tables(section, "traces", "`traces` of [[step]]", &["title", "sql"]) {
        let title = reader.text(&trace, "title").map(|text| text.value).unwrap_or_default();
        if let Some(sql) = reader.text(&trace, "sql") {
            reader.declare("sql", &sql.value, sql.offset);
            traces.push(Trace { title, sql: sql.value });
        }
    }
    let id = id?;
    reader.declare("step", &id.value, id.offset);
    let mut statements = std::collections::BTreeMap::new();
    for rule in reader.tables(section, "statement", "[[step.statement]]", &["ordinal", "rows", "notices", "waivers"]) {
        if let Some(ordinal) = reader.number(&rule, "ordinal", 1) {
            reader.declare("statement", &format!("{} of {}", ordinal.value, id.value), ordinal.offset);
            let ordinal = u32::try_from(ordinal.value).unwrap_or(u32::MAX);
            let found = statement_rule(reader, &rule);
            statements.entry(ordinal).or_insert(found);
        }
    }
    let position = position.map_or(0, |position| {
        reader.declare("position", &position.value.to_string(), position.offset);
        u32::try_from(position.value).unwrap_or(u32::MAX)
    });
    let reversal = reversal.unwrap_or_else(|| crate::runbook::Script { path: String::new(), text: String::new() });
    Some(Step {
        id: StepId(id.value),
        position,
        title,
        section: cited,
        build,
        reversal,
        depends_on,
        traces,
        statements,
    })
}

fn statement_rule(reader: &mut Reader<'_>, section: &Section<'_>) -> StatementRule {
    let mut rule = StatementRule { rows: None, notices: Vec::new(), waivers: Vec::new() };
    if let Some(value) = section.value("rows") {
        rule.rows = rows(reader, value);
    }
    for notice in
        reader.tables(section, "notices", "`notices` of [[step.statement]]", &["severity", "contains", "times"])
    {
        let severity = reader.word(&notice, "severity", &SEVERITIES);
        let contains = reader.text(&notice, "contains");
        let times = reader.number_if(&notice, "times", 1).map_or(1, |times| times.value);
        if let (Some(severity), Some(contains)) = (severity, contains) {
            let times = u32::try_from(times).unwrap_or(u32::MAX);
            rule.notices.push(NoticeExpected { severity: severity.value.to_owned(), contains: contains.value, times });
        }
    }
    for waiver in reader.tables(section, "waivers", "`waivers` of [[step.statement]]", &["rule", "reason"]) {
        let (name, reason) = (reader.text(&waiver, "rule"), reader.text(&waiver, "reason"));
        if let (Some(name), Some(reason)) = (name, reason) {
            rule.waivers.push(Waiver { rule: name.value, reason: reason.value });
        }
    }
    rule
}

fn rows(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<RowsExpected> {
    let section = reader.section(value, "`rows`", &["exactly", "at_most", "any"])?;
    let keys: Vec<&str> = section.entries().map(|(key, _, _)| key).collect();
    match keys.as_slice() {
        ["exactly"] => reader.number(&section, "exactly", 0).map(|rows| RowsExpected::Exactly(rows.value)),
        ["at_most"] => reader.number(&section, "at_most", 0).map(|rows| RowsExpected::AtMost(rows.value)),
        ["any"] => reader.text(&section, "any").map(|reason| RowsExpected::Any { reason: reason.value }),
        _ => {
            let hint = "Write { exactly = 4 }, { at_most = 9 } or { any = \"why no number can be named\" }";
            reader.error(section.offset, format!("`rows` holds {} keys, not one", keys.len()), hint);
            None
        }
    }
}

fn stop(reader: &mut Reader<'_>, section: &Section<'_>, runbook: &Runbook) -> Option<StopCondition> {
    let id = reader.text(section, "id");
    let title = reader.text(section, "title").map(|text| text.value).unwrap_or_default();
    let sign = if let Some(error) = reader.text_if(section, "error_contains") {
        for key in ["sql", "definition_of", "expect"] {
            if let Some(value) = section.value(key) {
                let message = format!("{} has `error_contains` and `{key}`", section.what);
                reader.error(value.span().start, message, "Keep one of them: make two stop conditions");
            }
        }
        Some(StopSign::ErrorContains(error.value))
    } else {
        let query = query(reader, section, runbook);
        let expect = expected(reader, section, "= { equals = \"0\" }, what holds while all is well");
        query.zip(expect).map(|(query, expect)| StopSign::Query { query, expect })
    };
    let steps = step_ids(reader, section, "steps");
    let evidence = reader.text_if(section, "evidence").map(|evidence| {
        reader.declare("sql", &evidence.value, evidence.offset);
        evidence.value
    });
    let id = id?;
    reader.declare("stop", &id.value, id.offset);
    Some(StopCondition { id: id.value, title, sign: sign?, steps, evidence, accepted: None })
}

fn restart(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<RestartGate> {
    let id = reader.text(section, "id");
    let title = reader.text(section, "title").map(|text| text.value).unwrap_or_default();
    let words = [("reconciliation", "reconciliation"), ("sovereign", "sovereign"), ("record", "record")];
    let by = match reader.word(section, "by", &words)?.value {
        "record" => {
            let sql = reader.text(section, "sql");
            let expect = expected(reader, section, "= \"present\"");
            let sql = sql?;
            reader.declare("sql", &sql.value, sql.offset);
            RestartBy::Record { sql: sql.value, expect: expect? }
        }
        "sovereign" if section.value("sql").is_some() || section.value("expect").is_some() => {
            let sql = reader.text(section, "sql");
            let expect = expected(reader, section, "= { equals = \"approved\" }");
            let sql = sql?;
            reader.declare("sql", &sql.value, sql.offset);
            RestartBy::Sovereign { record: Some(StepRecord { sql: sql.value, expect: expect? }) }
        }
        "sovereign" => RestartBy::Sovereign { record: None },
        _ => {
            for key in ["sql", "expect"] {
                if let Some(value) = section.value(key) {
                    let message =
                        format!("`{key}` of {} has no meaning when it is met by reconciliation", section.what);
                    reader.error(value.span().start, message, "Remove it, or write by = \"record\"");
                }
            }
            RestartBy::Reconciliation
        }
    };
    let id = id?;
    reader.declare("restart", &id.value, id.offset);
    Some(RestartGate { id: id.value, title, by })
}

fn step_ids(reader: &mut Reader<'_>, section: &Section<'_>, key: &str) -> Vec<StepId> {
    let names = reader.texts(section, key);
    for name in &names {
        reader.refer("step", name);
    }
    names.into_iter().map(|name| StepId(name.value)).collect()
}

pub(super) fn referred_object(reader: &mut Reader<'_>, name: &At<String>) -> Option<ObjectName> {
    reader.refer("object", name);
    object_name(reader, name)
}

fn object_name(reader: &mut Reader<'_>, name: &At<String>) -> Option<ObjectName> {
    match ObjectName::try_from(name.value.clone()) {
        Ok(name) => Some(name),
        Err(reason) => {
            reader.error(name.offset, reason, "Write schema.name, such as \"public.my_table\"");
            None
        }
    }
}
