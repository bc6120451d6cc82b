use super::*;

fn reason(seen: &Seen) -> (u16, &str) {
    assert_eq!(seen.body["error"]["code"], seen.status);
    (seen.status, seen.at("/error/errors/0/reason"))
}

fn uploads() -> String {
    DEMO_CHANNEL.replacen("UC", "UU", 1)
}

#[test]
fn a_key_is_needed_and_has_to_be_good() {
    let mut world = World::new();
    let path = format!("/youtube/v3/channels?part=id&id={DEMO_CHANNEL}");
    assert_eq!(reason(&world.get(&path)), (403, "forbidden"));
    let wrong = world.get(&format!("{path}&key=wrong"));
    assert_eq!(reason(&wrong), (400, "badRequest"));
    assert_eq!(wrong.at("/error/details/0/reason"), "API_KEY_INVALID");
    let by_header = world.ask("GET", &path, &[("x-goog-api-key", "sandbox-api-key")]);
    assert_eq!(by_header.status, 200);
    world.tube.settings.api_enabled = false;
    let path = format!("channels?part=id&id={DEMO_CHANNEL}");
    assert_eq!(reason(&world.api(&path)), (403, "accessNotConfigured"));
    assert_eq!(
        world.tube.units(world.now),
        1,
        "who has no key has no quota"
    );
}

#[test]
fn a_channel_is_found_by_id_or_by_handle() {
    let mut world = World::new();
    for filter in [
        &format!("id={DEMO_CHANNEL}"),
        "forHandle=@Godwit",
        "forHandle=godwit",
    ] {
        let seen = world.api(&format!("channels?part=snippet,contentDetails&{filter}"));
        assert_eq!(seen.status, 200, "{:?}", seen.body);
        assert_eq!(seen.at("/items/0/id"), DEMO_CHANNEL);
        assert_eq!(seen.at("/items/0/snippet/title"), "Godwit");
        assert_eq!(seen.at("/items/0/snippet/customUrl"), "@godwit");
        let uploads = seen.at("/items/0/contentDetails/relatedPlaylists/uploads");
        assert_eq!(uploads, DEMO_CHANNEL.replacen("UC", "UU", 1));
    }
    for filter in [
        "id=UCnobody",
        "id=godwit",
        &format!("forHandle={DEMO_CHANNEL}"),
        "forUsername=godwit",
    ] {
        let seen = world.api(&format!("channels?part=id&{filter}"));
        assert_eq!(seen.status, 200);
        assert!(seen.body.get("items").is_none(), "{filter}");
    }
}

#[test]
fn uploads_are_paged_in_the_order_of_upload() {
    let mut world = World::new();
    let late = world.publish(Video {
        public_at: Some(START + HOUR),
        ..Video::short("late")
    });
    let mut ids: Vec<String> = (0..51).map(|_| world.publish(Video::short("x"))).collect();
    ids.insert(0, late);
    ids.reverse();
    world.now += HOUR;
    let path = format!(
        "playlistItems?part=contentDetails&playlistId={}&maxResults=50",
        uploads()
    );
    let first = world.api(&path);
    assert_eq!(first.body["items"].as_array().unwrap().len(), 50);
    assert_eq!(first.body["pageInfo"]["totalResults"], 52);
    let rest = world.api(&format!("{path}&pageToken={}", first.at("/nextPageToken")));
    assert!(rest.body.get("nextPageToken").is_none());
    let items = [&first, &rest].map(|seen| seen.body["items"].as_array().unwrap().clone());
    let given: Vec<&str> = items
        .iter()
        .flatten()
        .map(|item| item["contentDetails"]["videoId"].as_str().unwrap())
        .collect();
    assert_eq!(
        given, ids,
        "what went public late lies where it was uploaded"
    );
    assert_eq!(
        items[1][1]["contentDetails"]["videoPublishedAt"],
        "2026-11-21T09:00:00Z"
    );
}

#[test]
fn playlists_that_are_empty_or_unknown_and_tokens_made_up_are_refused() {
    let mut world = World::new();
    let path = format!("playlistItems?part=contentDetails&playlistId={}", uploads());
    assert_eq!(reason(&world.api(&path)), (404, "playlistNotFound"));
    world.publish(Video::short("one"));
    assert_eq!(world.api(&path).status, 200);
    let shorts = path.replace("UUG", "UUSHG");
    assert_eq!(
        world.api(&shorts).body["items"].as_array().unwrap().len(),
        1
    );
    let long = path.replace("UUG", "UULFG");
    assert_eq!(reason(&world.api(&long)), (404, "playlistNotFound"));
    let made_up = format!("{path}&pageToken=CAUQAA");
    assert_eq!(reason(&world.api(&made_up)), (400, "invalidPageToken"));
}

