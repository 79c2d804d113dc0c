//! Sound on its way in and out: what its first bytes say it is, and what others call that.

pub(super) mod base64;
pub(super) mod google;
pub(super) mod length;
pub(super) mod wav;

/// A container of sound, or a bare stream of one coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sound {
    /// RIFF/WAVE.
    Wav,
    /// MPEG audio, layer I to III, with an ID3 tag before it or without.
    Mp3,
    /// ISO base media (MPEG-4).
    Mp4,
    /// The same with sound alone, as its brand says.
    M4a,
    /// Matroska and WebM.
    WebM,
    /// Ogg: Opus or Vorbis.
    Ogg,
    /// FLAC.
    Flac,
    /// AAC in ADTS frames.
    Aac,
    /// AIFF.
    Aiff,
}

impl Sound {
    /// What bytes that begin so are; `None`: nothing known.
    ///
    /// Magic numbers: RFC 2361 (RIFF), ISO/IEC 11172-3 (MPEG audio), ISO/IEC 14496-12 (`ftyp`),
    /// RFC 8794 (EBML), RFC 3533 (Ogg), RFC 9639 (FLAC), ISO/IEC 13818-7 (ADTS).
    pub(super) fn of(head: &[u8]) -> Option<Sound> {
        let at = |from: usize, word: &[u8]| head.get(from..).is_some_and(|it| it.starts_with(word));
        if at(0, b"RIFF") && at(8, b"WAVE") {
            return Some(Sound::Wav);
        }
        if at(4, b"ftyp") {
            let brand = at(8, b"M4A") || at(8, b"M4B");
            return Some(if brand { Sound::M4a } else { Sound::Mp4 });
        }
        if at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC")) {
            return Some(Sound::Aiff);
        }
        let first = match head {
            [b'O', b'g', b'g', b'S', ..] => Sound::Ogg,
            [b'f', b'L', b'a', b'C', ..] => Sound::Flac,
            [0x1a, 0x45, 0xdf, 0xa3, ..] => Sound::WebM,
            [b'I', b'D', b'3', ..] => Sound::Mp3,
            // Both begin with eleven or twelve bits that are set; layer 0 is ADTS alone.
            [0xff, second, ..] if second & 0xf6 == 0xf0 => Sound::Aac,
            [0xff, second, third, ..] if is_mpeg(*second, *third) => Sound::Mp3,
            _ => return None,
        };
        Some(first)
    }

    /// Its media type, as vendors list it.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Sound::Wav => "audio/wav",
            Sound::Mp3 => "audio/mpeg",
            Sound::Mp4 | Sound::M4a => "audio/mp4",
            Sound::WebM => "audio/webm",
            Sound::Ogg => "audio/ogg",
            Sound::Flac => "audio/flac",
            Sound::Aac => "audio/aac",
            Sound::Aiff => "audio/aiff",
        }
    }

    /// The ends of names that say so, the usual one first. OpenAI and its likes go by them:
    /// <https://platform.openai.com/docs/guides/speech-to-text>.
    pub(super) fn extensions(self) -> &'static [&'static str] {
        match self {
            Sound::Wav => &["wav", "wave"],
            Sound::Mp3 => &["mp3", "mpga", "mpeg"],
            Sound::Mp4 => &["mp4", "m4a", "m4b", "m4v", "mov", "3gp"],
            Sound::M4a => &["m4a", "mp4", "m4b"],
            Sound::WebM => &["webm", "weba", "mkv", "mka"],
            // Not `opus`: OpenAI does not know it, though it reads what is in it.
            Sound::Ogg => &["ogg", "oga"],
            Sound::Flac => &["flac"],
            Sound::Aac => &["aac"],
            Sound::Aiff => &["aiff", "aif", "aifc"],
        }
    }

    /// Whether `media_type` is a name of it.
    pub(super) fn is_called(self, media_type: &str) -> bool {
        let bare = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let Some((kind, sub)) = bare.split_once('/') else { return false };
        let sub = sub.strip_prefix("x-").unwrap_or(sub);
        let names: &[&str] = match self {
            Sound::Wav => &["wav", "wave", "pn-wav"],
            Sound::Mp3 => &["mpeg", "mp3", "mpga", "mpeg3"],
            Sound::Mp4 | Sound::M4a => &["mp4", "m4a", "quicktime", "3gpp"],
            Sound::WebM => &["webm", "matroska"],
            Sound::Ogg => &["ogg", "opus", "vorbis"],
            Sound::Flac => &["flac"],
            Sound::Aac => &["aac", "aacp", "hx-aac-adts"],
            Sound::Aiff => &["aiff", "aif"],
        };
        matches!(kind, "audio" | "video") && names.contains(&sub)
    }
}

/// Whether these are the second and third byte of an MPEG audio frame: neither its version, its
/// layer, its bit rate nor its sampling rate is one that is reserved.
fn is_mpeg(second: u8, third: u8) -> bool {
    let reserved_version = second & 0x18 == 0x08;
    let reserved_layer = second & 0x06 == 0;
    second & 0xe0 == 0xe0
        && !reserved_version
        && !reserved_layer
        && third & 0xf0 != 0xf0
        && third & 0x0c != 0x0c
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_say_what_it_is() {
        for (head, sound) in [
            (&b"RIFF\x24\x00\x00\x00WAVEfmt "[..], Some(Sound::Wav)),
            (b"RIFF\x24\x00\x00\x00AVI LIST", None),
            (b"ID3\x04\x00\x00", Some(Sound::Mp3)),
            (b"\xff\xfb\x90\x64", Some(Sound::Mp3)),
            (b"\xff\xf3\x40\xc0", Some(Sound::Mp3)),
            (b"\xff\xf1\x50\x80", Some(Sound::Aac)),
            (b"\xff\xff\xff\xff", None),
            (b"\xff\xfe<\x00h", None),
            (b"\x00\x00\x00\x20ftypM4A ", Some(Sound::M4a)),
            (b"\x00\x00\x00\x20ftypisom", Some(Sound::Mp4)),
            (b"\x1a\x45\xdf\xa3\x9f", Some(Sound::WebM)),
            (b"OggS\x00\x02", Some(Sound::Ogg)),
            (b"fLaC\x00\x00", Some(Sound::Flac)),
            (b"FORM\x00\x00\x00\x00AIFF", Some(Sound::Aiff)),
            (b"not sound", None),
            (b"", None),
        ] {
            assert_eq!(Sound::of(head), sound, "{head:?}");
        }
    }

    #[test]
    fn every_name_of_a_type_is_known() {
        assert!(Sound::Wav.is_called("audio/x-wav"));
        assert!(Sound::Mp3.is_called("audio/MP3; rate=1"));
        assert!(Sound::Mp4.is_called("video/mp4"));
        assert!(!Sound::Wav.is_called("audio/mpeg"));
        assert!(!Sound::Wav.is_called("application/octet-stream"));
    }
}
