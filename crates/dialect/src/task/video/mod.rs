//! Videos: what is asked in every grammar, what a provider says of it later, and where the film is.
//!
//! A video is not answered but promised: the provider takes the request and gives an id, is asked
//! for the state until it ends, and then for the content. Sources are named in each grammar's file.

mod answer;
mod inline;
mod openai;
mod request;
mod runway;
mod veo;

use bytes::Bytes;
use http::Method;
use wayleave_model::Usage;
use wayleave_model::variant::Variant;

use super::{Grammar, Wire};
use crate::Malformed;
use crate::error::Fault;

pub use answer::{Shown, deleted, generation, generation_created, list, video};
pub use inline::Inline;
pub use request::{Reference, Remix, VideoRequest, read_generations, read_openai, read_remix};

/// The grammars in which videos are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// OpenAI's Videos.
    OpenAi,
    /// Veo in AI Studio.
    Gemini,
    /// Veo in Vertex AI.
    Vertex,
    /// Runway's.
    Runway,
}

/// What a provider says of a video.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VideoState {
    /// Its own id of it. What an address is made of holds nothing that leads elsewhere.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// Percent, where it says.
    pub progress: Option<u8>,
    /// Seconds of the video, where it says.
    pub seconds: Option<u64>,
    /// Its width and height, where it says: `1280x720`.
    pub size: Option<String>,
    /// When the content is gone, Unix seconds, where it says.
    pub expires_at: Option<i64>,
    /// A code and a sentence, where there will be none.
    pub error: Option<(String, String)>,
    /// Where the content is, where the grammar says it with the state.
    pub content: Option<String>,
}

/// Where a video stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It waits.
    #[default]
    Queued,
    /// It is worked on.
    Running,
    /// It is there.
    Completed,
    /// There will be none.
    Failed,
    /// It was stopped.
    Cancelled,
}

/// How a video's bytes are had.
#[derive(Clone, Debug)]
pub enum Content {
    /// They are the answer to this.
    At(Wire),
    /// They stand, in base64, in the JSON that is the answer to this: see [`Inline`].
    Within(Wire),
    /// Where the state says: asked for anew, since such addresses end.
    Named,
}

impl Vendor {
    /// Every one.
    pub const ALL: [Vendor; 4] = [Vendor::OpenAi, Vendor::Gemini, Vendor::Vertex, Vendor::Runway];

    /// The one of that grammar; `None`: no videos are asked for in it.
    pub const fn of(grammar: Grammar) -> Option<Vendor> {
        match grammar {
            Grammar::OpenAi => Some(Vendor::OpenAi),
            Grammar::Gemini => Some(Vendor::Gemini),
            Grammar::Vertex => Some(Vendor::Vertex),
            Grammar::Runway => Some(Vendor::Runway),
            _ => None,
        }
    }

    /// The word that stored jobs have for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Vendor::OpenAi => "openai",
            Vendor::Gemini => "gemini",
            Vendor::Vertex => "vertex",
            Vendor::Runway => "runway",
        }
    }

    /// The one of that word.
    pub fn parse(name: &str) -> Option<Vendor> {
        Vendor::ALL.into_iter().find(|it| it.as_str() == name)
    }

    /// Seconds of a video for which none were asked.
    pub const fn default_seconds(self) -> u64 {
        match self {
            Vendor::OpenAi | Vendor::Runway => 4,
            Vendor::Gemini | Vendor::Vertex => 8,
        }
    }

    /// How many seconds its content stays, where it does not say. `None`: as long as it likes.
    pub const fn kept_seconds(self) -> Option<i64> {
        const HOUR: i64 = 60 * 60;
        match self {
            // It says so itself; servers of its grammar that do not keep films as they like.
            Vendor::OpenAi => None,
            // <https://ai.google.dev/gemini-api/docs/video>: removed after two days.
            Vendor::Gemini | Vendor::Vertex => Some(48 * HOUR),
            // Its addresses end after 24 to 48 hours, and are given anew while the task is kept.
            Vendor::Runway => Some(24 * HOUR),
        }
    }

    /// Reads the answer to a request for a video.
    ///
    /// # Errors
    /// It is none: no id, or one that no address can be made of.
    pub fn read_created(self, body: &[u8]) -> Result<VideoState, Fault> {
        let state = self.read(body)?;
        if self.is_id(&state.id) {
            return Ok(state);
        }
        Err(Fault::unreadable("the provider's answer names no video"))
    }

    /// Asks for the state of a video.
    pub fn poll(self, id: &str) -> Wire {
        match self {
            Vendor::OpenAi => get(format!("/{id}")),
            Vendor::Gemini => get(format!("/{id}")),
            Vendor::Vertex => veo::fetch(id),
            Vendor::Runway => get(format!("/tasks/{id}")),
        }
    }

    /// Reads the state of the video of that id.
    ///
    /// # Errors
    /// It is none.
    pub fn read_state(self, id: &str, body: &[u8]) -> Result<VideoState, Fault> {
        let state = self.read(body)?;
        Ok(VideoState { id: id.to_owned(), ..state })
    }

    /// How the bytes of a finished video are had. `variant`: which of them.
    ///
    /// # Errors
    /// A variant that this grammar does not have.
    pub fn content(self, id: &str, variant: Option<&str>) -> Result<Content, Malformed> {
        let variant = variant.filter(|it| *it != "video");
        if let (Some(variant), true) = (variant, self != Vendor::OpenAi) {
            let message = format!("this provider gives the video alone, no `{variant}`");
            return Err(Malformed::unsupported("variant", message));
        }
        Ok(match self {
            Vendor::OpenAi => {
                let wire = get(format!("/{id}/content"));
                Content::At(match variant {
                    Some(variant) => wire.asking(&[("variant", variant)]),
                    None => wire,
                })
            }
            Vendor::Vertex => Content::Within(veo::fetch(id)),
            Vendor::Gemini | Vendor::Runway => Content::Named,
        })
    }

    /// Has the provider delete a video, or stop it. `None`: it has no such call.
    pub fn delete(self, id: &str) -> Option<Wire> {
        let at = |suffix| Wire { method: Method::DELETE, ..get(suffix) };
        match self {
            Vendor::OpenAi => Some(at(format!("/{id}"))),
            Vendor::Runway => Some(at(format!("/tasks/{id}"))),
            Vendor::Gemini | Vendor::Vertex => None,
        }
    }

    /// Whether [`Vendor::delete`] also stops what has not ended.
    pub const fn stops(self) -> bool {
        matches!(self, Vendor::OpenAi | Vendor::Runway)
    }

    /// Makes another video from a finished one. `None`: it has no such call.
    pub fn remix(self, id: &str, remix: &Remix) -> Option<Wire> {
        (self == Vendor::OpenAi)
            .then(|| Wire::json(vec![remix.body.clone()]).at(format!("/{id}/remix")))
    }

    fn read(self, body: &[u8]) -> Result<VideoState, Fault> {
        match self {
            Vendor::OpenAi => openai::read(body),
            Vendor::Gemini | Vendor::Vertex => veo::read(body),
            Vendor::Runway => runway::read(body),
        }
    }

    /// Whether an address can be made of it that leads nowhere else.
    fn is_id(self, id: &str) -> bool {
        let plain = |it: u8| it.is_ascii_alphanumeric() || b"_-.:".contains(&it);
        let segments = match self {
            Vendor::OpenAi | Vendor::Runway => 1,
            // `projects/…/locations/…/publishers/…/models/…/operations/…`.
            Vendor::Gemini | Vendor::Vertex => 12,
        };
        let sound = |it: &str| !it.is_empty() && !it.starts_with('.') && it.bytes().all(plain);
        id.len() <= 512 && id.split('/').count() <= segments && id.split('/').all(sound)
    }
}

