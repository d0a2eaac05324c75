//! Takes a finding; gives one page that opens anywhere: no scripts, nothing loaded from elsewhere, nothing invisible.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::deeds::{stage_evidence, steps};
use super::export::Form;
use super::shown::shown;
use super::subject::Subject;
use super::{Finding, FindingKind, FindingSubject, page, told, words};
use crate::approval::{LEAST_APPROVALS, Roster, SignedBytes, fingerprint, parse_roster, rehearsal_failure};
use crate::census::{Comparison, Reading, Row, Verdict};
use crate::digest::Digest;
use crate::plan::{EXECUTOR, Via};
use crate::run::Outcome;
use crate::runbook::Principal;

const STYLE: &str = include_str!("finding.css");
/// What the first form's pages do not have.
const MORE_STYLE: &str = include_str!("more.css");

/// Renders the finding as one self-contained HTML page.
#[must_use]
pub fn render_html(finding: &Finding, digest: Digest, signatures: &[SignedBytes]) -> String {
    render_form(finding, digest, signatures, Form::Second)
}

pub(super) fn render_form(finding: &Finding, digest: Digest, signatures: &[SignedBytes], form: Form) -> String {
    let body = match &finding.subject {
        Subject::Request(subject) => request(finding, subject, digest, signatures, form),
        Subject::Stop(_) | Subject::Restart(_) | Subject::Comparison(_) => {
            page::draw(&told::tell(finding, digest, signatures))
        }
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Whatever a text in here may hold, the page loads and runs nothing.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "Finding " (digest.short()) }
                style { (PreEscaped(STYLE)) @if form == Form::Second { (PreEscaped(MORE_STYLE)) } }
            }
            body { (body) }
        }
    };
    page.into_string()
}

fn request(
    finding: &Finding,
    subject: &FindingSubject,
    digest: Digest,
    signatures: &[SignedBytes],
    form: Form,
) -> Markup {
    let roster = parse_roster(&subject.roster).ok();
    html! {
                (top(finding, subject, digest, form))
                (target(subject))
                @if let (Form::Second, Some(end)) = (form, &subject.plan.end_session) {
                    (page::draw(&told::end_session(end)))
                }
                @if let (Form::Second, Some(restore)) = (form, &subject.plan.restore) {
                    (page::draw(&told::restore(restore)))
                }
                (steps(subject))
                @if let Some(after) = &subject.after {
                    h2 { "Verified after the commit" }
                    p.quiet { "Read on a fresh connection after the last transaction that was committed had ended." }
                    (comparison(after))
                } @else if subject.outcome == Some(Outcome::Committed) {
                    h2 { "Verified after the commit" }
                    p.failed { "? Not verified: nothing was compared after the commit." }
                }
                @for (number, inside) in (1..).zip(&subject.inside) {
                    h2 { "Inside the transaction, stage " (number) }
                    (comparison(inside))
                }
                (rehearsal(subject))
                (people(subject, signatures, roster.as_ref()))
                (proofs(finding, subject))
    }
}

fn top(finding: &Finding, subject: &FindingSubject, digest: Digest, form: Form) -> Markup {
    let kind = match (form, finding.kind) {
        (Form::Second, _) => finding.kind_words(),
        (Form::First, FindingKind::Rehearsal) => "Finding: rehearsal",
        (Form::First, FindingKind::Run) => "Finding: run",
        // A request is never of the later kinds; verification says so of one that claims to be.
        (Form::First, FindingKind::Divergence | FindingKind::Stop | FindingKind::Restart | FindingKind::Comparison) => {
            "Finding: divergence"
        }
    };
    html! {
        div.kind { (kind) }
        h1 { (shown(&finding.headline)) }
        @match &subject.outcome {
            Some(Outcome::Unknown { .. }) => {
                p.banner.failed {
                    "? UNKNOWN. Nothing has proved whether the last stage was committed. "
                    "Do not run it again before that is known."
                }
            }
            Some(Outcome::Committed | Outcome::RolledBack { .. }) | None => {}
        }
        p.phrase.mono { (digest.phrase()) }
        p.mono { (digest.groups()) }
        p.quiet { "SHA-256 of finding.json, and its first 64 bits as words to read aloud." }
        @if !finding.words.is_empty() {
            h2 { "In the writer's words" }
            @match form {
                Form::First => { pre { (shown(&finding.words)) } }
                Form::Second => { blockquote { (page::draw(&words::words(&finding.words))) } }
            }
        }
        p.quiet {
            "Written by " (shown(finding.writer.as_str())) " at " (finding.written_at) ", by the clock of that desk."
        }
    }
}

