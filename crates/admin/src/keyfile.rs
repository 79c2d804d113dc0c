//! The file of the key-encryption keys: read, made, and given a new first line, never half written.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use wayleave_model::id::KekId;
use wayleave_model::{Secret, Timestamp};
use wayleave_store::{Keyring, StoreError};

/// Reads the keys of a file.
///
/// # Errors
/// [`StoreError::File`]; [`StoreError::BadKeyring`] names the line.
pub fn read(path: &Path) -> Result<Keyring, StoreError> {
    let bytes = std::fs::read(path).map_err(|source| at(path, source))?;
    Keyring::parse(&Secret::new(bytes))
}

/// Whether others than the file's owner may read it, which is worth a warning.
///
/// # Errors
/// [`StoreError::File`].
pub fn is_open_to_others(path: &Path) -> Result<bool, StoreError> {
    let meta = std::fs::metadata(path).map_err(|source| at(path, source))?;
    Ok(meta.permissions().mode() & 0o077 != 0)
}

/// Makes the file with one new key, mode 0600, unless it is there. Says whether it did.
///
/// # Errors
/// [`StoreError::File`], [`StoreError::NoRandomness`].
pub fn ensure(path: &Path, now: Timestamp) -> Result<bool, StoreError> {
    if path.exists() {
        return Ok(false);
    }
    let (_, line) = Keyring::mint_line(now)?;
    replace(path, &[line.expose()]).map_err(|source| at(path, source))?;
    Ok(true)
}

/// Puts a new key in front of those in the file: from its next reading on it seals.
///
/// # Errors
/// [`StoreError::File`], [`StoreError::NoRandomness`].
pub fn prepend(path: &Path, now: Timestamp) -> Result<KekId, StoreError> {
    let old = Secret::new(std::fs::read(path).map_err(|source| at(path, source))?);
    let (id, line) = Keyring::mint_line(now)?;
    replace(path, &[line.expose(), old.expose()]).map_err(|source| at(path, source))?;
    Ok(id)
}

/// A key file that is lost loses every secret: the new one is on disk before it takes the old one's name.
fn replace(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let draft = Path::new(&name);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()?;
    std::fs::rename(draft, path)?;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn at(path: &Path, source: io::Error) -> StoreError {
    StoreError::File { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kek");
        let now = Timestamp::from_micros(1_795_000_000_000_000);
        assert!(ensure(&path, now).unwrap());
        let first = std::fs::read(&path).unwrap();
        assert!(!ensure(&path, now).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), first);
        assert!(!is_open_to_others(&path).unwrap());
    }

    #[test]
    fn a_new_key_stands_first_and_the_old_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kek");
        let now = Timestamp::from_micros(1_795_000_000_000_000);
        ensure(&path, now).unwrap();
        let old = read(&path).unwrap().current();
        let new = prepend(&path, now).unwrap();
        assert_eq!(read(&path).unwrap().ids().collect::<Vec<_>>(), [new, old]);
    }
}
