//! Addresses and methods that are not there, and who may call from a browser.

use super::{Ground, name, problem, table, whole};
use crate::support::world::BASE_URL;
use crate::support::{Answer, World};
use axum::body::Body;
use godwit::http::openapi::document;
use http::{HeaderName, Method, Request};
use std::collections::{BTreeMap, BTreeSet};

const ALLOWED: &str = "https://app.test";

async fn at(world: &World, method: &str, uri: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(format!("{BASE_URL}{uri}"));
    world.serve(request.body(Body::empty()).unwrap()).await
}

/// Every address of the table with an id in it, and its methods.
fn addresses(ground: &Ground) -> BTreeMap<String, BTreeSet<Method>> {
    let mut all = BTreeMap::<_, BTreeSet<_>>::new();
    for route in table() {
        let base = if route.is_at_the_root { "" } else { "/api/v1" };
        let address = format!("{base}{}", Ground::address(&route, &ground.ours));
        all.entry(address).or_default().insert(route.method.clone());
    }
    all
}

#[tokio::test]
async fn what_is_not_an_address_is_a_problem() {
    let world = World::new();
    let long = format!("/api/v1/{}", "a".repeat(60_000));
    let many = format!("/api/v1{}", "/a".repeat(10_000));
    for uri in [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v2/posts",
        "/api/v1/post",
        "/api/v1/Posts",
        "/api/v1/posts/",
        "/api/v1//posts",
        "/api/v1/posts/a/b",
        "/api/v1/posts/a/retry/",
        "/api/v1/accounts/a/tokens",
        "/posts",
        "/me",
        "/openapi.json",
        "/api/v1/%70osts",
        "/api/v1/posts%2F",
        "/api/v1/posts;v=1",
        "/api/v1/../v1/me",
        "/api/v1/%2e%2e/me",
        "/api/v1/connections/y/authorize",
        "/.git/config",
        "/api/v1/%FF",
        "/api/v1/%00",
        "/api/v1/%zz",
        &long,
        &many,
    ] {
        for method in ["GET", "POST", "DELETE", "BREW"] {
            let answer = at(&world, method, uri).await;
            problem(
                &format!("{method} {uri:.60}"),
                &answer,
                404,
                "no_such_route",
            );
        }
    }
}

