use super::*;

fn feed(world: &mut World) -> Seen {
    world.get(&format!("/feeds/videos.xml?channel_id={DEMO_CHANNEL}"))
}

fn playlist(world: &mut World, prefix: &str) -> Seen {
    world.get(&format!(
        "/feeds/videos.xml?playlist_id={prefix}{}",
        &DEMO_CHANNEL[2..]
    ))
}

#[test]
fn it_holds_the_fifteen_last_public_videos_the_newest_first() {
    let mut world = World::new();
    let ids: Vec<String> = (0..17)
        .map(|number| {
            world.now += MINUTE;
            world.publish(Video::long(&format!("Video {number}")))
        })
        .collect();
    let seen = feed(&mut world);
    assert_eq!(seen.status, 200);
    assert_eq!(seen.header("content-type"), "text/xml; charset=UTF-8");
    assert_eq!(count(&seen.text, "<entry>"), 15);
    let first = seen.text.find(ids[16].as_str()).unwrap();
    let last = seen.text.find(ids[2].as_str()).unwrap();
    assert!(first < last && !seen.text.contains(&ids[1]));
}

#[test]
fn an_entry_has_what_the_real_one_has() {
    let mut world = World::new();
    let id = world.publish(Video {
        description: "a & b".into(),
        ..Video::short("Fast <birds> & \"more\"")
    });
    let text = feed(&mut world).text;
    for expected in [
        &format!("<id>yt:video:{id}</id>"),
        &format!("<yt:channelId>{DEMO_CHANNEL}</yt:channelId>"),
        "<yt:channelId>GodwitSandboxChannel00</yt:channelId>",
        "<title>Fast &lt;birds&gt; &amp; \"more\"</title>",
        "<published>2026-11-21T08:00:00+00:00</published>",
        "<media:description>a &amp; b</media:description>",
        &format!("https://i.ytimg.com/vi/{id}/hqdefault.jpg"),
        "<media:statistics views=\"0\"/>",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    assert!(!text.contains("rel=\"hub\""), "discovery cannot work");
}

#[test]
fn the_link_of_a_short_may_say_so_and_may_not() {
    let mut world = World::new();
    let said = world.publish(Video::short("said"));
    let unsaid = world.publish(Video {
        short_link: false,
        ..Video::short("unsaid")
    });
    let long = world.publish(Video::long("long"));
    let unknown = world.publish(Video {
        recognised_at: Some(world.now + MINUTE),
        ..Video::short("not yet")
    });
    let text = feed(&mut world).text;
    assert!(text.contains(&format!("\"https://www.youtube.com/shorts/{said}\"")));
    for id in [&unsaid, &long, &unknown] {
        assert!(text.contains(&format!("\"https://www.youtube.com/watch?v={id}\"")));
    }
    world.now += MINUTE;
    assert!(
        feed(&mut world)
            .text
            .contains(&format!("/shorts/{unknown}"))
    );
}

#[test]
fn what_is_not_public_is_not_there_and_what_is_upcoming_is() {
    let mut world = World::new();
    for privacy in [Privacy::Private, Privacy::Unlisted] {
        world.publish(Video {
            privacy,
            ..Video::short("hidden")
        });
    }
    let gone = world.publish(Video::short("gone"));
    world.tube.delete(world.now, &gone);
    assert_eq!(count(&feed(&mut world).text, "<entry>"), 0);
    world.publish(Video::premiere("soon", START + HOUR));
    world.publish(Video::live("now"));
    assert_eq!(count(&feed(&mut world).text, "<entry>"), 2);
}

#[test]
fn it_is_known_by_tag_or_by_time_until_it_changes() {
    let mut world = World::new();
    let id = world.publish(Video::short("one"));
    let path = format!("/feeds/videos.xml?channel_id={DEMO_CHANNEL}");
    let first = feed(&mut world);
    let (tag, time) = (
        first.header("etag").to_owned(),
        first.header("last-modified").to_owned(),
    );
    assert_eq!(time, "Sat, 21 Nov 2026 08:00:00 GMT");
    let by_tag: &[(&str, &str)] = &[("if-none-match", &tag)];
    let by_time: &[(&str, &str)] = &[("if-modified-since", &time)];
    for headers in [by_tag, by_time] {
        let seen = world.ask("GET", &path, headers);
        assert_eq!((seen.status, seen.text.as_str()), (304, ""));
        assert_eq!(seen.header("etag"), tag);
    }
    world.now += MINUTE;
    world.tube.edit(world.now, &id, "two");
    for headers in [by_tag, by_time] {
        assert_eq!(world.ask("GET", &path, headers).status, 200);
    }
    world.tube.settings.validators = false;
    assert_eq!(feed(&mut world).header("etag"), "");
}

#[test]
fn automatic_playlists_hold_their_kind_and_do_not_exist_while_they_are_empty() {
    let mut world = World::new();
    for prefix in ["UU", "UUSH", "UULF", "UULV", "UUMO"] {
        assert_eq!(playlist(&mut world, prefix).status, 404, "{prefix}");
    }
    let short = world.publish(Video::short("short"));
    let long = world.publish(Video::long("long"));
    let live = world.publish(Video::live("live"));
    let members = world.publish(Video {
        members_only: true,
        ..Video::short("members")
    });
    let holds: [(&str, &[&String]); 5] = [
        ("UU", &[&short, &long, &live, &members]),
        ("UUSH", &[&short]),
        ("UULF", &[&long]),
        ("UULV", &[&live]),
        ("UUMO", &[&members]),
    ];
    for (prefix, ids) in holds {
        let text = playlist(&mut world, prefix).text;
        assert_eq!(count(&text, "<entry>"), ids.len(), "{prefix}");
        assert!(ids.iter().all(|id| text.contains(*id)), "{prefix}");
    }
}

#[test]
fn unknown_channels_are_a_404() {
    let mut world = World::new();
    for query in [
        "channel_id=UCnobodynobodynobodynobo",
        "channel_id=@godwit",
        "playlist_id=UU",
        "user=godwit",
        "",
    ] {
        let seen = world.get(&format!("/feeds/videos.xml?{query}"));
        assert_eq!(seen.status, 404, "{query}");
    }
}

#[test]
fn an_outage_lasts_its_time_or_its_number_and_only_where_it_is() {
    let mut world = World::new();
    let until = world.now + MINUTE;
    world.tube.begin(Outage::status(On::Feed, 404).until(until));
    assert_eq!(feed(&mut world).status, 404);
    assert_eq!(world.get("/xml/feeds/videos.xml?channel_id=x").status, 200);
    world.now = until;
    assert_eq!(feed(&mut world).status, 200);
    world
        .tube
        .begin(Outage::status(On::Feed, 500).times(1).channel(DEMO_CHANNEL));
    assert_eq!(
        world.get("/feeds/videos.xml?channel_id=UCother").status,
        404
    );
    assert_eq!(feed(&mut world).status, 500);
    assert_eq!(feed(&mut world).status, 200);
    assert_eq!(world.tube.counts().outages, 2);
}

#[test]
fn an_outage_may_be_a_lost_connection_or_silence_or_slowness() {
    let mut world = World::new();
    let request = || {
        let path = format!("/feeds/videos.xml?channel_id={DEMO_CHANNEL}");
        Request::builder().uri(path).body(Vec::new()).unwrap()
    };
    for effect in [Effect::Drop, Effect::Hang, Effect::Delay { ms: 9 }] {
        world.tube.begin(Outage::new(On::Feed, effect).times(1));
    }
    assert!(matches!(world.send(request()), Reply::Drop));
    assert!(matches!(world.send(request()), Reply::Hang));
    assert_eq!(waited(world.send(request())).0, 9);
    assert!(matches!(world.send(request()), Reply::Answer(_)));
}

#[test]
fn the_topic_is_a_stub_that_says_nothing() {
    let mut world = World::new();
    world.publish(Video::short("not in it"));
    let seen = world.get(&format!("/xml/feeds/videos.xml?channel_id={DEMO_CHANNEL}"));
    assert_eq!((seen.status, seen.text.len()), (200, 463));
    assert!(!seen.text.contains("<entry>"));
}
