//! Two people who know nothing of each other, and a good request for every route.

use crate::accounts::consent;
use crate::publishing::{self, Stage};
use crate::sandbox::Plan;
use crate::sandbox::youtube::{DEMO_CHANNEL, Video};
use crate::support::world::BASE_URL;
use crate::support::{Answer, Person, World, files};
use axum::body::Body;
use godwit::http::Route;
use godwit::ports::{Clock as _, Statement};
use http::Request;
use serde_json::{Value, json};
use std::sync::Arc;

/// Ada and Eve, each with an account, a key and posts.
pub struct Ground {
    pub stage: Stage,
    /// What belongs to `stage.person`.
    pub ours: Things,
    /// Somebody else …
    pub eve: Person,
    /// … and what belongs to her.
    pub hers: Things,
}

/// What somebody has.
pub struct Things {
    pub account: String,
    pub key: String,
    pub workspace: String,
    /// A post that waits for its time.
    pub post: String,
    /// A post that failed.
    pub failed: String,
    /// A dead letter. They belong to no workspace, and an operator sees them all: Eve's is one that is not there.
    pub letter: String,
    /// A delivery of which nobody knows whether it is on X.
    pub undecided: String,
    /// A picture.
    pub picture: String,
    /// A picture whose only chunk is there, and which nobody has said to be complete.
    pub coming: String,
    /// A post of theirs on X, by its id there.
    pub on_x: String,
    /// A source.
    pub source: String,
    /// A post that waits for approval.
    pub held: String,
    /// What the hub calls the address of the source's channel.
    pub callback: String,
}

/// A request, before it is sent.
#[derive(Clone)]
pub struct Asked {
    pub method: String,
    /// What stands before the path: nothing, where the route is at the root.
    pub base: &'static str,
    /// Below the base, with the query.
    pub path: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// The status when all goes well.
    pub success: u16,
}

impl Asked {
    fn new(route: &Route, path: &str, success: u16) -> Self {
        Self {
            method: route.method.to_string(),
            base: if route.is_at_the_root { "" } else { "/api/v1" },
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            success,
        }
    }

    /// With this body, as JSON.
    pub fn json(self, body: &Value) -> Self {
        self.raw(body.to_string().into_bytes())
    }

    /// With these bytes, which are said to be JSON.
    pub fn raw(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("content-type", b"application/json")
    }

    /// With these bytes of this media type.
    pub fn bytes(mut self, media_type: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("content-type", media_type.as_bytes())
    }

    /// With this header instead of others of its name.
    pub fn header(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_vec()));
        self
    }

    /// As whoever holds this token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}").as_bytes())
    }

    /// As nobody.
    pub fn nobody(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "authorization");
        self
    }

    /// At this address instead.
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Whether the body is said to be JSON.
    pub fn is_json(&self) -> bool {
        let json = ("content-type".to_owned(), b"application/json".to_vec());
        self.headers.contains(&json)
    }

    /// The body, where it is JSON.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn into_request(self) -> Request<Body> {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(format!("{BASE_URL}{}{}", self.base, self.path));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body)).unwrap()
    }
}

impl Ground {
    pub async fn new() -> Self {
        let stage = Stage::new().await;
        // Where every operation is allowed.
        stage.x.lock().unwrap().settings.plan = Plan::Enterprise;
        stage.x.lock().unwrap().settings.apps = vec![publishing::own_app()];
        let now = stage.world.clock.now().millis();
        let long_ago = now - 3_600_000;
        let bird = Video::short("A bird flies");
        let tube = Arc::clone(&stage.tube);
        tube.lock().unwrap().publish(long_ago, DEMO_CHANNEL, bird);
        let eve = stage.world.person("eve").await;
        let account = stage.connect_for(&eve, "second_bird");
        let mut ours = things(
            &stage,
            (&stage.person, "godwit_demo"),
            stage.account.clone(),
        )
        .await;
        let hers = things(&stage, (&eve, "second_bird"), account).await;
        ours.letter = dead_letter(&stage, &ours).await;
        Self {
            stage,
            ours,
            eve,
            hers,
        }
    }

    pub const fn world(&self) -> &World {
        &self.stage.world
    }

    pub async fn send(&self, asked: Asked) -> Answer {
        self.world().serve(asked.into_request()).await
    }

    /// The address of a route, with what of `things` its `{id}` means.
    pub fn address(route: &Route, things: &Things) -> String {
        let path = route.path.replace("{post}", &things.on_x);
        let path = path.replace("{token}", &things.callback);
        let id = match route.path.split('/').nth(1) {
            Some("accounts") => &things.account,
            Some("api-keys") => &things.key,
            Some("workspaces") => &things.workspace,
            Some("admin") => &things.letter,
            Some("sources") => &things.source,
            Some("posts") if route.path.ends_with("/retry") => &things.failed,
            Some("posts") if route.path.ends_with("/approve") => &things.held,
            Some("posts") => &things.post,
            Some("deliveries") => &things.undecided,
            Some("media") if route.path.contains("chunks") || route.path.ends_with("/complete") => {
                return route
                    .path
                    .replace("{id}", &things.coming)
                    .replace("{number}", "0");
            }
            Some("media") => &things.picture,
            _ => return path,
        };
        path.replace("{id}", id)
    }

