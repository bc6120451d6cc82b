//! What a person decides about a delivery of which nobody can say whether it is on the platform.
//!
//! **It is there**, with a link:
//! 1. The gate writes the post's id into its journal. From here on the platform is never asked to create that part.
//! 2. One statement raises the delivery's epoch and makes it due, so that a consumer that is just looking for the part
//!    writes nothing any more.
//! 3. A claim finds the part in the journal and settles it, as every claim does; further parts go to the queue.
//!
//! If the process ends after 1, the delivery is still uncertain, and the next look finds the part in the journal; after
//! 2, the sweep nudges it. A repeat does the same once more: the journal says what it said, and what is settled already
//! is only shown.
//!
//! **Send it again**: a new round, as a retry begins it, once it is a person's turn.
//!
//! **Give it up**: the delivery ends, and nothing more is sent or looked for.

use super::model::{Decided, Decision, Delivery};
use super::{read, store};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::gate::{AdoptAnswer, AdoptPart, GateName, GateReply, GateRequest, unexpected};
use crate::identity::Caller;
use crate::ids::{AuditId, DeliveryId, PostId, WorkspaceId};
use crate::platforms::x::status::{self, Status};
use crate::ports::Statement;
use crate::publish::store::{Loaded, POST_STATUS, PartRow, look, looked};
use crate::publish::{self, State};
use crate::time::{MINUTE_MS, SECOND_MS, Timestamp};

/// How far ahead of ours X's clock may be, in ms.
const CLOCK_MARGIN_MS: i64 = MINUTE_MS;

/// Carries a person's decision out; gives the delivery as it then stands. Repeating it is safe.
///
/// # Errors
/// [`Kind::NotFound`]; [`Kind::Invalid`] when the link cannot be the part's; [`Kind::Conflict`] when there is nothing to
/// decide, or not yet.
pub async fn resolve(
    app: &App,
    caller: &Caller,
    id: &DeliveryId,
    decision: Decision,
) -> Result<Delivery, Error> {
    let workspace = &caller.workspace_id;
    let url = match (decision.outcome, decision.url) {
        (Decided::SendAgain | Decided::GiveUp, None) => None,
        (Decided::Sent, Some(url)) => Some(url),
        (Decided::Sent, None) => {
            return Err(Error::invalid_field(
                "/url",
                "missing_field",
                "Where the post is: its link at X, or its id.",
            ));
        }
        (Decided::SendAgain | Decided::GiveUp, Some(_)) => {
            return Err(Error::invalid_field(
                "/url",
                "url_not_wanted",
                "What is to be sent again, or is given up, has no link.",
            ));
        }
    };
    let (delivery, parts) = looked(app.database.batch(look(workspace, id)).await?)?
        .ok_or_else(|| Error::not_found("delivery"))?;
    match url {
        Some(url) => it_is_there(app, caller, &delivery, &parts, &url).await,
        None if decision.outcome == Decided::GiveUp => give_up(app, caller, &delivery).await,
        None => send_again(app, caller, &delivery).await,
    }
}

async fn it_is_there(
    app: &App,
    caller: &Caller,
    delivery: &Loaded,
    parts: &[PartRow],
    url: &str,
) -> Result<Delivery, Error> {
    let (workspace, id) = (&caller.workspace_id, &delivery.id);
    let status = link(app, delivery, url)?;
    let is_sent = |part: &&PartRow| part.state == "sent";
    let is_it = |part: &PartRow| part.external_id.as_ref() == Some(&status.external_id);
    let again = matches!(delivery.state, State::Queued | State::Waiting);
    let in_doubt = again && parts.iter().any(|part| part.state == "uncertain");
    if delivery.state != State::Uncertain && !in_doubt {
        return if parts.iter().filter(is_sent).any(is_it) {
            shown(app, workspace, delivery).await
        } else {
            Err(nothing_to_decide())
        };
    }
    let sent = parts.iter().filter(is_sent).count();
    let position = u32::try_from(sent).unwrap_or(u32::MAX);
    // 1.
    adopt(app, delivery, position, &status).await?;
    // 2.
    let now = app.now();
    let statements = vec![
        audit(app, caller, id, "delivery.declared_sent", now),
        Statement::new(store::RESOLVE)
            .bind(id)
            .bind(workspace)
            .bind(now),
    ];
    let sets = app.database.batch(statements).await?;
    // 3. Who was faster than 2 has settled it by itself.
    if sets
        .last()
        .is_some_and(|resolved| !resolved.rows.is_empty())
    {
        publish::deliver_found(app, workspace, id).await;
    }
    shown(app, workspace, delivery).await
}

