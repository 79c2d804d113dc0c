//! A value that fits a JSON schema: its required fields, made the same way every time.

use serde_json::{Map, Number, Value};

/// How deep a value may get, and how many parts it may have: a schema is a client's input.
const DEEPEST: usize = 16;
const MOST_PARTS: usize = 2_000;
/// Caps on what `minItems` and `minLength` can demand.
const MOST_ITEMS: u64 = 16;
const LONGEST: u64 = 1_024;

/// A value that fits `schema`. Understood: type, enum, const, default, required, properties,
/// items, minItems, maxItems, minLength, maxLength, minimum, maximum, exclusiveMinimum, multipleOf, format,
/// anyOf, oneOf, allOf and local `$ref`. Not understood: pattern and conditions.
pub(super) fn fit(schema: &Value) -> Value {
    let mut fitter = Fitter { root: schema, parts: MOST_PARTS };
    fitter.fit(schema, "value", DEEPEST)
}

struct Fitter<'a> {
    root: &'a Value,
    parts: usize,
}

impl Fitter<'_> {
    fn fit(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth == 0 || self.parts == 0 {
            return Value::Null;
        }
        self.parts -= 1;
        if let Some(given) = given(schema) {
            return given.clone();
        }
        if let Some(target) = schema["$ref"].as_str().and_then(|it| it.strip_prefix('#')) {
            let root = self.root;
            return root.pointer(target).map_or(Value::Null, |it| self.fit(it, name, depth - 1));
        }
        if let Some(all) = schema["allOf"].as_array() {
            return self.merged(schema, all, name, depth - 1);
        }
        let any = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
        if let Some(first) = any.and_then(|any| any.iter().find(|it| it["type"] != "null")) {
            return self.fit(first, name, depth - 1);
        }
        match type_of(schema) {
            "object" => self.object(schema, depth),
            "array" => {
                let most = schema["maxItems"].as_u64().unwrap_or(MOST_ITEMS).min(MOST_ITEMS);
                let items = schema["minItems"].as_u64().unwrap_or(1).max(1).min(most);
                (0..items).map(|_| self.fit(&schema["items"], name, depth - 1)).collect()
            }
            "integer" => number(schema, true),
            "number" => number(schema, false),
            "boolean" => Value::Bool(true),
            "null" => Value::Null,
            _ => Value::String(text(schema, name)),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        let mut fields = Map::new();
        for name in required.iter().filter_map(Value::as_str) {
            let value = self.fit(&schema["properties"][name], name, depth - 1);
            fields.insert(name.to_owned(), value);
        }
        Value::Object(fields)
    }

    /// The fields of every part together; the first part's value where they are no objects.
    fn merged(&mut self, schema: &Value, all: &[Value], name: &str, depth: usize) -> Value {
        let mut fields = match self.object(schema, depth.max(1)) {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        for part in all {
            match self.fit(part, name, depth) {
                Value::Object(more) => fields.extend(more),
                other => return other,
            }
        }
        Value::Object(fields)
    }
}

/// A value that the schema names itself.
fn given(schema: &Value) -> Option<&Value> {
    let listed = || schema.get("enum").and_then(|it| it.get(0));
    schema.get("const").or_else(|| schema.get("default")).or_else(listed)
}

/// The first type that is not null; guessed where none is named.
fn type_of(schema: &Value) -> &str {
    let listed =
        || schema["type"].as_array()?.iter().filter_map(Value::as_str).find(|it| *it != "null");
    schema["type"].as_str().or_else(listed).unwrap_or({
        if schema.get("properties").is_some() {
            "object"
        } else if schema.get("items").is_some() {
            "array"
        } else {
            "string"
        }
    })
}

fn number(schema: &Value, whole: bool) -> Value {
    let least = schema["minimum"].as_f64();
    let above = schema["exclusiveMinimum"].as_f64().map(|it| it + 1.0);
    let mut value = least.or(above).unwrap_or(1.0);
    if let Some(most) = schema["maximum"].as_f64() {
        value = value.min(most);
    }
    if let Some(step) = schema["multipleOf"].as_f64().filter(|it| *it > 0.0) {
        value = (value / step).ceil() * step;
    }
    if whole {
        // A float outside i64 saturates; such bounds cannot be kept by a JSON integer anyway.
        return Value::from(value.ceil() as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn text(schema: &Value, name: &str) -> String {
    let made = match schema["format"].as_str().unwrap_or_default() {
        "date-time" => "2026-01-01T00:00:00Z".to_owned(),
        "date" => "2026-01-01".to_owned(),
        "time" => "00:00:00Z".to_owned(),
        "email" => "sandbox@example.com".to_owned(),
        "uri" => "https://example.com/".to_owned(),
        "uuid" => "00000000-0000-4000-8000-000000000000".to_owned(),
        "ipv4" => "192.0.2.1".to_owned(),
        _ => format!("sample {name}"),
    };
    let least = schema["minLength"].as_u64().unwrap_or(0).min(LONGEST) as usize;
    let most = schema["maxLength"].as_u64().unwrap_or(LONGEST).min(LONGEST) as usize;
    let padding = std::iter::repeat_n('.', least.saturating_sub(made.chars().count()));
    made.chars().chain(padding).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn required_fields_are_there_and_no_others() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer", "minimum": 3},
                "unit": {"type": "string", "enum": ["celsius", "kelvin"]},
                "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
                "exact": {"type": ["null", "boolean"]},
                "note": {"type": "string"}
            },
            "required": ["city", "days", "unit", "tags", "exact"]
        });
        let want = json!({
            "city": "sample city", "days": 3, "unit": "celsius",
            "tags": ["sample tags", "sample tags"], "exact": true
        });
        assert_eq!(fit(&schema), want);
    }

    #[test]
    fn references_and_alternatives_are_followed() {
        let schema = json!({
            "$defs": {"point": {"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}}}},
            "type": "object",
            "properties": {
                "at": {"$ref": "#/$defs/point"},
                "or": {"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}]},
                "both": {"allOf": [{"$ref": "#/$defs/point"}, {"required": ["y"], "properties": {"y": {"const": 2}}}]}
            },
            "required": ["at", "or", "both"]
        });
        let want = json!({"at": {"x": 1.0}, "or": "2026-01-01", "both": {"x": 1.0, "y": 2}});
        assert_eq!(fit(&schema), want);
    }

    #[test]
    fn bounds_are_kept() {
        assert_eq!(fit(&json!({"type": "integer", "exclusiveMinimum": 9})), json!(10));
        assert_eq!(fit(&json!({"type": "integer", "maximum": -5})), json!(-5));
        assert_eq!(fit(&json!({"type": "integer", "minimum": 7, "multipleOf": 5})), json!(10));
        assert_eq!(fit(&json!({"type": "array", "maxItems": 0})), json!([]));
        assert_eq!(fit(&json!({"type": "string", "maxLength": 3})), json!("sam"));
        assert_eq!(fit(&json!({"type": "string", "minLength": 14})), json!("sample value.."));
    }

    #[test]
    fn a_schema_that_never_ends_ends() {
        let circle =
            json!({"type": "object", "properties": {"self": {"$ref": "#"}}, "required": ["self"]});
        assert!(fit(&circle).is_object());
        let mut wide = json!({"type": "string"});
        for _ in 0..8 {
            wide = json!({"type": "array", "minItems": 1_000_000, "items": wide});
        }
        assert!(serde_json::to_vec(&fit(&wide)).expect("JSON").len() < 100_000);
    }

    #[test]
    fn what_is_no_schema_gives_a_value_all_the_same() {
        for schema in [json!(null), json!(true), json!(7), json!([]), json!({}), json!({"type": 3})]
        {
            assert_eq!(fit(&schema), json!("sample value"));
        }
    }
}
