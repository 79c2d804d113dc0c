//! What is asked when vectors are asked for, whichever grammar said it.

use crate::Malformed;

/// A request for vectors.
#[derive(Clone, Debug, Default)]
pub(super) struct EmbedRequest {
    /// The public name asked for.
    pub(super) model: String,
    /// One vector is wanted for each.
    pub(super) inputs: Vec<Input>,
    /// Vectors come as base64 of their bytes, not as lists.
    pub(super) base64: bool,
    /// How many dimensions; `None`: the model's own.
    pub(super) dimensions: Option<u64>,
    /// What the vectors are for, and the field that said so.
    pub(super) purpose: Option<(&'static str, Purpose)>,
    /// What is done with an input that is too long, and the field that said so.
    pub(super) truncate: Option<(&'static str, Truncate)>,
    /// The numbers of a vector, where not floats, and the field that said so.
    pub(super) dtype: Option<(&'static str, Dtype)>,
    /// The title of the document.
    pub(super) title: Option<String>,
    /// Whether vectors have length one, and the field that said so.
    pub(super) normalize: Option<(&'static str, bool)>,
    /// The inputs are parts of one document (Jina's `late_chunking`).
    pub(super) late_chunking: Option<bool>,
    /// The client's name for its end user.
    pub(super) user: Option<String>,
    /// Fields that this grammar does not know.
    pub(super) rest: Vec<String>,
    /// The first of a batch's requests that asks for vectors of another kind.
    pub(super) mixed: Option<String>,
    /// The documents of a batch have titles of their own.
    pub(super) titles_differ: bool,
}

/// What one vector is wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A text.
    Text(String),
    /// Token ids of the model's own vocabulary: a JSON list.
    Tokens(String),
    /// Texts and images that make one vector.
    Parts(Vec<Part>),
}

/// A part of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A text.
    Text(String),
    /// The address of an image, or the image as a `data:` address.
    Image(String),
}

/// What vectors are for. Models trained for it make other vectors of a question than of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To search with.
    Query,
    /// To be found.
    Document,
    /// To compare texts with each other.
    Similarity,
    /// To sort texts into classes.
    Classification,
    /// To find classes.
    Clustering,
    /// To search code with.
    CodeQuery,
    /// Code, to be found.
    CodePassage,
    /// A question whose answer is searched.
    Question,
    /// A claim whose proof is searched.
    Fact,
    /// Another vendor's word.
    Other(String),
}

impl Purpose {
    /// Any vendor's word: Cohere's and Voyage's `input_type`, Jina's `task`, Google's `taskType`.
    pub(super) fn of(word: &str) -> Purpose {
        match word.to_ascii_lowercase().as_str() {
            "query" | "search_query" | "retrieval.query" | "retrieval_query" => Purpose::Query,
            "document" | "passage" | "search_document" | "retrieval.passage"
            | "retrieval_document" => Purpose::Document,
            "similarity" | "text-matching" | "semantic_similarity" => Purpose::Similarity,
            "classification" => Purpose::Classification,
            "clustering" | "separation" => Purpose::Clustering,
            "code.query" | "nl2code.query" | "code_retrieval_query" => Purpose::CodeQuery,
            "code.passage" | "nl2code.passage" => Purpose::CodePassage,
            "question_answering" | "qa.query" => Purpose::Question,
            "fact_verification" => Purpose::Fact,
            _ => Purpose::Other(word.to_owned()),
        }
    }
}

/// What is done with an input that is longer than the model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truncate {
    /// It is an error.
    Never,
    /// Its beginning is left out.
    Start,
    /// Its end is left out.
    End,
}

impl Truncate {
    /// Cohere's word.
    pub(super) fn of(word: &str) -> Option<Truncate> {
        match word.to_ascii_uppercase().as_str() {
            "NONE" => Some(Truncate::Never),
            "START" | "LEFT" => Some(Truncate::Start),
            "END" | "RIGHT" => Some(Truncate::End),
            _ => None,
        }
    }

    /// Cohere's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Truncate::Never => "NONE",
            Truncate::Start => "START",
            Truncate::End => "END",
        }
    }
}

/// The numbers of a vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Dtype {
    /// `float`: four bytes each.
    #[default]
    Float,
    /// `int8`: -128 to 127.
    Int8,
    /// `uint8`: 0 to 255.
    Uint8,
    /// `binary`: a bit for each dimension, eight in a number of -128 to 127.
    Binary,
    /// `ubinary`: a bit for each dimension, eight in a number of 0 to 255.
    Ubinary,
}

impl Dtype {
    /// The vendors' word: all have the same.
    pub(super) fn of(word: &str) -> Option<Dtype> {
        match word {
            "float" => Some(Dtype::Float),
            "int8" => Some(Dtype::Int8),
            "uint8" => Some(Dtype::Uint8),
            "binary" => Some(Dtype::Binary),
            "ubinary" => Some(Dtype::Ubinary),
            _ => None,
        }
    }

