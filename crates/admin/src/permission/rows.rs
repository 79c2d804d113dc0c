//! Route × permission: one row for each method and path, as the API's description spells them.

use super::Permission::*;
use super::{Permission, Row};

/// Every route.
pub(crate) const ROUTES: &[Row] = &[
    get("/api/catalog", Anyone),
    get("/api/v1/session/ways", Anyone),
    post("/api/v1/session", Anyone),
    delete("/api/v1/session", Person),
    get("/api/v1/sso/start", Anyone),
    get("/api/v1/sso/callback", Anyone),
    post("/api/v1/invitations/look", Anyone),
    post("/api/v1/invitations/accept", Anyone),
    get("/api/v1/me", SignedIn),
    patch("/api/v1/me", Person),
    post("/api/v1/me/password", Person),
    get("/api/v1/me/sessions", Person),
    delete("/api/v1/me/sessions/{session}", Person),
    post("/api/v1/me/invitations", Person),
    get("/api/v1/system/permissions", SignedIn),
    get("/api/v1/system/people", PeopleRead),
    post("/api/v1/system/people", PeopleWrite),
    get("/api/v1/system/people/{person}", PeopleRead),
    patch("/api/v1/system/people/{person}", PeopleWrite),
    delete("/api/v1/system/people/{person}", PeopleWrite),
    post("/api/v1/system/people/{person}/password", PeopleWrite),
    get("/api/v1/system/people/{person}/sessions", PeopleRead),
    delete("/api/v1/system/people/{person}/sessions", PeopleWrite),
    delete("/api/v1/system/people/{person}/sessions/{session}", PeopleWrite),
    get("/api/v1/system/sso", InstanceRead),
    put("/api/v1/system/sso", SignInWrite),
    delete("/api/v1/system/sso", SignInWrite),
    get("/api/v1/system/info", SignedIn),
    get("/api/v1/system/kinds", SignedIn),
    get("/api/v1/system/catalog", SignedIn),
    get("/api/v1/system/catalog/models", SignedIn),
    put("/api/v1/system/catalog", InstanceWrite),
    post("/api/v1/system/catalog/diff", InstanceRead),
    get("/api/v1/system/workspaces", InstanceRead),
    post("/api/v1/system/workspaces", WorkspacesWrite),
    get("/api/v1/system/workspaces/{workspace}", InstanceRead),
    patch("/api/v1/system/workspaces/{workspace}", WorkspacesWrite),
    delete("/api/v1/system/workspaces/{workspace}", WorkspacesWrite),
    get("/api/v1/system/tokens", InstanceTokens),
    post("/api/v1/system/tokens", InstanceTokens),
    post("/api/v1/system/tokens/{token}/revoke", InstanceTokens),
    get("/api/v1/system/nodes", InstanceRead),
    get("/api/v1/system/keks", InstanceRead),
    post("/api/v1/system/keks/rotate", InstanceWrite),
    post("/api/v1/system/backup", InstanceWrite),
    post("/api/v1/system/spool/replay", InstanceWrite),
    get("/api/v1/system/plans", InstanceRead),
    post("/api/v1/system/plans", InstanceWrite),
    get("/api/v1/system/plans/{plan}", InstanceRead),
    patch("/api/v1/system/plans/{plan}", InstanceWrite),
    delete("/api/v1/system/plans/{plan}", InstanceWrite),
    get("/api/v1/system/grants", InstanceRead),
    post("/api/v1/system/grants", InstanceWrite),
    get("/api/v1/system/grants/{grant}", InstanceRead),
    patch("/api/v1/system/grants/{grant}", InstanceWrite),
    delete("/api/v1/system/grants/{grant}", InstanceWrite),
    get("/api/v1/workspaces/{workspace}/settings", ConfigurationRead),
    patch("/api/v1/workspaces/{workspace}/settings", ConfigurationWrite),
    get("/api/v1/workspaces/{workspace}/members", MembersRead),
    post("/api/v1/workspaces/{workspace}/members", MembersPlace),
    patch("/api/v1/workspaces/{workspace}/members/{member}", MembersWrite),
    delete("/api/v1/workspaces/{workspace}/members/{member}", MembersWrite),
    post("/api/v1/workspaces/{workspace}/members/{member}/owner", OwnershipTransfer),
    get("/api/v1/workspaces/{workspace}/invitations", MembersRead),
    post("/api/v1/workspaces/{workspace}/invitations", MembersWrite),
    post("/api/v1/workspaces/{workspace}/invitations/{invitation}/revoke", MembersWrite),
    get("/api/v1/workspaces/{workspace}/tokens", TokensRead),
    post("/api/v1/workspaces/{workspace}/tokens", TokensWrite),
    post("/api/v1/workspaces/{workspace}/tokens/{token}/revoke", TokensWrite),
    get("/api/v1/workspaces/{workspace}/owners", ConfigurationRead),
    post("/api/v1/workspaces/{workspace}/owners", ConfigurationWrite),
    patch("/api/v1/workspaces/{workspace}/owners/{owner}", ConfigurationWrite),
    delete("/api/v1/workspaces/{workspace}/owners/{owner}", ConfigurationWrite),
    get("/api/v1/workspaces/{workspace}/providers", ConfigurationRead),
    post("/api/v1/workspaces/{workspace}/providers", ConfigurationWrite),
    get("/api/v1/workspaces/{workspace}/providers/{provider}", ConfigurationRead),
    patch("/api/v1/workspaces/{workspace}/providers/{provider}", ConfigurationWrite),
    delete("/api/v1/workspaces/{workspace}/providers/{provider}", ConfigurationWrite),
    post("/api/v1/workspaces/{workspace}/providers/{provider}/models/enable", ConfigurationWrite),
    // It reads, but makes a call with a credential: for whoever may validate one.
    get("/api/v1/workspaces/{workspace}/providers/{provider}/discover", CredentialsWrite),
    get("/api/v1/workspaces/{workspace}/providers/{provider}/credentials", CredentialsRead),
    post("/api/v1/workspaces/{workspace}/providers/{provider}/credentials", CredentialsWrite),
    post(
        "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/validate",
        CredentialsWrite,
    ),
    post(
        "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/validate",
        CredentialsWrite,
    ),
    post(
        "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/check",
        CredentialsWrite,
    ),
    get(
        "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}",
        CredentialsRead,
    ),
    patch(
        "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}",
        CredentialsWrite,
    ),
    delete(
        "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}",
        CredentialsWrite,
    ),
    post(
        "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/default",
        CredentialsWrite,
    ),
    post(
        "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/health",
        CredentialsWrite,
    ),
    get("/api/v1/workspaces/{workspace}/providers/{provider}/addable", CredentialsRead),
    post("/api/v1/workspaces/{workspace}/providers/{provider}/addable/{model}", CredentialsWrite),
    delete("/api/v1/workspaces/{workspace}/providers/{provider}/addable/{model}", CredentialsWrite),
    get("/api/v1/workspaces/{workspace}/models", ConfigurationRead),
    post("/api/v1/workspaces/{workspace}/models", ConfigurationWrite),
    get("/api/v1/workspaces/{workspace}/models/{model}", ConfigurationRead),
    patch("/api/v1/workspaces/{workspace}/models/{model}", ConfigurationWrite),
    delete("/api/v1/workspaces/{workspace}/models/{model}", ConfigurationWrite),
    post("/api/v1/workspaces/{workspace}/models/{model}/price", ConfigurationWrite),
    post("/api/v1/workspaces/{workspace}/models/{model}/enable", ConfigurationWrite),
    post("/api/v1/workspaces/{workspace}/models/{model}/disable", ConfigurationWrite),
    get("/api/v1/workspaces/{workspace}/default-models", ConfigurationRead),
    get("/api/v1/workspaces/{workspace}/default-models/{type}", ConfigurationRead),
    put("/api/v1/workspaces/{workspace}/default-models/{type}", ConfigurationWrite),
    delete("/api/v1/workspaces/{workspace}/default-models/{type}", ConfigurationWrite),
    get("/api/v1/workspaces/{workspace}/models/{model}/pool", ConfigurationRead),
    put("/api/v1/workspaces/{workspace}/models/{model}/pool", ConfigurationWrite),
    patch("/api/v1/workspaces/{workspace}/models/{model}/pool", ConfigurationWrite),
    get("/api/v1/workspaces/{workspace}/aliases", AliasesRead),
    post("/api/v1/workspaces/{workspace}/aliases", AliasesWrite),
    get("/api/v1/workspaces/{workspace}/aliases/{alias}", AliasesRead),
    patch("/api/v1/workspaces/{workspace}/aliases/{alias}", AliasesWrite),
    delete("/api/v1/workspaces/{workspace}/aliases/{alias}", AliasesWrite),
    get("/api/v1/workspaces/{workspace}/aliases/{alias}/versions", AliasesRead),
    post("/api/v1/workspaces/{workspace}/aliases/{alias}/restore", AliasesWrite),
    get("/api/v1/workspaces/{workspace}/keys", KeysRead),
    post("/api/v1/workspaces/{workspace}/keys", KeysWrite),
    get("/api/v1/workspaces/{workspace}/keys/{key}", KeysRead),
    patch("/api/v1/workspaces/{workspace}/keys/{key}", KeysWrite),
    delete("/api/v1/workspaces/{workspace}/keys/{key}", KeysWrite),
    post("/api/v1/workspaces/{workspace}/keys/{key}/rotate", KeysWrite),
    post("/api/v1/workspaces/{workspace}/keys/{key}/revoke", KeysWrite),
    get("/api/v1/workspaces/{workspace}/usage", UsageRead),
    get("/api/v1/workspaces/{workspace}/jobs", UsageRead),
    get("/api/v1/workspaces/{workspace}/jobs/{job}", UsageRead),
    get("/api/v1/workspaces/{workspace}/proofs", UsageRead),
    get("/api/v1/workspaces/{workspace}/proofs/days", UsageRead),
    get("/api/v1/workspaces/{workspace}/usage/{request}", UsageRead),
    get("/api/v1/workspaces/{workspace}/audit", AuditRead),
    get("/api/v1/workspaces/{workspace}/audit/verify", AuditRead),
    post("/api/v1/workspaces/{workspace}/apply", Apply),
];

const fn get(path: &'static str, permission: Permission) -> Row {
    Row { method: "GET", path, permission }
}

const fn post(path: &'static str, permission: Permission) -> Row {
    Row { method: "POST", path, permission }
}

const fn put(path: &'static str, permission: Permission) -> Row {
    Row { method: "PUT", path, permission }
}

const fn patch(path: &'static str, permission: Permission) -> Row {
    Row { method: "PATCH", path, permission }
}

const fn delete(path: &'static str, permission: Permission) -> Row {
    Row { method: "DELETE", path, permission }
}
