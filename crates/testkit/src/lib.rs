//! What tests of the whole process need: scripted upstreams, a guard around the binary, and clients
//! that control every byte.
//!
//! Everything binds to loopback, waits with a limit, and cleans up when it is dropped.
#![allow(
    clippy::disallowed_methods,
    reason = "this crate plays clients and upstreams: it connects as they do and waits as they wait"
)]

pub mod canary;
pub mod client;
mod engines;
pub mod gateway;
pub mod google;
pub mod memory;
pub mod postgres;
mod random;
pub mod script;
pub mod setup;
pub mod talk;
pub mod tls;
mod within;

pub use client::{Client, Connection, Reply, Request, Streaming};
pub use engines::on_each_engine;
pub use gateway::{Gateway, Start};
pub use random::Random;
pub use script::{Answer, Gate, Received, Script};
pub use setup::Setup;
pub use within::{eventually, within};
