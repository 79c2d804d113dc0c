//! How a command ends: its exit code, and what is said on stderr.

use std::process::ExitCode;

/// What scripts may rely on; shown by `wayleave --help`.
pub const EXIT_CODES: &str = "Exit codes: 0 done; 1 refused or failed; 2 a mistake in the command line, a setting or a \
setup file; 3 no server was reached; 4 the doctor found something.";

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server refused, or something failed on the way.
    #[error("{0}")]
    Refused(String),
    /// The command line, a setting or a setup file is wrong.
    #[error("{0}")]
    Usage(String),
    /// No server answers there.
    #[error("{0}")]
    Unreached(String),
    /// The doctor found something, and has said so.
    #[error("something is wrong: see above")]
    Findings,
    /// Standard output is gone, as when a pager was closed: nobody is left to be told.
    #[error("standard output: {0}")]
    Output(#[from] std::io::Error),
}

impl Failure {
    /// The code that scripts see.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Refused(_) | Failure::Output(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Unreached(_) => 3,
            Failure::Findings => 4,
        })
    }
}

impl From<wayleave_store::StoreError> for Failure {
    fn from(error: wayleave_store::StoreError) -> Failure {
        Failure::Refused(error.to_string())
    }
}
