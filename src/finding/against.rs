//! Takes a verified finding and a ledger; gives whether the head inside the finding is still in that ledger; refuses a
//! ledger that was cut or rewritten since, and a ledger of another database.

use super::subject::Subject;
use super::{Cited, RestartSubject, StopSubject, Verification};
use crate::census::Target;
use crate::ledger::{Entry, hold_head, verify_chain};

/// How the sentence begins that says what a choice of entries cannot show.
pub(super) const LEFT_OUT: &str = "That no ledger entry was left out";
/// How the sentence begins that says that nobody has looked.
pub(super) const UNSEEN: &str = "That the ledger still holds entry ";

/// Says in the verification whether the ledger of this target holds the head that the finding's signed bytes name.
///
/// `entries` is the ledger from its first entry on.
pub fn hold_against(verification: &mut Verification, entries: &[Entry], target: &Target) {
    let Some(finding) = &verification.finding else { return };
    let planned = finding.target();
    let (server, oid) = (&target.system_identifier, target.database_oid);
    if (&planned.system_identifier, planned.database_oid) != (server, oid) {
        verification.refused.push(format!(
            "this ledger is in another database: the finding is about database {} of server {}, this is {oid} of {server}",
            planned.database_oid, planned.system_identifier
        ));
        return;
    }
    if let Err(broken) = verify_chain(entries, None) {
        verification.refused.push(format!("the ledger's chain does not hold: {broken}"));
        return;
    }
    // Written as text: one number has one spelling.
    let seq = finding.ledger_seq.parse::<u64>().ok().filter(|seq| seq.to_string() == finding.ledger_seq);
    let Some(seq) = seq else {
        let found = finding.ledger_seq.escape_debug();
        verification.refused.push(format!("the finding names ledger entry `{found}`, which is no number"));
        return;
    };
    let (known, subject) = (finding.ledger_head, finding.subject.clone());
    match hold_head(entries, seq, known) {
        Ok(()) => {
            verification.not_proved.retain(|sentence| !sentence.starts_with(UNSEEN));
            let newest = entries.last().map_or(0, |entry| entry.seq);
            verification.proved.push(format!(
                "The ledger still holds entry {seq} with hash {known}, and its chain holds from entry 1 to {newest}."
            ));
            hold_cited(verification, entries, seq, &subject);
        }
        Err(broken) => {
            let meaning = broken.explain(entries).meaning;
            verification
                .refused
                .push(format!("the ledger does not hold the head inside the finding: {broken}. {meaning}"));
        }
    }
}

/// Says whether the ledger, up to the head that the finding knew, gives the very evidence that the finding holds.
fn hold_cited(verification: &mut Verification, entries: &[Entry], head: u64, subject: &Subject) {
    let known = entries.iter().position(|entry| entry.seq > head).map_or(entries, |end| &entries[..end]);
    let again: Result<Cited, String> = match subject {
        Subject::Request(_) => return,
        Subject::Stop(subject) => StopSubject::of(known, &subject.cited.target, subject.stop).map(|it| it.cited),
        Subject::Restart(subject) => {
            RestartSubject::of(known, &subject.cited.target, subject.restart).map(|it| it.cited)
        }
        Subject::Comparison(subject) => Cited::of_roster(known, &subject.cited.target),
    };
    let cited = match subject {
        Subject::Request(_) => return,
        Subject::Stop(subject) => &subject.cited,
        Subject::Restart(subject) => &subject.cited,
        Subject::Comparison(subject) => &subject.cited,
    };
    match again {
        Ok(again) if again == *cited => {
            verification.not_proved.retain(|sentence| !sentence.starts_with(LEFT_OUT));
            verification.proved.push("The ledger gives exactly the entries this finding stands on.".to_owned());
        }
        Ok(_) => {
            verification.refused.push("the ledger gives other entries than those this finding stands on".to_owned());
        }
        Err(reason) => verification.refused.push(format!("the ledger does not give what this finding says: {reason}")),
    }
}
