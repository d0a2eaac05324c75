//! Takes a finding; gives its page in parts: what it says, the evidence, the people, and what it cannot prove.

mod comparison;
mod paper;
mod request;
mod stop;

use super::block::{Block, Cell, Item, Span, Style};
use super::subject::Subject;
use super::words::words;
use super::{Finding, export::signature_files};
use crate::approval::{Namespace, Roster, SignedBytes, fingerprint};
use crate::census::{Comparison, Reading, Row, Verdict};
use crate::digest::Digest;
use crate::runbook::Principal;

/// Tells the whole finding.
#[must_use]
pub fn tell(finding: &Finding, digest: Digest, signatures: &[SignedBytes]) -> Vec<Block> {
    let mut page = top(finding, digest);
    page.extend(evidence(finding));
    page.extend(people(finding, signatures));
    page.extend(limits(finding));
    page
}

/// Tells the evidence alone.
pub(super) fn evidence(finding: &Finding) -> Vec<Block> {
    match &finding.subject {
        Subject::Request(subject) => request::tell(subject),
        Subject::Stop(subject) => stop::tell_stop(subject),
        Subject::Restart(subject) => stop::tell_restart(subject),
        Subject::Comparison(subject) => comparison::tell(subject),
    }
}

/// The sections of a request that restores a table, or ends a session.
pub(super) use request::{end_session, restore};

fn top(finding: &Finding, digest: Digest) -> Vec<Block> {
    let mut page = vec![
        Block::styled(Style::Quiet, finding.kind_words()),
        Block::Heading(1, finding.headline.clone()),
        Block::Facts(vec![
            fact("Digest", Span::mono(digest.to_string())),
            fact("Read aloud", Span::new(Style::Strong, digest.phrase())),
            fact("Written by", Span::plain(finding.writer.as_str())),
            fact("Written at", Span::plain(format!("{}, by the clock of that desk", finding.written_at))),
        ]),
        Block::styled(
            Style::Quiet,
            "The digest is the SHA-256 of finding.json: the signed bytes from which this page was made.",
        ),
    ];
    if !finding.words.is_empty() {
        page.push(Block::Heading(2, "In the writer's words".to_owned()));
        page.push(Block::Quoted(words(&finding.words)));
    }
    page
}

fn people(finding: &Finding, signatures: &[SignedBytes]) -> Vec<Block> {
    let roster = finding.roster();
    let rows = signature_files(finding, signatures)
        .into_iter()
        .filter(|file| file.namespace != Namespace::Roster)
        .map(|file| {
            let who = &file.signed.principal;
            vec![
                Span::plain(named(roster.as_ref(), who)),
                Span::plain(deed(file.namespace)),
                Span::mono(file.path.clone()),
                keys(roster.as_ref(), who),
            ]
        })
        .collect();
    let head = ["Who", "What", "Signature", "Keys listed for this person"].map(str::to_owned).to_vec();
    vec![
        Block::Heading(2, "People".to_owned()),
        Block::Table { head, rows },
        Block::styled(
            Style::Quiet,
            "This page does not check signatures. VERIFY.txt, beside it, says how stock tools do.",
        ),
    ]
}

fn deed(namespace: Namespace) -> &'static str {
    match namespace {
        Namespace::Stage => "requested",
        Namespace::Run | Namespace::Restore | Namespace::EndSession => "approved",
        Namespace::Operate => "ran it",
        Namespace::Finding => "signed this finding",
        Namespace::Restart => "spoke as the sovereign",
        Namespace::Record => "looked at the record",
        Namespace::Stop => "declared the stop",
        Namespace::Roster => "signed the roster",
        Namespace::Reject => "rejected",
        Namespace::Withdraw => "withdrew",
    }
}

fn named(roster: Option<&Roster>, principal: &Principal) -> String {
    match roster.and_then(|roster| roster.person(principal)) {
        Some(person) => format!("{} {principal}", person.name),
        None => principal.to_string(),
    }
}

fn keys(roster: Option<&Roster>, principal: &Principal) -> Cell {
    let person = roster.and_then(|roster| roster.person(principal));
    let prints: Vec<String> =
        person.iter().flat_map(|person| &person.keys).filter_map(|key| fingerprint(&key.line).ok()).collect();
    if prints.is_empty() { Span::new(Style::Bad, "? not on the roster") } else { Span::mono(prints.join("\n")) }
}

