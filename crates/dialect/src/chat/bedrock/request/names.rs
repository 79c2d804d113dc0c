//! Names that Bedrock accepts: of tools, which are refused if they do not fit, and of documents,
//! which are made to.

use crate::Malformed;

/// Longest name of a tool.
const LONGEST_TOOL: usize = 64;

/// Longest name of a document, less the room for a number.
const LONGEST_DOCUMENT: usize = 190;

/// What a document is called that has no name.
const DOCUMENT: &str = "document";

/// A tool's name as it is. Made to fit, it would come back as one the client does not know.
pub(super) fn tool(name: &str) -> Result<&str, Malformed> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if (1..=LONGEST_TOOL).contains(&name.len()) && name.bytes().all(legal) {
        return Ok(name);
    }
    let shown: String = name.chars().take(LONGEST_TOOL).collect();
    let message = format!(
        "this model takes tool names of 1 to {LONGEST_TOOL} letters, digits, _ and -, not {shown:?}"
    );
    Err(Malformed::incapable("tools", message))
}

/// The names given out to documents: no two may be the same.
#[derive(Default)]
pub(super) struct Documents(Vec<String>);

impl Documents {
    /// A legal name for a document that its client calls `name`, and whether that changed it. The
    /// ending is no part of the name: the format says it.
    pub(super) fn name(&mut self, name: Option<&str>) -> (String, bool) {
        let stem = name.map_or("", stem);
        let legal = legal(stem);
        let plain = if legal.is_empty() { DOCUMENT.to_owned() } else { legal };
        let numbered = (2..).map(|n: u32| format!("{plain}-{n}"));
        let mut free = std::iter::once(plain.clone()).chain(numbered);
        let free = free.find(|name| !self.0.contains(&name.to_ascii_lowercase()));
        let given = free.unwrap_or(plain);
        self.0.push(given.to_ascii_lowercase());
        let changed = !stem.is_empty() && stem != given;
        (given, changed)
    }
}

/// A file's name without its ending.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 4 => stem,
        _ => name,
    }
}

/// Letters, digits, hyphens, parentheses, square brackets, and single spaces; anything else becomes
/// a hyphen.
fn legal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.trim().chars().take(LONGEST_DOCUMENT) {
        match letter {
            ' ' | '\t' | '\n' | '\r' if out.ends_with(' ') => (),
            ' ' | '\t' | '\n' | '\r' => out.push(' '),
            '-' | '(' | ')' | '[' | ']' => out.push(letter),
            _ if letter.is_ascii_alphanumeric() => out.push(letter),
            _ => out.push('-'),
        }
    }
    // A name of hyphens alone says nothing.
    if out.chars().all(|letter| letter == '-') { String::new() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tools_name_fits_or_is_refused() {
        assert_eq!(tool("get_weather-2"), Ok("get_weather-2"));
        for name in ["", "a.b", "a b", "ü", &"x".repeat(65)] {
            let refusal = tool(name).expect_err(name);
            assert_eq!(refusal.code, Some("capability_not_supported"));
        }
    }

    #[test]
    fn documents_get_legal_names_and_none_twice() {
        let mut names = Documents::default();
        let mut given = |name| names.name(name);
        assert_eq!(given(Some("report.pdf")), ("report".to_owned(), false));
        assert_eq!(given(Some("Report.pdf")), ("Report-2".to_owned(), true));
        assert_eq!(given(Some("my_file  v1.2.docx")), ("my-file v1-2".to_owned(), true));
        assert_eq!(given(None), ("document".to_owned(), false));
        assert_eq!(given(Some("日本.pdf")), ("document-2".to_owned(), true));
        assert_eq!(given(Some(&"x".repeat(500))).0.len(), 190);
    }
}
