//! Secrets in documents: one type that only reads itself, one that only writes itself.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;
use wayleave_model::Secret;

/// A secret that can be read but neither written nor shown.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Password)]
pub struct Hidden(pub Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hidden, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Hidden;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hidden, E> {
                Ok(Hidden(Secret::new(text)))
            }

            fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Hidden, E> {
                Ok(Hidden(Secret::new(text)))
            }

            // serde's own message would repeat the number.
            fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Hidden, E> {
                Err(E::custom("expected text, not a number"))
            }

            fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Hidden, E> {
                Err(E::custom("expected text, not a number"))
            }

            fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Hidden, E> {
                Err(E::custom("expected text, not a number"))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// A secret on its way to the server that will keep it: the one type that writes itself.
#[derive(Debug)]
pub struct Sent(pub Secret);

impl Serialize for Sent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text =
            self.0.expose_str().ok_or_else(|| serde::ser::Error::custom("a secret is not text"))?;
        serializer.serialize_str(text)
    }
}
