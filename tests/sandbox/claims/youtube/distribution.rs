use super::*;

const FRESH: &str = include_str!("../../youtube/samples/01-new-2021-freshmovietrailers.xml");
const DELETED: &str = include_str!("../../youtube/samples/12-deleted-2025-real.xml");

/// Everything between two texts is put in the place of what was between them.
fn replaced(text: &str, start: &str, end: &str, with: &str) -> String {
    let (before, rest) = text.split_once(start).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{start}{with}{end}{after}")
}

#[test]
fn a_notification_is_the_real_one_byte_for_byte() {
    let mut world = World::new();
    // 2021-07-19T15:40:30Z.
    world.now = 1_626_709_230_000;
    let channel = "UCzNWVDZQ55bjq8uILZ7_wyQ";
    let added = world.tube.add_channel(
        world.now,
        Some(channel.into()),
        "fresh",
        "FRESH Movie Trailers",
    );
    added.unwrap();
    world.subscribe_to(&topic(channel), &[]);
    world.confirm();
    let title = "SEX EDUCATION Season 3 Teaser (2021)";
    let id = world
        .tube
        .publish(world.now, channel, Video::short(title))
        .unwrap();
    let notice = world.only();
    // Only the id and the fractions are not ours to choose.
    let expected = FRESH
        .replace("KXjiJpsl3d8", &id)
        .replace("15:40:45.613264165", "15:40:30");
    assert_eq!(text(&notice), expected);
    assert_eq!(notice.method, http::Method::POST);
    assert_eq!(
        header(&notice, "content-type").unwrap(),
        "application/atom+xml"
    );
    assert_eq!(
        header(&notice, "link").unwrap(),
        format!(
            "<{}>; rel=self, <http://pubsubhubbub.appspot.com/>; rel=hub",
            topic(channel)
        )
    );
    assert_eq!(
        header(&notice, "x-hub-signature"),
        None,
        "there is no secret"
    );
}

#[test]
fn a_deletion_is_the_real_one_byte_for_byte() {
    let mut world = World::new();
    let channel = "UCW5wxEjGHWNyatgZe-PU_tA";
    let added = world
        .tube
        .add_channel(world.now, Some(channel.into()), "arda", "Arda Basoglu");
    added.unwrap();
    world.subscribe_to(&topic(channel), &[]);
    world.confirm();
    let video = Video::short("x");
    let id = world.tube.publish(world.now, channel, video).unwrap();
    world.due();
    world.tube.delete(world.now, &id);
    let notice = world.only();
    let when = text(&notice)
        .split_once("when=\"")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0;
    assert!(
        when.starts_with("2026-11-21T08:00:00.000") && when.len() == 32,
        "{when}"
    );
    let expected = replaced(&DELETED.replace("POOwHEPk3d4", &id), "when=\"", "\"", when);
    assert_eq!(text(&notice), expected);
}

#[test]
fn every_change_that_anybody_can_see_is_announced() {
    let mut world = World::new();
    world.subscribed();
    let id = world.publish(Video::short("one <1>"));
    assert!(text(&world.only()).contains("<title>one &lt;1&gt;</title>"));
    let now = world.now + DAY;
    world.now = now;
    world.tube.edit(now, &id, "two");
    let edited = world.only();
    assert!(text(&edited).contains("<title>two</title>"));
    assert!(text(&edited).contains("<published>2026-11-21T08:00:00+00:00</published>"));
    assert!(text(&edited).contains("<updated>2026-11-22T08:00:00"));
    world.tube.describe(now, &id, "new words");
    assert!(text(&world.only()).contains("<entry>"));
    world.tube.touch(now, &id);
    assert!(text(&world.only()).contains("<entry>"));
    world.tube.set_privacy(now, &id, Privacy::Private);
    assert!(text(&world.only()).contains("<at:deleted-entry"));
    world.tube.edit(now, &id, "secretly");
    world.tube.set_privacy(now, &id, Privacy::Unlisted);
    assert!(world.due().is_empty());
    world.tube.set_privacy(now, &id, Privacy::Public);
    assert!(text(&world.only()).contains("<entry>"));
    world.tube.delete(now, &id);
    assert!(text(&world.only()).contains("<at:deleted-entry"));
}

#[test]
fn nobody_hears_of_other_channels() {
    let mut world = World::new();
    world.subscribed();
    world
        .tube
        .add_channel(world.now, None, "@other", "Other")
        .unwrap();
    world.tube.publish(world.now, "@other", Video::short("x"));
    assert!(world.due().is_empty());
}

#[test]
fn the_signature_is_of_the_raw_body_by_the_method_that_is_set() {
    for method in Method::ALL {
        let mut world = World::with_distribution(Distribution {
            method,
            ..Distribution::default()
        });
        world.subscribed();
        let sent = world
            .tube
            .distribute(world.now, "@godwit", FRESH, Signed::Right);
        assert_eq!(sent, 1);
        let notice = world.only();
        let expected = method.sign(SECRET.as_bytes(), FRESH.as_bytes());
        assert_eq!(header(&notice, "x-hub-signature").unwrap(), expected);
        assert_eq!(text(&notice), FRESH);
    }
}

