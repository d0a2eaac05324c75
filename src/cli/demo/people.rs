//! Takes a folder; gives the demo's people with fresh keys in it, and the roster that names them; refuses to reuse a key.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{LineEnding, PrivateKey};
use zeroize::Zeroizing;

use super::failure::DemoFailure;

/// One of the demo's people, and where the key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoPerson {
    /// The name signatures are made under.
    pub principal: String,
    /// Whether it is a person, who signs the roster; an agent does not.
    pub is_human: bool,
    /// What he or she may do.
    pub roles: Vec<String>,
    /// The private key's file; it has no passphrase.
    pub key: PathBuf,
}

/// Login, name, kind and roles of everybody in the demo.
const PEOPLE: [(&str, &str, &str, &[&str]); 6] = [
    ("author", "Phạm Thị Hồng", "human", &["author"]),
    ("lan", "Nguyễn Thị Lan", "human", &["reviewer", "operator"]),
    ("minh", "Trần Quang Minh", "human", &["reviewer"]),
    ("thu", "Lê Minh Thư", "human", &["reviewer"]),
    ("sovereign", "Đỗ Văn Bình", "human", &["sovereign"]),
    // D-71: it may prepare, and that is all.
    ("agent", "Trợ lý soạn kịch bản", "agent", &["author"]),
];

/// Makes a key for everybody below `keys` and returns the people with the text of `roster.toml`.
///
/// # Errors
/// When there are no random bytes, or a file cannot be written.
pub fn make_people(keys: &Path) -> Result<(Vec<DemoPerson>, String), DemoFailure> {
    DirBuilder::new().mode(0o700).create(keys).map_err(|error| DemoFailure::file("make", keys, &error))?;
    let mut people = Vec::new();
    let mut roster =
        "# Made by `countersign demo`; the keys have no passphrase and are good for nothing else.\nformat = 1\n"
            .to_owned();
    for (login, name, kind, roles) in PEOPLE {
        let principal = format!("{login}@example.test");
        let path = keys.join(login);
        let public = make_key(&path, &principal)?;
        let listed: Vec<String> = roles.iter().map(|role| format!("\"{role}\"")).collect();
        write!(
            roster,
            "\n[[person]]\nprincipal = \"{principal}\"\nname = \"{name}\"\nkind = \"{kind}\"\nroles = [{}]\nkeys = [\"{public}\"]\n",
            listed.join(", ")
        )
        .expect("BUG: writing to a text cannot fail");
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        people.push(DemoPerson { principal, is_human: kind == "human", roles, key: path });
    }
    Ok((people, roster))
}

/// Writes a new key and its public half; returns the public half as one line.
fn make_key(path: &Path, comment: &str) -> Result<String, DemoFailure> {
    let mut seed = Zeroizing::new([0_u8; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|error| DemoFailure::NoChance(error.to_string()))?;
    let pair = Ed25519Keypair::from_seed(&seed);
    let broken = |error: ssh_key::Error| DemoFailure::Sample(format!("a key cannot be written: {error}"));
    let key = PrivateKey::new(KeypairData::from(pair), comment).map_err(broken)?;
    let private = key.to_openssh(LineEnding::LF).map_err(broken)?;
    let public = key.public_key().to_openssh().map_err(broken)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| DemoFailure::file("write", path, &error))?;
    file.write_all(private.as_bytes()).map_err(|error| DemoFailure::file("write", path, &error))?;
    let beside = path.with_extension("pub");
    fs::write(&beside, format!("{public}\n")).map_err(|error| DemoFailure::file("write", &beside, &error))?;
    Ok(public)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn everybody_gets_a_key_of_their_own_that_only_they_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let (people, roster) = make_people(&folder.path().join("keys")).unwrap();
        let table: toml::Table = roster.parse().unwrap();
        let listed = table["person"].as_array().unwrap();
        assert_eq!(listed.len(), people.len());
        let mut keys = BTreeSet::new();
        for (person, row) in people.iter().zip(listed) {
            assert_eq!(fs::metadata(&person.key).unwrap().permissions().mode() & 0o777, 0o600);
            let key = PrivateKey::read_openssh_file(&person.key).unwrap();
            assert!(!key.is_encrypted());
            let public = key.public_key().to_openssh().unwrap();
            assert_eq!(row["keys"][0].as_str(), Some(public.as_str()));
            assert_eq!(row["principal"].as_str(), Some(person.principal.as_str()));
            assert!(keys.insert(public), "one key for two people");
        }
    }

    #[test]
    fn two_people_beside_the_author_can_review_and_one_can_operate() {
        let with =
            |role: &str| PEOPLE.iter().filter(|(_, _, kind, roles)| *kind == "human" && roles.contains(&role)).count();
        assert_eq!((with("reviewer"), with("operator"), with("sovereign")), (3, 1, 1));
    }
}
