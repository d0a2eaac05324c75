//! Takes the definition of a function, or the text of a DO block; gives every statement and expression in it.
//!
//! SQL is split as a script is. PL/pgSQL is read by `PostgreSQL`'s own grammar for it, which knows no catalog: argument
//! and row types are put as plain ones first, because only what the body runs is asked for. What is put together while it
//! runs cannot be read, and is said so.

use pg_query::protobuf::{FunctionParameterMode, Token};
use serde_json::Value;

use super::tree::{Node, as_kind, items, kind, number, present, strings, text, truth};
use super::{Statement, lexemes, on_parser_thread, split};

/// What a function's body holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// Every statement; an expression stands as a SELECT. Places are meaningless outside the body.
    pub statements: Vec<Statement>,
    /// What it runs that cannot be read, each with the reason.
    pub unreadable: Vec<String>,
    /// The words by which it ends the transaction, such as `COMMIT`.
    pub ends: Vec<String>,
    /// Whether `RETURN NULL` stands in it.
    pub returns_null: bool,
    /// Whether it raises a WARNING.
    pub warns: bool,
}

/// Reads the body of a `CREATE FUNCTION` or `CREATE PROCEDURE` in SQL or PL/pgSQL.
///
/// # Errors
/// Why the body cannot be read.
pub fn body_of(definition: &str) -> Result<Body, String> {
    let mut statements = split(definition).map_err(|problem| problem.message)?;
    if statements.len() != 1 || statements[0].tree.statement().0 != "CreateFunctionStmt" {
        return Err("its definition is not one CREATE FUNCTION".to_owned());
    }
    let create = statements.remove(0);
    let node = create.tree.statement().1;
    let language = option(node, "options", "language").unwrap_or_else(|| "sql".to_owned());
    if present(node, "sql_body").is_some() {
        return Ok(Body { statements: vec![create], ..Body::default() });
    }
    let Some(source) = option(node, "options", "as") else { return Err("it has no body".to_owned()) };
    match language.to_lowercase().as_str() {
        "sql" => sql(&source),
        "plpgsql" => plpgsql(&header(node), &source),
        other => Err(format!("it is written in {other}")),
    }
}

/// Reads what a DO statement would run.
///
/// # Errors
/// Why it cannot be read.
pub fn body_of_do(node: &Node) -> Result<Body, String> {
    let language = option(node, "args", "language").unwrap_or_else(|| "plpgsql".to_owned());
    let Some(source) = option(node, "args", "as") else { return Err("it has no body".to_owned()) };
    match language.to_lowercase().as_str() {
        "plpgsql" => plpgsql("() RETURNS void", &source),
        other => Err(format!("it is written in {other}")),
    }
}

/// Returns an option's text, alone or first of a list.
fn option(node: &Node, field: &str, wanted: &str) -> Option<String> {
    let elements = items(node, field).iter().filter_map(|item| as_kind(item, "DefElem"));
    let argument = elements.filter(|element| text(element, "defname") == wanted).find_map(|e| present(e, "arg"))?;
    match kind(argument)? {
        ("String", value) => Some(text(value, "sval").to_owned()),
        ("List", list) => strings(items(list, "items")).into_iter().next(),
        _ => None,
    }
}

fn sql(source: &str) -> Result<Body, String> {
    let statements = split(source).map_err(|problem| format!("its body cannot be read: {}", problem.message))?;
    Ok(Body { statements, ..Body::default() })
}

