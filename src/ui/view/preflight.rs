//! The preflight list: what must be true before a run, each line with the fact behind it. It only shows what is known;
//! the session checks everything afresh before it begins.

use super::Scene;
use super::approvals::status;
use crate::ledger::RequestStatus;
use crate::session::RequestView;
use crate::ui::state::Known;
use crate::ui::widget::text;

/// Whether a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It is not known.
    Unknown,
}

/// One line of the list.
pub struct Line {
    /// Whether it holds.
    pub holds: Holds,
    /// The sentence, with the fact in it.
    pub words: String,
}

fn line(holds: bool, yes: impl Into<String>, no: impl Into<String>) -> Line {
    if holds { Line { holds: Holds::Yes, words: yes.into() } } else { Line { holds: Holds::No, words: no.into() } }
}

/// Lists what must be true.
#[must_use]
pub fn lines(scene: &Scene<'_>, request: &RequestView) -> Vec<Line> {
    let shown = scene.shown;
    let standing = &request.standing;
    let mut lines = Vec::new();
    lines.push(match shown.connection.value() {
        Some(connection) => {
            let actual = &connection.note.database;
            let expected = &request.plan.target.database;
            line(
                actual == expected,
                format!("Connected to {actual}"),
                format!("The plan is for {expected}, this is {actual}"),
            )
        }
        None => Line { holds: Holds::No, words: "Not connected".to_owned() },
    });
    lines.push(match shown.ledger.value() {
        Some(ledger) => line(
            ledger.broken.is_none(),
            format!("The ledger's chain holds up to entry {}", ledger.state.head_seq),
            format!("The ledger's chain is broken: {}", ledger.broken.as_deref().unwrap_or_default()),
        ),
        None => Line { holds: Holds::Unknown, words: "The ledger has not been read".to_owned() },
    });
    let stop = shown.stop_of(request);
    lines.push(match (&stop, &shown.survey) {
        (Some((_, reason)), _) => Line { holds: Holds::No, words: format!("A stop holds: {reason}") },
        (None, Known::Known(_)) => {
            Line { holds: Holds::Yes, words: "No stop holds and no condition has tripped".to_owned() }
        }
        (None, Known::NotAsked | Known::Asking { .. } | Known::Unreadable { .. }) => {
            Line { holds: Holds::Unknown, words: "The stop conditions have not been looked at: look again".to_owned() }
        }
    });
    let signed = u32::try_from(standing.approved.len()).unwrap_or(u32::MAX);
    lines.push(line(
        signed >= standing.needed,
        format!("{signed} of {} people have approved, with distinct keys", standing.needed),
        format!("{signed} of {} people have approved", standing.needed),
    ));
    let open = status(scene, request) == RequestStatus::Open;
    lines.push(line(open, "The request is open and unused", "The request is no longer open; stage it again"));
    lines.push(match &standing.void {
        None => Line { holds: Holds::Yes, words: "Nothing speaks against it: not expired, not rejected".to_owned() },
        Some(void) => Line { holds: Holds::No, words: format!("Nobody can run it now: {void}") },
    });
    let left = request.request.not_after.as_second() - scene.now.as_second();
    lines.push(line(left > 0, format!("Holds for {} more", text::span(left.max(0))), "It has expired"));
    let age = scene.now.as_second() - request.rehearsal.taken_at.as_second();
    let limit = i64::from(request.plan.policy.rehearsal_max_age_seconds);
    let fresh = age <= limit && request.rehearsal.passed();
    lines.push(line(
        fresh,
        format!("Rehearsed {}, {}", text::ago(request.rehearsal.taken_at, scene.now), request.rehearsal.left_words()),
        format!("The rehearsal is {} old and may be {} old, or did not pass", text::span(age), text::span(limit)),
    ));
    lines
}
