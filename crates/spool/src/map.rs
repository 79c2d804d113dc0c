//! The only unsafe code: a segment's file as shared memory, with one writer and no Rust references into it.
//!
//! # Why no SIGBUS
//!
//! Touching a mapped page raises SIGBUS if the page lies beyond the file's end, if the disk has no room for it, or if
//! it cannot be read from the disk. The first two are excluded: a segment is mapped only once `fallocate` has given
//! it all its blocks (so the file is long enough and no block remains to be found), nothing in this crate truncates a
//! segment, and the folder's lock keeps other processes of ours away from it. The third is a broken disk; the process
//! then ends as by `kill -9`, and what was appended keeps the promise made for that.

use memmap2::{MmapOptions, MmapRaw, UncheckedAdvice};
use std::fs::File;
use std::io;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Maps the first `len` bytes of a file that is at least so long, for one writer and any number of syncers.
pub(crate) fn map(file: &File, len: u32) -> io::Result<(Writer, Mapped)> {
    let map = Arc::new(MmapOptions::new().len(len as usize).map_raw(file)?);
    Ok((Writer(Arc::clone(&map)), Mapped(map)))
}

/// The one handle that may write: not `Clone`, and it writes through `&mut self`.
#[derive(Debug)]
pub(crate) struct Writer(Arc<MmapRaw>);

impl Writer {
    /// Copies `bytes` to `offset`. Panics outside of the mapping: the caller has counted its room.
    pub(crate) fn put(&mut self, offset: usize, bytes: &[u8]) {
        assert!(offset.checked_add(bytes.len()).is_some_and(|end| end <= self.0.len()));
        // SAFETY: the assertion keeps the target inside the mapping, which lives as long as `self`. It cannot overlap
        // `bytes`: nobody ever makes a reference into the mapping. No other thread writes: there is one `Writer` per
        // mapping and this takes it by `&mut`.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.as_mut_ptr().add(offset), bytes.len())
        }
    }

    /// Stores a record's length, after all that was `put` before: from here on the record exists.
    pub(crate) fn publish(&mut self, offset: usize, len: u32) {
        assert!(
            offset.is_multiple_of(4)
                && offset.checked_add(4).is_some_and(|end| end <= self.0.len())
        );
        // SAFETY: inside the mapping and aligned, by the assertion and because a mapping starts at a page. Release
        // keeps the compiler and the processor from moving the store before the copies it makes valid.
        unsafe { AtomicU32::from_ptr(self.0.as_mut_ptr().add(offset).cast()) }
            .store(len.to_le(), Ordering::Release);
    }
}

/// What the flusher needs of a mapping; it reads and writes no byte of it.
#[derive(Debug)]
pub(crate) struct Mapped(Arc<MmapRaw>);

impl Mapped {
    /// Writes the pages of the range to the disk and waits for it (`msync`, which is also an `fdatasync`).
    pub(crate) fn sync(&self, from: u32, to: u32) -> io::Result<()> {
        self.0.flush_range(from as usize, (to - from) as usize)
    }

    /// Makes the pages from `at` on ready to be written, here rather than one by one in the middle of appends: nine
    /// in ten then took 0.3 µs instead of 2.6 µs (600 bytes each, 50,000 a second, ext4). A kernel before 5.14 cannot,
    /// and then appends do it.
    pub(crate) fn make_ready(&self, at: u32) {
        let from = at as usize & !(PAGE - 1);
        let len = READY.min(self.0.len().saturating_sub(from));
        #[cfg(target_os = "linux")]
        self.0.advise_range(memmap2::Advice::PopulateWrite, from, len).ok();
        #[cfg(not(target_os = "linux"))]
        let _: (usize, usize) = (from, len);
    }

    /// Takes whole pages out of this process's memory; the page cache and the file keep them.
    pub(crate) fn release(&self, from: u32, to: u32) {
        let (from, len) = (from as usize, (to - from) as usize);
        // SAFETY: on a shared file mapping this drops page-table entries and no data (madvise(2), MADV_DONTNEED:
        // later accesses see the up-to-date contents of the file), and no reference into the mapping exists.
        let advised =
            unsafe { self.0.unchecked_advise_range(UncheckedAdvice::DontNeed, from, len) };
        // Only advice: without it the process looks larger than it is.
        advised.ok();
    }
}

/// The smallest page; where pages are larger, the kernel rounds.
const PAGE: usize = 4096;
/// Bytes made ready at a time: what 10,000 requests a second append in two commits, at the 2.3 KB that a request's two
/// records take.
const READY: usize = 512 << 10;
