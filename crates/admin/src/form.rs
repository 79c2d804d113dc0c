//! Forms of provider kinds, enforced: what the console shows is what the server checks.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use wayleave_model::Secret;
use wayleave_model::credential::SecretFields;
use wayleave_model::provider::ModelType;
use wayleave_model::target::ModelFacts;
use wayleave_provider::manifest::{BASE_URL, Control, Field};
use wayleave_provider::{KINDS, ProviderKind, kind, model_form};

use crate::error::FieldError;

/// What stands in place of a stored secret; sent back, it keeps the stored one.
pub const HIDDEN: &str = "[__HIDDEN__]";

type Texts = BTreeMap<String, String>;

/// Checks a provider's address and settings against its kind's form; gives the address in the one
/// form that is stored, and the settings with their defaults.
///
/// # Errors
/// Every rule that is broken.
pub fn provider(
    kind_id: &str,
    base_url: Option<&str>,
    settings: &Texts,
) -> Result<(Option<String>, Texts), Vec<FieldError>> {
    let kind = known(kind_id)?;
    let mut values = settings.clone();
    if let Some(url) = base_url {
        values.insert(BASE_URL.to_owned(), url.to_owned());
    }
    let checked = wayleave_provider::form::check(kind.manifest().provider_form, &values).map_err(
        |errors| errors.into_iter().map(|it| placed(it, |_| "settings")).collect::<Vec<_>>(),
    )?;
    let mut settings = checked.settings;
    let base_url = settings.remove(BASE_URL).map(|it| normal(kind, &it)).transpose();
    Ok((base_url.map_err(|it| vec![it])?, settings))
}

/// Checks a credential's secrets and settings against its kind's form. A secret that is
/// [`HIDDEN`] or absent keeps its `stored` value.
///
/// # Errors
/// Every rule that is broken.
pub fn credential(
    kind_id: &str,
    settings: &Texts,
    secrets: &SecretFields,
    stored: Option<&SecretFields>,
) -> Result<(Texts, SecretFields), Vec<FieldError>> {
    let kind = known(kind_id)?;
    let form = kind.manifest().credential_form;
    let is_secret =
        |id: &str| form.iter().any(|it| it.id == id && matches!(it.control, Control::Secret));
    let mut wrong = Vec::new();
    let mut values = Texts::new();
    for (id, value) in settings {
        if is_secret(id) {
            wrong.push(FieldError::new(
                format!("settings.{id}"),
                "is a secret: give it in `fields`",
            ));
        }
        values.insert(id.clone(), value.clone());
    }
    for (id, secret) in stored.iter().flat_map(|it| it.iter()) {
        values.insert(id.to_owned(), text(id, secret, &mut wrong));
    }
    for (id, secret) in secrets.iter() {
        if !is_secret(id) && form.iter().any(|it| it.id == id) {
            wrong.push(FieldError::new(
                format!("fields.{id}"),
                "is no secret: give it in `settings`",
            ));
        }
        let value = text(id, secret, &mut wrong);
        match (value == HIDDEN, stored) {
            (true, Some(_)) => {}
            (true, None) => wrong.push(FieldError::new(
                format!("fields.{id}"),
                "nothing is stored that could be kept",
            )),
            (false, _) => drop(values.insert(id.to_owned(), value)),
        }
    }
    let given: Vec<&str> = secrets.iter().map(|(id, _)| id).collect();
    let place = |id: &str| if is_secret(id) || given.contains(&id) { "fields" } else { "settings" };
    let checked = wayleave_provider::form::check(form, &values);
    values.into_values().for_each(wipe);
    match checked {
        Err(errors) => wrong.extend(errors.into_iter().map(|it| placed(it, place))),
        Ok(checked) if wrong.is_empty() => {
            let mut settings = checked.settings;
            if let Some(url) = settings.get_mut(BASE_URL) {
                *url = normal(kind, url).map_err(|it| vec![it.under("settings")])?;
            }
            return Ok((settings, checked.secrets));
        }
        Ok(_) => {}
    }
    Err(wrong)
}

