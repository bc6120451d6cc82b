//! OAuth 1.0a, app-only tokens, and the exchange of one for the other.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::*;
use crate::sandbox::{
    apps::Permissions,
    call::Call,
    sha1,
    signature::{Header, encode},
};

const HOST: &str = "https://api.x.com";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A request that is signed, or would be.
struct Signing<'a> {
    method: &'a str,
    path: &'a str,
    token: (&'a str, &'a str),
    more: Vec<(&'a str, &'a str)>,
    nonce: &'a str,
    at_s: i64,
    secret: &'a str,
}

impl<'a> Signing<'a> {
    fn new(method: &'a str, path: &'a str, token: (&'a str, &'a str)) -> Self {
        Self {
            method,
            path,
            token,
            more: Vec::new(),
            nonce: "nonce-1",
            at_s: START / 1000,
            secret: "consumer-secret",
        }
    }

    fn request(&self, body: &str) -> Request<Vec<u8>> {
        let (address, query) = self.path.split_once('?').unwrap_or((self.path, ""));
        let at = self.at_s.to_string();
        let mut header = vec![
            ("oauth_consumer_key", "consumer-key"),
            ("oauth_nonce", self.nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &at),
            ("oauth_version", "1.0"),
        ];
        if !self.token.0.is_empty() {
            header.push(("oauth_token", self.token.0));
        }
        header.extend(&self.more);
        let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let in_header = header
            .iter()
            .map(|(name, value)| (encode(name), encode(value)));
        let in_query = query
            .iter()
            .map(|(name, value)| (encode(name), encode(value)));
        let mut all: Vec<(String, String)> = in_header.chain(in_query).collect();
        all.sort();
        let pairs: Vec<String> = all
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let base = format!(
            "{}&{}&{}",
            self.method,
            encode(&format!("{HOST}{address}")),
            encode(&pairs.join("&"))
        );
        let key = format!("{}&{}", encode(self.secret), encode(self.token.1));
        let signature = STANDARD.encode(sha1::hmac(key.as_bytes(), base.as_bytes()));
        header.push(("oauth_signature", &signature));
        let written: Vec<String> = header
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", encode(value)))
            .collect();
        Request::builder()
            .method(self.method)
            .uri(format!("{HOST}{}", self.path))
            .header("authorization", format!("OAuth {}", written.join(", ")))
            .header("content-type", "application/json")
            .body(body.into())
            .unwrap()
    }
}

fn settings() -> Settings {
    Settings {
        consumer_key: Some("consumer-key".into()),
        consumer_secret: Some("consumer-secret".into()),
        ..Settings::default()
    }
}

/// A world with an OAuth 1.0a token for `@godwit_demo`, and its secret.
fn world() -> (World, String, String) {
    let mut world = World::with(settings());
    let (token, secret) = world.x.grant_oauth1(0, "godwit_demo").unwrap();
    (world, token, secret)
}

fn code(seen: &Seen) -> (u16, u64) {
    (
        seen.status,
        seen.body["errors"][0]["code"].as_u64().unwrap_or(0),
    )
}

#[test]
fn the_published_example_is_signed_well() {
    let authorization = |signature: &str| {
        format!(
            "OAuth oauth_consumer_key=\"xvz1evFS4wEEPTGEFPHBog\", \
             oauth_nonce=\"kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg\", oauth_signature=\"{signature}\", \
             oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"1318622958\", \
             oauth_token=\"370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb\", oauth_version=\"1.0\""
        )
    };
    for (host, signature) in [
        ("api.x.com", "Ls93hJiZbQ3akF3HF3x1Bz8%2FzU4%3D"),
        ("api.twitter.com", "hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"),
    ] {
        let request = Request::post(format!(
            "https://{host}/1.1/statuses/update.json?include_entities=true"
        ))
        .header("authorization", authorization(signature))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(
            b"status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21"
                .to_vec(),
        );
        let call = Call::read(0, request.unwrap());
        let header = Header::read(&call).unwrap();
        let consumer = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw";
        let token = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE";
        assert!(header.is_signed_by(&call, consumer, token), "{host}");
        assert!(!header.is_signed_by(&call, consumer, "another"), "{host}");
    }
}

#[test]
fn a_signed_request_posts_and_reads() {
    let (mut world, token, secret) = world();
    let token = (token.as_str(), secret.as_str());
    let body = json!({"text": "signed"}).to_string();
    let seen = world.answer(Signing::new("POST", "/2/tweets", token).request(&body));
    assert_eq!(seen.status, 201, "{:?}", seen.body);
    let path = "/2/users/search?query=godwit%20d&max_results=5";
    let mut signing = Signing::new("GET", path, token);
    signing.nonce = "a nonce, with / and +";
    assert_eq!(
        world.answer(signing.request("")).at("/data/0/username"),
        "godwit_demo"
    );
    assert_eq!(
        world.x.requests()[0].username.as_deref(),
        Some("godwit_demo")
    );
}

