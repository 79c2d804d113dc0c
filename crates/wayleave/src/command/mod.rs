//! One command, one file.

pub mod alias;
pub mod apply;
pub mod audit;
pub mod backup;
pub mod catalog;
pub mod completions;
pub mod credential;
pub mod default_model;
pub mod doctor;
pub mod grant;
pub mod init;
pub mod invitation;
pub mod job;
pub mod kek;
pub mod key;
pub mod member;
pub mod migrate;
pub mod model;
pub mod person;
pub mod plan;
pub mod pool;
pub mod provider;
pub mod restore;
pub mod serve;
pub mod session;
pub mod spool;
pub mod sso;
pub mod token;
pub mod usage;
pub mod version;
pub mod whoami;
pub mod workspace;

mod secret_arg;
mod settings;
