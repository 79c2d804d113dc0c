//! One command, one file.

pub mod alias;
pub mod apply;
pub mod backup;
pub mod catalog;
pub mod completions;
pub mod doctor;
pub mod init;
pub mod kek;
pub mod key;
pub mod migrate;
pub mod model;
pub mod plan;
pub mod pool;
pub mod provider;
pub mod restore;
pub mod serve;
pub mod spool;
pub mod usage;
pub mod version;
pub mod workspace;

mod secret_arg;
mod settings;
