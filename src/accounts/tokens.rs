//! An account's two tokens, sealed as one text.
//!
//! One envelope holds both, so that no write can leave the refresh token of one pair beside the access token of
//! another. The envelope opens only for the workspace and account that it was sealed for.

use crate::crypto::{DoesNotOpen, Keyring};
use crate::ids::{AccountId, WorkspaceId};
use crate::ports::Random;
use crate::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// When a token ends that does not end: the last millisecond of the year 9999, which every part of the system can hold.
pub const NEVER: Timestamp = Timestamp::from_millis(253_402_300_799_999);

/// An access token and, when the platform gave one, what a new one is fetched with.
#[derive(Clone)]
pub struct Pair {
    /// Shown with every call.
    pub access: SecretString,
    /// Fetches the next pair, once.
    pub refresh: Option<SecretString>,
    /// Of an OAuth 1.0a token, its secret: `access` is then that token.
    pub secret: Option<SecretString>,
}

#[derive(Serialize, Deserialize)]
struct Plain<'a> {
    #[serde(borrow)]
    access: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    refresh: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    secret: Option<std::borrow::Cow<'a, str>>,
}

/// What a sealed pair is bound to: table, column, and whose it is.
#[must_use]
pub fn tokens_context(workspace: &WorkspaceId, account: &AccountId) -> String {
    format!("account_tokens.sealed/{workspace}/{account}")
}

/// Seals a pair for its account. The account's external id is not part of the binding, since a gate serves one
/// external id for several workspaces and asks for each by its own account.
///
/// # Errors
/// [`DoesNotOpen`] when the cipher refuses, which no pair of real size makes it do.
pub fn seal(
    keyring: &Keyring,
    random: &dyn Random,
    workspace: &WorkspaceId,
    account: &AccountId,
    pair: &Pair,
) -> Result<String, DoesNotOpen> {
    let exposed = |secret: &'_ Option<SecretString>| {
        let text = secret.as_ref().map(ExposeSecret::expose_secret);
        text.map(|text| text.to_owned().into())
    };
    let plain = Plain {
        access: pair.access.expose_secret().into(),
        refresh: exposed(&pair.refresh),
        secret: exposed(&pair.secret),
    };
    let text = SecretString::from(serde_json::to_string(&plain).map_err(|_| DoesNotOpen)?);
    keyring.seal(random, &tokens_context(workspace, account), &text)
}

/// Opens what [`seal`] sealed for the same account.
///
/// # Errors
/// [`DoesNotOpen`], whatever the reason: another key, another account, or damage.
pub fn open(
    keyring: &Keyring,
    workspace: &WorkspaceId,
    account: &AccountId,
    sealed: &str,
) -> Result<Pair, DoesNotOpen> {
    let text = keyring.open(&tokens_context(workspace, account), sealed)?;
    let plain: Plain<'_> = serde_json::from_str(text.expose_secret()).map_err(|_| DoesNotOpen)?;
    let secret = |text: std::borrow::Cow<'_, str>| SecretString::from(text.into_owned());
    Ok(Pair {
        access: secret(plain.access),
        refresh: plain.refresh.map(secret),
        secret: plain.secret.map(secret),
    })
}

/// Seals anew, with the newest key, what [`seal`] sealed with any.
///
/// # Errors
/// As [`open`].
pub fn reseal(
    keyring: &Keyring,
    random: &dyn Random,
    workspace: &WorkspaceId,
    account: &AccountId,
    sealed: &str,
) -> Result<String, DoesNotOpen> {
    let context = tokens_context(workspace, account);
    keyring.seal(random, &context, &keyring.open(&context, sealed)?)
}

#[cfg(test)]
mod tests {
    use super::{Pair, open, seal};
    use crate::crypto::Keyring;
    use crate::ids::{AccountId, WorkspaceId};
    use crate::ports::Random;
    use secrecy::{ExposeSecret, SecretString};

    struct Sevens;
    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn a_pair_opens_for_its_own_account_and_workspace_only() {
        let ring = Keyring::parse("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        let ours = WorkspaceId::parse("ws_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c").unwrap();
        let theirs = WorkspaceId::parse("ws_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6d").unwrap();
        let one = AccountId::parse("acct_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c").unwrap();
        let other = AccountId::parse("acct_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6d").unwrap();
        for refresh in [None, Some("refresh \"quoted\"")] {
            let pair = Pair {
                access: SecretString::from("access"),
                refresh: refresh.map(SecretString::from),
                secret: None,
            };
            let sealed = seal(&ring, &Sevens, &ours, &one, &pair).unwrap();
            let opened = open(&ring, &ours, &one, &sealed).unwrap();
            assert_eq!(opened.access.expose_secret(), "access");
            assert_eq!(
                opened.refresh.as_ref().map(ExposeSecret::expose_secret),
                refresh
            );
            assert!(open(&ring, &ours, &other, &sealed).is_err());
            assert!(open(&ring, &theirs, &one, &sealed).is_err());
        }
    }
}