#[test]
fn videos_that_are_private_or_deleted_are_left_out() {
    let mut world = World::new();
    let public = world.publish(Video::short("public"));
    let unlisted = world.publish(Video {
        privacy: Privacy::Unlisted,
        ..Video::short("unlisted")
    });
    let private = world.publish(Video {
        privacy: Privacy::Private,
        ..Video::short("private")
    });
    let deleted = world.publish(Video::short("deleted"));
    world.tube.delete(world.now, &deleted);
    let ids = [&public, &unlisted, &private, &deleted].map(String::as_str);
    let seen = world.api(&format!("videos?part=status,snippet&id={}", ids.join(",")));
    let items = seen.body["items"].as_array().unwrap();
    let given: Vec<&Value> = items.iter().map(|item| &item["id"]).collect();
    assert_eq!(given, [&public, &unlisted]);
    assert_eq!(items[1]["status"]["privacyStatus"], "unlisted");
    assert_eq!(items[0]["snippet"]["publishedAt"], "2026-11-21T08:00:00Z");
    assert_eq!(
        world.api("videos?part=id&id=none").body["items"],
        serde_json::json!([])
    );
}

#[test]
fn a_player_has_a_size_only_when_one_is_asked_for() {
    let mut world = World::new();
    let short = world.publish(Video::short("short"));
    let long = world.publish(Video::long("long"));
    let mut player = |id: &str, more: &str| {
        let seen = world.api(&format!("videos?part=player&id={id}{more}"));
        seen.body["items"][0]["player"].clone()
    };
    assert_eq!(player(&short, "").get("embedWidth"), None);
    for (id, more, width, height) in [
        (&short, "&maxHeight=640", "360", "640"),
        (&short, "&maxWidth=640", "640", "1137"),
        (&long, "&maxHeight=640", "1137", "640"),
        (&long, "&maxWidth=640&maxHeight=640", "640", "360"),
        (&short, "&maxWidth=640&maxHeight=640", "360", "640"),
    ] {
        let player = player(id, more);
        assert_eq!(
            (&player["embedWidth"], &player["embedHeight"]),
            (&width.into(), &height.into())
        );
    }
}

#[test]
fn what_the_document_does_not_know_is_refused_and_costs_all_the_same() {
    let mut world = World::new();
    let many = vec!["x"; 51].join(",");
    let cases = [
        ("videos?part=id&id=x&foo=1", 400, "invalid"),
        ("videos?part=id,foo&id=x", 400, "unknownPart"),
        ("videos?id=x", 400, "required"),
        ("videos?part=id", 400, "missingRequiredParameter"),
        (&format!("videos?part=id&id={many}"), 400, "invalidFilters"),
        (
            "videos?part=player&id=x&maxHeight=9000",
            400,
            "invalidParameter",
        ),
        ("channels?part=id&id=x&forHandle=y", 400, "invalidFilters"),
        ("channels?part=id", 400, "missingRequiredParameter"),
        (
            "playlistItems?part=id&playlistId=x&maxResults=51",
            400,
            "invalidParameter",
        ),
        ("playlistItems?part=id", 400, "missingRequiredParameter"),
        ("search?part=id&q=x", 404, "notFound"),
    ];
    for (path, status, expected) in cases {
        assert_eq!(reason(&world.api(path)), (status, expected), "{path}");
    }
    assert_eq!(world.tube.units(world.now), 11);
    assert_eq!(world.tube.counts().units, 11);
}

#[test]
fn the_quota_ends_and_begins_again_at_midnight_pacific() {
    let mut world = World::new();
    world.tube.settings.daily_units = 2;
    let ask = |world: &mut World| world.api("videos?part=id&id=x");
    assert_eq!((ask(&mut world).status, ask(&mut world).status), (200, 200));
    assert_eq!(reason(&ask(&mut world)), (403, "quotaExceeded"));
    // START is midnight there, to the minute: 08:00 UTC.
    world.now = START + DAY - 1;
    assert_eq!(reason(&ask(&mut world)), (403, "quotaExceeded"));
    assert_eq!(world.tube.units(world.now), 2);
    world.now = START + DAY;
    assert_eq!(world.tube.units(world.now), 0);
    assert_eq!(ask(&mut world).status, 200);
    // In summer it is 07:00 UTC: 2026-07-01.
    let mut summer = World::new();
    summer.tube.settings.daily_units = 1;
    summer.now = 1_782_889_200_000 - 1;
    assert_eq!(ask(&mut summer).status, 200);
    summer.now += 1;
    assert_eq!(ask(&mut summer).status, 200);
}
