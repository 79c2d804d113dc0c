//! One segment file: its name, its header, how it is made, and the mapping that appends go to.

use crate::error::SpoolError;
use crate::folder::sync_dir;
use crate::map::{Mapped, Writer, map};
use crate::record::{PREFIX, size};
use rustix::fs::{FallocateFlags, IFlags, fallocate, fstatvfs, ioctl_getflags, ioctl_setflags};
use rustix::io::{Errno, retry_on_intr};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A segment that can be appended to.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    /// The file's size in bytes.
    pub(crate) capacity: u32,
    writer: Writer,
    pub(crate) disk: Arc<Disk>,
}

/// The flusher's half of a segment.
#[derive(Debug)]
pub(crate) struct Disk {
    mapped: Mapped,
    synced: AtomicU32,
    released: AtomicU32,
}

impl Segment {
    /// Makes a new segment with all its blocks. It gets its name only when it is complete and on disk, so a crash
    /// leaves either a whole segment or a `next.tmp` that the next open removes.
    pub(crate) fn create(dir: &Path, number: u64, capacity: u32) -> Result<Segment, SpoolError> {
        let draft = dir.join(DRAFT);
        let made = Segment::draft(&draft, capacity, number).and_then(|file| {
            std::fs::rename(&draft, dir.join(file_name(number)))?;
            sync_dir(dir)?;
            Ok(file)
        });
        match made.and_then(|file| Segment::mapped(&file, number, capacity, HEADER)) {
            Ok(segment) => Ok(segment),
            Err(error) => {
                // On a full disk the half-made file would hold the very room that is missing.
                std::fs::remove_file(&draft).ok();
                Err(SpoolError::io("prepare segment", &dir.join(file_name(number)))(error))
            }
        }
    }

    /// Maps an existing segment, to go on appending behind `from`.
    pub(crate) fn open(
        dir: &Path,
        number: u64,
        capacity: u32,
        from: u32,
    ) -> Result<Segment, SpoolError> {
        let path = dir.join(file_name(number));
        let file = OpenOptions::new().read(true).write(true).open(&path);
        // A copy of a spool may have holes where the original had blocks; fill them before anything is mapped.
        file.and_then(|file| {
            allocate(&file, capacity, Holes::Fill)?;
            Segment::mapped(&file, number, capacity, from)
        })
        .map_err(SpoolError::io("open segment", &path))
    }

    /// Writes one record. The caller has checked that it fits.
    pub(crate) fn write(&mut self, offset: u32, crc: u32, kind: u8, payload: &[u8]) -> u32 {
        let at = offset as usize;
        self.writer.put(at + 4, &crc.to_le_bytes());
        self.writer.put(at + PREFIX, &[kind]);
        self.writer.put(at + PREFIX + 1, payload);
        self.writer.publish(at, payload.len() as u32 + 1);
        offset + size(payload.len()) as u32
    }

    fn draft(path: &Path, capacity: u32, number: u64) -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        do_not_copy_on_write(&file);
        expect_room(&file, capacity)?;
        allocate(&file, capacity, Holes::None)?;
        file.write_all_at(&header(number), 0)?;
        file.sync_all()?;
        Ok(file)
    }

    fn mapped(file: &File, number: u64, capacity: u32, from: u32) -> io::Result<Segment> {
        let (writer, mapped) = map(file, capacity)?;
        let disk = Disk { mapped, synced: AtomicU32::new(from), released: AtomicU32::new(0) };
        Ok(Segment { number, capacity, writer, disk: Arc::new(disk) })
    }
}

impl Disk {
    /// Makes everything before `to` durable. Only the flusher calls this.
    pub(crate) fn sync(&self, to: u32) -> io::Result<()> {
        let from = self.synced.load(Ordering::Relaxed);
        if from < to {
            self.mapped.sync(from, to)?;
            self.synced.store(to, Ordering::Relaxed);
        }
        // Pages that are done need not count as this process's memory; by the MiB, as each call costs a little.
        let (released, whole) = (self.released.load(Ordering::Relaxed), to & !(RELEASE - 1));
        if released < whole {
            self.mapped.release(released, whole);
            self.released.store(whole, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Spares the next appends the page faults. Also behind each sync: it took the right to write to the page that the
    /// log ends in, so as to notice the next change.
    pub(crate) fn make_ready(&self, at: u32) {
        self.mapped.make_ready(at);
    }
}

/// The name of a segment's file: its number in 20 digits, so that names sort.
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:020}.seg")
}

/// The number in a segment's file name.
pub(crate) fn number_of(name: &OsStr) -> Option<u64> {
    let digits = name.to_str()?.strip_suffix(".seg")?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok().filter(|number| *number > 0) } else { None }
}

