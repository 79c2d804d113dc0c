//! `wayleave restore --from DIR`: a data folder from a backup, while no server runs on it.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::exit::Failure;
use crate::output::Out;

/// Where from; `--data` says where to.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The folder that `wayleave backup` made
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
}

/// Copies it. A folder that holds a database or a spool is left as it is.
pub fn run(args: &RestoreArgs, context: &Context<'_>, out: &mut Out<'_>) -> Result<(), Failure> {
    let data = context.data();
    let database = args.from.join("wayleave.db");
    if !database.is_file() {
        let why = format!(
            "{} is not there: --from wants a folder that `wayleave backup` made",
            database.display()
        );
        return Err(Failure::Usage(why));
    }
    for taken in ["wayleave.db", "spool"].map(|name| data.join(name)) {
        if taken.exists() {
            let why = format!(
                "{} exists: restore into a new folder, or move that away first",
                taken.display()
            );
            return Err(Failure::Refused(why));
        }
    }
    copy(&args.from, &data)
        .map_err(|error| Failure::Refused(format!("{}: {error}", data.display())))?;
    let kek = data.join("kek");
    let next = if kek.is_file() {
        "start it with `wayleave serve`".to_owned()
    } else {
        format!("now put the key file of the backed-up server at {} (mode 0600)", kek.display())
    };
    let value = json!({"data": data, "key_file": kek.is_file()});
    Ok(out.said(&value, &format!("restored into {}: {next}", data.display()))?)
}

fn copy(from: &Path, data: &Path) -> std::io::Result<()> {
    private_folder(data)?;
    let spool = from.join("spool");
    if spool.is_dir() {
        let to = data.join("spool");
        private_folder(&to)?;
        for entry in std::fs::read_dir(&spool)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                std::fs::copy(entry.path(), to.join(entry.file_name()))?;
            }
        }
    }
    // Last, so that a copy that broke off is not taken for a whole one.
    let draft = data.join("wayleave.db.restoring");
    std::fs::copy(from.join("wayleave.db"), &draft)?;
    std::fs::File::open(&draft)?.sync_all()?;
    std::fs::rename(draft, data.join("wayleave.db"))
}

fn private_folder(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn restore(from: &Path, data: &Path) -> Result<(), Failure> {
        let cli =
            Cli::try_parse_from(["wayleave", "version", "--data", data.to_str().unwrap()]).unwrap();
        let context = Context { reach: &cli.reach, env: &|_| None };
        let mut text = Vec::new();
        run(&RestoreArgs { from: from.to_owned() }, &context, &mut Out::new(false, &mut text))
    }

    #[test]
    fn a_backup_becomes_a_data_folder_once() {
        let dir = tempfile::tempdir().unwrap();
        let (from, data) = (dir.path().join("backup"), dir.path().join("data"));
        std::fs::create_dir_all(from.join("spool")).unwrap();
        std::fs::write(from.join("wayleave.db"), "db").unwrap();
        std::fs::write(from.join("spool/node_id"), "id").unwrap();
        restore(&from, &data).unwrap();
        assert_eq!(std::fs::read(data.join("wayleave.db")).unwrap(), b"db");
        assert_eq!(std::fs::read(data.join("spool/node_id")).unwrap(), b"id");
        let again = restore(&from, &data).unwrap_err().to_string();
        assert!(again.contains("wayleave.db exists"), "{again}");
    }

    #[test]
    fn a_folder_that_is_no_backup_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let failure = restore(dir.path(), &dir.path().join("data")).unwrap_err();
        assert!(matches!(failure, Failure::Usage(_)));
        assert!(!dir.path().join("data").exists());
    }
}
