//! What is wrong on this machine: settings, folder, key file, database, disk, clock.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use wayleave_admin::keyfile;
use wayleave_model::{Clock, Timestamp};
use wayleave_store::{Checkup, DatabaseUrl, Fault, Keyring, SCHEMA, Store, StoreError};

use super::finding::{Finding, Findings};
use super::upstreams;
use crate::cli::Context;
use crate::command::settings::SettingsArgs;
use crate::config::{Config, KekSource};
use crate::exit::Failure;

/// Below this the spool cannot grow for long.
const LITTLE: u64 = 1 << 30;
/// Below this the spool refuses requests soon.
const TOO_LITTLE: u64 = 64 << 20;

/// Looks at everything, in the order in which a server would need it.
pub(super) async fn look(
    settings: &SettingsArgs,
    context: &Context<'_>,
    findings: &mut Findings<'_, '_>,
) -> Result<(), Failure> {
    let config = match settings.resolve(context.reach, context.env) {
        Ok(config) => config,
        Err(error) => {
            return Ok(findings.add(Finding::broken(
                "config",
                error.to_string(),
                "correct it, then look again",
            ))?);
        }
    };
    findings.add(Finding::good(
        "config",
        format!("data {}, database {}", config.data.display(), config.database),
    ))?;
    findings.add(folder(&config.data))?;
    let clock = Clock::system();
    let ring = match kek(&config.kek) {
        Ok((ring, finding)) => {
            findings.add(finding)?;
            Some(ring)
        }
        Err(finding) => {
            findings.add(finding)?;
            None
        }
    };
    for finding in database(&config, ring, &clock).await {
        findings.add(finding)?;
    }
    if config.data.is_dir() {
        findings.add(disk(&config.data))?;
        findings.add(time(clock.now(), newest(&config.data)))?;
    }
    upstreams::look(&config, context, findings).await
}

fn folder(data: &Path) -> Finding {
    match std::fs::metadata(data) {
        Err(_) => Finding::warning(
            "data",
            format!("{} is not there", data.display()),
            "the first start makes it",
        ),
        Ok(meta) if !meta.is_dir() => Finding::broken(
            "data",
            format!("{} is not a folder", data.display()),
            "name another with --data",
        ),
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
            let what = format!("others than its owner may enter {}", data.display());
            Finding::warning("data", what, format!("chmod 700 {}", data.display()))
        }
        Ok(_) => Finding::good("data", data.display().to_string()),
    }
}

fn kek(source: &KekSource) -> Result<(Keyring, Finding), Finding> {
    let path = match source {
        KekSource::Given(text) => {
            let ring = Keyring::parse(text).map_err(|error| {
                Finding::broken("key", error.to_string(), "correct WAYLEAVE_KEK")
            })?;
            let finding = Finding::good("key", format!("{} from WAYLEAVE_KEK", ring.current()));
            return Ok((ring, finding));
        }
        KekSource::File(path) => path,
    };
    if !path.exists() {
        let what = format!("{} is not there", path.display());
        return Err(Finding::warning(
            "key",
            what,
            "the first start makes it; if there is a database already, put it back",
        ));
    }
    let ring = keyfile::read(path).map_err(|error| {
        Finding::broken(
            "key",
            error.to_string(),
            "restore the key file from where you keep its copy",
        )
    })?;
    let finding = match keyfile::is_open_to_others(path) {
        Ok(true) => {
            let what = format!("others than its owner may read {}", path.display());
            Finding::warning("key", what, format!("chmod 600 {}", path.display()))
        }
        _ => Finding::good("key", format!("{} in {}", ring.current(), path.display())),
    };
    Ok((ring, finding))
}

/// The database, and the configuration in it if it can be read.
async fn database(config: &Config, ring: Option<Keyring>, clock: &Clock) -> Vec<Finding> {
    let url = &config.database;
    let ring = match schema(url, ring).await {
        Ok(ring) => ring,
        Err(finding) => return vec![finding],
    };
    match Store::open(url, ring, clock.clone()).await {
        Ok(store) => {
            let what = format!("{url}, schema {SCHEMA}; every stored secret opens");
            let mut found = vec![Finding::good("database", what)];
            found.extend(configuration(store.check().await));
            store.close().await;
            found
        }
        Err(error @ (StoreError::KekMissing { .. } | StoreError::Unsealable { .. })) => {
            let fix = "put the key file of this database back";
            vec![Finding::broken("database", error.to_string(), fix)]
        }
        Err(error) => vec![Finding::broken("database", error.to_string(), "see the message")],
    }
}

