//! Takes the ledger and a signature; refuses one of a hardware key whose counter does not go on from the key's earlier
//! signatures in this ledger.
//!
//! A hardware key counts what it signs. A counter that goes back or stands still says that a copy of the key signs as well,
//! or that signatures were brought in another order than they were made. Either way the person signs once more. Only what
//! lets something happen is refused: a rejection or a withdrawal counts in any case, and its counter is remembered.

use super::ledger::Opened;
use super::{Failure, FailureKind};
use crate::approval::{
    ApprovalRefusal, Namespace, RosterAct, SignedBytes, counter_goes_on, decision_bytes, is_touch_over, touch_of,
};
use crate::digest::Digest;
use crate::ledger::{SignedOver, State, Touched};
use crate::plan::{Request, read_strict};

/// Refuses a new signature whose counter does not go on.
pub(super) fn refuse_stepped_back(state: &State, signed: &SignedBytes) -> Result<(), Failure> {
    let Some(reason) = stepped_back(state, signed, u64::MAX) else { return Ok(()) };
    let refusal = ApprovalRefusal::BadSignature { principal: signed.principal.clone(), reason };
    let hint = "Sign it again with the key itself. If that is refused too, somebody has a copy of the key: take it off the roster.";
    Err(Failure::new(FailureKind::Refused, refusal.to_string(), hint))
}

/// Refuses to run on an approval whose counter does not go on: whoever appended it may have done so with another tool.
pub(super) fn refuse_stepped_back_approvals(state: &State, opened: &Opened) -> Result<(), Failure> {
    let Some((_, refusal)) = opened.stepped_back(state).into_iter().next() else { return Ok(()) };
    let hint =
        "Stage it again, and have it approved anew. If the counter steps back again, take the key off the roster.";
    Err(Failure::new(FailureKind::Refused, refusal.to_string(), hint))
}

/// Says why the counter of a signature is not believed, looking at what the ledger holds before this entry.
pub(super) fn stepped_back(state: &State, signed: &SignedBytes, before: u64) -> Option<String> {
    let now = touch_of(&signed.signature)?;
    let earlier = state.touched.iter().filter(|it| it.seq < before && it.touch.fingerprint == now.fingerprint);
    // The same bytes are the same touch. A counter counts only with the signature that holds around it: anybody who may
    // append could otherwise push it up.
    let earlier = earlier.filter(|it| it.signed.signature != signed.signature && holds(state, it));
    let highest = earlier.max_by_key(|it| it.touch.counter)?;
    if counter_goes_on(Some(highest.touch.counter), now.counter) {
        return None;
    }
    Some(format!(
        "the counter of the hardware key {} was {} in ledger entry {} and is {} here, where a higher one is expected",
        now.fingerprint, highest.touch.counter, highest.seq, now.counter
    ))
}

/// Verifies a signature of the ledger against the very bytes it is said to be over.
fn holds(state: &State, touched: &Touched) -> bool {
    let over = |namespace, bytes: &[u8]| is_touch_over(&touched.signed.signature, namespace, bytes);
    match &touched.over {
        SignedOver::Request(digest, namespace) => {
            state.request(*digest).is_some_and(|request| over(*namespace, request.request.as_bytes()))
        }
        SignedOver::Approval(digest) => state.request(*digest).is_some_and(|request| {
            let verb = read_strict::<Request>(&request.request).map(|document| document.verb);
            verb.is_ok_and(|verb| over(Namespace::of(verb), request.request.as_bytes()))
        }),
        SignedOver::Decision(digest, decision, reason) => {
            over(decision.namespace(), &decision_bytes(*decision, *digest, reason))
        }
        SignedOver::Finding => {
            let kept = state.findings.iter().find(|(seq, ..)| *seq == touched.seq);
            kept.is_some_and(|(_, text, _)| over(Namespace::Finding, text.as_bytes()))
        }
        SignedOver::Restart => {
            let papers = state.halt.lifts().iter().flat_map(|lift| &lift.papers).chain(state.halt.papers());
            let mut paper = papers.filter(|paper| paper.seq == touched.seq);
            paper.next().is_some_and(|kept| over(kept.paper.act.namespace(), kept.paper.text().as_bytes()))
        }
        SignedOver::Roster(digest) => state.rosters.iter().any(|deed| match &deed.act {
            RosterAct::Proposed { document, .. } => {
                Digest::of(document.as_bytes()) == *digest && over(Namespace::Roster, document.as_bytes())
            }
            RosterAct::Approved { .. } | RosterAct::Withdrawn { .. } => false,
        }),
    }
}

