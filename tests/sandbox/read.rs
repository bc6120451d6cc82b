//! Reading: users/me, posts by id, and the timeline of a user.

use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    fields::{self, Wanted},
    instants,
    ledger::Post,
    refusals::{Refusal, invalid_request, not_found},
    render,
    schema::is_id,
    x::X,
};

/// A timeline goes back this many posts.
const TIMELINE_DEPTH: usize = 3_200;

/// How every pagination token begins.
const PAGE: &str = "7140dibd";

const TIMELINE_PARAMETERS: [&str; 7] = [
    "max_results",
    "pagination_token",
    "start_time",
    "end_time",
    "since_id",
    "until_id",
    "exclude",
];

pub fn users_me(x: &X, call: &Call, user: u64) -> Result<Answer, Answer> {
    let wanted = Wanted::users(x.settings.query_names, call)?;
    let user = x
        .people
        .get(user)
        .ok_or_else(|| Refusal::Unauthorized.answer())?;
    Ok(Answer::json(
        200,
        &json!({"data": render::user(x, user, &wanted)}),
    ))
}

/// A post that is not there is a 200 with `errors` and no `data`.
pub fn post(x: &X, call: &Call, id: &str) -> Result<Answer, Answer> {
    let wanted = Wanted::posts(x.settings.query_names, call, &[])?;
    let id_number = number("id", id)?;
    Ok(match x.ledger.get(id_number) {
        Some(post) => {
            let data = render::post(x, post, &wanted);
            Answer::json(
                200,
                &render::with_includes(x, call.now_ms, &[post], &wanted, &data),
            )
        }
        None => Answer::json(200, &json!({"errors": [not_found("tweet", "id", id)]})),
    })
}

pub fn posts(x: &X, call: &Call) -> Result<Answer, Answer> {
    let wanted = Wanted::posts(x.settings.query_names, call, &["ids"])?;
    let ids: Vec<&str> = call.parameter("ids").unwrap_or("").split(',').collect();
    if ids == [""] || ids.len() > 100 {
        return Err(invalid_request(
            &json!({"ids": ids}),
            "The number of values in the `ids` query parameter list is not between 1 and 100",
        ));
    }
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for id in ids {
        match x.ledger.get(number("ids", id)?) {
            Some(post) => found.push(post),
            None => errors.push(not_found("tweet", "ids", id)),
        }
    }
    let mut body = list(x, call.now_ms, &found, &wanted);
    if !errors.is_empty() {
        body["errors"] = errors.into();
    }
    Ok(Answer::json(200, &body))
}

pub fn timeline(x: &X, call: &Call, user: &str) -> Result<Answer, Answer> {
    let wanted = Wanted::posts(x.settings.query_names, call, &TIMELINE_PARAMETERS)?;
    let range = Range::read(call)?;
    let Some(owner) = x.people.get(number("id", user)?) else {
        return Ok(Answer::json(
            200,
            &json!({"errors": [not_found("user", "id", user)]}),
        ));
    };
    let mut fitting = x
        .ledger
        .newest_first()
        .filter(|post| post.author == owner.id && post.is_current())
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
    let mut body = list(x, call.now_ms, &page, &wanted);
    body["meta"] = meta;
    Ok(Answer::json(200, &body))
}

/// `data` is left out when there is none.
fn list(x: &X, now_ms: i64, posts: &[&Post], wanted: &Wanted) -> Value {
    if posts.is_empty() {
        return json!({});
    }
    let data = posts.iter().map(|post| render::post(x, post, wanted));
    render::with_includes(x, now_ms, posts, wanted, &data.collect())
}

/// Which posts of a timeline a request asks for.
struct Range {
    max_results: usize,
    after_id: u64,
    before_id: u64,
    from_ms: i64,
    to_ms: i64,
    without_replies: bool,
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
        let range = Self {
            max_results,
            after_id: id("since_id")?.unwrap_or(0),
            before_id: id("until_id")?.unwrap_or(u64::MAX).min(page),
            from_ms: time("start_time")?.unwrap_or(i64::MIN),
            to_ms: time("end_time")?.unwrap_or(i64::MAX),
            without_replies: fields::list(call, "exclude", &["replies", "retweets"])?
                .contains("replies"),
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
