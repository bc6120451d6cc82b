//! The end of a run: what people were promised, what the database says and what is on X, held against each other.

use super::announced;
use super::deleting::deleted_is_gone;
use super::people::{People, Promise};
use super::rules::Rule;
use crate::sandbox::ledger::Row;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A delivery as the database has it.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: String,
    pub post: String,
    pub account: usize,
    pub state: String,
    pub texts: Vec<String>,
    /// Why it is so.
    pub reason: Option<String>,
    /// The ids of the parts that were sent, by position, those that were deleted since among them.
    pub sent: BTreeMap<usize, String>,
    /// The parts that were deleted.
    pub deleted: BTreeSet<usize>,
}

/// The states in which nothing happens any more, or not by itself.
const FINAL: [&str; 7] = [
    "published",
    "failed",
    "canceled",
    "missed",
    "deleted",
    "draft",
    "in_review",
];

impl Delivery {
    /// Whether nothing happens to it any more.
    pub fn is_final(&self) -> bool {
        FINAL.contains(&self.state.as_str())
    }
}

/// How many deliveries have yet to come to rest by themselves.
pub fn waiting(people: &People) -> usize {
    let open =
        "SELECT id FROM deliveries WHERE state NOT IN ('published', 'failed', 'canceled', 'missed', 'deleted', 'draft', 'in_review')
      AND NOT (state = 'uncertain' AND next_attempt_at IS NULL)";
    people.town.sqlite.look(open).len()
}

/// The accounts that somebody has to connect again.
pub fn to_reconnect(people: &People) -> Vec<usize> {
    let broken = people
        .town
        .sqlite
        .look("SELECT id FROM accounts WHERE status = 'needs_reconnect'");
    let broken: BTreeSet<String> = broken.iter().map(|row| text(row, "id")).collect();
    let accounts = people.town.accounts.iter().enumerate();
    accounts
        .filter(|(_, account)| broken.contains(&account.id))
        .map(|(at, _)| at)
        .collect()
}

/// The deliveries of which a person must say whether they are there.
pub fn undecided(people: &People) -> Vec<Delivery> {
    let open = "SELECT id FROM deliveries WHERE state = 'uncertain' AND next_attempt_at IS NULL";
    let open: BTreeSet<String> = people
        .town
        .sqlite
        .look(open)
        .iter()
        .map(|row| text(row, "id"))
        .collect();
    deliveries(people)
        .into_iter()
        .filter(|delivery| open.contains(&delivery.id))
        .collect()
}

/// A post on X that says what the first unsent part of a delivery says, and that nobody has claimed.
pub fn on_x_unknown(people: &People, delivery: &Delivery) -> Option<String> {
    let position =
        (0..delivery.texts.len()).find(|position| !delivery.sent.contains_key(position))?;
    let claimed: Vec<String> = deliveries(people)
        .into_iter()
        .flat_map(|one| one.sent.into_values())
        .collect();
    let username = people.town.accounts[delivery.account].username;
    let posts = people.town.x.lock().unwrap().posts();
    let ours = |row: &&Row| {
        row.author == username && row.text == delivery.texts[position] && !claimed.contains(&row.id)
    };
    posts.iter().find(ours).map(|row| row.id.clone())
}

/// Every delivery.
pub fn deliveries(people: &People) -> Vec<Delivery> {
    let sqlite = &people.town.sqlite;
    let mut sent: BTreeMap<String, BTreeMap<usize, String>> = BTreeMap::new();
    let mut deleted: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let parts = "SELECT delivery_id, position, state, external_id FROM parts WHERE state IN ('sent', 'deleted')";
    for row in sqlite.look(parts) {
        let position = usize::try_from(row["position"].as_u64().unwrap()).unwrap();
        if row["state"] == "deleted" {
            let of_it = deleted.entry(text(&row, "delivery_id")).or_default();
            of_it.insert(position);
        }
        sent.entry(text(&row, "delivery_id"))
            .or_default()
            .insert(position, text(&row, "external_id"));
    }
    let rows = sqlite.look(
        "SELECT d.id, d.post_id, d.account_id, d.state, d.reason, p.segments FROM deliveries d
         JOIN posts p ON p.workspace_id = d.workspace_id AND p.id = d.post_id ORDER BY d.id",
    );
    let delivery = |row: &Map<String, Value>| {
        let id = text(row, "id");
        let account = text(row, "account_id");
        Delivery {
            sent: sent.remove(&id).unwrap_or_default(),
            deleted: deleted.remove(&id).unwrap_or_default(),
            reason: row["reason"].as_str().map(str::to_owned),
            post: text(row, "post_id"),
            account: people
                .town
                .accounts
                .iter()
                .position(|one| one.id == account)
                .unwrap(),
            state: text(row, "state"),
            texts: serde_json::from_str(&text(row, "segments")).unwrap(),
            id,
        }
    };
    rows.iter().map(delivery).collect()
}

