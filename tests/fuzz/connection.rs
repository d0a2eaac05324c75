//! Takes connection text and password files; gives what the console makes of them, without the console: its window and its
//! driver would have to be built into every fuzzer.

#[path = "../../src/adapter/postgres/passfile.rs"]
#[allow(dead_code, reason = "the fuzzers know no files")]
mod passfile;
#[path = "../../src/adapter/postgres/resolve.rs"]
#[allow(dead_code, reason = "only what it refuses is looked at")]
mod resolve;
#[path = "../../src/adapter/postgres/surroundings.rs"]
#[allow(dead_code, reason = "the fuzzers' surroundings hold nothing")]
mod surroundings;
#[path = "../../src/adapter/postgres/text.rs"]
mod text;

use std::collections::BTreeMap;

use surroundings::Surroundings;

/// Keywords that make the console open a file that the text names.
const FILES: [&str; 6] = ["service", "servicefile", "passfile", "sslrootcert", "sslcert", "sslkey"];

/// Reads connection text, and where it names no file resolves it too; the error is the console's sentence.
pub fn connect(connection: &str) -> Result<BTreeMap<String, String>, String> {
    let keywords = text::keywords(connection)?;
    if !FILES.iter().any(|name| keywords.contains_key(*name)) {
        let nothing = Surroundings { os_user: "tester".to_owned(), ..Surroundings::default() };
        resolve::resolve(connection, &nothing)?;
    }
    Ok(keywords)
}

/// Finds the password of a login in the text of a password file.
pub fn password(file: &str) -> Option<String> {
    passfile::matching(file, ["db", "5432", "directus", "ops"]).map(|found| found.as_str().to_owned())
}
