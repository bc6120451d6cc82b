//! The person whom Godwit asks about a part that it could not find: looks at X, and answers truthfully.

use super::load::PATIENCE;
use super::now_ms;
use crate::edge::{Edge, text};
use crate::sandbox::X;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

pub struct Person {
    client: Client,
    posts: String,
    deliveries: String,
    token: String,
    x: Arc<Mutex<X>>,
    up: watch::Receiver<bool>,
}

impl Person {
    pub fn of(edge: &Edge, up: watch::Receiver<bool>) -> Self {
        Self {
            client: edge.client.clone(),
            posts: edge.at("/posts"),
            deliveries: edge.at("/deliveries"),
            token: edge.token.clone(),
            x: edge.sandbox.shared(),
            up,
        }
    }

    /// Has everything sent again about which there is a question; how many these were. A kill may end it anywhere.
    pub async fn decide(mut self) -> u64 {
        self.up.wait_for(|up| *up).await.unwrap();
        let list = format!("{}?status=uncertain&limit=100", self.posts);
        let Some((200, page)) = self.send(self.client.get(list)).await else {
            return 0;
        };
        let mut resent = 0;
        for post in page["items"].as_array().unwrap() {
            let delivery = &post["deliveries"][0];
            if delivery["reason"] != "needs_decision" {
                continue;
            }
            let parts = delivery["parts"].as_array().unwrap();
            let part = parts.iter().find(|part| part["state"] != "sent").unwrap();
            // Nothing here lags, so that a part that is there was there to be found.
            assert!(
                !self.is_on_x(&text(&part["text"])),
                "Godwit did not find what is on X: {post}"
            );
            let path = format!("{}/{}/resolve", self.deliveries, text(&delivery["id"]));
            let again = self
                .client
                .post(path)
                .json(&json!({ "outcome": "send_again" }));
            if let Some((200, _)) = self.send(again).await {
                resent += 1;
            }
        }
        resent
    }

    fn is_on_x(&self, words: &str) -> bool {
        let mut x = self.x.lock().unwrap();
        x.advance(now_ms());
        x.posts().iter().any(|post| post.text == words)
    }

    async fn send(&self, request: RequestBuilder) -> Option<(u16, Value)> {
        let request = request.bearer_auth(&self.token).timeout(PATIENCE);
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.ok()?;
        Some((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }
}
