//! `POST /2/tweets` and `DELETE /2/tweets/{id}`.

use serde_json::{Value, json};

use super::{
    answer::Answer,
    attach::{self, Attached},
    call::Call,
    draft::{self, Create},
    ledger::Post,
    people::User,
    refusals::Refusal,
    render,
    text::{self, Link, ORDINARY_LENGTH, Piece, Reading},
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
    may_say(x, call, &author, &create, &reading)?;
    let parent = match &create.reply_to {
        Some(id) => Some(may_reply(x, &author, id)?),
        None => None,
    };
    let id = publish(
        x,
        call.now_ms,
        &author,
        &create,
        &reading,
        parent,
        &attached,
    );
    x.record.counts.creates_accepted += 1;
    let shown = x.ledger.get(id).map(|post| text::escaped(&post.shown));
    let mut data = json!({"id": id.to_string(), "text": shown});
    render::history(x.settings.answer_names, &mut data, id);
    Ok(Answer::json(201, &json!({"data": data})))
}

/// What the author writes on x.com, where the rules for apps do not hold.
pub fn write(x: &mut X, now_ms: i64, author: &User, text: &str, reply_to: Option<u64>) -> u64 {
    let parent = reply_to
        .and_then(|id| x.ledger.get(id))
        .map(|target| Parent {
            id: target.id,
            conversation: target.conversation,
        });
    let create = Create {
        text: text.into(),
        ..Create::default()
    };
    let nothing = Attached::default();
    publish(
        x,
        now_ms,
        author,
        &create,
        &text::read(text),
        parent,
        &nothing,
    )
}

/// A post of one's own that is gone already is deleted once more, so that a retry is safe.
pub fn delete(x: &mut X, call: &Call, user: u64, id: &str) -> Result<Answer, Answer> {
    // Digits, but more than any id has: there is no such post.
    let number = id.parse().map_err(|_| Refusal::NotFound.answer())?;
    match x.ledger.ever(number).map(|post| post.author) {
        Some(author) if author == user => {
            x.ledger.delete(number, call.now_ms);
            Ok(Answer::json(200, &json!({"data": {"deleted": true}})))
        }
        Some(_) => Err(Refusal::Forbidden.answer()),
        None => Err(Refusal::NotFound.answer()),
    }
}

struct Parent {
    id: u64,
    conversation: u64,
}

fn may_say(
    x: &X,
    call: &Call,
    author: &User,
    create: &Create,
    reading: &Reading,
) -> Result<(), Answer> {
    let settings = &x.settings;
    let too_long = reading.weighted_length > author.profile.longest_text();
    let refusal = if create.quote_of.is_some() {
        Refusal::ReplyOrQuoteNotAllowed
    } else if create.edit_of.is_some() || too_long || !reading.has_only_valid_characters {
        Refusal::Forbidden
    } else if reading.cashtags > 1 {
        Refusal::TooManyCashtags
    } else if settings.refuse_mentions && !reading.mentions.is_empty() {
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

/// What is replied to. Self-serve apps reply to their own author, or where that author was called.
fn may_reply(x: &X, author: &User, id: &str) -> Result<Parent, Answer> {
    let target = id.parse().ok().and_then(|id| x.ledger.get(id));
    let target = target.ok_or_else(|| Refusal::ReplyToDeleted.answer())?;
    let called = || {
        let mentions = text::read(&target.sent).mentions;
        mentions
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&author.profile.username))
    };
    if target.author == author.id || called() {
        Ok(Parent {
            id: target.id,
            conversation: target.conversation,
        })
    } else {
        Err(Refusal::ReplyNotAllowed.answer())
    }
}

/// Writes the post down and gives its id.
fn publish(
    x: &mut X,
    now_ms: i64,
    author: &User,
    create: &Create,
    reading: &Reading,
    parent: Option<Parent>,
    attached: &Attached,
) -> u64 {
    let id = x.ids.post(now_ms);
    let page = format!("https://x.com/{}/status/{id}", author.profile.username);
    // X shows a text without the white space around it.
    let trimmed = text::read(create.text.trim());
    let mut whole = trimmed.pieces(|| x.ids.word(10));
    for piece in &mut whole {
        if let Piece::Link(link) = piece {
            link.unwound = x.settings.redirects.get(&link.expanded).cloned();
        }
    }
    if !create.media_ids.is_empty() {
        if !whole.is_empty() {
            whole.push(Piece::Text(" ".into()));
        }
        let name = x.ids.word(10);
        let what = if attached.is_video { "video" } else { "photo" };
        let mut media = Link::new(&name, &format!("{page}/{what}/1"));
        media.display = format!("pic.x.com/{name}");
        media.media_keys.clone_from(&attached.keys);
        whole.push(Piece::Link(media));
    }
    let (shown, note) = if reading.weighted_length > ORDINARY_LENGTH {
        let link = Link::new(&x.ids.word(10), &format!("https://x.com/i/web/status/{id}"));
        (text::cut(&whole, link), Some(whole))
    } else {
        (whole, None)
    };
    x.ledger.add(Post {
        id,
        author: author.id,
        sent: create.text.clone(),
        shown,
        note,
        media_ids: create.media_ids.clone(),
        media_keys: attached.keys.clone(),
        created_ms: now_ms,
        deleted_ms: None,
        reply_to: parent.as_ref().map(|parent| parent.id),
        conversation: parent.map_or(id, |parent| parent.conversation),
        reply_settings: create
            .reply_settings
            .clone()
            .unwrap_or_else(|| "everyone".into()),
        hidden: create.hidden,
    });
    id
}
