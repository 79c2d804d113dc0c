//! Base64 (RFC 4648, section 4) in pieces: what cannot be decoded yet waits.

use crate::base64::value;

/// Decodes both alphabets, padded or not.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::task) struct Decoder {
    bits: u32,
    digits: u8,
}

/// What is no digit of base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::task) struct NotBase64;

impl Decoder {
    /// Appends what `text` stands for, as far as its bytes are whole.
    ///
    /// # Errors
    /// It holds something else.
    pub(in crate::task) fn push(
        &mut self,
        text: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), NotBase64> {
        out.reserve(text.len() / 4 * 3 + 3);
        for &digit in text {
            if digit == b'=' {
                continue;
            }
            let value = value(digit).ok_or(NotBase64)?;
            self.bits = self.bits << 6 | value;
            self.digits += 1;
            if self.digits == 4 {
                out.extend_from_slice(&self.bits.to_be_bytes()[1..]);
                *self = Decoder::default();
            }
        }
        Ok(())
    }

    /// Appends what is left when the text has ended.
    pub(in crate::task) fn end(&mut self, out: &mut Vec<u8>) {
        let bytes = (self.bits << (6 * (4 - u32::from(self.digits)))).to_be_bytes();
        match self.digits {
            3 => out.extend_from_slice(&bytes[1..3]),
            2 => out.push(bytes[1]),
            _ => (),
        }
        *self = Decoder::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base64::encode;

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_in_any_pieces(
            bytes in proptest::collection::vec(any::<u8>(), 0..60),
            size in 1..9_usize,
        ) {
            let text = encode(&bytes);
            let (mut decoder, mut out) = (Decoder::default(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                decoder.push(piece, &mut out).expect("base64");
            }
            decoder.end(&mut out);
            prop_assert_eq!(out, bytes);
        }
    }

    #[test]
    fn other_characters_are_refused() {
        assert_eq!(Decoder::default().push(b"Zm9v!", &mut Vec::new()), Err(NotBase64));
    }
}
