//! Google's own schemas as JSON Schema.
//!
//! `Schema` is a subset of OpenAPI 3.0's (<https://ai.google.dev/api/caching#Schema>): types in
//! capitals, `nullable` beside the type, numbers of items in quotes, and an order of properties.
//! The other direction is not needed: Google takes JSON Schema in `parametersJsonSchema` and
//! `responseJsonSchema`.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::proto::camel;
use crate::Malformed;

/// Translates the schema that stands at `path`.
pub(super) fn to_json_schema(json: &str, path: &str) -> Result<Box<RawValue>, Malformed> {
    let wrong = |_| Malformed::at(path, format!("`{path}` must be a schema"));
    let schema: Map<String, Value> = serde_json::from_str(json).map_err(wrong)?;
    let text = Value::Object(translate(schema)).to_string();
    RawValue::from_string(text).map_err(wrong)
}

fn translate(schema: Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    let mut nullable = false;
    for (key, value) in schema {
        let key = camel(&key);
        match (&*key, value) {
            ("nullable", Value::Bool(it)) => nullable = it,
            // The order in which properties are written; they are in order already.
            ("propertyOrdering" | "example", _) => (),
            ("type", Value::String(word)) => {
                let word = word.to_ascii_lowercase();
                if word != "type_unspecified" {
                    out.insert(key, word.into());
                }
            }
            ("properties" | "defs", Value::Object(all)) => {
                let all = all.into_iter().map(|(name, it)| (name, any(it))).collect();
                out.insert(
                    if key == "defs" { "$defs".to_owned() } else { key },
                    Value::Object(all),
                );
            }
            ("anyOf", Value::Array(all)) => {
                out.insert(key, all.into_iter().map(any).collect());
            }
            ("items", it) => {
                out.insert(key, any(it));
            }
            ("ref", it) => {
                out.insert("$ref".to_owned(), it);
            }
            ("format", Value::String(word)) if word == "enum" => (),
            (
                "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties"
                | "maxProperties",
                Value::String(number),
            ) => {
                let number = number.parse::<u64>().map_or(Value::String(number), Value::from);
                out.insert(key, number);
            }
            (_, value) => {
                out.insert(key, value);
            }
        }
    }
    if nullable {
        allow_null(&mut out);
    }
    out
}

fn any(value: Value) -> Value {
    match value {
        Value::Object(schema) => Value::Object(translate(schema)),
        other => other,
    }
}

fn allow_null(schema: &mut Map<String, Value>) {
    if let Some(word) = schema.remove("type") {
        schema.insert("type".to_owned(), Value::Array(vec![word, "null".into()]));
    } else if let Some(Value::Array(all)) = schema.get_mut("anyOf") {
        all.push(serde_json::json!({ "type": "null" }));
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn googles_words_become_json_schemas() {
        let schema = r#"{"type":"OBJECT","properties":{"type":{"type":"STRING","format":"enum",
            "enum":["a"],"nullable":true},"list":{"type":"ARRAY","minItems":"1","max_items":3,
            "items":{"type":"INTEGER","format":"int32"}}},"required":["list"],
            "propertyOrdering":["type","list"]}"#;
        let out: Value = serde_json::from_str(to_json_schema(schema, "p").unwrap().get()).unwrap();
        let expected = serde_json::json!({"type":"object","properties":{
            "type":{"type":["string","null"],"enum":["a",null]},
            "list":{"type":"array","minItems":1,"maxItems":3,
                "items":{"type":"integer","format":"int32"}}},
            "required":["list"]});
        assert_eq!(out, expected);
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        assert_eq!(to_json_schema("[1]", "tools").unwrap_err().param.as_deref(), Some("tools"));
    }
}
