//! Takes a tar file and a member's name; gives the place of its bytes; refuses heads that are no tar.

use std::io::{self, Read, Seek, SeekFrom};

/// Every head, and every member's end, is at a multiple of this.
const BLOCK: u64 = 512;

/// Seeks to a member's bytes and returns how many there are; `None` when the file has no such member.
pub(super) fn member(file: &mut (impl Read + Seek), name: &str) -> io::Result<Option<u64>> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = [0; 512];
    loop {
        match file.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        if head.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let end = head[..100].iter().position(|byte| *byte == 0).unwrap_or(100);
        let size = size(&head[124..136])?;
        if head[..end] == *name.as_bytes() {
            return Ok(Some(size));
        }
        let whole = size.div_ceil(BLOCK).checked_mul(BLOCK).and_then(|whole| i64::try_from(whole).ok());
        let whole = whole.ok_or_else(|| io::Error::other("a member of the tar file has an impossible size"))?;
        file.seek(SeekFrom::Current(whole))?;
    }
}

/// Reads a size: octal digits, or for sizes of 8 GiB and more a binary number whose first bit is set.
fn size(field: &[u8]) -> io::Result<u64> {
    if field[0] & 0x80 != 0 {
        let number: [u8; 8] = field[4..12].try_into().map_err(io::Error::other)?;
        return Ok(u64::from_be_bytes(number));
    }
    let text: String = field.iter().map(|byte| char::from(*byte)).filter(char::is_ascii_digit).collect();
    u64::from_str_radix(&text, 8).map_err(|_| io::Error::other("a member of the tar file has no size"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, data) in members {
            let mut head = vec![0; 512];
            head[..name.len()].copy_from_slice(name.as_bytes());
            head[124..136].copy_from_slice(format!("{:011o} ", data.len()).as_bytes());
            bytes.extend(head);
            bytes.extend_from_slice(data);
            bytes.resize(bytes.len().div_ceil(512) * 512, 0);
        }
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    }

    #[test]
    fn a_member_is_found_behind_others() {
        let bytes = tar(&[("toc.dat", &[7; 600]), ("empty", &[]), ("1.dat", b"rows")]);
        let mut file = io::Cursor::new(bytes);
        assert_eq!(member(&mut file, "1.dat").unwrap(), Some(4));
        let mut rows = String::new();
        file.take(4).read_to_string(&mut rows).unwrap();
        assert_eq!(rows, "rows");
    }

    #[test]
    fn what_is_not_there_is_not_found_and_nonsense_is_refused() {
        assert_eq!(member(&mut io::Cursor::new(tar(&[("a", b"x")])), "b").unwrap(), None);
        assert_eq!(member(&mut io::Cursor::new(Vec::new()), "b").unwrap(), None);
        assert!(member(&mut io::Cursor::new(vec![b'x'; 1024]), "b").is_err());
        let mut large = tar(&[("a", b"x")]);
        large[124] = 0x80;
        large[128..136].copy_from_slice(&u64::MAX.to_be_bytes());
        assert!(member(&mut io::Cursor::new(large), "b").is_err());
    }
}
