//! The bytes of the public form.

use super::*;

#[test]
fn a_row_shows_exactly_what_the_public_may_rely_on() {
    let mut row = row();
    row["max_output"] = json!(100);
    row["input"] = json!(["text", "image"]);
    row["output"] = json!(["text"]);
    row["abilities"] = json!({"tools": true, "reasoning": true, "reasoning_control": "effort"});
    row["prices"] = json!([
        {"unit": "input", "amount": "1.5", "per": 1_000_000},
        {"unit": "input", "amount": "3", "per": 1_000_000, "above_context": 272_000},
        {"unit": "output", "amount": "6", "per": 1_000_000, "batch": true},
        {"unit": "image", "amount": "0.04", "per": 1},
        {"unit": "image@1024x1024/hd", "amount": "0.08", "per": 1},
        {"unit": "cached_input", "amount": "0.5", "per": 1_000_000, "currency": "CNY"},
    ]);
    let body = public_json(&catalog(&json!([row])).expect("valid"));
    let want = concat!(
        r#"{"models":["#,
        "\n",
        r#"{"provider":"openai","model":"gpt-x","type":"llm","families":["chat"],"context":1000,"#,
        r#""abilities":{"tools":true,"reasoning":true,"reasoning_control":"effort","max_output":100,"#,
        r#""input":["text","image"],"output":["text"]},"#,
        r#""prices":{"input_per_1m":"1.5","input_per_1m_above_272k":"3","output_per_1m_batch":"6","#,
        r#""image_per_1":"0.04","image@1024x1024/hd_per_1":"0.08","cached_input_per_1m_cny":"0.5"},"#,
        r#""source":"https://example.com/pricing","as_of":"2026-11-22"}"#,
        "\n]}\n"
    );
    assert_eq!(String::from_utf8(body).expect("UTF-8"), want);
}

#[test]
fn what_is_unknown_is_null_or_empty_and_what_is_free_says_so() {
    let mut bare = row();
    for field in ["context_window", "prices"] {
        bare.as_object_mut().expect("a row").remove(field);
    }
    let mut free = bare.clone();
    free["free"] = json!(true);
    free["model"] = json!("gpt-y");
    let body = public_json(&catalog(&json!([bare, free])).expect("valid"));
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["models"][0]["context"], Value::Null);
    assert_eq!(
        (&body["models"][0]["abilities"], &body["models"][0]["prices"]),
        (&json!({}), &json!({}))
    );
    assert_eq!(body["models"][1]["prices"], json!({"free": "0"}));
}

#[test]
fn all_of_the_catalog_is_shown_and_every_price_is_a_decimal_string() {
    let body: Value = serde_json::from_slice(&public_json(&Catalog::built_in())).expect("JSON");
    let models = body["models"].as_array().expect("an array");
    assert_eq!(models.len(), all().count());
    let fields = [
        "provider",
        "model",
        "type",
        "families",
        "context",
        "abilities",
        "prices",
        "source",
        "as_of",
    ];
    for (shown, row) in models.iter().zip(all()) {
        let shown = shown.as_object().expect("a row");
        let names: BTreeSet<&str> = shown.keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(fields));
        let prices = shown["prices"].as_object().expect("prices");
        assert_eq!(
            prices.len(),
            row.prices.len() + usize::from(row.free),
            "{}: a key twice",
            row.model
        );
        let decimal =
            |it: &Value| it.as_str().is_some_and(|it| it == "0" || it.parse::<Amount>().is_ok());
        assert!(prices.values().all(decimal), "{}", row.model);
    }
}
