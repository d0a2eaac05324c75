//! The verbs of a restart after a disaster stop: show, divergence, accept, authorise and record.

use serde_json::json;

use super::super::args::{Connection, Signing};
use super::super::output::{counted, visible};
use super::super::stop_args::RestartVerb;
use super::super::{Output, wiring};
use super::{needed_baseline, open, runbook};
use crate::census::Reading;
use crate::ledger::{Authorisation, Difference, Divergence, GateStanding, Lift};
use crate::port::Database;
use crate::runbook::{Runbook, StepId};
use crate::session::{
    Failure, FailureKind, RestartLook, RestartSaid, RestartStanding, SignAs, Verdicts, World, accept_differences,
    authorise_steps, look_at_restart, recheck_record, write_divergence,
};

/// `restart …`.
pub(super) async fn restart(world: &World, verb: &RestartVerb, output: Output) -> Result<(), Failure> {
    let steps = |names: &[String]| names.iter().map(|name| StepId(name.clone())).collect::<Vec<_>>();
    match verb {
        RestartVerb::Show { connection, runbook: folder } => {
            let book = book(world, folder.as_deref())?;
            let database = open(world, &connection.text).await?;
            let look = look_at_restart(world, &*database, book.as_ref()).await?;
            show(&look, output)
        }
        RestartVerb::Divergence { runbook: folder, words, steps: names, baseline, connection, signing } => {
            let (runbook, _) = runbook(world, folder)?;
            let (database, signer) = desk(world, connection, signing).await?;
            let baseline = needed_baseline(world, &*database, &runbook, baseline.as_deref()).await?;
            let names = steps(names);
            said(&write_divergence(world, &*database, &runbook, &baseline, words, &names, &signer).await?, output);
            Ok(())
        }
        RestartVerb::Accept { reason, runbook: folder, connection, signing } => {
            let book = book(world, folder.as_deref())?;
            let (database, signer) = desk(world, connection, signing).await?;
            said(&accept_differences(world, &*database, book.as_ref(), reason, None, &signer).await?, output);
            Ok(())
        }
        RestartVerb::Authorise { confirm, revoke, reason, runbook: folder, connection, signing } => {
            let book = book(world, folder.as_deref())?;
            let (database, signer) = desk(world, connection, signing).await?;
            let of = |names: &[String], verdict| steps(names).into_iter().map(move |step| (step, verdict));
            let confirmed = of(confirm, Authorisation::Reconfirmed);
            let verdicts: Vec<_> = confirmed.chain(of(revoke, Authorisation::Revoked)).collect();
            let verdicts = Verdicts { verdicts: &verdicts, reason, seen: None };
            said(&authorise_steps(world, &*database, book.as_ref(), &verdicts, &signer).await?, output);
            Ok(())
        }
        RestartVerb::Record { gate, words, runbook: folder, connection, signing } => {
            let book = book(world, folder.as_deref())?;
            let (database, signer) = desk(world, connection, signing).await?;
            said(&recheck_record(world, &*database, book.as_ref(), gate, words, &signer).await?, output);
            Ok(())
        }
    }
}

fn book(world: &World, folder: Option<&std::path::Path>) -> Result<Option<Runbook>, Failure> {
    let opened = folder.map(|folder| runbook(world, folder)).transpose()?;
    Ok(opened.map(|(runbook, _)| runbook))
}

async fn desk(
    world: &World,
    connection: &Connection,
    signing: &Signing,
) -> Result<(std::sync::Arc<dyn Database>, SignAs), Failure> {
    let database = open(world, &connection.text).await?;
    let signer = wiring::signer(world, &signing.principal, &signing.key, signing.passphrase_file.as_deref()).await?;
    Ok((database, signer))
}

/// Says what a paper led to.
fn said(said: &RestartSaid, output: Output) {
    output.print(
        || {
            let mut out = line(&format!("Signed as ledger entry {}: {}", said.seq, said.words));
            match (&said.standing.lift, said.is_lifted) {
                (Some(lift), true) => out += &lift_text(lift),
                (Some(_) | None, _) => out += &gates_text(&said.standing.gates),
            }
            out
        },
        || json!({"entry": said.seq, "words": said.words, "lifted": said.is_lifted, "restart": standing_json(&said.standing)}),
    );
}

