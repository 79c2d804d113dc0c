//! Where a vendor is: one address, one for each region, or one that holds an account's id.

use std::collections::BTreeMap;

use crate::address::safe_segment;
use crate::manifest::BASE_URL;
use crate::{Account, BadAccount};

/// Where a kind is when nobody typed an address. A typed one always counts.
pub(super) enum Place {
    /// At the manifest's own address, if it has one.
    Manifest,
    /// At the address that stands beside what was chosen in a field; the first is the default.
    Chosen {
        /// The form's field, a select.
        field: &'static str,
        /// Its options and the address of each.
        addresses: &'static [(&'static str, &'static str)],
    },
    /// At `before`, then a field's value, then `after`.
    Filled {
        /// The form's field, required.
        field: &'static str,
        /// Up to the value.
        before: &'static str,
        /// From the value on.
        after: &'static str,
    },
}

impl Place {
    /// The base URL of an account.
    pub(super) fn base_url(&self, account: &Account<'_>) -> Result<String, BadAccount> {
        if !account.base_url.is_empty() {
            return Ok(account.base_url.to_owned());
        }
        match self {
            Place::Manifest => Err(BadAccount::at(BASE_URL, "the provider has no base URL")),
            Place::Chosen { field, addresses } => {
                let chosen = given(account.settings, field);
                let fits = |it: &&(&str, &str)| chosen.is_none_or(|chosen| it.0 == chosen);
                let address = addresses.iter().find(fits);
                let unknown = || BadAccount::at(*field, "is none of the places this kind knows");
                address.map(|(_, address)| (*address).to_owned()).ok_or_else(unknown)
            }
            Place::Filled { field, before, after } => {
                let missing = || BadAccount::at(*field, "is missing: the address holds it");
                let value = given(account.settings, field).ok_or_else(missing)?;
                let safe = safe_segment(value).is_ok_and(|value| !value.contains('/'));
                if !safe {
                    let message = "must be one path segment: letters, digits and dashes";
                    return Err(BadAccount::at(*field, message));
                }
                Ok(format!("{before}{value}{after}"))
            }
        }
    }

    /// The address in words, for the docs page; `None`: the manifest has it.
    pub(super) fn describe(&self) -> Option<String> {
        match self {
            Place::Manifest => None,
            Place::Chosen { addresses, .. } => {
                let each = addresses.iter().map(|(value, url)| format!("{value}: `{url}`"));
                Some(each.collect::<Vec<_>>().join("; "))
            }
            Place::Filled { field, before, after } => Some(format!("`{before}{{{field}}}{after}`")),
        }
    }
}

fn given<'a>(settings: &'a BTreeMap<String, String>, field: &str) -> Option<&'a str> {
    settings.get(field).map(String::as_str).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use wayleave_model::credential::SecretFields;

    use super::*;

    static REGIONS: Place = Place::Chosen {
        field: "region",
        addresses: &[("here", "https://here.example/v1"), ("there", "https://there.example/v1")],
    };
    static FILLED: Place =
        Place::Filled { field: "account_id", before: "https://h/accounts/", after: "/v1" };

    fn base(place: &Place, base_url: &str, settings: &[(&str, &str)]) -> Result<String, String> {
        let pairs = settings.iter().map(|(id, value)| ((*id).to_owned(), (*value).to_owned()));
        let (settings, secrets) = (pairs.collect(), SecretFields::default());
        let account = Account { base_url, settings: &settings, secrets: &secrets };
        place.base_url(&account).map_err(|error| error.field)
    }

    #[test]
    fn what_was_chosen_is_the_address_and_the_first_is_the_default() {
        assert_eq!(base(&REGIONS, "", &[]), Ok("https://here.example/v1".to_owned()));
        let there = [("region", "there")];
        assert_eq!(base(&REGIONS, "", &there), Ok("https://there.example/v1".to_owned()));
        assert_eq!(base(&REGIONS, "", &[("region", "nowhere")]), Err("region".to_owned()));
    }

    #[test]
    fn an_accounts_id_goes_into_the_path_and_chooses_nothing_else() {
        let with = |value| base(&FILLED, "", &[("account_id", value)]);
        assert_eq!(with("a1"), Ok("https://h/accounts/a1/v1".to_owned()));
        for bad in ["", "..", "a/b", "a?b", "a b", "a#b", "%2e"] {
            assert_eq!(with(bad), Err("account_id".to_owned()), "{bad}");
        }
    }

    #[test]
    fn a_typed_address_always_counts() {
        for place in [&Place::Manifest, &REGIONS, &FILLED] {
            assert_eq!(base(place, "https://typed", &[]), Ok("https://typed".to_owned()));
        }
        assert_eq!(base(&Place::Manifest, "", &[]), Err("base_url".to_owned()));
    }
}