/// What a finished video consumed.
pub fn usage(seconds: u64, size: Option<&str>) -> Usage {
    let size = size.and_then(|it| it.parse::<Variant>().ok()).and_then(|it| it.size);
    let variant = size.map(|size| Variant { size: Some(size), quality: None });
    Usage { video_seconds: seconds, variant, ..Usage::default() }
}

/// A `GET` at a path that goes on.
fn get(suffix: String) -> Wire {
    Wire { method: Method::GET, content_type: String::new(), ..Wire::json(Vec::new()).at(suffix) }
}

/// JSON that is being written.
fn json(value: &serde_json::Value) -> Bytes {
    Bytes::from(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_id_cannot_lead_a_request_elsewhere() {
        for (vendor, body, id) in [
            (Vendor::OpenAi, r#"{"id":"video_68d7512d07848190b3e45da0ecbebcde"}"#, true),
            (Vendor::OpenAi, r#"{"id":"../files"}"#, false),
            (Vendor::OpenAi, r#"{"id":"a/b"}"#, false),
            (Vendor::OpenAi, r#"{"id":"a?x"}"#, false),
            (Vendor::OpenAi, r#"{"id":""}"#, false),
            (Vendor::OpenAi, "{}", false),
            (Vendor::Gemini, r#"{"name":"models/veo-3.1/operations/abc-1"}"#, true),
            (Vendor::Gemini, r#"{"name":"models/../x"}"#, false),
            (
                Vendor::Vertex,
                r#"{"name":"projects/p/locations/l/publishers/google/models/veo/operations/1"}"#,
                true,
            ),
            (Vendor::Runway, r#"{"id":"17f20503-6c24-4c16-946b-35dbbce2af2f"}"#, true),
        ] {
            assert_eq!(vendor.read_created(body.as_bytes()).is_ok(), id, "{body}");
        }
    }

    #[test]
    fn only_openai_has_other_pictures_of_a_video() {
        let at = |vendor: Vendor, variant| match vendor.content("v1", variant) {
            Ok(Content::At(wire)) => format!("{}?{}", wire.suffix, wire.query),
            Ok(Content::Within(wire)) => wire.suffix,
            Ok(Content::Named) => "named".to_owned(),
            Err(malformed) => malformed.param.unwrap_or_default(),
        };
        assert_eq!(at(Vendor::OpenAi, None), "/v1/content?");
        assert_eq!(at(Vendor::OpenAi, Some("thumbnail")), "/v1/content?variant=thumbnail");
        assert_eq!(at(Vendor::Runway, Some("video")), "named");
        assert_eq!(at(Vendor::Vertex, None), ":fetchPredictOperation");
        assert_eq!(at(Vendor::Gemini, Some("thumbnail")), "variant");
    }

    #[test]
    fn a_word_for_each_grammar_is_read_as_it_is_written() {
        for vendor in Vendor::ALL {
            assert_eq!(Vendor::parse(vendor.as_str()), Some(vendor));
        }
        assert_eq!(Vendor::of(Grammar::Cohere), None);
    }

    #[test]
    fn seconds_and_size_are_what_is_paid() {
        let usage = usage(8, Some("1280x720"));
        assert_eq!(usage.video_seconds, 8);
        assert_eq!(usage.variant.map(|it| it.to_string()).as_deref(), Some("1280x720"));
        assert_eq!(super::usage(4, Some("auto")).variant, None);
    }
}
