//! The data plane: everything between a client's bytes and an upstream's.
//!
//! [`pipeline`] is the life of a request on one screen; the files beside it are its steps, each
//! under its own name. [`world`] is the configuration it sees, [`trail`] what it leaves behind,
//! [`upstream`] the only way out.

#![allow(
    clippy::result_large_err,
    reason = "a refusal is made once in a request's life, and rarely"
)]

pub mod answer;
pub mod auth;
pub mod call;
pub mod capable;
pub mod client;
pub mod count;
pub mod drain;
pub mod explain;
pub mod failure;
pub mod follower;
pub mod gateway;
pub mod intake;
pub mod job;
pub mod keeper;
pub mod kept;
pub mod listing;
pub mod media;
pub mod metrics;
mod origin;
pub mod outbound;
pub mod pipeline;
pub mod pool;
pub mod prove;
pub mod ready;
pub mod recent;
pub mod recorder;
pub mod refusal;
pub mod relay;
pub mod route;
mod scrub;
pub mod server;
pub mod settings;
pub mod settle;
mod side;
pub mod stored;
pub mod supply;
pub mod surface;
pub mod task;
pub mod token;
pub mod trail;
pub mod upstream;
pub mod vault;
pub mod world;

#[cfg(test)]
mod testing;

pub use gateway::Gateway;
pub use settings::{Settings, Timers};
