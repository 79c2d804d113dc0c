//! What the built-in catalog must hold, and how files, differences and the public form behave.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use wayleave_model::provider::ModelType;
use wayleave_model::target::{Family, ReasoningControl, TokenLimit};

use super::*;

const VERIFIED: &str = include_str!("../../catalog/verified.json");
const DOCS: &str = include_str!("../../../../docs/catalog.md");

fn catalog(rows: &Value) -> Result<Catalog, BadCatalog> {
    Catalog::read(rows.to_string().as_bytes())
}

fn row() -> Value {
    json!({
        "provider": "openai", "model": "gpt-x", "type": "llm", "families": ["chat"],
        "context_window": 1000, "prices": [{"unit": "input", "amount": "1.5", "per": 1_000_000}],
        "source": "https://example.com/pricing", "as_of": "2026-11-22", "verified": "unverified",
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut row = row();
    row[field] = value;
    row
}

/// `(unit, amount)` of the rates in force for a prompt of that size.
fn rates(kind: &str, model: &str, context: u64) -> Vec<(&'static str, String)> {
    let draft = find(kind, model).expect(model).rates_at(context);
    draft.rates.iter().map(|rate| (rate.unit.as_str(), rate.amount.to_string())).collect()
}

mod built_in {
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
        let counts = format!(
            "{models} models of {} providers, {checked} of them `vendor_doc`",
            vendors.len()
        );
        assert!(DOCS.contains(&counts), "docs/catalog.md must say: {counts}");
        let table: Vec<String> =
            vendors.iter().map(|(it, count)| format!("{it} {count}")).collect();
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
        let names: BTreeSet<String> = seen
            .iter()
            .map(|it| {
                format!("{}/{}", it["provider"].as_str().unwrap(), it["model"].as_str().unwrap())
            })
            .collect();
        assert_eq!(names.len(), seen.len(), "a model twice in verified.json");
        for page in &seen {
            let text = |field: &str| page[field].as_str().expect("text").to_owned();
            let row = find(&text("provider"), &text("model")).expect("a row");
            assert_eq!((row.verified, row.source.clone()), (Verified::VendorDoc, text("source")));
            assert!(text("seen").len() > 10, "{}: what was seen?", row.model);
            let row = serde_json::to_value(row).expect("JSON");
            for (field, value) in page["set"].as_object().expect("fields") {
                assert_eq!(&row[field], value, "{} {field}", text("model"));
            }
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
                let units: BTreeSet<_> = draft.rates.iter().map(|rate| rate.unit).collect();
                assert_eq!(units.len(), draft.rates.len(), "{}: a unit twice", it.model);
                assert_eq!(draft.rates.len() + draft.apart.len(), it.prices.len(), "{}", it.model);
                assert!(draft.rates.iter().all(|rate| rate.amount.0 > 0 && rate.per > 0));
            }
        }
    }
}

mod prices {
    use super::*;

    #[test]
    fn tiers_replace_the_price_they_are_above() {
        // https://ai.google.dev/gemini-api/docs/pricing: $1.25 and $10 for prompts up to 200k tokens,
        // $2.50 and $15 above; caching $0.125 and $0.25.
        let small = [("input", "1.25"), ("cached_input", "0.125"), ("output", "10")];
        let large = [("input", "2.5"), ("cached_input", "0.25"), ("output", "15")];
        let owned = |it: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            it.iter().map(|&(unit, amount)| (unit, amount.to_owned())).collect()
        };
        assert_eq!(rates("gemini", "gemini-2.5-pro", 0), owned(&small));
        assert_eq!(rates("gemini", "gemini-2.5-pro", 200_000), owned(&small));
        assert_eq!(rates("gemini", "gemini-2.5-pro", 200_001), owned(&large));
        assert_eq!(rates("gemini", "gemini-2.5-pro", u64::MAX), owned(&large));
    }

    #[test]
    fn what_the_price_book_cannot_hold_is_told_apart_not_dropped() {
        let prices = json!([
            {"unit": "input", "amount": "1", "per": 1_000_000},
            {"unit": "input", "amount": "0.5", "per": 1_000_000, "batch": true},
            {"unit": "output", "amount": "8", "per": 1_000_000, "currency": "CNY"},
            {"unit": "image_output", "amount": "30", "per": 1_000_000},
        ]);
        let catalog = catalog(&json!([with("prices", prices)])).expect("valid");
        let draft = catalog.find("openai", "gpt-x").expect("there").rates();
        assert_eq!(draft.rates.len(), 1);
        let apart: Vec<&str> = draft.apart.iter().map(|it| it.unit.as_str()).collect();
        assert_eq!(apart, ["input", "output", "image_output"]);
    }

    #[test]
    fn a_free_model_is_free_and_one_without_prices_is_not() {
        let mut free = with("free", json!(true));
        free["prices"] = json!([]);
        let unknown = with("prices", json!([]));
        for (row, is_free) in [(free, true), (unknown, false)] {
            let catalog = catalog(&json!([row])).expect("valid");
            let draft = catalog.find("openai", "gpt-x").expect("there").rates();
            assert_eq!((draft.free, draft.rates.len()), (is_free, 0));
        }
    }

    proptest! {
        #[test]
        fn an_amount_is_what_it_was_written_as(whole in 0_u32..1_000_000, nanos in 1_u32..1_000_000_000) {
            let decimals = format!("{nanos:09}");
            let text = format!("{whole}.{}", decimals.trim_end_matches('0'));
            let amount: Amount = text.parse().expect("an amount");
            prop_assert_eq!(amount.nanos(), i64::from(whole) * 1_000_000_000 + i64::from(nanos));
            prop_assert_eq!(amount.to_string(), text);
        }
    }
}