/// What a custom model's form and its `facts` say of it together. The form's fields are facts of
/// the same ids, so no id may be in both.
///
/// # Errors
/// Every rule that is broken.
pub fn model(
    kind_id: &str,
    model_type: ModelType,
    settings: &Texts,
    facts: &ModelFacts,
) -> Result<ModelFacts, Vec<FieldError>> {
    if settings.is_empty() {
        return Ok(facts.clone());
    }
    let manifest = known(kind_id)?.manifest();
    let typed = model_form::facts(manifest, model_type, settings).map_err(|errors| {
        errors.into_iter().map(|it| placed(it, |_| "settings")).collect::<Vec<_>>()
    })?;
    joined(&typed, facts).map_err(|ids| {
        let twice = |id| FieldError::new(format!("settings.{id}"), "is given in `facts` too");
        ids.into_iter().map(twice).collect()
    })
}

/// A model whose form is filled in anew: facts that are no field of it stay.
///
/// # Errors
/// Every rule that is broken.
pub fn refilled(
    kind_id: &str,
    model_type: ModelType,
    settings: &Texts,
    facts: &ModelFacts,
) -> Result<ModelFacts, Vec<FieldError>> {
    let form = model_form::model_form(known(kind_id)?.manifest());
    let mut rest = object(facts);
    rest.retain(|id, _| !form.iter().any(|it| it.id == id));
    let rest = serde_json::from_value(Value::Object(rest)).unwrap_or_default();
    let typed = model(kind_id, model_type, settings, &ModelFacts::default())?;
    // Nothing is in both: what the form has was taken out.
    Ok(joined(&typed, &rest).unwrap_or(typed))
}

/// Both together; or the ids that are in both.
fn joined(one: &ModelFacts, other: &ModelFacts) -> Result<ModelFacts, Vec<String>> {
    let (mut all, other) = (object(one), object(other));
    let twice: Vec<String> = other.keys().filter(|id| all.contains_key(*id)).cloned().collect();
    if !twice.is_empty() {
        return Err(twice);
    }
    all.extend(other);
    Ok(serde_json::from_value(Value::Object(all)).unwrap_or_else(|_| one.clone()))
}

fn object(facts: &ModelFacts) -> Map<String, Value> {
    match serde_json::to_value(facts) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// The fields of a kind's credential form that are secrets.
pub fn secret_fields(kind_id: &str) -> impl Iterator<Item = &'static Field> {
    let form = kind(kind_id).map(|it| it.manifest().credential_form).unwrap_or_default();
    form.iter().filter(|it| matches!(it.control, Control::Secret))
}

fn known(id: &str) -> Result<&'static dyn ProviderKind, Vec<FieldError>> {
    kind(id).ok_or_else(|| {
        let ids: Vec<&str> = KINDS.iter().map(|it| it.manifest().id).collect();
        let shown: String = id.chars().take(64).collect();
        vec![FieldError::new(
            "kind",
            format!("there is no provider kind `{shown}`; there are {}", ids.join(", ")),
        )]
    })
}

fn normal(kind: &dyn ProviderKind, text: &str) -> Result<String, FieldError> {
    kind.base_url(text).map(|it| it.url).map_err(|it| FieldError::new(BASE_URL, it.message))
}

fn placed<'a>(
    error: wayleave_provider::form::FieldError,
    place: impl Fn(&str) -> &'a str,
) -> FieldError {
    if error.field == BASE_URL && place(BASE_URL) == "settings" {
        return FieldError::new(error.field, error.message);
    }
    let field = format!("{}.{}", place(&error.field), error.field);
    FieldError::new(field, error.message)
}

fn text(id: &str, secret: &Secret, wrong: &mut Vec<FieldError>) -> String {
    secret.expose_str().map(str::to_owned).unwrap_or_else(|| {
        wrong.push(FieldError::new(format!("fields.{id}"), "is not text"));
        String::new()
    })
}

