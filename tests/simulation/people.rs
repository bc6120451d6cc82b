//! What people do with posts: write, repeat what was not answered, take back, edit, try again; and what they
//! were promised, so that it can be held against what became of it.

use super::following::Followed;
use super::reckoning::{self, Delivery};
use super::rules::Rule;
use super::town::{Answer, Town};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How long a first request may hold its key, in ms, and a clock differ from another.
const LEASE_MS: i64 = 70_000;

/// Something written.
#[derive(Debug, Clone, Default)]
pub struct Writing {
    pub workspace: usize,
    /// Which accounts, by their place in the town.
    pub accounts: Vec<usize>,
    pub texts: Vec<String>,
    /// In epoch ms; `None`: at once.
    pub publish_at: Option<i64>,
    /// Its idempotency key, where it has one.
    pub key: Option<String>,
}

/// Something accepted.
#[derive(Debug, Clone)]
pub struct Promise {
    pub writing: Writing,
    /// The post's id.
    pub post: String,
    /// The earliest moment at which it may appear, in epoch ms.
    pub not_before: i64,
    /// The deliveries that were taken back, and when that was acknowledged.
    pub canceled: Vec<(String, i64)>,
    /// The deliveries of which it was acknowledged that they are deleted at X.
    pub deleted: Vec<String>,
    /// The newest revision that its author knows of.
    pub revision: u64,
    /// What it says since an acknowledged edit, unless a later one was not acknowledged.
    pub edited: Option<Vec<String>>,
}

/// Everybody in a town, and what they remember.
pub struct People {
    pub town: Arc<Town>,
    pub promises: Mutex<Vec<Promise>>,
    /// What was written by hand on x.com: user and text.
    pub by_hand: Mutex<Vec<(String, String)>>,
    /// Accounts that were given up on purpose.
    pub unlinked: Mutex<Vec<usize>>,
    /// The sources that were acknowledged.
    pub sources: Mutex<Vec<Followed>>,
    /// How often somebody has said what to do with a delivery.
    decided: Mutex<BTreeMap<String, u32>>,
}

impl People {
    /// People without memories.
    pub fn of(town: &Arc<Town>) -> Arc<Self> {
        Arc::new(Self {
            town: Arc::clone(town),
            promises: Mutex::default(),
            by_hand: Mutex::default(),
            unlinked: Mutex::default(),
            sources: Mutex::default(),
            decided: Mutex::default(),
        })
    }

    pub(super) fn deed(&self, name: &str, status: Option<u16>) {
        let answer = status.map_or("no answer".to_owned(), |status| status.to_string());
        self.town
            .core
            .lock()
            .tally
            .deed(&format!("{name}: {answer}"));
    }