mod facts {
    use super::*;

    #[test]
    fn a_reasoning_model_of_openai_names_its_token_limit_and_its_least() {
        let facts = find("openai", "gpt-5.4").expect("there").facts();
        // https://developers.openai.com/api/docs/models/gpt-5.4
        assert_eq!((facts.context_window, facts.max_output), (Some(1_050_000), Some(128_000)));
        assert_eq!(facts.token_limit, Some(TokenLimit::MaxCompletionTokens));
        assert_eq!(facts.min_output, Some(16));
        assert_eq!(facts.reasoning, Some(ReasoningControl::Effort));
        assert_eq!(facts.families, [Family::Chat, Family::Responses]);
        assert_eq!(
            (facts.tools, facts.vision, facts.json_schema),
            (Some(true), Some(true), Some(true))
        );
    }

    #[test]
    fn claude_is_asked_to_reason_by_budget_or_adapts() {
        let facts = |model: &str| find("anthropic", model).expect(model).facts();
        assert_eq!(facts("claude-haiku-4-5").reasoning, Some(ReasoningControl::Budget));
        assert_eq!(facts("claude-opus-4-8").reasoning, Some(ReasoningControl::Adaptive));
        assert_eq!(facts("claude-opus-4-8").families, [Family::Messages]);
    }

    #[test]
    fn what_a_row_denies_is_denied_and_what_it_leaves_out_is_unknown() {
        let row = with("abilities", json!({"reasoning": false, "tools": false, "files": true}));
        let facts =
            catalog(&json!([row])).expect("valid").find("openai", "gpt-x").expect("there").facts();
        assert_eq!(facts.reasoning, Some(ReasoningControl::None));
        assert_eq!((facts.tools, facts.files, facts.vision), (Some(false), Some(true), None));
    }
}

mod outside {
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
            (
                price("amount", json!("0")),
                "row 1 (openai/gpt-x), prices[0].amount: `0` is no amount",
            ),
            (
                price("amount", json!("1e3")),
                "row 1 (openai/gpt-x), prices[0].amount: `1e3` is no amount",
            ),
            (price("per", json!(0)), "row 1 (openai/gpt-x), prices[0].per: "),
            (
                price("unit", json!("smile")),
                "row 1 (openai/gpt-x), prices[0].unit: `smile` is no unit",
            ),
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
}

mod differences {
    use super::*;

    fn told(old: &Value, new: &Value) -> Vec<String> {
        let changes = diff(&catalog(old).expect("old"), &catalog(new).expect("new"));
        changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_catalog_does_not_differ_from_itself() {
        assert_eq!(diff(&Catalog::built_in(), &Catalog::built_in()), []);
    }

    #[test]
    fn added_removed_and_changed_are_told_in_order() {
        let mut dearer = row();
        dearer["prices"] = json!([
            {"unit": "input", "amount": "2", "per": 1_000_000},
            {"unit": "output", "amount": "4", "per": 1_000_000, "above_context": 200_000},
        ]);
        dearer["abilities"] = json!({"tools": true});
        dearer["context_window"] = Value::Null;
        let old = json!([row(), with("model", json!("a")), with("model", json!("same"))]);
        let new = json!([dearer, with("model", json!("z")), with("model", json!("same"))]);
        assert_eq!(
            told(&old, &new),
            [
                "- openai/a",
                "~ openai/gpt-x: abilities.tools unknown -> true, context_window 1000 -> unknown, \
                 prices.input_per_1m 1.5 -> 2, prices.output_per_1m_above_200k unknown -> 4",
                "+ openai/z",
            ]
        );
        assert_eq!(told(&json!([]), &json!([row()])), ["+ openai/gpt-x"]);
        assert_eq!(told(&json!([row()]), &json!([])), ["- openai/gpt-x"]);
    }

    #[test]
    fn the_same_read_on_another_day_is_a_change_but_no_news() {
        let later = with("as_of", json!("2026-12-01"));
        let (old, new) =
            (catalog(&json!([row()])).expect("old"), catalog(&json!([later])).expect("new"));
        let changes = diff(&old, &new);
        assert_eq!(changes[0].to_string(), "~ openai/gpt-x: as_of 2026-11-22 -> 2026-12-01");
        assert!(!changes[0].is_news());
        assert!(diff(&old, &Catalog::read(b"[]").expect("empty"))[0].is_news());
    }

    #[test]
    fn a_change_is_json_that_names_the_model() {
        let new = with("max_output", json!(5));
        let changes = diff(
            &catalog(&json!([row()])).expect("old"),
            &catalog(&json!([new, with("model", json!("z"))])).expect("new"),
        );
        assert_eq!(
            serde_json::to_string(&changes).expect("JSON"),
            r#"[{"change":"changed","provider":"openai","model":"gpt-x","fields":[{"field":"max_output","old":null,"new":"5"}]},{"change":"added","provider":"openai","model":"z"}]"#
        );
    }
}

mod public {
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
            r#""image_per_1":"0.04","cached_input_per_1m_cny":"0.5"},"#,
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
            let decimal = |it: &Value| {
                it.as_str().is_some_and(|it| it == "0" || it.parse::<Amount>().is_ok())
            };
            assert!(prices.values().all(decimal), "{}", row.model);
        }
    }
}
