//! The docs page of providers says what the data says: it is made from it.
//!
//! `UPDATE_DOCS=1 cargo test -p wayleave-provider --test providers_page` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use wayleave_model::credential::SecretFields;
use wayleave_provider::quirks::Models;
use wayleave_provider::{Account, KINDS, ProviderKind};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers.md");

const HEAD: &str = "\
# Providers

A *provider kind* is what Wayleave knows of a vendor: where it is, how a request is authorised and what its chat does
otherwise than OpenAI's. Any other server that speaks OpenAI's chat completions is of the kind `openai-compatible`.

This page is made from the data in `crates/provider/src/kinds`; write it anew with
`UPDATE_DOCS=1 cargo test -p wayleave-provider --test providers_page`.

An address is the kind's default; a provider's or a credential's own `base_url` counts before it. Addresses on
`127.0.0.1` are reached only where `--upstream-allow` lets them ([configuration](configuration.md)). Model types are those
of the vendor that are called here. A request for an alias of another type is answered with `wrong_endpoint`, which names
the right path.

";

const QUIRKS: &str = "\
## Quirks

What is known of a vendor becomes part of the facts of each of its models, unless the model's own facts say otherwise.
Same dialect on both sides: a change is an edit with a name. Different dialects: what cannot be said is a loss
([dialects](dialects.md)). Each quirk is taken from the page it links to.

| kind | quirk | models | source |
|---|---|---|---|
";

fn page() -> String {
    let mut out = String::from(HEAD);
    out.push_str(
        "| kind | | address | auth | model types | documentation |\n|---|---|---|---|---|---|\n",
    );
    for kind in KINDS {
        let it = kind.manifest();
        let types: Vec<_> = it.model_types.iter().map(|it| it.as_str()).collect();
        let (address, auth, types) = (address(*kind), auth(*kind), types.join(", "));
        let label = it.label;
        let docs = it.docs_url;
        let _ =
            writeln!(out, "| `{}` | {label} | {address} | {auth} | {types} | <{docs}> |", it.id);
    }
    out.push('\n');
    out.push_str(QUIRKS);
    for kind in KINDS {
        for quirk in kind.quirks().0 {
            let models = models(quirk.models);
            let (id, what, source) = (kind.manifest().id, quirk.what, quirk.source);
            let _ = writeln!(out, "| `{id}` | {what} | {models} | <{source}> |");
        }
    }
    out
}

fn address(kind: &dyn ProviderKind) -> String {
    let own = kind.manifest().default_base_url.map(|url| format!("`{url}`"));
    own.or_else(|| kind.place()).unwrap_or_else(|| "to be given".to_owned())
}

/// What an account without a key gets tells whether one is needed.
fn auth(kind: &dyn ProviderKind) -> &'static str {
    let form = kind.manifest().credential_form;
    if !form.iter().any(|field| field.id == "api_key") {
        return if form.is_empty() { "none" } else { "see its form" };
    }
    let (settings, secrets) = (BTreeMap::new(), SecretFields::default());
    let account = Account { base_url: "https://h", settings: &settings, secrets: &secrets };
    if kind.headers(&account).is_ok() { "API key, optional" } else { "API key" }
}

fn models(models: Models) -> String {
    match models {
        Models::All => "all".to_owned(),
        Models::Named { prefixes, without } => {
            let prefixes: Vec<_> = prefixes.iter().map(|prefix| format!("`{prefix}…`")).collect();
            let without = if without.is_empty() {
                String::new()
            } else {
                format!(", but not `…{without}…`")
            };
            format!("{}{without}", prefixes.join(", "))
        }
    }
}

#[test]
fn the_page_says_what_the_data_says() {
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(Path::new(PAGE), &page).expect("the page can be written");
    }
    let there = std::fs::read_to_string(PAGE).unwrap_or_default();
    let differs = there.lines().zip(page.lines()).find(|(there, made)| there != made);
    assert!(there == page, "docs/providers.md is not what the data says: {differs:?}");
}

#[test]
fn at_least_forty_vendors_are_known() {
    let own = KINDS.iter().filter(|kind| kind.manifest().id != "sandbox").count();
    assert!(own >= 44, "{own}");
}
