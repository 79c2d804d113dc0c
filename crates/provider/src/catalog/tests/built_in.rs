//! What the built-in catalog must hold.

use super::*;

#[test]
fn it_has_six_hundred_models_of_twenty_three_vendors_and_the_docs_say_how_many() {
    let mut vendors: BTreeMap<String, usize> = BTreeMap::new();
    for row in all() {
        *vendors.entry(row.provider).or_default() += 1;
    }
    let models: usize = vendors.values().sum();
    assert!(models >= 600, "{models} models");
    assert!(vendors.len() >= 23, "{vendors:?}");
    let checked = all().filter(|it| it.verified == Verified::VendorDoc).count();
    assert!(checked >= 40, "{checked} rows from a vendor's own page");
    let counts =
        format!("{models} models of {} providers, {checked} of them `vendor_doc`", vendors.len());
    assert!(DOCS.contains(&counts), "docs/catalog.md must say: {counts}");
    let table: Vec<String> = vendors.iter().map(|(it, count)| format!("{it} {count}")).collect();
    let table = table.join(", ");
    let flat: String = DOCS.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(&table), "docs/catalog.md must list: {table}");
}

#[test]
fn every_line_parses_and_is_written_as_it_stands() {
    let text = Catalog::built_in();
    let again = Catalog::read(text.as_str().as_bytes()).expect("a valid catalog");
    assert_eq!(again.models().count(), text.as_str().lines().count() - 2);
    for (ours, theirs) in text.as_str().lines().zip(again.as_str().lines()) {
        assert_eq!(ours, theirs, "not in the form that the catalog writes");
    }
    assert_eq!(again, text);
}

#[test]
fn no_number_in_it_is_a_float() {
    fn check(value: &Value, at: &str) {
        match value {
            Value::Number(it) => assert!(it.is_u64(), "{at}: {it}"),
            Value::Array(them) => them.iter().for_each(|it| check(it, at)),
            Value::Object(them) => them.iter().for_each(|(name, it)| check(it, name)),
            _ => {}
        }
    }
    check(&serde_json::from_str(Catalog::built_in().as_str()).expect("JSON"), "");
}

#[test]
fn every_model_is_found_by_its_own_name_and_no_other() {
    let models: Vec<CatalogModel> = all().collect();
    for it in &models {
        assert_eq!(find(&it.provider, &it.model).as_ref(), Some(it));
    }
    for (kind, model) in
        [("openai", "gpt-"), ("", ""), ("zzz", "zzz"), ("openai", "~"), ("aaa", "x")]
    {
        assert_eq!(find(kind, model), None, "{kind}/{model}");
    }
    let kinds: BTreeSet<&str> = models.iter().map(|it| it.provider.as_str()).collect();
    for kind in kinds {
        let got: Vec<CatalogModel> = Catalog::built_in().of_kind(kind).collect();
        let want: Vec<&CatalogModel> = models.iter().filter(|it| it.provider == kind).collect();
        assert_eq!(got.iter().collect::<Vec<_>>(), want, "{kind}");
    }
    assert_eq!(Catalog::built_in().of_kind("no-such-kind").count(), 0);
}

#[test]
fn every_row_names_its_source_and_day_and_a_vendors_page_is_an_address() {
    for it in all() {
        let name = format!("{}/{}", it.provider, it.model);
        assert!(it.as_of.year() >= 2026, "{name}");
        match it.verified {
            Verified::VendorDoc => assert!(it.source.starts_with("https://"), "{name}"),
            Verified::Registry => assert!(it.source.starts_with("litellm "), "{name}"),
            Verified::Unverified => panic!("{name}: nobody says so"),
        }
    }
}

#[test]
fn what_was_seen_on_a_vendors_page_is_what_the_row_says() {
    let seen: Vec<Value> = serde_json::from_str(VERIFIED).expect("JSON");
    let text = |page: &Value, field: &str| page[field].as_str().expect("text").to_owned();
    let names: BTreeSet<(String, String)> =
        seen.iter().map(|it| (text(it, "provider"), text(it, "model"))).collect();
    assert_eq!(names.len(), seen.len(), "a model twice in verified.json");
    for page in &seen {
        let row = find(&text(page, "provider"), &text(page, "model")).expect("a row");
        assert_eq!(row.verified, Verified::VendorDoc, "{}", row.model);
        assert!(row.source.starts_with(&text(page, "source")), "{}: {}", row.model, row.source);
        assert!(text(page, "seen").len() > 20, "{}: what was seen?", row.model);
        let row = serde_json::to_value(row).expect("JSON");
        for (field, value) in page["set"].as_object().expect("fields") {
            let prices = |it: &Value| it.as_array().expect("prices").clone();
            let said = match field.as_str() {
                "prices" => prices(value).iter().all(|it| prices(&row["prices"]).contains(it)),
                _ => &row[field] == value,
            };
            assert!(said, "{} {field}", row["model"]);
        }
        assert!(!page["set"]["prices"].is_null(), "{}: a page without prices", row["model"]);
    }
    let marked = all().filter(|it| it.verified == Verified::VendorDoc).count();
    assert_eq!(marked, seen.len());
}

#[test]
fn a_chat_model_has_a_family_of_conversations() {
    let talks = [
        Family::Chat,
        Family::Responses,
        Family::Messages,
        Family::Completions,
        Family::Gemini,
        Family::Converse,
        Family::Cohere,
    ];
    for it in all().filter(|it| it.model_type == ModelType::Llm) {
        assert!(it.families.iter().all(|family| talks.contains(family)), "{}", it.model);
    }
    for it in all().filter(|it| it.model_type == ModelType::Embedding) {
        assert_eq!(it.families, [Family::Embeddings], "{}", it.model);
    }
}

#[test]
fn every_rate_can_be_billed_by() {
    for it in all() {
        for context in [0, 200_001, u64::MAX] {
            let draft = it.rates_at(context);
            let units: BTreeSet<_> = draft.rates.iter().map(|rate| rate.meter()).collect();
            assert_eq!(units.len(), draft.rates.len(), "{}: a unit twice", it.model);
            assert_eq!(draft.rates.len() + draft.apart.len(), it.prices.len(), "{}", it.model);
            assert!(draft.rates.iter().all(|rate| rate.amount.0 > 0 && rate.per > 0));
        }
    }
}