fn target(subject: &FindingSubject) -> Markup {
    let (plan, target) = (&subject.plan, &subject.plan.target);
    let (policy, timeouts) = (&plan.policy, &plan.settings.timeouts);
    html! {
        h2 { "Where and what" }
        dl {
            dt { "Database" } dd { (shown(&target.database)) " (OID " (target.database_oid) ")" }
            dt { "Server" } dd {
                "system identifier " (shown(&target.system_identifier))
                ", version " (target.server_version) ", timeline " (target.timeline)
            }
            dt { "Role" } dd {
                (shown(&target.role))
                @if plan.via == Some(Via::Gate) { " rehearsed it; the gate runs it as " (shown(EXECUTOR)) }
                @if let Some(role) = &plan.run_as { " rehearsed it; a member of " (shown(role)) " runs it" }
            }
            dt { "Runbook" } dd {
                (shown(&plan.runbook)) " " (shown(&plan.runbook_version)) ", " code { (plan.runbook_digest.short()) }
            }
            dt { "Plan" } dd { code { (subject.plan_digest) } }
            dt { "Request" } dd { code { (subject.request_digest) } }
            dt { "Open" } dd { "from " (subject.request.not_before) " to " (subject.request.not_after) }
            dt { "Roster" } dd { "version " (plan.roster_version) ", " code { (plan.roster_digest.short()) } }
            dt { "Baseline" } dd { code { (plan.baseline_digest) } }
            dt { "Policy" } dd {
                (policy.approvals.max(LEAST_APPROVALS)) " people; a rehearsal holds for "
                (policy.rehearsal_max_age_seconds) " s"
            }
            dt { "Timeouts" } dd {
                "lock " (timeouts.lock_millis) " ms, statement " (timeouts.statement_millis)
                " ms, idle in transaction " (timeouts.idle_in_transaction_millis) " ms"
            }
            @for parameter in &plan.parameters {
                dt { "Parameter " (shown(&parameter.name)) } dd { code { (shown(&parameter.value)) } }
            }
        }
        @if !plan.hazards.is_empty() {
            h3 { "Hazards that an approval acknowledges" }
            ul {
                @for hazard in &plan.hazards {
                    li { code { (shown(&hazard.rule)) } " at " (shown(&hazard.place)) ": " (shown(&hazard.message)) }
                }
            }
        }
        @if !plan.waived.is_empty() {
            h3 { "Hazards that the author waives" }
            ul {
                @for hazard in &plan.waived {
                    li { code { (shown(&hazard.rule)) } " at " (shown(&hazard.place)) ": " (shown(&hazard.message)) }
                }
            }
        }
    }
}

fn comparison(comparison: &Comparison) -> Markup {
    html! {
        table {
            thead { tr { th { "Check" } th { "Baseline" } th { "Expected" } th { "Actual" } th { "Verdict" } } }
            tbody { @for row in &comparison.rows { (comparison_row(row)) } }
        }
    }
}

fn comparison_row(row: &Row) -> Markup {
    // Colour never speaks alone: shape, word, then colour.
    let (shape, word) = match row.verdict {
        Verdict::Same => ("=", "same"),
        Verdict::Grown => ("+", "grown"),
        Verdict::Drifted => ("≠", "drifted"),
        Verdict::Missing => ("∅", "missing"),
        Verdict::Blind => ("?", "blind"),
    };
    html! {
        tr {
            td { (shown(&row.title)) br; code.quiet { (shown(row.id.as_str())) } }
            td.mono { @match &row.baseline { Some(value) => (reading(value)), None => span.quiet { "none kept" } } }
            td.mono { (shown(&row.expected)) }
            td.mono { (reading(&row.actual)) }
            td class={ "verdict " (word) } {
                (shape) " " (word)
                @if let Some(remark) = &row.remark { br; span.quiet { (shown(remark)) } }
            }
        }
    }
}

fn reading(reading: &Reading) -> Markup {
    html! {
        @match reading {
            Reading::Value(Some(value)) => (shown(value)),
            Reading::Value(None) => span.quiet { "absent" },
            Reading::Blind(reason) => span.blind { "? " (shown(reason)) },
        }
    }
}

