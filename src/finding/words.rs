//! Takes a person's own words as Markdown; gives the parts of a page; refuses raw HTML, pictures and links that load: all
//! of them are shown as the text they are.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::block::{Block, Item, Span, Style};

/// Reads Markdown: headings, paragraphs, emphasis, code, lists and quotes.
#[must_use]
pub fn words(markdown: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(markdown, Options::empty()) {
        reader.hear(event);
    }
    reader.end_line();
    reader.end_list();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    spans: Vec<Span>,
    items: Vec<Item>,
    /// The next number of each list that is open; `None` in one without numbers.
    lists: Vec<Option<u64>>,
    /// The item that is being read.
    item: Option<Item>,
    heading: Option<u8>,
    code: Option<String>,
    strong: usize,
    slanted: usize,
    /// Where the link or picture that is open leads.
    leads: Vec<String>,
}

impl Reader {
    fn hear(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.begin(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.say(&text, None),
            // A page that showed HTML could show anything at all: it is shown as code is.
            Event::Code(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => self.say(&text, Some(Style::Mono)),
            Event::SoftBreak => self.say(" ", None),
            Event::HardBreak => self.say("\n", None),
            Event::Rule => {
                self.end_line();
                self.say("* * *", Some(Style::Quiet));
                self.end_line();
            }
            Event::FootnoteReference(text) => self.say(&format!("[{text}]"), None),
            Event::TaskListMarker(done) => self.say(if done { "[x] " } else { "[ ] " }, None),
        }
    }

    fn begin(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.end_line();
                self.heading = Some(level as u8);
            }
            Tag::CodeBlock(_) => {
                self.end_line();
                self.end_list();
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.end_line();
                self.lists.push(first);
            }
            Tag::Item => {
                self.end_line();
                let depth = u8::try_from(self.lists.len().saturating_sub(1)).unwrap_or(u8::MAX);
                let number = self.lists.last_mut().and_then(|next| {
                    let number = (*next)?;
                    *next = number.checked_add(1);
                    Some(number)
                });
                self.item = Some(Item { depth, number, spans: Vec::new() });
            }
            Tag::Strong => self.strong += 1,
            Tag::Emphasis | Tag::Strikethrough | Tag::Superscript | Tag::Subscript => self.slanted += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.leads.push(dest_url.to_string()),
            Tag::BlockQuote(_)
            | Tag::Paragraph
            | Tag::HtmlBlock
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Table(_)
            | Tag::TableHead
            | Tag::TableRow
            | Tag::TableCell
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Emphasis | TagEnd::Strikethrough | TagEnd::Superscript | TagEnd::Subscript => {
                self.slanted = self.slanted.saturating_sub(1);
            }
            TagEnd::Link | TagEnd::Image => {
                // Written out: where it leads is read before anybody goes there.
                let leads = self.leads.pop().unwrap_or_default();
                let is_said = self.spans.last().is_some_and(|span| span.text == leads);
                if !leads.is_empty() && !is_said {
                    self.say(&format!(" ({leads})"), Some(Style::Mono));
                }
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    self.blocks.push(Block::Code(code.trim_end_matches('\n').to_owned()));
                }
            }
            TagEnd::List(_) => {
                self.end_line();
                self.lists.pop();
                if self.lists.is_empty() {
                    self.end_list();
                }
            }
            TagEnd::Item
            | TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::HtmlBlock
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Table
            | TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::TableCell
            | TagEnd::MetadataBlock(_) => self.end_line(),
        }
    }

    fn say(&mut self, text: &str, style: Option<Style>) {
        if let Some(code) = &mut self.code {
            code.push_str(text);
            return;
        }
        let style = style.unwrap_or(match (self.strong, self.slanted) {
            (0, 0) => Style::Plain,
            (0, _) => Style::Slanted,
            (_, _) => Style::Strong,
        });
        match self.spans.last_mut() {
            Some(last) if last.style == style => last.text.push_str(text),
            Some(_) | None => self.spans.push(Span::new(style, text)),
        }
    }

    fn end_line(&mut self) {
        let spans = std::mem::take(&mut self.spans);
        let heading = self.heading.take();
        if let Some(item) = self.item.take() {
            self.items.push(Item { spans, ..item });
        } else if spans.iter().all(|span| span.text.trim().is_empty()) {
        } else if !self.lists.is_empty() {
            // One more paragraph of an item.
            let depth = u8::try_from(self.lists.len()).unwrap_or(u8::MAX);
            self.items.push(Item { depth, number: None, spans });
        } else if heading.is_some() {
            let text = spans.into_iter().map(|span| span.text).collect();
            // The page has the larger headings.
            self.blocks.push(Block::Heading(3, text));
        } else {
            self.blocks.push(Block::Line(spans));
        }
    }

    fn end_list(&mut self) {
        let items = std::mem::take(&mut self.items);
        if !items.is_empty() {
            self.blocks.push(Block::Items(items));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::markdown::to_markdown;
    use super::words;

    /// What somebody writes, and what is made of it, as Markdown again.
    fn check(written: &str, expected: &str) {
        assert_eq!(to_markdown(&words(written)).trim_end(), expected, "{written}");
    }

    #[test]
    fn words_keep_their_form_and_load_nothing() {
        check("Done at *noon* by **Lan**.", "Done at *noon* by **Lan**.");
        check("# Large\n\nSmall", "### Large\n\nSmall");
        check("- one\n- two\n  - deep\n\n3. three\n4. four", "- one\n- two\n  - deep\n\n3. three\n4. four");
        check("```sql\nSELECT 1;\n```", "```\nSELECT 1;\n```");
        check("see [here](https://example.test/x)", "see here` (https://example.test/x)`");
        check("![a picture](https://example.test/p.png)", "a picture` (https://example.test/p.png)`");
        check("a <script>alert(1)</script> b", "a `<script>`alert(1)`</script>` b");
        check("<div onclick=x>\nraw\n</div>", "`<div onclick=x> raw </div>`");
        check("> quoted", "quoted");
        check("Đã hoàn tất: ực ạ ỗ", "Đã hoàn tất: ực ạ ỗ");
        check("", "");
    }
}
