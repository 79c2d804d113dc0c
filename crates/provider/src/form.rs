//! The server's side of a form: the same rules that the console shows, enforced.

use std::collections::BTreeMap;

use wayleave_model::Secret;
use wayleave_model::credential::SecretFields;

use crate::manifest::{Choice, Control, Field};

/// Longest value of an ordinary field, in bytes.
const LONGEST_TEXT: usize = 4096;
/// Longest secret, in bytes: a service account's file fits.
const LONGEST_SECRET: usize = 65_536;

/// A filled-in form that keeps every rule.
#[derive(Debug, Default)]
pub struct Checked {
    /// The fields that are no secret, defaults included. A `base_url` among them is as it was
    /// typed: pass it through [`crate::ProviderKind::base_url`].
    pub settings: BTreeMap<String, String>,
    /// The secret fields.
    pub secrets: SecretFields,
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// The field's id, or the key that is no field.
    pub field: String,
    /// What is wrong and what to do. Never the value.
    pub message: String,
}

/// Checks what was typed against the form; every broken rule is reported, not only the first.
///
/// Spaces around a value are dropped, and what is then empty counts as absent. A field whose
/// conditions do not hold is not considered, whatever was typed. A required field must be given, a
/// default is stored where nothing is, a choice must be on the list, a switch is `true` or `false`, a number is one,
/// and a key that is no field is refused with the nearest field named.
pub fn check(
    form: &[Field],
    values: &BTreeMap<String, String>,
) -> Result<Checked, Vec<FieldError>> {
    check_given(form, values, &[])
}

/// The same where conditions go by what is `given` beside the form, too.
pub(crate) fn check_given(
    form: &[Field],
    values: &BTreeMap<String, String>,
    given: &[(&str, &str)],
) -> Result<Checked, Vec<FieldError>> {
    let mut errors = unknown_keys(form, values);
    let mut settings = BTreeMap::new();
    let mut secrets = Vec::new();
    let typed = Typed { form, values, given };
    for field in form.iter().filter(|field| typed.shows(field, form.len())) {
        let Some(value) = effective(field, values) else {
            if field.required {
                errors.push(FieldError::new(field.id, format!("{} is required", field.label)));
            }
            continue;
        };
        match broken_rule(field, value) {
            Some(message) => errors.push(FieldError::new(field.id, message)),
            None if matches!(field.control, Control::Secret) => {
                secrets.push((field.id.to_owned(), Secret::new(value)));
            }
            None => {
                settings.insert(field.id.to_owned(), value.to_owned());
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Checked { settings, secrets: SecretFields::new(secrets) })
}

impl FieldError {
    fn new(field: impl Into<String>, message: impl Into<String>) -> FieldError {
        FieldError { field: field.into(), message: message.into() }
    }
}

/// What counts as the field's value: what was typed, else its default.
fn effective<'a>(field: &Field, values: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let typed = values.get(field.id).map(|it| it.trim()).filter(|it| !it.is_empty());
    typed.or(field.default)
}

/// What was typed, and what stands beside the form.
struct Typed<'a> {
    form: &'a [Field],
    values: &'a BTreeMap<String, String>,
    given: &'a [(&'a str, &'a str)],
}

impl Typed<'_> {
    /// Whether every condition holds, on fields that are shown themselves. `depth` ends a circle.
    fn shows(&self, field: &Field, depth: usize) -> bool {
        field.show_on.iter().all(|condition| {
            let given = self.given.iter().find(|(id, _)| *id == condition.field);
            if let Some((_, value)) = given {
                return *value == condition.value;
            }
            depth > 0
                && self.form.iter().find(|it| it.id == condition.field).is_some_and(|other| {
                    effective(other, self.values) == Some(condition.value)
                        && self.shows(other, depth - 1)
                })
        })
    }
}

fn broken_rule(field: &Field, value: &str) -> Option<String> {
    let (longest, lines) = match field.control {
        Control::Secret => (LONGEST_SECRET, true),
        _ => (LONGEST_TEXT, false),
    };
    if value.len() > longest {
        return Some(format!("longer than {longest} bytes"));
    }
    if value.chars().any(|it| it.is_control() && !(lines && matches!(it, '\n' | '\r' | '\t'))) {
        return Some("holds a control character (a line break?)".to_owned());
    }
    match &field.control {
        Control::Text | Control::Secret => None,
        Control::Number if value.parse::<u32>().is_ok_and(|it| it > 0) => None,
        Control::Number => Some("must be a whole number, at least 1".to_owned()),
        Control::Switch if matches!(value, "true" | "false") => None,
        Control::Switch => Some("must be true or false".to_owned()),
        Control::Select { options } | Control::Radio { options } => {
            let listed = options.iter().any(|it| it.value == value);
            (!listed).then(|| format!("must be one of {}", names(options)))
        }
    }
}

fn names(options: &[Choice]) -> String {
    options.iter().map(|it| it.value).collect::<Vec<_>>().join(", ")
}

