//! Catalogs from outside: what is taken, what is refused, and in which words.

use super::*;

#[test]
fn rows_may_come_in_any_order_and_layout() {
    let rows = json!([with("model", json!("b")), with("provider", json!("anthropic")), row()]);
    let pretty = serde_json::to_vec_pretty(&rows).expect("JSON");
    let read = Catalog::read(&pretty).expect("valid");
    let names: Vec<String> =
        read.models().map(|it| format!("{}/{}", it.provider, it.model)).collect();
    assert_eq!(names, ["anthropic/gpt-x", "openai/b", "openai/gpt-x"]);
    assert_eq!(Catalog::read(read.as_str().as_bytes()).expect("its own form"), read);
    assert_eq!(catalog(&json!([])).expect("empty").models().count(), 0);
    assert_eq!(catalog(&json!([])).expect("empty").find("openai", "gpt-x"), None);
}

#[test]
fn a_bad_row_is_named_with_its_field() {
    let price = |field: &str, value: Value| {
        let mut price = json!({"unit": "input", "amount": "1", "per": 1_000_000});
        price[field] = value;
        with("prices", json!([price]))
    };
    for (row, message) in [
        (price("amount", json!(1.5)), "row 1 (openai/gpt-x), prices[0].amount: invalid type"),
        (price("amount", json!("0")), "row 1 (openai/gpt-x), prices[0].amount: `0` is no amount"),
        (
            price("amount", json!("1e3")),
            "row 1 (openai/gpt-x), prices[0].amount: `1e3` is no amount",
        ),
        (price("per", json!(0)), "row 1 (openai/gpt-x), prices[0].per: "),
        (price("unit", json!("smile")), "row 1 (openai/gpt-x), prices[0].unit: `smile` is no unit"),
        (
            price("currency", json!("usd")),
            "row 1 (openai/gpt-x), prices[0].currency: `usd` is no currency",
        ),
        (with("type", json!("chat")), "row 1 (openai/gpt-x), type: unknown variant"),
        (with("families", json!([])), "row 1 (openai/gpt-x), families: expected at least one"),
        (with("colour", json!("red")), "row 1 (openai/gpt-x), colour: unknown field"),
        (with("as_of", json!("yesterday")), "row 1 (openai/gpt-x), as_of: "),
        (with("source", json!("")), "row 1 (openai/gpt-x), source: expected text"),
        (
            with("provider", json!("Open AI")),
            "row 1 (Open AI/gpt-x), provider: expected a kind's id",
        ),
        (with("model", json!("a\nb")), "row 1 (openai/ab), model: control characters"),
        (with("max_output", json!(0)), "row 1 (openai/gpt-x), max_output: 0 tokens"),
        (with("free", json!(true)), "row 1 (openai/gpt-x), free: it has prices"),
        (json!({"provider": "openai"}), "row 1, .: missing field"),
        (json!(7), "row 1, .: invalid type"),
    ] {
        let error = catalog(&json!([row])).expect_err(message).to_string();
        assert!(error.starts_with(message), "{error}\n{message}");
    }
}

#[test]
fn the_same_unit_or_model_twice_is_refused() {
    let price = json!({"unit": "input", "amount": "1", "per": 1_000_000});
    let twice = with("prices", json!([price, price]));
    let error = catalog(&json!([twice])).expect_err("a unit twice").to_string();
    assert_eq!(error, "row 1 (openai/gpt-x), prices[1]: this unit has a price already");
    let error = catalog(&json!([row(), row()])).expect_err("a model twice").to_string();
    assert!(
        error.starts_with("row 2 (openai/gpt-x): this model is in the catalog already"),
        "{error}"
    );
}

#[test]
fn what_is_no_array_or_too_large_is_refused() {
    assert!(matches!(Catalog::read(b"{}"), Err(BadCatalog::NotAnArray(_))));
    assert!(matches!(Catalog::read(b"[1"), Err(BadCatalog::NotAnArray(_))));
    assert!(matches!(Catalog::read(b"\xff"), Err(BadCatalog::NotAnArray(_))));
    let long = vec![b' '; MAX_BYTES + 1];
    assert_eq!(Catalog::read(&long), Err(BadCatalog::TooLarge(MAX_BYTES + 1)));
    let many = format!("[{}0]", "0,".repeat(MAX_MODELS));
    assert_eq!(Catalog::read(many.as_bytes()), Err(BadCatalog::TooMany(MAX_MODELS + 1)));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Catalog::read(&bytes);
    }

    #[test]
    fn every_row_of_any_catalog_is_found(names in proptest::collection::btree_set("[a-z0-9./-]{1,12}", 0..30)) {
        let rows: Vec<Value> = names.iter().rev().map(|it| with("model", json!(it))).collect();
        let catalog = catalog(&json!(rows)).expect("valid");
        for name in &names {
            prop_assert_eq!(catalog.find("openai", name).map(|it| it.model), Some(name.clone()));
        }
        prop_assert_eq!(catalog.find("openai", "A"), None);
    }
}

#[test]
fn a_catalog_that_was_kept_is_the_one_that_was_read() {
    let read = catalog(&json!([row(), with("model", json!("gpt-y"))])).expect("valid");
    let kept = Catalog::kept(read.as_str().to_owned());
    assert_eq!((kept.digest(), kept.len()), (read.digest(), 2));
    assert_eq!(kept.find("openai", "gpt-y"), read.find("openai", "gpt-y"));
    assert_ne!(kept.digest(), Catalog::built_in().digest());
    let again = Catalog::read(Catalog::built_in().as_str().as_bytes()).expect("valid");
    assert_eq!(again.digest(), Catalog::built_in().digest());
    assert!(catalog(&json!([])).expect("valid").is_empty());
}