#[test]
fn what_is_not_2xx_is_tried_again_with_backoff_until_it_is_given_up() {
    let mut world = World::new();
    world.subscribed();
    world.publish(Video::short("x"));
    let first = world.only();
    world.answer(&first, 500, "");
    for (wait, status) in [(30_000, None), (60_000, Some(302)), (120_000, Some(404))] {
        world.now += wait - 1;
        assert!(world.due().is_empty());
        world.now += 1;
        let again = world.only();
        assert_eq!(again.body, first.body);
        world.tube.answered(world.now, again.id, status, b"");
    }
    assert_eq!(world.tube.next_at(), None);
    assert_eq!(world.tube.counts().notices_given_up, 1);
    assert_eq!(world.tube.counts().notices_sent, 4);
    assert_eq!(
        world.tube.subscriptions(world.now).len(),
        1,
        "it keeps its lease"
    );
}

#[test]
fn a_retry_ends_with_success() {
    let mut world = World::new();
    world.subscribed();
    world.publish(Video::short("x"));
    let first = world.only();
    world.answer(&first, 503, "");
    world.now += 30_000;
    let again = world.only();
    world.answer(&again, 204, "");
    assert_eq!(world.tube.next_at(), None);
    assert_eq!(world.tube.counts().notices_delivered, 1);
    let attempts: Vec<_> = world
        .tube
        .sent()
        .iter()
        .map(|sent| (sent.attempt, sent.status))
        .collect();
    assert_eq!(attempts[1..], [(1, Some(503)), (2, Some(204))]);
}

#[test]
fn gone_is_gone() {
    let mut world = World::new();
    world.subscribed();
    world.publish(Video::short("x"));
    let notice = world.only();
    world.answer(&notice, 410, "");
    assert!(world.tube.subscriptions(world.now).is_empty());
    assert_eq!(world.tube.next_at(), None);
}

#[test]
fn a_lease_that_ends_ends_its_retries() {
    let mut world = World::new();
    world.subscribed();
    world.now += 5 * DAY - 1;
    world.publish(Video::short("x"));
    let notice = world.only();
    world.answer(&notice, 500, "");
    world.now += MINUTE;
    assert!(world.due().is_empty());
}

#[test]
fn a_verified_channel_may_never_be_delivered() {
    let mut world = World::with_distribution(Distribution {
        on: false,
        ..Distribution::default()
    });
    world.subscribed();
    world.publish(Video::short("x"));
    assert_eq!(world.tube.next_at(), None);
}

#[test]
fn notifications_may_be_late_and_out_of_order() {
    let mut world = World::with_distribution(Distribution {
        delay: 1000,
        spread: 10_000,
        ..Distribution::default()
    });
    world.subscribed();
    let ids: Vec<String> = (0..20).map(|_| world.publish(Video::short("x"))).collect();
    world.now += 999;
    assert!(world.due().is_empty());
    world.now += 10_001;
    let due = world.due();
    let order: Vec<usize> = due
        .iter()
        .map(|notice| ids.iter().position(|id| text(notice).contains(id)).unwrap())
        .collect();
    assert_eq!(order.len(), 20);
    assert!(!order.is_sorted());
    assert!(due.is_sorted_by_key(|notice| notice.at));
}

#[test]
fn shares_of_them_come_twice_or_beside_forgeries() {
    let mut world = World::with_distribution(Distribution {
        duplicate_share: 0.3,
        forged_share: 0.1,
        unsigned_share: 0.1,
        ..Distribution::default()
    });
    world.subscribed();
    let ids: Vec<String> = (0..500).map(|_| world.publish(Video::short("x"))).collect();
    let (mut right, mut wrong, mut missing) = (0_usize, 0_u64, 0_u64);
    for notice in world.due() {
        let is_real = ids.iter().any(|id| text(&notice).contains(id));
        let signature = header(&notice, "x-hub-signature");
        let expected = Method::Sha1.sign(SECRET.as_bytes(), &notice.body);
        match signature {
            Some(signature) if signature == expected => right += 1,
            Some(_) => wrong += 1,
            None => missing += 1,
        }
        assert_eq!(is_real, signature == Some(&expected));
        world.answer(&notice, 500, "");
    }
    assert!((610..690).contains(&right), "{right}");
    assert!((30..75).contains(&wrong) && (30..75).contains(&missing));
    world.now += 30_000;
    assert_eq!(world.due().len(), right, "who forges does not try again");
    assert_eq!(world.tube.counts().notices_forged, wrong + missing);
}

#[test]
fn a_body_is_sent_with_a_wrong_signature_or_none_on_command() {
    let mut world = World::new();
    world.subscribed();
    world
        .tube
        .distribute(world.now, "@godwit", "anything", Signed::Wrong);
    world
        .tube
        .distribute(world.now, "@godwit", "anything", Signed::Missing);
    let due = world.due();
    let good = Method::Sha1.sign(SECRET.as_bytes(), b"anything");
    let wrong = header(&due[0], "x-hub-signature").unwrap();
    assert!(wrong.starts_with("sha1=") && wrong.len() == good.len() && wrong != good);
    assert_eq!(header(&due[1], "x-hub-signature"), None);
}
