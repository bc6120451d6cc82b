use super::*;

#[test]
fn a_short_is_200_and_anything_else_leads_to_watch() {
    let mut world = World::new();
    let short = world.publish(Video::short("short"));
    let unlisted = world.publish(Video {
        privacy: Privacy::Unlisted,
        ..Video::short("unlisted")
    });
    let private = world.publish(Video {
        privacy: Privacy::Private,
        ..Video::short("private")
    });
    let long = world.publish(Video::long("long"));
    for method in ["HEAD", "GET"] {
        for id in [&short, &unlisted] {
            let seen = world.ask(method, &format!("/shorts/{id}"), &[]);
            assert_eq!(seen.status, 200);
            assert_eq!(seen.text.is_empty(), method == "HEAD");
        }
        for id in [&long, &private, "nonexistent"] {
            let seen = world.ask(method, &format!("/shorts/{id}"), &[]);
            assert_eq!(seen.status, 303);
            let watch = format!("https://www.youtube.com/watch?v={id}");
            assert_eq!(seen.header("location"), watch);
        }
    }
    assert_eq!(world.tube.counts().of(On::Probe), 10);
}

#[test]
fn a_short_just_uploaded_may_not_read_as_one_yet() {
    let mut world = World::new();
    world.tube.settings.recognition = 5 * MINUTE;
    let id = world.publish(Video::short("fresh"));
    let path = format!("/shorts/{id}");
    assert_eq!(world.ask("HEAD", &path, &[]).status, 303);
    world.now += 5 * MINUTE;
    assert_eq!(world.ask("HEAD", &path, &[]).status, 200);
}

#[test]
fn it_can_ask_for_consent_or_for_patience() {
    let mut world = World::new();
    let id = world.publish(Video::short("short"));
    let path = format!("/shorts/{id}");
    world
        .tube
        .begin(Outage::new(On::Probe, Effect::Consent).times(1));
    world.tube.begin(Outage::status(On::Probe, 429).times(1));
    let seen = world.ask("HEAD", &path, &[]);
    assert_eq!(seen.status, 302);
    assert!(
        seen.header("location")
            .starts_with("https://consent.youtube.com/")
    );
    assert_eq!(world.ask("HEAD", &path, &[]).status, 429);
    assert_eq!(world.ask("HEAD", &path, &[]).status, 200);
}

#[test]
fn a_channel_page_says_the_id_of_the_channel() {
    let mut world = World::new();
    let canonical =
        format!("<link rel=\"canonical\" href=\"https://www.youtube.com/channel/{DEMO_CHANNEL}\">");
    let identifier = format!("<meta itemprop=\"identifier\" content=\"{DEMO_CHANNEL}\">");
    let by_id = format!("/channel/{DEMO_CHANNEL}");
    for path in [
        "/@godwit",
        "/@Godwit/shorts",
        "/c/godwit",
        "/user/godwit",
        &by_id,
    ] {
        let seen = world.get(path);
        assert_eq!(seen.status, 200, "{path}");
        assert!(seen.text.contains(&canonical) && seen.text.contains(&identifier));
    }
    let handle = format!("/@{DEMO_CHANNEL}");
    for path in ["/@nobody", "/channel/godwit", "/channel/UCnobody", &handle] {
        assert_eq!(world.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_picture_is_a_jpeg() {
    let mut world = World::new();
    let id = world.publish(Video::short("short"));
    let request = Request::builder().uri(format!("/vi/{id}/hqdefault.jpg"));
    let reply = world.send(request.body(Vec::new()).unwrap());
    let answer = reply.answer().unwrap();
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    let body = answer.body();
    assert!(body.starts_with(&[0xff, 0xd8, 0xff]) && body.ends_with(&[0xff, 0xd9]));
    assert_eq!(world.get("/vi/nonexistent/hqdefault.jpg").status, 404);
}

#[test]
fn people_find_the_channels_and_a_button() {
    let mut world = World::new();
    world.publish(Video::short("<Fast> birds"));
    let seen = world.get("/");
    assert_eq!(seen.status, 200);
    for expected in [
        "@godwit",
        DEMO_CHANNEL,
        "&lt;Fast&gt; birds",
        "Publish a Short now",
    ] {
        assert!(seen.text.contains(expected), "{expected}");
    }
}
