//! Sizes of pictures: as clients ask for them, as vendors have words for them, and as files have
//! them.

use wayleave_model::Variant;
use wayleave_model::variant::Quality;

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Size {
    /// `1024x1536`; `None`: it is written in another way (`auto`, `2K`).
    pub(super) fn parse(text: &str) -> Option<Size> {
        let (width, height) = text.split_once(['x', 'X', '×'])?;
        let side = |digits: &str| digits.parse().ok().filter(|&side: &u32| side > 0);
        Some(Size { width: side(width)?, height: side(height)? })
    }

    /// The one of `ratios` that is nearest, and whether it is exactly that of the size.
    pub(super) fn nearest(self, ratios: &[&'static str]) -> Option<(&'static str, bool)> {
        let own = f64::from(self.width) / f64::from(self.height);
        let away = |ratio: &str| {
            let of = Size::parse(&ratio.replace(':', "x"))?;
            let exact = u64::from(self.width) * u64::from(of.height)
                == u64::from(self.height) * u64::from(of.width);
            Some(((own / (f64::from(of.width) / f64::from(of.height))).ln().abs(), exact))
        };
        let measured = ratios.iter().filter_map(|&ratio| Some((ratio, away(ratio)?)));
        let best = measured.min_by(|(_, a), (_, b)| a.0.total_cmp(&b.0))?;
        Some((best.0, best.1.1))
    }

    /// How many thousands of pixels the longer side is: the words that Google has for it.
    pub(super) fn thousands(self) -> &'static str {
        match self.width.max(self.height) {
            0..=1536 => "1K",
            1537..=3072 => "2K",
            _ => "4K",
        }
    }

    /// The size that a picture of PNG or JPEG has; `None`: it is another file, or says so too late.
    ///
    /// PNG: ISO/IEC 15948, section 11.2.2. JPEG: ITU-T T.81, annex B.
    pub(super) fn of_file(head: &[u8]) -> Option<Size> {
        let u16_at = |at: usize| {
            let bytes = head.get(at..at.checked_add(2)?)?;
            Some(u32::from(bytes[0]) << 8 | u32::from(bytes[1]))
        };
        if head.starts_with(b"\x89PNG\r\n\x1a\n") {
            let side = |at: usize| Some(u16_at(at)? << 16 | u16_at(at + 2)?);
            return Some(Size { width: side(16)?, height: side(20)? });
        }
        if !head.starts_with(b"\xff\xd8") {
            return None;
        }
        let mut at = 2;
        loop {
            let marker = *head.get(at + 1)?;
            if *head.get(at)? != 0xff {
                return None;
            }
            // Frames of every process; C4, C8 and CC are no frames.
            if (0xc0..=0xcf).contains(&marker) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                return Some(Size { width: u16_at(at + 7)?, height: u16_at(at + 5)? });
            }
            at += 2 + usize::try_from(u16_at(at + 2)?).ok()?.max(2);
        }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}x{}", self.width, self.height)
    }
}

/// What pictures of such a size and quality are priced by.
pub(super) fn variant(size: Option<Size>, quality: Option<&str>) -> Option<Variant> {
    let side = |side: u32| u16::try_from(side).ok();
    let size = size.and_then(|it| Some((side(it.width)?, side(it.height)?)));
    let variant = Variant { size, quality: quality.and_then(Quality::parse) };
    Some(variant).filter(|it| *it != Variant::default())
}

/// What a file is, by its first bytes: what clients and vendors say of it is not believed.
pub(super) fn mime(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        _ => None,
    }
}

/// The word for a type: `png` of `image/png`.
pub(super) fn format(mime: &str) -> &str {
    mime.strip_prefix("image/").unwrap_or(mime)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(text: &str) -> Size {
        Size::parse(text).expect(text)
    }

    #[test]
    fn a_size_has_the_nearest_ratio_of_those_there_are() {
        let ratios = ["1:1", "3:4", "4:3", "9:16", "16:9"];
        for (asked, ratio, exact) in [
            ("1024x1024", "1:1", true),
            ("1536x1024", "4:3", false),
            ("1792x1024", "16:9", false),
            ("1920x1080", "16:9", true),
            ("1024x1536", "3:4", false),
            ("3x900", "9:16", false),
        ] {
            assert_eq!(size(asked).nearest(&ratios), Some((ratio, exact)), "{asked}");
        }
        for text in ["auto", "2K", "0x5", "1024", "1024x", "-1x5"] {
            assert_eq!(Size::parse(text), None, "{text}");
        }
    }

    #[test]
    fn files_say_how_large_they_are() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x06\0\x08\x02";
        assert_eq!(Size::of_file(png), Some(size("1024x1536")));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04AB\xff\xc0\0\x11\x08\x02\0\x03\0\x03";
        assert_eq!(Size::of_file(jpeg), Some(size("768x512")));
        assert_eq!(Size::of_file(b"\xff\xd8\xff\xe0\xff"), None);
        assert_eq!((mime(png), mime(jpeg)), (Some("image/png"), Some("image/jpeg")));
        assert_eq!(mime(b"<html>"), None);
    }

    #[test]
    fn what_is_priced_is_size_and_quality() {
        let shown = |size: Option<&str>, quality| {
            variant(size.and_then(Size::parse), quality).map(|it| it.to_string())
        };
        assert_eq!(shown(Some("1024x1536"), Some("high")), Some("1024x1536/high".to_owned()));
        assert_eq!(shown(Some("auto"), Some("auto")), None);
        assert_eq!(shown(None, Some("hd")), Some("hd".to_owned()));
    }
}