    /// Sends a post until it is answered; gives its place among the promises. Without a key, once.
    pub async fn write(&self, writing: Writing) -> Option<usize> {
        let core = &self.town.core;
        let accounts: Vec<&str> = writing
            .accounts
            .iter()
            .map(|at| self.town.accounts[*at].id.as_str())
            .collect();
        let mut body = match writing.texts.as_slice() {
            [text] => json!({ "text": text, "accounts": accounts }),
            texts => json!({ "thread": texts, "accounts": accounts }),
        };
        if let Some(at) = writing.publish_at {
            body["publish_at"] = json!(godwit::time::Timestamp::from_millis(at).to_string());
        }
        let key = writing.key.clone();
        let headers: Vec<(&str, &str)> = key
            .iter()
            .map(|key| ("idempotency-key", key.as_str()))
            .collect();
        let mut first: Option<Vec<u8>> = None;
        let mut made = None;
        for _ in 0..12 {
            let asked_at = core.now();
            let answer = self
                .town
                .ask(writing.workspace, "POST", "/posts", &headers, Some(&body))
                .await;
            self.deed("write", answer.as_ref().map(|answer| answer.status));
            let pause = match answer {
                Some(answer) if answer.status == 202 => {
                    let post = answer.json["id"].as_str().unwrap().to_owned();
                    if first.as_ref().is_some_and(|first| *first != answer.bytes) {
                        core.violate(Rule::AnsweredOnce, || {
                            format!("two answers for one key: {post}")
                        });
                    }
                    if first.is_none() {
                        let mut promises = self.promises.lock().unwrap();
                        made = Some(promises.len());
                        // The first try may have been heard although its answer was not.
                        let not_before = writing
                            .publish_at
                            .unwrap_or(0)
                            .min(asked_at + 400 * 86_400_000);
                        promises.push(Promise {
                            writing: writing.clone(),
                            post,
                            not_before,
                            canceled: Vec::new(),
                            deleted: Vec::new(),
                            revision: 1,
                            edited: None,
                        });
                    }
                    first = Some(answer.bytes);
                    // Some clients repeat what was answered.
                    if key.is_none() || !core.chance(150) {
                        return made;
                    }
                    core.between(0, 120_000)
                }
                Some(answer) if answer.status == 409 => answer.retry_after * 1_000,
                Some(answer) if answer.status < 500 => return made,
                _ => core.between(500, 20_000),
            };
            if key.is_none() {
                return made;
            }
            core.sleep(pause).await;
        }
        made
    }

    pub(super) fn promise(&self, at: usize) -> Promise {
        self.promises.lock().unwrap()[at].clone()
    }

    /// Takes a post back; whether there is no more to do.
    pub async fn cancel(&self, at: usize) -> bool {
        let promise = self.promise(at);
        let path = format!("/posts/{}", promise.post);
        let answer = self
            .town
            .ask(promise.writing.workspace, "DELETE", &path, &[], None)
            .await;
        self.deed("cancel", answer.as_ref().map(|answer| answer.status));
        let over = answer.as_ref().is_some_and(is_over);
        let Some(answer) = answer.filter(|answer| answer.status == 200) else {
            return over;
        };
        let now = self.town.core.now();
        for delivery in answer.json["deliveries"].as_array().unwrap() {
            if delivery["state"] == "canceled" {
                let id = delivery["id"].as_str().unwrap().to_owned();
                self.promises.lock().unwrap()[at].canceled.push((id, now));
            }
        }
        over
    }

    /// Tries a post again.
    pub async fn retry(&self, at: usize) {
        let promise = self.promise(at);
        self.try_again(promise.writing.workspace, &promise.post)
            .await;
    }

    async fn try_again(&self, workspace: usize, post: &str) {
        let path = format!("/posts/{post}/retry");
        let answer = self.town.ask(workspace, "POST", &path, &[], None).await;
        self.deed("retry", answer.map(|answer| answer.status));
    }

    /// Looks at a post; and somebody of the other workspace does, who must not see it.
    pub async fn look(&self, at: usize) {
        let promise = self.promise(at);
        let path = format!("/posts/{}", promise.post);
        let answer = self
            .town
            .ask(promise.writing.workspace, "GET", &path, &[], None)
            .await;
        self.deed("look", answer.as_ref().map(|answer| answer.status));
        if answer.is_some_and(|answer| answer.status == 404) {
            self.town.core.violate(Rule::NothingLost, || {
                format!("{path} was accepted and is not there")
            });
        }
        let other = 1 - promise.writing.workspace;
        for (method, path) in [
            ("GET", path.clone()),
            ("DELETE", path.clone()),
            ("POST", format!("{path}/retry")),
        ] {
            if let Some(answer) = self.town.ask(other, method, &path, &[], None).await
                && answer.status < 500
                && answer.status != 404
            {
                let status = answer.status;
                self.town.core.violate(Rule::Apart, || {
                    format!("{method} {path} of another workspace: {status}")
                });
            }
        }
    }

