use super::*;

#[test]
fn a_good_answer_is_202_with_nothing_in_it_and_the_verification_follows() {
    let mut world = World::new();
    let (ms, seen) = waited(world.subscribe(&[("hub.secret", SECRET)]));
    assert_eq!((ms, seen.status, seen.text.as_str()), (0, 202, ""));
    assert_eq!(seen.header("cache-control"), "no-cache");
    assert_eq!(seen.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(seen.header("server"), "Google Frontend");
    let verification = world.only();
    assert_eq!(verification.method, http::Method::GET);
    assert_eq!(parameter(&verification, "hub.mode").unwrap(), "subscribe");
    assert_eq!(
        parameter(&verification, "hub.topic").unwrap(),
        topic(DEMO_CHANNEL)
    );
    assert_eq!(
        parameter(&verification, "hub.lease_seconds").unwrap(),
        "432000"
    );
    assert_eq!(parameter(&verification, "hub.verify_token"), None);
    let challenge = parameter(&verification, "hub.challenge").unwrap();
    assert_eq!(challenge.len(), 20);
    assert!(challenge.bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(
        header(&verification, "user-agent").unwrap(),
        "FeedFetcher-Google; (+http://www.google.com/feedfetcher.html)"
    );
    assert_eq!(
        header(&verification, "from").unwrap(),
        "googlebot(at)googlebot.com"
    );
    world.answer(&verification, 200, &challenge);
    assert_eq!(
        world.tube.subscriptions(world.now)[0].expires_ms,
        START + 5 * DAY
    );
}

#[test]
fn nothing_but_the_challenge_and_2xx_is_a_yes() {
    for (status, answer) in [
        (200, None),
        (404, Some("")),
        (302, Some("")),
        (500, Some("")),
        (200, Some("\n")),
        (200, Some("x")),
    ] {
        let mut world = World::new();
        world.subscribe(&[]);
        let verification = world.only();
        let challenge = parameter(&verification, "hub.challenge").unwrap();
        let body = answer.map_or_else(String::new, |more| challenge.clone() + more);
        world.answer(&verification, status, &body);
        assert!(
            world.tube.subscriptions(world.now).is_empty(),
            "{status} {answer:?}"
        );
    }
    let mut world = World::new();
    world.subscribe(&[]);
    let verification = world.only();
    world.tube.answered(world.now, verification.id, None, b"");
    assert!(world.tube.subscriptions(world.now).is_empty());
    world.subscribe(&[]);
    let verification = world.only();
    let challenge = parameter(&verification, "hub.challenge").unwrap();
    world.answer(&verification, 204, &challenge);
    assert_eq!(world.tube.subscriptions(world.now).len(), 1, "any 2xx");
}

#[test]
fn what_is_malformed_gets_a_fast_400_with_a_reason_in_any_mood() {
    let long = "x".repeat(200);
    let wrong: [&[(&str, &str)]; 12] = [
        &[("hub.callback", "")],
        &[("hub.callback", "/hooks")],
        &[("hub.callback", "ftp://example.com/")],
        &[("hub.callback", "https://example.com/#part")],
        &[("hub.topic", "")],
        &[("hub.topic", "videos")],
        &[("hub.mode", "publish")],
        &[("hub.secret", &long)],
        &[("hub.lease_seconds", "0")],
        &[("hub.lease_seconds", "-5")],
        &[("hub.lease_seconds", "1.5")],
        &[("hub.verify", "maybe")],
    ];
    for mood in [Mood::Healthy, Mood::Outage] {
        for more in wrong {
            let mut world = World::with_hub(HubSettings {
                mood,
                ..HubSettings::default()
            });
            let (ms, seen) = waited(world.subscribe(more));
            assert_eq!((ms, seen.status), (0, 400), "{more:?}");
            assert!(!seen.text.is_empty());
            assert!(world.due().is_empty());
        }
    }
    let mut world = World::new();
    let seen = world.ask(
        "POST",
        "/subscribe",
        &[("content-type", "application/json")],
    );
    assert_eq!(seen.status, 400);
    world.tube.settings.hub.strict_ports = true;
    let callback = [("hub.callback", "https://example.com:8787/")];
    assert_eq!(waited(world.subscribe(&callback)).1.status, 400);
}

#[test]
fn both_addresses_take_it_and_a_get_is_a_page() {
    let mut world = World::new();
    for path in ["/subscribe", "/"] {
        let pairs = [
            ("hub.callback", CALLBACK),
            ("hub.mode", "subscribe"),
            ("hub.topic", &topic(DEMO_CHANNEL)),
        ];
        assert_eq!(waited(world.form(path, &pairs)).1.status, 202);
        assert_eq!(world.get(path).status, 200);
    }
}

#[test]
fn a_lease_is_what_was_asked_for_up_to_ten_days() {
    for (asked, granted) in [
        ("3600", 3600),
        ("864000", 864_000),
        ("99999999999999999999", 864_000),
    ] {
        let mut world = World::new();
        world.subscribe(&[("hub.lease_seconds", asked)]);
        world.confirm();
        let now = world.now;
        assert_eq!(world.tube.subscriptions(now)[0].lease_s, granted);
        world.now += granted * 1000;
        world.publish(Video::short("too late"));
        assert!(world.due().is_empty(), "a lease that is over is silent");
    }
}

#[test]
fn the_lease_counts_from_the_confirmation() {
    let mut world = World::new();
    world.subscribe(&[]);
    let verification = world.only();
    world.now += MINUTE;
    let challenge = parameter(&verification, "hub.challenge").unwrap();
    world.answer(&verification, 200, &challenge);
    let now = world.now;
    assert_eq!(world.tube.subscriptions(now)[0].expires_ms, now + 5 * DAY);
}

#[test]
fn the_outage_stalls_for_20_seconds_and_then_says_503_in_these_words() {
    let mut world = World::with_hub(HubSettings {
        mood: Mood::Outage,
        accepted_share: 0.0,
        verified_share: 0.0,
        ..HubSettings::default()
    });
    let (ms, seen) = waited(world.subscribe(&[]));
    assert_eq!((ms, seen.status), (20_200, 503));
    assert_eq!(seen.text, "Transient error; please try again later");
    assert_eq!(seen.text.len(), 39);
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("content-type", "text/plain; charset=utf-8"),
        ("retry-after", "120"),
        ("server", "Google Frontend"),
    ] {
        assert_eq!(seen.header(name), value);
    }
    assert_eq!(world.tube.next_at(), None);
}

#[test]
fn a_503_is_no_proof_of_failure() {
    let mut world = World::with_hub(HubSettings {
        mood: Mood::Outage,
        accepted_share: 0.0,
        verified_share: 1.0,
        ..HubSettings::default()
    });
    assert_eq!(waited(world.subscribe(&[])).1.status, 503);
    world.now += 20_200 + 120_000 - 1;
    assert!(world.due().is_empty());
    world.now += 1;
    world.confirm();
    assert_eq!(world.tube.subscriptions(world.now).len(), 1);
}

#[test]
fn an_outage_accepts_a_share_and_verifies_a_share_of_the_rest() {
    let mut world = World::with_hub(HubSettings {
        mood: Mood::Outage,
        ..HubSettings::default()
    });
    for _ in 0..2000 {
        world.subscribe(&[]);
    }
    let accepted = world.tube.counts().subscriptions_accepted;
    assert!(
        (60..140).contains(&accepted),
        "{accepted} of 2000, 5 % expected"
    );
    let at_once = world.due().len();
    world.now += HOUR;
    let later = world.due().len();
    assert_eq!(at_once as u64, accepted);
    assert!(
        (130..250).contains(&later),
        "{later} of about 1900, 10 % expected"
    );
}

#[test]
fn living_leases_outlive_the_outage() {
    let mut world = World::new();
    world.subscribed();
    world.tube.settings.hub.mood = Mood::Outage;
    world.publish(Video::short("still"));
    assert_eq!(world.due().len(), 1);
}

#[test]
fn silence_accepts_and_never_verifies() {
    let mut world = World::with_hub(HubSettings {
        mood: Mood::Silent,
        ..HubSettings::default()
    });
    assert_eq!(waited(world.subscribe(&[])).1.status, 202);
    assert_eq!(world.tube.next_at(), None);
}

#[test]
fn a_denial_gives_its_reason_and_asks_for_nothing() {
    let mut world = World::new();
    world.subscribed();
    world.tube.settings.hub.mood = Mood::Denies;
    assert_eq!(waited(world.subscribe(&[])).1.status, 202);
    let denial = world.only();
    assert_eq!(parameter(&denial, "hub.mode").unwrap(), "denied");
    assert_eq!(
        parameter(&denial, "hub.topic").unwrap(),
        topic(DEMO_CHANNEL)
    );
    assert_eq!(
        parameter(&denial, "hub.reason").unwrap(),
        "Restricted topic"
    );
    assert_eq!(parameter(&denial, "hub.challenge"), None);
    world.answer(&denial, 200, "");
    assert!(world.tube.subscriptions(world.now).is_empty());
}

#[test]
fn a_denial_may_come_at_any_time() {
    let mut world = World::new();
    world.subscribed();
    world.now += DAY;
    assert_eq!(world.tube.deny(world.now, "@godwit", ""), 1);
    let denial = world.only();
    assert_eq!(parameter(&denial, "hub.mode").unwrap(), "denied");
    assert_eq!(parameter(&denial, "hub.reason"), None);
    world.publish(Video::short("unheard"));
    assert!(world.due().is_empty());
}

#[test]
fn a_verification_may_come_before_the_answer_or_long_after() {
    let mut world = World::with_hub(HubSettings {
        verifies: Verifies::Before,
        ..HubSettings::default()
    });
    assert_eq!(waited(world.subscribe(&[])).0, 300);
    assert_eq!(world.due().len(), 1, "the answer is still on its way");
    world.tube.settings.hub.verifies = Verifies::After;
    world.tube.settings.hub.answers_after = 300;
    world.tube.settings.hub.verifies_after = 5000;
    assert_eq!(waited(world.subscribe(&[])).0, 300);
    assert_eq!(world.tube.next_at(), Some(START + 5300));
}

#[test]
fn the_query_of_the_callback_stays_as_it_is() {
    let mut world = World::new();
    let callback = "https://example.com/hook?b=2&a=%2F+x";
    world.subscribe(&[("hub.callback", callback), ("hub.verify_token", "legacy")]);
    let verification = world.only();
    assert!(verification.url.starts_with(&format!("{callback}&hub.")));
    assert_eq!(
        parameter(&verification, "hub.verify_token").unwrap(),
        "legacy"
    );
    let challenge = parameter(&verification, "hub.challenge").unwrap();
    world.answer(&verification, 200, &challenge);
    world.publish(Video::short("x"));
    assert_eq!(world.only().url, callback);
}

#[test]
fn a_renewal_counts_once_it_is_verified_with_its_secret_and_its_lease() {
    let mut world = World::new();
    world.subscribed();
    world.now += DAY;
    let signed = |world: &mut World, secret: &str| {
        world.publish(Video::short("x"));
        let notice = world.only();
        let expected = Method::Sha1.sign(secret.as_bytes(), &notice.body);
        header(&notice, "x-hub-signature").unwrap() == expected
    };
    world.subscribe(&[("hub.secret", "another")]);
    let renewal = world.only();
    assert!(signed(&mut world, SECRET), "not yet");
    world.answer(&renewal, 404, "");
    assert!(
        signed(&mut world, SECRET),
        "a failed renewal leaves what was"
    );
    assert_eq!(
        world.tube.subscriptions(world.now)[0].expires_ms,
        START + 5 * DAY
    );
    world.subscribe(&[("hub.secret", "another")]);
    world.confirm();
    assert!(signed(&mut world, "another"));
    let rows = world.tube.subscriptions(world.now);
    assert_eq!((rows.len(), rows[0].expires_ms), (1, world.now + 5 * DAY));
}

#[test]
fn an_unsubscription_counts_once_it_is_verified() {
    let mut world = World::new();
    world.subscribed();
    for yes in [false, true] {
        world.subscribe(&[("hub.mode", "unsubscribe")]);
        let verification = world.only();
        assert_eq!(parameter(&verification, "hub.mode").unwrap(), "unsubscribe");
        let challenge = parameter(&verification, "hub.challenge").unwrap();
        world.answer(&verification, if yes { 200 } else { 404 }, &challenge);
        assert_eq!(world.tube.subscriptions(world.now).is_empty(), yes);
    }
}

#[test]
fn topics_are_compared_as_strings_and_two_forms_of_them_are_served() {
    let mut world = World::new();
    let older = topic(DEMO_CHANNEL).replace("/xml/", "/");
    let other = topic(DEMO_CHANNEL) + "&x=1";
    for (callback, topic) in [
        ("https://a.example/", &older),
        ("https://b.example/", &other),
    ] {
        world.subscribe_to(topic, &[("hub.callback", callback)]);
        world.confirm();
    }
    assert_eq!(world.tube.subscriptions(world.now).len(), 2);
    world.publish(Video::short("x"));
    let notice = world.only();
    assert_eq!(notice.url, "https://a.example/");
    assert!(
        header(&notice, "link")
            .unwrap()
            .starts_with(&format!("<{older}>; rel=self"))
    );
}

#[test]
fn the_hub_may_be_elsewhere() {
    let mut world = World::new();
    let location = "http://127.0.0.1:1/subscribe".to_owned();
    for status in [307, 308] {
        let location = location.clone();
        let redirect = Outage::new(On::Hub, Effect::Redirect { status, location });
        world.tube.begin(redirect.times(1));
        let (_, seen) = waited(world.subscribe(&[]));
        assert_eq!(seen.status, status);
        assert_eq!(seen.header("location"), "http://127.0.0.1:1/subscribe");
    }
    assert_eq!(world.tube.next_at(), None);
}