#[test]
fn what_is_not_signed_to_the_letter_is_not_authenticated() {
    let (mut world, token, secret) = world();
    let token = (token.as_str(), secret.as_str());
    let good = || Signing::new("GET", "/2/users/me", token);
    let mut wrong_secret = good();
    wrong_secret.secret = "another";
    let mut wrong_token_secret = good();
    wrong_token_secret.token.1 = "another";
    for signing in [wrong_secret, wrong_token_secret] {
        assert_eq!(code(&world.answer(signing.request(""))), (401, 32));
    }
    // Signed for another address, and with a space as a plus.
    let mut moved = good().request("");
    *moved.uri_mut() = format!("{HOST}/2/users/1001").parse().unwrap();
    assert_eq!(code(&world.answer(moved)), (401, 32));
    let mut plus = good();
    plus.nonce = "a b";
    let mut plus = plus.request("");
    let header = plus.headers()["authorization"]
        .to_str()
        .unwrap()
        .replace("%20", "+");
    plus.headers_mut()
        .insert("authorization", header.parse().unwrap());
    assert_eq!(code(&world.answer(plus)), (401, 32));
    // What the encoding stands for is signed well; the encoding is not RFC 3986's.
    let mut lower = good();
    lower.nonce = "a/b";
    let mut lower = lower.request("");
    let header = lower.headers()["authorization"]
        .to_str()
        .unwrap()
        .replace("a%2Fb", "a%2fb");
    lower
        .headers_mut()
        .insert("authorization", header.parse().unwrap());
    assert_eq!(code(&world.answer(lower)), (401, 32));
    let unknown = Signing::new("GET", "/2/users/me", ("1001-x", ""));
    assert_eq!(code(&world.answer(unknown.request(""))), (401, 89));
    assert_eq!(world.answer(good().request("")).status, 200);
}

#[test]
fn a_nonce_counts_once_and_a_time_for_five_minutes() {
    let (mut world, token, secret) = world();
    let mut signing = Signing::new("GET", "/2/users/me", (&token, &secret));
    assert_eq!(world.answer(signing.request("")).status, 200);
    assert_eq!(code(&world.answer(signing.request(""))), (401, 32));
    world.now += 300_000;
    assert_eq!(
        code(&world.answer(signing.request(""))),
        (401, 32),
        "still known"
    );
    signing.nonce = "nonce-2";
    assert_eq!(world.answer(signing.request("")).status, 200);
    world.now += 1000;
    signing.nonce = "nonce-3";
    assert_eq!(code(&world.answer(signing.request(""))), (401, 135));
}

#[test]
fn three_legs_lead_to_a_token() {
    let mut world = World::with(settings());
    let mut asking = Signing::new("POST", "/oauth/request_token", ("", ""));
    asking.more = vec![("oauth_callback", CALLBACK)];
    let seen = world.answer(asking.request(""));
    let get = |seen: &Seen, name: &str| {
        let mut pairs = form_urlencoded::parse(seen.text.as_bytes());
        pairs.find(|(key, _)| key == name).unwrap().1.into_owned()
    };
    assert_eq!(get(&seen, "oauth_callback_confirmed"), "true");
    let (token, secret) = (get(&seen, "oauth_token"), get(&seen, "oauth_token_secret"));
    assert!(
        world
            .get(&format!("/oauth/authorize?oauth_token={token}"))
            .text
            .contains("second_bird")
    );
    let pairs = [
        ("oauth_token", &token[..]),
        ("username", "second_bird"),
        ("decision", "authorize"),
    ];
    let location = world
        .form("/oauth/authorize", &pairs)
        .header("location")
        .to_owned();
    assert!(location.starts_with(&format!("{CALLBACK}?oauth_token={token}")));
    let verifier = location.split_once("oauth_verifier=").unwrap().1;
    let mut getting = Signing::new("POST", "/oauth/access_token", (&token, &secret));
    getting.nonce = "nonce-2";
    getting.more = vec![("oauth_verifier", verifier)];
    let seen = world.answer(getting.request(""));
    assert_eq!(
        (get(&seen, "screen_name"), get(&seen, "user_id")),
        ("second_bird".into(), "1002".into())
    );
    let (token, secret) = (get(&seen, "oauth_token"), get(&seen, "oauth_token_secret"));
    getting.nonce = "nonce-3";
    assert_eq!(code(&world.answer(getting.request(""))), (401, 89), "used");
    let mut reading = Signing::new("GET", "/2/users/me", (&token, &secret));
    reading.nonce = "nonce-4";
    assert_eq!(
        world.answer(reading.request("")).at("/data/username"),
        "second_bird"
    );
    let mut ending = Signing::new("POST", "/1.1/oauth/invalidate_token", (&token, &secret));
    ending.nonce = "nonce-5";
    assert_eq!(world.answer(ending.request("")).at("/access_token"), token);
    reading.nonce = "nonce-6";
    assert_eq!(code(&world.answer(reading.request(""))), (401, 89));
}

