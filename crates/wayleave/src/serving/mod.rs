//! The parts of a running server: what listens, and what people are told.

pub mod banner;
pub mod control;
pub mod fetch;
pub mod healths;
pub mod live;
pub mod metrics;
pub mod prove;
pub mod signals;
pub mod socket;
pub mod tls;
