//! People who follow channels: they connect sources, change their minds about them, and remember what they were told.

use super::creators::{CHANNELS, moment};
use super::people::People;
use super::rules::Rule;
use super::run::MINUTE;
use super::town::Answer;
use serde_json::{Value, json};
use std::sync::Arc;

/// A source that somebody made.
#[derive(Debug, Clone)]
pub struct Followed {
    pub workspace: usize,
    pub id: String,
    /// Before this nothing of it existed.
    pub asked_at: i64,
    /// Whether other videos were asked for, or might have been, than those that its settings say.
    pub edited: bool,
}

/// What happens to sources in this life.
pub fn plan(people: &Arc<People>, crowded: Option<i64>) {
    let core = &people.town.core;
    for number in 0..1 + core.below(3) {
        let begin = moment(core, crowded, 3 * MINUTE) * core.between(0, 1);
        let (friend, clock) = (Arc::clone(people), Arc::clone(core));
        people.town.meanwhile(async move {
            clock.sleep(begin).await;
            if let Some(at) = friend.follow(number).await {
                friend.have_second_thoughts(at).await;
            }
        });
    }
}

impl People {
    fn channel(&self) -> &'static str {
        let core = &self.town.core;
        let (id, handle) = CHANNELS[usize::from(core.chance(200))];
        if core.chance(800) { id } else { handle }
    }

    // How somebody wants it.
    fn wishes(&self, workspace: usize) -> Value {
        let core = &self.town.core;
        let theirs = self
            .town
            .accounts
            .iter()
            .filter(|one| one.workspace == workspace);
        let mut accounts: Vec<&str> = theirs.map(|one| one.id.as_str()).collect();
        accounts.truncate(1 + usize::from(core.chance(300)));
        let mode = match core.below(6) {
            0 => "review",
            1 => "draft",
            _ => "publish",
        };
        let filter = match core.below(5) {
            0 => "all",
            1 => "videos",
            _ => "shorts",
        };
        let mut wishes = json!({ "accounts": accounts, "mode": mode, "filter": filter });
        if core.chance(200) {
            wishes["max_per_day"] = json!(1 + core.below(2));
        }
        if core.chance(250) {
            wishes["delay_seconds"] = json!(core.below(200));
        }
        if core.chance(200) {
            wishes["link"] = json!("reply");
        }
        wishes
    }

    /// Follows a channel, until that is answered; gives the source's place among all.
    async fn follow(&self, number: u64) -> Option<usize> {
        let core = &self.town.core;
        let workspace = usize::from(core.chance(400));
        let mut body = self.wishes(workspace);
        body["channel"] = json!(self.channel());
        let (key, asked_at) = (format!("source-{number}"), core.now());
        let headers = [("idempotency-key", key.as_str())];
        let mut first: Option<Answer> = None;
        for _ in 0..12 {
            let asked = self
                .town
                .ask(workspace, "POST", "/sources/youtube", &headers, Some(&body));
            let answer = asked.await;
            self.deed("follow", answer.as_ref().map(|answer| answer.status));
            match answer {
                Some(answer) if answer.status == 201 => {
                    if first
                        .as_ref()
                        .is_some_and(|first| first.bytes != answer.bytes)
                    {
                        core.violate(Rule::AnsweredOnce, || format!("two answers for {key}"));
                    }
                    let again = first.is_none() && core.chance(150);
                    first = Some(answer);
                    if !again {
                        break;
                    }
                    core.sleep(core.between(0, 2 * MINUTE)).await;
                }
                // Another of theirs posts the same.
                Some(answer) if answer.json["code"] == "source_exists" => return None,
                Some(answer) if answer.status == 409 => {
                    core.sleep(answer.retry_after * 1_000).await
                }
                Some(answer) if answer.status < 500 => return None,
                _ => core.sleep(core.between(500, 20_000)).await,
            }
        }
        let mut sources = self.sources.lock().unwrap();
        sources.push(Followed {
            workspace,
            id: first?.json["id"].as_str().unwrap().to_owned(),
            asked_at,
            edited: false,
        });
        Some(sources.len() - 1)
    }

    async fn have_second_thoughts(&self, at: usize) {
        let core = &self.town.core;
        for _ in 0..core.below(4) {
            let soon = [2 * MINUTE, 10_000][usize::from(core.chance(400))];
            core.sleep(core.between(0, soon)).await;
            match core.below(12) {
                0..=1 => {
                    self.tell("pause", at, "POST", "/pause", None).await;
                    core.sleep(core.between(0, 2 * MINUTE) * core.between(0, 1))
                        .await;
                    self.tell("resume", at, "POST", "/resume", None).await;
                }
                2 => self.tell("pause", at, "POST", "/pause", None).await,
                3 => self.tell("resume", at, "POST", "/resume", None).await,
                4 => self.tell("unfollow", at, "DELETE", "", None).await,
                5..=6 => {
                    let change = json!({ "channel": self.channel() });
                    self.tell("repoint", at, "PATCH", "", Some(&change)).await;
                }
                7..=8 => {
                    let workspace = self.sources.lock().unwrap()[at].workspace;
                    self.sources.lock().unwrap()[at].edited = true;
                    let change = self.wishes(workspace);
                    self.tell("change a source", at, "PATCH", "", Some(&change))
                        .await;
                }
                9 => self.tell("rehearse", at, "POST", "/test", None).await,
                10 => self.tell("look at items", at, "GET", "/items", None).await,
                _ => self.tell("look at a source", at, "GET", "", None).await,
            }
        }
    }

    // Somebody of the other workspace says the same, and is not to be heard.
    async fn tell(&self, name: &str, at: usize, method: &str, rest: &str, body: Option<&Value>) {
        let source = self.sources.lock().unwrap()[at].clone();
        let path = format!("/sources/{}{rest}", source.id);
        let town = &self.town;
        if town.core.chance(200) {
            let answer = town
                .ask(1 - source.workspace, method, &path, &[], body)
                .await;
            if let Some(answer) = answer.filter(|one| one.status < 500 && one.status != 404) {
                // The accounts are looked at first, and are not theirs.
                let refused = answer.status == 422;
                if !refused {
                    town.core.violate(Rule::Apart, || {
                        format!("{method} {path} of another workspace: {}", answer.status)
                    });
                }
            }
        }
        let answer = town.ask(source.workspace, method, &path, &[], body).await;
        self.deed(name, answer.map(|answer| answer.status));
    }
}
