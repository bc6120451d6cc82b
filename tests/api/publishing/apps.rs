//! Publishing through a workspace's own X app: its credentials, its troubles, and nobody else's.

use super::{Stage, own_app};
use crate::sandbox::money::Micros;
use crate::support::Person;
use godwit::ports::Statement;
use godwit::time::{HOUR_MS, MINUTE_MS};
use serde_json::{Value, json};

const AUTHORIZE: &str = "/connections/x/authorize";
const SECRET: &str = "own-client-secret-5678";

/// Ada has an app of her own, through which one of her accounts is connected; Eve has none.
struct Two {
    stage: Stage,
    eve: Person,
    hers: String,
}

async fn two() -> Two {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().settings.apps = vec![own_app()];
    stage.set_app(SECRET).await;
    stage.account = stage.walk(AUTHORIZE, &stage.person, "second_bird").await;
    let eve = stage.world.person("eve").await;
    let hers = stage.walk(AUTHORIZE, &eve, "long_bill").await;
    Two { stage, eve, hers }
}

impl Two {
    /// A post of Eve's, through the installation's app; gives its id.
    async fn eves(&self, text: &str) -> String {
        let body = json!({ "text": text, "accounts": [self.hers] });
        let token = Some(self.eve.token.as_str());
        let posted = self
            .stage
            .world
            .request("POST", "/posts", token, Some(body));
        posted.await.expect(202)["id"].as_str().unwrap().to_owned()
    }

    async fn eves_delivery(&self, post: &str) -> Value {
        let path = format!("/posts/{post}");
        let shown = self
            .stage
            .world
            .request("GET", &path, Some(&self.eve.token), None);
        shown.await.expect(200)["deliveries"][0].clone()
    }

    fn app(&self) -> String {
        format!("x:{}", self.stage.person.workspace_id)
    }
}

/// What each app spent at X, in millionths of a dollar.
fn spent(stage: &Stage) -> Vec<i64> {
    let money = stage.x.lock().unwrap().money(0);
    money.into_iter().map(|app| app.spent.0).collect()
}

#[tokio::test]
async fn a_post_and_the_refresh_before_it_go_through_the_own_app() {
    let mut two = two().await;
    two.stage.world.clock.advance(3 * HOUR_MS);
    let post = two.stage.post("through our own").await;
    two.stage.run(1_000).await;
    assert_eq!(two.stage.delivery(&post).await["state"], "published");
    assert_eq!(two.stage.x.lock().unwrap().counts().refreshes_accepted, 1);
    let spent = spent(&two.stage);
    assert!(spent[1] > 0, "{spent:?}");
    // The same pair, and a gate that begins anew with what it holds.
    two.stage.kill_gates();
    two.stage.world.clock.advance(3 * HOUR_MS);
    let post = two.stage.post("and again").await;
    two.stage.run(1_000).await;
    assert_eq!(two.stage.delivery(&post).await["state"], "published");
}

#[tokio::test]
async fn a_gate_that_holds_newer_tokens_of_another_app_asks_which_app_they_are_of() {
    let mut two = two().await;
    let stage = &mut two.stage;
    // A claim from before, with what the database said then.
    let look = "SELECT t.account_id, t.workspace_id, t.sealed, t.generation, t.expires_at FROM account_tokens t
      JOIN accounts a ON a.id = t.account_id WHERE a.handle = 'second_bird'";
    let row = stage.world.database.look(look)[0].clone();
    let sealed_app = stage
        .world
        .database
        .value("SELECT sealed FROM workspace_apps");
    let mut old = row;
    old.insert("app".to_owned(), sealed_app);
    // Then it is connected through the installation's app, and its gate refreshes that.
    let path = format!(
        "/workspaces/{}/apps/x?force=true",
        stage.person.workspace_id
    );
    let token = Some(stage.person.token.as_str());
    stage
        .world
        .request("DELETE", &path, token, None)
        .await
        .expect(204);
    stage.world.clock.advance(1);
    let again = stage.walk(AUTHORIZE, &stage.person, "second_bird").await;
    assert_eq!(again, stage.account);
    stage.world.clock.advance(2 * HOUR_MS);
    stage.post("refreshed").await;
    stage.run(1_000).await;
    assert_eq!(stage.x.lock().unwrap().counts().refreshes_accepted, 1);
    stage.world.clock.advance(2 * HOUR_MS);
    let grant = serde_json::from_value(Value::Object(old)).unwrap();
    let request = godwit::gate::GateRequest::Refresh {
        grant,
        force: false,
    };
    let users = stage.x.lock().unwrap().users();
    let user = users
        .iter()
        .find(|user| user.profile.username == "second_bird")
        .unwrap();
    let gate = godwit::gate::GateName::x(&user.id.to_string());
    let reply = stage.world.app().gates.call(&gate, request).await.unwrap();
    let godwit::gate::GateReply::Refresh(Ok(until)) = reply else {
        panic!("{reply:?}");
    };
    assert!(until.refreshed);
    assert_eq!(stage.x.lock().unwrap().counts().refreshes_accepted, 2);
}