fn limits(finding: &Finding) -> Vec<Block> {
    let roster = finding.roster().map(|roster| roster.digest);
    let roster = roster.map_or_else(|| "unknown".to_owned(), |digest| digest.groups());
    let mut items = vec![
        vec![
            Span::plain(
                "that the keys belong to these people: compare the roster's digest with one from another source: ",
            ),
            Span::mono(roster),
        ],
        vec![Span::plain("when anything was signed: an SSH signature holds no time")],
        vec![Span::plain("that the database is today as it is described here")],
        vec![
            Span::plain(format!("that the ledger still holds entry {} with hash ", finding.ledger_seq)),
            Span::mono(finding.ledger_head.to_string()),
        ],
    ];
    let proved = match &finding.subject {
        Subject::Request(_) => {
            "With the signatures beside it: that these people signed exactly this request, which binds exactly this plan, \
             this rehearsal, this baseline and this roster; and that the writer signed exactly this finding."
        }
        Subject::Stop(_) => {
            "With the signatures beside it: that the writer signed exactly this finding, and that the ledger entries in it \
             have the hashes they are listed with."
        }
        Subject::Restart(_) => {
            "With the signatures beside it: that these people signed exactly these papers about exactly these stops, that \
             together they meet every gate, and that the writer signed exactly this finding."
        }
        Subject::Comparison(_) => {
            "With the signatures beside it: that the writer signed exactly these two baselines, and that they compare as it \
             is shown here."
        }
    };
    match &finding.subject {
        Subject::Request(_) => {}
        Subject::Stop(_) => items.push(vec![Span::plain("whether the stop still holds: the ledger tells")]),
        Subject::Restart(_) => {
            items.push(vec![Span::plain("that no stop between these entries was left out: the ledger tells")]);
        }
        Subject::Comparison(_) => items
            .push(vec![Span::plain("that the baselines say what the databases answered: whoever signed this says so")]),
    }
    vec![
        Block::Heading(2, "What this can prove, and what it cannot".to_owned()),
        Block::text(proved),
        Block::text("Not:"),
        Block::list(items),
    ]
}

fn fact(name: &str, value: Cell) -> (String, Cell) {
    (name.to_owned(), value)
}

fn comparison_table(comparison: &Comparison, sides: [&str; 3]) -> Block {
    let mut head = vec!["Check".to_owned()];
    head.extend(sides.map(str::to_owned));
    head.push("Verdict".to_owned());
    Block::Table { head, rows: comparison.rows.iter().map(comparison_row).collect() }
}

fn comparison_row(row: &Row) -> Vec<Cell> {
    // Colour never speaks alone: shape, word, then colour.
    let (words, style) = verdict(row.verdict);
    let words = row.remark.as_ref().map_or_else(|| words.to_owned(), |remark| format!("{words}\n{remark}"));
    let title = if row.title == row.id.as_str() { row.title.clone() } else { format!("{}\n{}", row.title, row.id) };
    vec![
        Span::plain(title),
        row.baseline.as_ref().map_or_else(|| Span::new(Style::Quiet, "none kept"), reading),
        Span::mono(row.expected.clone()),
        reading(&row.actual),
        Span::new(style, words),
    ]
}

fn verdict(verdict: Verdict) -> (&'static str, Style) {
    match verdict {
        Verdict::Same => ("= same", Style::Good),
        Verdict::Grown => ("+ grown", Style::Good),
        Verdict::Drifted => ("≠ drifted", Style::Bad),
        Verdict::Missing => ("∅ missing", Style::Bad),
        Verdict::Blind => ("? blind", Style::Care),
    }
}

fn reading(reading: &Reading) -> Cell {
    match reading {
        Reading::Value(Some(value)) => Span::mono(value.clone()),
        Reading::Value(None) => Span::new(Style::Quiet, "absent"),
        Reading::Blind(reason) => Span::new(Style::Care, format!("? {reason}")),
    }
}

fn item(text: impl Into<String>) -> Item {
    Item { depth: 0, number: None, spans: vec![Span::plain(text)] }
}