/// Writes argument list and return type anew with types the grammar knows without a catalog.
fn header(node: &Node) -> String {
    let mut arguments = Vec::new();
    let mut columns = Vec::new();
    let mut out = 0;
    for parameter in items(node, "parameters").iter().filter_map(|item| as_kind(item, "FunctionParameter")) {
        let mode = i32::try_from(number(parameter, "mode")).ok().and_then(|m| FunctionParameterMode::try_from(m).ok());
        let name = format!("\"{}\"", text(parameter, "name").replace('"', "\"\""));
        let name = if name == "\"\"" { String::new() } else { name };
        let plain = plain_type(parameter.get("arg_type").unwrap_or(&Node::Nothing));
        match mode {
            Some(FunctionParameterMode::FuncParamTable) => columns.push(format!("{name} text")),
            Some(FunctionParameterMode::FuncParamOut) => {
                out += 1;
                arguments.push(format!("OUT {name} text"));
            }
            Some(FunctionParameterMode::FuncParamInout) => {
                out += 1;
                arguments.push(format!("INOUT {name} text"));
            }
            Some(
                FunctionParameterMode::FuncParamIn
                | FunctionParameterMode::FuncParamVariadic
                | FunctionParameterMode::FuncParamDefault
                | FunctionParameterMode::Undefined,
            )
            | None => arguments.push(format!("{name} {plain}")),
        }
    }
    let returned = node.get("return_type").unwrap_or(&Node::Nothing);
    let set = if truth(returned, "setof") { "SETOF " } else { "" };
    let named = strings(items(returned, "names")).pop().unwrap_or_default();
    let gives = match (out, named.as_str()) {
        _ if !columns.is_empty() => format!("TABLE ({})", columns.join(", ")),
        (1, _) => format!("{set}text"),
        (2.., _) => format!("{set}record"),
        // What the crate answers on a trigger's function is no JSON, so the two rows are put as arguments.
        (_, "trigger") => return "(new record, old record) RETURNS text".to_owned(),
        (_, "void" | "event_trigger" | "") => format!("{set}void"),
        (_, _) => format!("{set}text"),
    };
    format!("({}) RETURNS {gives}", arguments.join(", "))
}

/// Returns `text` for a type of the server's own, `record` for one that may have fields.
fn plain_type(node: &Node) -> &'static str {
    let names = strings(items(node, "names"));
    let is_array = !items(node, "array_bounds").is_empty() || names.last().is_some_and(|name| name == "anyarray");
    let is_own = names.len() < 2 || names.first().is_some_and(|schema| schema == "pg_catalog");
    match (is_array, is_own) {
        (true, _) => "text[]",
        (false, true) if names.last().is_none_or(|name| name != "record") => "text",
        (false, _) => "record",
    }
}

fn plpgsql(header: &str, source: &str) -> Result<Body, String> {
    let source = without_row_types(source);
    // A tag longer than the text does not stand in it.
    let mut tag = "$body$".to_owned();
    while source.contains(&tag) {
        tag.insert(1, 'a');
    }
    let create = format!("CREATE FUNCTION body{header} LANGUAGE plpgsql AS {tag}{source}{tag}");
    let Some(parsed) = on_parser_thread(move || pg_query::parse_plpgsql(&create).map_err(|error| error.to_string()))
    else {
        return Err("the parser failed on its body".to_owned());
    };
    let parsed = parsed.map_err(|error| format!("its body cannot be read: {error}"))?;
    let mut body = Body::default();
    collect(&parsed, &mut body);
    Ok(body)
}

/// Puts `record` for `name%ROWTYPE` and `text` for `name%TYPE`, which only a catalog could resolve.
fn without_row_types(source: &str) -> String {
    let Some(tokens) = lexemes(source) else { return source.to_owned() };
    let tokens: Vec<_> = tokens.into_iter().filter(|token| !token.is_comment()).collect();
    let mut cuts = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let word = source[token.start..token.end].to_lowercase();
        let plain = match word.as_str() {
            "rowtype" => "record",
            "type" => "text",
            _ => continue,
        };
        if index < 2 || !tokens[index - 1].is(Token::Ascii37) {
            continue;
        }
        let mut first = index - 2;
        while first >= 2 && tokens[first - 1].is(Token::Ascii46) {
            first -= 2;
        }
        cuts.push((tokens[first].start, token.end, plain));
    }
    let mut plain = source.to_owned();
    for (start, end, word) in cuts.into_iter().rev() {
        plain.replace_range(start..end, word);
    }
    plain
}

