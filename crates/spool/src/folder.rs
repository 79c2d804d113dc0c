//! The spool's folder: its lock, its identity, its cursor, and the list of its segments.

use crate::cursor::{self, Cursor};
use crate::error::SpoolError;
use crate::position::Position;
use crate::segment::{DRAFT, file_name, number_of};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A folder that this process has locked. The lock ends with the value, or with the process.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) dir: PathBuf,
    pub(crate) node_id: [u8; 16],
    lock: File,
}

impl Folder {
    /// Makes the folder if it is missing, locks it, and gives it an identity if it has none.
    pub(crate) fn open(dir: &Path, new_node_id: [u8; 16]) -> Result<Folder, SpoolError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(SpoolError::io("make folder", dir))?;
        let lock = lock(dir)?;
        let node_id = match read_node_id(dir)? {
            Some(id) => id,
            None => {
                let text = format!("{:032x}\n", u128::from_be_bytes(new_node_id));
                replace(dir, NODE_ID, text.as_bytes())?;
                new_node_id
            }
        };
        Folder::locked(dir, node_id, lock)
    }

    /// Locks a folder that is a spool already.
    pub(crate) fn existing(dir: &Path) -> Result<Folder, SpoolError> {
        let missing = || SpoolError::NotASpool { dir: dir.to_path_buf() };
        // Asked twice: a folder that is no spool must not even get a lock file.
        read_node_id(dir)?.ok_or_else(missing)?;
        let lock = lock(dir)?;
        let node_id = read_node_id(dir)?.ok_or_else(missing)?;
        Folder::locked(dir, node_id, lock)
    }

    fn locked(dir: &Path, node_id: [u8; 16], lock: File) -> Result<Folder, SpoolError> {
        let folder = Folder { dir: dir.to_path_buf(), node_id, lock };
        folder.remove(&dir.join(DRAFT))?;
        // Made now, because on a full disk it could not be, and acknowledging is what makes room.
        let path = dir.join(cursor::NAME);
        if !path.try_exists().map_err(SpoolError::io("find", &path))? {
            replace(dir, cursor::NAME, &[0; cursor::BYTES])?;
        }
        Ok(folder)
    }

    /// The numbers and sizes in bytes of all segment files, in order.
    pub(crate) fn segments(&self) -> Result<Vec<(u64, u64)>, SpoolError> {
        let list = || -> io::Result<Vec<(u64, u64)>> {
            let mut found = Vec::new();
            for entry in std::fs::read_dir(&self.dir)? {
                let entry = entry?;
                let meta = entry.metadata()?;
                if let Some(number) = number_of(&entry.file_name()).filter(|_| meta.is_file()) {
                    found.push((number, meta.len()));
                }
            }
            found.sort_unstable();
            Ok(found)
        };
        list().map_err(SpoolError::io("list", &self.dir))
    }

    pub(crate) fn path(&self, number: u64) -> PathBuf {
        self.dir.join(file_name(number))
    }

    /// Deletes segments. They may come back after a power loss; the cursor then still says that they are done.
    pub(crate) fn delete(&self, numbers: &[u64]) -> Result<(), SpoolError> {
        numbers.iter().try_for_each(|number| self.remove(&self.path(*number)))
    }

    /// The acknowledged position.
    pub(crate) fn cursor(&self) -> Result<Cursor, SpoolError> {
        let path = self.dir.join(cursor::NAME);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(cursor::parse(&bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Cursor::Never),
            Err(error) => Err(SpoolError::io("read", &path)(error)),
        }
    }

    /// Replaces the cursor; it is on disk when this returns.
    pub(crate) fn save_cursor(&self, at: Position) -> Result<(), SpoolError> {
        let path = self.dir.join(cursor::NAME);
        cursor::save(&path, at).map_err(SpoolError::io("write", &path))
    }

    fn remove(&self, path: &Path) -> Result<(), SpoolError> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(SpoolError::io("remove", path)(error))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Closing the file would not do: a process that is just being started by another thread holds a copy of the
        // descriptor until its `exec`, and with it the lock. There is no way for unlocking to fail.
        flock(&self.lock, FlockOperation::Unlock).ok();
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn lock(dir: &Path) -> Result<File, SpoolError> {
    let path = dir.join("lock");
    let io = || SpoolError::io("lock", &path);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(io())?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            let pid = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
            return Err(SpoolError::Locked { dir: dir.to_path_buf(), pid });
        }
        Err(error) => return Err(io()(error.into())),
    }
    // The pid is for whoever meets the lock. On a full disk it may be missing, and the lock holds all the same.
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).ok();
    Ok(file)
}

fn read_node_id(dir: &Path) -> Result<Option<[u8; 16]>, SpoolError> {
    let path = dir.join(NODE_ID);
    let text = match std::fs::read(&path) {
        Ok(bytes) => String::from_utf8(bytes).unwrap_or_default(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SpoolError::io("read", &path)(error)),
    };
    let hex = text.trim_end();
    let plain = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u128::from_str_radix(hex, 16) {
        Ok(id) if plain => Ok(Some(id.to_be_bytes())),
        _ => Err(SpoolError::NodeId { path }),
    }
}

/// Writes a small file whole or not at all.
fn replace(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), SpoolError> {
    let (path, draft) = (dir.join(name), dir.join(format!("{name}.tmp")));
    let write = || -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&draft, &path)?;
        sync_dir(dir)
    };
    write().map_err(SpoolError::io("write", &path))
}

const NODE_ID: &str = "node_id";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledging_takes_no_new_room_on_the_disk() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().unwrap();
        let room = || {
            let meta = std::fs::metadata(dir.path().join(cursor::NAME)).unwrap();
            (meta.ino(), meta.len(), meta.blocks())
        };
        let folder = Folder::open(dir.path(), [1; 16]).unwrap();
        let before = room();
        folder.save_cursor(Position { segment: 1, offset: 64 }).unwrap();
        folder.save_cursor(Position { segment: 2, offset: 64 }).unwrap();
        drop(folder);
        Folder::open(dir.path(), [1; 16]).unwrap();
        assert_eq!(room(), before);
    }

    #[test]
    fn an_identity_is_kept_and_never_guessed() {
        let dir = tempfile::tempdir().unwrap();
        drop(Folder::open(dir.path(), [0xab; 16]).unwrap());
        assert_eq!(
            std::fs::read_to_string(dir.path().join(NODE_ID)).unwrap(),
            format!("{}\n", "ab".repeat(16))
        );
        assert_eq!(Folder::open(dir.path(), [2; 16]).unwrap().node_id, [0xab; 16]);
        std::fs::write(dir.path().join(NODE_ID), "+bababababababababababababababab\n").unwrap();
        assert!(matches!(Folder::open(dir.path(), [2; 16]), Err(SpoolError::NodeId { .. })));
    }

    #[test]
    fn the_lock_ends_with_the_folder_even_if_a_child_has_inherited_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path(), [1; 16]).unwrap();
        let _inherited = folder.lock.try_clone().unwrap();
        drop(folder);
        Folder::open(dir.path(), [1; 16]).unwrap();
    }

    #[test]
    fn a_folder_that_is_no_spool_is_left_untouched() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Folder::existing(dir.path()), Err(SpoolError::NotASpool { .. })));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
