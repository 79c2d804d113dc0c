//! Half a surrogate pair, which servers send that cut text between UTF-16 units: no decoder takes it.

use serde::Deserialize;

/// Reads `json`, with its halves replaced if that is what it takes; `mended` holds it then.
pub(super) fn read<'a, T: Deserialize<'a>>(json: &'a str, mended: &'a mut String) -> Option<T> {
    serde_json::from_str(json).ok().or_else(|| {
        *mended = replaced(json);
        serde_json::from_str(mended).ok()
    })
}

/// JSON text with every lone surrogate replaced.
pub(super) fn replaced(raw: &str) -> String {
    let unit = |at: usize| {
        let digits = raw.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = String::with_capacity(raw.len());
    let mut at = 0;
    while let Some(skip) = raw[at..].find('\\') {
        out.push_str(&raw[at..at + skip]);
        at += skip;
        let length = match (unit(at), unit(at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                out.push('\u{fffd}');
                at += 6;
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        out.push_str(&raw[at..at + length]);
        at += length;
    }
    out.push_str(&raw[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_pairs_stay() {
        let raw = r#"{"a\\ud83d":"\ud83d","b":"\udf24x\ud83c\udf24","c":"\u00e9\n\\"}"#;
        let expected = "{\"a\\\\ud83d\":\"\u{fffd}\",\"b\":\"\u{fffd}x\\ud83c\\udf24\",\"c\":\"\\u00e9\\n\\\\\"}";
        assert_eq!(replaced(raw), expected);
    }
}
