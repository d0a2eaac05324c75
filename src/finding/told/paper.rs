//! The papers of a restart, as they were signed.

use super::{fact, reading};
use crate::finding::block::{Block, Span, Style};
use crate::ledger::{Difference, DifferenceOf, Divergence, KeptPaper, RestartAct};
use crate::runbook::StepId;

pub(super) fn papers(papers: &[KeptPaper]) -> Vec<Block> {
    papers.iter().flat_map(paper).collect()
}

fn paper(kept: &KeptPaper) -> Vec<Block> {
    let paper = &kept.paper;
    let title = match &paper.act {
        RestartAct::Divergence(_) => "The divergence finding",
        RestartAct::Accepted { .. } => "The acceptance",
        RestartAct::Authorised { .. } => "The authorisation",
        RestartAct::Record { .. } => "The record",
    };
    let mut facts = vec![
        fact("Said", Span::new(Style::Strong, format!("{} {}", paper.by, paper.act.words()))),
        fact("Ledger entry", Span::plain(format!("{}, taken at {} by the server's clock", kept.seq, kept.at))),
        fact("Digest", Span::mono(kept.digest.to_string())),
        fact("Signed for", Span::mono(paper.act.namespace().as_str())),
        fact("With the key", Span::mono(kept.fingerprint.clone())),
        fact("About the stop", Span::plain(format!("of ledger entry {}", paper.stop))),
    ];
    if let Some(divergence) = paper.divergence {
        facts.push(fact("Stands on", Span::mono(divergence.to_string())));
    }
    let mut page = vec![Block::Heading(3, format!("{title}, ledger entry {}", kept.seq)), Block::Facts(facts)];
    match &paper.act {
        RestartAct::Divergence(divergence) => page.extend(told(divergence)),
        RestartAct::Accepted { differences: accepted, reason } => {
            page.push(Block::text(format!("Why: {reason}")));
            page.push(differences(accepted));
        }
        RestartAct::Authorised { verdicts, reason } => {
            page.push(Block::text(format!("Why: {reason}")));
            let items = verdicts.iter().map(|it| vec![Span::plain(format!("{} {}", it.step, it.verdict.as_str()))]);
            page.push(Block::list(items.collect()));
        }
        RestartAct::Record { gate, answer, words } => {
            page.push(Block::Facts(vec![
                fact("Gate", Span::mono(gate.clone())),
                fact("Its answer", reading(answer)),
                fact("Seen", Span::plain(words.clone())),
            ]));
        }
    }
    page
}

fn told(divergence: &Divergence) -> Vec<Block> {
    let steps: Vec<&str> = divergence.steps.iter().map(StepId::as_str).collect();
    let mut page = vec![
        Block::Quoted(crate::finding::words::words(&divergence.words)),
        Block::Facts(vec![
            fact("Runbook", Span::plain(divergence.runbook.clone())),
            fact("Runbook digest", Span::mono(divergence.runbook_digest.to_string())),
            fact("Affected steps", Span::plain(steps.join(", "))),
            fact("Baseline", Span::mono(divergence.baseline.to_string())),
            fact(
                "Looked at",
                Span::plain(format!("{}, {} checks and conditions", divergence.taken_at, divergence.looked_at)),
            ),
        ]),
    ];
    if divergence.differences.is_empty() {
        page.push(Block::styled(Style::Good, "= Every count is at the baseline, and no condition trips."));
    } else {
        page.push(differences(&divergence.differences));
    }
    page
}

pub(super) fn differences(differences: &[Difference]) -> Block {
    let rows = differences.iter().map(|it| {
        let of = match it.of {
            DifferenceOf::Check => "check",
            DifferenceOf::Condition => "stop condition",
        };
        vec![Span::plain(format!("{}\n{of} {}", it.title, it.id)), Span::mono(it.expected.clone()), reading(&it.actual)]
    });
    let head = ["What", "Expected", "Actual"].map(str::to_owned).to_vec();
    Block::Table { head, rows: rows.collect() }
}
