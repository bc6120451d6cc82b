//! `POST /2/tweets` and `DELETE /2/tweets/{id}`.

use serde_json::{Value, json};

use super::{
    answer::Answer,
    attach,
    call::Call,
    draft::{self, Create},
    edits,
    money::Charge,
    people::User,
    publish::{self, Origin, Whole, publish},
    refusals::Refusal,
    render,
    text::{self, Reading},
    x::X,
};

pub fn create(x: &mut X, call: &Call, user: u64) -> Result<Answer, Answer> {
    let create = draft::read(call.json().unwrap_or(&Value::Null))?;
    let author = x
        .people
        .get(user)
        .cloned()
        .ok_or_else(|| Refusal::Unauthorized.answer())?;
    let attached = attach::may_attach(x, call.now_ms, &author, &create.media_ids)?;
    let reading = text::read(&create.text);
    let billed = |refused: Answer| refused.worth(Charge::CreateRefused, 1);
    may_say(x, call, &author, &create, &reading).map_err(billed)?;
    let origin = match (&create.reply_to, &create.edit_of) {
        (Some(id), _) => may_reply(x, &author, id).map_err(billed)?,
        (None, Some(id)) => Origin::edit_of(edits::may_edit(x, call.now_ms, &author, id)?),
        (None, None) => Origin::default(),
    };
    let whole = Whole {
        create: &create,
        reading: &reading,
        attached: &attached,
        origin,
    };
    let id = publish(x, call.now_ms, &author, whole);
    x.record.counts.creates_accepted += 1;
    let Some(post) = x.ledger.get(id) else {
        return Err(Refusal::ServerError.answer());
    };
    let mut data = json!({"id": id.to_string(), "text": text::escaped(&post.shown)});
    render::history(x.settings.answer_names, &mut data, post);
    let replied_to = post.reply_to.and_then(|id| x.ledger.get(id));
    let is_to_another = replied_to.is_some_and(|target| target.author != user);
    let charge = if reading.has_url() {
        Charge::CreateWithUrl
    } else if is_to_another {
        Charge::CreateSummoned
    } else {
        Charge::Create
    };
    Ok(Answer::json(201, &json!({"data": data})).worth(charge, 1))
}

/// What the author writes on x.com, where the rules for apps do not hold.
pub fn write(x: &mut X, now_ms: i64, author: &User, text: &str, reply_to: Option<u64>) -> u64 {
    let target = reply_to.and_then(|id| x.ledger.get(id));
    let origin = target.map(Origin::reply_to).unwrap_or_default();
    let create = Create {
        text: text.into(),
        ..Create::default()
    };
    publish::write(x, now_ms, author, &create, origin)
}

/// A post of one's own that is gone already is deleted once more, so that a retry is safe
/// (<https://docs.x.com/x-api/posts/delete-post>: retrying is safe). All versions of an edited post go together.
pub fn delete(x: &mut X, call: &Call, user: u64, id: &str) -> Result<Answer, Answer> {
    // Digits, but more than any id has: there is no such post.
    let number = id.parse().map_err(|_| Refusal::NotFound.answer())?;
    match x.ledger.ever(number).map(|post| post.author) {
        Some(author) if author == user => {
            x.ledger.delete(number, call.now_ms);
            Ok(Answer::json(200, &json!({"data": {"deleted": true}})).worth(Charge::Delete, 1))
        }
        Some(_) => Err(Refusal::Forbidden.answer()),
        None => Err(Refusal::NotFound.answer()),
    }
}

fn may_say(
    x: &X,
    call: &Call,
    author: &User,
    create: &Create,
    reading: &Reading,
) -> Result<(), Answer> {
    let settings = &x.settings;
    let is_self_serve = x.plan().is_self_serve();
    let too_long = reading.weighted_length > author.profile.longest_text();
    let refusal = if create.quote_of.is_some() && is_self_serve {
        Refusal::ReplyOrQuoteNotAllowed
    } else if quotes_nothing(x, create) || too_long || !reading.has_only_valid_characters {
        Refusal::Forbidden
    } else if reading.cashtags > 1 && is_self_serve {
        Refusal::TooManyCashtags
    } else if settings.refuse_mentions && !reading.mentions.is_empty() && is_self_serve {
        Refusal::MentionsNotAllowed
    } else if x.ledger.is_duplicate(
        author.id,
        &create.text,
        &create.media_ids,
        settings.duplicate_window,
        call.now_ms,
    ) {
        Refusal::Duplicate
    } else {
        return Ok(());
    };
    Err(refusal.answer())
}

fn quotes_nothing(x: &X, create: &Create) -> bool {
    let quoted = create.quote_of.as_ref();
    quoted.is_some_and(|id| id.parse().ok().and_then(|id| x.ledger.get(id)).is_none())
}

/// What is replied to. Self-serve apps reply to their own author, or where that author was called or quoted
/// (<https://docs.x.com/changelog>, 2026-02-23).
fn may_reply(x: &X, author: &User, id: &str) -> Result<Origin, Answer> {
    let target = id.parse().ok().and_then(|id| x.ledger.get(id));
    let target = target.ok_or_else(|| Refusal::ReplyToDeleted.answer())?;
    let is_called = || {
        let mentions = text::read(&target.sent).mentions;
        mentions
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&author.profile.username))
    };
    let is_quoted = || {
        let quoted = target.quote_of().and_then(|id| x.ledger.get(id));
        quoted.is_some_and(|quoted| quoted.author == author.id)
    };
    let is_free = !x.plan().is_self_serve();
    if target.author == author.id || is_free || is_called() || is_quoted() {
        Ok(Origin::reply_to(target))
    } else {
        Err(Refusal::ReplyNotAllowed.answer())
    }
}
