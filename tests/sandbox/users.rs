//! Reading users: me, by id, by name, and search.

use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    fields::Wanted,
    people::User,
    refusals::{Refusal, not_found},
    render,
    x::X,
};

pub fn me(x: &X, call: &Call, user: u64) -> Result<Answer, Answer> {
    let wanted = Wanted::read(x.settings.query_names, call, user)?;
    let user = x
        .people
        .get(user)
        .ok_or_else(|| Refusal::Unauthorized.answer())?;
    Ok(one(x, user, &wanted))
}

/// A user that is not there is a 200 with `errors` and no `data`.
pub fn by_id(x: &X, call: &Call, reader: u64, id: &str) -> Result<Answer, Answer> {
    let wanted = Wanted::read(x.settings.query_names, call, reader)?;
    let found = id.parse().ok().and_then(|id| x.people.get(id));
    Ok(found.map_or_else(
        || Answer::json(200, &json!({"errors": [not_found("user", "id", id)]})),
        |user| one(x, user, &wanted),
    ))
}

pub fn by_names(x: &X, call: &Call, reader: u64) -> Result<Answer, Answer> {
    let wanted = Wanted::read(x.settings.query_names, call, reader)?;
    let (mut data, mut errors) = (Vec::new(), Vec::new());
    for name in call.parameter("usernames").unwrap_or_default().split(',') {
        match x.people.named(name) {
            Some(user) => data.push(render::user(x, user, &wanted)),
            None => errors.push(not_found("user", "usernames", name)),
        }
    }
    let read = data.len();
    let mut body = json!({});
    if !data.is_empty() {
        body["data"] = data.into();
    }
    if !errors.is_empty() {
        body["errors"] = errors.into();
    }
    Ok(Answer::json(200, &body).with_users(read))
}

/// Finds what the name or the username has in it, whatever the case.
pub fn search(x: &X, call: &Call, reader: u64) -> Result<Answer, Answer> {
    let wanted = Wanted::read(x.settings.query_names, call, reader)?;
    let number = |name| call.parameter(name).and_then(|value| value.parse().ok());
    let query = call.parameter("query").unwrap_or_default().to_lowercase();
    let (skip, most) = (
        number("next_token").unwrap_or(0),
        number("max_results").unwrap_or(100),
    );
    let has = |text: &str| text.to_lowercase().contains(&query);
    let fits = |user: &&User| has(&user.profile.username) || has(&user.profile.name);
    let mut fitting = x.people.iter().filter(fits).skip(skip);
    let page = fitting.by_ref().take(most);
    let data: Vec<Value> = page.map(|user| render::user(x, user, &wanted)).collect();
    let read = data.len();
    let mut body = json!({"meta": {"result_count": read}});
    if read > 0 {
        body["data"] = data.into();
    }
    if fitting.next().is_some() {
        body["meta"]["next_token"] = (skip + most).to_string().into();
    }
    Ok(Answer::json(200, &body).with_users(read))
}

fn one(x: &X, user: &User, wanted: &Wanted) -> Answer {
    let data = render::user(x, user, wanted);
    Answer::json(200, &json!({"data": data})).with_users(1)
}
