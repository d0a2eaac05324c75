//! Two baselines, side by side.

use super::stop::{cited, place};
use super::{comparison_table, fact};
use crate::census::{Baseline, Verdict};
use crate::digest::Digest;
use crate::finding::block::{Block, Span, Style};
use crate::finding::subject::ComparisonSubject;

pub(super) fn tell(subject: &ComparisonSubject) -> Vec<Block> {
    let mut page = place(&subject.cited.target);
    page.extend(baseline("The left one", &subject.left, subject.left_digest));
    page.extend(baseline("The right one", &subject.right, subject.right_digest));
    page.push(Block::Heading(2, "Side by side".to_owned()));
    page.push(if subject.comparison.rows.is_empty() {
        Block::styled(Style::Care, "No check is in either of them.")
    } else {
        comparison_table(&subject.comparison, ["Left", "Expected", "Right"])
    });
    page.push(Block::Heading(2, "Left out by choice".to_owned()));
    page.push(if subject.ignored.is_empty() {
        Block::text("Nothing: every check of both baselines is above.")
    } else {
        Block::list(subject.ignored.iter().map(|id| vec![Span::mono(id.to_string())]).collect())
    });
    let texts = subject.comparison.rows.iter().filter(|row| row.verdict != Verdict::Same && !row.sql.is_empty());
    let texts: Vec<_> = texts.collect();
    if !texts.is_empty() {
        page.push(Block::Heading(2, "What was asked where they differ".to_owned()));
        for row in texts {
            page.push(Block::Heading(3, row.title.clone()));
            page.push(Block::Code(row.sql.clone()));
        }
    }
    page.extend(cited(&subject.cited));
    page
}

fn baseline(title: &str, baseline: &Baseline, digest: Digest) -> Vec<Block> {
    let target = &baseline.census.target;
    vec![
        Block::Heading(2, title.to_owned()),
        Block::Facts(vec![
            fact("Label", Span::new(Style::Strong, baseline.label.clone())),
            fact("Digest", Span::mono(digest.to_string())),
            fact("Taken at", Span::plain(format!("{}, by the server's clock", baseline.census.taken_at))),
            fact("Database", Span::plain(target.identity())),
            fact("Looked at by", Span::plain(target.role.clone())),
            fact("Runbook", Span::plain(baseline.runbook.clone())),
            fact("Runbook digest", Span::mono(baseline.runbook_digest.to_string())),
            fact("Readings", Span::plain(baseline.census.readings.len().to_string())),
        ]),
    ]
}
