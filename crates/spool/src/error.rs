//! What can go wrong, by what the caller can do about it.

use crate::position::Position;
use crate::recover::Damage;
use std::io;
use std::path::{Path, PathBuf};

/// Why the spool refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// Another process has the folder open. Give this one its own folder, or stop the other.
    #[error("the spool {} is in use by {}: a spool belongs to one process at a time", .dir.display(), holder(*.pid))]
    Locked {
        /// The folder.
        dir: PathBuf,
        /// Who holds it, if it could be read.
        pid: Option<u32>,
    },
    /// There is no spool to replay in this folder.
    #[error("{} is not a spool: it has no node_id file", .dir.display())]
    NotASpool {
        /// The folder.
        dir: PathBuf,
    },
    /// The identity cannot be read. It must not be guessed, as usage is booked under it: restore the file.
    #[error("{} does not hold 32 hexadecimal characters", .path.display())]
    NodeId {
        /// The file.
        path: PathBuf,
    },
    /// A newer release wrote this segment. Start that release, and let it empty the spool before going back.
    #[error("{} has format {found}, and this release knows only format {}", .path.display(), crate::segment::VERSION)]
    Version {
        /// The segment's file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// No number is left for a next segment, which only a foreign file can cause: move it away.
    #[error("{} has the highest number a segment can have: move it out of the spool", .path.display())]
    Numbering {
        /// The file with that number.
        path: PathBuf,
    },
    /// The options contradict each other.
    #[error("spool options: {0}")]
    Options(&'static str),
    /// The record does not fit. Nothing was written.
    #[error("a record of {len} bytes is larger than {max}")]
    TooLarge {
        /// The payload's size in bytes.
        len: usize,
        /// The largest payload in bytes.
        max: usize,
    },
    /// No room is left for an append of this class. Nothing was written. It ends by itself once the follower
    /// acknowledges or the disk has room again.
    #[error("the spool is full: {reason}")]
    Full {
        /// Why no further segment could be had.
        reason: String,
    },
    /// A sync failed some time ago, so what is on disk is unknown: restart, and look at the disk.
    #[error("the spool could not be synced to disk: {reason}")]
    Sync {
        /// The failure.
        reason: String,
    },
    /// An acknowledgement of what was never written.
    #[error("position {position} is beyond the end of the spool, {end}")]
    BeyondEnd {
        /// The position given.
        position: Position,
        /// The spool's end.
        end: Position,
    },
    /// A reader met records that cannot be read. It has passed over them: reading on is possible.
    #[error("the spool is damaged: {0}")]
    Damaged(Damage),
    /// The file system refused.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl SpoolError {
    /// Whether more room would help.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            SpoolError::Full { .. } => true,
            SpoolError::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }

    /// For `map_err`: names what was tried, and on what.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SpoolError {
        move |source| SpoolError::Io { doing, path: path.to_path_buf(), source }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
