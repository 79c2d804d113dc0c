//! What clients are told of a video: OpenAI's `video` and the one-api family's task.
//!
//! <https://platform.openai.com/docs/api-reference/videos/object>;
//! <https://docs.newapi.pro/en/docs/api/ai-model/videos/get-video-generation>.

use bytes::Bytes;
use serde_json::{Value, json};

use super::Status;

/// A video as its client sees it.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Our id of it.
    pub id: String,
    /// The public name that was asked for.
    pub model: String,
    /// Where it stands.
    pub status: Status,
    /// Percent.
    pub progress: u8,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub completed_at: Option<i64>,
    /// Unix seconds.
    pub expires_at: Option<i64>,
    /// How long it is, or shall be.
    pub seconds: u64,
    /// Width and height, like `1280x720`.
    pub size: Option<String>,
    /// A code and a sentence.
    pub error: Option<(String, String)>,
    /// The one it was made from.
    pub remixed_from: Option<String>,
    /// Where its bytes are, for those whose form says it.
    pub url: Option<String>,
}

/// Of a video for which no size is known: OpenAI's own default.
const SIZE: &str = "720x1280";

/// OpenAI's `video`.
pub fn video(it: &Shown) -> Bytes {
    Bytes::from(object(it).to_string())
}

/// OpenAI's list of them.
pub fn list(items: &[Shown], more: bool) -> Bytes {
    let body = json!({
        "object": "list",
        "data": items.iter().map(object).collect::<Vec<Value>>(),
        "first_id": items.first().map(|it| it.id.as_str()),
        "last_id": items.last().map(|it| it.id.as_str()),
        "has_more": more,
    });
    Bytes::from(body.to_string())
}

/// What OpenAI says of one that is gone.
pub fn deleted(id: &str) -> Bytes {
    Bytes::from(json!({ "id": id, "object": "video.deleted", "deleted": true }).to_string())
}

/// The family's answer to a request; `id` too, which clients of OpenAI's form look for.
pub fn generation_created(it: &Shown) -> Bytes {
    let body = json!({
        "task_id": it.id, "id": it.id, "object": "video", "model": it.model,
        "status": word(it.status), "created_at": it.created_at,
    });
    Bytes::from(body.to_string())
}

/// The family's task.
pub fn generation(it: &Shown) -> Bytes {
    let (width, height) = it
        .size
        .as_deref()
        .and_then(|size| size.split_once('x'))
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)))
        .map_or((None, None), |(width, height): (u32, u32)| (Some(width), Some(height)));
    let completed = it.status == Status::Completed;
    let error =
        it.error.as_ref().map(|(code, message)| json!({ "code": code, "message": message }));
    let body = json!({
        "task_id": it.id,
        "id": it.id,
        "model": it.model,
        "status": word(it.status),
        "progress": it.progress,
        "url": if completed { it.url.as_deref() } else { None },
        "format": if completed { Some("mp4") } else { None },
        "metadata": { "duration": it.seconds, "width": width, "height": height },
        "error": error,
        "created_at": it.created_at,
        "completed_at": it.completed_at,
        "expires_at": it.expires_at,
    });
    Bytes::from(body.to_string())
}

fn object(it: &Shown) -> Value {
    let error =
        it.error.as_ref().map(|(code, message)| json!({ "code": code, "message": message }));
    json!({
        "id": it.id,
        "object": "video",
        "model": it.model,
        "status": word(it.status),
        "progress": it.progress,
        "created_at": it.created_at,
        "completed_at": it.completed_at,
        "expires_at": it.expires_at,
        "seconds": it.seconds.to_string(),
        "size": it.size.as_deref().unwrap_or(SIZE),
        "error": error,
        "remixed_from_video_id": it.remixed_from,
    })
}

/// OpenAI's word: there is none for what was stopped.
fn word(status: Status) -> &'static str {
    match status {
        Status::Queued => "queued",
        Status::Running => "in_progress",
        Status::Completed => "completed",
        Status::Failed | Status::Cancelled => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Shown {
        Shown {
            id: "video_1".into(),
            model: "film".into(),
            status: Status::Completed,
            progress: 100,
            created_at: 1,
            completed_at: Some(9),
            expires_at: Some(99),
            seconds: 8,
            size: Some("1280x720".into()),
            url: Some("https://gate.test/v1/videos/video_1/content".into()),
            ..Shown::default()
        }
    }

    #[test]
    fn a_video_has_every_field_that_openais_has() {
        assert_eq!(
            String::from_utf8_lossy(&video(&shown())),
            r#"{"completed_at":9,"created_at":1,"error":null,"expires_at":99,"id":"video_1","model":"film","object":"video","progress":100,"remixed_from_video_id":null,"seconds":"8","size":"1280x720","status":"completed"}"#
        );
        let list = list(&[shown()], true);
        let list: Value = serde_json::from_slice(&list).expect("JSON");
        assert_eq!((&list["last_id"], &list["has_more"]), (&json!("video_1"), &json!(true)));
        assert_eq!(
            String::from_utf8_lossy(&deleted("video_1")),
            r#"{"deleted":true,"id":"video_1","object":"video.deleted"}"#
        );
    }

    #[test]
    fn the_familys_task_names_the_address_once_it_is_there() {
        let task: Value = serde_json::from_slice(&generation(&shown())).expect("JSON");
        assert_eq!(task["url"], "https://gate.test/v1/videos/video_1/content");
        assert_eq!(task["metadata"], json!({ "duration": 8, "width": 1280, "height": 720 }));
        let failed =
            Shown { status: Status::Failed, error: Some(("x".into(), "m".into())), ..shown() };
        let task: Value = serde_json::from_slice(&generation(&failed)).expect("JSON");
        assert_eq!((&task["url"], &task["status"]), (&Value::Null, &json!("failed")));
        assert_eq!(task["error"], json!({ "code": "x", "message": "m" }));
    }
}
