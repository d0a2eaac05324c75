//! Takes a byte offset; gives the line and column a person would point at.

/// Turns a byte offset into line and column, both from 1; columns count characters.
#[must_use]
pub fn place_of(text: &str, offset: usize) -> (u32, u32) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |feed| feed + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before[line_start..].chars().filter(|letter| *letter != '\u{feff}').count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn counts_characters_not_bytes() {
        assert_eq!(place_of("", 0), (1, 1));
        assert_eq!(place_of("a\nbc", 3), (2, 2));
        assert_eq!(place_of("-- Nguyễn\nx", "-- Nguyễn".len()), (1, 10));
        assert_eq!(place_of("é", 1), (1, 1));
        assert_eq!(place_of("ab", 99), (1, 3));
    }
}
