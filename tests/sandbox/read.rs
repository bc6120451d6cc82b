//! Reading posts: by id, the timeline of a user, and mentions of one.

use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    fields::{self, Wanted},
    includes, instants,
    ledger::Post,
    measure,
    refusals::{invalid_request, not_found},
    render,
    schema::is_id,
    text,
    x::X,
};

/// A timeline goes back this many posts.
const TIMELINE_DEPTH: usize = 3_200;

/// How every pagination token begins.
const PAGE: &str = "7140dibd";

/// A post that is not there is a 200 with `errors` and no `data`.
pub fn post(x: &X, call: &Call, reader: u64, id: &str) -> Result<Answer, Answer> {
    let wanted = Wanted::read(x.settings.query_names, call, reader)?;
    let Some(post) = x.ledger.get(number("id", id)?) else {
        return Ok(Answer::json(
            200,
            &json!({"errors": [not_found("tweet", "id", id)]}),
        ));
    };
    let errors = measure::errors(post, &wanted);
    if !errors.is_empty() {
        return Ok(Answer::json(200, &json!({"errors": errors})));
    }
    let data = render::post(x, post, &wanted);
    let body = includes::with_includes(x, &[post], &wanted, &data);
    Ok(Answer::json(200, &body).with_posts(1))
}

pub fn posts(x: &X, call: &Call, reader: u64) -> Result<Answer, Answer> {
    let wanted = Wanted::read(x.settings.query_names, call, reader)?;
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for id in call.parameter("ids").unwrap_or("").split(',') {
        match x.ledger.get(number("ids", id)?) {
            Some(post) => found.push(post),
            None => errors.push(not_found("tweet", "ids", id)),
        }
    }
    Ok(list(x, &found, &wanted, errors, None))
}

pub fn timeline(x: &X, call: &Call, reader: u64, user: &str) -> Result<Answer, Answer> {
    let owner = number("id", user)?;
    page(x, call, reader, user, |post| post.author == owner)
}

/// Posts of anybody that have the user's name in them.
pub fn mentions(x: &X, call: &Call, reader: u64, user: &str) -> Result<Answer, Answer> {
    let owner = x.people.get(number("id", user)?);
    let name = owner.map_or("", |owner| &owner.profile.username);
    page(x, call, reader, user, |post| {
        let mentions = text::read(&post.sent).mentions;
        let is_repost = post.repost_of().is_some();
        !is_repost
            && mentions
                .iter()
                .any(|called| called.eq_ignore_ascii_case(name))
    })
}

fn page(
    x: &X,
    call: &Call,
    reader: u64,
    user: &str,
    belongs: impl Fn(&Post) -> bool,
) -> Result<Answer, Answer> {
    let wanted = Wanted::read(x.settings.query_names, call, reader)?;
    let range = Range::read(call)?;
    if x.people.get(number("id", user)?).is_none() {
        return Ok(Answer::json(
            200,
            &json!({"errors": [not_found("user", "id", user)]}),
        ));
    }
    let mut fitting = x
        .ledger
        .newest_first()
        .filter(|post| belongs(post) && post.is_current())
        .filter(|post| post.created_ms + x.settings.timeline_lag <= call.now_ms)
        .take(TIMELINE_DEPTH)
        .filter(|post| range.holds(post));
    let page: Vec<&Post> = fitting.by_ref().take(range.max_results).collect();
    let mut meta = json!({"result_count": page.len()});
    if let (Some(newest), Some(oldest)) = (page.first(), page.last()) {
        meta["newest_id"] = newest.id.to_string().into();
        meta["oldest_id"] = oldest.id.to_string().into();
        if fitting.next().is_some() {
            meta["next_token"] = token(oldest.id).into();
        }
    }
    Ok(list(x, &page, &wanted, Vec::new(), Some(meta)))
}

/// `data` is left out when there is none; so is a post of which more was asked than its reader may see.
fn list(
    x: &X,
    posts: &[&Post],
    wanted: &Wanted,
    mut errors: Vec<Value>,
    meta: Option<Value>,
) -> Answer {
    let mut open = Vec::new();
    for post in posts {
        let hidden = measure::errors(post, wanted);
        if hidden.is_empty() {
            open.push(*post);
        }
        errors.extend(hidden);
    }
    let mut body = json!({});
    if !open.is_empty() {
        let data = open.iter().map(|post| render::post(x, post, wanted));
        body = includes::with_includes(x, &open, wanted, &data.collect());
    }
    if !errors.is_empty() {
        body["errors"] = errors.into();
    }
    if let Some(meta) = meta {
        body["meta"] = meta;
    }
    Answer::json(200, &body).with_posts(open.len())
}

/// Which posts of a timeline a request asks for.
struct Range {
    max_results: usize,
    after_id: u64,
    before_id: u64,
    from_ms: i64,
    to_ms: i64,
    without_replies: bool,
    without_reposts: bool,
}

impl Range {
    fn read(call: &Call) -> Result<Self, Answer> {
        let id = |name| {
            call.parameter(name)
                .map(|value| number(name, value))
                .transpose()
        };
        let time = |name| {
            let parse =
                |value| instants::parse(value).ok_or_else(|| fields::not_valid(name, value));
            call.parameter(name).map(parse).transpose()
        };
        let max_results = match call.parameter("max_results") {
            None => 10,
            Some(value) => value
                .parse()
                .ok()
                .filter(|count| (5..=100).contains(count))
                .ok_or_else(|| {
                    invalid_request(
                        &json!({"max_results": [value]}),
                        &format!("The `max_results` query parameter value [{value}] is not between 5 and 100"),
                    )
                })?,
        };
        let page = match call.parameter("pagination_token") {
            None => u64::MAX,
            Some(token) => {
                from_token(token).ok_or_else(|| fields::not_valid("pagination_token", token))?
            }
        };
        let exclude = fields::values(call, "exclude");
        let range = Self {
            max_results,
            after_id: id("since_id")?.unwrap_or(0),
            before_id: id("until_id")?.unwrap_or(u64::MAX).min(page),
            from_ms: time("start_time")?.unwrap_or(i64::MIN),
            to_ms: time("end_time")?.unwrap_or(i64::MAX),
            without_replies: exclude.contains("replies"),
            without_reposts: exclude.contains("retweets"),
        };
        if range.from_ms >= range.to_ms {
            let start = call.parameter("start_time").unwrap_or_default();
            return Err(invalid_request(
                &json!({"start_time": [start]}),
                "Invalid 'start_time': 'start_time' must be before 'end_time'",
            ));
        }
        Ok(range)
    }

    fn holds(&self, post: &Post) -> bool {
        self.after_id < post.id
            && post.id < self.before_id
            && self.from_ms <= post.created_ms
            && post.created_ms < self.to_ms
            && !(self.without_replies && post.reply_to.is_some())
            && !(self.without_reposts && post.repost_of().is_some())
    }
}

/// Opaque to clients. The digits are of base32hex, as X's are.
fn token(last_id: u64) -> String {
    format!("{PAGE}{last_id:016x}")
}

fn from_token(token: &str) -> Option<u64> {
    u64::from_str_radix(token.strip_prefix(PAGE)?, 16).ok()
}

fn number(parameter: &str, id: &str) -> Result<u64, Answer> {
    let parsed = if is_id(id) { id.parse().ok() } else { None };
    parsed.ok_or_else(|| fields::not_valid(parameter, id))
}
