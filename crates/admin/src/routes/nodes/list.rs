//! `GET /api/v1/system/nodes`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wayleave_store::nodes::{self, Node};

use crate::auth::Operator;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PageView;

/// A process with its own spool.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeView {
    id: String,
    /// The version of Wayleave it runs.
    version: String,
    /// The configuration it serves by.
    revision_seen: i64,
    started_at: String,
    last_beat: String,
}

impl From<Node> for NodeView {
    fn from(it: Node) -> NodeView {
        NodeView {
            id: it.id.to_string(),
            version: it.version,
            revision_seen: it.revision_seen,
            started_at: it.started_at.to_string(),
            last_beat: it.last_beat.to_string(),
        }
    }
}

/// Lists every node that ever beat, the latest beat first.
#[utoipa::path(
    get, path = "/api/v1/system/nodes", tag = "nodes", operation_id = "list_nodes",
    responses((status = 200, body = PageView<NodeView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    _: Operator,
) -> Result<Json<PageView<NodeView>>, Problem> {
    let nodes = nodes::list(&mut state.store.read().await?).await?;
    Ok(Json(PageView::whole(nodes.into_iter().map(NodeView::from).collect())))
}
