//! What a body is read as, and what is refused.

use crate::raw::RawObject;

fn message(body: &[u8]) -> String {
    RawObject::read(body).unwrap_err().message
}

#[test]
fn fields_are_read_by_name() {
    let body = br#" {"a":1, "b" : "x\ty","c":null,"d":true,"e":[1,2] ,"f":{"a":2}} "#;
    let object = RawObject::read(body).unwrap();
    assert_eq!(object.keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(object.raw("b"), Some(r#""x\ty""#));
    assert_eq!(object.string("b").unwrap().unwrap(), "x\ty");
    assert_eq!(object.u64("a"), Some(Ok(1)));
    assert_eq!(object.bool("d"), Some(Ok(true)));
    assert_eq!(object.parse::<Vec<u8>>("e"), Some(Ok(vec![1, 2])));
    assert_eq!(object.raw("f"), Some(r#"{"a":2}"#));
    assert_eq!(object.body(), body);
    assert!(object.raw("g").is_none() && !object.has("g"));
}

#[test]
fn null_counts_as_absent_but_keeps_its_text() {
    let object = RawObject::read(br#"{"a":null}"#).unwrap();
    assert!(!object.has("a"));
    assert!(object.string("a").is_none() && object.bool("a").is_none());
    assert!(object.u64("a").is_none() && object.parse::<u8>("a").is_none());
    assert_eq!(object.raw("a"), Some("null"));
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    let object = RawObject::read(br#"{"s":1,"b":"x","n":-1,"x":[],"p":"q"}"#).unwrap();
    let said = [
        object.string("s").unwrap().unwrap_err(),
        object.bool("b").unwrap().unwrap_err(),
        object.u64("n").unwrap().unwrap_err(),
        object.u64("x").unwrap().unwrap_err(),
        object.parse::<u8>("p").unwrap().unwrap_err(),
    ]
    .map(|error| (error.param.unwrap(), error.message));
    let expected = [
        ("s", "`s` must be a string, found a number"),
        ("b", "`b` must be true or false, found a string"),
        ("n", "`n` must be a whole number that is not negative, found another"),
        ("x", "`x` must be a whole number that is not negative, found a list"),
        (
            "p",
            "`p` cannot be read: invalid type: string \"q\", expected u8 at line 1 column 3 of the value",
        ),
    ];
    assert_eq!(said, expected.map(|(param, message)| (param.to_owned(), message.to_owned())));
}

#[test]
fn whole_numbers_may_be_spelled_as_floats() {
    let read = |number: &str| {
        let body = format!(r#"{{"n":{number}}}"#);
        RawObject::read(body.as_bytes()).unwrap().u64("n").unwrap().ok()
    };
    assert_eq!(read("18446744073709551615"), Some(u64::MAX));
    assert_eq!(read("16.0"), Some(16));
    assert_eq!(read("1e3"), Some(1000));
    assert_eq!(read("-0"), Some(0));
    for not in ["0.5", "-1", "18446744073709551616", "1e300", "1e400"] {
        assert_eq!(read(not), None, "{not}");
    }
}

#[test]
fn an_error_says_where_and_what_was_expected() {
    let cases: [(&[u8], &str); 16] = [
        (b"", "byte 0: expected a JSON object, found the end of the body"),
        (b"[]", "byte 0: expected a JSON object, found `[`"),
        (b"{\"a\":1}x", "byte 7: expected the end of the body, found `x`"),
        (b"{\"a\":1,}", "byte 7: expected a key in quotes, found `}`"),
        (b"{\"a\" 1}", "byte 5: expected `:` after a key, found `1`"),
        (b"{\"a\":[1 2]}", "byte 8: expected `,` or `]`, found `2`"),
        (b"{\"a\":{\"b\":1]}", "byte 11: expected `,` or `}`, found `]`"),
        (b"{\"a\":01}", "byte 6: expected `,` or `}`, found `1`"),
        (b"{\"a\":-}", "byte 6: expected a digit, found `}`"),
        (b"{\"a\":1.}", "byte 7: expected a digit, found `}`"),
        (b"{\"a\":tru}", "byte 5: expected true, found `t`"),
        (b"{\"a\":NaN}", "byte 5: expected a value, found `N`"),
        (b"{\"a\":\"\\x\"}", "byte 7: expected an escape, found `x`"),
        (b"{\"a\":\"\\u12g4\"}", "byte 7: expected `u` and four hex digits, found `u`"),
        (b"{\"a\":\"\n\"}", "byte 6: expected an escaped control character, found byte 0x0a"),
        (b"{\"a\":\"x", "byte 7: expected the end of a string, found the end of the body"),
    ];
    for (body, said) in cases {
        assert_eq!(message(body), format!("invalid JSON at {said}"));
    }
    assert_eq!(message(b"{\"a\":\"\xff\"}"), "the body is not UTF-8 at byte 6");
    assert_eq!(
        message(b"\xef\xbb\xbf{}"),
        "invalid JSON at byte 0: expected a JSON object, found byte 0xef"
    );
}

#[test]
fn a_repeated_key_is_refused_in_any_spelling() {
    let said = r#"repeated key "model" at byte 17"#;
    assert_eq!(message(br#"{"model":"cheap","model":"dear"}"#), said);
    assert_eq!(message(br#"{"model":"cheap","mod\u0065l":"dear"}"#), said);
    assert_eq!(message(br#"{"":1,"":2}"#), r#"repeated key "" at byte 6"#);
    assert!(RawObject::read(br#"{"model":{"a":1,"a":2},"Model":1}"#).is_ok());
}

#[test]
fn a_key_of_control_characters_makes_no_second_line() {
    assert!(!message(br#"{"a\nb":1,"a\nb":2}"#).contains('\n'));
}

#[test]
fn a_lone_surrogate_is_passed_on_but_not_decoded() {
    let object = RawObject::read(br#"{"a":"\ud800","b":"\ud83d\ude00","c":["\udc00"]}"#).unwrap();
    assert_eq!(object.raw("a"), Some(r#""\ud800""#));
    let said = object.string("a").unwrap().unwrap_err().message;
    assert_eq!(said, "`a` has a lone surrogate, which stands for no character");
    assert_eq!(object.string("b").unwrap().unwrap(), "\u{1f600}");
    assert!(
        message(br#"{"\ud800":1}"#)
            .ends_with("expected a key without a lone surrogate, found `\"`")
    );
}

#[test]
fn many_keys_are_refused_before_the_rest_is_read() {
    let keys = |count: usize| -> String {
        let fields: Vec<String> = (0..count).map(|n| format!("\"k{n}\":{n}")).collect();
        format!("{{{}}}", fields.join(","))
    };
    assert_eq!(RawObject::read(keys(256).as_bytes()).unwrap().keys().count(), 256);
    let mut body = keys(257);
    assert!(message(body.as_bytes()).starts_with("more than 256 top-level keys"));
    // What follows the 257th key is not looked at.
    body.push_str(" and this is no JSON");
    assert!(message(body.as_bytes()).starts_with("more than 256 top-level keys"));
}

#[test]
fn depth_is_not_limited() {
    for depth in [1, 63, 64, 65, 127, 128, 129, 1000, 100_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"b\":[1,", "]}]")] {
            let body = format!("{{\"a\":{}0{}}}", open.repeat(depth), close.repeat(depth));
            assert!(RawObject::read(body.as_bytes()).is_ok(), "{depth} of {open}");
            let wrong = body.replacen('}', "]", 1);
            assert!(RawObject::read(wrong.as_bytes()).is_err() || !body.contains('}'), "{wrong}");
        }
    }
}

#[test]
fn debug_output_shows_no_content() {
    let object = RawObject::read(br#"{"model":"secret-thing"}"#).unwrap();
    assert_eq!(format!("{object:?}"), r#"{"model": 14}"#);
}
