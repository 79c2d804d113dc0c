//! Changes inside a piece of a stream or body that leave every other byte where it was.

use bytes::Bytes;

/// What is to change, by the slices it stands in.
#[derive(Default)]
pub(super) struct Cuts(Vec<(usize, usize, String)>);

impl Cuts {
    /// Puts `with` in the place of `part`, a slice of the piece that begins at `from`.
    pub(super) fn replace(&mut self, from: &[u8], part: &str, with: String) {
        let start = (part.as_ptr() as usize).wrapping_sub(from.as_ptr() as usize);
        if part != with && start.saturating_add(part.len()) <= from.len() {
            self.0.push((start, start + part.len(), with));
        }
    }

    /// Whether the piece stays as it is.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changed piece: slices of it, and what stands between them now.
    pub(super) fn apply(mut self, piece: &Bytes) -> Vec<Bytes> {
        self.0.sort_by_key(|(start, ..)| *start);
        let mut out = Vec::with_capacity(2 * self.0.len() + 1);
        let mut done = 0;
        for (start, end, with) in self.0 {
            out.push(piece.slice(done..start));
            out.push(Bytes::from(with));
            done = end;
        }
        out.push(piece.slice(done..));
        out
    }
}

/// The pieces as one.
pub(super) fn join(pieces: Vec<Bytes>) -> Bytes {
    match <[Bytes; 1]>::try_from(pieces) {
        Ok([only]) => only,
        Err(pieces) => pieces.concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_replaced_changes() {
        let piece = Bytes::from_static(br#"{"a":"1","b":"2"}"#);
        let text = std::str::from_utf8(&piece).unwrap();
        let mut cuts = Cuts::default();
        cuts.replace(&piece, &text[13..16], "\"22\"".to_owned());
        cuts.replace(&piece, &text[5..8], "\"1\"".to_owned());
        let pieces = cuts.apply(&piece);
        assert_eq!(pieces[0].as_ptr(), piece.as_ptr());
        assert_eq!(join(pieces), r#"{"a":"1","b":"22"}"#);
        assert_eq!(join(Cuts::default().apply(&piece)).as_ptr(), piece.as_ptr());
    }
}