    /// Changes the words of a post; whether there is no more to do.
    pub async fn edit(&self, at: usize) -> bool {
        let promise = self.promise(at);
        let path = format!("/posts/{}", promise.post);
        let core = &self.town.core;
        let number = core.below(1_000_000);
        let parts = match core.below(4) {
            0 => 1 + core.below(3),
            _ => promise.writing.texts.len() as u64,
        };
        let texts: Vec<String> = (0..parts)
            .map(|part| format!("edited {number} part {part}"))
            .collect();
        let mut body = match texts.as_slice() {
            [text] => json!({ "text": text }),
            texts => json!({ "thread": texts }),
        };
        // Some want another time, and some of them now.
        let moved = core.chance(300);
        let mut not_before = promise.not_before;
        if moved && core.chance(500) {
            body["publish_at"] = Value::Null;
            not_before = 0;
        } else if moved {
            not_before = core.now() + core.between(5_000, 300_000);
            let at = godwit::time::Timestamp::from_millis(not_before);
            body["publish_at"] = json!(at.to_string());
        }
        // Until it is answered, either may be what counts. An earlier one that was not answered may still arrive, and
        // must not take the place of this one.
        {
            let promise = &mut self.promises.lock().unwrap()[at];
            promise.edited = None;
            promise.not_before = promise.not_before.min(not_before);
        }
        let known = format!("\"{}\"", promise.revision);
        let workspace = promise.writing.workspace;
        let answer = self
            .town
            .ask(
                workspace,
                "PATCH",
                &path,
                &[("if-match", &known)],
                Some(&body),
            )
            .await;
        self.deed("edit", answer.as_ref().map(|answer| answer.status));
        let Some(answer) = answer else {
            return false;
        };
        if answer.status == 412 {
            self.learn(at).await;
        }
        if answer.status == 200 {
            let promise = &mut self.promises.lock().unwrap()[at];
            promise.edited = Some(texts);
            promise.not_before = not_before;
            promise.revision = answer.json["revision"].as_u64().unwrap();
        }
        is_over(&answer)
    }

    async fn learn(&self, at: usize) {
        let promise = self.promise(at);
        let path = format!("/posts/{}", promise.post);
        let workspace = promise.writing.workspace;
        let answer = self.town.ask(workspace, "GET", &path, &[], None).await;
        if let Some(revision) = answer.and_then(|answer| answer.json["revision"].as_u64()) {
            self.promises.lock().unwrap()[at].revision = revision;
        }
    }

    /// Says of something uncertain that it shall be sent again, without having looked.
    pub async fn decide_hastily(&self, at: usize) {
        let post = self.promise(at).post;
        let of_it = reckoning::deliveries(self)
            .into_iter()
            .filter(|delivery| delivery.post == post);
        for delivery in of_it.filter(|delivery| delivery.state == "uncertain") {
            self.resolve(&delivery, &json!({ "outcome": "send_again" }))
                .await;
        }
    }

    /// Looks on X again and again, and says what to do with what is uncertain, until a post rests.
    pub async fn watch(&self, at: usize) {
        let post = self.promise(at).post;
        for _ in 0..60 {
            self.town.core.sleep(20_000).await;
            let of_it = reckoning::deliveries(self)
                .into_iter()
                .filter(|delivery| delivery.post == post && !delivery.is_final());
            let open: Vec<Delivery> = of_it.collect();
            if open.is_empty() {
                return;
            }
            for delivery in open.into_iter().filter(|one| one.state == "uncertain") {
                self.decide(delivery).await;
            }
        }
    }

    /// Looks on X, and says what to do with something uncertain.
    pub async fn decide(&self, delivery: Delivery) {
        if self.unlinked.lock().unwrap().contains(&delivery.account) {
            self.connect(delivery.account).await;
        }
        let body = match reckoning::on_x_unknown(self, &delivery) {
            Some(id) => {
                json!({ "outcome": "sent", "url": format!("https://x.com/i/web/status/{id}") })
            }
            None => json!({ "outcome": "send_again" }),
        };
        if self.is_asked_again_and_again(&delivery) {
            self.want_it_however_late(&delivery).await;
        }
        let refusal = self.resolve(&delivery, &body).await;
        // The unlinking was answered by nobody, and has taken place all the same.
        if refusal.as_deref() == Some("account_unlinked") {
            self.connect(delivery.account).await;
        }
    }

