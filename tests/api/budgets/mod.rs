//! Budgets and quotas, and what was used, against an X that sends its own bill.

mod limits;

use crate::publishing::Stage;
use crate::support::Answer;
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

impl Stage {
    async fn put(&self, path: &str, body: Value) -> Answer {
        let token = Some(self.person.token.as_str());
        self.world.request("PUT", path, token, Some(body)).await
    }

    /// Sets the limits of the workspace.
    async fn limit(&self, limits: Value) -> Value {
        let path = format!("/workspaces/{}/budgets", self.person.workspace_id);
        self.put(&path, limits).await.expect(200)
    }

    /// Sets those of an account.
    async fn limit_account(&self, account: &str, limits: Value) -> Value {
        let path = format!("/accounts/{account}/budgets");
        self.put(&path, limits).await.expect(200)
    }

    /// X's own bill, in millionths of a dollar.
    fn billed(&self) -> i64 {
        let now = godwit::ports::Clock::now(&*self.world.clock).millis();
        let x = self.x.lock().unwrap();
        x.money(now).iter().map(|app| app.spent.0).sum()
    }

    /// What Godwit says that was spent, in millionths of a dollar.
    async fn spent(&self) -> i64 {
        micros(&self.get("/usage").await["totals"]["spend_usd"])
    }

    fn reservations(&self) -> Value {
        self.world
            .database
            .value("SELECT count(*) FROM reservations")
    }
}

fn micros(dollars: &Value) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "a few dollars")]
    let micros = (dollars.as_f64().unwrap() * 1e6).round() as i64;
    micros
}

/// The only limit.
fn only(budgets: &Value) -> Value {
    let limits = budgets["limits"].as_array().unwrap();
    assert_eq!(limits.len(), 1, "{budgets}");
    limits[0].clone()
}

fn per_day(dollars: f64) -> Value {
    json!({ "usd_per_day": dollars })
}
