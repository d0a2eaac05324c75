//! Takes the parts of a page; gives them as HTML: nothing is run, nothing is loaded, nothing is invisible.

use maud::{Markup, html};

use super::block::{Block, Span, Style};
use super::shown::shown;

/// Draws the parts.
pub(super) fn draw(blocks: &[Block]) -> Markup {
    html! { @for block in blocks { (part(block)) } }
}

fn part(block: &Block) -> Markup {
    match block {
        Block::Heading(1, text) => html! { h1 { (shown(text)) } },
        Block::Heading(2, text) => html! { h2 { (shown(text)) } },
        Block::Heading(_, text) => html! { h3 { (shown(text)) } },
        Block::Line(spans) => html! { p { (line(spans)) } },
        Block::Facts(facts) => html! {
            dl { @for (name, value) in facts { dt { (shown(name)) } dd { (span(value)) } } }
        },
        Block::Table { head, rows } => html! {
            table {
                thead { tr { @for name in head { th { (shown(name)) } } } }
                tbody { @for row in rows { tr { @for cell in row { td { (span(cell)) } } } } }
            }
        },
        Block::Code(text) => html! { pre { (shown(text)) } },
        Block::Items(items) => html! {
            ul {
                @for item in items {
                    li class={ "depth" (item.depth.min(6)) } {
                        @if let Some(number) = item.number { (number) ". " }
                        (line(&item.spans))
                    }
                }
            }
        },
        Block::Quoted(blocks) => html! { blockquote { (draw(blocks)) } },
    }
}

fn line(spans: &[Span]) -> Markup {
    html! { @for it in spans { (span(it)) } }
}

fn span(Span { text, style }: &Span) -> Markup {
    match style {
        Style::Plain => shown(text),
        Style::Strong => html! { strong { (shown(text)) } },
        Style::Slanted => html! { em { (shown(text)) } },
        Style::Mono => html! { code { (shown(text)) } },
        Style::Quiet => html! { span.quiet { (shown(text)) } },
        Style::Good => html! { span.same { (shown(text)) } },
        Style::Care => html! { span.warn { (shown(text)) } },
        Style::Bad => html! { span.failed { (shown(text)) } },
    }
}
