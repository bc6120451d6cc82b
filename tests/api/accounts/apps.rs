//! A workspace's own X app: setting it, showing hints of it, removing it, and connecting through it.

use super::{Town, outcome};
use crate::publishing::own_app;
use crate::support::{Answer, Person};
use serde_json::{Value, json};

const SECRETS: [&str; 5] = [
    "own-client-id-1234",
    "own-client-secret-5678",
    "own-consumer-key-abcd",
    "own-consumer-secret-efgh",
    "own-bearer-token-ijkl",
];

fn town() -> Town {
    Town::with(&[], |settings| settings.apps = vec![own_app()])
}

fn all() -> Value {
    let [client_id, client_secret, api_key, api_secret, bearer_token] = SECRETS;
    json!({
        "client_id": client_id, "client_secret": client_secret, "api_key": api_key, "api_secret": api_secret,
        "bearer_token": bearer_token,
    })
}

async fn ask(
    town: &Town,
    person: &Person,
    method: &str,
    query: &str,
    body: Option<Value>,
) -> Answer {
    let path = format!("/workspaces/{}/apps/x{query}", person.workspace_id);
    let token = Some(person.token.as_str());
    town.world.request(method, &path, token, body).await
}

fn app_of(town: &Town, id: &str) -> Value {
    let rows = town
        .world
        .database
        .look("SELECT id, app, status_reason FROM accounts");
    rows.into_iter().find(|row| row["id"] == id).unwrap()["app"].clone()
}

#[tokio::test]
async fn an_app_is_shown_by_hints_alone_and_is_nowhere_else() {
    let town = town();
    let anna = town.world.person("anna").await;
    ask(&town, &anna, "GET", "", None)
        .await
        .refused(404, "not_found");
    // Pasted with the white space of a page.
    let mut pasted = all();
    for name in ["client_id", "client_secret", "api_key"] {
        pasted[name] = json!(format!(" \t{}\r\n", pasted[name].as_str().unwrap()));
    }
    let set = ask(&town, &anna, "PUT", "", Some(pasted)).await.expect(200);
    let shown = ask(&town, &anna, "GET", "", None).await.expect(200);
    assert_eq!(set, shown);
    assert_eq!(
        shown["hints"],
        json!({
            "client_id": "…1234", "client_secret": "…5678", "api_key": "…abcd", "api_secret": "…efgh",
            "bearer_token": "…ijkl",
        })
    );
    assert_eq!(shown["app"], format!("x:{}", anna.workspace_id));
    assert_eq!(shown["callbacks"].as_array().unwrap().len(), 2);
    town.connect(&anna, "godwit_demo").await;
    let everything = format!(
        "{set} {shown} {:?} {:?}",
        town.world.database.dump(),
        town.world.log.lines()
    );
    for secret in SECRETS {
        assert!(!everything.contains(secret), "{secret}");
    }
    // Replaced as a whole: what is not named is gone.
    let body = json!({ "client_id": SECRETS[0] });
    let set = ask(&town, &anna, "PUT", "", Some(body)).await.expect(200);
    assert_eq!(
        set["hints"],
        json!({
            "client_id": "…1234", "client_secret": null, "api_key": null, "api_secret": null, "bearer_token": null,
        })
    );
    let logged = "SELECT count(*) FROM audit_log WHERE action = 'app.set'";
    assert_eq!(town.world.database.value(logged), 2);
}

