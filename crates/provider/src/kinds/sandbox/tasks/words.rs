//! Texts as their words: what the sandbox knows of meaning.

/// Figures of a vector that nobody asked to be shorter.
pub(super) const DIMENSIONS: usize = 256;

/// The words of a text, in lower case, each without what surrounds it.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()).map(str::to_lowercase)
}

/// A text as a vector of length 1: each word adds to one of its figures.
pub(super) fn vector(words: impl Iterator<Item = String>, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimensions];
    for word in words {
        vector[place(&word, dimensions)] += 1.0;
    }
    let length = vector.iter().map(|it| it * it).sum::<f32>().sqrt();
    if length == 0.0 {
        vector[0] = 1.0;
        return vector;
    }
    vector.iter().map(|it| it / length).collect()
}

/// Which figure a word adds to: FNV-1a, which stays the same from version to version.
fn place(word: &str, dimensions: usize) -> usize {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
    // Smaller than `dimensions`, which is a `usize`.
    usize::try_from(hash % dimensions as u64).unwrap_or_default()
}
