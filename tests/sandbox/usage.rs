//! `GET /2/usage/tweets` and `GET /2/usage/credits` (<https://docs.x.com/x-api/usage/introduction>).
//!
//! Numbers of posts come as texts. An app is a project of its own, whose month ends with the calendar's.

use serde_json::{Value, json};

use super::{answer::Answer, call::Call, fields, instants, refusals::Refusal, x::X};

const DAY_MS: i64 = 86_400_000;

pub fn tweets(x: &X, call: &Call) -> Answer {
    let app = x.asking;
    let account = x.account(app);
    let (_, read) = account.this_month(call.now_ms);
    let cap = x.settings.app(app).map_or(0, |app| app.purse.posts_cap);
    let mut data = json!({
        "cap_reset_day": 1,
        "project_cap": cap.to_string(),
        "project_id": project(app),
        "project_usage": read.to_string(),
    });
    let days = call.parameter("days").and_then(|days| days.parse().ok());
    let today = call.now_ms.div_euclid(DAY_MS);
    let usage: Vec<Value> = (today - days.unwrap_or(7) + 1..=today)
        .map(|day| {
            let read = account.posts_by_day.get(&day).copied().unwrap_or(0);
            json!({"date": instants::format(day * DAY_MS), "usage": read.to_string()})
        })
        .collect();
    let wanted = fields::values(call, "usage.fields");
    if wanted.contains("daily_project_usage") {
        data["daily_project_usage"] = json!({"project_id": project(app), "usage": usage});
    }
    if wanted.contains("daily_client_app_usage") {
        data["daily_client_app_usage"] = json!([
            {"client_app_id": project(app), "usage_result_count": usage.len(), "usage": usage}
        ]);
    }
    Answer::json(200, &json!({"data": data}))
}

/// In dollars.
pub fn credits(x: &X) -> Result<Answer, Answer> {
    let balance = x
        .balance(x.asking)
        .ok_or_else(|| Refusal::NotFound.answer())?;
    let data = json!({
        "total_balance": balance.dollars(),
        "prepaid_balance": balance.dollars(),
        "free_balance": 0.0,
        "free_grants": [],
    });
    Ok(Answer::json(200, &json!({"data": data})))
}

fn project(app: usize) -> String {
    (1843 + app).to_string()
}
