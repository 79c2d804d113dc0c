//! Videos as jobs: made, asked for, downloaded, deleted; paid once, however the process ends.

mod kill;
mod large;
mod life;
mod refusals;
mod vendor;
mod vendors;

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