    fn is_asked_again_and_again(&self, delivery: &Delivery) -> bool {
        let mut decided = self.decided.lock().unwrap();
        let times = decided.entry(delivery.id.clone()).or_default();
        *times += 1;
        *times > 2
    }

    /// Where little time is allowed and the account's window is closed for longer, what is to be sent again is too late each
    /// time. Somebody who notices allows more.
    async fn want_it_however_late(&self, delivery: &Delivery) {
        let workspace = self.town.accounts[delivery.account].workspace;
        let path = format!("/workspaces/{}", self.town.workspaces[workspace]);
        let body = json!({ "missed_after_seconds": 86_400 });
        let answer = self
            .town
            .ask(workspace, "PATCH", &path, &[], Some(&body))
            .await;
        self.deed("allow more time", answer.map(|answer| answer.status));
    }

    /// Tells of a decision; the code when it is refused.
    async fn resolve(&self, delivery: &Delivery, body: &Value) -> Option<String> {
        let path = format!("/deliveries/{}/resolve", delivery.id);
        let workspace = self.town.accounts[delivery.account].workspace;
        let answer = self
            .town
            .ask(workspace, "POST", &path, &[], Some(body))
            .await;
        let name = format!("resolve {}", body["outcome"].as_str().unwrap());
        let code = answer
            .as_ref()
            .and_then(|answer| answer.json["code"].as_str());
        let code = code.map(str::to_owned);
        self.deed(&name, answer.map(|answer| answer.status));
        code
    }

    /// Begins a connect under a key, and repeats it until it is answered: what dies on the way must not hold the key.
    pub async fn begin_connect(&self, at: usize, key: String) {
        let account = &self.town.accounts[at];
        let core = &self.town.core;
        let headers = [("idempotency-key", key.as_str())];
        let mut first: Option<Vec<u8>> = None;
        let mut refused_since = None;
        for _ in 0..60 {
            let asked_at = core.now();
            let answer = self
                .town
                .ask(
                    account.workspace,
                    "POST",
                    "/connections/x/authorize",
                    &headers,
                    Some(&json!({})),
                )
                .await;
            self.deed(
                "begin a connect",
                answer.as_ref().map(|answer| answer.status),
            );
            match answer {
                Some(answer) if answer.status == 200 => {
                    if first.as_ref().is_some_and(|first| *first != answer.bytes) {
                        core.violate(Rule::AnsweredOnce, || format!("two answers for {key}"));
                    }
                    if first.replace(answer.bytes).is_some() {
                        return;
                    }
                    core.sleep(core.between(0, 90_000)).await;
                }
                Some(answer) if answer.status == 409 => {
                    // Only ever for as long as a first request may be running, and a repeat's own death begins anew.
                    let since = *refused_since.get_or_insert(core.now());
                    if asked_at - since > LEASE_MS {
                        core.violate(Rule::AnsweredOnce, || {
                            format!("{key} is held by nobody since {since}")
                        });
                        return;
                    }
                    core.sleep(answer.retry_after * 1_000).await;
                }
                _ => {
                    refused_since = None;
                    core.sleep(core.between(500, 10_000)).await;
                }
            }
        }
    }

    /// Writes on x.com, beside Godwit.
    pub fn write_by_hand(&self, username: &str, text: &str) {
        let now = self.town.core.now();
        self.by_hand
            .lock()
            .unwrap()
            .push((username.to_owned(), text.to_owned()));
        self.town.x.lock().unwrap().write_as(now, username, text);
    }
}

fn is_over(answer: &Answer) -> bool {
    answer.status == 200 || answer.json["code"] == "already_final"
}