fn rehearsal(subject: &FindingSubject) -> Markup {
    let rehearsal = &subject.rehearsal;
    html! {
        h2 { "The rehearsal that was shown to the reviewers" }
        p {
            "Taken at " (rehearsal.taken_at) " by the server's clock; the transaction was open for "
            (rehearsal.duration_millis) " ms and ended by ROLLBACK."
        }
        @match rehearsal_failure(rehearsal) {
            None => {
                p.same {
                    "= " (rehearsal.left_words().replacen("nothing", "Nothing", 1)) ": " (rehearsal.entry.readings.len())
                    " readings before BEGIN and after ROLLBACK were compared."
                }
            },
            Some(failure) => { p.failed { "≠ It did not pass: " (shown(&failure)) } },
        }
        @if let Some(lock) = rehearsal.trace.strongest_lock() {
            p { "Strongest lock: " code { (shown(&lock.mode)) } " on " (shown(&lock.relation.to_string())) "." }
        }
        // Where nothing was run, the steps above show this already.
        @if subject.trace.is_some() {
            @for stage in &rehearsal.trace.stages {
                @if !stage.effects.is_empty() || !stage.holders.is_empty() {
                    h3 { (shown(stage.step.as_str())) " as it was rehearsed" }
                    (stage_evidence(stage))
                }
            }
        }
        @if !rehearsal.residue.is_empty() {
            table {
                thead { tr { th { "What" } th { "Before BEGIN" } th { "After ROLLBACK" } } }
                tbody { @for residue in &rehearsal.residue { tr {
                    td { (shown(residue.what.as_str())) }
                    td.mono { @if let Some(value) = &residue.entry { (reading(value)) } }
                    td.mono { @if let Some(value) = &residue.exit { (reading(value)) } }
                } } }
            }
        }
    }
}

fn people(subject: &FindingSubject, signatures: &[SignedBytes], roster: Option<&Roster>) -> Markup {
    let mut rows = vec![("requested", &subject.requested)];
    rows.extend(subject.approvals.iter().map(|signed| ("approved", signed)));
    rows.extend(subject.operated.iter().map(|signed| ("ran it", signed)));
    rows.extend(signatures.iter().map(|signed| ("signed this finding", signed)));
    html! {
        h2 { "People" }
        table {
            thead { tr { th { "Who" } th { "What" } th { "Keys listed for this person" } } }
            tbody { @for (deed, signed) in rows { tr {
                td { (who(&signed.principal, roster)) }
                td { (deed) }
                td.mono { (keys(&signed.principal, roster)) }
            } } }
        }
        p.quiet { "This page does not check signatures. VERIFY.txt, beside it, says how stock tools do." }
    }
}

fn who(principal: &Principal, roster: Option<&Roster>) -> Markup {
    let person = roster.and_then(|roster| roster.person(principal));
    html! { @if let Some(person) = person { (shown(&person.name)) " " } span.quiet { (shown(principal.as_str())) } }
}

fn keys(principal: &Principal, roster: Option<&Roster>) -> Markup {
    let person = roster.and_then(|roster| roster.person(principal));
    let prints: Vec<String> =
        person.iter().flat_map(|person| &person.keys).filter_map(|key| fingerprint(&key.line).ok()).collect();
    html! { @if prints.is_empty() { span.failed { "? not on the roster" } } @else { (prints.join("\n")) } }
}

fn proofs(finding: &Finding, subject: &FindingSubject) -> Markup {
    let roster = Digest::of(subject.roster.as_bytes());
    html! {
        h2 { "What this can prove, and what it cannot" }
        p {
            "With the signatures beside it: that these people signed exactly this request, which binds exactly this "
            "plan, this rehearsal, this baseline and this roster; and that the writer signed exactly this finding."
        }
        p { "Not:" }
        ul {
            li {
                "that the keys belong to these people: compare the roster's digest with one from another source: "
                code { (roster.groups()) }
            }
            li { "when anything was signed: an SSH signature holds no time" }
            li { "that the database is today as it is described here" }
            li {
                "that the ledger still holds entry " (shown(&finding.ledger_seq)) " with hash "
                code { (finding.ledger_head) }
            }
        }
    }
}