    /// A request to this route that Ada may make, and that succeeds.
    pub async fn good(&self, route: &Route) -> Asked {
        let path = Self::address(route, &self.ours);
        let ask = |success| Asked::new(route, &path, success).bearer(&self.stage.person.token);
        if let Some((success, body)) = fixed(route) {
            return ask(success).json(&body);
        }
        match (route.method.as_str(), route.path) {
            ("POST", "/auth/register") => ask(201).nobody().json(
                &json!({ "email": "new@example.com", "password": "correct horse", "name": "New" }),
            ),
            ("POST", "/auth/login") => ask(200)
                .nobody()
                .json(&json!({ "email": "ada@example.com", "password": "correct horse" })),
            (method @ ("GET" | "DELETE"), "/workspaces/{id}/apps/x") => {
                self.set_app();
                ask(if method == "GET" { 200 } else { 204 })
            }
            ("GET", "/x/users/search") => ask(200).at("/x/users/search?query=godwit"),
            ("GET", "/connections/x/callback" | "/connections/x/oauth1/callback") => {
                let begun = path.replace("callback", "authorize");
                ask(303).nobody().at(self.consented(&begun).await)
            }
            ("POST", "/posts" | "/posts/preview") => {
                let body = json!({ "text": "A post", "accounts": [self.ours.account] });
                ask(if path == "/posts" { 202 } else { 200 }).json(&body)
            }
            (
                "POST",
                "/posts/{id}/retry" | "/posts/{id}/approve" | "/admin/dead-letters/{id}/retry",
            ) => ask(202),
            ("POST", "/sources/youtube") => ask(201).json(&self.source()),
            ("GET", "/hooks/websub/{token}") => self.verification(ask(200), &path),
            ("POST", "/hooks/websub/{token}") => ask(204)
                .nobody()
                .bytes("application/atom+xml", b"<feed/>".to_vec()),
            ("GET", "/health" | "/openapi.json") => ask(200).nobody(),
            ("PUT", "/media/{id}/chunks/{number}") => {
                ask(200).bytes("application/octet-stream", files::png(3, 4))
            }
            ("POST", "/auth/logout")
            | (
                "DELETE",
                "/api-keys/{id}" | "/media/{id}" | "/sources/{id}" | "/admin/dead-letters/{id}",
            ) => ask(204),
            (
                "GET",
                "/me"
                | "/api-keys"
                | "/accounts"
                | "/accounts/{id}"
                | "/accounts/{id}/limits"
                | "/accounts/{id}/info"
                | "/accounts/{id}/insights"
                | "/accounts/{id}/timeline"
                | "/accounts/{id}/mentions"
                | "/x/posts/{post}/insights"
                | "/trends"
                | "/posts"
                | "/posts/{id}"
                | "/history"
                | "/stats"
                | "/media"
                | "/media/{id}"
                | "/workspaces/{id}"
                | "/workspaces/{id}/budgets"
                | "/accounts/{id}/budgets"
                | "/usage"
                | "/sources"
                | "/sources/{id}"
                | "/sources/{id}/items"
                | "/x/usage"
                | "/admin/queue"
                | "/admin/dead-letters",
            )
            | (
                "DELETE" | "PUT",
                "/accounts/{id}/likes/{post}"
                | "/accounts/{id}/reposts/{post}"
                | "/accounts/{id}/bookmarks/{post}",
            )
            | ("DELETE", "/accounts/{id}" | "/posts/{id}")
            | (
                "POST",
                "/accounts/{id}/test"
                | "/sources/{id}/test"
                | "/sources/{id}/pause"
                | "/sources/{id}/resume"
                | "/media/{id}/complete"
                | "/accounts/{id}/refresh"
                | "/accounts/{id}/upgrade"
                | "/admin/queue/resume",
            ) => ask(200),
            (method, path) => panic!(
                "There is no good request for {method} {path} here. Add one: then the route is held to what every route \
                 is held to."
            ),
        }
    }

    fn source(&self) -> Value {
        json!({ "channel": DEMO_CHANNEL, "accounts": [self.ours.account] })
    }

