//! What was read of an account, kept for a while: each reading costs money, and a dashboard asks often.

use super::store;
use crate::accounts::Asker;
use crate::app::App;
use crate::error::{Error, Kind};
use crate::ports::Statement;
use crate::time::{MINUTE_MS, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// When X is asked again after it did not answer, in ms.
const AGAIN_MS: i64 = 5 * MINUTE_MS;

/// What X said, and when.
pub struct Kept<T> {
    /// What.
    pub value: T,
    /// When.
    pub read_at: Timestamp,
    /// Why there is nothing newer: the code of X's refusal.
    pub stale: Option<String>,
}

/// What is to be had.
pub struct Wanted<'a> {
    /// Of this account.
    pub asker: &'a Asker<'a>,
    /// By this name.
    pub kind: &'a str,
    /// For so long, in ms.
    pub keep_ms: i64,
}

/// What is kept, or, when that is too old, what X says now, with what else is to be written then.
///
/// When X does not answer, or answers that it does not answer now, the old one is given. Two callers at once may both
/// ask X; that costs a reading and nothing else.
///
/// # Errors
/// X's refusal, where nothing is kept or the refusal is one for good; or when the database does not answer.
pub async fn kept<T: Serialize + DeserializeOwned>(
    app: &App,
    wanted: &Wanted<'_>,
    fresh: impl AsyncFnOnce() -> Result<(T, Vec<Statement>), Error>,
) -> Result<Kept<T>, Error> {
    let row = wanted.asker.row();
    let (workspace, account, kind) = (&row.workspace_id, &row.id, wanted.kind);
    let old = store::read(&*app.database, workspace, account, kind).await?;
    // One that a former version wrote, in another form, is as good as none.
    let old = old.and_then(|old| {
        let value = serde_json::from_str::<T>(&old.body).ok()?;
        let kept = Kept {
            value,
            read_at: old.read_at,
            stale: old.problem,
        };
        Some((kept, old.next_at))
    });
    let old = match old {
        Some((kept, next_at)) if app.now() < next_at => return Ok(kept),
        old => old.map(|(kept, _)| kept),
    };
    match (fresh().await, old) {
        (Ok((value, mut statements)), _) => {
            let now = app.now();
            let body = serde_json::to_string(&value)
                .map_err(|error| Error::internal(format!("a reading: {error}")))?;
            let next_at = now.plus_ms(wanted.keep_ms);
            statements.push(store::keep(workspace, account, kind, &body, now, next_at));
            app.database.batch(statements).await?;
            Ok(Kept {
                value,
                read_at: now,
                stale: None,
            })
        }
        (Err(error), Some(old)) if may_pass(&error) => {
            let next_at = app.now().plus_ms(AGAIN_MS);
            let (code, read_at) = (error.code, old.read_at);
            let put_off = store::put_off(workspace, account, kind, next_at, code, read_at);
            app.database.run(put_off).await?;
            Ok(Kept {
                stale: Some(code.to_owned()),
                ..old
            })
        }
        (Err(error), _) => Err(error),
    }
}

// An account that is locked or gone is not shown as if it were there.
const fn may_pass(error: &Error) -> bool {
    matches!(
        error.kind,
        Kind::Upstream | Kind::Unavailable | Kind::TooMany
    )
}
