//! Vendors that need no code of their own: data, grouped by what they are.
//!
//! An entry is its vendor's own documentation put into a form: where it is, what a request carries,
//! which types of model it serves, and what its chat does otherwise than OpenAI's, each with the
//! page that says so. What is not documented is absent.

pub(super) mod clouds;
pub(super) mod labs;
pub(super) mod local;
pub(super) mod platforms;
pub(super) mod regional;
pub(super) mod routers;
pub(super) mod search;

use super::compatible::BASE_URL_FIELD;
use crate::manifest::{Control, Field};

/// The form field of the region.
const REGION: &str = "region";

/// The form field of the account that an address holds.
const ACCOUNT_ID: &str = "account_id";

/// Where the account was opened: keys of one region are not known in another. Options and default
/// are each vendor's own.
const REGION_FIELD: Field = Field {
    id: REGION,
    label: "Region",
    control: Control::Text,
    help: Some("Where the account was opened: keys hold in one region only."),
    ..BASE_URL_FIELD
};

/// An address in place of the one that the other fields stand for.
const TYPED_FIELD: Field =
    Field { help: Some("Only for another address than the one chosen."), ..BASE_URL_FIELD };