    /// What the hub asks when it was asked for Ada's channel.
    fn verification(&self, asked: Asked, path: &str) -> Asked {
        let now = self.world().clock.now();
        let asks = Statement::new("UPDATE channels SET verify_until = ?1").bind(now.plus_ms(1));
        self.world().database.change(&asks);
        let topic =
            format!("https://www.youtube.com/xml/feeds/videos.xml?channel_id={DEMO_CHANNEL}");
        let query = format!(
            "hub.mode=subscribe&hub.topic={topic}&hub.challenge=c-18010081&hub.lease_seconds=432000"
        );
        asked.nobody().at(format!("{path}?{query}"))
    }

    /// Gives Ada's workspace an X app of its own, whether or not she is signed in.
    fn set_app(&self) {
        let world = self.world();
        let app = godwit::platforms::x::app::App {
            client_id: Some("own-client-id-1234".to_owned()),
            client_secret: Some("own-client-secret-5678".into()),
            api_key: Some("own-consumer-key-abcd".to_owned()),
            api_secret: Some("own-consumer-secret-efgh".into()),
            bearer_token: None,
        };
        let context = format!("workspace_apps.sealed/{}/x", self.ours.workspace);
        let keyring = &world.config.keyring;
        let sealed = keyring
            .seal(&*world.random, &context, &app.to_secret())
            .unwrap();
        let put =
            "INSERT OR REPLACE INTO workspace_apps (workspace_id, platform, sealed, hints, set_at)
          VALUES (?1, 'x', ?2, '{}', 1)";
        let put = Statement::new(put)
            .bind(self.ours.workspace.as_str())
            .bind(sealed);
        world.database.change(&put);
    }

    /// Where X sends the browser when Ada has just allowed a connect.
    async fn consented(&self, path: &str) -> String {
        let begun = self
            .world()
            .request(
                "POST",
                path,
                Some(&self.stage.person.token),
                Some(json!({ "redirect_to": "/done" })),
            )
            .await
            .expect(200);
        let now = self.world().clock.now().millis();
        consent(
            &mut self.stage.x.lock().unwrap(),
            now,
            &begun,
            "long_bill",
            "authorize",
        )
    }

    /// How much has been done so far, in all places: equal before and after when nothing was done in between.
    pub fn traces(&self) -> impl PartialEq + std::fmt::Debug + use<> {
        let world = self.world();
        (
            world.database.dump(),
            world.queue.sends(),
            world.gates.calls().count(),
            world.http.requests().count(),
        )
    }
}

/// What a good request says that is the same whoever makes it, and its success.
fn fixed(route: &Route) -> Option<(u16, Value)> {
    Some(match (route.method.as_str(), route.path) {
        ("POST", "/api-keys") => (201, json!({ "name": "another", "scopes": ["posts:read"] })),
        ("PATCH", "/workspaces/{id}") => (
            200,
            json!({ "name": "Another name", "uncertain_policy": "resend", "missed_after_seconds": 3600 }),
        ),
        ("POST", "/connections/x/authorize" | "/connections/x/oauth1/authorize") => {
            (200, json!({ "redirect_to": "/done" }))
        }
        ("POST", "/connections/x/app-only") => (200, json!({ "username": "@long_bill" })),
        ("PUT", "/workspaces/{id}/budgets" | "/accounts/{id}/budgets") => (
            200,
            json!({
                "usd_per_day": 5, "usd_per_month": 50.5, "posts_per_day": 10, "posts_per_month": 100,
                "reads_per_day": 1_000, "reads_per_month": 10_000,
            }),
        ),
        ("PUT", "/workspaces/{id}/apps/x") => (200, own_app()),
        ("PATCH", "/posts/{id}") => (
            200,
            json!({ "text": "Another text", "publish_at": "2026-12-02T09:00:00Z" }),
        ),
        ("POST", "/deliveries/{id}/resolve") => (200, json!({ "outcome": "send_again" })),
        ("POST", "/media") => (201, json!({ "bytes": 5_000_000, "alt_text": "A bird" })),
        ("PATCH", "/sources/{id}") => (
            200,
            json!({
                "template": "{{title}} {{url}}", "filter": "all", "mode": "review", "link": "reply", "hashtags": ["Birds"],
                "include": ["bird"], "exclude": ["cat"], "delay_seconds": 60, "max_per_day": 3, "thumbnail": true,
            }),
        ),
        ("PATCH", "/media/{id}") => (200, json!({ "alt_text": "Another bird" })),
        _ => return None,
    })
}

fn own_app() -> Value {
    json!({
        "client_id": "own-client-id-1234", "client_secret": "own-client-secret-5678",
        "api_key": "own-consumer-key-abcd", "api_secret": "own-consumer-secret-efgh",
    })
}

