//! The PDF, read back by what is written in it: the text a person would select, page by page.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::finding::block::{Block, Item, Span, Style};
use crate::finding::pdf::{Marks, render};

/// Cuts out each indirect object's bytes by its number.
fn objects(pdf: &[u8]) -> BTreeMap<u32, Vec<u8>> {
    let mut objects = BTreeMap::new();
    let mut at = 0;
    while let Some(found) = find(&pdf[at..], b" 0 obj") {
        let mark = at + found;
        let digits = pdf[..mark].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&pdf[mark - digits..mark]).unwrap().parse().unwrap();
        let begin = mark + 6;
        // A stream's own length tells where it ends: its bytes could hold anything.
        let dict_end = find(&pdf[begin..], b"endobj").unwrap();
        let end = match find(&pdf[begin..begin + dict_end], b"stream") {
            Some(stream) => {
                let head = String::from_utf8_lossy(&pdf[begin..begin + stream]).into_owned();
                let length: usize = number_after(&head, "/Length ");
                begin + stream + length + b"stream\n\nendstream\n".len()
            }
            None => begin + dict_end,
        };
        objects.insert(number, pdf[begin..end.min(pdf.len())].to_vec());
        at = end;
    }
    objects
}

fn number_after<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str, key: &str) -> T {
    let rest = &text[text.find(key).unwrap_or_else(|| panic!("{key} in {text}")) + key.len()..];
    rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().parse().unwrap()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn stream(object: &[u8]) -> &[u8] {
    let begin = find(object, b"stream").unwrap() + b"stream\n".len();
    let head = String::from_utf8_lossy(&object[..begin]).into_owned();
    let length: usize = number_after(&head, "/Length ");
    &object[begin..begin + length]
}

/// Reads a string operand: `(…)` with its escapes, or `<…>`.
fn string(bytes: &[u8]) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    if bytes[0] == b'<' {
        let end = bytes.iter().position(|byte| *byte == b'>').unwrap();
        let hex = std::str::from_utf8(&bytes[1..end]).unwrap();
        out.extend((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()));
        return (out, end + 1);
    }
    let (mut at, mut depth) = (1, 1);
    loop {
        match bytes[at] {
            b'\\' => {
                at += 1;
                match bytes[at] {
                    b'n' => out.push(b'\n'),
                    b'r' => out.push(b'\r'),
                    b't' => out.push(b'\t'),
                    b'b' => out.push(8),
                    b'f' => out.push(12),
                    digit @ b'0'..=b'7' => {
                        let octal = std::str::from_utf8(&bytes[at..at + 3]).unwrap();
                        let _ = digit;
                        out.push(u8::from_str_radix(octal, 8).unwrap());
                        at += 2;
                    }
                    other => out.push(other),
                }
            }
            b'(' => {
                depth += 1;
                out.push(b'(');
            }
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return (out, at + 1);
                }
                out.push(b')');
            }
            other => out.push(other),
        }
        at += 1;
    }
}

/// Reads what a person would select, page by page, in the order it was set.
pub(crate) fn text_of(pdf: &[u8]) -> Vec<String> {
    let objects = objects(pdf);
    let text = |number: u32| String::from_utf8_lossy(&objects[&number]).into_owned();
    // The letters of each face.
    let mut letters: BTreeMap<String, BTreeMap<u16, char>> = BTreeMap::new();
    for (first, name) in [(4, "Sans"), (10, "Strong"), (16, "Mono")] {
        if !objects.contains_key(&first) {
            continue;
        }
        let map: u32 = number_after(&text(first), "/ToUnicode ");
        let map = String::from_utf8_lossy(stream(&objects[&map])).into_owned();
        let pairs = map.lines().filter_map(|line| {
            let (number, letter) = line.strip_prefix('<')?.strip_suffix('>')?.split_once("> <")?;
            let units: Vec<u16> = (0..letter.len())
                .step_by(4)
                .filter_map(|at| u16::from_str_radix(letter.get(at..at + 4)?, 16).ok())
                .collect();
            Some((u16::from_str_radix(number, 16).ok()?, String::from_utf16(&units).ok()?.chars().next()?))
        });
        letters.insert(name.to_owned(), pairs.collect());
    }
    let kids = text(2);
    let kids = &kids[kids.find('[').unwrap() + 1..kids.find(']').unwrap()];
    let kids = kids.split("0 R").filter_map(|kid| kid.trim().parse::<u32>().ok());
    kids.map(|kid| {
        let content: u32 = number_after(&text(kid), "/Contents ");
        page_text(stream(&objects[&content]), &letters)
    })
    .collect()
}

