//! The vendors' own words for what was cited, and what of them is common.

use serde_json::Value;

use super::{Cited, Found, Span};

/// OpenAI chat's: `{"type":"url_citation","url_citation":{…}}`.
pub(super) fn annotation(json: &str) -> Found {
    let Ok(note) = serde_json::from_str::<Value>(json) else { return Found::default() };
    let inner = if note["url_citation"].is_object() { &note["url_citation"] } else { &note };
    let span = chars(&inner["start_index"], &inner["end_index"]);
    Found { cited: source(inner, "url", span).into_iter().collect(), ..Found::default() }
}

/// A provider's own.
pub(super) fn citation(json: &str) -> Found {
    let Ok(it) = serde_json::from_str::<Value>(json) else { return Found::default() };
    let mut found = Found::default();
    if it["groundingChunks"].is_array() {
        grounding(&it, &mut found);
    } else if let Some(list) =
        it["citations"].as_array().or_else(|| it["citationSources"].as_array())
    {
        // An index that is zero is left out of JSON that was made from protobuf.
        let span = |it: &Value| match it["endIndex"].as_u64() {
            Some(to) => Span::Bytes(it["startIndex"].as_u64().unwrap_or(0), to),
            None => Span::Whole,
        };
        list.iter().for_each(|it| found.add(source(it, "uri", span(it))));
    } else if let Some(sources) = it["sources"].as_array() {
        let span = chars(&it["start"], &it["end"]);
        for source in sources {
            found.add(cohere(source, span.clone()));
        }
    } else if it["location"]["web"].is_object() {
        let mut cited = source(&it["location"]["web"], "url", Span::Whole);
        if let (Some(cited), Some(title)) = (&mut cited, it["title"].as_str()) {
            title.clone_into(&mut cited.title);
        }
        found.add(cited);
    } else {
        // Anthropic's stands at the block of text that it is for.
        found.add(source(&it, "url", Span::Whole));
    }
    let more = ["searchEntryPoint", "webSearchQueries", "retrievalQueries"];
    found.beside = more.iter().any(|key| !it[*key].is_null());
    found
}

/// Google's: what was found, and which of it stands behind which words.
fn grounding(it: &Value, found: &mut Found) {
    let none = Vec::new();
    let list = |json: &Value| json.as_array().cloned().unwrap_or_default();
    let chunks = it["groundingChunks"].as_array().unwrap_or(&none);
    let page = |chunk: &Value, span: Span| {
        let kinds = ["web", "retrievedContext", "maps", "image"];
        let kind = kinds.iter().find(|kind| chunk[**kind].is_object())?;
        source(&chunk[*kind], "uri", span)
    };
    let supports = list(&it["groundingSupports"]);
    if supports.is_empty() {
        chunks.iter().for_each(|chunk| found.add(page(chunk, Span::Whole)));
    }
    let mut used = vec![supports.is_empty(); chunks.len()];
    for support in &supports {
        let segment = &support["segment"];
        let span = match segment["endIndex"].as_u64() {
            Some(to) => Span::Bytes(segment["startIndex"].as_u64().unwrap_or(0), to),
            None => Span::Whole,
        };
        for at in list(&support["groundingChunkIndices"]) {
            let at = at.as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX);
            found.add(chunks.get(at).and_then(|chunk| page(chunk, span.clone())));
            if let Some(used) = used.get_mut(at) {
                *used = true;
            }
        }
    }
    found.unplaced |= used.contains(&false);
}

/// Cohere's: a document of the request, or what a tool gave back; their fields are the client's.
fn cohere(it: &Value, span: Span) -> Option<Cited> {
    let document = if it["document"].is_object() { &it["document"] } else { &it["tool_output"] };
    source(document, "url", span)
}

fn chars(from: &Value, to: &Value) -> Span {
    match (from.as_u64(), to.as_u64()) {
        (Some(from), Some(to)) => Span::Chars(from, to),
        _ => Span::Whole,
    }
}

fn source(it: &Value, key: &str, span: Span) -> Option<Cited> {
    let url = it[key].as_str().filter(|url| !url.is_empty())?.to_owned();
    let title = it["title"].as_str().unwrap_or_default().to_owned();
    Some(Cited { url, title, span })
}

impl Found {
    fn add(&mut self, cited: Option<Cited>) {
        self.unplaced |= cited.is_none();
        self.cited.extend(cited);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cited(url: &str, title: &str, span: Span) -> Cited {
        Cited { url: url.to_owned(), title: title.to_owned(), span }
    }

    fn all(cited: impl IntoIterator<Item = Cited>) -> Found {
        Found { cited: cited.into_iter().collect(), ..Found::default() }
    }

    #[test]
    fn every_vendors_address_is_found() {
        let openai =
            r#"{"url":"u","title":"t","start_index":1,"end_index":4,"type":"url_citation"}"#;
        let nested = format!(r#"{{"type":"url_citation","url_citation":{openai}}}"#);
        let expected = all([cited("u", "t", Span::Chars(1, 4))]);
        assert_eq!(annotation(openai), expected);
        assert_eq!(annotation(&nested), expected);
        let anthropic = r#"{"type":"web_search_result_location","url":"u","title":null,"cited_text":"x","encrypted_index":"e"}"#;
        assert_eq!(citation(anthropic), all([cited("u", "", Span::Whole)]));
        let bedrock = r#"{"title":"t","sourceContent":[{"text":"x"}],"location":{"web":{"url":"u","domain":"d"}}}"#;
        assert_eq!(citation(bedrock), all([cited("u", "t", Span::Whole)]));
        let cohere = r#"{"start":0,"end":5,"text":"Hello","sources":[{"type":"document","id":"d","document":{"url":"u","title":"t"}}]}"#;
        assert_eq!(citation(cohere), all([cited("u", "t", Span::Chars(0, 5))]));
        let recited = r#"{"citationSources":[{"endIndex":7,"uri":"u","license":"mit"}]}"#;
        assert_eq!(citation(recited), all([cited("u", "", Span::Bytes(0, 7))]));
    }

    #[test]
    fn googles_supports_say_which_source_is_behind_what() {
        let json = r#"{"webSearchQueries":["q"],"groundingChunks":[{"web":{"uri":"a","title":"A"}},
            {"web":{"uri":"b"}},{"web":{"uri":"c"}}],
            "groundingSupports":[{"segment":{"endIndex":3,"text":"abc"},"groundingChunkIndices":[1]},
            {"segment":{"startIndex":4,"endIndex":6},"groundingChunkIndices":[0,1]}]}"#;
        let cited = [
            cited("b", "", Span::Bytes(0, 3)),
            cited("a", "A", Span::Bytes(4, 6)),
            cited("b", "", Span::Bytes(4, 6)),
        ];
        let found = citation(json);
        // Nothing rests on the third.
        assert_eq!(found, Found { cited: cited.into(), unplaced: true, beside: true });
        assert_eq!(found.lost().collect::<Vec<_>>(), ["citation", "annotation"]);
    }

    #[test]
    fn what_has_no_address_is_not_found() {
        for json in [
            r#"{"type":"char_location","cited_text":"x"}"#,
            r#"{"title":"T"}"#,
            r#"{"sources":[{"type":"tool","id":"w:0","tool_output":{}}]}"#,
            r#"{"groundingChunks":[{"web":{}}]}"#,
            "[]",
            "no",
        ] {
            let found = citation(json);
            assert!(found.cited.is_empty(), "{json}");
            assert_eq!(found.lost().collect::<Vec<_>>(), ["citation"]);
        }
    }
}
