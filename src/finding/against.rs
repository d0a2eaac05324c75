//! Takes a verified finding and a ledger; gives whether the head inside the finding is still in that ledger; refuses a
//! ledger that was cut or rewritten since, and a ledger of another database.

use super::Verification;
use crate::census::Target;
use crate::ledger::{Entry, hold_head, verify_chain};

/// How the sentence begins that says that nobody has looked.
pub(super) const UNSEEN: &str = "That the ledger still holds entry ";

/// Says in the verification whether the ledger of this target holds the head that the finding's signed bytes name.
///
/// `entries` is the ledger from its first entry on.
pub fn hold_against(verification: &mut Verification, entries: &[Entry], target: &Target) {
    let Some(finding) = &verification.finding else { return };
    let planned = &finding.subject.plan.target;
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
    match hold_head(entries, seq, finding.ledger_head) {
        Ok(()) => {
            verification.not_proved.retain(|sentence| !sentence.starts_with(UNSEEN));
            let newest = entries.last().map_or(0, |entry| entry.seq);
            verification.proved.push(format!(
                "The ledger still holds entry {seq} with hash {}, and its chain holds from entry 1 to {newest}.",
                finding.ledger_head
            ));
        }
        Err(broken) => {
            let meaning = broken.explain(entries).meaning;
            verification
                .refused
                .push(format!("the ledger does not hold the head inside the finding: {broken}. {meaning}"));
        }
    }
}