#[tokio::test]
async fn what_cannot_be_a_credential_is_named_and_never_repeated() {
    let town = town();
    let anna = town.world.person("anna").await;
    let secret = "very-secret-words";
    for (body, pointer, code) in [
        (json!({}), "/client_id", "missing_field"),
        (
            json!({ "client_id": "  " }),
            "/client_id",
            "invalid_credential",
        ),
        (
            json!({ "client_id": "id", "client_secret": format!("{secret} {secret}") }),
            "/client_secret",
            "invalid_credential",
        ),
        (
            json!({ "client_id": "id", "api_key": secret }),
            "/api_secret",
            "missing_field",
        ),
        (
            json!({ "client_id": "id", "api_secret": secret }),
            "/api_key",
            "missing_field",
        ),
        (
            json!({ "client_id": "id", "bearer_token": [secret] }),
            "/bearer_token",
            "invalid_value",
        ),
        (
            json!({ "client_id": 7_654_321 }),
            "/client_id",
            "invalid_value",
        ),
        (
            json!({ "client_id": "id", "secret": "x" }),
            "/secret",
            "unknown_field",
        ),
    ] {
        let answer = ask(&town, &anna, "PUT", "", Some(body.clone())).await;
        assert_eq!(answer.status, 422, "{body} {}", answer.json);
        let error = &answer.json["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!(pointer), &json!(code)),
            "{body}"
        );
        let told = format!("{} {:?}", answer.json, town.world.log.lines());
        assert!(
            !told.contains(secret) && !told.contains("7654321"),
            "{told}"
        );
    }
    ask(&town, &anna, "GET", "", None)
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn another_workspace_sees_and_changes_nothing_and_only_admins_do() {
    let town = town();
    let (anna, ben) = (
        town.world.person("anna").await,
        town.world.person("ben").await,
    );
    ask(&town, &anna, "PUT", "", Some(all())).await.expect(200);
    let path = format!("/workspaces/{}/apps/x", anna.workspace_id);
    for (method, body) in [("GET", None), ("PUT", Some(all())), ("DELETE", None)] {
        let theirs = town
            .world
            .request(method, &path, Some(&ben.token), body.clone());
        theirs.await.refused(404, "not_found");
        let key = town
            .world
            .key(&anna, &["accounts:write", "posts:write"])
            .await;
        let by_key = town.world.request(method, &path, Some(&key), body);
        by_key.await.refused(403, "missing_scope");
    }
    // Ben's connects go through the installation's.
    let id = town.connect(&ben, "godwit_demo").await;
    assert_eq!(app_of(&town, &id), "x");
}

#[tokio::test]
async fn connects_go_through_it_from_then_on_in_both_ways() {
    let town = town();
    let anna = town.world.person("anna").await;
    let before = town.connect(&anna, "second_bird").await;
    assert_eq!(app_of(&town, &before), "x");
    ask(&town, &anna, "PUT", "", Some(all())).await.expect(200);
    let own = json!(format!("x:{}", anna.workspace_id));
    let begun = town.begin(&anna.token, json!({})).await;
    assert!(
        begun["authorization_url"]
            .as_str()
            .unwrap()
            .contains("client_id=own-client-id-1234")
    );
    let id = town.connect(&anna, "godwit_demo").await;
    assert_eq!(app_of(&town, &id), own);
    let path = "/connections/x/oauth1/authorize";
    let begun = town
        .begin_at(path, &anna.token, json!({ "redirect_to": "/done" }))
        .await;
    let back = town.consent(&begun, "long_bill", "authorize");
    let ended = outcome(&town.browse(&back).await);
    assert_eq!(app_of(&town, ended["account_id"].as_str().unwrap()), own);
    // The account from before stays where it is until it is connected again.
    assert_eq!(app_of(&town, &before), "x");
    assert_eq!(town.connect(&anna, "second_bird").await, before);
    assert_eq!(app_of(&town, &before), own);
    let shown = ask(&town, &anna, "GET", "", None).await.expect(200);
    assert_eq!(shown["accounts"], 3);
}

#[tokio::test]
async fn a_connect_ends_through_the_app_through_which_it_was_begun() {
    let town = town();
    let anna = town.world.person("anna").await;
    let begun = town.begin(&anna.token, json!({})).await;
    ask(&town, &anna, "PUT", "", Some(all())).await.expect(200);
    let page = town
        .browse(&town.consent(&begun, "godwit_demo", "authorize"))
        .await;
    assert_eq!(page.status, 200, "{}", page.json);
    let id = town.accounts(&anna).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(app_of(&town, &id), "x");
    let begun = town.begin(&anna.token, json!({})).await;
    ask(&town, &anna, "DELETE", "", None).await.expect(204);
    let path = town.consent(&begun, "second_bird", "authorize");
    let answer = town.world.request("GET", &path, None, None).await;
    answer.refused(409, "app_removed");
}

#[tokio::test]
async fn what_an_own_app_lacks_or_x_refuses_of_it_is_told_to_its_owners() {
    let town = town();
    let anna = town.world.person("anna").await;
    let body = json!({ "client_id": SECRETS[0], "client_secret": "wrong" });
    ask(&town, &anna, "PUT", "", Some(body)).await.expect(200);
    let path = "/connections/x/oauth1/authorize";
    let begun = town
        .world
        .request("POST", path, Some(&anna.token), None)
        .await;
    begun.refused(409, "x_not_configured");
    assert!(begun.json["remedy"].as_str().unwrap().contains("/apps/x"));
    let begun = town.begin(&anna.token, json!({})).await;
    let back = town.consent(&begun, "godwit_demo", "authorize");
    let answer = town.world.request("GET", &back, None, None).await;
    answer.refused(503, "x_client_rejected");
    let remedy = answer.json["remedy"].as_str().unwrap();
    assert!(
        remedy.contains("your workspace") && !remedy.contains("operator"),
        "{remedy}"
    );
}

#[tokio::test]
async fn an_app_in_use_goes_only_by_force_and_then_its_accounts_ask_for_a_reconnect() {
    let town = town();
    let anna = town.world.person("anna").await;
    let before = town.connect(&anna, "second_bird").await;
    ask(&town, &anna, "PUT", "", Some(all())).await.expect(200);
    let id = town.connect(&anna, "godwit_demo").await;
    ask(&town, &anna, "DELETE", "", None)
        .await
        .refused(409, "app_in_use");
    ask(&town, &anna, "DELETE", "?force=no", None)
        .await
        .refused(422, "invalid_query");
    assert_eq!(
        town.account(&anna, &id).await.expect(200)["status"],
        "active"
    );
    ask(&town, &anna, "DELETE", "?force=true", None)
        .await
        .expect(204);
    ask(&town, &anna, "DELETE", "?force=true", None)
        .await
        .refused(404, "not_found");
    let account = town.account(&anna, &id).await.expect(200);
    assert_eq!(
        (&account["status"], &account["status_reason"]),
        (&json!("needs_reconnect"), &json!("app_removed"))
    );
    assert!(account["remedy"].as_str().unwrap().contains("removed"));
    assert_eq!(
        town.account(&anna, &before).await.expect(200)["status"],
        "active"
    );
    let logged = "SELECT count(*) FROM audit_log WHERE action = 'app.removed'";
    assert_eq!(town.world.database.value(logged), 1);
    // Through the installation's, and it is whole again.
    assert_eq!(town.connect(&anna, "godwit_demo").await, id);
    assert_eq!(app_of(&town, &id), "x");
    assert_eq!(
        town.account(&anna, &id).await.expect(200)["status"],
        "active"
    );
}

#[tokio::test]
async fn another_client_id_is_another_app_and_a_new_secret_is_not() {
    let town = town();
    let anna = town.world.person("anna").await;
    ask(&town, &anna, "PUT", "", Some(all())).await.expect(200);
    let id = town.connect(&anna, "godwit_demo").await;
    let mut body = all();
    body["client_secret"] = json!("own-client-secret-9999");
    body["api_key"] = json!("another-consumer-key");
    ask(&town, &anna, "PUT", "", Some(body.clone()))
        .await
        .expect(200);
    body["client_id"] = json!("another-client-id");
    ask(&town, &anna, "PUT", "", Some(body.clone()))
        .await
        .refused(409, "app_in_use");
    assert_eq!(
        town.account(&anna, &id).await.expect(200)["status"],
        "active"
    );
    ask(&town, &anna, "PUT", "?force=true", Some(body))
        .await
        .expect(200);
    let account = town.account(&anna, &id).await.expect(200);
    assert_eq!(
        (&account["status"], &account["status_reason"]),
        (&json!("needs_reconnect"), &json!("app_replaced"))
    );
}
