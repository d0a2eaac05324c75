//! Takes connection text as `PostgreSQL` people write it (a URL, `key=value`, or a database name); gives its keywords;
//! refuses keywords that nobody knows and those that would be obeyed only in part.

use std::collections::BTreeMap;

/// Keywords that are honoured.
const HONOURED: [&str; 20] = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "passfile",
    "service",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslnegotiation",
    "channel_binding",
    "application_name",
    "fallback_application_name",
    "connect_timeout",
    "options",
    "target_session_attrs",
    "servicefile",
];
/// Keywords that change nothing here: transport tuning, and things this program pins by itself.
const WITHOUT_EFFECT: [&str; 13] = [
    "client_encoding",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "sslcompression",
    "sslsni",
    "krbsrvname",
    "gsslib",
    "gssdelegation",
    "load_balance_hosts",
    "sslcertmode",
];
/// Keywords that promise something this program does not do, so that ignoring them would be unsafe or confusing.
const REFUSED: [(&str, &str); 9] = [
    ("sslcrl", "revocation lists are not read; use a short-lived certificate authority"),
    ("sslcrldir", "revocation lists are not read; use a short-lived certificate authority"),
    ("sslpassword", "encrypted client keys are not read; decrypt the key file and keep it at mode 0600"),
    ("requirepeer", "the socket's peer is not checked; use a socket folder that only the server may write"),
    ("require_auth", "the method of authentication cannot be pinned"),
    ("ssl_max_protocol_version", "TLS 1.2 and 1.3 are spoken, nothing older"),
    ("replication", "a replication connection is of no use here"),
    ("passcommand", "programs are not run for passwords; use a password file"),
    ("scram_client_key", "keys derived from passwords are not read; use a password file"),
];

/// Reads connection text into keywords, the last one of a name wins.
///
/// # Errors
/// A sentence that names what is wrong and never repeats a value, because a value may be a password.
pub(super) fn keywords(text: &str) -> Result<BTreeMap<String, String>, String> {
    let text = text.trim();
    let pairs = if let Some(rest) = text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://")) {
        from_url(rest)?
    } else if let Some((scheme, _)) = text.split_once("://")
        && (is_word(scheme) || !text.contains('='))
    {
        let what = if is_word(scheme) { format!("`{scheme}://`") } else { "this".to_owned() };
        return Err(format!("{what} is not a PostgreSQL address; write postgresql://host/database"));
    } else if text.contains('=') {
        from_pairs(text)?
    } else if text.is_empty() {
        Vec::new()
    } else {
        vec![("dbname".to_owned(), text.to_owned())]
    };
    let mut found = BTreeMap::new();
    for (name, value) in pairs {
        if check_keyword(&name, &value)? && !value.is_empty() {
            found.insert(name, value);
        }
    }
    Ok(found)
}

/// Says whether a keyword is to be kept; `false` is one without effect.
pub(super) fn check_keyword(name: &str, value: &str) -> Result<bool, String> {
    if let Some((_, reason)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        return Err(format!("the keyword `{name}` is not supported: {reason}"));
    }
    match name {
        "gssencmode" if value == "require" => {
            Err("gssencmode=require is not supported; use TLS with sslmode=verify-full".to_owned())
        }
        "ssl_min_protocol_version" if value == "TLSv1.3" => {
            Err("ssl_min_protocol_version=TLSv1.3 is not supported; set the minimum on the server".to_owned())
        }
        "gssencmode" | "ssl_min_protocol_version" => Ok(false),
        _ if HONOURED.contains(&name) => Ok(true),
        _ if WITHOUT_EFFECT.contains(&name) => Ok(false),
        _ => Err(format!(
            "{} is not a keyword of a PostgreSQL connection; known are host, port, dbname, user, sslmode …",
            spelled(name)
        )),
    }
}

/// Spells a keyword, when it can be one: of a mistyped address, a password stands before the first `=`.
fn spelled(name: &str) -> String {
    if is_word(name) { format!("`{name}`") } else { "what stands before a `=`".to_owned() }
}

/// Longer than any keyword there is.
const LONGEST_WORD: usize = 40;

