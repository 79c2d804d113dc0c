//! `POST /api/v1/system/backup`

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_store::StoreError;

use crate::auth::Operator;
use crate::body::Body;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    /// A new folder on the server's machine, as an absolute path.
    #[schema(value_type = String)]
    directory: PathBuf,
}

/// What was copied.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Copied {
    #[schema(value_type = String)]
    directory: PathBuf,
    /// Files of the spool.
    spool_files: usize,
    /// Never: keep a copy of the key file apart from the backup.
    key_file: bool,
}

/// Copies database and spool into a new folder while the server runs. Over the local socket only:
/// it writes files.
#[utoipa::path(
    post, path = "/api/v1/system/backup", tag = "backup", operation_id = "backup",
    request_body = Wish,
    responses((status = 200, body = Copied), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    by: Operator,
    Body(wish): Body<Wish>,
) -> Result<Json<Copied>, Problem> {
    if !by.local {
        let detail = "a backup writes files on the server: run `wayleave backup --data DIR` there";
        return Err(Problem::forbidden(detail));
    }
    if !wish.directory.is_absolute() {
        return Err(Problem::field("directory", "expected an absolute path"));
    }
    let file =
        |source: io::Error| StoreError::File { path: wish.directory.display().to_string(), source };
    make(&wish.directory).map_err(file)?;
    // The spool first: what the follower moves to the database meanwhile is then in both copies,
    // and counted once; the other way round it could be in neither.
    let spool_files = match state.spool.clone() {
        None => 0,
        Some(spool) => {
            let to = wish.directory.join("spool");
            let copied = tokio::task::spawn_blocking(move || copy_spool(&spool, &to)).await;
            copied.map_err(|error| Problem::internal(&error))?.map_err(file)?
        }
    };
    state.store.backup_to(&wish.directory.join("wayleave.db")).await?;
    Ok(Json(Copied { directory: wish.directory, spool_files, key_file: false }))
}

/// A new folder for its owner only. One that is there already may belong to another backup.
fn make(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

/// The cursor goes first: an older one only means that records are read again.
fn copy_spool(from: &Path, to: &Path) -> io::Result<usize> {
    make(to)?;
    let mut copied = 0;
    let mut names: Vec<_> =
        std::fs::read_dir(from)?.map(|it| it.map(|it| it.file_name())).collect::<Result<_, _>>()?;
    names.sort_by_key(|name| name != "cursor");
    for name in names.into_iter().filter(|name| name != "lock" && name != "next.tmp") {
        match std::fs::copy(from.join(&name), to.join(&name)) {
            Ok(_) => copied += 1,
            // A segment whose records are all in the database by now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(copied)
}
