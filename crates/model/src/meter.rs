//! What a price is for and what a line of a receipt counts: a unit, and of images and video which.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::price::Unit;
use crate::variant::Variant;

/// A unit, or the images or seconds of video of one size or quality; written `input`, `image`,
/// `image@1024x1536/high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Meter {
    /// What is counted.
    pub unit: Unit,
    /// Which of them; `None`: all that have no price of their own.
    pub variant: Option<Variant>,
}

impl From<Unit> for Meter {
    fn from(unit: Unit) -> Meter {
        Meter { unit, variant: None }
    }
}

impl Meter {
    /// The word in SQL, in JSON and in setup files.
    pub fn word(self) -> Cow<'static, str> {
        match self.variant {
            None => Cow::Borrowed(self.unit.as_str()),
            Some(variant) => Cow::Owned(format!("{}@{variant}", self.unit.as_str())),
        }
    }
}

/// Text that names nothing that is metered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoMeter(String);

impl fmt::Display for Meter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.word())
    }
}

impl FromStr for Meter {
    type Err = NoMeter;

    fn from_str(text: &str) -> Result<Meter, NoMeter> {
        let (name, variant) = match text.split_once('@') {
            Some((name, variant)) => (name, Some(variant)),
            None => (text, None),
        };
        let unit = Unit::parse(name).ok_or_else(|| {
            let name: String = name.chars().take(64).collect();
            let names: Vec<&str> = Unit::ALL.iter().map(|it| it.as_str()).collect();
            NoMeter(format!("`{name}` is no unit: expected one of {}", names.join(", ")))
        })?;
        let Some(variant) = variant else { return Ok(unit.into()) };
        if !unit.has_variants() {
            let why = "only images and seconds of video are priced by size or quality";
            return Err(NoMeter(format!("`{}` has no variants: {why}", unit.as_str())));
        }
        let variant = variant.parse().map_err(|why| NoMeter(format!("{why}")))?;
        Ok(Meter { unit, variant: Some(variant) })
    }
}

impl Serialize for Meter {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.word())
    }
}

impl<'de> Deserialize<'de> for Meter {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Meter, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_is_read_as_it_is_written() {
        for text in ["input", "image", "image@1024x1536/high", "image@hd", "video_second@720x1280"]
        {
            assert_eq!(text.parse::<Meter>().expect("a meter").to_string(), text);
        }
    }

    #[test]
    fn what_is_no_meter_is_told_why() {
        let why = |text: &str| text.parse::<Meter>().expect_err(text).to_string();
        assert!(why("images").contains("`images` is no unit: expected one of input, "));
        assert!(why("input@hd").contains("`input` has no variants"));
        assert!(why("image@").contains("is no size"));
        assert!(why("image@auto").contains("`auto` is no size"));
    }
}
