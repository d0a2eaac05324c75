//! Holds the manual page to the command line: every verb and every option of the one stands in the other.

use std::fs;
use std::path::Path;

/// Returns the verbs and long options that `args` declares and `manual` does not name.
///
/// The declarations are read as text, so that this needs neither the window nor the database to be built. A verb is a
/// variant of an enum whose name ends with `Verb`; a hidden one, marked `hide = true`, is none of the reader's business.
fn unmentioned(args: &str, manual: &str) -> Vec<String> {
    let manual = manual.replace("\\-", "-");
    let is_named = |name: &str| {
        manual.match_indices(name).any(|(at, _)| {
            let next = manual[at + name.len()..].chars().next();
            let last = manual[..at].chars().next_back();
            let part_of_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-');
            !part_of_word(next) && !part_of_word(last)
        })
    };
    let mut wanted = Vec::new();
    let (mut verbs, mut hidden, mut option) = (false, false, false);
    for line in args.lines() {
        let text = line.trim();
        let indent = line.len() - line.trim_start().len();
        if indent == 0 {
            verbs = text.starts_with("pub enum ") && text.contains("Verb {");
        } else if verbs && indent == 4 && text.starts_with("#[command(hide = true)]") {
            hidden = true;
        } else if verbs && indent == 4 && text.starts_with(|c: char| c.is_ascii_uppercase()) {
            let name: String = text.chars().take_while(char::is_ascii_alphanumeric).collect();
            if !std::mem::take(&mut hidden) {
                wanted.push(kebab(&name));
            }
        }
        if text.starts_with("#[arg(long") {
            match text.strip_prefix("#[arg(long = \"").and_then(|rest| rest.split('"').next()) {
                Some(name) => wanted.push(format!("--{name}")),
                None => option = true,
            }
        } else if option && let Some((name, _)) = text.trim_start_matches("pub ").split_once(": ") {
            wanted.push(format!("--{}", name.replace('_', "-")));
            option = false;
        }
    }
    wanted.sort();
    wanted.dedup();
    wanted.retain(|name| !is_named(name));
    wanted
}

/// Writes a variant's name as a verb: `PgBindir` is `pg-bindir`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

#[test]
fn the_manual_names_every_verb_and_option() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read =
        |path: &str| fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"));
    let args = [
        "src/cli/args.rs",
        "src/cli/stop_args.rs",
        "src/cli/args/demo.rs",
        "src/cli/args/finding.rs",
        "src/cli/args/restore.rs",
        "src/cli/args/session.rs",
    ]
    .map(read)
    .concat();
    let missing = unmentioned(&args, &read("packaging/man/countersign.1"));
    assert!(missing.is_empty(), "packaging/man/countersign.1 does not name: {}", missing.join(", "));
}

#[test]
fn what_the_manual_leaves_out_is_seen() {
    const ARGS: &str = "
pub enum Verb {
    /// Look.
    Check(Check),
    /// Helps itself.
    #[command(hide = true)]
    Tick {
        #[arg(long)]
        dir: PathBuf,
    },
    Withdraw(Decide),
}
pub struct Check {
    #[arg(long = \"as\", value_name = \"PRINCIPAL\")]
    pub principal: String,
    /// A key.
    #[arg(long, value_name = \"KEY\")]
    pub key_file: Option<PathBuf>,
    pub other: u8,
}
pub enum Shape {
    Round,
}
";
    assert_eq!(unmentioned(ARGS, "check, withdraw \\-\\-dir \\-\\-as \\-\\-key\\-file"), Vec::<String>::new());
    assert_eq!(unmentioned(ARGS, "check \\-\\-dir \\-\\-ask \\-\\-key"), ["--as", "--key-file", "withdraw"]);
}
