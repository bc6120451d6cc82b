//! People who want off X what is on it, and what has to be true afterwards.

use super::people::{People, Promise};
use super::reckoning::Delivery;
use super::rules::Rule;
use crate::sandbox::ledger::Row;

impl Promise {
    /// Whether its author was told that it is taken back or deleted.
    pub fn is_wanted_no_more(&self) -> bool {
        !self.canceled.is_empty() || !self.deleted.is_empty()
    }
}

impl People {
    /// Waits until a post must be there, and says that it is to be deleted until somebody has heard it.
    pub async fn delete_at_last(&self, at: usize) {
        self.town.core.sleep(20_000).await;
        while !self.promise(at).is_wanted_no_more() {
            self.delete(at).await;
            self.town.core.sleep(5_000).await;
        }
    }

    /// Takes a post back, and has deleted what is on X.
    pub async fn delete(&self, at: usize) {
        let promise = self.promise(at);
        let path = format!("/posts/{}?platform=true", promise.post);
        let asked = self
            .town
            .ask(promise.writing.workspace, "DELETE", &path, &[], None);
        let answer = asked.await;
        self.deed("delete", answer.as_ref().map(|answer| answer.status));
        let Some(answer) = answer.filter(|answer| answer.status == 200) else {
            return;
        };
        let now = self.town.core.now();
        let mut promises = self.promises.lock().unwrap();
        for delivery in answer.json["deliveries"].as_array().unwrap() {
            let id = || delivery["id"].as_str().unwrap().to_owned();
            match delivery["state"].as_str().unwrap() {
                "canceled" => promises[at].canceled.push((id(), now)),
                "deleting" | "deleted" => promises[at].deleted.push(id()),
                _ => {}
            }
        }
    }
}

/// What was acknowledged to be deleted is, unless it says why not; and nothing else is.
pub fn deleted_is_gone(people: &People, promises: &[Promise], all: &[Delivery], on_x: &[Row]) {
    let core = &people.town.core;
    for delivery in all {
        let wanted = promises
            .iter()
            .any(|one| one.deleted.contains(&delivery.id));
        let says_not = delivery.reason.as_deref() == Some("not_deleted");
        if wanted && delivery.state != "deleted" && !says_not {
            core.violate(Rule::DeletedIsGone, || {
                format!(
                    "{} was to be deleted and is {}",
                    delivery.id, delivery.state
                )
            });
        }
        for (position, id) in &delivery.sent {
            let is_there = on_x
                .iter()
                .any(|row| row.id == *id && row.deleted_at.is_none());
            let is_told = !delivery.deleted.contains(position);
            // The answer to a delete may have been lost with its process, where X refused the next.
            if is_there != is_told && !(is_told && says_not) {
                core.violate(Rule::DeletedIsGone, || {
                    format!(
                        "{}/{position} is there: {is_there}, said: {is_told}",
                        delivery.id
                    )
                });
            }
        }
        if delivery.state == "deleted" && delivery.deleted.len() != delivery.sent.len() {
            core.violate(Rule::DeletedIsGone, || {
                format!("{} is deleted but for some parts", delivery.id)
            });
        }
    }
}