/// `restart show`: exits as stopped while a gate is open.
fn show(look: &RestartLook, output: Output) -> Result<(), Failure> {
    let standing = &look.standing;
    output.print(
        || {
            let mut out = String::new();
            if standing.stops.is_empty() {
                out += "No stop holds.\n";
                return out + &standing.lift.as_ref().map_or_else(String::new, lift_text);
            }
            for stop in &standing.stops {
                out += &line(&format!("DISASTER STOP, ledger entry {}: {}: {}", stop.seq, stop.condition, stop.reason));
            }
            out += &gates_text(&standing.gates);
            if let Some(differs) = &look.differs {
                out += &line(&format!("! Sign nothing on top of the divergence finding: {differs}"));
            }
            out + &look.divergence.as_ref().map_or_else(String::new, |divergence| divergence_text(divergence, look))
        },
        || {
            json!({
                "restart": standing_json(standing), "divergence": look.divergence,
                "authorisations": look.authorisations, "records": look.records, "differs": look.differs,
            })
        },
    );
    match standing.stops.last() {
        None => Ok(()),
        Some(stop) => {
            let open = standing.gates.iter().filter(|gate| gate.met.is_none()).count();
            let message = format!("a disaster stop holds: {}; {} open", stop.condition, counted(open, "gate"));
            Err(Failure::new(FailureKind::Stopped, message, "What each gate is missing is said above."))
        }
    }
}

fn standing_json(standing: &RestartStanding) -> serde_json::Value {
    let gate =
        |gate: &GateStanding| json!({"id": gate.id, "title": gate.title, "met": gate.met, "missing": gate.missing});
    json!({
        "stops": standing.stops.iter().map(|stop| stop.seq).collect::<Vec<_>>(),
        "gates": standing.gates.iter().map(gate).collect::<Vec<_>>(),
        "lift": standing.lift.as_ref().map(|lift| json!({
            "entry": lift.seq, "at": lift.at, "verdicts": lift.verdicts, "accepted": lift.accepted,
            "stops": lift.stops.iter().map(|stop| stop.seq).collect::<Vec<_>>(),
        })),
    })
}

fn gates_text(gates: &[GateStanding]) -> String {
    let gate = |gate: &GateStanding| match &gate.met {
        Some(met) => line(&format!("✓ {}: {}", gate.title, met)),
        None => line(&format!("○ {}\n    missing: {}", gate.title, gate.missing)),
    };
    gates.iter().map(gate).collect()
}

fn lift_text(lift: &Lift) -> String {
    let seqs: Vec<String> = lift.stops.iter().map(|stop| stop.seq.to_string()).collect();
    let mut out = line(&format!(
        "RESTARTED by ledger entry {} at {}: it lifts the stop of {}",
        lift.seq,
        lift.at,
        seqs.join(", ")
    ));
    for verdict in &lift.verdicts {
        out += &line(&match verdict.verdict {
            Authorisation::Reconfirmed => format!(
                "  {} re-confirmed: it begins at STEP 0, with a new plan, rehearsal and approvals",
                verdict.step
            ),
            Authorisation::Revoked => format!("  {} revoked: it may be reversed, and not built", verdict.step),
        });
    }
    for accepted in &lift.accepted {
        out += &line(&format!("  accepted: {}", difference_text(accepted)));
    }
    out + "  What was staged before is void.\n"
}

fn divergence_text(divergence: &Divergence, look: &RestartLook) -> String {
    let mut out = line(&format!(
        "Divergence finding of {} ({} looked at)",
        divergence.taken_at,
        counted(divergence.looked_at as usize, "answer")
    ));
    out += &line(&format!("  {}", divergence.words.replace('\n', "\n  ")));
    for difference in &divergence.differences {
        out += &line(&format!("  ≠ {}", difference_text(difference)));
    }
    for (step, answer) in &look.authorisations {
        out += &line(&format!("  record of {step}: {}", value(answer)));
    }
    for (gate, answer) in &look.records {
        out += &line(&format!(
            "  {gate}: {}",
            answer.as_ref().map_or_else(|| "asks nothing; look at the record yourself".to_owned(), value)
        ));
    }
    out
}

fn difference_text(difference: &Difference) -> String {
    format!(
        "{}: {} (expected {}, actual {})",
        difference.id,
        difference.title,
        one_line(&difference.expected),
        one_line(&value(&difference.actual))
    )
}

fn one_line(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    if lines.next().is_some() { first + " …" } else { first }
}

fn value(reading: &Reading) -> String {
    match reading {
        Reading::Value(Some(value)) => value.clone(),
        Reading::Value(None) => "absent".to_owned(),
        Reading::Blind(reason) => format!("cannot be seen: {reason}"),
    }
}

/// One or more lines that a terminal shows and does not obey.
fn line(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", visible(line))).collect()
}
