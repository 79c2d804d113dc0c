//! Cuts a text that is too long for one request where a speaker would pause.

/// Pieces of at most `most` characters, without the white space at which they part. A text that
/// fits stays as it is.
pub(super) fn cut(text: &str, most: usize) -> Vec<&str> {
    // A character has a byte at least, so most texts are told without counting.
    if text.len() <= most || text.chars().count() <= most {
        return vec![text];
    }
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while let Some((limit, _)) = rest.char_indices().nth(most) {
        let at = best(rest, limit);
        let (piece, after) = rest.split_at(at);
        pieces.push(piece.trim_end());
        rest = after.trim_start();
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// Where to part before byte `limit`, which is the end of a character: after a paragraph or a
/// sentence, else after a clause, else between words, else within one. A pause in the first half
/// would make many short pieces.
fn best(text: &str, limit: usize) -> usize {
    let (mut sentence, mut clause, mut word) = (0, 0, 0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let end = at + char.len_utf8();
        if end > limit {
            break;
        }
        let before_space = chars.peek().is_none_or(|(_, next)| next.is_whitespace());
        match char {
            '\n' | '。' | '！' | '？' | '؟' | '।' => sentence = end,
            '.' | '!' | '?' | '…' if before_space => sentence = end,
            ',' | ';' | ':' | '—' | ')' if before_space => clause = end,
            '，' | '、' | '；' | '：' => clause = end,
            _ => {}
        }
        if char.is_whitespace() {
            word = end;
        }
    }
    let late = |at: &usize| *at > limit / 2;
    [sentence, clause, word]
        .into_iter()
        .find(late)
        .or([sentence, clause, word].into_iter().max().filter(|at| *at > 0))
        .unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_that_fits_stays_as_it_is() {
        assert_eq!(cut(" äöü ", 5), [" äöü "]);
    }

    #[test]
    fn it_is_cut_after_sentences_then_clauses_then_words() {
        assert_eq!(cut("One is. Two is! 3.14 is", 16), ["One is. Two is!", "3.14 is"]);
        assert_eq!(cut("one and, two and three", 12), ["one and,", "two and", "three"]);
        assert_eq!(cut("今天很好。我们走吧。", 6), ["今天很好。", "我们走吧。"]);
        assert_eq!(cut("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(cut("Hi. abcdefghijklmnop", 10), ["Hi.", "abcdefghij", "klmnop"]);
    }

    proptest! {
        #[test]
        fn nothing_but_white_space_is_left_out(text in "[a-c äé。.,!\n]{0,80}", most in 1..20_usize) {
            let pieces = cut(&text, most);
            prop_assert!(pieces.iter().all(|piece| piece.chars().count() <= most));
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&pieces.concat()), bare(&text));
            prop_assert!(pieces.len() == 1 || pieces.iter().all(|piece| !piece.trim().is_empty()));
        }
    }
}