/// The post that is meant.
fn link(app: &App, delivery: &Loaded, url: &str) -> Result<Status, Error> {
    let wrong = |code, detail: String| Err(Error::invalid_field("/url", code, detail));
    let Some(status) = status::read(url, &app.config.x.web_base) else {
        return wrong(
            "not_a_post_link",
            "This is neither a link such as https://x.com/name/status/1234567890 nor the id of a post.".to_owned(),
        );
    };
    let handle = status.handle.as_deref();
    if let Some(handle) = handle.filter(|handle| !handle.eq_ignore_ascii_case(&delivery.handle)) {
        return wrong(
            "post_of_another_account",
            format!(
                "The link is to a post of @{handle}, and this delivery goes to @{}. If that is the account's new name, give the id alone.",
                delivery.handle
            ),
        );
    }
    if status.created_at > app.now().plus_ms(CLOCK_MARGIN_MS) {
        return wrong(
            "post_in_the_future",
            format!("X makes the post of this id at {}.", status.created_at),
        );
    }
    Ok(status)
}

async fn adopt(app: &App, delivery: &Loaded, position: u32, status: &Status) -> Result<(), Error> {
    let request = GateRequest::Adopt(AdoptPart {
        part: delivery.part(position),
        external_id: status.external_id.clone(),
        created_at: status.created_at,
        accepted_at: delivery.created_at,
    });
    let gate = GateName::x(&delivery.external_id);
    match app.gates.call(&gate, request).await? {
        GateReply::Adopt(AdoptAnswer::Adopted) => Ok(()),
        GateReply::Adopt(AdoptAnswer::Another { external_id }) => Err(Error::new(
            Kind::Conflict,
            "sent_as_another_post",
            format!("It is known to be on X as the post {external_id}."),
            "Compare the two posts on X, and delete the one that is too many there.",
        )),
        GateReply::Adopt(AdoptAnswer::Taken) => Err(Error::new(
            Kind::Conflict,
            "post_taken",
            "This post of X belongs to something else that Godwit has sent.",
            "Look for the post that was made after this delivery became uncertain.",
        )),
        GateReply::Adopt(AdoptAnswer::TooOld { since }) => Err(Error::invalid_field(
            "/url",
            "post_too_old",
            format!(
                "X made this post at {}, and it was first asked for this one at {since}.",
                status.created_at
            ),
        )),
        GateReply::Adopt(AdoptAnswer::Busy { at }) => Err(Error {
            retry_after_seconds: seconds_until(at, app.now()),
            ..Error::new(
                Kind::Conflict,
                "being_sent",
                "X is being asked for it at this moment.",
                "Send the same request again after the seconds of Retry-After, if it is still wanted then.",
            )
        }),
        other => Err(unexpected(&other)),
    }
}

async fn send_again(app: &App, caller: &Caller, delivery: &Loaded) -> Result<Delivery, Error> {
    let (workspace, id) = (&caller.workspace_id, &delivery.id);
    let now = app.now();
    let again = Statement::new(store::SEND_AGAIN)
        .bind(id)
        .bind(workspace)
        .bind(now)
        .bind(now.plus_ms(app.config.timing.requeue_after_ms));
    let (shown, decided) = decide(app, caller, delivery, "delivery.sent_again", again).await?;
    if decided {
        publish::nudge(app, workspace, id, &delivery.account_id, now).await;
        return Ok(shown);
    }
    let unlinked = delivery.is_unlinked().then(account_unlinked);
    let refusal = unlinked.or_else(|| too_early(&shown, now));
    Err(refusal.unwrap_or_else(nothing_to_decide))
}