/// Walks the tree of a PL/pgSQL body; its nodes are `{"PLpgSQL_…": {…}}`.
fn collect(value: &Value, body: &mut Body) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| collect(item, body)),
        Value::Object(fields) => {
            for (name, inner) in fields {
                match name.as_str() {
                    "PLpgSQL_stmt_commit" => body.ends.push("COMMIT".to_owned()),
                    "PLpgSQL_stmt_rollback" => body.ends.push("ROLLBACK".to_owned()),
                    "PLpgSQL_stmt_return" => body.returns_null |= returns_null(inner),
                    // 19 is WARNING in the server's scale; below it are NOTICE and what only logs.
                    "PLpgSQL_stmt_raise" => body.warns |= inner.get("elog_level").and_then(Value::as_i64) == Some(19),
                    "PLpgSQL_expr" => expression(inner, body),
                    "PLpgSQL_stmt_dynexecute" | "PLpgSQL_stmt_dynfors" => dynamic(inner.get("query"), body),
                    "dynquery" => dynamic(Some(inner), body),
                    _ => {}
                }
                collect(inner, body);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn returns_null(node: &Value) -> bool {
    let expression = node.get("expr").and_then(|expression| expression.get("PLpgSQL_expr"));
    expression.is_some_and(|expression| {
        expression.get("query").and_then(Value::as_str).unwrap_or_default().trim().eq_ignore_ascii_case("null")
    })
}

/// Reads one piece of SQL of a PL/pgSQL body: a statement, an expression or an assignment.
fn expression(node: &Value, body: &mut Body) {
    let query = query_of(node).trim();
    if query.is_empty() {
        return;
    }
    // 0 is a statement, 2 an expression, above that an assignment with its target in front.
    let candidates = match node.get("parseMode").and_then(Value::as_i64).unwrap_or_default() {
        0 => vec![query.to_owned(), format!("SELECT {query}")],
        1 | 2 => vec![format!("SELECT {query}"), query.to_owned()],
        _ => vec![assigned(query), format!("SELECT {query}")],
    };
    match candidates.iter().find_map(|candidate| split(candidate).ok()) {
        Some(mut statements) => body.statements.append(&mut statements),
        None => body.unreadable.push(format!("`{}` in it is not read as SQL", short(query))),
    }
}

fn query_of(node: &Value) -> &str {
    node.get("query").and_then(Value::as_str).unwrap_or_default()
}

/// `target := expression` as `SELECT target, expression`.
fn assigned(query: &str) -> String {
    let mut depth = 0_i32;
    for token in lexemes(query).unwrap_or_default() {
        match &query[token.start..token.end] {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            ":=" | "=" if depth == 0 => {
                return format!("SELECT {}, {}", &query[..token.start], &query[token.end..]);
            }
            _ => {}
        }
    }
    format!("SELECT {query}")
}

/// EXECUTE of a constant is read; anything else is not.
fn dynamic(node: Option<&Value>, body: &mut Body) {
    let query = node.and_then(|node| node.get("PLpgSQL_expr")).map_or("", query_of).trim();
    match constant(query) {
        Some(sql) => match split(&sql) {
            Ok(mut statements) => body.statements.append(&mut statements),
            Err(problem) => body.unreadable.push(format!("EXECUTE `{}`: {}", short(&sql), problem.message)),
        },
        None => body.unreadable.push(format!("EXECUTE {} is put together while it runs", short(query))),
    }
}

/// Returns the text of an expression of text constants.
fn constant(expression: &str) -> Option<String> {
    let statements = split(&format!("SELECT {expression}")).ok()?;
    let ("SelectStmt", select) = statements.first()?.tree.statement() else { return None };
    let target = items(select, "target_list").first().and_then(|target| as_kind(target, "ResTarget"))?;
    constant_text(present(target, "val")?)
}

/// Returns the text a node stands for, when it holds nothing but text constants.
#[must_use]
pub fn constant_text(node: &Node) -> Option<String> {
    match kind(node)? {
        ("AConst", constant) => {
            let value = as_kind(present(constant, "val")?, "Sval")?;
            Some(text(value, "sval").to_owned())
        }
        ("TypeCast", cast) => constant_text(present(cast, "arg")?),
        ("AExpr", operation) if strings(items(operation, "name")) == ["||"] => {
            Some(constant_text(present(operation, "lexpr")?)? + &constant_text(present(operation, "rexpr")?)?)
        }
        _ => None,
    }
}

/// Shortens a text for a message: 60 letters say what is meant.
fn short(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::body_of;

    /// Reads a body and says it in one line: its statements, what is unreadable, what ends the transaction.
    #[track_caller]
    fn check(definition: &str, expect: &str) {
        let said = match body_of(definition) {
            Ok(body) => {
                let mut all: Vec<String> = body.statements.iter().map(|one| one.text.clone()).collect();
                all.extend(body.unreadable.iter().map(|why| format!("?{why}")));
                all.extend(body.ends.iter().map(|word| format!("!{word}")));
                all.join(" | ")
            }
            Err(reason) => format!("error: {reason}"),
        };
        assert_eq!(said, expect, "for {definition}");
    }

    fn plpgsql(head: &str, body: &str) -> String {
        format!("CREATE FUNCTION public.f{head} LANGUAGE plpgsql AS $x$ {body} $x$")
    }

    #[test]
    fn sql_bodies() {
        check("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT g()'", "SELECT 1 | SELECT g()");
        check(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
        );
        check("CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'lib', 'f'", "error: it is written in c");
        check(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELEC'",
            "error: its body cannot be read: syntax error at or near \"SELEC\"",
        );
        check("SELECT 1", "error: its definition is not one CREATE FUNCTION");
    }

    #[test]
    fn plpgsql_bodies() {
        check(&plpgsql("(a int) RETURNS void", "BEGIN PERFORM g(a); END"), "SELECT g(a)");
        check(
            &plpgsql("() RETURNS trigger", "BEGIN INSERT INTO t VALUES (NEW.a); NEW.b := h(1); RETURN NEW; END"),
            "INSERT INTO t VALUES (NEW.a) | SELECT NEW.b ,  h(1)",
        );
        check(
            &plpgsql("() RETURNS event_trigger", "BEGIN IF TG_TAG = 'a' THEN RAISE NOTICE '%', v(); END IF; END"),
            "SELECT TG_TAG = 'a' | SELECT v()",
        );
        check(
            &plpgsql(
                "(r public.row, m public.mood[], OUT o public.mood) RETURNS public.mood",
                "DECLARE x public.t%ROWTYPE; n public.t.c%TYPE := nextval('s'); c CURSOR FOR SELECT g(); BEGIN o := m[1]; r.a := 1; END",
            ),
            "SELECT o ,  m[1] | SELECT r.a ,  1 | SELECT nextval('s') | SELECT g()",
        );
        check(&plpgsql("() RETURNS TABLE (a int)", "BEGIN RETURN QUERY SELECT 1; RETURN; END"), "SELECT 1");
        check(
            &plpgsql(
                "() RETURNS SETOF public.t",
                "DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP RETURN NEXT r; END LOOP; END",
            ),
            "SELECT 1",
        );
        check(
            "CREATE PROCEDURE public.p(INOUT a int) LANGUAGE plpgsql AS $x$ BEGIN COMMIT; ROLLBACK; END $x$",
            "!COMMIT | !ROLLBACK",
        );
        check(
            &plpgsql(
                "() RETURNS void",
                "BEGIN EXECUTE 'DELETE' || ' FROM t'; EXECUTE format('x %I', n()) USING u(1); END",
            ),
            "DELETE FROM t | SELECT 'DELETE' || ' FROM t' | SELECT u(1) | SELECT format('x %I', n()) | ?EXECUTE format('x %I', n()) is put together while it runs",
        );
        let bogus = body_of(&plpgsql("() RETURNS void", "BEGIN BOGUS WORDS; END"));
        assert!(bogus.as_ref().is_err() || bogus.is_ok_and(|body| !body.unreadable.is_empty()), "it cannot be read");
        check(
            &plpgsql(
                "() RETURNS void",
                "BEGIN BEGIN PERFORM a(); EXCEPTION WHEN others THEN PERFORM b(); END; CALL p(); END",
            ),
            "SELECT a() | SELECT b() | CALL p()",
        );
    }
}