fn unknown_keys(form: &[Field], values: &BTreeMap<String, String>) -> Vec<FieldError> {
    let unknown = values.keys().filter(|key| !form.iter().any(|field| field.id == **key));
    unknown
        .map(|key| {
            let shown: String = key.chars().filter(|it| !it.is_control()).take(64).collect();
            let message = match nearest(form, &shown) {
                Some(id) => format!("no such field; did you mean {id}?"),
                None if form.is_empty() => "no such field; this form has none".to_owned(),
                None => {
                    let ids: Vec<_> = form.iter().map(|field| field.id).collect();
                    format!("no such field; the fields are {}", ids.join(", "))
                }
            };
            FieldError::new(shown, message)
        })
        .collect()
}

/// The field that `key` was probably meant to be: at most a third of its letters differ.
fn nearest(form: &[Field], key: &str) -> Option<&'static str> {
    let letters = |text: &str| text.to_ascii_lowercase().replace(['-', ' ', '_'], "");
    let key = letters(key);
    let (distance, id) =
        form.iter().map(|it| (edit_distance(&letters(it.id), &key), it.id)).min()?;
    (distance * 3 <= id.len()).then_some(id)
}

/// How many letters must be added, dropped or changed to make `a` of `b`.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Condition;

    const fn field(id: &'static str, control: Control) -> Field {
        Field {
            id,
            label: id,
            control,
            required: false,
            default: None,
            placeholder: None,
            help: None,
            show_on: &[],
        }
    }

    static MODES: &[Choice] =
        &[Choice { value: "key", label: "Key" }, Choice { value: "role", label: "Role" }];

    static FORM: &[Field] = &[
        Field { required: true, ..field("api_key", Control::Secret) },
        Field { default: Some("key"), ..field("mode", Control::Select { options: MODES }) },
        Field {
            required: true,
            show_on: &[Condition { field: "mode", value: "role" }],
            ..field("role_arn", Control::Text)
        },
        field("verbose", Control::Switch),
        field("organization", Control::Text),
    ];

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn errors(pairs: &[(&str, &str)]) -> Vec<String> {
        let errors = check(FORM, &values(pairs)).expect_err("broken rules");
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn secrets_and_settings_are_kept_apart_and_defaults_stored() {
        let typed = values(&[("api_key", " sk-1\n"), ("organization", "  "), ("verbose", "true")]);
        let it = check(FORM, &typed).expect("keeps every rule");
        assert_eq!(it.settings, values(&[("mode", "key"), ("verbose", "true")]));
        assert_eq!(it.secrets.get("api_key").and_then(Secret::expose_str), Some("sk-1"));
        assert_eq!(
            format!("{:?}", it.secrets.iter().map(|(id, _)| id).collect::<Vec<_>>()),
            "[\"api_key\"]"
        );
    }

    #[test]
    fn a_required_field_must_be_given_only_where_it_is_shown() {
        assert_eq!(errors(&[("api_key", "")]), ["api_key: api_key is required"]);
        assert_eq!(
            errors(&[("api_key", "k"), ("mode", "role")]),
            ["role_arn: role_arn is required"]
        );
    }

    #[test]
    fn a_field_that_is_not_shown_is_not_stored() {
        let it = check(FORM, &values(&[("api_key", "k"), ("role_arn", "arn")])).expect("fine");
        assert_eq!(it.settings, values(&[("mode", "key")]));
    }

    #[test]
    fn lists_and_switches_are_enforced_and_every_error_is_reported() {
        assert_eq!(
            errors(&[("api_key", "k"), ("mode", "sts"), ("verbose", "yes")]),
            ["mode: must be one of key, role", "verbose: must be true or false"]
        );
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_field_named() {
        assert_eq!(
            errors(&[("api_key", "k"), ("apikey", "k2"), ("organisation", "o"), ("zzz", "1")]),
            [
                "apikey: no such field; did you mean api_key?",
                "organisation: no such field; did you mean organization?",
                "zzz: no such field; the fields are api_key, mode, role_arn, verbose, organization",
            ]
        );
    }

    #[test]
    fn a_line_break_cannot_get_into_a_header_by_way_of_a_setting() {
        assert_eq!(
            errors(&[("api_key", "k"), ("organization", "a\r\nx: y")]),
            ["organization: holds a control character (a line break?)"]
        );
    }

    #[test]
    fn no_error_repeats_a_value() {
        let long = "canary".repeat(20_000);
        let all = errors(&[("api_key", &long), ("mode", "canary"), ("verbose", "canary")]);
        assert_eq!(all.len(), 3);
        assert!(!all.concat().contains("canary"));
    }

    #[test]
    fn conditions_in_a_circle_show_nothing_and_end() {
        static CIRCLE: &[Field] = &[
            Field { show_on: &[Condition { field: "b", value: "1" }], ..field("a", Control::Text) },
            Field { show_on: &[Condition { field: "a", value: "1" }], ..field("b", Control::Text) },
        ];
        let it = check(CIRCLE, &values(&[("a", "1"), ("b", "1")])).expect("no rule is broken");
        assert!(it.settings.is_empty());
    }
}
