//! What a stream looks like to a strict client: its framing, its end, and whether it flows. Pure.

use http::header;
use serde_json::Value;

use super::ask::Reply;
use super::finding::Finding;

const STEP: &str = "stream";

/// Everything that can be said of a stream that was answered with success.
pub(super) fn look(reply: &Reply) -> Vec<Finding> {
    if reply.json().is_some_and(|it| it.is_object()) {
        let what = "a whole JSON answer came in place of a stream";
        return vec![Finding::broken(
            STEP,
            what,
            "the endpoint ignores `stream: true`: switch streaming off in the client",
        )];
    }
    let text = String::from_utf8_lossy(&reply.body);
    let mut found = framing(&text, reply);
    let events: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim).collect();
    let chunks: Vec<Value> = events.iter().filter_map(|it| serde_json::from_str(it).ok()).collect();
    if let Some(error) = chunks.iter().find_map(|it| it.get("error").filter(|it| !it.is_null())) {
        let message = error.get("message").and_then(Value::as_str).unwrap_or("without a message");
        found.push(Finding::broken(
            STEP,
            format!("the stream ended with an error: {message}"),
            "ask whoever runs the endpoint",
        ));
        return found;
    }
    found.extend(ending(&events, &chunks, reply));
    found.extend(flow(&reply.arrivals, chunks.len()));
    if found.is_empty() {
        let first = reply.arrivals.first().copied().unwrap_or_default() / 1_000;
        let last = reply.arrivals.last().copied().unwrap_or_default() / 1_000;
        found.push(Finding::good(
            STEP,
            format!(
                "{} events, the first after {first} ms, the last after {last} ms",
                events.len()
            ),
        ));
    }
    found
}

/// Clients split events at blank lines of bare line feeds, and some know nothing but `data:`.
fn framing(text: &str, reply: &Reply) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut strict = |what: &str, fix: &str| found.push(Finding::warning(STEP, what, fix));
    if !reply.header(header::CONTENT_TYPE).starts_with("text/event-stream") {
        strict(
            "the content type is not text/event-stream",
            "some clients then wait for the whole answer",
        );
    }
    if text.contains("\r\n") {
        strict(
            "lines end in CRLF",
            "strict clients (Dify's) see an empty answer: the endpoint should send bare line feeds",
        );
    }
    if text.lines().any(|line| line.starts_with("event:") || line.starts_with("id:")) {
        strict(
            "there are `event:` or `id:` lines",
            "strict clients (Dify's) stop at them: only `data:` lines belong here",
        );
    }
    let single = |(a, b): (&str, &str)| a.starts_with("data:") && b.starts_with("data:");
    if text.lines().zip(text.lines().skip(1)).any(single) {
        strict(
            "events are not parted by blank lines",
            "clients take several of them for one: the endpoint must end each with a blank line",
        );
    }
    if !reply.header(header::CONTENT_ENCODING).is_empty() {
        strict(
            "the stream is compressed though nobody asked",
            "switch compression of text/event-stream off in the proxy",
        );
    }
    found
}

fn ending(events: &[&str], chunks: &[Value], reply: &Reply) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(why) = &reply.cut {
        found.push(Finding::broken(
            STEP,
            format!("the connection broke in the middle: {why}"),
            "look at time limits of proxies on the way",
        ));
        return found;
    }
    if chunks.is_empty() {
        found.push(Finding::broken(
            STEP,
            "no event could be read",
            "this is not a stream of chat completions: check the base URL",
        ));
        return found;
    }
    let choices =
        |chunk: &Value| chunk.get("choices").and_then(Value::as_array).cloned().unwrap_or_default();
    let finished = chunks
        .iter()
        .flat_map(choices)
        .any(|it| it.get("finish_reason").is_some_and(|it| it.is_string()));
    if !finished {
        found.push(Finding::broken(
            STEP,
            "no event says why the answer ended",
            "clients take it for cut off: the endpoint must send a finish_reason",
        ));
    }
    if events.last() != Some(&"[DONE]") {
        found.push(Finding::warning(
            STEP,
            "the stream does not end with [DONE]",
            "some clients wait until the connection closes",
        ));
    }
    if !chunks.iter().any(|it| it.get("usage").is_some_and(Value::is_object)) {
        found.push(Finding::warning(
            STEP,
            "no event reports the usage",
            "clients that show or limit tokens will show none",
        ));
    }
    found
}

