//! A video goes live, and it is on X, once: whatever announces it, and whatever repeats or fails.

mod gone;
mod hub;
mod once;
mod operations;
mod path;
mod races;
mod settings;
mod visible;

use crate::publishing::Stage;
use crate::sandbox::youtube::{DEMO_CHANNEL, Video};
use crate::support::Answer;
use godwit::ports::Clock as _;
use serde_json::{Value, json};

/// Where a source's channel is.
pub const CHANNEL: &str = DEMO_CHANNEL;
/// The key that the stand-in takes.
pub const WITH_KEY: &[(&str, &str)] = &[("YOUTUBE_API_KEY", "sandbox-api-key")];
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;

/// What people do with sources.
pub trait Following {
    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer;
    async fn follow(&self, settings: Value) -> String;
    async fn items(&self, source: &str) -> Vec<Value>;
    fn publish(&self, video: Video) -> String;
    fn texts_on_x(&self) -> Vec<String>;
}

impl Following for Stage {
    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let token = Some(self.person.token.as_str());
        self.world.request(method, path, token, body).await
    }

    /// Follows the demo channel; gives the source's id.
    async fn follow(&self, settings: Value) -> String {
        let mut body = json!({ "channel": CHANNEL, "accounts": [self.account] });
        for (name, value) in settings.as_object().unwrap() {
            body[name] = value.clone();
        }
        let made = self.ask("POST", "/sources/youtube", Some(body)).await;
        made.expect(201)["id"].as_str().unwrap().to_owned()
    }

    async fn items(&self, source: &str) -> Vec<Value> {
        let page = self.get(&format!("/sources/{source}/items")).await;
        page["items"].as_array().unwrap().clone()
    }

    /// The creator publishes now; gives the video's id.
    fn publish(&self, video: Video) -> String {
        let now = self.world.clock.now().millis();
        let mut tube = self.tube.lock().unwrap();
        tube.publish(now, CHANNEL, video).unwrap()
    }

    /// What is on X, oldest first.
    fn texts_on_x(&self) -> Vec<String> {
        let x = self.x.lock().unwrap();
        x.posts().iter().map(|post| post.text.clone()).collect()
    }
}

/// A source of the demo channel that has taken its baseline.
pub async fn following(variables: &[(&str, &str)], settings: Value) -> (Stage, String) {
    let mut stage = Stage::with(variables).await;
    stage.run(1_000).await;
    let source = stage.follow(settings).await;
    stage.run(MINUTE).await;
    (stage, source)
}

/// Where the items of a source stand and why, oldest first.
pub async fn states(stage: &Stage, source: &str) -> Vec<(String, String)> {
    let mut states: Vec<_> = stage.items(source).await;
    states.reverse();
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    states
        .iter()
        .map(|item| (text(&item["state"]), text(&item["reason"])))
        .collect()
}

/// One of [`states`].
pub fn pair(state: &str, reason: &str) -> (String, String) {
    (state.to_owned(), reason.to_owned())
}