fn account_unlinked() -> Error {
    Error::new(
        Kind::Conflict,
        "account_unlinked",
        "The account was unlinked, so that nothing can be sent with it.",
        "Connect the account again (POST /api/v1/connections/x/authorize) and decide then, or give the delivery up.",
    )
}

async fn give_up(app: &App, caller: &Caller, delivery: &Loaded) -> Result<Delivery, Error> {
    let now = app.now();
    let give_up = Statement::new(store::GIVE_UP)
        .bind(&delivery.id)
        .bind(&caller.workspace_id)
        .bind(now);
    let (shown, decided) = decide(app, caller, delivery, "delivery.given_up", give_up).await?;
    if decided || shown.reason.as_deref() == Some("given_up") {
        return Ok(shown);
    }
    Err(too_early(&shown, now).unwrap_or_else(nothing_to_decide))
}

/// Carries a decision out in one transaction; gives the delivery as it then stands, and whether this changed it.
async fn decide(
    app: &App,
    caller: &Caller,
    delivery: &Loaded,
    action: &'static str,
    decision: Statement,
) -> Result<(Delivery, bool), Error> {
    let (workspace, id) = (&caller.workspace_id, &delivery.id);
    let now = app.now();
    let mut statements = vec![
        audit(app, caller, id, action, now),
        decision,
        Statement::new(POST_STATUS)
            .bind(workspace)
            .bind(&delivery.post_id)
            .bind(now),
    ];
    // In the same batch, so that a failure to read does not hide what was decided.
    statements.extend(read::post_query(workspace, &delivery.post_id));
    let sets = app.database.batch(statements).await?;
    let decided = sets.get(1).is_some_and(|decided| !decided.rows.is_empty());
    Ok((of_post(read::found(app, sets)?.deliveries, id)?, decided))
}

/// Why it is not a person's turn yet, if that is so.
fn too_early(shown: &Delivery, now: Timestamp) -> Option<Error> {
    let at = shown
        .next_attempt_at
        .filter(|_| shown.state == State::Uncertain)?;
    Some(Error {
        retry_after_seconds: seconds_until(at, now),
        ..Error::new(
            Kind::Conflict,
            "still_looking",
            format!("Godwit still looks for the post on X; the next time at {at}."),
            "Wait until reason is needs_decision; or, if you see the post on X, say where it is with outcome sent.",
        )
    })
}

fn audit(
    app: &App,
    caller: &Caller,
    id: &DeliveryId,
    action: &'static str,
    now: Timestamp,
) -> Statement {
    Statement::new(store::AUDIT_DECISION)
        .bind(id)
        .bind(&caller.workspace_id)
        .bind(&AuditId::new(&*app.clock, &*app.random))
        .bind(caller.actor())
        .bind(action)
        .bind(now)
}

async fn shown(app: &App, workspace: &WorkspaceId, delivery: &Loaded) -> Result<Delivery, Error> {
    let post: &PostId = &delivery.post_id;
    let post = read::post(app, workspace, post).await?;
    of_post(post.deliveries, &delivery.id)
}

fn of_post(deliveries: Vec<Delivery>, id: &DeliveryId) -> Result<Delivery, Error> {
    let mut deliveries = deliveries.into_iter();
    deliveries
        .find(|delivery| delivery.id == *id)
        .ok_or_else(|| Error::not_found("delivery"))
}

fn seconds_until(at: Timestamp, now: Timestamp) -> Option<u32> {
    u32::try_from(at.since(now).max(0) / SECOND_MS + 1).ok()
}

fn nothing_to_decide() -> Error {
    Error::new(
        Kind::Conflict,
        "nothing_to_decide",
        "It is not uncertain whether this delivery is on X.",
        "GET /api/v1/posts/{id} shows where it stands; POST /api/v1/posts/{id}/retry sends again what failed or was missed.",
    )
}
