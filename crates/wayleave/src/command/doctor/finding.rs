//! What the doctor found, one line each.

use std::io;

use serde_json::json;

use crate::output::Out;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grade {
    /// As it should be.
    Good,
    /// Works, but will surprise somebody.
    Warning,
    /// Does not work.
    Broken,
    /// Could not be looked at, because something before it is broken.
    Skipped,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) step: &'static str,
    pub(super) grade: Grade,
    /// What is so.
    pub(super) what: String,
    /// What to do, where something is to be done.
    pub(super) fix: Option<String>,
}

impl Finding {
    pub(super) fn good(step: &'static str, what: impl Into<String>) -> Finding {
        Finding { step, grade: Grade::Good, what: what.into(), fix: None }
    }

    pub(super) fn warning(
        step: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        Finding { step, grade: Grade::Warning, what: what.into(), fix: Some(fix.into()) }
    }

    pub(super) fn broken(
        step: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        Finding { step, grade: Grade::Broken, what: what.into(), fix: Some(fix.into()) }
    }

    pub(super) fn skipped(step: &'static str, what: impl Into<String>) -> Finding {
        Finding { step, grade: Grade::Skipped, what: what.into(), fix: None }
    }
}

/// Prints findings as they are made, and remembers the worst.
pub(super) struct Findings<'o, 'w> {
    out: &'o mut Out<'w>,
    broken: bool,
}

impl<'o, 'w> Findings<'o, 'w> {
    pub(super) fn new(out: &'o mut Out<'w>) -> Findings<'o, 'w> {
        Findings { out, broken: false }
    }

    pub(super) fn add(&mut self, finding: Finding) -> io::Result<()> {
        let Finding { step, grade, what, fix } = finding;
        self.broken |= grade == Grade::Broken;
        let word = match grade {
            Grade::Good => "ok",
            Grade::Warning => "warning",
            Grade::Broken => "broken",
            Grade::Skipped => "skipped",
        };
        if self.out.is_json() {
            let line = json!({"step": step, "grade": word, "what": what, "fix": fix});
            return self.out.raw(&line.to_string());
        }
        self.out.raw(&format!("{word:8} {step:9} {what}"))?;
        if let Some(fix) = fix {
            self.out.raw(&format!("{:18} → {fix}", ""))?;
        }
        self.out.flush()
    }

    pub(super) fn broken(&self) -> bool {
        self.broken
    }
}
