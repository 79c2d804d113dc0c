//! How JSON looks whose types stand in crates that know nothing of this API: for its description only.
//!
//! Nothing is read into these types or written from them. What holds them to the truth is
//! `tests/api`: each answer of a running server is held against the description, and a field that is
//! not described is a failure.
#![allow(dead_code, reason = "read by the derive macro only")]

pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod configuration;
pub(crate) mod kind;
pub(crate) mod usage;