fn page_text(content: &[u8], letters: &BTreeMap<String, BTreeMap<u16, char>>) -> String {
    let (mut at, mut face, mut out) = (0, String::new(), String::new());
    while at < content.len() {
        match content[at] {
            b'/' => {
                let name: String = content[at + 1..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric())
                    .map(|byte| *byte as char)
                    .collect();
                at += name.len() + 1;
                face = name;
            }
            b'(' | b'<' => {
                let (bytes, length) = string(&content[at..]);
                let numbers = bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                out.extend(numbers.map(|number| letters[&face][&number]));
                out.push('\n');
                at += length;
            }
            _ => at += 1,
        }
    }
    out
}

fn marks() -> Marks {
    Marks { kind: "Finding: run".to_owned(), digest: Digest::of(b"x") }
}

#[test]
fn what_is_set_can_be_selected_letter_by_letter() {
    let words = "Đã hoàn tất: ỗ ạ ực Ữ ₫ «Đường Nguyễn Huệ» (a\\b) ∅ ✗ → ≠ 0O 1lI";
    let blocks = [
        Block::Heading(1, "Tiêu đề".to_owned()),
        Block::text(words),
        Block::styled(Style::Mono, words),
        Block::styled(Style::Strong, words),
        Block::Line(vec![Span::plain("a\u{202e}b \u{4e2d}")]),
        // The same letters in two spellings are set alike.
        Block::text("e\u{302}\u{301} ê\u{301}"),
    ];
    let text = text_of(&render(&blocks, &marks()));
    let [page] = text.as_slice() else { panic!("one page: {text:?}") };
    let joined = page.replace('\n', "");
    assert_eq!(joined.matches(&words.replace('→', "")[..30]).count(), 3, "{page}");
    for word in ["Tiêu đề", "«Đường Nguyễn Huệ»", "(a\\b)", "∅", "✗", "→", "≠", "aU+202Eb", "U+4E2D", "ế ế"]
    {
        assert!(joined.contains(word), "{word} in {page}");
    }
}

#[test]
fn every_page_has_its_number_and_the_digest() {
    let digest = Digest::of(b"x").to_string();
    let row = |at: usize| vec![Span::plain(format!("row {at}")), Span::mono("x".repeat(300))];
    let blocks = [
        Block::Table { head: vec!["Name".to_owned(), "Value".to_owned()], rows: (0..90).map(row).collect() },
        // Longer than a page, in one cell and in one code block.
        Block::Table { head: vec!["Long".to_owned()], rows: vec![vec![Span::mono("y\n".repeat(200))]] },
        Block::Code("SELECT 1;\n".repeat(150)),
    ];
    let pages = text_of(&render(&blocks, &marks()));
    assert!(pages.len() > 6, "{}", pages.len());
    for (number, page) in (1..).zip(&pages) {
        assert!(page.contains(&format!("SHA-256 {digest}")), "page {number}");
        assert!(page.contains(&format!("Page {number} of {}", pages.len())), "page {number}");
        assert!(page.contains(&Digest::of(b"x").phrase()));
    }
    let all = pages.concat();
    assert_eq!(all.matches("SELECT 1;").count(), 150);
    assert_eq!(all.lines().filter(|line| *line == "y").count(), 200);
    assert_eq!(
        all.matches('x').count() - all.matches("x ").count(),
        90 * 300 + all.matches("xt").count(),
        "no letter is lost"
    );
    assert!((0..90).all(|at| all.contains(&format!("row {at}\n"))));
    assert!(all.matches("Name\n").count() > 1, "the head stands on each page of its table");
}

#[test]
fn the_bytes_are_the_same_everywhere() {
    let blocks = [
        Block::Heading(1, "Committed: the reversal of SB-12 on directus.".to_owned()),
        Block::Facts(vec![("Digest".to_owned(), Span::mono("7f3a")), ("Người viết".to_owned(), Span::plain("Lan"))]),
        Block::Heading(2, "Part".to_owned()),
        Block::Heading(3, "Part of a part".to_owned()),
        Block::Quoted(vec![Block::text("quoted"), Block::Code("SELECT 1".to_owned())]),
        Block::Items(vec![Item { depth: 1, number: Some(3), spans: vec![Span::new(Style::Slanted, "slanted")] }]),
        Block::Table { head: vec!["Verdict".to_owned()], rows: vec![vec![Span::new(Style::Bad, "≠ drifted")]] },
    ];
    let pdf = render(&blocks, &marks());
    assert_eq!(pdf, render(&blocks, &marks()));
    assert!(pdf.is_ascii() || pdf.starts_with(b"%PDF-1.7"));
    for word in [&b"/CreationDate"[..], b"/ModDate", b"/ID", b"/JavaScript", b"/URI"] {
        assert!(find(&pdf, word).is_none(), "{}", String::from_utf8_lossy(word));
    }
    // Folders that were exported before are compared with what is made now: see the module's own words.
    assert_eq!(Digest::of(&pdf).short(), "dc43-870e", "{} bytes", pdf.len());
}
