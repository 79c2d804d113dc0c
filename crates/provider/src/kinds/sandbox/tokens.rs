//! The sandbox's token rule: white space and up to four characters of the word after it.

/// The tokens of a text, in order; together they are the text.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = first_end(rest)?;
        let (token, tail) = rest.split_at(end);
        rest = tail;
        Some(token)
    })
}

/// How many there are.
pub(super) fn count(text: &str) -> u64 {
    tokens(text).map(|_| 1).sum()
}

/// Where the first token ends; `None` for an empty text.
fn first_end(text: &str) -> Option<usize> {
    if text.is_empty() {
        return None;
    }
    let word = text.find(|it: char| !it.is_whitespace()).unwrap_or(text.len());
    let letters = text[word..].char_indices().take(4).take_while(|(_, it)| !it.is_whitespace());
    Some(letters.last().map_or(text.len(), |(at, it)| word + at + it.len_utf8()))
}

/// A text of exactly `count` tokens.
pub(super) fn filler(count: usize) -> String {
    const WORDS: [&str; 12] =
        ["the", "sand", "runs", "and", "the", "box", "is", "full", "of", "it", "to", "day"];
    WORDS.iter().cycle().take(count).copied().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_word_is_a_token_for_each_four_characters_begun() {
        let split = |text| tokens(text).collect::<Vec<_>>();
        assert_eq!(split("This is sandbox."), ["This", " is", " sand", "box."]);
        assert_eq!(split("a  b \n"), ["a", "  b", " \n"]);
        assert_eq!(split("grüße 你好世界们"), ["grüß", "e", " 你好世界", "们"]);
        assert_eq!(count(""), 0);
    }

    #[test]
    fn filler_has_the_tokens_it_was_asked_for() {
        for wanted in [0, 1, 50, 500] {
            assert_eq!(count(&filler(wanted)), wanted as u64);
        }
    }

    proptest! {
        #[test]
        fn together_the_tokens_are_the_text(text in any::<String>()) {
            prop_assert_eq!(tokens(&text).collect::<String>(), text.as_str());
            prop_assert!(tokens(&text).all(|it| !it.is_empty()));
            prop_assert!(count(&text) <= text.len() as u64);
        }
    }
}