    /// The word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Dtype::Float => "float",
            Dtype::Int8 => "int8",
            Dtype::Uint8 => "uint8",
            Dtype::Binary => "binary",
            Dtype::Ubinary => "ubinary",
        }
    }
}

/// The most tokens that one image can be charged as: Voyage's sixteen million pixels at 560 each.
const IMAGE_TOKENS: u64 = 30_000;

impl EmbedRequest {
    /// The numbers of its vectors.
    pub(super) fn numbers(&self) -> Dtype {
        self.dtype.map_or(Dtype::Float, |(_, dtype)| dtype)
    }

    /// Whether an image is among the inputs.
    pub(super) fn has_images(&self) -> bool {
        self.inputs.iter().any(Input::has_image)
    }

    /// Tokens of the texts: about, and at most (a token is a byte or more).
    pub(super) fn tokens(&self) -> (u64, u64) {
        let (mut bytes, mut ids, mut images) = (0_u64, 0_u64, 0_u64);
        for input in &self.inputs {
            match input {
                Input::Text(text) => bytes += text.len() as u64,
                Input::Tokens(list) => ids += list.split(',').count() as u64,
                Input::Parts(parts) => {
                    for part in parts {
                        match part {
                            Part::Text(text) => bytes += text.len() as u64,
                            Part::Image(_) => images += 1,
                        }
                    }
                }
            }
        }
        // What marks where a text begins and ends is counted too.
        let most = bytes + ids + images * IMAGE_TOKENS + 4 * self.inputs.len() as u64;
        (bytes.div_ceil(4) + ids, most)
    }
}

impl Input {
    /// Whether it has an image.
    pub(super) fn has_image(&self) -> bool {
        match self {
            Input::Parts(parts) => parts.iter().any(|part| matches!(part, Part::Image(_))),
            _ => false,
        }
    }

    /// The whole as one text; `at` is its place among the inputs.
    pub(super) fn only_text(&self, at: usize) -> Result<String, Malformed> {
        match self {
            Input::Text(text) => Ok(text.clone()),
            Input::Tokens(_) => Err(no_tokens(at)),
            Input::Parts(parts) => {
                let texts = parts.iter().map(|part| match part {
                    Part::Text(text) => Ok(text.as_str()),
                    Part::Image(_) => Err(Malformed::incapable(
                        format!("input[{at}]"),
                        "this model makes vectors of texts only, not of images",
                    )),
                });
                Ok(texts.collect::<Result<Vec<_>, _>>()?.join("\n"))
            }
        }
    }

    /// Its parts.
    pub(super) fn parts(&self, at: usize) -> Result<Vec<Part>, Malformed> {
        match self {
            Input::Text(text) => Ok(vec![Part::Text(text.clone())]),
            Input::Tokens(_) => Err(no_tokens(at)),
            Input::Parts(parts) => Ok(parts.clone()),
        }
    }
}

/// Token ids mean other words to another vendor's model.
fn no_tokens(at: usize) -> Malformed {
    Malformed::incapable(
        format!("input[{at}]"),
        "this model takes texts, not token ids: send the text (LangChain: \
         check_embedding_ctx_length=False)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vendors_word_for_a_purpose_is_known() {
        for (word, purpose) in [
            ("search_query", Purpose::Query),
            ("query", Purpose::Query),
            ("retrieval.query", Purpose::Query),
            ("RETRIEVAL_QUERY", Purpose::Query),
            ("passage", Purpose::Document),
            ("search_document", Purpose::Document),
            ("RETRIEVAL_DOCUMENT", Purpose::Document),
            ("text-matching", Purpose::Similarity),
            ("separation", Purpose::Clustering),
            ("CODE_RETRIEVAL_QUERY", Purpose::CodeQuery),
            ("image", Purpose::Other("image".to_owned())),
        ] {
            assert_eq!(Purpose::of(word), purpose, "{word}");
        }
    }

    #[test]
    fn what_can_be_consumed_is_never_less_than_what_is_estimated() {
        let inputs = vec![
            Input::Text("abcde".to_owned()),
            Input::Tokens("[1,2,3]".to_owned()),
            Input::Parts(vec![Part::Image("data:image/png;base64,AA==".to_owned())]),
        ];
        let request = EmbedRequest { inputs, ..EmbedRequest::default() };
        let (about, most) = request.tokens();
        assert_eq!((about, most), (5, 5 + 3 + 30_000 + 12));
        let refused = request.inputs[1].only_text(1).expect_err("tokens");
        assert_eq!(refused.param.as_deref(), Some("input[1]"));
        assert_eq!(refused.code, Some("capability_not_supported"));
    }
}
