//! The nouns every other crate agrees on. No I/O, no async, nothing of ours below it.
//!
//! A word has one meaning here and the same spelling in SQL, in the API and in the console.

pub mod alias;
pub mod credential;
pub mod editor_limits;
pub mod health;
pub mod id;
pub mod job;
pub mod key;
pub mod member;
pub mod meter;
pub mod money;
pub mod page;
pub mod person;
pub mod plan;
pub mod pool;
pub mod price;
pub mod provider;
pub mod record;
pub mod secret;
pub mod supply;
pub mod target;
pub mod time;
pub mod usage;
pub mod variant;
pub mod workspace;

pub use meter::Meter;
pub use money::NanoUsd;
pub use secret::Secret;
pub use time::{Clock, Tick, Timestamp};
pub use usage::Usage;
pub use variant::Variant;