#[test]
fn a_callback_must_be_known_and_a_refusal_is_told() {
    let mut world = World::with(settings());
    let mut asking = Signing::new("POST", "/oauth/request_token", ("", ""));
    asking.more = vec![("oauth_callback", "https://evil.example")];
    assert_eq!(code(&world.answer(asking.request(""))), (403, 415));
    asking.more = vec![("oauth_callback", CALLBACK)];
    asking.nonce = "nonce-2";
    let text = world.answer(asking.request("")).text;
    let token = text.split(['=', '&']).nth(1).unwrap();
    let pairs = [
        ("oauth_token", token),
        ("username", "second_bird"),
        ("decision", "cancel"),
    ];
    let location = world
        .form("/oauth/authorize", &pairs)
        .header("location")
        .to_owned();
    assert_eq!(location, format!("{CALLBACK}?denied={token}"));
}

#[test]
fn each_endpoint_takes_the_tokens_of_its_table() {
    let (mut world, token, secret) = world();
    let token = (token.as_str(), secret.as_str());
    for path in ["/2/trends/by/woeid/1", "/2/usage/credits"] {
        let mut signing = Signing::new("GET", path, token);
        signing.nonce = path;
        let seen = world.answer(signing.request(""));
        assert_eq!(seen.status, 403, "{path}");
        assert!(
            seen.at("/detail")
                .starts_with("Authenticating with OAuth 1.0a User Context is forbidden")
        );
    }
    let body = json!({"tweet_id": "1"}).to_string();
    let signing = Signing::new("POST", "/2/users/1001/bookmarks", token);
    assert_eq!(world.answer(signing.request(&body)).status, 403);
}

#[test]
fn an_app_that_only_reads_does_not_write() {
    let mut world = World::with(Settings {
        permissions: Permissions::Read,
        ..settings()
    });
    let (token, secret) = world.x.grant_oauth1(0, "godwit_demo").unwrap();
    let signing = Signing::new("POST", "/2/tweets", (&token, &secret));
    let seen = world.answer(signing.request(&json!({"text": "a"}).to_string()));
    assert_eq!(seen.status, 403);
    assert!(seen.at("/type").ends_with("/problems/oauth1-permissions"));
}

#[test]
fn an_app_gets_its_one_token_until_it_is_invalidated() {
    let mut world = World::with(settings());
    let basic = format!("Basic {}", STANDARD.encode("consumer-key:consumer-secret"));
    let ask = |world: &mut World, path: &str, pairs: &[(&str, &str)], basic: &str| {
        world.answer(form(path, pairs, Some(basic)))
    };
    let grant = [("grant_type", "client_credentials")];
    let seen = ask(&mut world, "/oauth2/token", &grant, &basic);
    assert_eq!(
        seen.body,
        json!({"token_type": "bearer", "access_token": "sandbox-app-only"})
    );
    let ended = [("access_token", "sandbox-app-only")];
    assert_eq!(
        ask(&mut world, "/oauth2/invalidate_token", &ended, &basic).status,
        200
    );
    world.access = "sandbox-app-only".into();
    assert_eq!(world.get("/2/tweets/1").status, 401);
    let token = ask(&mut world, "/oauth2/token", &grant, &basic)
        .at("/access_token")
        .to_owned();
    assert_eq!(
        ask(&mut world, "/oauth2/token", &grant, &basic).at("/access_token"),
        token
    );
    world.access = token;
    assert_eq!(world.get("/2/tweets/1").status, 200);
    let wrong = format!("Basic {}", STANDARD.encode("consumer-key:wrong"));
    assert_eq!(
        code(&ask(&mut world, "/oauth2/token", &grant, &wrong)),
        (403, 99)
    );
}

#[test]
fn an_oauth1_token_is_exchanged_and_a_repeat_ends_the_pair_before() {
    let (mut world, token, secret) = world();
    let pairs = |scope: &'static str| {
        vec![
            ("grant_type", EXCHANGE),
            ("subject_token", token.as_str()),
            (
                "subject_token_type",
                "urn:x:params:oauth:token-type:oauth1_token",
            ),
            ("oauth_token_secret", secret.as_str()),
            ("client_id", "sandbox-client"),
            ("scope", scope),
        ]
    };
    let first = world.form("/2/oauth2/token", &pairs(""));
    let scopes: Vec<&str> = first.at("/scope").split(' ').collect();
    assert!(scopes.contains(&"media.write") && scopes.contains(&"offline.access"));
    assert!(!scopes.contains(&"dm.read") && !scopes.contains(&"bookmark.write"));
    world.access = first.at("/access_token").into();
    assert_eq!(world.say("exchanged").status, 201);
    let second = world.form("/2/oauth2/token", &pairs("tweet.read"));
    assert_eq!(second.at("/scope"), "tweet.read offline.access");
    assert_eq!(world.get("/2/users/me").status, 401);
    assert_eq!(world.refresh(first.at("/refresh_token")).status, 400);
    let wide = world.form("/2/oauth2/token", &pairs("dm.read"));
    assert_eq!((wide.status, wide.at("/error")), (400, "invalid_scope"));
    world.x.revoke_user("godwit_demo");
    let dead = world.form("/2/oauth2/token", &pairs(""));
    assert_eq!((dead.status, dead.at("/error")), (400, "invalid_grant"));
}
