//! The verbs that make the ledger, say who may write to it, and verify it: ledger init, map, unmap, logins and verify.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::args::Connection;
use super::super::output::columns;
use super::super::{Output, wiring};
use super::open;
use crate::approval::{Governed, RosterPlace, RosterVersion};
use crate::census::Baseline;
use crate::digest::Digest;
use crate::ledger::Body;
use crate::plan::canonical;
use crate::port::{Database, MappedLogin, MappedLogins};
use crate::runbook::Principal;
use crate::session::{
    Audit, Failure, FailureKind, ROSTER_OPEN_FOR, SignAs, World, audit_ledger, open_baseline, open_ledger,
    propose_roster,
};

/// What `ledger init` was asked for.
pub(super) struct Init<'a> {
    pub(super) print: bool,
    pub(super) make: Make,
    pub(super) yes: bool,
    pub(super) baseline: Option<&'a Path>,
    pub(super) roster: Option<FirstRoster>,
}

/// How much `ledger init` makes; each holds the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Make {
    /// The ledger alone.
    Ledger,
    /// The roles and their grants.
    Grants,
    /// The gate.
    Gate,
}

/// The roster that `ledger init` proposes, and who does.
pub(super) struct FirstRoster {
    pub(super) file: PathBuf,
    pub(super) principal: String,
    pub(super) key: String,
    pub(super) passphrase_file: Option<PathBuf>,
}

/// `ledger init`.
pub(super) async fn init(
    world: &World,
    connection: &Connection,
    init: &Init<'_>,
    output: Output,
) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    let (with_grants, with_gate) = (init.make >= Make::Grants, init.make == Make::Gate);
    let grants = if with_grants { format!("\n{}", database.ledger_grants_sql()) } else { String::new() };
    let gate = if with_gate { format!("\n{}", database.ledger_gate_sql()) } else { String::new() };
    let sql = database.ledger_sql() + &grants + &gate;
    if init.print {
        output.print(|| sql.clone(), || json!({"sql": sql}));
        return Ok(());
    }
    let baseline = match init.baseline {
        Some(path) => Some(of_this_database(&*database, open_baseline(world, path)?).await?),
        None => None,
    };
    // What cannot be read or signed with is told before anything is made.
    let first = match &init.roster {
        Some(first) => Some((super::roster::read_text(world, &first.file)?, first_signer(world, first).await?)),
        None => None,
    };
    if !init.yes {
        if !output.json {
            eprintln!("{sql}");
        }
        confirm_init()?;
    }
    database.ledger_init().await?;
    // Whoever makes a ledger says who may sign in it, and everybody on it agrees (D-72).
    let proposed = match &first {
        Some((text, signer)) => {
            let reason = "the first roster of this ledger";
            Some(propose_roster(world, &*database, text, reason, ROSTER_OPEN_FOR, signer).await?)
        }
        None => None,
    };
    let known = open_ledger(world, &*database).await?;
    if let Some(baseline) = baseline {
        let document = canonical(&baseline)?;
        let digest = Digest::of(document.as_bytes());
        if known.state().baselines.iter().all(|(kept, _)| *kept != digest) {
            database.ledger_append(&Body::Baseline { document, digest }).await?;
        }
    }
    let in_force = Governed::of(&known.state().rosters, RosterPlace::of(&database.target().await?));
    let in_force = in_force.in_force().ok().map(RosterVersion::version);
    // Last: the ledger then belongs to countersign_owner, and the login that made it may append no more.
    if with_grants {
        database.ledger_grants().await?;
    }
    if with_gate {
        database.ledger_gate().await?;
    }
    output.print(
        || {
            let next = if with_gate {
                "The roles have their grants, and the gate is there. Next: GRANT countersign_operator and countersign_rehearser to \
                 logins, the target's tables to countersign_executor, and `ledger map PRINCIPAL LOGIN`.\n"
            } else if with_grants {
                "The roles have their grants. Next: GRANT them to logins, and `ledger map PRINCIPAL LOGIN`.\n"
            } else {
                ""
            };
            let none = || match in_force {
                Some(version) => format!("Version {version} of the roster is in force.\n"),
                None => "Nobody can stage before a roster is in force: `roster propose`.\n".to_owned(),
            };
            let roster = proposed.as_ref().map_or_else(none, super::roster::standing_text);
            format!("The ledger is there.\n{roster}{next}")
        },
        || {
            let roster = proposed.as_ref().map(super::roster::standing_json);
            json!({"ledger": "ready", "grants": with_grants, "gate": with_gate, "roster": roster})
        },
    );
    Ok(())
}

/// Returns who proposes the first roster.
async fn first_signer(world: &World, first: &FirstRoster) -> Result<SignAs, Failure> {
    wiring::signer(world, &first.principal, &first.key, first.passphrase_file.as_deref()).await
}

/// Refuses the truth of another database (D-53).
async fn of_this_database(database: &dyn Database, baseline: Baseline) -> Result<Baseline, Failure> {
    let target = database.target().await?;
    if baseline.census.target.is_same_database(&target) {
        return Ok(baseline);
    }
    let message = format!(
        "the baseline does not belong here: it was taken on {}, this is {}",
        baseline.census.target.identity(),
        target.identity()
    );
    Err(Failure::new(
        FailureKind::Refused,
        message,
        "Nothing was made. Name the baseline that was taken on this database.",
    ))
}

