//! A picture of each kind: its first letters on a colour of its own. No vendor's logo: those belong
//! to the vendors.

use crate::manifest::Manifest;

/// An SVG of 32 by 32, to be shown inline.
pub fn icon(manifest: &Manifest) -> String {
    let letters = letters(manifest.label);
    let hue = hue(manifest.id);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\" aria-hidden=\"true\">\
         <rect width=\"32\" height=\"32\" rx=\"7\" fill=\"hsl({hue} 45% 36%)\"/>\
         <text x=\"16\" y=\"21.5\" font-family=\"system-ui,sans-serif\" font-size=\"14\" \
         font-weight=\"600\" text-anchor=\"middle\" fill=\"#fff\">{letters}</text></svg>"
    )
}

/// The first letters of its first two words, or the first two of its only one. Letters and digits
/// only, so that nothing has to be escaped.
fn letters(label: &str) -> String {
    let mut words = label.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    let (first, second) = (words.next().unwrap_or("?"), words.next());
    match second {
        Some(second) => first.chars().take(1).chain(second.chars().take(1)).collect(),
        None => first.chars().take(2).collect(),
    }
}

/// FNV-1a of the id, as a place on the colour wheel.
fn hue(id: &str) -> u32 {
    let hash = id
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % 360
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KINDS;

    #[test]
    fn letters_are_of_the_first_two_words() {
        assert_eq!(letters("Amazon Bedrock"), "AB");
        assert_eq!(letters("OpenAI-compatible"), "Oc");
        assert_eq!(letters("Groq"), "Gr");
        assert_eq!(letters("<&>"), "?");
    }

    #[test]
    fn every_kind_has_a_picture_that_is_whole_and_loads_nothing() {
        for kind in KINDS {
            let icon = icon(kind.manifest());
            assert!(icon.starts_with("<svg ") && icon.ends_with("</svg>"), "{icon}");
            assert_eq!(icon.matches("http").count(), 1, "the name space alone: {icon}");
        }
    }
}
