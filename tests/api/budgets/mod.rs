//! Budgets and quotas, and what was used, against an X that sends its own bill.

mod booking;
mod deleting;
mod limits;
mod periods;
mod reading;
mod said;
mod usage;

use crate::publishing::Stage;
use crate::support::world::BASE_URL;
use crate::support::{Answer, files};
use axum::body::Body;
use godwit::ports::Clock as _;
use godwit::time::Timestamp;
use http::Request;
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

impl Stage {
    async fn put(&self, path: &str, body: Value) -> Answer {
        let token = Some(self.person.token.as_str());
        self.world.request("PUT", path, token, Some(body)).await
    }

    fn budgets(&self) -> String {
        format!("/workspaces/{}/budgets", self.person.workspace_id)
    }

    /// Sets the limits of the workspace.
    async fn limit(&self, limits: Value) -> Value {
        self.put(&self.budgets(), limits).await.expect(200)
    }

    /// Sets those of an account.
    async fn limit_account(&self, account: &str, limits: Value) -> Value {
        let path = format!("/accounts/{account}/budgets");
        self.put(&path, limits).await.expect(200)
    }

    /// X's own bill, in millionths of a dollar.
    fn billed(&self) -> i64 {
        let now = self.world.clock.now().millis();
        let x = self.x.lock().unwrap();
        x.money(now).iter().map(|app| app.spent.0).sum()
    }

    /// What Godwit says that was spent, in millionths of a dollar.
    async fn spent(&self) -> i64 {
        micros(&self.get("/usage?from=2026-11-01").await["totals"]["spend_usd"])
    }

    /// Stops the test unless Godwit's count is X's bill, and that is so many millionths of a dollar.
    async fn cost(&self, expected: i64) {
        assert_eq!((self.spent().await, self.billed()), (expected, expected));
    }

    /// State and reason of the first delivery of a post.
    async fn stands(&self, post: &str) -> (String, String) {
        let delivery = self.delivery(post).await;
        let text = |name: &str| delivery[name].as_str().unwrap_or_default().to_owned();
        (text("state"), text("reason"))
    }

    /// One post a moment after the other, so that they are sent in this order.
    async fn posts(&self, texts: &[&str]) -> Vec<String> {
        let mut posts = Vec::new();
        for text in texts {
            posts.push(self.post(text).await);
            self.world.clock.advance(1);
        }
        posts
    }

    fn jump(&self, to: &str) {
        let to = Timestamp::parse_rfc3339(to).unwrap();
        self.world.clock.set(to);
    }

    fn reservations(&self) -> Value {
        let count = "SELECT count(*) FROM reservations";
        self.world.database.value(count)
    }

    /// Uploads a picture with an alt text.
    async fn picture(&self) -> String {
        let request = Request::post(format!("{BASE_URL}/api/v1/media"))
            .header("authorization", format!("Bearer {}", self.person.token))
            .header("content-type", "image/png");
        let request = request.body(Body::from(files::png(3, 4))).unwrap();
        let medium = self.world.serve(request).await.expect(201);
        let id = medium["id"].as_str().unwrap().to_owned();
        let token = Some(self.person.token.as_str());
        let body = Some(json!({ "alt_text": "a bird" }));
        let path = format!("/media/{id}");
        let patched = self.world.request("PATCH", &path, token, body).await;
        patched.expect(200);
        id
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

fn waits(reason: &str) -> (String, String) {
    ("waiting".to_owned(), reason.to_owned())
}

fn published() -> (String, String) {
    ("published".to_owned(), String::new())
}
