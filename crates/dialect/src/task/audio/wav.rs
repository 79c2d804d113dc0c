//! RIFF/WAVE headers: read to know what follows, written before bare samples.
//!
//! <https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html>.

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::task) struct Wav {
    /// The coding: 1 is PCM.
    pub(in crate::task) format: u16,
    /// Voices beside each other.
    pub(in crate::task) channels: u16,
    /// Samples a second.
    pub(in crate::task) rate: u32,
    /// Bytes of one sample of every channel.
    pub(in crate::task) frame: u16,
    /// Bytes a second, as the header says; the truth where the coding is no plain one.
    pub(in crate::task) byte_rate: u32,
    /// Where the samples begin.
    pub(in crate::task) data: usize,
    /// How many bytes of samples it says follow; `None`: it was written before that was known.
    pub(in crate::task) length: Option<u64>,
}

/// What the bytes so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::task) enum Header {
    /// The beginning of a header.
    More,
    /// No header.
    No,
    /// A whole one.
    Whole(Wav),
}

/// Sizes of a stream whose end nobody knows yet; some writers say 0.
const UNKNOWN: u32 = u32::MAX;

impl Wav {
    /// Reads the header that `bytes` begin with.
    pub(in crate::task) fn read(bytes: &[u8]) -> Header {
        let begins = |from: usize, word: &[u8]| {
            let there = bytes.get(from..).unwrap_or_default();
            there.starts_with(word) || word.starts_with(there)
        };
        if !begins(0, b"RIFF") || !begins(8, b"WAVE") {
            return Header::No;
        }
        let (mut at, mut format) = (12, None);
        loop {
            let Some(chunk) = bytes.get(at..at + 8) else { return Header::More };
            let size = u32_at(chunk, 4);
            let body = at + 8;
            match &chunk[..4] {
                b"data" => {
                    let Some(format) = format else { return Header::No };
                    return Header::Whole(Wav { data: body, ..length(format, size) });
                }
                b"fmt " => {
                    let Some(it) = bytes.get(body..body + 16) else { return Header::More };
                    format = Some(read_format(it));
                }
                _ => {}
            }
            // Chunks begin at even places.
            let Some(next) = (size as usize).checked_add(body + (size as usize & 1)) else {
                return Header::No;
            };
            at = next;
        }
    }

    /// Whether one's samples may follow the other's.
    pub(in crate::task) fn is_like(&self, other: &Wav) -> bool {
        let key = |it: &Wav| (it.format, it.channels, it.rate, it.frame);
        key(self) == key(other)
    }

    /// Bytes a second. What plays it goes by the samples, so a header that says otherwise of plain
    /// samples deceives nobody.
    pub(in crate::task) fn per_second(&self) -> u64 {
        let plain = matches!(self.format, 1 | 3 | 6 | 7 | 0xfffe);
        if plain { u64::from(self.rate) * u64::from(self.frame) } else { self.byte_rate.into() }
    }
}

fn read_format(it: &[u8]) -> Wav {
    Wav {
        format: u16_at(it, 0),
        channels: u16_at(it, 2),
        rate: u32_at(it, 4),
        byte_rate: u32_at(it, 8),
        frame: u16_at(it, 12),
        data: 0,
        length: None,
    }
}

fn length(format: Wav, size: u32) -> Wav {
    let known = size != 0 && size < UNKNOWN - 64;
    Wav { length: known.then_some(u64::from(size)), ..format }
}

/// A header for 16-bit samples of one voice, of which nobody knows how many will follow.
pub(in crate::task) fn header(rate: u32) -> [u8; 44] {
    let mut out = [0; 44];
    out[..4].copy_from_slice(b"RIFF");
    out[4..8].copy_from_slice(&UNKNOWN.to_le_bytes());
    out[8..16].copy_from_slice(b"WAVEfmt ");
    out[16..20].copy_from_slice(&16_u32.to_le_bytes());
    out[20..22].copy_from_slice(&1_u16.to_le_bytes());
    out[22..24].copy_from_slice(&1_u16.to_le_bytes());
    out[24..28].copy_from_slice(&rate.to_le_bytes());
    out[28..32].copy_from_slice(&rate.saturating_mul(2).to_le_bytes());
    out[32..34].copy_from_slice(&2_u16.to_le_bytes());
    out[34..36].copy_from_slice(&16_u16.to_le_bytes());
    out[36..40].copy_from_slice(b"data");
    out[40..].copy_from_slice(&UNKNOWN.to_le_bytes());
    out
}

/// The same header, of which nobody knows how much will follow.
pub(in crate::task) fn without_end(header: &[u8], wav: &Wav) -> Vec<u8> {
    let mut out = header[..wav.data].to_vec();
    out[4..8].copy_from_slice(&UNKNOWN.to_le_bytes());
    out[wav.data - 4..].copy_from_slice(&UNKNOWN.to_le_bytes());
    out
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let pair = bytes.get(at..at + 2).and_then(|it| it.try_into().ok());
    pair.map_or(0, u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|it| it.try_into().ok());
    four.map_or(0, u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_soon_as_it_is_whole() {
        let header = header(24_000);
        for end in 0..44 {
            assert_eq!(Wav::read(&header[..end]), Header::More, "{end}");
        }
        let Header::Whole(wav) = Wav::read(&header) else { panic!("no header") };
        assert_eq!((wav.rate, wav.frame, wav.data, wav.length), (24_000, 2, 44, None));
        assert_eq!(wav.per_second(), 48_000);
        assert_eq!(Wav::read(b"RIFFxxxxAVI "), Header::No);
        assert_eq!(Wav::read(b"ID3"), Header::No);
    }

    #[test]
    fn chunks_before_the_samples_are_skipped_and_sizes_taken_back() {
        let mut bytes = header(8_000)[..36].to_vec();
        bytes.extend_from_slice(b"LIST\x03\x00\x00\x00abc\x00data\x04\x00\x00\x00\x01\x02\x03\x04");
        let Header::Whole(wav) = Wav::read(&bytes) else { panic!("no header") };
        assert_eq!((wav.data, wav.length), (56, Some(4)));
        let open = without_end(&bytes, &wav);
        let Header::Whole(again) = Wav::read(&open) else { panic!("no header") };
        assert_eq!((again.data, again.length), (56, None));
        assert!(wav.is_like(&again));
    }
}
