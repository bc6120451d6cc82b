//! What is on X, what Godwit says of it, and what was asked for: the three must be the same.

use super::load::Accepted;
use super::now_ms;
use crate::edge::Edge;
use godwit::time::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// How many deliveries may still move.
pub async fn open(edge: &Edge) -> u64 {
    let open = "SELECT count(*) AS n FROM deliveries
      WHERE state NOT IN ('published', 'failed', 'canceled', 'missed')";
    number(&edge.sql(open).await)
}

/// How many deliveries were claimed more than once.
pub async fn interrupted(edge: &Edge) -> u64 {
    number(
        &edge
            .sql("SELECT count(*) AS n FROM deliveries WHERE epoch > 1")
            .await,
    )
}

fn number(answer: &Value) -> u64 {
    answer["rows"][0]["n"].as_u64().unwrap()
}

/// A part on X.
struct OnX {
    id: String,
    reply_to: Option<String>,
    at_ms: i64,
}

/// Everything that is not as it must be, one sentence each.
pub async fn wrong(edge: &Edge, accepted: &[Accepted]) -> Vec<String> {
    let (mut on_x, creates) = on_x(edge);
    let mut wrong = Vec::new();
    let parts: usize = accepted.iter().map(|one| one.texts.len()).sum();
    if usize::try_from(creates).unwrap() != parts {
        wrong.push(format!("{parts} parts were asked for, X took {creates}"));
    }
    let posts = number(&edge.sql("SELECT count(*) AS n FROM posts").await);
    if usize::try_from(posts).unwrap() != accepted.len() {
        let accepted = accepted.len();
        wrong.push(format!("{accepted} posts were accepted, D1 has {posts}"));
    }
    for one in accepted {
        let (_, post) = edge.get(&format!("/posts/{}", one.id)).await;
        let delivery = &post["deliveries"][0];
        let says = |what: String| format!("{}: {what}; Godwit says {delivery}", one.texts[0]);
        if (&post["status"], &delivery["state"]) != (&"published".into(), &"published".into()) {
            wrong.push(says(format!("is {}", delivery["state"])));
        }
        let mut before: Option<String> = None;
        for (position, text) in one.texts.iter().enumerate() {
            let found = on_x.remove(text).unwrap_or_default();
            let [part] = found.as_slice() else {
                wrong.push(says(format!(
                    "part {position} is on X {} times",
                    found.len()
                )));
                continue;
            };
            if part.reply_to != before {
                let reply_to = &part.reply_to;
                wrong.push(says(format!(
                    "part {position} replies to {reply_to:?}, not {before:?}"
                )));
            }
            if delivery["parts"][position]["external_id"] != part.id.as_str() {
                wrong.push(says(format!("part {position} is {} on X", part.id)));
            }
            if let Some(early) = one.due_ms.filter(|due| part.at_ms < *due) {
                let early = early - part.at_ms;
                wrong.push(says(format!("part {position} is {early} ms early")));
            }
            before = Some(part.id.clone());
        }
    }
    let nobody = on_x
        .into_keys()
        .map(|text| format!("on X, and nobody asked for it: {text}"));
    wrong.extend(nobody);
    wrong
}

/// Every text that X shows, and how many creates it took.
fn on_x(edge: &Edge) -> (BTreeMap<String, Vec<OnX>>, u64) {
    let mut x = edge.sandbox.x();
    x.advance(now_ms());
    let mut shown: BTreeMap<String, Vec<OnX>> = BTreeMap::new();
    for post in x.posts() {
        let at = Timestamp::parse_rfc3339(&post.created_at).unwrap();
        shown.entry(post.text).or_default().push(OnX {
            id: post.id,
            reply_to: post.reply_to,
            at_ms: at.millis(),
        });
    }
    (shown, x.counts().creates_accepted)
}
