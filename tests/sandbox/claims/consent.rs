use super::*;

const ASKED: [(&str, &str); 7] = [
    ("response_type", "code"),
    ("client_id", "sandbox-client"),
    ("redirect_uri", CALLBACK),
    (
        "scope",
        "tweet.read tweet.write users.read media.write offline.access",
    ),
    ("state", "s\"<b>&1"),
    ("code_challenge", VERIFIER),
    ("code_challenge_method", "plain"),
];

fn page(world: &mut World, pairs: &[(&str, &str)]) -> Seen {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let request = Request::get(format!("/i/oauth2/authorize?{query}"));
    world.answer(request.body(Vec::new()).unwrap())
}

fn decide(world: &mut World, username: &str, decision: &str) -> Seen {
    let mut pairs = ASKED.to_vec();
    pairs.extend([("username", username), ("decision", decision)]);
    world.form("/i/oauth2/authorize", &pairs)
}

/// `ASKED` with one parameter changed; empty takes it away.
fn with(name: &str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    ASKED
        .into_iter()
        .map(|pair| {
            if pair.0 == name {
                (pair.0, value)
            } else {
                pair
            }
        })
        .filter(|pair| !pair.1.is_empty())
        .collect()
}

fn returned(seen: &Seen) -> Vec<(String, String)> {
    assert_eq!(seen.status, 302, "{}", seen.text);
    let location = seen.header("location");
    let query = location.strip_prefix(CALLBACK).unwrap();
    let query = query.strip_prefix('?').unwrap();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

#[test]
fn the_page_names_the_app_the_users_and_the_scopes_in_words() {
    let seen = page(&mut World::new(), &ASKED);
    assert_eq!(seen.status, 200);
    for words in [
        "Godwit wants",
        "@second_bird",
        "Post and repost for you.",
        "Authorize app",
        "Cancel",
    ] {
        assert!(seen.text.contains(words), "{words}");
    }
}

#[test]
fn what_a_client_sends_is_escaped_on_the_page() {
    let seen = page(&mut World::new(), &ASKED);
    assert!(seen.text.contains("s&quot;&lt;b&gt;&amp;1"));
    assert!(!seen.text.contains("<b>&1"));
}

#[test]
fn agreeing_returns_a_code_and_the_state_as_it_was() {
    let mut world = World::new();
    let returned = returned(&decide(&mut world, "second_bird", "authorize"));
    assert_eq!(returned[0], ("state".into(), "s\"<b>&1".into()));
    assert_eq!(returned[1].0, "code");
}

#[test]
fn a_code_becomes_tokens_of_the_user_who_agreed() {
    let mut world = World::new();
    let code = returned(&decide(&mut world, "second_bird", "authorize"))[1]
        .1
        .clone();
    let tokens = world.form(
        "/2/oauth2/token",
        &[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("client_id", "sandbox-client"),
        ],
    );
    assert_eq!(tokens.status, 200, "{:?}", tokens.body);
    world.access = tokens.at("/access_token").into();
    assert_eq!(world.get("/2/users/me").at("/data/username"), "second_bird");
}

#[test]
fn refusing_returns_access_denied_and_the_state() {
    let returned = returned(&decide(&mut World::new(), "godwit_demo", "cancel"));
    assert_eq!(returned[0].1, "s\"<b>&1");
    assert_eq!(returned[1], ("error".into(), "access_denied".into()));
}

#[test]
fn an_unknown_callback_is_shown_and_never_redirected_to() {
    // One slash more is another callback.
    let asked = with(
        "redirect_uri",
        "http://127.0.0.1:8787/api/v1/connections/x/callback/",
    );
    let seen = page(&mut World::new(), &asked);
    assert_eq!(seen.status, 415);
    assert!(
        seen.text
            .contains("Callback URL not approved for this client application.")
    );
    assert_eq!(seen.header("location"), "");
}

#[test]
fn a_request_that_is_not_in_order_is_not_shown() {
    let long: &'static str = Box::leak("s".repeat(501).into_boxed_str());
    let wrong = [
        ("response_type", "token"),
        ("client_id", "another"),
        ("scope", "tweet.read tweet.fly"),
        ("scope", "tweet"),
        ("scope", ""),
        ("state", ""),
        ("state", long),
        ("code_challenge", ""),
        ("code_challenge_method", ""),
        ("code_challenge_method", "s256"),
    ];
    for (name, value) in wrong {
        let seen = page(&mut World::new(), &with(name, value));
        assert_eq!(seen.status, 400, "{name}={value}");
        assert_eq!(seen.header("location"), "");
    }
    let longest: &'static str = Box::leak("s".repeat(500).into_boxed_str());
    assert_eq!(page(&mut World::new(), &with("state", longest)).status, 200);
}

#[test]
fn a_decision_by_nobody_or_without_a_choice_is_refused() {
    assert_eq!(decide(&mut World::new(), "nobody", "authorize").status, 400);
    assert_eq!(decide(&mut World::new(), "godwit_demo", "").status, 400);
}