/// Many events that all come at the end, at once, were held back on the way.
fn flow(arrivals: &[u64], events: usize) -> Option<Finding> {
    let (first, last) = (*arrivals.first()?, *arrivals.last()?);
    let held = events >= 5 && first > 300_000 && last - first < 20_000;
    held.then(|| {
        let what = format!(
            "all {events} events came at once, after {} ms: something on the way holds them back",
            first / 1_000
        );
        Finding::warning(
            STEP,
            what,
            "switch buffering off in the proxies on the way (nginx: `proxy_buffering off;`)",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::finding::Grade;

    const CHUNK: &str = r#"data: {"choices":[{"delta":{"content":"1"},"finish_reason":null}]}"#;
    const END: &str = r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    const USAGE: &str = r#"data: {"choices":[],"usage":{"prompt_tokens":1}}"#;

    fn stream(parts: &[&str], separator: &str) -> Reply {
        let mut reply =
            Reply { body: (parts.join(separator) + separator).into_bytes(), ..Reply::default() };
        reply.headers.insert(header::CONTENT_TYPE, "text/event-stream".parse().unwrap());
        reply.arrivals = vec![100_000, 200_000];
        reply
    }

    fn whats(reply: &Reply) -> Vec<String> {
        look(reply).into_iter().map(|it| it.what).collect()
    }

    #[test]
    fn a_good_stream_is_good() {
        let found = look(&stream(&[CHUNK, END, USAGE, "data: [DONE]"], "\n\n"));
        assert_eq!(
            found,
            [Finding::good("stream", "4 events, the first after 100 ms, the last after 200 ms")]
        );
    }

    #[test]
    fn each_broken_rule_is_named() {
        assert_eq!(
            whats(&stream(&[CHUNK, END, USAGE, "data: [DONE]"], "\r\n\r\n")),
            ["lines end in CRLF"]
        );
        let with_event = format!("event: x\n{CHUNK}");
        let found = whats(&stream(&[&with_event, END, USAGE, "data: [DONE]"], "\n\n"));
        assert_eq!(found, ["there are `event:` or `id:` lines"]);
        let found = whats(&stream(&[CHUNK, END, USAGE, "data: [DONE]"], "\n"));
        assert_eq!(found, ["events are not parted by blank lines"]);
        assert_eq!(
            whats(&stream(&[CHUNK, END, USAGE], "\n\n")),
            ["the stream does not end with [DONE]"]
        );
        assert_eq!(
            whats(&stream(&[CHUNK, END, "data: [DONE]"], "\n\n")),
            ["no event reports the usage"]
        );
        assert_eq!(
            whats(&stream(&[CHUNK, USAGE, "data: [DONE]"], "\n\n")),
            ["no event says why the answer ended"]
        );
    }

    #[test]
    fn a_stream_that_was_held_back_is_noticed() {
        let mut reply = stream(&[CHUNK, CHUNK, CHUNK, CHUNK, END, USAGE, "data: [DONE]"], "\n\n");
        reply.arrivals = vec![2_000_000, 2_000_500];
        assert_eq!(look(&reply)[0].grade, Grade::Warning);
        assert!(whats(&reply)[0].starts_with("all 6 events came at once, after 2000 ms"));
        reply.arrivals = vec![2_000_000, 2_900_000];
        assert_eq!(look(&reply)[0].grade, Grade::Good);
    }

    #[test]
    fn an_error_in_the_stream_is_the_finding() {
        let error = r#"data: {"error":{"message":"overloaded"}}"#;
        assert_eq!(
            whats(&stream(&[CHUNK, error], "\n\n")),
            ["the stream ended with an error: overloaded"]
        );
        let whole = stream(&[r#"{"choices":[]}"#], "");
        assert_eq!(whats(&whole), ["a whole JSON answer came in place of a stream"]);
    }
}