#[cfg(test)]
mod tests {
    //! A key's counter is its own, whoever the roster says it belongs to: these keys are on no roster.

    use super::*;
    use crate::approval::Decision;
    use crate::approval::fixture::{Desk, sign, sign_touched};
    use crate::ledger::{Body, Entry, GENESIS, replay};

    fn staged(desk: &Desk) -> Body {
        let text = String::from_utf8(desk.bytes()).unwrap();
        let signature = sign("bot", Namespace::Stage, text.as_bytes());
        let (plan, rehearsal, baseline) = (String::new(), String::new(), String::new());
        Body::Staged { request: text, plan, rehearsal, baseline, roster: desk.roster.text.clone(), signature }
    }

    fn approval(desk: &Desk, flags: u8, counter: u32) -> SignedBytes {
        sign_touched("lan", Namespace::Run, &desk.bytes(), flags, counter)
    }

    fn approved(desk: &Desk, signature: SignedBytes) -> Body {
        Body::Approved { request_digest: Digest::of(&desk.bytes()), signature }
    }

    fn state(bodies: &[Body]) -> State {
        let entry = |(body, seq): (&Body, u64)| Entry {
            seq,
            at: String::new(),
            actor: String::new(),
            xid: String::new(),
            kind: body.kind().to_owned(),
            body: body.to_text(),
            previous: GENESIS,
            hash: GENESIS,
        };
        replay(&bodies.iter().zip(1..).map(entry).collect::<Vec<_>>())
    }

    /// Appends an approval with this counter after those entries; says `taken` or why not.
    fn check(bodies: &[Body], signed: &SignedBytes, expected: &str) {
        let said = refuse_stepped_back(&state(bodies), signed);
        let said = said.map_or_else(|failure| failure.message, |()| "taken".to_owned());
        assert!(said.contains(expected), "expected: {expected}\nactual:   {said}");
    }

    #[test]
    fn a_counter_that_does_not_go_on_is_refused() {
        let (desk, mut next) = (Desk::new(), Desk::new());
        next.request.nonce = "fedcba9876543210fedcba9876543210".to_owned();
        let before = [staged(&desk), approved(&desk, approval(&desk, 1, 9)), staged(&next)];
        check(&before, &approval(&next, 1, 10), "taken");
        check(&before, &approval(&next, 1, 9), "was 9 in ledger entry 2 and is 9 here");
        check(&before, &approval(&next, 1, 8), "was 9 in ledger entry 2 and is 8 here");
        check(&before, &approval(&next, 1, 0), "was 9 in ledger entry 2 and is 0 here");
        // The same bytes once more are the same touch, and another key has a counter of its own.
        check(&before, &approval(&desk, 1, 9), "taken");
        check(&before, &sign("minh", Namespace::Run, &next.bytes()), "taken");
        check(&[staged(&desk), approved(&desk, approval(&desk, 1, 0)), staged(&next)], &approval(&next, 1, 0), "taken");
    }

    #[test]
    fn only_a_signature_that_holds_moves_the_counter() {
        let desk = Desk::new();
        let untouched = approved(&desk, approval(&desk, 0, 90));
        let others = approved(&desk, sign_touched("lan", Namespace::Run, b"something else", 1, 91));
        check(&[staged(&desk), untouched, others], &approval(&desk, 1, 5), "taken");
        let (digest, reason) = (Digest::of(&desk.bytes()), "too early".to_owned());
        let bytes = decision_bytes(Decision::Reject, digest, &reason);
        let signature = sign_touched("lan", Namespace::Reject, &bytes, 1, 92);
        let rejected = Body::Rejected { request_digest: digest, reason, signature };
        check(&[staged(&desk), rejected], &approval(&desk, 1, 5), "was 92 in ledger entry 2 and is 5 here");
    }

    #[test]
    fn an_approval_in_the_ledger_is_held_against_those_before_it() {
        let desk = Desk::new();
        let (first, second) = (approval(&desk, 1, 9), approval(&desk, 1, 8));
        let state = state(&[staged(&desk), approved(&desk, first.clone()), approved(&desk, second.clone())]);
        assert_eq!(stepped_back(&state, &first, 2), None);
        assert!(stepped_back(&state, &second, 3).is_some());
    }
}
