//! Takes the path of a small JSON file; gives what the window remembers: theme, zoom, widths, recent runbooks and
//! connection profiles. Refuses to remember a password.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::port::{FileError, Folders};
use crate::session::Environment;

/// How many recent runbooks are kept: what fits on the start page.
const RECENT_LIMIT: usize = 8;
/// How often the stop conditions are watched when nobody said otherwise: soon enough to halt, rare enough to cost nothing.
const WATCH_SECONDS: u32 = 30;
/// How many connection profiles are kept: what fits on the start page.
const PROFILE_LIMIT: usize = 12;

/// Everything the window remembers. Unknown fields are ignored, so that an older program reads a newer file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    /// Light, dark, or as the system says.
    pub theme: ThemeChoice,
    /// 1.0 is 100 %.
    pub zoom: f32,
    /// The width of the steps rail, in points.
    pub rail_width: f32,
    /// The width of the evidence panel, in points.
    pub evidence_width: f32,
    /// Whether the evidence panel is shown.
    pub evidence: bool,
    /// How often the stop conditions are watched, in seconds; 0 is not at all.
    pub watch_seconds: u32,
    /// Runbook folders, newest first.
    pub recent: Vec<PathBuf>,
    /// Connections, newest first, without passwords.
    pub profiles: Vec<Profile>,
}

/// Light, dark, or as the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// A connection as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The connection text without a password.
    pub text: String,
    /// What kind of database it is.
    #[serde(default)]
    pub environment: Environment,
}

impl Default for Prefs {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::System,
            zoom: 1.0,
            rail_width: 224.0,
            evidence_width: 288.0,
            evidence: true,
            watch_seconds: WATCH_SECONDS,
            recent: Vec::new(),
            profiles: Vec::new(),
        }
    }
}

impl Prefs {
    /// Reads the file; anything unreadable gives the defaults, because preferences must never keep the window shut.
    #[must_use]
    pub fn read(folders: &dyn Folders, path: &Path) -> Self {
        let read = folders.read_file(path).ok().and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        let mut prefs = read.unwrap_or_default();
        prefs.zoom = if prefs.zoom.is_finite() { prefs.zoom.clamp(0.5, 3.0) } else { 1.0 };
        prefs
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When it cannot be written; the window says so once and goes on.
    ///
    /// # Panics
    /// Never: preferences are texts and numbers.
    pub fn write(&self, folders: &dyn Folders, path: &Path) -> Result<(), FileError> {
        let bytes = serde_json::to_vec_pretty(self).expect("BUG: preferences are texts and numbers");
        // A new home has no folder for settings yet. Where none can be made, writing says why.
        if let Some(folder) = path.parent() {
            let _ = folders.make_private_folder(folder);
        }
        folders.write_file(path, &bytes)
    }

    /// Puts a runbook folder on top of the recent ones.
    pub fn opened(&mut self, path: &Path) {
        self.recent.retain(|known| known != path);
        self.recent.insert(0, path.to_owned());
        self.recent.truncate(RECENT_LIMIT);
    }

    /// Puts a connection on top of the profiles, its password left out.
    pub fn connected(&mut self, text: &str, environment: Environment) {
        let text = without_password(text);
        if text.trim().is_empty() {
            return;
        }
        self.profiles.retain(|profile| profile.text != text);
        self.profiles.insert(0, Profile { text, environment });
        self.profiles.truncate(PROFILE_LIMIT);
    }
}

/// Takes the password out of a connection URL or of `key=value` text.
#[must_use]
pub fn without_password(text: &str) -> String {
    let text = text.trim();
    if let Some((scheme, rest)) = text.split_once("://") {
        let (address, query) = rest.split_once('?').map_or((rest, None), |(address, query)| (address, Some(query)));
        let (authority, path) = address.split_once('/').map_or((address, None), |(left, right)| (left, Some(right)));
        let authority = authority.rsplit_once('@').map_or_else(
            || authority.to_owned(),
            |(user, host)| format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        );
        let query: Vec<&str> =
            query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !is_secret(pair)).collect();
        let path = path.map(|path| format!("/{path}")).unwrap_or_default();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        return format!("{scheme}://{authority}{path}{query}");
    }
    pairs(text).into_iter().filter(|pair| !is_secret(pair)).collect::<Vec<_>>().join(" ")
}

fn is_secret(pair: &str) -> bool {
    let key = pair.split('=').next().unwrap_or_default().trim();
    ["password", "sslpassword", "passfile_contents"].iter().any(|secret| key.eq_ignore_ascii_case(secret))
}

/// Splits libpq's `key=value` text: values may be quoted with `'`, spaces may stand around `=`.
fn pairs(text: &str) -> Vec<String> {
    let mut pairs: Vec<String> = Vec::new();
    let mut pair = String::new();
    let (mut quoted, mut escaped, mut has_value) = (false, false, false);
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => quoted = !quoted,
            _ => {}
        }
        if letter.is_whitespace() && !quoted && !escaped {
            if has_value && !pair.ends_with('=') {
                pairs.push(std::mem::take(&mut pair));
                has_value = false;
            }
            continue;
        }
        if letter == '=' && !quoted {
            has_value = true;
        } else if has_value && pair.is_empty() {
            has_value = false;
        }
        pair.push(letter);
    }
    if !pair.is_empty() {
        pairs.push(pair);
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::{Prefs, without_password};

    fn check(text: &str, expect: &str) {
        assert_eq!(without_password(text), expect, "{text}");
    }

    #[test]
    fn remembers_no_password_and_loses_nothing_else() {
        check(
            "postgres://ops:geheim@db-1:5432/directus?sslmode=require",
            "postgres://ops@db-1:5432/directus?sslmode=require",
        );
        check("postgres://ops:a@b@db-1/directus", "postgres://ops@db-1/directus");
        check("postgres://db-1/directus?password=geheim&sslmode=require", "postgres://db-1/directus?sslmode=require");
        check("postgres://ops@db-1/directus", "postgres://ops@db-1/directus");
        check("host=db-1 password=geheim dbname=directus", "host=db-1 dbname=directus");
        check("host=db-1 password = 'ge heim' dbname=directus", "host=db-1 dbname=directus");
        check(r"host=db-1 password='ge\' heim' dbname=directus", "host=db-1 dbname=directus");
        check("host='/var/run/postgresql' user=ops", "host='/var/run/postgresql' user=ops");
        check("", "");
    }

    #[test]
    fn reads_a_newer_file_and_survives_a_broken_one() {
        let prefs: Prefs = serde_json::from_str(r#"{"theme":"dark","something_new":3}"#).unwrap();
        assert_eq!(prefs.theme, super::ThemeChoice::Dark);
        assert!((prefs.rail_width - Prefs::default().rail_width).abs() < 0.5);
    }
}
