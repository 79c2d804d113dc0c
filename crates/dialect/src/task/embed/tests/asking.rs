//! What each provider is sent, and what cannot be asked of it.

use super::*;

const TWO: &str = r#"{"model":"public","input":["a","b\n"]}"#;

#[test]
fn each_vendor_is_asked_in_its_own_words() {
    for (grammar, model, suffix, sent) in [
        (Grammar::OpenAi, "own", "", r#"{"model":"own","input":["a","b\n"]}"#),
        (
            Grammar::Cohere,
            "embed-v4.0",
            "",
            r#"{"model":"embed-v4.0","input_type":"search_document","texts":["a","b\n"],"embedding_types":["float"]}"#,
        ),
        (
            Grammar::Gemini,
            "gemini-embedding-001",
            ":batchEmbedContents",
            r#"{"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]}},{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"b\n"}]}}]}"#,
        ),
        (
            Grammar::Vertex,
            "text-embedding-005",
            ":predict",
            r#"{"instances":[{"content":"a"},{"content":"b\n"}]}"#,
        ),
        (
            Grammar::Vertex,
            "gemini-embedding-001",
            ":batchEmbedContents",
            r#"{"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b\n"}]}}]}"#,
        ),
        (
            Grammar::Bedrock,
            "cohere.embed-v4:0",
            "",
            r#"{"input_type":"search_document","texts":["a","b\n"],"embedding_types":["float"]}"#,
        ),
        (Grammar::Ollama, "own", "", r#"{"model":"own","input":["a","b\n"]}"#),
        (Grammar::Voyage, "voyage-4", "/embeddings", r#"{"model":"voyage-4","input":["a","b\n"]}"#),
        (
            Grammar::Voyage,
            "voyage-multimodal-3.5",
            "/multimodalembeddings",
            r#"{"model":"voyage-multimodal-3.5","inputs":[{"content":[{"type":"text","text":"a"}]},{"content":[{"type":"text","text":"b\n"}]}]}"#,
        ),
        (
            Grammar::Jina,
            "jina-embeddings-v4",
            "",
            r#"{"model":"jina-embeddings-v4","input":["a","b\n"]}"#,
        ),
        (Grammar::Mistral, "mistral-embed", "", r#"{"model":"mistral-embed","input":["a","b\n"]}"#),
        (Grammar::Tei, "own", "", r#"{"inputs":["a","b\n"]}"#),
    ] {
        let asked = ask_model(TWO, grammar, model);
        assert_eq!(asked.only(), sent, "{grammar:?}");
        assert_eq!(asked.written.wires[0].suffix, suffix, "{grammar:?}");
        assert!(asked.losses.is_empty(), "{grammar:?}: {:?}", asked.losses);
    }
}

#[test]
fn titan_is_asked_once_for_each_text() {
    let asked = ask_model(TWO, Grammar::Bedrock, "amazon.titan-embed-text-v2:0");
    assert_eq!(asked.bodies(), [r#"{"inputText":"a"}"#, r#"{"inputText":"b\n"}"#]);
    let json = r#"{"model":"m","input":"a","dimensions":256,"normalize":false}"#;
    let asked = ask_model(json, Grammar::Bedrock, "amazon.titan-embed-text-v2:0");
    assert_eq!(asked.only(), r#"{"inputText":"a","dimensions":256,"normalize":false}"#);
    let refusal = refused(json, Grammar::Bedrock, "amazon.titan-embed-text-v1");
    assert_eq!(refusal.param.as_deref(), Some("dimensions"));
    assert_eq!(refusal.code, Some("unsupported_parameter"));
    let refusal = refused(json, Grammar::Bedrock, "meta.llama4");
    assert_eq!(refusal.param.as_deref(), Some("model"));
}

#[test]
fn settings_travel_under_each_vendors_names() {
    let json = r#"{"model":"public","input":"a","dimensions":256,"input_type":"query","truncate":"NONE","user":"u"}"#;
    for (grammar, model, sent, lost) in [
        (
            Grammar::Cohere,
            "embed-v4.0",
            r#"{"model":"embed-v4.0","input_type":"search_query","texts":["a"],"truncate":"NONE","output_dimension":256,"embedding_types":["float"]}"#,
            vec!["user"],
        ),
        (
            Grammar::Gemini,
            "g",
            r#"{"requests":[{"model":"models/g","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":256}]}"#,
            vec!["truncate", "user"],
        ),
        (
            Grammar::Vertex,
            "text-embedding-005",
            r#"{"instances":[{"content":"a","task_type":"RETRIEVAL_QUERY"}],"parameters":{"autoTruncate":false,"outputDimensionality":256}}"#,
            vec!["user"],
        ),
        (
            Grammar::Vertex,
            "gemini-embedding-2",
            r#"{"content":{"parts":[{"text":"a"}]},"embedContentConfig":{"taskType":"RETRIEVAL_QUERY","outputDimensionality":256,"autoTruncate":false}}"#,
            vec!["user"],
        ),
        (
            Grammar::Ollama,
            "o",
            r#"{"model":"o","input":["a"],"truncate":false,"dimensions":256}"#,
            vec!["input_type", "user"],
        ),
        (
            Grammar::Voyage,
            "voyage-4",
            r#"{"model":"voyage-4","input":["a"],"input_type":"query","truncation":false,"output_dimension":256}"#,
            vec!["user"],
        ),
        (
            Grammar::Jina,
            "jina-embeddings-v3",
            r#"{"model":"jina-embeddings-v3","input":["a"],"task":"retrieval.query","dimensions":256,"truncate":false}"#,
            vec!["user"],
        ),
        (
            Grammar::Mistral,
            "codestral-embed",
            r#"{"model":"codestral-embed","input":["a"],"output_dimension":256}"#,
            vec!["input_type", "truncate", "user"],
        ),
        (
            Grammar::Tei,
            "t",
            r#"{"inputs":["a"],"truncate":false,"dimensions":256}"#,
            vec!["input_type", "user"],
        ),
    ] {
        let asked = ask_model(json, grammar, model);
        assert_eq!(asked.only(), sent, "{grammar:?}");
        assert_eq!(asked.losses, lost, "{grammar:?}");
    }
}

#[test]
fn what_is_cut_is_said_in_each_vendors_way() {
    let cut = |word: &str, grammar, model| {
        let json = format!(r#"{{"model":"m","input":"a","truncate":{word}}}"#);
        let sent = ask_model(&json, grammar, model);
        (sent.only(), sent.losses)
    };
    let (sent, losses) = cut("\"START\"", Grammar::Tei, "t");
    assert_eq!(sent, r#"{"inputs":["a"],"truncate":true,"truncation_direction":"Left"}"#);
    assert!(losses.is_empty());
    let (sent, losses) = cut("\"START\"", Grammar::Voyage, "v");
    assert_eq!(sent, r#"{"model":"v","input":["a"]}"#);
    assert_eq!(losses, ["truncate"]);
    let (sent, _) = cut("true", Grammar::Bedrock, "cohere.embed-v4:0");
    assert!(sent.contains(r#""truncate":"RIGHT""#), "{sent}");
    let (sent, _) = cut("true", Grammar::Bedrock, "cohere.embed-english-v3");
    assert!(sent.contains(r#""truncate":"END""#), "{sent}");
    let refusal = openai(r#"{"model":"m","input":"a","truncate":3}"#).err().expect("no word");
    assert_eq!(refusal.param.as_deref(), Some("truncate"));
}

#[test]
fn a_purpose_that_is_not_said_is_a_named_edit_where_the_vendor_demands_one() {
    let sent = ask_model(TWO, Grammar::Cohere, "embed-v4.0");
    assert_eq!(sent.written.edits, ["input_type"]);
    let said = r#"{"model":"m","input":"a","task":"classification"}"#;
    let sent = ask_model(said, Grammar::Cohere, "embed-v4.0");
    assert!(sent.written.edits.is_empty());
    assert!(sent.only().contains(r#""input_type":"classification""#));
    let unknown = r#"{"model":"m","input":"a","task":"poetry"}"#;
    for grammar in [Grammar::Cohere, Grammar::Gemini, Grammar::Jina, Grammar::Voyage] {
        assert_eq!(ask(unknown, grammar).losses, ["task"], "{grammar:?}");
    }
}

#[test]
fn batches_are_as_large_as_the_vendor_or_the_models_facts_allow() {
    let inputs: Vec<String> = (0..205).map(|at| format!("\"{at}\"")).collect();
    let json = format!(r#"{{"model":"m","input":[{}]}}"#, inputs.join(","));
    for (grammar, model, calls) in [
        (Grammar::Cohere, "embed-v4.0", 3),
        (Grammar::Gemini, "g", 3),
        (Grammar::Tei, "t", 7),
        (Grammar::Bedrock, "amazon.titan-embed-text-v2:0", 205),
        (Grammar::Voyage, "voyage-4", 1),
        (Grammar::OpenAi, "o", 1),
    ] {
        let sent = ask_model(&json, grammar, model);
        assert_eq!(sent.written.wires.len(), calls, "{grammar:?}");
    }
    let question = openai(&json).expect("a question");
    let facts = ModelFacts { max_batch: Some(10), ..ModelFacts::UNKNOWN };
    for grammar in [Grammar::OpenAi, Grammar::Cohere, Grammar::Jina, Grammar::Ollama] {
        let sent = Sent::of(&*question, grammar, "o", &facts).expect("asked");
        assert_eq!(sent.written.wires.len(), 21, "{grammar:?}");
    }
    let sent = Sent::of(&*question, Grammar::OpenAi, "o", &facts).expect("asked");
    assert_eq!(sent.bodies()[20], r#"{"model":"o","input":["200","201","202","203","204"]}"#);
    assert_eq!(sent.written.edits, ["model", "input"]);
    // Parts of one document are not cut apart.
    let whole = json.replace("\"model\"", "\"late_chunking\":true,\"model\"");
    let question = openai(&whole).expect("a question");
    let sent = Sent::of(&*question, Grammar::Jina, "j", &facts).expect("asked");
    assert_eq!(sent.written.wires.len(), 1);
    let refusal = refused(&whole, Grammar::Cohere, "embed-v4.0");
    assert_eq!(refusal.param.as_deref(), Some("late_chunking"));
}

#[test]
fn one_request_does_not_become_calls_without_end() {
    let inputs = vec!["\"a\""; 2049].join(",");
    let json = format!(r#"{{"model":"m","input":[{inputs}]}}"#);
    let refusal = refused(&json, Grammar::Bedrock, "amazon.titan-embed-text-v2:0");
    assert_eq!(refusal.param.as_deref(), Some("input"));
    let sent = ask(&json, Grammar::OpenAi);
    assert_eq!(sent.written.wires.len(), 2);
}

#[test]
fn token_ids_go_where_they_are_read_and_nowhere_else() {
    let one = r#"{"model":"m","input":[1, 2,3]}"#;
    let two = r#"{"model":"m","input":[[1,2],[3]]}"#;
    assert_eq!(ask(one, Grammar::OpenAi).only(), r#"{"model":"own","input":[1, 2,3]}"#);
    assert_eq!(ask(one, Grammar::Tei).only(), r#"{"inputs":[[1, 2,3]]}"#);
    assert_eq!(ask(two, Grammar::Tei).only(), r#"{"inputs":[[1,2],[3]]}"#);
    for grammar in [Grammar::Cohere, Grammar::Gemini, Grammar::Voyage, Grammar::Ollama] {
        let refusal = refused(two, grammar, "m");
        assert_eq!(refusal.code, Some("capability_not_supported"), "{grammar:?}");
        assert!(refusal.message.contains("token ids"), "{}", refusal.message);
    }
}

#[test]
fn images_go_to_models_that_see() {
    let png = "data:image/png;base64,iVBORw0KGgo=";
    let json = format!(r#"{{"model":"m","input":[{{"image":"{png}"}},{{"text":"a"}}]}}"#);
    for (grammar, model, sent) in [
        (
            Grammar::Cohere,
            "embed-v4.0",
            r#"{"model":"embed-v4.0","input_type":"search_document","inputs":[{"content":[{"type":"image_url","image_url":{"url":"PNG"}}]},{"content":[{"type":"text","text":"a"}]}],"embedding_types":["float"]}"#,
        ),
        (
            Grammar::Bedrock,
            "cohere.embed-v4:0",
            r#"{"input_type":"search_document","inputs":[{"content":[{"type":"image_url","image_url":"PNG"}]},{"content":[{"type":"text","text":"a"}]}],"embedding_types":["float"]}"#,
        ),
        (
            Grammar::Voyage,
            "voyage-multimodal-3",
            r#"{"model":"voyage-multimodal-3","inputs":[{"content":[{"type":"image_base64","image_base64":"PNG"}]},{"content":[{"type":"text","text":"a"}]}]}"#,
        ),
        (
            Grammar::Jina,
            "jina-clip-v2",
            r#"{"model":"jina-clip-v2","input":[{"image":"iVBORw0KGgo="},"a"]}"#,
        ),
        (
            Grammar::Gemini,
            "gemini-embedding-2",
            r#"{"requests":[{"model":"models/gemini-embedding-2","content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}]}},{"model":"models/gemini-embedding-2","content":{"parts":[{"text":"a"}]}}]}"#,
        ),
    ] {
        let asked = ask_model(&json, grammar, model);
        let sent = sent.replace("PNG", png);
        let sent = if grammar == Grammar::Jina {
            sent.replace(",\"a\"]", ",{\"text\":\"a\"}]")
        } else {
            sent
        };
        assert_eq!(asked.only(), sent, "{grammar:?}");
    }
    let asked = ask_model(&json, Grammar::Cohere, "embed-english-v3.0");
    let bodies = asked.bodies();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].contains(&format!(r#""input_type":"image","images":["{png}"]"#)));
    assert!(bodies[1].contains(r#""input_type":"search_document","texts":["a"]"#));
    for (grammar, model) in
        [(Grammar::Ollama, "o"), (Grammar::Mistral, "m"), (Grammar::Voyage, "voyage-4")]
    {
        let refusal = refused(&json, grammar, model);
        assert_eq!(refusal.code, Some("capability_not_supported"), "{grammar:?}");
    }
    let question = openai(&json).expect("a question");
    let blind = ModelFacts { vision: Some(false), ..ModelFacts::UNKNOWN };
    let refusal = Sent::of(&*question, Grammar::OpenAi, "o", &blind).err().expect("it is blind");
    assert_eq!(refusal.code, Some("capability_not_supported"));
    let far = json.replace(png, "https://pictures.test/a.png");
    assert!(refused(&far, Grammar::Cohere, "embed-v4.0").message.contains("data:"));
    let sent = ask_model(&far, Grammar::Voyage, "voyage-multimodal-3").only();
    assert!(sent.contains(r#"{"type":"image_url","image_url":"https://pictures.test/a.png"}"#));
}

#[test]
fn titans_images_and_texts_make_one_vector() {
    let json = r#"{"model":"m","dimensions":384,"input":[{"content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}"#;
    let sent = ask_model(json, Grammar::Bedrock, "amazon.titan-embed-image-v1");
    assert_eq!(
        sent.only(),
        r#"{"inputText":"a","inputImage":"AAAA","embeddingConfig":{"outputEmbeddingLength":384}}"#
    );
}

#[test]
fn a_conversation_is_passed_on_or_what_the_user_says_of_it_is_one_input() {
    let json = r#"{"messages":[{"role":"system","content":"Be a vector."},{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":""}],"model":"m","encoding_format":"float","continue_final_message":true,"add_special_tokens":true}"#;
    let sent = ask(json, Grammar::OpenAi);
    assert_eq!(sent.only(), json.replace("\"model\":\"m\"", "\"model\":\"own\""));
    assert!(sent.losses.is_empty());
    let sent = ask(json, Grammar::Ollama);
    assert_eq!(sent.only(), r#"{"model":"own","input":["a"]}"#);
    let lost = ["continue_final_message", "add_special_tokens", "messages[0].content"];
    assert_eq!(sent.losses, lost);
}

#[test]
fn numbers_of_another_kind_are_asked_for_or_refused() {
    let json = r#"{"model":"m","input":"a","output_dtype":"binary"}"#;
    assert!(ask(json, Grammar::Cohere).only().contains(r#""embedding_types":["binary"]"#));
    assert!(ask(json, Grammar::Voyage).only().contains(r#""output_dtype":"binary""#));
    assert!(ask(json, Grammar::Mistral).only().contains(r#""output_dtype":"binary""#));
    assert!(ask(json, Grammar::Jina).only().contains(r#""embedding_type":"binary""#));
    for grammar in [Grammar::Ollama, Grammar::Gemini, Grammar::Tei] {
        assert_eq!(refused(json, grammar, "m").param.as_deref(), Some("output_dtype"));
    }
}

#[test]
fn what_is_no_request_is_refused_and_names_the_field() {
    for (json, param) in [
        (r#"{"input":"a"}"#, "model"),
        (r#"{"model":"","input":"a"}"#, "model"),
        (r#"{"model":"m"}"#, "input"),
        (r#"{"model":"m","input":null}"#, "input"),
        (r#"{"model":"m","input":[]}"#, "input"),
        (r#"{"model":"m","input":7}"#, "input"),
        (r#"{"model":"m","input":["a",7]}"#, "input[1]"),
        (r#"{"model":"m","input":[["a"]]}"#, "input[0]"),
        (r#"{"model":"m","input":[{"type":"input_audio"}]}"#, "input[0].type"),
        (r#"{"model":"m","input":"a","encoding_format":"hex"}"#, "encoding_format"),
        (r#"{"model":"m","input":"a","dimensions":"many"}"#, "dimensions"),
        (r#"{"model":"m","messages":[]}"#, "messages"),
    ] {
        let refusal = openai(json).err().expect(json);
        assert_eq!(refusal.param.as_deref(), Some(param), "{json}");
    }
}

#[test]
fn what_is_asked_is_told_to_the_row_before_the_answer() {
    let question = openai(r#"{"model":"m","input":["abcd","efghi"],"user":"u7"}"#).expect("one");
    let asked = question.asked();
    assert_eq!((question.model(), question.end_user()), ("m", Some("u7")));
    assert_eq!((asked.estimated_input, asked.vision), (3, false));
    let consumes = question.consumes(&ModelFacts::UNKNOWN);
    assert_eq!((consumes.sent.input, consumes.most.input), (3, 9 + 8));
}
