//! Takes the parts of a page; gives Markdown for a ticket; refuses to let a value become markup.

use std::fmt::Write as _;

use super::block::{Block, Item, Span, Style};
use super::shown::plainly;

/// Writes the parts as Markdown.
#[must_use]
pub fn to_markdown(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        if !out.is_empty() {
            out.push('\n');
        }
        write(&mut out, block);
    }
    out
}

fn write(out: &mut String, block: &Block) {
    match block {
        Block::Heading(level, text) => {
            let _ = writeln!(out, "{} {}", "#".repeat(usize::from(*level)), escaped(&one_line(text)));
        }
        Block::Line(spans) => {
            let _ = writeln!(out, "{}", line(spans));
        }
        Block::Facts(facts) => {
            for (name, value) in facts {
                let _ = writeln!(out, "- **{}**: {}", escaped(name), span(value));
            }
        }
        Block::Table { head, rows } => {
            let _ =
                writeln!(out, "| {} |", head.iter().map(|it| in_cell(&escaped(it))).collect::<Vec<_>>().join(" | "));
            let _ = writeln!(out, "|{}", " --- |".repeat(head.len()));
            for row in rows {
                let cells: Vec<String> = row.iter().map(|cell| in_cell(&span(cell))).collect();
                let _ = writeln!(out, "| {} |", cells.join(" | "));
            }
        }
        Block::Code(text) => {
            let text = plainly(text);
            let fence = "`".repeat(longest_run(&text).max(2) + 1);
            let _ = writeln!(out, "{fence}\n{text}\n{fence}");
        }
        Block::Items(items) => {
            let mut numbered = false;
            for (at, item) in items.iter().enumerate() {
                // Two lists one after the other would be read as one.
                if at > 0 && item.depth == 0 && item.number.is_some() != numbered {
                    out.push('\n');
                }
                numbered = item.number.is_some();
                write_item(out, item);
            }
        }
        Block::Quoted(blocks) => {
            for quoted in to_markdown(blocks).lines() {
                let _ = writeln!(out, "{}", if quoted.is_empty() { ">".to_owned() } else { format!("> {quoted}") });
            }
        }
    }
}

fn write_item(out: &mut String, Item { depth, number, spans }: &Item) {
    let marker = number.map_or_else(|| "-".to_owned(), |number| format!("{number}."));
    let _ = writeln!(out, "{}{marker} {}", "  ".repeat(usize::from(*depth)), line(spans).replace("  \n", " "));
}

fn line(spans: &[Span]) -> String {
    let text: String = spans.iter().map(span).collect();
    // A list, a heading or a quote begins with its line's first letter.
    match text.chars().next() {
        Some('#' | '>' | '+' | '-' | '=' | '~') => format!("\\{text}"),
        Some(first) if first.is_ascii_digit() => numbered_no_more(&text),
        Some(_) | None => text,
    }
}

/// `12. x` would begin a list.
fn numbered_no_more(text: &str) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        Some(b'.' | b')') => format!("{}\\{}", &text[..digits], &text[digits..]),
        _ => text.to_owned(),
    }
}

fn span(Span { text, style }: &Span) -> String {
    match style {
        Style::Mono => code(text),
        Style::Strong | Style::Bad if !text.trim().is_empty() => around("**", text),
        Style::Slanted if !text.trim().is_empty() => around("*", text),
        Style::Plain | Style::Quiet | Style::Good | Style::Care | Style::Strong | Style::Bad | Style::Slanted => {
            escaped(text)
        }
    }
}

/// Marks stand at letters, not at spaces, or they would be read as stars.
fn around(mark: &str, text: &str) -> String {
    let inner = text.trim();
    let before = &text[..text.len() - text.trim_start().len()];
    let after = &text[text.trim_end().len()..];
    format!("{before}{mark}{}{mark}{after}", escaped(inner))
}

fn code(text: &str) -> String {
    let text = one_line(&plainly(text));
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

/// Writes text so that no letter of it is markup; line feeds stay as line breaks.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in plainly(text).chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~' | '$' | '@' => {
                out.push('\\');
                out.push(letter);
            }
            '\n' => out.push_str("  \n"),
            letter => out.push(letter),
        }
    }
    out
}

fn in_cell(text: &str) -> String {
    // In a table a bar ends the cell even inside code.
    let text = text.replace("  \n", " / ").replace('\n', " / ");
    let mut out = String::new();
    let mut last = ' ';
    for letter in text.chars() {
        if letter == '|' && last != '\\' {
            out.push('\\');
        }
        out.push(letter);
        last = letter;
    }
    out
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::to_markdown;
    use crate::finding::block::{Block, Span, Style};

    #[test]
    fn no_value_becomes_markup() {
        let check = |block: Block, expected: &str| assert_eq!(to_markdown(&[block]), format!("{expected}\n"));
        check(Block::text("# no [link](x) *star* <b> | @all"), "\\# no \\[link\\](x) \\*star\\* \\<b\\> \\| \\@all");
        check(Block::text("- no list"), "\\- no list");
        check(Block::text("12. no list"), "12\\. no list");
        check(Block::text("a\n\n# b"), "a  \n  \n\\# b");
        check(Block::Line(vec![Span::mono("a`b")]), "``a`b``");
        check(Block::Code("```\nx".to_owned()), "````\n```\nx\n````");
        check(Block::styled(Style::Bad, " no "), " **no** ");
        check(Block::text("a\u{202e}b"), "aU+202Eb");
        check(
            Block::Table {
                head: vec!["a".to_owned()],
                rows: vec![vec![Span::mono("x|y\nz")], vec![Span::plain("p|q")]],
            },
            "| a |\n| --- |\n| `x\\|y z` |\n| p\\|q |",
        );
        check(Block::Quoted(vec![Block::text("a"), Block::text("## b")]), "> a\n>\n> \\#\\# b");
    }
}