/// The ring to open it with, if it is there, has this version's schema, and the ring is there.
async fn schema(url: &DatabaseUrl, ring: Option<Keyring>) -> Result<Keyring, Finding> {
    if url.file().is_some_and(|path| !path.exists()) {
        let what = format!("{url} is not there");
        return Err(Finding::warning("database", what, "the first start makes it"));
    }
    let schema = wayleave_store::schema_of(url).await.map_err(|error| {
        let fix = "check --database, and that the database runs";
        Finding::broken("database", error.to_string(), fix)
    })?;
    if schema < SCHEMA {
        let what = format!("{url} has schema {schema}, this version needs {SCHEMA}");
        let fix = if url.file().is_some() {
            "the next start copies the file and migrates it"
        } else {
            "run `wayleave migrate`"
        };
        return Err(Finding::warning("database", what, fix));
    }
    ring.ok_or_else(|| {
        let what = format!("{url} has schema {schema}; without the key its secrets were not tried");
        Finding::skipped("database", what)
    })
}

/// One line if all is well, else one for each fault.
fn configuration(looked: Result<Checkup, StoreError>) -> Vec<Finding> {
    const STEP: &str = "integrity";
    let fix = "restore a backup, or report this with the audit log: no command leaves it so";
    match looked {
        Err(error) => vec![Finding::broken(STEP, error.to_string(), fix)],
        Ok(it) if it.faults.is_empty() => {
            let Checkup { revision, workspaces, entries, .. } = it;
            let what = format!(
                "revision {revision}, {workspaces} workspaces; nothing refers to what is gone, and all {entries} entries of the audit logs are as they were written"
            );
            vec![Finding::good(STEP, what)]
        }
        Ok(it) => {
            let told = |it: Fault| format!("workspace {}: {}", it.workspace, it.what);
            let broken = |it| Finding::broken(STEP, told(it), fix);
            it.faults.into_iter().map(broken).collect()
        }
    }
}

fn disk(data: &Path) -> Finding {
    let free = match rustix::fs::statvfs(data) {
        Ok(it) => it.f_bavail.saturating_mul(it.f_frsize),
        Err(error) => {
            return Finding::broken("disk", error.to_string(), "check the disk of the data folder");
        }
    };
    let what = format!("{} MiB free at {}", free >> 20, data.display());
    match free {
        0..TOO_LITTLE => Finding::broken(
            "disk",
            what,
            "make room: without it requests are refused rather than served unaccounted",
        ),
        TOO_LITTLE..LITTLE => Finding::warning("disk", what, "make room before the spool needs it"),
        _ => Finding::good("disk", what),
    }
}

/// Usage is booked by the clock: one that is far off, or went back, books it wrongly.
fn time(now: Timestamp, newest: Option<Timestamp>) -> Finding {
    // 2026-01-01T00:00:00Z: before this program was written.
    const TOO_EARLY: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
    const MINUTE: i64 = 60_000_000;
    let fix = "set the clock: usage is booked by it";
    match newest {
        _ if now < TOO_EARLY => Finding::broken("clock", format!("it says {now}"), fix),
        Some(newest) if now.plus_micros(MINUTE) < newest => Finding::broken(
            "clock",
            format!("it says {now}, but a file of the data folder is from {newest}"),
            fix,
        ),
        _ => Finding::good("clock", now.to_string()),
    }
}

/// When anything in the folder was last written.
fn newest(data: &Path) -> Option<Timestamp> {
    let times = std::fs::read_dir(data).ok()?.flatten().filter_map(|entry| {
        let at = entry.metadata().ok()?.modified().ok()?;
        let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_micros()).ok().map(Timestamp::from_micros)
    });
    times.max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::finding::Grade;

    #[test]
    fn a_clock_that_went_back_is_noticed() {
        let now = Timestamp::from_micros(1_795_000_000_000_000);
        assert_eq!(time(now, Some(now)).grade, Grade::Good);
        assert_eq!(time(now, Some(now.plus_micros(3_600_000_000))).grade, Grade::Broken);
        assert_eq!(time(Timestamp::from_micros(0), None).grade, Grade::Broken);
    }

    #[test]
    fn a_key_file_that_others_may_read_is_a_warning() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kek");
        keyfile::ensure(&path, Clock::system().now()).unwrap();
        let (_, finding) = kek(&KekSource::File(path.clone())).unwrap();
        assert_eq!(finding.grade, Grade::Good);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (_, finding) = kek(&KekSource::File(path.clone())).unwrap();
        assert_eq!(finding.fix, Some(format!("chmod 600 {}", path.display())));
        std::fs::write(&path, "nonsense").unwrap();
        assert_eq!(kek(&KekSource::File(path)).unwrap_err().grade, Grade::Broken);
    }
}
