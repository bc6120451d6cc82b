//! Every error body that X is known to send, each with its status and headers, sent through the very call that it
//! answers: what Godwit makes of it. The rows are in `bodies.json`; where X's own documents do not show a body, they are
//! what its clients report.

use super::api::{Api, Credentials};
use super::ask::Ask;
use super::create;
use super::fake::{Answer, Fake, Still, config, json};
use super::legs::Legs;
use super::oauth::{self, Client};
use super::oauth1::{Consumer, Token};
use super::{apponly, exchange};
use crate::platforms::{Class, Content, NotSent, Outcome};
use crate::time::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const NOW: Timestamp = Timestamp::from_millis(1_795_261_000_000);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    case: String,
    call: String,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Value,
    means: String,
}

impl Row {
    fn answer(&self) -> Answer {
        let text = match &self.body {
            Value::String(text) => text.clone(),
            body => body.to_string(),
        };
        let mut answer = json(self.status, &text)?;
        for (name, value) in &self.headers {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            answer.headers_mut().insert(name, value.parse().unwrap());
        }
        Ok(answer)
    }

    /// X's own words, the first that there are.
    fn words(&self) -> Option<&str> {
        let first = self.body.pointer("/errors/0");
        let of = |of: Option<&Value>, name: &str| of?.get(name)?.as_str().map(str::len);
        let places = [
            (Some(&self.body), "detail"),
            (Some(&self.body), "error_description"),
            (first, "message"),
            (first, "detail"),
        ];
        let (found, name) = places
            .into_iter()
            .find(|(at, name)| of(*at, name).is_some())?;
        found?.get(name)?.as_str()
    }
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn consumer() -> Consumer {
    Consumer {
        key: "key".to_owned(),
        secret: secret("consumer-secret"),
    }
}

fn token() -> Token {
    Token {
        token: secret("token"),
        secret: secret("its-secret"),
    }
}

fn said(refusal: NotSent) -> (String, Option<String>) {
    let class = match refusal.class {
        Class::Transient => "transient",
        Class::Token => "token",
        Class::Operator => "operator",
        Class::Permanent => "permanent",
    };
    (format!("{class} {}", refusal.code), refusal.upstream)
}

fn meant(outcome: Outcome) -> (String, Option<String>) {
    match outcome {
        Outcome::NotSent(refusal) => said(refusal),
        Outcome::Duplicate { upstream } => ("duplicate".to_owned(), upstream),
        Outcome::Unauthorized { upstream } => ("unauthorized".to_owned(), upstream),
        Outcome::Limited { until: None } => ("limited".to_owned(), None),
        Outcome::Limited { until: Some(at) } => (format!("limited {}", at.millis() / 1_000), None),
        Outcome::Uncertain { .. } => ("uncertain".to_owned(), None),
        Outcome::Sent { external_id } => (format!("sent {external_id}"), None),
    }
}

/// What the row's body means, and the words of X that are kept for a person.
async fn of(row: &Row) -> (String, Option<String>) {
    let (answer, config, consumer) = (row.answer().unwrap(), config(), consumer());
    let fake = Fake::new(move |_| Ok(answer.clone()));
    let client = Client::configured(&config).unwrap();
    let api = |credentials| Api {
        http: &fake,
        config: &config,
        credentials,
        clock: &Still,
        random: &Still,
    };
    let legs = Legs {
        http: &fake,
        config: &config,
        consumer: &consumer,
        clock: &Still,
        random: &Still,
    };
    let (bearer, signed) = (
        Credentials::Bearer(secret("token")),
        Credentials::OAuth1(self::consumer(), token()),
    );
    let refusal = match &*row.call {
        call @ ("create" | "create signed") => {
            let credentials = if call == "create" { &bearer } else { &signed };
            let created = create::post(&api(credentials), &Content::of("hello"), 1_000).await;
            return meant(created.outcome);
        }
        "read" => {
            let read = Ask::get("/2/tweets/1", &[]).of(&api(&bearer)).await;
            read.err().map(|refusal| refusal.why)
        }
        "refresh" => {
            let refresh = secret("refresh");
            let answer = oauth::refresh(&fake, &config, &client, &refresh, NOW).await;
            answer.err()
        }
        "code" => {
            let (to, verifier) = ("https://godwit.test/callback", secret("verifier"));
            let code = "code".into();
            let answer = oauth::exchange(&fake, &config, &client, to, code, &verifier, NOW).await;
            answer.err()
        }
        "exchange" => {
            let answer = exchange::exchange(&fake, &config, &client, &token(), NOW).await;
            answer.err()
        }
        "request token" => {
            let answer = legs.request_token("https://godwit.test/callback").await;
            answer.err()
        }
        "app-only token" => apponly::fetch(&fake, &config, &consumer).await.err(),
        other => panic!("no such call: {other}"),
    };
    said(refusal.unwrap_or_else(|| panic!("{}: is no refusal", row.case)))
}

#[tokio::test]
async fn each_error_body_of_x_means_one_thing() {
    let rows: Vec<Row> = serde_json::from_str(include_str!("bodies.json")).unwrap();
    let cases: BTreeSet<&str> = rows.iter().map(|row| &*row.case).collect();
    assert_eq!(cases.len(), rows.len(), "each row has a name of its own");
    let mut wrong = Vec::new();
    for row in &rows {
        let (means, upstream) = of(row).await;
        if means != row.means {
            wrong.push(format!("{}: {means} instead of {}", row.case, row.means));
        }
        let one_line = |words: &str| words.split_whitespace().collect::<Vec<_>>().join(" ");
        if let (Some(upstream), Some(words)) = (&upstream, row.words()) {
            assert!(upstream.starts_with(&one_line(words)), "{}", row.case);
        }
        let keeps = [
            "permanent",
            "operator",
            "token",
            "duplicate",
            "unauthorized",
        ];
        let is_kept = keeps.iter().any(|one| row.means.starts_with(one));
        if is_kept && row.words().is_some() && upstream.is_none() {
            wrong.push(format!("{}: X's words are lost", row.case));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