/// Holds everything against everything.
pub fn reckon(people: &Arc<People>) {
    let all = deliveries(people);
    let on_x = people.town.x.lock().unwrap().posts();
    {
        let mut state = people.town.core.lock();
        state.tally.posts += all.len() as u64;
        state.tally.parts += all
            .iter()
            .map(|delivery| delivery.texts.len() as u64)
            .sum::<u64>();
    }
    everything_rests(people, &all);
    promises_exist(people, &all);
    for delivery in &all {
        told_truly(people, delivery, &on_x);
    }
    sent_once(people, &all, &on_x);
    gates_agree(people, &all);
    let promises = people.promises.lock().unwrap().clone();
    deleted_is_gone(people, &promises, &all, &on_x);
    posts_tell(people, &all);
    windows_hold(people);
    announced::reckon(people);
    no_secrets(people);
}

/// For a life in which nothing may go wrong but processes ending: every delivery is published, or what people made of it.
pub fn all_published(people: &People, or_otherwise: &[&str]) {
    let core = &people.town.core;
    let all = deliveries(people);
    if all.len() != 1 {
        core.violate(Rule::NothingLost, || {
            format!("{} deliveries of one post", all.len())
        });
    }
    for delivery in all {
        let well = delivery.state == "published" || or_otherwise.contains(&&*delivery.state);
        if !well {
            core.violate(Rule::NothingLost, || {
                format!("{} ended as {}", delivery.id, delivery.state)
            });
        }
    }
}

fn everything_rests(people: &People, all: &[Delivery]) {
    let open: Vec<String> = undecided(people)
        .into_iter()
        .map(|delivery| delivery.id)
        .collect();
    for delivery in all {
        // X refuses a text that it has seen elsewhere, and a person can do no more than know of it.
        let known = people.town.x.lock().unwrap().settings.duplicate_window > 0
            && open.contains(&delivery.id);
        if !known && !delivery.is_final() {
            people.town.core.violate(Rule::NothingStuck, || {
                format!("{} is still {}", delivery.id, delivery.state)
            });
        }
    }
}

fn promises_exist(people: &People, all: &[Delivery]) {
    let core = &people.town.core;
    let promises = people.promises.lock().unwrap();
    for promise in promises.iter() {
        let count = all
            .iter()
            .filter(|delivery| delivery.post == promise.post)
            .count();
        if count != promise.writing.accounts.len() {
            core.violate(Rule::NothingLost, || {
                format!("{} has {count} deliveries", promise.post)
            });
        }
        canceled_stays(people, promise, all);
        let said = all
            .iter()
            .find(|delivery| delivery.post == promise.post)
            .map(|delivery| &delivery.texts);
        if let (Some(edited), Some(said)) = (&promise.edited, said)
            && edited != said
        {
            core.violate(Rule::ExactlyWritten, || {
                format!(
                    "{} says {said:?} after the edit to {edited:?}",
                    promise.post
                )
            });
        }
    }
    // Under one key there is one post, whether or not anybody heard of it.
    let by_key = "SELECT key, count(DISTINCT resource_id) AS posts FROM idempotency_keys GROUP BY workspace_id, key";
    for row in people.town.sqlite.look(by_key) {
        if row["posts"] != 1 {
            core.violate(Rule::AnsweredOnce, || format!("{row:?}"));
        }
    }
}