/// The form's rules are written for plain text; that text does not outlive its check.
fn wipe(text: String) {
    drop(Secret::new(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        pairs.iter().map(|(id, value)| ((*id).to_owned(), (*value).to_owned())).collect()
    }

    fn secrets(pairs: &[(&str, &str)]) -> SecretFields {
        SecretFields::new(pairs.iter().map(|(id, value)| ((*id).to_owned(), Secret::new(*value))))
    }

    fn fields(errors: Vec<FieldError>) -> Vec<String> {
        errors.into_iter().map(|it| it.field).collect()
    }

    #[test]
    fn an_address_is_stored_in_one_form() {
        let (url, _) =
            provider("openai-compatible", Some("http://127.0.0.1:9001/v1/"), &texts(&[])).unwrap();
        assert_eq!(url.as_deref(), Some("http://127.0.0.1:9001/v1"));
        assert_eq!(
            fields(provider("openai-compatible", None, &texts(&[])).unwrap_err()),
            ["base_url"]
        );
    }

    #[test]
    fn an_unknown_kind_or_field_is_named() {
        assert_eq!(fields(provider("opnai", None, &texts(&[])).unwrap_err()), ["kind"]);
        let errors = provider("openai", None, &texts(&[("colour", "red")])).unwrap_err();
        assert_eq!(fields(errors), ["settings.colour"]);
        let errors =
            credential("openai", &texts(&[]), &secrets(&[("apikey", "sk-x")]), None).unwrap_err();
        assert_eq!(fields(errors), ["fields.apikey", "fields.api_key"]);
    }

    #[test]
    fn a_hidden_secret_keeps_its_stored_value() {
        let stored = secrets(&[("api_key", "sk-old")]);
        let (_, kept) =
            credential("openai", &texts(&[]), &secrets(&[("api_key", HIDDEN)]), Some(&stored))
                .unwrap();
        assert_eq!(kept.get("api_key").unwrap().expose(), b"sk-old");
        let (_, new) =
            credential("openai", &texts(&[]), &secrets(&[("api_key", "sk-new")]), Some(&stored))
                .unwrap();
        assert_eq!(new.get("api_key").unwrap().expose(), b"sk-new");
        let errors =
            credential("openai", &texts(&[]), &secrets(&[("api_key", HIDDEN)]), None).unwrap_err();
        assert_eq!(fields(errors), ["fields.api_key", "fields.api_key"]);
    }

    #[test]
    fn d4_a_custom_models_form_lands_in_its_facts() {
        let limit = ModelFacts { developer_role: Some(true), ..ModelFacts::default() };
        let given = texts(&[("context_window", "8192"), ("vision", "true")]);
        let facts = model("openai", ModelType::Llm, &given, &limit).unwrap();
        assert_eq!((facts.context_window, facts.vision), (Some(8192), Some(true)));
        assert_eq!(facts.developer_role, Some(true));
        assert_eq!(
            fields(model("openai", ModelType::Llm, &given, &facts).unwrap_err()),
            ["settings.context_window", "settings.vision"]
        );
        let wrong = texts(&[("colour", "red"), ("max_output", "many")]);
        assert_eq!(
            fields(model("openai", ModelType::Llm, &wrong, &limit).unwrap_err()),
            ["settings.colour", "settings.max_output"]
        );
        let anew = refilled("openai", ModelType::Llm, &texts(&[("tools", "true")]), &facts);
        let wanted = ModelFacts { tools: Some(true), ..limit };
        assert_eq!(anew.unwrap(), wanted, "what the form does not have stays");
    }

    #[test]
    fn a_secret_among_the_settings_is_refused_without_being_repeated() {
        let errors = credential("openai", &texts(&[("api_key", "sk-canary")]), &secrets(&[]), None)
            .unwrap_err();
        assert_eq!(fields(errors.clone()), ["settings.api_key"]);
        assert!(!format!("{errors:?}").contains("canary"));
    }
}
