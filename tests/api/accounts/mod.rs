//! Connected accounts, with the sandbox's X in process.

mod apps;
mod care;
mod connecting;
mod managing;
mod oauth1;
mod returning;

use crate::publishing::x_settings;
use crate::sandbox::{Fault, Settings, X};
use crate::support::world::BASE_URL;
use crate::support::{Answer, Person, World};
use godwit::gate::{GateReply, GateRequest};
use godwit::ports::{Clock as _, HttpError, Statement};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use url::Url;

/// What a browser sends when somebody follows a link.
const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

/// A Godwit and an X that hear each other.
struct Town {
    world: World,
    x: Arc<Mutex<X>>,
    /// Every token that X gave.
    tokens: Arc<Mutex<Vec<String>>>,
}

impl Town {
    fn new() -> Self {
        Self::with(&[], |_| ())
    }

    fn with(variables: &[(&str, &str)], change: impl FnOnce(&mut Settings)) -> Self {
        let world = World::with(variables);
        let mut settings = x_settings();
        change(&mut settings);
        let x = Arc::new(Mutex::new(X::new(settings)));
        let tokens = Arc::<Mutex<Vec<String>>>::default();
        let (clock, other, given) = (
            Arc::clone(&world.clock),
            Arc::clone(&x),
            Arc::clone(&tokens),
        );
        world.http.on_request(move |request, _| {
            let reply = other
                .lock()
                .unwrap()
                .handle(clock.now().millis(), request.clone());
            let answer = reply
                .answer()
                .ok_or(HttpError::Lost("by the sandbox".to_owned()))?;
            given.lock().unwrap().extend(tokens_in(answer.body()));
            Ok(answer)
        });
        Self { world, x, tokens }
    }

    fn x(&self) -> std::sync::MutexGuard<'_, X> {
        self.x.lock().unwrap()
    }

    fn script(&self, fault: Value) {
        self.x()
            .script(serde_json::from_value::<Fault>(fault).unwrap());
    }

    async fn begin(&self, token: &str, body: Value) -> Value {
        self.begin_at("/connections/x/authorize", token, body).await
    }

    async fn begin_at(&self, path: &str, token: &str, body: Value) -> Value {
        self.world
            .request("POST", path, Some(token), Some(body))
            .await
            .expect(200)
    }

    /// What the person does at X: gives where X sends the browser then, below `/api/v1`.
    fn consent(&self, begun: &Value, username: &str, decision: &str) -> String {
        let now = self.world.clock.now().millis();
        consent(&mut self.x(), now, begun, username, decision)
    }

    /// A browser that follows X's redirect.
    async fn browse(&self, path: &str) -> Answer {
        self.world
            .request_with("GET", path, None, &[BROWSER], None)
            .await
    }

    /// The whole walk; gives the account's id.
    async fn connect(&self, person: &Person, username: &str) -> String {
        let begun = self
            .begin(&person.token, json!({ "redirect_to": "/done" }))
            .await;
        let answer = self
            .browse(&self.consent(&begun, username, "authorize"))
            .await;
        let outcome = outcome(&answer);
        assert_eq!(outcome["status"], "connected", "{outcome}");
        outcome["account_id"].as_str().unwrap().to_owned()
    }

    async fn account(&self, person: &Person, id: &str) -> Answer {
        self.world
            .request("GET", &format!("/accounts/{id}"), Some(&person.token), None)
            .await
    }

    async fn accounts(&self, person: &Person) -> Vec<Value> {
        let page = self
            .world
            .request("GET", "/accounts", Some(&person.token), None)
            .await
            .expect(200);
        page["items"].as_array().unwrap().clone()
    }

    /// Gates that answer this to whatever they are asked.
    fn gates_answer(&self, reply: GateReply) {
        self.world.gates.on_call(move |_, _| Ok(reply.clone()));
    }

    /// What the gates were asked, by name.
    fn asked(&self) -> Vec<&'static str> {
        let name = |request: GateRequest| match request {
            GateRequest::Profile { .. } => "profile",
            GateRequest::Refresh { .. } => "refresh",
            GateRequest::Reseal { .. } => "reseal",
            GateRequest::Revoke { .. } => "revoke",
            GateRequest::Exchange { .. } => "exchange",
            GateRequest::Limits => "limits",
            GateRequest::Lend(_) => "lend",
            GateRequest::Send(_)
            | GateRequest::Reconcile(_)
            | GateRequest::Adopt(_)
            | GateRequest::Draw(_)
            | GateRequest::Observe(_) => "other",
        };
        self.world
            .gates
            .calls()
            .take()
            .into_iter()
            .map(|(_, request)| name(request))
            .collect()
    }

    /// A post with one delivery to the account, in this state.
    fn delivery(
        &self,
        person: &Person,
        account: &str,
        number: u8,
        state: &str,
        reason: Option<&str>,
    ) -> String {
        let (post, delivery) = (
            format!("post_019a9b1c-7d2e-7c11-8f00-0000000000{number:02x}"),
            format!("dlv_019a9b1c-7d2e-7c11-8f00-0000000000{number:02x}"),
        );
        let change = |statement: Statement| self.world.database.change(&statement);
        change(
            Statement::new(
                "INSERT INTO posts (workspace_id, id, source, status, segments, created_at, updated_at)
                 VALUES (?1, ?2, 'api', 'publishing', '[\"text\"]', 1, 1)",
            )
            .bind(person.workspace_id.as_str())
            .bind(post.as_str()),
        );
        change(
            Statement::new(
                "INSERT INTO deliveries (id, workspace_id, post_id, account_id, platform, state, reason, due_at,
                   next_attempt_at, sweep_at, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, 'x', ?5, ?6, 1, 9000000000000, 9000000000000, 1, 1)",
            )
            .bind(delivery.as_str())
            .bind(person.workspace_id.as_str())
            .bind(post.as_str())
            .bind(account)
            .bind(state)
            .bind(reason),
        );
        delivery
    }
}

/// What a person does at X: gives where X sends the browser then, below `/api/v1`.
pub fn consent(x: &mut X, now_ms: i64, begun: &Value, username: &str, decision: &str) -> String {
    let address = Url::parse(begun["authorization_url"].as_str().unwrap()).unwrap();
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(address.query_pairs());
    form.append_pair("username", username)
        .append_pair("decision", decision);
    let request = http::Request::post(address.path())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.finish().into_bytes())
        .unwrap();
    let answer = x.handle(now_ms, request).answer().unwrap();
    let shown = String::from_utf8_lossy(answer.body()).into_owned();
    assert_eq!(answer.status(), 302, "{shown}");
    let location = answer.headers()["location"].to_str().unwrap();
    location
        .strip_prefix(&format!("{BASE_URL}/api/v1"))
        .unwrap()
        .to_owned()
}

/// The tokens that an answer of X gives.
pub fn tokens_in(body: &[u8]) -> Vec<String> {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let named =
        ["access_token", "refresh_token"].map(|name| json[name].as_str().map(str::to_owned));
    // OAuth 1.0a: a token with its secret.
    let form = url::form_urlencoded::parse(body)
        .filter(|(name, _)| name == "oauth_token" || name == "oauth_token_secret")
        .map(|(_, value)| value.into_owned());
    named.into_iter().flatten().chain(form).collect()
}

/// What a redirect says, by its query.
pub fn outcome(answer: &Answer) -> Value {
    assert_eq!(answer.status, 303, "{}", answer.json);
    let location = Url::parse(BASE_URL)
        .unwrap()
        .join(answer.header("location"))
        .unwrap();
    location
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect()
}