fn canceled_stays(people: &People, promise: &Promise, all: &[Delivery]) {
    for (id, at) in &promise.canceled {
        let Some(delivery) = all.iter().find(|delivery| delivery.id == *id) else {
            continue;
        };
        let username = people.town.accounts[delivery.account].username;
        for row in people.town.x.lock().unwrap().posts() {
            let ours = delivery.sent.values().any(|id| *id == row.id);
            if row.author == username && ours && created_ms(&row) > *at {
                people.town.core.violate(Rule::CanceledStays, || {
                    format!("{} appeared after {id} was canceled", row.id)
                });
            }
        }
        if !matches!(&*delivery.state, "canceled" | "deleting" | "deleted") {
            people.town.core.violate(Rule::CanceledStays, || {
                format!("{id} was canceled and is {}", delivery.state)
            });
        }
    }
}

fn told_truly(people: &People, delivery: &Delivery, on_x: &[Row]) {
    let core = &people.town.core;
    let username = people.town.accounts[delivery.account].username;
    if delivery.state == "published" && delivery.sent.len() != delivery.texts.len() {
        core.violate(Rule::ToldTruly, || {
            format!("{} is published with {:?}", delivery.id, delivery.sent)
        });
    }
    let promises = people.promises.lock().unwrap();
    let promise = promises
        .iter()
        .find(|promise| promise.post == delivery.post);
    let mut before: Option<&str> = None;
    for (position, words) in delivery.texts.iter().enumerate() {
        let Some(id) = delivery.sent.get(&position) else {
            if delivery.sent.keys().any(|other| *other > position) {
                core.violate(Rule::InOrder, || {
                    format!("{} has a hole at {position}", delivery.id)
                });
            }
            return;
        };
        let Some(row) = on_x.iter().find(|row| row.id == *id) else {
            core.violate(Rule::ToldTruly, || {
                format!(
                    "{}/{position} is said to be {id}, which is not there",
                    delivery.id
                )
            });
            return;
        };
        if row.author != username || row.text != *words {
            core.violate(Rule::ToldTruly, || {
                format!("{}/{position} is said to be {row:?}", delivery.id)
            });
        }
        if row.reply_to.as_deref() != before {
            core.violate(Rule::InOrder, || {
                format!(
                    "{}/{position} replies to {:?}, not to {before:?}",
                    delivery.id, row.reply_to
                )
            });
        }
        if let Some(promise) =
            promise.filter(|promise| created_ms(row) < promise.not_before - 2_500)
        {
            core.violate(Rule::NotEarly, || {
                format!(
                    "{} appeared at {} instead of {}",
                    delivery.id,
                    created_ms(row),
                    promise.not_before
                )
            });
        }
        before = Some(id);
    }
}

// By account and words: as many posts as parts say that they are there, and never more than there are parts.
fn sent_once(people: &People, all: &[Delivery], on_x: &[Row]) {
    let core = &people.town.core;
    let by_hand = people.by_hand.lock().unwrap().clone();
    let again = core.lock().again.clone();
    let mut adopted: BTreeMap<&str, &str> = BTreeMap::new();
    for delivery in all {
        for id in delivery.sent.values() {
            if let Some(other) = adopted.insert(id, &delivery.id) {
                core.violate(Rule::ToldTruly, || {
                    format!("{id} is claimed by {other} and {}", delivery.id)
                });
            }
        }
    }
    let mut seen: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in on_x {
        seen.entry((&row.author, &row.text)).or_default().push(row);
    }
    for ((username, words), rows) in seen {
        let typed = by_hand
            .iter()
            .filter(|(who, what)| who == username && what == words)
            .count();
        let (mut parts, mut allowed) = (0, typed);
        for delivery in all
            .iter()
            .filter(|one| people.town.accounts[one.account].username == username)
        {
            let same = delivery.texts.iter().filter(|text| *text == words).count();
            parts += same;
            if same > 0 {
                allowed += usize::try_from(again.get(&delivery.id).copied().unwrap_or(0)).unwrap();
            }
        }
        if rows.len() > parts + allowed {
            core.violate(Rule::SentOnce, || {
                format!(
                    "{} posts of {username} say {words:?}, of {parts} parts and {allowed} allowed",
                    rows.len()
                )
            });
        }
        let told = rows
            .iter()
            .filter(|row| adopted.contains_key(row.id.as_str()))
            .count();
        if rows.len() > told + allowed {
            core.violate(Rule::ToldTruly, || {
                format!(
                    "{} posts of {username} say {words:?}, and {told} of them are known",
                    rows.len()
                )
            });
        }
    }
}

