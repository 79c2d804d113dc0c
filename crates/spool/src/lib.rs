//! Append-only segments, group commit, replay. Files only: no HTTP, no SQL, no tokio.
//!
//! The spool is the one door through which usage leaves a request. A request appends a record and goes on; a
//! follower reads the records in order, stores them elsewhere, and acknowledges. The spool knows nothing of what a
//! record says: it carries opaque bytes and a one-byte `kind`.
//!
//! ```
//! # use wayleave_spool::{Options, Position, Spool};
//! # let dir = tempfile::tempdir().unwrap();
//! let (spool, recovery) = Spool::open(dir.path(), Options::new([7; 16]))?;
//! spool.append(1, b"opened")?; // while there is ordinary room
//! spool.append_reserved(2, b"closed")?; // may use the reserve, so it works on a full disk
//!
//! let mut reader = spool.reader(recovery.cursor);
//! let records = reader.next_batch(500, 1 << 20)?;
//! assert_eq!(records[1].payload, b"closed");
//! spool.ack(records[1].next)?; // durable; frees the segments wholly before it
//! # Ok::<(), wayleave_spool::SpoolError>(())
//! ```
//!
//! # The folder
//!
//! | file | content |
//! |---|---|
//! | `lock` | locked (`flock`) by the one process that has the folder open; holds its pid, for people |
//! | `node_id` | 32 hexadecimal characters, written once |
//! | `cursor` | twice `segment offset crc32`, at 0 and 4096; everything before the later one is acknowledged |
//! | `00000000000000000001.seg` … | the segments; numbers only grow and are never used again |
//! | `next.tmp` | a segment being prepared; removed at open |
//!
//! All integers are little endian. A segment has its full size from the start and is:
//!
//! ```text
//! header, 64 bytes:  magic "WLSPOOL\0" | version u32 = 1 | 0 u32 | number u64 | crc32 of the 24 bytes u32 | zeros
//! record:            len u32 | crc32 u32 | kind u8 | payload | zeros up to a multiple of 4
//! ```
//!
//! `len` counts kind and payload, so it is never zero, and `crc32` covers both. A zero `len`, or the end of the file,
//! ends the written part. `len` is stored last: a record that was cut short by the end of its process does not exist.
//!
//! # What is promised
//!
//! - **An append that returned survives `kill -9`.** It is a copy into a shared mapping of the file, and the page
//!   cache outlives the process. There is no system call on this path, save a wake-up when the flusher sleeps.
//! - **What is before [`Spool::durable_position`] survives power loss.** One thread syncs whatever was appended, at
//!   most [`Options::fsync_every`] after it was; [`Spool::flush`] waits for that. Records after the durable position
//!   may be lost with the power, from some record on.
//! - **A failed sync is final.** The kernel may have dropped the pages, so a second try would prove nothing: ordinary
//!   appends and [`Spool::writable`] fail until the folder is opened again.
//! - **What was admitted can be closed.** Ordinary appends are refused while [`Options::reserve_bytes`] of room that
//!   the disk has already given are left; [`Spool::append_reserved`] may use them. A spool that has filled its disk
//!   can still be opened, read and acknowledged, which frees it.
//! - **Order.** All readers see the same order; an append that began after another returned comes after it.
//! - **Acknowledged means durable.** A cursor never passes the durable position, and a segment is deleted only after
//!   the cursor that passes it is on disk.
//! - **Damage is named and passed over.** Opening never fails and never panics because of what segments contain; what
//!   cannot be read is in [`Recovery::damage`], and the segments behind it are still read. (A segment of a newer
//!   format does stop it: see [`SpoolError::Version`].)
//!
//! # Limits
//!
//! - A record is at most [`MAX_RECORD`] bytes; a segment 64 KiB to 1 GiB.
//! - Damage costs the rest of its segment: records have no marks to find the next one by.
//! - Delivery is at least once: after a crash the follower sees again what it had not acknowledged.
//! - One spool, one process, on a local file system. On one that copies on write (Btrfs, ZFS) preallocation reserves
//!   less than it says; Btrfs is asked not to copy these files.
//! - An append can meet a page fault, and that can wait for the file system's journal: some microseconds once in a
//!   hundred, tens of milliseconds at worst on a disk that is busy to its limit.
//! - A disk that cannot read back a page ends the process with SIGBUS, with the same promises as `kill -9`.

mod append;
mod catalog;
mod cursor;
mod error;
mod flusher;
mod folder;
#[allow(unsafe_code)]
mod map;
mod options;
mod position;
mod reader;
mod record;
mod recover;
mod replay;
mod segment;
mod shared;
mod spool;
mod stats;
mod walker;

pub use error::SpoolError;
pub use options::Options;
pub use position::Position;
pub use reader::Reader;
pub use record::{MAX_RECORD, Record};
pub use recover::{Damage, Reason, Recovery};
pub use replay::Replay;
pub use spool::Spool;
pub use stats::Stats;
