//! What is wrong on this machine: settings, folder, key file, database, disk, clock.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use wayleave_admin::keyfile;
use wayleave_model::{Clock, Timestamp};
use wayleave_store::{Keyring, SCHEMA, Store, StoreError};

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
    findings.add(database(&config, ring, &clock).await)?;
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

async fn database(config: &Config, ring: Option<Keyring>, clock: &Clock) -> Finding {
    let url = &config.database;
    if url.file().is_some_and(|path| !path.exists()) {
        return Finding::warning(
            "database",
            format!("{url} is not there"),
            "the first start makes it",
        );
    }
    let schema = match wayleave_store::schema_of(url).await {
        Ok(schema) => schema,
        Err(error) => {
            return Finding::broken(
                "database",
                error.to_string(),
                "check --database, and that the database runs",
            );
        }
    };
    if schema < SCHEMA {
        let what = format!("{url} has schema {schema}, this version needs {SCHEMA}");
        let fix = if url.file().is_some() {
            "the next start copies the file and migrates it"
        } else {
            "run `wayleave migrate`"
        };
        return Finding::warning("database", what, fix);
    }
    let Some(ring) = ring else {
        return Finding::skipped(
            "database",
            format!("{url} has schema {schema}; without the key its secrets were not tried"),
        );
    };
    match Store::open(url, ring, clock.clone()).await {
        Ok(store) => {
            store.close().await;
            Finding::good("database", format!("{url}, schema {schema}; every stored secret opens"))
        }
        Err(error @ (StoreError::KekMissing { .. } | StoreError::Unsealable { .. })) => {
            Finding::broken("database", error.to_string(), "put the key file of this database back")
        }
        Err(error) => Finding::broken("database", error.to_string(), "see the message"),
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