// What the journals call sent is what the database calls sent, and nothing is still being sent.
fn gates_agree(people: &People, all: &[Delivery]) {
    let core = &people.town.core;
    let mut journals: BTreeMap<(String, usize), String> = BTreeMap::new();
    let rows = "SELECT delivery_id, position, state, external_id, answer FROM journal";
    for storage in people.town.gates.storages() {
        for row in storage.look(rows) {
            let position = usize::try_from(row["position"].as_u64().unwrap()).unwrap();
            let part = (text(&row, "delivery_id"), position);
            match row["state"].as_str().unwrap() {
                "sent" => drop(journals.insert(part, text(&row, "external_id"))),
                "sending" => core.violate(Rule::NothingStuck, || format!("{part:?} is being sent")),
                _ => {}
            }
        }
    }
    let parts: BTreeMap<(String, usize), String> = all
        .iter()
        .flat_map(|one| {
            one.sent
                .iter()
                .map(|(at, id)| ((one.id.clone(), *at), id.clone()))
        })
        .collect();
    if journals != parts {
        core.violate(Rule::ToldTruly, || {
            format!("the journals say {journals:?}, and the database says {parts:?}")
        });
    }
}

// A post's status follows from its deliveries.
fn posts_tell(people: &People, all: &[Delivery]) {
    let core = &people.town.core;
    for row in people.town.sqlite.look("SELECT id, status FROM posts") {
        let (id, status) = (text(&row, "id"), text(&row, "status"));
        let of_it: Vec<&Delivery> = all.iter().filter(|one| one.post == id).collect();
        let count = |state: &str| of_it.iter().filter(|one| one.state == state).count();
        let something_is_there = of_it.iter().any(|one| one.sent.len() > one.deleted.len());
        let follows = if count("draft") > 0 {
            "draft"
        } else if count("in_review") > 0 {
            "in_review"
        } else if count("uncertain") > 0 {
            "uncertain"
        } else if count("published") == of_it.len() {
            "published"
        } else if something_is_there {
            "partly_published"
        } else if count("deleted") > 0 {
            "deleted"
        } else if count("failed") > 0 {
            "failed"
        } else if count("missed") > 0 {
            "missed"
        } else {
            "canceled"
        };
        if status != follows
            && of_it
                .iter()
                .all(|one| one.is_final() || one.state == "uncertain")
        {
            core.violate(Rule::ToldTruly, || {
                format!("{id} is {status} where its deliveries make it {follows}")
            });
        }
    }
}

fn windows_hold(people: &People) {
    let limit = usize::try_from(people.town.app.config.x.post_limit_15min).unwrap();
    for (gate, departures) in people.town.network.departures.lock().unwrap().iter() {
        let late = departures
            .windows(limit + 1)
            .find(|span| span[limit] - span[0] < 900_000);
        if let Some(span) = late {
            people.town.core.violate(Rule::WithinWindows, || {
                format!("{gate} sent {limit} and one more: {span:?}")
            });
        }
    }
}

fn no_secrets(people: &People) {
    let secrets = people.town.network.secrets.lock().unwrap();
    let log = people.town.log.0.lock().unwrap();
    let answers = people.town.answers.lock().unwrap();
    let fixed = ["client-secret", super::town::KEYS[0], super::town::KEYS[1]];
    for secret in secrets.iter().map(String::as_str).chain(fixed) {
        for (place, text) in [("log", &*log), ("answers", &*answers)] {
            if text.contains(secret) {
                people
                    .town
                    .core
                    .violate(Rule::Secret, || format!("a secret is in the {place}"));
            }
        }
    }
}

/// When a post was created, in epoch ms: X's ids say it.
pub fn created_ms(row: &Row) -> i64 {
    let id: i64 = row.id.parse().unwrap();
    (id >> 22) + 1_288_834_974_657
}

fn text(row: &Map<String, Value>, name: &str) -> String {
    row[name].as_str().unwrap().to_owned()
}
