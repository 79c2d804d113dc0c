//! How long a file plays, as far as its first bytes tell.

use super::Sound;
use super::wav::{Header, Wav};
use crate::task::FormFile;

/// A length, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::task) struct Length {
    /// Seconds, rounded up.
    pub(in crate::task) seconds: u64,
    /// The container tells; else it is a guess from the number of bytes.
    pub(in crate::task) exact: bool,
}

/// Bytes of a second where nothing tells: 128 kbit/s, what most encoders of MP3 are set to.
const USUAL_RATE: u64 = 16_000;
/// The fewest bytes of a second that any coding in use has: MPEG audio at 8 kbit/s.
const SLOWEST_RATE: u64 = 1_000;
/// The longest file that a vendor takes, in seconds: ten hours,
/// <https://elevenlabs.io/docs/capabilities/speech-to-text>.
const LONGEST: u64 = 36_000;

/// How long `file` plays.
pub(in crate::task) fn of(file: &FormFile) -> Length {
    let exact = match Sound::of(&file.head) {
        Some(Sound::Wav) => wav(file),
        Some(Sound::Flac) => flac(&file.head),
        Some(Sound::Mp3) => mpeg(file),
        _ => None,
    };
    match exact {
        Some(seconds) => Length { seconds: seconds.max(1), exact: true },
        None => Length { seconds: file.len().div_ceil(USUAL_RATE).max(1), exact: false },
    }
}

/// The longest it can play, whatever its headers say: those of WAV bind whoever plays it, of others
/// only the number of bytes does.
pub(in crate::task) fn most(file: &FormFile) -> u64 {
    let known = match Sound::of(&file.head) {
        Some(Sound::Wav) => wav(file),
        _ => None,
    };
    known.unwrap_or_else(|| file.len().div_ceil(SLOWEST_RATE)).clamp(1, LONGEST)
}

fn wav(file: &FormFile) -> Option<u64> {
    let Header::Whole(wav) = Wav::read(&file.head) else { return None };
    let sound = file.len().checked_sub(wav.data as u64)?;
    (wav.per_second() > 0).then(|| sound.div_ceil(wav.per_second()))
}

/// RFC 9639, section 8.2: the first block is STREAMINFO.
fn flac(head: &[u8]) -> Option<u64> {
    let info: [u8; 8] = head.get(18..26)?.try_into().ok()?;
    let bits = u64::from_be_bytes(info);
    let (rate, samples) = (bits >> 44, bits & 0xf_ffff_ffff);
    (rate > 0 && samples > 0).then(|| samples.div_ceil(rate))
}

/// ISO/IEC 11172-3 and 13818-3: layer III, from its first frame. Files of a changing bit rate have a
/// `Xing` frame that counts all of them; others are as long as their bit rate makes them.
fn mpeg(file: &FormFile) -> Option<u64> {
    let (head, tag) = without_tag(&file.head)?;
    let [0xff, second, third, fourth] = *head.first_chunk::<4>()? else { return None };
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    if !super::is_mpeg(second, third) || layer != 1 {
        return None;
    }
    let first = version == 3;
    let rate = [44_100_u64, 48_000, 32_000].get(usize::from(third >> 2 & 3))?;
    let rate = match version {
        3 => *rate,
        2 => rate / 2,
        _ => rate / 4,
    };
    let samples = if first { 1_152 } else { 576 };
    let mono = fourth >> 6 == 3;
    let side = match (first, mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    let xing = head.get(4 + side..)?;
    if (xing.starts_with(b"Xing") || xing.starts_with(b"Info")) && xing.get(7)? & 1 == 1 {
        let frames = u32::from_be_bytes(xing.get(8..12)?.try_into().ok()?);
        return (frames > 0).then(|| (u64::from(frames) * samples).div_ceil(rate));
    }
    let kilobits = if first { FIRST_RATES } else { SECOND_RATES }[usize::from(third >> 4)];
    let sound = file.len().checked_sub(tag)?;
    (kilobits > 0).then(|| sound.div_ceil(kilobits * 125))
}

/// Bit rates of layer III in kbit/s; 0: any.
const FIRST_RATES: [u64; 16] =
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
const SECOND_RATES: [u64; 16] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];

/// What follows an ID3 tag, if it is in sight, and how long the tag is (ID3v2.4, section 3.1).
fn without_tag(head: &[u8]) -> Option<(&[u8], u64)> {
    if !head.starts_with(b"ID3") {
        return Some((head, 0));
    }
    let size =
        head.get(6..10)?.iter().fold(0_usize, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
    Some((head.get(10 + size..)?, 10 + size as u64))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::wav::header;
    use super::*;

    fn file(head: &[u8], len: u64) -> FormFile {
        FormFile {
            field: "file".to_owned(),
            filename: None,
            content_type: None,
            head: Bytes::copy_from_slice(head),
            at: 0..len,
        }
    }

    fn exact(seconds: u64) -> Length {
        Length { seconds, exact: true }
    }

    #[test]
    fn a_wav_is_as_long_as_its_samples() {
        let it = file(&header(16_000), 44 + 32_000 * 3 + 1);
        assert_eq!((of(&it), most(&it)), (exact(4), 4));
    }

    #[test]
    fn a_flac_says_how_many_samples_it_has() {
        let mut head = b"fLaC\x00\x00\x00\x22".to_vec();
        head.extend_from_slice(&[0; 10]);
        head.extend_from_slice(&(44_100_u64 << 44 | 88_201).to_be_bytes());
        let it = file(&head, 5_000);
        // A header that lies binds nobody, so the most is by the bytes.
        assert_eq!((of(&it), most(&it)), (exact(3), 5));
    }

    #[test]
    fn an_mp3_is_as_long_as_its_bit_rate_makes_it_or_as_its_frames_are_counted() {
        let mut head = vec![0xff, 0xfb, 0x90, 0x64];
        head.resize(200, 0);
        assert_eq!(of(&file(&head, 160_000)), exact(10));
        head[36..40].copy_from_slice(b"Xing");
        head[43] = 1;
        head[44..48].copy_from_slice(&100_u32.to_be_bytes());
        assert_eq!(of(&file(&head, 160_000)), exact(3));
        let tagged = [b"ID3\x04\x00\x00\x00\x00\x00\x02ab".as_slice(), &head].concat();
        assert_eq!(of(&file(&tagged, 160_000)), exact(3));
    }

    #[test]
    fn what_does_not_tell_is_guessed_and_its_most_bound() {
        let it = file(b"OggS", 160_000);
        assert_eq!(of(&it), Length { seconds: 10, exact: false });
        assert_eq!(most(&it), 160);
        assert_eq!(most(&file(b"OggS", u64::MAX)), 36_000);
        assert_eq!(of(&file(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", 16_000)).seconds, 1);
    }
}
