//! Lending the account's credentials for calls that need no fence: reads, uploads, likes. Those may be repeated, so that
//! they leave from whoever asked. What a window allows is counted here, before they do.

use super::account::AccountGate;
use super::draws::Drawn;
use super::model::{Closed, Lend, LendAnswer, Observe};
use super::windows;
use crate::accounts::tokens::Pair;
use crate::crypto::random_token;
use crate::ports::StorageError;

impl AccountGate {
    /// 1. A closed window says when. 2. A token that ends soon, or was refused, is refreshed. 3. What the app's accounts
    ///    share is drawn. 4. The calls are counted.
    ///
    /// If the process ends after 3 or 4, calls are counted that were not made, which costs a little of the window.
    pub(super) async fn lend_out(&self, request: &Lend) -> Result<LendAnswer, StorageError> {
        let (storage, config) = (&*self.ports.storage, &self.ports.config);
        // 1.
        if let Some(at) = windows::opens_at(storage, config, request.bucket, self.now())? {
            let what = request.bucket.as_str();
            let detail = format!(
                "This account has used up its calls of the kind \"{what}\" for now; the next may leave at {at}."
            );
            return Ok(LendAnswer::Later {
                at,
                closed: Closed::Account,
                detail,
            });
        }
        // 2.
        let usable = match self.usable(&request.grant, request.refused).await? {
            Ok(usable) => usable,
            Err(refusal) => return Ok(LendAnswer::Refused(refusal)),
        };
        // 3.
        let calls = request.calls.max(1);
        match self
            .draw(&request.grant, &usable.app, request.bucket, calls)
            .await?
        {
            Ok(Drawn::Block | Drawn::InHand(_)) => {}
            Err(shut) => {
                return Ok(LendAnswer::Later {
                    at: shut.at,
                    closed: shut.why,
                    detail: shut.detail,
                });
            }
        }
        // 4.
        let tag = random_token(&*self.ports.random, 9);
        for call in 0..calls {
            let tag = format!("{tag}/{call}");
            windows::take(storage, request.bucket, self.now(), &tag)?;
        }
        // Without what fetches the next pair: that stays here.
        let lent = Pair {
            access: usable.access,
            refresh: None,
            secret: usable.secret,
        };
        Ok(match self.seal(&request.grant, &lent) {
            Ok(sealed) => LendAnswer::Lent {
                sealed,
                generation: usable.generation,
                app: usable.app,
            },
            Err(refusal) => LendAnswer::Refused(refusal),
        })
    }

    /// Takes notice of what the answers to such calls said of limits.
    pub(super) fn observe(&self, request: &Observe) -> Result<(), StorageError> {
        let (storage, config, now) = (&*self.ports.storage, &self.ports.config, self.now());
        if let Some(until) = request.shut_until.filter(|at| *at > now) {
            windows::shut(storage, request.bucket, now, until)?;
        }
        windows::correct(storage, config, request.bucket, &request.observed, now)
    }
}
