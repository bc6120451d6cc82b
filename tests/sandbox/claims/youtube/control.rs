use serde_json::json;

use super::*;

fn post(world: &mut World, name: &str, body: &Value) -> Seen {
    let request = Request::builder()
        .method("POST")
        .uri(format!("/_sandbox/{name}"))
        .body(body.to_string().into_bytes());
    let reply = world.send(request.unwrap());
    seen(reply.answer().unwrap())
}

fn get(world: &mut World, name: &str) -> Value {
    world.get(&format!("/_sandbox/{name}")).body
}

#[test]
fn channels_and_videos_are_made_and_listed() {
    let mut world = World::new();
    let channel = post(
        &mut world,
        "channels",
        &json!({"handle": "@new", "title": "New"}),
    );
    assert_eq!(channel.status, 201);
    assert_eq!(
        (channel.at("/id").len(), channel.at("/handle")),
        (24, "new")
    );
    let again = post(
        &mut world,
        "channels",
        &json!({"handle": "NEW", "title": "New"}),
    );
    assert_eq!(again.status, 400);
    let video = post(
        &mut world,
        "videos",
        &json!({"channel": "@new", "title": "Fast"}),
    );
    assert_eq!(video.status, 201);
    let videos = get(&mut world, "videos");
    assert_eq!(videos["videos"][0]["id"], video.at("/id"));
    assert_eq!(videos["videos"][0]["kind"], "short");
    assert_eq!(videos["videos"][0]["channel"], channel.at("/id"));
    assert_eq!(
        get(&mut world, "channels")["channels"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    for wrong in [
        json!({"channel": "@nobody"}),
        json!({"title": "x"}),
        json!({"channel": "@new", "titel": "x"}),
        json!({"channel": "@new", "kind": "film"}),
    ] {
        assert_eq!(post(&mut world, "videos", &wrong).status, 400, "{wrong}");
    }
}

#[test]
fn videos_are_changed_and_what_does_not_exist_is_not() {
    let mut world = World::new();
    let id = world.publish(Video::premiere("one", START + HOUR));
    for (name, body) in [
        (
            "edit",
            json!({"id": id, "title": "two", "description": "words"}),
        ),
        ("edit", json!({"id": id})),
        ("privacy", json!({"id": id, "privacy": "unlisted"})),
        (
            "reschedule",
            json!({"id": id, "starts_at": START + 2 * HOUR}),
        ),
        ("start", json!({"id": id})),
        ("end", json!({"id": id})),
        ("delete", json!({"id": id})),
    ] {
        assert_eq!(post(&mut world, name, &body).status, 200, "{name}");
        let mut unknown = body.clone();
        unknown["id"] = "nonexistent".into();
        assert_eq!(post(&mut world, name, &unknown).status, 400, "{name}");
    }
    let upload = world.tube.video(&id).unwrap();
    assert_eq!(upload.video.title, "two");
    assert_eq!(upload.video.kind, Kind::Premiere);
    assert_eq!(upload.deleted_ms, Some(START));
}

#[test]
fn the_button_publishes_a_short_and_leads_back() {
    let mut world = World::new();
    let pairs = [("channel", DEMO_CHANNEL), ("title", "By hand")];
    let (_, seen) = waited(world.form("/_sandbox/publish", &pairs));
    assert_eq!((seen.status, seen.header("location")), (303, "/"));
    assert_eq!(world.tube.videos()[0].video.title, "By hand");
    let (_, seen) = waited(world.form("/_sandbox/publish", &[("channel", DEMO_CHANNEL)]));
    assert_eq!(seen.status, 400);
}

#[test]
fn outages_begin_are_listed_and_end() {
    let mut world = World::new();
    let many = json!([
        {"on": "feed", "do": {"kind": "status", "status": 404}, "ms": 1000},
        {"on": "probe", "do": {"kind": "consent"}, "times": 2},
        {"on": "hub", "do": {"kind": "redirect", "status": 307, "location": "http://x/"}},
    ]);
    let begun = post(&mut world, "outages", &many);
    assert_eq!(begun.status, 201);
    assert_eq!(begun.body["outages"][0]["until"], START + 1000);
    world.now += 1000;
    assert_eq!(
        get(&mut world, "outages")["outages"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let wrong = json!({"on": "feed", "do": {"kind": "explode"}});
    assert_eq!(post(&mut world, "outages", &wrong).status, 400);
    world.ask("DELETE", "/_sandbox/outages", &[]);
    assert_eq!(get(&mut world, "outages"), json!({"outages": []}));
}

#[test]
fn the_mood_and_everything_else_is_set_by_members() {
    let mut world = World::new();
    let patch = json!({"hub": {"mood": "outage", "distribution": {"method": "sha512"}}});
    assert_eq!(post(&mut world, "settings", &patch).status, 200);
    let hub = &world.tube.settings.hub;
    assert_eq!((hub.mood, hub.stall), (Mood::Outage, 20_200));
    assert_eq!(hub.distribution.method, Method::Sha512);
    assert_eq!(
        post(&mut world, "settings", &json!({"mood": "outage"})).status,
        400
    );
    assert_eq!(get(&mut world, "settings")["hub"]["mood"], "outage");
}

#[test]
fn subscriptions_are_shown_without_secrets_told_things_and_ended() {
    let mut world = World::new();
    world.subscribed();
    let shown = get(&mut world, "subscriptions");
    assert_eq!(shown["subscriptions"][0]["callback"], CALLBACK);
    assert_eq!(shown["subscriptions"][0]["has_secret"], true);
    let body = json!({"channel": "@godwit", "body": "<feed/>", "signed": "wrong"});
    let sent = post(&mut world, "distribute", &body);
    assert_eq!(sent.body, json!({"subscriptions": 1}));
    assert_eq!(text(&world.only()), "<feed/>");
    let denied = post(&mut world, "deny", &json!({"channel": DEMO_CHANNEL}));
    assert_eq!(denied.body, json!({"subscriptions": 1}));
    for name in ["sent", "subscriptions", "requests", "counts", "settings"] {
        assert!(
            !get(&mut world, name).to_string().contains(SECRET),
            "{name}"
        );
    }
    assert_eq!(get(&mut world, "sent")["sent"][1]["errand"], "deliver");
}

#[test]
fn requests_are_counted_and_logged_without_keys() {
    let mut world = World::new();
    world.api("videos?part=id&id=x");
    world.get("/feeds/videos.xml?channel_id=x");
    world.get("/_sandbox/counts");
    let counts = get(&mut world, "counts");
    assert_eq!(counts["requests"], json!({"api": 1, "feed": 1}));
    assert_eq!(
        (&counts["units"], &counts["units_today"]),
        (&json!(1), &json!(1))
    );
    let log = get(&mut world, "requests");
    assert_eq!(log["requests"].as_array().unwrap().len(), 2);
    assert_eq!(
        log["requests"][0]["query"],
        json!([["part", "id"], ["id", "x"]])
    );
    assert_eq!(log["requests"][1]["status"], 404);
}

#[test]
fn a_reset_forgets_everything_but_settings_and_repeats_no_id() {
    let mut world = World::new();
    world.subscribed();
    world.tube.settings.daily_units = 7;
    let id = world.publish(Video::short("x"));
    let notice = world.only();
    post(&mut world, "reset", &json!({}));
    assert!(world.tube.videos().is_empty() && world.tube.subscriptions(world.now).is_empty());
    assert_eq!(world.tube.settings.daily_units, 7);
    world.answer(&notice, 500, "");
    assert_eq!(world.tube.next_at(), None);
    assert_ne!(world.publish(Video::short("x")), id);
    assert_eq!(post(&mut world, "nothing", &json!({})).status, 404);
}