fn confirm_init() -> Result<(), Failure> {
    let refuse = || {
        Failure::new(FailureKind::Refused, "the ledger was not made", "Read the SQL with --print, then write --yes.")
    };
    if !std::io::stdin().is_terminal() {
        return Err(refuse());
    }
    eprint!("Make the ledger with this SQL? Type yes: ");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|_| refuse())?;
    if line.trim() == "yes" { Ok(()) } else { Err(refuse()) }
}

/// `ledger map`.
pub(super) async fn map(
    world: &World,
    connection: &Connection,
    principal: &str,
    login: &str,
    output: Output,
) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    database.ledger_map(&Principal(principal.to_owned()), login).await?;
    output.print(
        || format!("{login} speaks for {principal}; from now on the server checks every login.\n"),
        || json!({"principal": principal, "login": login}),
    );
    Ok(())
}

/// `ledger unmap`.
pub(super) async fn unmap(world: &World, connection: &Connection, login: &str, output: Output) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    if !database.ledger_unmap(login).await? {
        let hint = "See `countersign ledger logins` for those there are.";
        return Err(Failure::new(FailureKind::Unreadable, format!("the login {login} is not mapped"), hint));
    }
    output.print(|| format!("{login} speaks for nobody any more.\n"), || json!({"unmapped": login}));
    Ok(())
}

/// `ledger logins`.
pub(super) async fn logins(world: &World, connection: &Connection, output: Output) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    let mapped = database.ledger_logins().await?;
    output.print(
        || {
            let row = |mapped: &MappedLogin| {
                let MappedLogin { login, principal, since, mapped_by } = mapped;
                vec![principal.to_string(), login.clone(), since.clone(), format!("mapped by {mapped_by}")]
            };
            format!("{}{}\n", columns(&mapped.logins.iter().map(row).collect::<Vec<_>>()), checked_words(&mapped))
        },
        || {
            let row = |mapped: &MappedLogin| {
                let MappedLogin { login, principal, since, mapped_by } = mapped;
                json!({"principal": principal, "login": login, "since": since, "mapped_by": mapped_by})
            };
            json!({"checked": mapped.checked, "logins": mapped.logins.iter().map(row).collect::<Vec<_>>()})
        },
    );
    Ok(())
}

/// Says what PostgreSQL checks of the people in an entry.
fn checked_words(mapped: &MappedLogins) -> String {
    match (mapped.checked, mapped.logins.len()) {
        (false, _) => {
            "no login is mapped to a person: PostgreSQL does not check in whose name a login appends; signatures \
                       alone do (`countersign ledger map PRINCIPAL LOGIN`)"
                .to_owned()
        }
        (true, 0) => "every mapping was taken away: nobody may append in anybody's name".to_owned(),
        (true, 1) => "1 login is mapped: PostgreSQL refuses what another appends in a person's name".to_owned(),
        (true, count) => {
            format!("{count} logins are mapped: PostgreSQL refuses what a login appends in another person's name")
        }
    }
}

/// `ledger verify`.
pub(super) async fn verify(world: &World, connection: &Connection, output: Output) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    let Audit { entries, broken, known, kept_in } = audit_ledger(world, &*database).await?;
    let mapped = database.ledger_logins().await?;
    let head = entries.last().map(|entry| entry.hash);
    let explained = broken.as_ref().map(|broken| broken.explain(&entries));
    output.print(
        || {
            let Some(it) = &explained else {
                let head = head.map_or("-".to_owned(), |hash| hash.to_string());
                let known = known.map_or_else(String::new, |(seq, _)| {
                    format!("entry {seq}, which this desk had verified before, is still there\n")
                });
                let logins = checked_words(&mapped);
                return format!("{} entries, the chain holds; head {head}\n{known}{logins}\n", entries.len());
            };
            let lines = [
                ("entry", &it.entry.to_string()),
                ("problem", &it.problem),
                ("expected", &it.expected),
                ("found", &it.found),
                ("meaning", &it.meaning),
                ("next", &it.next),
            ];
            let lines: String = lines.iter().map(|(name, text)| format!("  {name:<9} {text}\n")).collect();
            let known = known.zip(kept_in.as_ref()).map_or_else(String::new, |((seq, _), file)| {
                let file = file.display();
                format!("  this desk had verified up to entry {seq} and kept that in {file}; remove the file once it is explained\n")
            });
            format!("the chain does not hold\n{lines}{known}")
        },
        || {
            json!({
                "entries": entries.len(), "holds": broken.is_none(), "head": head, "explained": explained,
                "broken": broken.as_ref().map(ToString::to_string), "known": known.map(|(seq, _)| seq), "kept_in": kept_in,
                "logins_checked": mapped.checked, "logins_mapped": mapped.logins.len(),
            })
        },
    );
    broken.map_or(Ok(()), |broken| {
        let hint = "Stop. Keep a copy of the ledger as it is, and compare it with the heads inside exported findings.";
        Err(Failure::new(FailureKind::Refused, format!("the chain does not hold: {broken}"), hint))
    })
}
