//! What a model's name says of its generation: how it is told to think, and what it demands.
//!
//! <https://ai.google.dev/gemini-api/docs/thinking>,
//! <https://ai.google.dev/gemini-api/docs/gemini-3>.

/// A generation of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// Before 2.5: these do not think.
    Early,
    /// 2.5: a budget of thinking tokens.
    Budget,
    /// 3 and later: a level; calls of tools must come back signed. Names without a number
    /// (`gemini-flash-latest`) mean the newest.
    Level,
    /// Not one of Google's names.
    Other,
}

/// The generation of `model`.
pub(super) fn of(model: &str) -> Generation {
    let name = model.rsplit('/').next().unwrap_or(model);
    let Some(rest) = name.strip_prefix("gemini-") else {
        return if name.starts_with("gemma") { Generation::Early } else { Generation::Other };
    };
    let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    match number.parse::<f64>() {
        Ok(number) if number >= 3.0 => Generation::Level,
        Ok(number) if number >= 2.5 => Generation::Budget,
        Ok(_) => Generation::Early,
        Err(_) if name.ends_with("-latest") => Generation::Level,
        Err(_) => Generation::Other,
    }
}

/// Whether it is one of the larger models, which cannot stop thinking.
pub(super) fn is_pro(model: &str) -> bool {
    model.contains("-pro")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_generation() {
        for (name, expected) in [
            ("gemini-2.5-pro", Generation::Budget),
            ("gemini-2.5-flash-lite-preview-09-2025", Generation::Budget),
            ("gemini-2.0-flash", Generation::Early),
            ("gemma-3-27b-it", Generation::Early),
            ("models/gemini-3-pro-preview", Generation::Level),
            ("publishers/google/models/gemini-3.6-flash", Generation::Level),
            ("gemini-flash-latest", Generation::Level),
            ("gemini-robotics-er-1.5", Generation::Other),
            ("tuned", Generation::Other),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
    }
}
