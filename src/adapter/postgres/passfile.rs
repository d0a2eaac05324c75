//! Takes a password file or a service file as libpq writes them; gives the matching line; refuses a password file that
//! others can read.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

/// Finds the password for a login; a remark says why a file was left aside.
pub(super) fn look_up(
    file: &Path,
    host: &str,
    port: u16,
    database: &str,
    user: &str,
) -> (Option<Zeroizing<String>>, Option<String>) {
    let Ok(meta) = std::fs::metadata(file) else { return (None, None) };
    let mode = meta.permissions().mode() & 0o777;
    if !meta.is_file() || mode & 0o077 != 0 {
        let remark = format!(
            "the password file {} was left aside: it must be a plain file that only you can read (mode is {mode:04o}; chmod 600)",
            file.display()
        );
        return (None, Some(remark));
    }
    let Ok(text) = std::fs::read_to_string(file).map(Zeroizing::new) else {
        return (None, Some(format!("the password file {} cannot be read as UTF-8 text", file.display())));
    };
    (matching(&text, [host, &port.to_string(), database, user]), None)
}

pub(super) fn matching(text: &str, wanted: [&str; 4]) -> Option<Zeroizing<String>> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line;
        for want in wanted {
            let (field, after) = field(rest);
            if after.is_none()
                || (field.as_str() != want && &rest[..rest.len() - after.map_or(0, |after| after.len() + 1)] != "*")
            {
                return None;
            }
            rest = after?;
        }
        // An empty password means that none is known.
        Some(field(rest).0).filter(|password| !password.is_empty())
    })
}

/// Reads up to the next colon that is not escaped; gives the field and what follows the colon.
fn field(text: &str) -> (Zeroizing<String>, Option<&str>) {
    let mut value = Zeroizing::new(String::new());
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => value.push(chars.next().map_or('\\', |(_, escaped)| escaped)),
            ':' => return (value, Some(&text[at + 1..])),
            _ => value.push(char),
        }
    }
    (value, None)
}

/// Reads one section of a service file; `None` when it is not there.
pub(super) fn section(text: &str, name: &str) -> Option<Vec<(String, String)>> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .skip_while(|line| line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) != Some(name));
    lines.next()?;
    let own = lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Some(
        own.filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&str>) {
        let found = matching(line, ["db", "5432", "x", "ops"]);
        assert_eq!(found.as_ref().map(|found| found.as_str()), expected, "{line}");
    }

    #[test]
    fn lines_match_as_in_libpq() {
        check("db:5432:x:ops:secret", Some("secret"));
        check("*:*:*:*:any", Some("any"));
        check("db:5432:x:ops:with\\:colon\\\\", Some("with:colon\\"));
        check("other:5432:x:ops:no", None);
        check("# comment\ndb:5433:x:ops:no\ndb:*:x:ops:second", Some("second"));
        check("\\*:5432:x:ops:a literal star", None);
        check("db:5432:x:ops:", None);
        check("db:5432:x", None);
    }

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let text = "[a]\nhost=1\n\n[b]\n# no\n host = 2 \ndbname=x\n[c]\nhost=3\n";
        assert_eq!(section(text, "b"), Some(vec![("host".into(), "2".into()), ("dbname".into(), "x".into())]));
        assert_eq!(section(text, "d"), None);
    }
}