fn is_word(text: &str) -> bool {
    (1..=LONGEST_WORD).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

type Pairs = Vec<(String, String)>;

fn from_url(rest: &str) -> Result<Pairs, String> {
    let mut pairs = Vec::new();
    let (address, query) = rest.split_once('?').map_or((rest, None), |(address, query)| (address, Some(query)));
    let (authority, database) =
        address.split_once('/').map_or((address, ""), |(authority, database)| (authority, database));
    let (login, hosts) = authority.rsplit_once('@').map_or((None, authority), |(login, hosts)| (Some(login), hosts));
    if let Some(login) = login {
        let (user, password) = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
        pairs.push(("user".to_owned(), decode(user, "user")?));
        if let Some(password) = password {
            pairs.push(("password".to_owned(), decode(password, "password")?));
        }
    }
    if !hosts.is_empty() {
        let mut names = Vec::new();
        let mut ports = Vec::new();
        for host in hosts.split(',') {
            let (name, port) = split_port(host)?;
            names.push(decode(name, "host")?);
            ports.push(port.to_owned());
        }
        pairs.push(("host".to_owned(), names.join(",")));
        if ports.iter().any(|port| !port.is_empty()) {
            pairs.push(("port".to_owned(), ports.join(",")));
        }
    }
    pairs.push(("dbname".to_owned(), decode(database, "database")?));
    for pair in query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty()) {
        let (name, value) =
            pair.split_once('=').ok_or("a part of the address after `?` has no `=`; write keyword=value")?;
        let (name, value) = (decode(name, "keyword")?, decode(value, "value")?);
        // JDBC writes it so, and libpq takes it.
        let (name, value) =
            if name == "ssl" && value == "true" { ("sslmode".to_owned(), "require".to_owned()) } else { (name, value) };
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn split_port(host: &str) -> Result<(&str, &str), String> {
    if let Some(rest) = host.strip_prefix('[') {
        let (name, after) = rest.split_once(']').ok_or("an IPv6 address in the connection text has no closing `]`")?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((name, port)),
            None if after.is_empty() => Ok((name, "")),
            None => Err("after the `]` of an IPv6 address only `:port` may follow".to_owned()),
        };
    }
    Ok(host.split_once(':').unwrap_or((host, "")))
}

fn decode(text: &str, what: &str) -> Result<String, String> {
    let broken = || {
        format!(
            "the {what} in the address holds a `%` that two hexadecimal digits do not follow; write %25 for a plain `%`"
        )
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            bytes.push(byte);
            rest = after;
            continue;
        }
        let digits = after.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit)).ok_or_else(broken)?;
        let digits = std::str::from_utf8(digits).map_err(|_| broken())?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| broken())?);
        rest = &after[2..];
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("the {what} in the address is not UTF-8"))?;
    if text.contains('\0') { Err(format!("the {what} in the address holds %00")) } else { Ok(text) }
}

fn from_pairs(text: &str) -> Result<Pairs, String> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) =
            rest.split_once('=').ok_or("a keyword of the connection text has no `=`; write keyword=value")?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err("a keyword of the connection text has no `=`; write keyword=value and quote values with spaces: 'like this'".to_owned());
        }
        let (value, after) =
            value(after.trim_start()).ok_or_else(|| format!("the value of {} has no closing quote", spelled(name)))?;
        pairs.push((name.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(pairs)
}

/// Reads one value, quoted or not; gives it and what follows.
fn value(text: &str) -> Option<(String, &str)> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut chars = text.char_indices().skip(usize::from(quoted));
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Some((value, &text[at + 1..])),
            _ if !quoted && char.is_whitespace() => return Some((value, &text[at..])),
            _ => value.push(char),
        }
    }
    (!quoted).then_some((value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = match keywords(text) {
            Ok(found) => found.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "),
            Err(error) => format!("error: {error}"),
        };
        assert!(
            found == expected || (expected.starts_with("error") && found.starts_with(expected)),
            "{text}\n  gave     {found}\n  expected {expected}"
        );
    }

    #[test]
    fn text_is_read_as_libpq_reads_it() {
        check("", "");
        check("directus", "dbname=directus");
        check("postgresql://", "");
        check("postgres://localhost", "host=localhost");
        check("postgresql://localhost:5433/directus", "dbname=directus host=localhost port=5433");
        check("postgresql://ops:s%40crét@db/x", "dbname=x host=db password=s@crét user=ops");
        check("postgresql:///x?host=/tmp/a&port=7", "dbname=x host=/tmp/a port=7");
        check("postgresql://%2Ftmp%2Fa/x", "dbname=x host=/tmp/a");
        check("postgresql://a:1,b,c:3/x?sslmode=verify-full", "dbname=x host=a,b,c port=1,,3 sslmode=verify-full");
        check("postgresql://[2001:db8::1]:5433/x", "dbname=x host=2001:db8::1 port=5433");
        check("postgresql://h/x?ssl=true", "dbname=x host=h sslmode=require");
        check("host=h port = 5 dbname='a b' password='it\\'s'", "dbname=a b host=h password=it's port=5");
        check("host=a\\ b user=", "host=a b");
        check("user=ops keepalives=1 client_encoding=UTF8", "user=ops");
    }

    #[test]
    fn what_would_be_obeyed_in_part_is_refused() {
        check("mysql://h/x", "error: `mysql://`");
        check("postgress://u:p@h/x?sslmode=require", "error: `postgress://` is not a PostgreSQL address");
        check("postgres:/u:p@h/x?sslmode=require", "error: what stands before a `=` is not a keyword");
        check("options=a://b", "options=a://b");
        check("hots=h", "error: `hots` is not a keyword");
        check("host=h sslcrl=/x", "error: the keyword `sslcrl`");
        check("gssencmode=require", "error: gssencmode=require");
        check("gssencmode=prefer", "");
        check("password='open", "error: the value of `password` has no closing quote");
        check("postgresql://h/%zz", "error: the database in the address holds a `%`");
        check("postgresql://[::1/x", "error: an IPv6 address");
        check("host = h dangling", "error: a keyword of the connection text has no `=`");
    }

    #[test]
    fn no_refusal_repeats_a_value() {
        for text in [
            "postgresql://u:hunter2%zz@h/x",
            "password='hunter2",
            "password=hunter2 hots=1",
            "postgres://u:hunter2@h/x?sslcrl=hunter2",
            "postgres:/u:hunter2@h/x?sslmode=require",
            "postgres:/u:hunter2@h/x?options='",
            "postgress://u:hunter2@h/x?sslmode=require",
            "u:hunter2@h://x",
            "u:hunter2@h/x?a://=",
        ] {
            let error = keywords(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
