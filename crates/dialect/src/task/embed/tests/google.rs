//! Google's clients: `:embedContent` and `:batchEmbedContents`.

use super::*;

const BATCH: &str = r#"{"requests":[{"model":"models/public","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":64,"x":1},{"model":"models/public","content":{"parts":[{"text":"b"}]},"task_type":"RETRIEVAL_QUERY","output_dimensionality":64}]}"#;

fn sent(json: &str, batch: bool, grammar: Grammar) -> Sent {
    let question = google(json, batch).expect("a question");
    assert_eq!(question.model(), "public");
    Sent::of(&*question, grammar, "own", &ModelFacts::UNKNOWN).expect("it can be asked")
}

#[test]
fn googles_own_bytes_pass_with_the_targets_name_in_each_request() {
    let it = sent(BATCH, true, Grammar::Gemini);
    assert_eq!(it.only(), BATCH.replace("models/public", "models/own"));
    assert_eq!(it.written.wires[0].suffix, ":batchEmbedContents");
    assert_eq!(it.written.edits, ["model"]);
    assert!(it.losses.is_empty());
    let one = r#"{"content":{"parts":[{"text":"a"}]},"x":[1.0]}"#;
    let it = sent(one, false, Grammar::Gemini);
    assert_eq!(it.only(), one);
    assert_eq!(it.written.wires[0].suffix, ":embedContent");
    let answer =
        r#"{"embedding":{"values":[0.10,2],"x":1},"usageMetadata":{"promptTokenCount":3}}"#;
    let spoken = it.answered(&[answer]).expect("a vector");
    assert_eq!((body(&spoken).as_str(), spoken.usage.input), (answer, 3));
}

#[test]
fn more_than_a_hundred_requests_are_sent_in_several_calls() {
    let one = r#"{"content":{"parts":[{"text":"a"}]}}"#;
    let json = format!(r#"{{"requests":[{}]}}"#, vec![one; 150].join(","));
    let it = sent(&json, true, Grammar::Gemini);
    assert_eq!(it.written.wires.len(), 2);
    assert_eq!(it.written.edits, ["requests"]);
    assert_eq!(it.bodies()[1], format!(r#"{{"requests":[{}]}}"#, vec![one; 50].join(",")));
    let answer = |count: usize| {
        let one = r#"{"values":[1]}"#;
        format!(
            r#"{{"embeddings":[{}],"usageMetadata":{{"promptTokenCount":2}}}}"#,
            vec![one; count].join(",")
        )
    };
    let spoken = it.answered(&[&answer(100), &answer(50)]).expect("vectors");
    assert_eq!(body(&spoken), answer(150).replace("Count\":2", "Count\":4"));
}

#[test]
fn what_google_asks_is_asked_of_others() {
    let it = sent(BATCH, true, Grammar::OpenAi);
    assert_eq!(
        it.only(),
        r#"{"model":"own","input":["a","b"],"dimensions":64,"encoding_format":"float"}"#
    );
    assert_eq!(it.losses, ["taskType", "requests[0].x"]);
    let answer = r#"{"data":[{"embedding":[1],"index":0},{"embedding":[2],"index":1}],"model":"m","usage":{"prompt_tokens":5,"total_tokens":5}}"#;
    let spoken = it.answered(&[answer]).expect("vectors");
    assert_eq!(
        body(&spoken),
        r#"{"embeddings":[{"values":[1]},{"values":[2]}],"usageMetadata":{"promptTokenCount":5}}"#
    );
    let it = sent(BATCH, true, Grammar::Cohere);
    assert!(it.only().contains(r#""input_type":"search_query","texts":["a","b"]"#));
}

#[test]
fn vectors_of_several_kinds_are_asked_of_google_alone() {
    let mixed = BATCH.replace("output_dimensionality\":64", "output_dimensionality\":32");
    assert_eq!(sent(&mixed, true, Grammar::Gemini).losses, Vec::<String>::new());
    let question = google(&mixed, true).expect("a question");
    let refusal = Sent::of(&*question, Grammar::Cohere, "own", &ModelFacts::UNKNOWN);
    assert_eq!(refusal.err().expect("two kinds").param.as_deref(), Some("requests[1]"));
}

#[test]
fn pictures_and_settings_in_an_object_are_read() {
    let json = r#"{"content":{"parts":[{"text":"a"},{"inline_data":{"mime_type":"image/png","data":"-_8"}}]},"embedContentConfig":{"taskType":"CLUSTERING","outputDimensionality":8}}"#;
    let it = sent(json, false, Grammar::Cohere);
    assert!(it.only().contains("data:image/png;base64,+/8="), "{}", it.only());
    assert!(it.only().contains(r#""input_type":"clustering""#), "{}", it.only());
    assert!(it.only().contains(r#""output_dimension":8"#), "{}", it.only());
}

#[test]
fn what_is_no_request_is_refused_and_names_the_field() {
    for (json, batch, param) in [
        ("{}", false, "content"),
        (r#"{"content":{}}"#, false, "content.parts"),
        (r#"{"content":{"parts":[]}}"#, false, "content.parts"),
        (r#"{"content":{"parts":[{}]}}"#, false, "content.parts[0].text"),
        ("{}", true, "requests"),
        (r#"{"requests":[]}"#, true, "requests"),
        (r#"{"requests":[{}]}"#, true, "requests[0].content"),
        (
            r#"{"content":{"parts":[{"inlineData":{"mimeType":"audio/wav","data":"AA=="}}]}}"#,
            false,
            "content.parts[0].inlineData.mimeType",
        ),
    ] {
        let refusal = google(json, batch).err().expect(json);
        assert_eq!(refusal.param.as_deref(), Some(param), "{json}");
    }
}