#[tokio::test]
async fn a_bad_escape_in_an_id_is_a_problem() {
    let ground = Ground::new().await;
    for route in table()
        .into_iter()
        .filter(|route| route.path.contains("{id}"))
    {
        let good = ground.good(&route).await;
        let before = ground.traces();
        for escape in ["%FF%FE", "post_%FF", "%C0%AF", "%ED%A0%80", "%E2%82"] {
            let asked = good.clone().at(route.path.replace("{id}", escape));
            let answer = ground.send(asked).await;
            let what = format!("{} with {escape}", name(&route));
            assert_eq!(answer.status, 404, "{what}: {}", answer.json);
            whole(&what, &answer);
        }
        for escape in ["%", "%z", "%zz", "%2"] {
            let asked = good.clone().at(route.path.replace("{id}", escape));
            let answer = ground.send(asked).await;
            problem(
                &format!("{} with {escape}", name(&route)),
                &answer,
                404,
                "not_found",
            );
        }
        assert_eq!(ground.traces(), before, "{}", name(&route));
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones() {
    let ground = Ground::new().await;
    let before = ground.traces();
    for (address, methods) in addresses(&ground) {
        let mut expected: BTreeSet<_> = methods.iter().map(Method::as_str).collect();
        if expected.contains("GET") {
            expected.insert("HEAD");
        }
        for method in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW",
            "get",
        ] {
            if expected.contains(method) {
                continue;
            }
            let what = format!("{method} {address}");
            let answer = at(ground.world(), method, &address).await;
            assert_eq!(answer.status, 405, "{what}: {}", answer.json);
            let allow: BTreeSet<_> = answer.header("allow").split(',').map(str::trim).collect();
            assert_eq!(allow, expected, "{what}");
            if method != "HEAD" {
                problem(&what, &answer, 405, "method_not_allowed");
            }
        }
    }
    assert_eq!(ground.traces(), before);
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    for route in table()
        .into_iter()
        .filter(|route| route.method == Method::GET)
    {
        let ground = Ground::new().await;
        let mut asked = ground.good(&route).await;
        // What works once cannot be asked twice.
        if route.path.ends_with("/callback") {
            asked = asked.at(route.path);
        }
        let get = ground.send(asked.clone()).await;
        asked.method = "HEAD".to_owned();
        let head = ground.send(asked).await;
        assert_eq!(head.status, get.status, "{}", name(&route));
        assert!(head.json.is_null(), "{}: {}", name(&route), head.json);
        assert_eq!(
            head.header("content-type"),
            get.header("content-type"),
            "{}",
            name(&route)
        );
    }
}

#[tokio::test]
async fn health_is_also_where_monitors_look_for_it() {
    let world = World::new();
    for uri in ["/health", "/api/v1/health"] {
        assert_eq!(at(&world, "GET", uri).await.expect(200)["status"], "ok");
    }
    problem(
        "POST /health",
        &at(&world, "POST", "/health").await,
        405,
        "method_not_allowed",
    );
}

fn cors(answer: &Answer) -> Vec<&HeaderName> {
    let of_cors = |name: &&HeaderName| name.as_str().starts_with("access-control-");
    answer.headers.keys().filter(of_cors).collect()
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_read_every_answer_and_no_other_page_any() {
    for route in table() {
        let ground = Ground::new().await;
        let good = ground.good(&route).await;
        for asked in [good.clone().nobody(), good] {
            for origin in [
                "https://app.test.evil.test",
                "https://evil.test",
                "http://app.test",
                "https://app.test:8443",
                "https://app.test/",
                "HTTPS://APP.TEST",
                "null",
                "*",
                "",
            ] {
                // Refused before anything happens, or asked for twice: what matters here are the headers.
                let answer = ground
                    .send(asked.clone().header("origin", origin.as_bytes()))
                    .await;
                assert_eq!(
                    cors(&answer),
                    Vec::<&HeaderName>::new(),
                    "{} from {origin}",
                    name(&route)
                );
                assert_eq!(answer.header("vary"), "Origin", "{}", name(&route));
            }
            let answer = ground
                .send(asked.clone().header("origin", ALLOWED.as_bytes()))
                .await;
            assert_eq!(
                answer.header("access-control-allow-origin"),
                ALLOWED,
                "{}",
                name(&route)
            );
            // Never by cookie.
            assert!(
                !answer
                    .headers
                    .contains_key("access-control-allow-credentials")
            );
            let answer = ground.send(asked).await;
            assert_eq!(cors(&answer), Vec::<&HeaderName>::new(), "{}", name(&route));
        }
    }
}

#[tokio::test]
async fn a_preflight_allows_what_the_document_names() {
    let ground = Ground::new().await;
    let document = document();
    let words = |answer: &Answer, header: &str| -> BTreeSet<String> {
        let words = answer.header(header).to_ascii_lowercase();
        words
            .split(',')
            .map(|word| word.trim().to_owned())
            .collect()
    };
    let before = ground.traces();
    // No page calls what is at the root.
    for route in table().into_iter().filter(|route| !route.is_at_the_root) {
        let base = "/api/v1";
        let uri = format!("{base}{}", Ground::address(&route, &ground.ours));
        let preflight = |origin: &str| {
            let request = Request::builder()
                .method("OPTIONS")
                .uri(format!("{BASE_URL}{uri}"))
                .header("origin", origin)
                .header("access-control-request-method", route.method.as_str())
                .header(
                    "access-control-request-headers",
                    "authorization,content-type",
                );
            ground.world().serve(request.body(Body::empty()).unwrap())
        };
        let answer = preflight(ALLOWED).await;
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (204, ALLOWED)
        );
        let methods = words(&answer, "access-control-allow-methods");
        assert!(
            methods.contains(&route.method.as_str().to_lowercase()),
            "{}",
            name(&route)
        );
        let allowed = words(&answer, "access-control-allow-headers");
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let mut sent = vec![
            "authorization".to_owned(),
            "content-type".to_owned(),
            "x-workspace".to_owned(),
        ];
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.map(|one| match one["$ref"].as_str() {
            Some(reference) => document.pointer(&reference[1..]).unwrap(),
            None => one,
        });
        let headers = parameters.filter(|one| one["in"] == "header");
        sent.extend(headers.map(|one| one["name"].as_str().unwrap().to_ascii_lowercase()));
        for header in sent {
            assert!(allowed.contains(&header), "{}: {header}", name(&route));
        }
        let exposed = words(&answer, "access-control-expose-headers");
        let mut shown = operation["responses"].to_string();
        shown.push_str(&document["components"]["responses"].to_string());
        for header in [
            "X-Request-Id",
            "Link",
            "Location",
            "Retry-After",
            "Idempotency-Replayed",
            "Preference-Applied",
            "WWW-Authenticate",
        ] {
            let named = shown.contains(&format!("\"{header}\":"));
            assert!(
                !named || exposed.contains(&header.to_ascii_lowercase()),
                "{header}"
            );
        }
        assert_eq!(
            cors(&preflight("https://evil.test").await),
            Vec::<&HeaderName>::new()
        );
    }
    assert_eq!(ground.traces(), before);
}
