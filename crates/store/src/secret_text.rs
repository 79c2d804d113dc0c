//! Secrets that we mint as text: tokens, invitations, sessions.

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::error::StoreError;

/// How many characters stand behind the prefix.
pub(crate) const LENGTH: usize = 32;

/// The prefix and 32 characters, each of 6 random bits but for the 2 left out: 190 bits in all.
pub(crate) fn mint(prefix: &str) -> Result<Zeroizing<String>, StoreError> {
    let mut random = Zeroizing::new([0_u8; 64]);
    rand::fill(&mut *random).map_err(|_| StoreError::NoRandomness)?;
    let alphanumeric = crate::base64::encode(&*random);
    let body = alphanumeric.chars().filter(char::is_ascii_alphanumeric).take(LENGTH);
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + LENGTH));
    text.push_str(prefix);
    text.extend(body);
    if text.len() == prefix.len() + LENGTH { Ok(text) } else { Err(StoreError::NoRandomness) }
}
