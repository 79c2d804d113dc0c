//! Undoes a compression that nobody asked for, piece by piece and within bounds.

use std::io::Write;

use bytes::Bytes;
use flate2::write::{MultiGzDecoder, ZlibDecoder};

/// Most bytes that one received piece may unfold to: a gateway must not be a decompression bomb.
const MAX_UNFOLDED: usize = 16 << 20;

/// A running decompression.
pub enum Decoder {
    /// `gzip`, `x-gzip`.
    Gzip(MultiGzDecoder<Vec<u8>>),
    /// `deflate` (RFC 9110: the zlib format).
    Deflate(ZlibDecoder<Vec<u8>>),
}

impl Decoder {
    /// The decoder for a `content-encoding`: `None` for none, an error for one we do not know.
    pub fn of(encoding: Option<&str>) -> Result<Option<Decoder>, String> {
        match encoding.map(str::trim).map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Ok(None),
            Some("gzip" | "x-gzip") => Ok(Some(Decoder::Gzip(MultiGzDecoder::new(Vec::new())))),
            Some("deflate") => Ok(Some(Decoder::Deflate(ZlibDecoder::new(Vec::new())))),
            Some(other) => {
                Err(format!("the provider compressed its answer with `{other}`, unasked"))
            }
        }
    }

    /// What `packed` adds.
    pub fn push(&mut self, packed: &[u8]) -> Result<Bytes, String> {
        for piece in packed.chunks(4 << 10) {
            let unfolded = match self {
                Decoder::Gzip(it) => {
                    it.write_all(piece).and_then(|()| it.flush()).map(|()| it.get_ref().len())
                }
                Decoder::Deflate(it) => {
                    it.write_all(piece).and_then(|()| it.flush()).map(|()| it.get_ref().len())
                }
            }
            .map_err(|err| format!("the provider's compressed answer is broken: {err}"))?;
            if unfolded > MAX_UNFOLDED {
                return Err("the provider's compressed answer unfolds without end".to_owned());
            }
        }
        Ok(self.take())
    }

    /// What is left at the end of the body.
    pub fn finish(&mut self) -> Result<Option<Bytes>, String> {
        let ended = match self {
            Decoder::Gzip(it) => it.try_finish(),
            Decoder::Deflate(it) => it.try_finish(),
        };
        ended.map_err(|err| format!("the provider's compressed answer is cut: {err}"))?;
        Ok(Some(self.take()).filter(|rest| !rest.is_empty()))
    }

    fn take(&mut self) -> Bytes {
        let buffer = match self {
            Decoder::Gzip(it) => it.get_mut(),
            Decoder::Deflate(it) => it.get_mut(),
        };
        Bytes::from(std::mem::take(buffer))
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn each_flushed_event_comes_out_at_once() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let mut decoder = Decoder::of(Some("gzip")).unwrap().unwrap();
        for event in ["data: 1\n\n", "data: 2\n\n"] {
            encoder.write_all(event.as_bytes()).unwrap();
            encoder.flush().unwrap();
            let packed = std::mem::take(encoder.get_mut());
            assert_eq!(decoder.push(&packed).unwrap(), event);
        }
        let tail = encoder.finish().unwrap();
        assert_eq!(decoder.push(&tail).unwrap(), "");
        assert_eq!(decoder.finish().unwrap(), None);
    }

    #[test]
    fn a_bomb_is_refused() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; 64 << 20]).unwrap();
        let packed = encoder.finish().unwrap();
        let mut decoder = Decoder::of(Some("gzip")).unwrap().unwrap();
        assert!(decoder.push(&packed).unwrap_err().contains("without end"));
    }

    #[test]
    fn an_unknown_encoding_is_named() {
        assert!(Decoder::of(Some("br")).err().unwrap().contains("`br`"));
        assert!(Decoder::of(Some("identity")).unwrap().is_none());
    }
}