/// Why a header is not one of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadHeader {
    Damaged,
    Version(u32),
}

/// The first bytes of a segment.
pub(crate) fn header(number: u64) -> [u8; HEADER as usize] {
    let mut bytes = [0; HEADER as usize];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&number.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..24]);
    bytes[24..28].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Whether these are the first bytes of segment `number`.
pub(crate) fn check_header(bytes: &[u8; HEADER as usize], number: u64) -> Result<(), BadHeader> {
    let [.., v0, v1, v2, v3] = *bytes.first_chunk::<12>().ok_or(BadHeader::Damaged)?;
    let intact =
        bytes.starts_with(MAGIC) && bytes[24..28] == crc32fast::hash(&bytes[..24]).to_le_bytes();
    match u32::from_le_bytes([v0, v1, v2, v3]) {
        _ if !intact => Err(BadHeader::Damaged),
        VERSION if *bytes == header(number) => Ok(()),
        VERSION => Err(BadHeader::Damaged),
        newer => Err(BadHeader::Version(newer)),
    }
}

#[derive(Clone, Copy)]
enum Holes {
    None,
    Fill,
}

/// Refuses early when the disk has no room, as a preallocation that fails midway would take, for a moment, the last
/// blocks from everybody else.
fn expect_room(file: &File, len: u32) -> io::Result<()> {
    let disk = fstatvfs(file)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < len.into() { Err(Errno::NOSPC.into()) } else { Ok(()) }
}

/// Gives the file all its blocks now, so that neither an append nor its sync can find the disk full.
fn allocate(file: &File, len: u32, holes: Holes) -> io::Result<()> {
    match retry_on_intr(|| fallocate(file, FallocateFlags::empty(), 0, len.into())) {
        Ok(()) => Ok(()),
        // A file system without preallocation: writing is the only way to ask for blocks. An existing segment was
        // written like that when it was made.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => match holes {
            Holes::None => write_zeros(file, len),
            Holes::Fill => Ok(()),
        },
        Err(error) => Err(error.into()),
    }
}

fn write_zeros(file: &File, len: u32) -> io::Result<()> {
    let zeros = [0; 64 << 10];
    let mut at = 0;
    while at < len {
        let n = (len - at).min(zeros.len() as u32);
        file.write_all_at(&zeros[..n as usize], at.into())?;
        at += n;
    }
    Ok(())
}

/// Btrfs would move each rewritten block to a new place, for which a full disk has no room. Only an empty file can be
/// excepted; other file systems refuse the flag and do not need it.
fn do_not_copy_on_write(file: &File) {
    if let Ok(flags) = ioctl_getflags(file) {
        ioctl_setflags(file, flags | IFlags::NOCOW).ok();
    }
}

/// Bytes before the first record.
pub(crate) const HEADER: u32 = 64;
/// The format that this release writes.
pub(crate) const VERSION: u32 = 1;
/// The name of a segment that is not complete yet.
pub(crate) const DRAFT: &str = "next.tmp";
const MAGIC: &[u8; 8] = b"WLSPOOL\0";
/// Memory is given back in steps of this many bytes.
const RELEASE: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_segments() {
        assert_eq!(number_of(OsStr::new("00000000000000000012.seg")), Some(12));
        for name in [
            "12.seg",
            "00000000000000000000.seg",
            "+0000000000000000012.seg",
            "99999999999999999999.seg",
            "x",
        ] {
            assert_eq!(number_of(OsStr::new(name)), None, "{name}");
        }
    }

    #[test]
    fn a_header_belongs_to_one_number_and_one_version() {
        assert_eq!(check_header(&header(7), 7), Ok(()));
        assert_eq!(check_header(&header(7), 8), Err(BadHeader::Damaged));
        let mut newer = header(7);
        newer[8] = 2;
        assert_eq!(check_header(&newer, 7), Err(BadHeader::Damaged));
        let crc = crc32fast::hash(&newer[..24]);
        newer[24..28].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(check_header(&newer, 7), Err(BadHeader::Version(2)));
    }

    #[test]
    fn without_fallocate_the_file_is_written_whole() {
        let file = tempfile::tempfile().unwrap();
        write_zeros(&file, 200_000).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 200_000);
    }

    #[test]
    fn a_new_segment_has_all_its_blocks() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().unwrap();
        let segment = Segment::create(dir.path(), 1, 128 << 10).unwrap();
        let found = std::fs::metadata(dir.path().join(file_name(1))).unwrap();
        assert_eq!((segment.capacity, found.len()), (128 << 10, 128 << 10));
        assert!(found.blocks() * 512 >= 128 << 10);
        assert!(!dir.path().join(DRAFT).exists());
    }
}
