use super::*;

/// What `videos.list` says of a video.
fn item(world: &mut World, id: &str) -> Value {
    let seen = world.api(&format!(
        "videos?part=snippet,contentDetails,status,liveStreamingDetails&id={id}"
    ));
    seen.body["items"][0].clone()
}

#[test]
fn ids_look_like_ids_and_come_from_the_seed() {
    let published = || {
        let mut world = World::new();
        (0..50)
            .map(|_| world.publish(Video::short("x")))
            .collect::<Vec<_>>()
    };
    let ids = published();
    assert_eq!(ids, published());
    for id in &ids {
        assert_eq!(id.len(), 11);
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
    }
}

#[test]
fn a_scheduled_video_is_private_until_its_time_and_keeps_an_odd_published() {
    let mut world = World::new();
    world.subscribed();
    let id = world.publish(Video {
        public_at: Some(START + 3 * DAY),
        ..Video::short("scheduled")
    });
    assert_eq!(item(&mut world, &id), Value::Null);
    assert!(world.due().is_empty());
    assert_eq!(world.tube.next_at(), Some(START + 3 * DAY));
    world.now = START + 3 * DAY;
    let notice = world.only();
    assert!(text(&notice).contains("<published>2026-11-21T08:00:00+00:00</published>"));
    let item = item(&mut world, &id);
    assert_eq!(item["snippet"]["publishedAt"], "2026-11-24T08:00:00Z");
    assert_eq!(item["status"]["privacyStatus"], "public");
    world.tube.settings.odd_published = false;
    world.tube.touch(world.now, &id);
    assert!(text(&world.only()).contains("<published>2026-11-24T08:00:00+00:00</published>"));
}

#[test]
fn a_premiere_begins_and_ends_by_itself_and_says_so_to_nobody() {
    let mut world = World::new();
    world.subscribed();
    let starts_at = START + HOUR;
    let id = world.publish(Video::premiere("soon", starts_at));
    assert_eq!(world.due().len(), 1, "it is announced when it is created");
    let upcoming = item(&mut world, &id);
    assert_eq!(upcoming["snippet"]["liveBroadcastContent"], "upcoming");
    assert_eq!(upcoming["contentDetails"]["duration"], "P0D");
    assert_eq!(
        upcoming["liveStreamingDetails"]["scheduledStartTime"],
        "2026-11-21T09:00:00Z"
    );
    world.tube.reschedule(world.now, &id, starts_at + HOUR);
    world.now = starts_at + MINUTE;
    assert_eq!(
        item(&mut world, &id)["snippet"]["liveBroadcastContent"],
        "upcoming"
    );
    world.now = starts_at + HOUR;
    let live = item(&mut world, &id);
    assert_eq!(live["snippet"]["liveBroadcastContent"], "live");
    assert_eq!(live["contentDetails"]["duration"], "P0D");
    world.now += 10 * MINUTE;
    let ended = item(&mut world, &id);
    assert_eq!(ended["snippet"]["liveBroadcastContent"], "none");
    assert_eq!(ended["contentDetails"]["duration"], "PT10M");
    assert_eq!(
        ended["liveStreamingDetails"]["actualEndTime"],
        "2026-11-21T10:10:00Z"
    );
    assert!(world.due().is_empty());
}

#[test]
fn a_stream_begins_and_ends_on_command() {
    let mut world = World::new();
    let id = world.publish(Video {
        starts_at: Some(START + HOUR),
        ..Video::live("stream")
    });
    world.now += 2 * HOUR;
    assert_eq!(
        item(&mut world, &id)["snippet"]["liveBroadcastContent"],
        "upcoming"
    );
    assert!(world.tube.start(world.now, &id));
    assert_eq!(
        item(&mut world, &id)["snippet"]["liveBroadcastContent"],
        "live"
    );
    assert!(world.tube.end(world.now, &id));
    assert_eq!(item(&mut world, &id)["contentDetails"]["duration"], "PT1H");
    let short = world.publish(Video::short("short"));
    assert_eq!(
        item(&mut world, &short)["liveStreamingDetails"],
        Value::Null
    );
}

#[test]
fn what_was_deleted_stays_deleted() {
    let mut world = World::new();
    let id = world.publish(Video::short("short"));
    assert!(world.tube.delete(world.now, &id));
    assert!(!world.tube.delete(world.now, &id));
    assert!(!world.tube.edit(world.now, &id, "again"));
    assert!(!world.tube.set_privacy(world.now, &id, Privacy::Public));
    assert!(
        world
            .tube
            .publish(world.now, "@nobody", Video::short("x"))
            .is_none()
    );
}