#[tokio::test]
async fn a_refusal_of_one_app_pauses_its_deliveries_only() {
    let mut two = two().await;
    // Ada's app is out of credits.
    two.stage.x.lock().unwrap().settings.apps[0].purse.credits = Some(Micros(0));
    let ours = two.stage.post("cannot be paid for").await;
    let hers = two.eves("goes out").await;
    two.stage.run(1_000).await;
    let shown = two.stage.delivery(&ours).await;
    assert_eq!(
        (&shown["state"], &shown["reason"]),
        (&json!("waiting"), &json!("x_credits_depleted")),
        "{shown}"
    );
    let remedy = shown["remedy"].as_str().unwrap();
    assert!(
        remedy.contains("your workspace") && !remedy.contains("operator"),
        "{remedy}"
    );
    assert_eq!(two.eves_delivery(&hers).await["state"], "published");
    let pauses = two.stage.get("/admin/queue").await["pauses"].clone();
    assert_eq!(pauses.as_array().unwrap().len(), 1);
    assert_eq!(pauses[0]["app"], two.app());
    // The other way round: the installation's app is refused, and Ada goes on.
    two.stage.x.lock().unwrap().settings.apps[0].purse.credits = None;
    two.stage.run(17 * MINUTE_MS).await;
    assert_eq!(two.stage.delivery(&ours).await["state"], "published");
    two.stage.x.lock().unwrap().settings.purse.credits = Some(Micros(0));
    let hers = two.eves("waits").await;
    let ours = two.stage.post("goes out").await;
    two.stage.run(1_000).await;
    assert_eq!(
        two.eves_delivery(&hers).await["reason"],
        "x_credits_depleted"
    );
    assert_eq!(two.stage.delivery(&ours).await["state"], "published");
    let pauses = two.stage.get("/admin/queue").await["pauses"].clone();
    assert_eq!(pauses[0]["app"], "x");
    assert_eq!(pauses.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_waits_for_one_app_is_woken_while_another_is_paused() {
    let mut two = two().await;
    two.stage.x.lock().unwrap().settings.apps[0].purse.credits = Some(Micros(0));
    two.stage.x.lock().unwrap().settings.purse.credits = Some(Micros(0));
    let ours = two.stage.post("ours").await;
    let hers = two.eves("hers").await;
    two.stage.run(1_000).await;
    let pauses = two.stage.get("/admin/queue").await["pauses"].clone();
    assert_eq!(pauses.as_array().unwrap().len(), 2);
    // Both are repaired at X; only Ada's pause is ended.
    two.stage.x.lock().unwrap().settings.apps[0].purse.credits = None;
    two.stage.x.lock().unwrap().settings.purse.credits = None;
    let end = Statement::new("DELETE FROM app_pauses WHERE app = ?1").bind(two.app());
    two.stage.world.database.change(&end);
    two.stage.run(2 * MINUTE_MS).await;
    assert_eq!(two.stage.delivery(&ours).await["state"], "published");
    assert_eq!(two.eves_delivery(&hers).await["state"], "waiting");
    two.stage.run(17 * MINUTE_MS).await;
    assert_eq!(two.eves_delivery(&hers).await["state"], "published");
}

#[tokio::test]
async fn a_wrong_secret_holds_what_needs_it_until_it_is_replaced() {
    let mut two = two().await;
    two.stage.set_app("a-wrong-client-secret").await;
    two.stage.world.clock.advance(3 * HOUR_MS);
    let ours = two.stage.post("needs a refresh").await;
    two.stage.run(1_000).await;
    let shown = two.stage.delivery(&ours).await;
    assert_eq!(
        (&shown["state"], &shown["reason"]),
        (&json!("waiting"), &json!("x_client_rejected")),
        "{shown}"
    );
    assert!(shown["remedy"].as_str().unwrap().contains("/apps/x"));
    let account = two
        .stage
        .get(&format!("/accounts/{}", two.stage.account))
        .await;
    assert_eq!(account["status"], "active");
    two.stage.set_app(SECRET).await;
    two.stage.run(2 * MINUTE_MS).await;
    assert_eq!(two.stage.delivery(&ours).await["state"], "published");
}

#[tokio::test]
async fn what_waits_when_the_app_is_removed_goes_out_through_the_next_connect() {
    let mut two = two().await;
    let stage = &mut two.stage;
    stage.x.lock().unwrap().settings.apps[0].purse.credits = Some(Micros(0));
    let post = stage.post("waits for money").await;
    stage.run(1_000).await;
    let path = format!(
        "/workspaces/{}/apps/x?force=true",
        stage.person.workspace_id
    );
    let token = stage.person.token.clone();
    let token = Some(token.as_str());
    stage
        .world
        .request("DELETE", &path, token, None)
        .await
        .expect(204);
    stage.run(2 * MINUTE_MS).await;
    assert_eq!(
        stage.delivery(&post).await["reason"],
        "account_needs_reconnect"
    );
    assert_eq!(stage.get("/admin/queue").await["pauses"], json!([]));
    // A test does not revive what has no app, however good the token is.
    let test = format!("/accounts/{}/test", stage.account);
    let tested = stage
        .world
        .request("POST", &test, token, None)
        .await
        .expect(200);
    assert_eq!(tested["can_post"], false, "{tested}");
    let again = stage.walk(AUTHORIZE, &stage.person, "second_bird").await;
    assert_eq!(again, stage.account);
    stage.run(2 * MINUTE_MS).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
}

#[tokio::test]
async fn oauth1_signs_unlinks_and_upgrades_with_the_own_app() {
    let mut two = two().await;
    let stage = &mut two.stage;
    stage.account = stage.connect_oauth1(&stage.person, "godwit_demo").await;
    let post = stage.post("signed by our own").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    let path = format!("/accounts/{}", stage.account);
    let token = stage.person.token.clone();
    let token = Some(token.as_str());
    let upgrade = format!("{path}/upgrade");
    let upgraded = stage.world.request("POST", &upgrade, token, None).await;
    assert_eq!(upgraded.expect(200)["auth"], "oauth2");
    stage.run(3 * HOUR_MS).await;
    let post = stage.post("refreshed by our own").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    let unlinked = stage.world.request("DELETE", &path, token, None).await;
    assert_eq!(unlinked.expect(200)["revoked_at_x"], true);
    let again = stage.connect_oauth1(&stage.person, "godwit_demo").await;
    let path = format!("/accounts/{again}");
    let unlinked = stage.world.request("DELETE", &path, token, None).await;
    assert_eq!(unlinked.expect(200)["revoked_at_x"], true);
}

#[tokio::test]
async fn an_app_is_sealed_anew_with_the_newest_key() {
    const OLD: &str = "k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    const NEW: &str = "k2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let mut two = two().await;
    let both = format!("{NEW},{OLD}");
    two.stage.deploy(&[("ENCRYPTION_KEYS", &both)]);
    let app = two.stage.world.app();
    let left = godwit::accounts::sealed_by_key(&app).await.unwrap();
    assert_eq!((left.len(), left[0].apps), (1, 1));
    godwit::accounts::tend(&app).await.unwrap();
    let left = godwit::accounts::sealed_by_key(&app).await.unwrap();
    assert!(left.iter().all(|left| left.apps == 0), "{left:?}");
    two.stage.world.clock.advance(11 * MINUTE_MS);
    two.stage.deploy(&[("ENCRYPTION_KEYS", NEW)]);
    two.stage.world.clock.advance(3 * HOUR_MS);
    let post = two.stage.post("with the new key alone").await;
    two.stage.run(1_000).await;
    assert_eq!(two.stage.delivery(&post).await["state"], "published");
}
