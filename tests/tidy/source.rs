//! Takes a file's path and text; gives its code, its comments and every path it names, each with its line.
//!
//! A reader of this size cannot follow renames (`use a::B as C`) or macros that write `use` lines. It refuses nothing:
//! text that is not Rust only gives odd tokens.

use std::ops::Range;

/// One file under the repository, read once for every rule.
pub struct Source {
    /// The path from the repository's root, with `/`.
    pub path: String,
    /// The text as it is.
    pub text: String,
    /// The code as words and marks; comments and the insides of literals are gone.
    pub tokens: Vec<Token>,
    /// The comments, documentation included, each with its first line.
    pub comments: Vec<(usize, String)>,
    /// Whether all of it is test code: a file named `tests`, or one that is declared with `#[cfg(test)]`.
    pub test: bool,
}

/// A word, or one mark of punctuation; `::`, `->` and `#[cfg(test)] mod` are seen by looking at several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The word or mark.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A path named in the code, such as `crate::run::Trace`, with `self` and `super` resolved to `crate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its parts; a glob ends with `*`.
    pub parts: Vec<String>,
    /// The line of its first part.
    pub line: usize,
}

impl Source {
    /// Reads a file's text.
    pub fn read(path: &str, text: &str) -> Self {
        let (code, comments) = split(text);
        let named_tests = path.split('/').any(|part| part == "tests" || part == "tests.rs");
        Self { path: path.to_owned(), text: text.to_owned(), tokens: words(&code), comments, test: named_tests }
    }

    /// Returns the first folder or file below `src`, without `.rs`: `src/plan/seal.rs` is in `plan`.
    pub fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let first = inside.split('/').next()?;
        Some(first.strip_suffix(".rs").unwrap_or(first))
    }

    /// Returns the tokens that are not test code: test files and `#[cfg(test)]` items are left out.
    pub fn shipped(&self) -> Vec<Token> {
        if self.test {
            return Vec::new();
        }
        let mut rest = self.tokens.clone();
        for range in test_items(&self.tokens).into_iter().rev() {
            rest.drain(range);
        }
        rest
    }

    /// Returns every path that shipped code names: `use` lines taken apart, and `a::b` in the text.
    pub fn paths(&self) -> Vec<Named> {
        let tokens = self.shipped();
        let mut module = module_of(&self.path);
        let mut inline: Vec<usize> = Vec::new();
        let (mut depth, mut at, mut found) = (0, 0, Vec::new());
        while let Some(token) = tokens.get(at) {
            let next = |ahead: usize| tokens.get(at + ahead).map_or("", |token| token.text.as_str());
            match token.text.as_str() {
                "use" => {
                    let end = tokens[at..].iter().position(|token| token.text == ";").map_or(tokens.len(), |n| at + n);
                    let mut tree = Tree { tokens: &tokens[..end], at: at + 1, found: Vec::new() };
                    tree.branch(&[]);
                    found.extend(tree.found.into_iter().map(|named| resolved(named, &module)));
                    at = end;
                }
                "extern" if next(1) == "crate" => {
                    found.push(Named { parts: vec![next(2).to_owned()], line: token.line });
                    at += 2;
                }
                "mod" if next(2) == "{" => {
                    module.push(next(1).to_owned());
                    inline.push(depth);
                    at += 1;
                }
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    if inline.last() == Some(&depth) {
                        inline.pop();
                        module.pop();
                    }
                }
                word if is_word(word) && next(1) == "::" => {
                    let mut parts = vec![word.to_owned()];
                    let mut end = at;
                    while tokens.get(end + 1).is_some_and(|token| token.text == "::")
                        && tokens.get(end + 2).is_some_and(|token| is_word(&token.text))
                    {
                        parts.push(tokens[end + 2].text.clone());
                        end += 2;
                    }
                    found.push(resolved(Named { parts, line: token.line }, &module));
                    at = end;
                }
                _ => {}
            }
            at += 1;
        }
        found
    }
}

/// Marks the files that some file declares as `#[cfg(test)] mod name;`, and everything below them.
pub fn mark_test_files(sources: &mut [Source]) {
    let mut declared: Vec<Vec<String>> = Vec::new();
    for source in sources.iter() {
        for range in test_items(&source.tokens) {
            let item = &source.tokens[range];
            let Some(at) = item.iter().position(|token| token.text == "mod") else { continue };
            if let [_, name, end] = &item[at..]
                && end.text == ";"
            {
                declared.push(module_of(&source.path).into_iter().chain([name.text.clone()]).collect());
            }
        }
    }
    for source in sources {
        let module = module_of(&source.path);
        source.test |= declared.iter().any(|test| module.starts_with(test));
    }
}

/// A `use` tree being taken apart.
struct Tree<'a> {
    tokens: &'a [Token],
    at: usize,
    found: Vec<Named>,
}

