//! Passwords: hashed with Argon2id, on threads of their own, a few at a time.
//!
//! Parameters: 19 MiB of memory, two passes, one lane, the first of the equal choices of OWASP's
//! password storage cheat sheet
//! (<https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id>).
//! A stored hash names its own parameters, so these can be raised: what is stored goes on working.
//! What a password must be is NIST's: a length, nothing of letters, digits and signs
//! (<https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver>).

use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use http::StatusCode;
use tokio::sync::{OnceCell, Semaphore};
use wayleave_model::Secret;

use crate::error::Problem;

/// Hashes that are made at the same time: each takes a core for some 20 ms, and 19 MiB.
const AT_ONCE: usize = 2;
/// How long a sign-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// The fewest characters of a password: NIST's least beside a second factor is 8, and 15 without.
const SHORTEST: usize = 12;
/// The most, so that nobody sends a megabyte to be hashed.
const LONGEST: usize = 256;

/// Makes and checks hashes.
pub(crate) struct Passwords {
    turns: Semaphore,
    /// Of a password that nobody has: what is checked for those who have none.
    nobody: OnceCell<Secret>,
}

impl Passwords {
    pub(crate) fn new() -> Passwords {
        Passwords { turns: Semaphore::new(AT_ONCE), nobody: OnceCell::new() }
    }

    /// The hash of a new password, as it is stored.
    pub(crate) async fn hash(&self, field: &str, password: Secret) -> Result<Secret, Problem> {
        let length = password.expose_str().map_or(0, |it| it.chars().count());
        if !(SHORTEST..=LONGEST).contains(&length) {
            let why = format!("expected {SHORTEST} to {LONGEST} characters");
            return Err(Problem::field(field, why));
        }
        self.on_a_thread(move || made(&password)).await?
    }

    /// Whether `password` is the one that `stored` is the hash of. Without `stored` the answer is no,
    /// after the same work: how long it takes says nothing of who has an account.
    pub(crate) async fn check(
        &self,
        password: Secret,
        stored: Option<Secret>,
    ) -> Result<bool, Problem> {
        let known = stored.is_some();
        let stored = match stored {
            Some(stored) => stored,
            None => {
                let nobody = self.nobody.get_or_try_init(|| async {
                    self.on_a_thread(|| made(&Secret::new("nobody's password"))).await?
                });
                Secret::new(nobody.await?.expose())
            }
        };
        let right = self.on_a_thread(move || is(&password, &stored)).await?;
        Ok(right && known)
    }

    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            let detail = "too many people sign in at this moment: try again in a few seconds";
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail));
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))
    }
}

fn argon2() -> Result<Argon2<'static>, argon2::Error> {
    let params = Params::new(19 * 1024, 2, 1, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn made(password: &Secret) -> Result<Secret, Problem> {
    let argon2 = argon2().map_err(|error| Problem::internal(&error))?;
    let hash = argon2.hash_password(password.expose());
    hash.map(|it| Secret::new(it.to_string())).map_err(|error| Problem::internal(&error))
}

fn is(password: &Secret, stored: &Secret) -> bool {
    let Some(Ok(hash)) = stored.expose_str().map(PasswordHash::new) else { return false };
    // The parameters are those of the hash.
    Argon2::default().verify_password(password.expose(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised_by_its_hash_alone() {
        let passwords = Passwords::new();
        let word = || Secret::new("correct horse battery");
        let hash = passwords.hash("password", word()).await.unwrap();
        let text = hash.expose_str().unwrap().to_owned();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let stored = || Some(Secret::new(text.clone()));
        assert!(passwords.check(word(), stored()).await.unwrap());
        assert!(!passwords.check(Secret::new("correct horse"), stored()).await.unwrap());
        assert!(!passwords.check(word(), None).await.unwrap());
        assert!(!passwords.check(Secret::new("nobody's password"), None).await.unwrap());
        assert!(!passwords.check(word(), Some(Secret::new("garbage"))).await.unwrap());
        let again = passwords.hash("password", word()).await.unwrap();
        assert_ne!(again.expose(), hash.expose(), "a salt of its own");
    }

    #[tokio::test]
    async fn a_password_has_a_length_and_no_other_rule() {
        let passwords = Passwords::new();
        for bad in ["", "eleven char", &"x".repeat(257)] {
            let problem = passwords.hash("password", Secret::new(bad)).await.unwrap_err();
            assert_eq!(problem.errors[0].field, "password");
        }
        passwords.hash("password", Secret::new("zwölf zeichen")).await.unwrap();
    }

    /// Memory is what a flood of sign-ins would take.
    #[tokio::test]
    async fn few_hashes_are_made_at_the_same_time() {
        let passwords = std::sync::Arc::new(Passwords::new());
        let running = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let most = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let one = |_| {
            let (passwords, running, most) = (passwords.clone(), running.clone(), most.clone());
            tokio::spawn(async move {
                let work = move || {
                    use std::sync::atomic::Ordering::SeqCst;
                    most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, SeqCst);
                };
                passwords.on_a_thread(work).await.unwrap();
            })
        };
        for task in (0..20).map(one).collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert!(most.load(std::sync::atomic::Ordering::SeqCst) <= AT_ONCE);
    }
}