async fn things(stage: &Stage, (person, username): (&Person, &str), account: String) -> Things {
    let world = &stage.world;
    let now = world.clock.now().millis();
    let text = format!("Of @{username}");
    let on_x = stage.x.lock().unwrap().write_as(now, username, &text);
    let key = world
        .request(
            "POST",
            "/api-keys",
            Some(&person.token),
            Some(json!({ "name": "a key", "scopes": ["posts:read"] })),
        )
        .await
        .expect(201);
    let post = async |text: &str| {
        let body = json!({
            "text": format!("{text} of {}", person.user_id),
            "accounts": [account],
            "publish_at": "2026-12-01T09:00:00Z",
        });
        let answer = world
            .request("POST", "/posts", Some(&person.token), Some(body))
            .await
            .expect(202);
        answer["id"].as_str().unwrap().to_owned()
    };
    let (waiting, failed) = (post("What waits").await, post("What failed").await);
    for statement in [
        "UPDATE deliveries SET state = 'failed', next_attempt_at = NULL, sweep_at = NULL WHERE post_id = ?1",
        "UPDATE posts SET status = 'failed' WHERE id = ?1",
    ] {
        world
            .database
            .change(&Statement::new(statement).bind(failed.as_str()));
    }
    let undecided = post("What nobody knows").await;
    for statement in [
        "UPDATE deliveries SET state = 'uncertain', reason = 'needs_decision', epoch = 1, next_attempt_at = NULL,
           sweep_at = NULL WHERE post_id = ?1",
        "UPDATE posts SET status = 'uncertain' WHERE id = ?1",
    ] {
        world
            .database
            .change(&Statement::new(statement).bind(undecided.as_str()));
    }
    let delivery = world
        .request(
            "GET",
            &format!("/posts/{undecided}"),
            Some(&person.token),
            None,
        )
        .await
        .expect(200);
    let (picture, coming) = (picture(world, person).await, coming(world, person).await);
    let held = post("What is held").await;
    for statement in [
        "UPDATE deliveries SET state = 'in_review', next_attempt_at = NULL, sweep_at = NULL WHERE post_id = ?1",
        "UPDATE posts SET status = 'in_review' WHERE id = ?1",
    ] {
        world
            .database
            .change(&Statement::new(statement).bind(held.as_str()));
    }
    // Not the same as what is asked for later, which would be refused.
    let source = json!({ "channel": DEMO_CHANNEL, "accounts": [account], "exclude": ["first"] });
    let token = Some(person.token.as_str());
    let source = world.request("POST", "/sources/youtube", token, Some(source));
    let source = source.await.expect(201);
    let callback = world.database.value("SELECT callback FROM channels");
    Things {
        source: source["id"].as_str().unwrap().to_owned(),
        callback: callback.as_str().unwrap().to_owned(),
        held,
        picture,
        coming,
        on_x: on_x.unwrap(),
        undecided: delivery["deliveries"][0]["id"].as_str().unwrap().to_owned(),
        key: key["id"].as_str().unwrap().to_owned(),
        workspace: person.workspace_id.clone(),
        account,
        post: waiting,
        failed,
        letter: "dead_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c".to_owned(),
    }
}

async fn picture(world: &World, person: &Person) -> String {
    let request = Request::post(format!("{BASE_URL}/api/v1/media"))
        .header("authorization", format!("Bearer {}", person.token))
        .header("content-type", "image/png");
    let request = request.body(Body::from(files::png(3, 4))).unwrap();
    let picture = world.serve(request).await.expect(201);
    picture["id"].as_str().unwrap().to_owned()
}

async fn coming(world: &World, person: &Person) -> String {
    let bytes = files::png(3, 4);
    let announced = json!({ "bytes": bytes.len() });
    let token = Some(person.token.as_str());
    let medium = world
        .request("POST", "/media", token, Some(announced))
        .await;
    let id = medium.expect(201)["id"].as_str().unwrap().to_owned();
    let request = Request::put(format!("{BASE_URL}/api/v1/media/{id}/chunks/0"))
        .header("authorization", format!("Bearer {}", person.token))
        .header("content-type", "application/octet-stream");
    let request = request.body(Body::from(bytes)).unwrap();
    world.serve(request).await.expect(200);
    id
}

/// Gives up a message about what waits there; gives the letter's id.
async fn dead_letter(stage: &Stage, things: &Things) -> String {
    let database = &stage.world.database;
    let deliveries = database.look("SELECT id, workspace_id, account_id, post_id FROM deliveries");
    let delivery = deliveries
        .iter()
        .find(|row| row["post_id"] == things.post)
        .unwrap();
    let body = json!({
        "job": "deliver", "delivery_id": delivery["id"], "workspace_id": delivery["workspace_id"],
        "account_id": delivery["account_id"], "not_before": 0,
    });
    let app = stage.world.app();
    godwit::jobs::handle_dead(&app, "godwit-publish-dead", &[body.to_string()]).await;
    let id = database.value("SELECT id FROM dead_letters");
    id.as_str().unwrap().to_owned()
}
