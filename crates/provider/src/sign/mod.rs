//! Signatures that cover a whole request. Pure: the time is an argument.

pub mod sigv4;
