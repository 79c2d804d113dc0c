//! Service accounts of Google, made on the spot.

use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::json;

/// A key file as Google Cloud gives it out, whose token service is at `token_uri`.
///
/// # Panics
/// When no key can be made.
pub fn key_file(token_uri: &str) -> String {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key");
    json!({
        "type": "service_account",
        "project_id": "proj",
        "private_key_id": "k1",
        "private_key": key.serialize_pem(),
        "client_email": "me@proj.iam.gserviceaccount.com",
        "token_uri": token_uri,
    })
    .to_string()
}
