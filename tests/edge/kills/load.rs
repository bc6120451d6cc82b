//! A client that wants a post, and asks until it is told that it is accepted.

use super::now_ms;
use crate::edge::text;
use godwit::time::Timestamp;
use reqwest::Client;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;

/// How long a client waits for an answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long a client waits before it asks again.
const PAUSE: Duration = Duration::from_millis(100);

pub struct Writer {
    pub client: Client,
    pub url: String,
    pub token: String,
    /// Nobody asks while nothing listens: a connection to a free port of one's own machine can end up with itself.
    pub up: watch::Receiver<bool>,
    pub account: String,
    /// What its keys begin with.
    pub name: String,
    pub texts: Vec<String>,
    /// How far ahead it is scheduled, if it is.
    pub ahead_ms: Option<i64>,
}

/// A post that Godwit said it has accepted.
pub struct Accepted {
    pub id: String,
    pub texts: Vec<String>,
    pub due_ms: Option<i64>,
    /// How often it was asked for once more.
    pub repeats: u64,
}

impl Writer {
    pub async fn accept(mut self) -> Accepted {
        let mut repeats = 0;
        for version in 0.. {
            let due_ms = self.ahead_ms.map(|ahead| now_ms() + ahead);
            let key = format!("{}, version {version}", self.name);
            let body = self.body(due_ms);
            loop {
                match self.ask(&key, &body).await {
                    Some((202, post)) => {
                        return Accepted {
                            id: text(&post["id"]),
                            texts: self.texts,
                            due_ms,
                            repeats,
                        };
                    }
                    // A refusal says that nothing was made under this key. Were that not so, another key would double it.
                    Some((422, problem)) if problem["code"] == "publish_at_past" => break,
                    Some((status, answer)) if status < 500 && status != 409 => {
                        panic!("{key}: {status} {answer}");
                    }
                    _ => {}
                }
                repeats += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
        unreachable!("there is always another version");
    }

    fn body(&self, due_ms: Option<i64>) -> Value {
        let mut body = json!({ "accounts": [self.account] });
        match self.texts.as_slice() {
            [text] => body["text"] = json!(text),
            texts => body["thread"] = json!(texts),
        }
        if let Some(due_ms) = due_ms {
            body["publish_at"] = json!(Timestamp::from_millis(due_ms).to_string());
        }
        body
    }

    /// One request; `None` when its answer was lost.
    async fn ask(&mut self, key: &str, body: &Value) -> Option<(u16, Value)> {
        self.up.wait_for(|up| *up).await.unwrap();
        let answer = self
            .client
            .post(&self.url)
            .bearer_auth(&self.token)
            .header("idempotency-key", key)
            .json(body)
            .timeout(PATIENCE)
            .send()
            .await
            .ok()?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.ok()?;
        Some((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }
}
