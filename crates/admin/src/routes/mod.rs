//! The operations: one noun a folder, one operation a file.

pub(crate) mod addable;
pub(crate) mod aliases;
pub(crate) mod apply;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod catalog;
pub(crate) mod credentials;
pub(crate) mod default_models;
pub(crate) mod grants;
pub(crate) mod info;
pub(crate) mod invitations;
pub(crate) mod jobs;
pub(crate) mod keks;
pub(crate) mod keys;
pub(crate) mod kinds;
pub(crate) mod me;
pub(crate) mod members;
pub(crate) mod models;
pub(crate) mod nodes;
pub(crate) mod owners;
pub(crate) mod people;
pub(crate) mod permissions;
pub(crate) mod plans;
pub(crate) mod pools;
pub(crate) mod proofs;
pub(crate) mod providers;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod spool;
pub(crate) mod sso;
pub(crate) mod tokens;
pub(crate) mod usage;
pub(crate) mod workspaces;

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

/// The refusals that every operation may answer with, for the description.
pub(crate) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let refused = |what: &str| {
            let problem =
                Content::builder().schema(Some(Ref::from_schema_name("ProblemDocument"))).build();
            RefOr::T(
                ResponseBuilder::new()
                    .description(what)
                    .content("application/problem+json", problem)
                    .build(),
            )
        };
        BTreeMap::from([
            (
                "4XX".to_owned(),
                refused("The request cannot be done as it stands: `code` and `errors` say why"),
            ),
            ("5XX".to_owned(), refused("Something failed here: try again later")),
        ])
    }
}