impl Tree<'_> {
    fn branch(&mut self, prefix: &[String]) {
        let mut parts = prefix.to_vec();
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        while let Some(token) = self.tokens.get(self.at) {
            match token.text.as_str() {
                "::" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while self.tokens.get(self.at).is_some_and(|token| token.text != "}") {
                        self.branch(&parts);
                        if self.tokens.get(self.at).is_some_and(|token| token.text == ",") {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "as" => self.at += 2,
                "," | "}" => break,
                "self" if !parts.is_empty() => self.at += 1,
                word => {
                    parts.push(word.to_owned());
                    self.at += 1;
                }
            }
        }
        if !parts.is_empty() {
            self.found.push(Named { parts, line });
        }
    }
}

/// Returns the module a file is, below `crate`: `src/plan/seal.rs` is `plan::seal`, `src/plan/mod.rs` is `plan`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

fn resolved(named: Named, module: &[String]) -> Named {
    let mut base = module.to_vec();
    let mut rest = named.parts.as_slice();
    match rest.first().map(String::as_str) {
        Some("self") => rest = &rest[1..],
        Some("super") => {
            while rest.first().is_some_and(|part| part == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        Some(_) | None => return named,
    }
    let parts = std::iter::once("crate".to_owned()).chain(base).chain(rest.iter().cloned()).collect();
    Named { parts, line: named.line }
}

/// Finds what stands behind `#[cfg(test)]`, the attribute included.
fn test_items(tokens: &[Token]) -> Vec<Range<usize>> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut found = Vec::new();
    let mut at = 0;
    while at + MARK.len() <= tokens.len() {
        if tokens[at..at + MARK.len()].iter().map(|token| token.text.as_str()).eq(MARK) {
            let end = end_of_item(tokens, at + MARK.len());
            found.push(at..end);
            at = end;
        } else {
            at += 1;
        }
    }
    found
}

/// Returns where the item that begins at `start` ends: after its `;`, or after its outermost `}`.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let (mut braces, mut others) = (0_usize, 0_usize);
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "{" => braces += 1,
            "(" | "[" => others += 1,
            ")" | "]" => others = others.saturating_sub(1),
            "}" => {
                braces = braces.saturating_sub(1);
                // `use a::{b};` goes on to its `;`.
                if braces == 0 && tokens.get(at + 1).is_none_or(|next| next.text != ";") {
                    return at + 1;
                }
            }
            ";" if braces == 0 && others == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Returns whether this token is an identifier or a keyword.
pub fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Splits a text into code, with comments and the insides of literals blanked, and comments with their first lines.
fn split(text: &str) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::new(), Vec::new());
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let (end, comment) = piece(&chars, at);
        let taken: String = chars[at..end].iter().collect();
        let lines = taken.matches('\n').count();
        if comment {
            code.extend(std::iter::repeat_n('\n', lines));
            comments.push((line, taken));
        } else if end - at > 1 {
            // A literal is one word of code that no rule looks into.
            code.push_str("\"\"");
            code.extend(std::iter::repeat_n('\n', lines));
        } else {
            code.push(chars[at]);
        }
        line += lines;
        at = end;
    }
    (code, comments)
}

/// Returns where the comment, the literal or the single character at `at` ends, and whether it is a comment.
fn piece(chars: &[char], at: usize) -> (usize, bool) {
    let here = |ahead: usize| chars.get(at + ahead).copied().unwrap_or('\0');
    let after_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match here(0) {
        '/' if here(1) == '/' => (until(chars, at, |rest| rest[0] == '\n'), true),
        '/' if here(1) == '*' => (block_comment(chars, at), true),
        '"' => (quoted(chars, at + 1, '"'), false),
        'r' | 'b' | 'c' if !after_word => {
            let prefix = chars[at..].iter().take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
            let hashes = chars[at + prefix..].iter().take_while(|c| **c == '#').count();
            let raw = chars[at..at + prefix].contains(&'r');
            match here(prefix + hashes) {
                '"' if prefix <= 2 && raw => {
                    let open = at + prefix + hashes + 1;
                    let close = |rest: &[char]| {
                        rest[0] == '"' && rest.iter().skip(1).take(hashes).filter(|c| **c == '#').count() == hashes
                    };
                    ((until(chars, open, close) + 1 + hashes).min(chars.len()), false)
                }
                '"' if prefix == 1 && hashes == 0 => (quoted(chars, at + 2, '"'), false),
                '\'' if prefix == 1 && hashes == 0 && here(0) == 'b' => (quoted(chars, at + 2, '\''), false),
                _ => (at + 1, false),
            }
        }
        // 'a' and '\n' are characters, 'a in &'a str is a lifetime.
        '\'' if here(1) == '\\' || here(2) == '\'' => (quoted(chars, at + 1, '\''), false),
        _ => (at + 1, false),
    }
}

fn until(chars: &[char], start: usize, stop: impl Fn(&[char]) -> bool) -> usize {
    (start..chars.len()).find(|at| stop(&chars[*at..])).unwrap_or(chars.len())
}

fn quoted(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn block_comment(chars: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

/// Cuts code into words and marks.
fn words(code: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut line = 1;
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        } else if c.is_alphanumeric() || c == '_' {
            let mut text = String::from(c);
            while let Some(more) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                text.push(more);
            }
            found.push(Token { text, line });
        } else if !c.is_whitespace() {
            let pair = match (c, chars.peek()) {
                (':', Some(':')) => Some("::"),
                ('-', Some('>')) => Some("->"),
                ('=', Some('>')) => Some("=>"),
                _ => None,
            };
            if pair.is_some() {
                chars.next();
            }
            found.push(Token { text: pair.map_or_else(|| c.to_string(), str::to_owned), line });
        }
    }
    found
}
