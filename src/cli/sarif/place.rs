//! Takes a file's text and the line and column of a note; gives the region it speaks of; refuses nothing: a place
//! outside the text becomes the nearest one inside.

use super::model::Region;
use crate::runbook::sql::{Lexeme, Statement, lexemes, split};
use pg_query::protobuf::Token;

/// A file of the runbook, ready to be pointed into.
pub(super) struct Text<'t> {
    whole: &'t str,
    /// Where each line begins.
    starts: Vec<usize>,
    /// The words of a script; none where it cannot be cut.
    words: Vec<Lexeme>,
    /// The statements of a script; none where it cannot be read.
    statements: Vec<Statement>,
}

impl<'t> Text<'t> {
    /// Reads a file; a script is cut into words and statements.
    pub fn of(text: &'t str, is_script: bool) -> Self {
        let feeds = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let words = if is_script { lexemes(text).unwrap_or_default() } else { Vec::new() };
        let words = words.into_iter().filter(|word| !word.is_comment()).collect();
        let statements = if is_script { split(text).unwrap_or_default() } else { Vec::new() };
        Self { whole: text, starts: [0].into_iter().chain(feeds).collect(), words, statements }
    }

    /// Returns the bytes from `start` to `end` that a note speaks of: its statement, the name it stands on, or the rest
    /// of its line.
    pub fn span(&self, line: u32, column: u32, statement: u32) -> (usize, usize) {
        let own = (statement as usize).checked_sub(1).and_then(|index| self.statements.get(index));
        let Some(row) = (line as usize).checked_sub(1) else {
            // The file as a whole: viewers need a line, so the first one stands for it.
            return own.map_or_else(|| (0, self.line_end(0)), |own| (own.start, own.end));
        };
        let start = self.offset(row, column);
        if let Some(own) = own.filter(|own| own.start == start) {
            return (start, own.end);
        }
        let end = self.name_end(start).unwrap_or_else(|| self.line_end(row)).max(start);
        (start, end)
    }

    /// Returns the text of a span.
    pub fn slice(&self, (start, end): (usize, usize)) -> &'t str {
        self.whole.get(start..end).unwrap_or_default()
    }

    /// Returns the lines and columns of a span.
    pub fn region(&self, (start, end): (usize, usize)) -> Region {
        let ((start_line, start_column), (end_line, end_column)) = (self.place(start), self.place(end));
        Region { start_line, start_column, end_line, end_column }
    }

    /// Returns where a name with its dots ends, or the one word that begins here.
    fn name_end(&self, start: usize) -> Option<usize> {
        let first = self.words.binary_search_by_key(&start, |word| word.start).ok()?;
        let mut last = first;
        while self.words.get(last + 1).is_some_and(|dot| dot.is(Token::Ascii46) && dot.start == self.words[last].end)
            && self.words.get(last + 2).is_some_and(|next| next.start == self.words[last + 1].end)
        {
            last += 2;
        }
        Some(self.words[last].end)
    }

    fn offset(&self, row: usize, column: u32) -> usize {
        let Some(start) = self.starts.get(row) else { return self.whole.len() };
        let line = &self.whole[*start..self.line_end(row)];
        // A byte order mark is no column, as in every other place this program names.
        let mut letters = line.char_indices().filter(|(_, letter)| *letter != '\u{feff}');
        letters.nth((column as usize).saturating_sub(1)).map_or(start + line.len(), |(at, _)| start + at)
    }

    fn line_end(&self, row: usize) -> usize {
        let start = self.starts.get(row).copied().unwrap_or(self.whole.len());
        let end = self.starts.get(row + 1).copied().unwrap_or(self.whole.len());
        start + self.whole[start..end].trim_end_matches(['\r', '\n']).len()
    }

    fn place(&self, offset: usize) -> (u32, u32) {
        let row = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let before = &self.whole[self.starts[row]..offset];
        let column = before.chars().filter(|letter| *letter != '\u{feff}').count() + 1;
        (u32::try_from(row + 1).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    /// `line column statement` → `startLine:startColumn-endLine:endColumn «text»`.
    #[track_caller]
    fn check(text: &str, place: (u32, u32, u32), expect: &str) {
        let file = Text::of(text, true);
        let span = file.span(place.0, place.1, place.2);
        let region = file.region(span);
        let told = format!(
            "{}:{}-{}:{} «{}»",
            region.start_line,
            region.start_column,
            region.end_line,
            region.end_column,
            file.slice(span)
        );
        assert_eq!(told, expect, "for {text:?} {place:?}");
    }

    #[test]
    fn a_note_spans_its_statement_its_name_or_its_line() {
        let script = "-- é\nDROP TABLE public.\"É f\" , other;\n/* é */ DELETE\n FROM b ;";
        check(script, (2, 1, 1), "2:1-2:32 «DROP TABLE public.\"É f\" , other»");
        check(script, (2, 12, 1), "2:12-2:24 «public.\"É f\"»");
        check(script, (2, 27, 1), "2:27-2:32 «other»");
        check(script, (3, 9, 2), "3:9-4:8 «DELETE\n FROM b»");
        check(script, (0, 0, 2), "3:9-4:8 «DELETE\n FROM b»");
        check(script, (0, 0, 0), "1:1-1:5 «-- é»");
        check(script, (1, 4, 0), "1:4-1:5 «é»");
    }

    #[test]
    fn what_cannot_be_read_still_has_a_place() {
        check("SELECT 'abc", (1, 8, 0), "1:8-1:12 «'abc»");
        check("SELEC 1;\r\nx", (1, 7, 0), "1:7-1:8 «1»");
        check("'", (9, 9, 9), "1:2-1:2 «»");
        check("", (0, 0, 0), "1:1-1:1 «»");
        check("", (1, 1, 1), "1:1-1:1 «»");
        check("\u{feff}DROP TABLE t", (1, 1, 1), "1:1-1:13 «DROP TABLE t»");
        check("a\n", (2, 1, 0), "2:1-2:1 «»");
    }
}
