//! Every rule by a row, and what must hold of all evidence.

use super::*;
use proptest::option;
use proptest::prelude::*;

const SEEN: Timestamp = Timestamp::from_millis(1_795_262_400_000);

/// So many minutes after it was first seen.
fn at(minutes: i64) -> Timestamp {
    SEEN.plus_ms(minutes * MINUTE_MS)
}

/// A public video of which the Data API says nothing else; asked at once.
fn public() -> Api {
    Api {
        at: SEEN,
        present: true,
        seconds: None,
        width: None,
        height: None,
        live: Some(Live::None),
        start: None,
        end: None,
        privacy: Some(Privacy::Public),
        upload: Some(Upload::Processed),
    }
}

fn shaped(seconds: u32, width: u32, height: u32) -> Api {
    Api {
        seconds: Some(seconds),
        width: Some(width),
        height: Some(height),
        ..public()
    }
}

/// Seen in a public list, with what a test adds.
fn listed(add: impl FnOnce(&mut Evidence)) -> Evidence {
    let mut evidence = Evidence {
        listed: Some(SEEN),
        ..Evidence::default()
    };
    add(&mut evidence);
    evidence
}

fn with_api(api: Api) -> Evidence {
    listed(|evidence| evidence.api = Some(api))
}

fn judged(evidence: &Evidence, minutes: i64) -> Verdict {
    judge(evidence, Some(SEEN), SEEN, at(minutes), Needs::Kind)
}

const fn short(by: By) -> Verdict {
    Verdict::Short { by }
}

const fn not_short(by: By) -> Verdict {
    Verdict::NotShort { by }
}

const fn left(reason: Left) -> Verdict {
    Verdict::LeaveOut { reason }
}

fn hold_until(reason: Hold, minutes: i64) -> Verdict {
    Verdict::Hold {
        reason,
        look_again_at: at(minutes),
    }
}

#[test]
fn one_sign_is_enough_if_it_is_a_good_one() {
    let unknown = hold_until(Hold::KindUnknown, 1);
    let cases = [
        (listed(|_| ()), unknown),
        (listed(|it| it.feed_link = Some(SEEN)), short(By::FeedLink)),
        (
            listed(|it| it.looked_in_playlist(true, SEEN)),
            short(By::Playlist),
        ),
        (listed(|it| it.looked_in_playlist(false, SEEN)), unknown),
        (listed(|it| it.probed(Probe::Short, SEEN)), short(By::Probe)),
        (listed(|it| it.probed(Probe::Watch, SEEN)), unknown),
        (listed(|it| it.probed(Probe::Other(429), SEEN)), unknown),
        (with_api(public()), unknown),
        (with_api(shaped(180, 405, 720)), short(By::ApiShape)),
        (with_api(shaped(181, 405, 720)), not_short(By::ApiDuration)),
        (with_api(shaped(60, 721, 720)), not_short(By::ApiLandscape)),
        (with_api(shaped(180, 720, 720)), short(By::ApiShape)),
        (with_api(shaped(181, 720, 720)), not_short(By::ApiDuration)),
        (with_api(shaped(30, 1280, 720)), not_short(By::ApiLandscape)),
        // Without a duration, or with the one of what is not there yet, the shape is not enough.
        (with_api(shaped(0, 405, 720)), unknown),
        (
            with_api(Api {
                seconds: None,
                ..shaped(1, 405, 720)
            }),
            unknown,
        ),
        (
            with_api(Api {
                width: None,
                ..shaped(1, 405, 720)
            }),
            unknown,
        ),
        (with_api(shaped(30, 0, 0)), unknown),
    ];
    for (evidence, expected) in cases {
        assert_eq!(judged(&evidence, 0), expected, "{evidence:?}");
    }
}

#[test]
fn conflicts_are_decided_by_the_order_of_the_rules() {
    let with = |api: Api, add: fn(&mut Evidence)| {
        let mut evidence = with_api(api);
        add(&mut evidence);
        evidence
    };
    let cases = [
        (
            with(shaped(240, 405, 720), |it| it.probed(Probe::Short, SEEN)),
            not_short(By::ApiDuration),
        ),
        (
            with(shaped(240, 405, 720), |it| it.feed_link = Some(SEEN)),
            not_short(By::ApiDuration),
        ),
        (
            with(shaped(30, 1280, 720), |it| it.probed(Probe::Short, SEEN)),
            short(By::Probe),
        ),
        (
            with(public(), |it| {
                it.probed(Probe::Watch, at(20));
                it.probed(Probe::Short, SEEN);
            }),
            short(By::Probe),
        ),
        (
            with(shaped(30, 405, 720), |it| it.probed(Probe::Watch, at(5))),
            short(By::ApiShape),
        ),
        (
            with(shaped(30, 405, 720), |it| it.probed(Probe::Watch, at(10))),
            not_short(By::ProbeWatch),
        ),
        (
            with(shaped(30, 1280, 720), |it| it.probed(Probe::Watch, SEEN)),
            not_short(By::ApiLandscape),
        ),
    ];
    for (evidence, expected) in cases {
        assert_eq!(judged(&evidence, 30), expected, "{evidence:?}");
    }
}

#[test]
fn a_303_is_believed_ten_minutes_after_the_video_and_after_it_was_seen() {
    let verdict = |published: Option<Timestamp>, probed| {
        let evidence = listed(|it| it.probed(Probe::Watch, probed));
        judge(&evidence, published, SEEN, at(20), Needs::Kind)
    };
    let believed = not_short(By::ProbeWatch);
    for published in [None, Some(SEEN), Some(at(-600))] {
        assert_ne!(verdict(published, at(9)), believed);
        assert_eq!(verdict(published, at(10)), believed);
    }
    assert_ne!(verdict(Some(at(3)), at(12)), believed);
    assert_eq!(verdict(Some(at(3)), at(13)), believed);
}

#[test]
fn what_not_everybody_sees_waits_for_a_day_and_is_then_left_out() {
    let start = Some(at(-5));
    let cases = [
        (
            Api {
                present: false,
                ..public()
            },
            Hold::Absent,
            Left::Removed,
        ),
        (
            Api {
                privacy: Some(Privacy::Private),
                ..public()
            },
            Hold::Private,
            Left::Private,
        ),
        (
            Api {
                privacy: Some(Privacy::Unlisted),
                ..public()
            },
            Hold::Unlisted,
            Left::Unlisted,
        ),
        (
            Api {
                privacy: Some(Privacy::Other),
                ..public()
            },
            Hold::VisibilityUnknown,
            Left::VisibilityUnknown,
        ),
        (
            Api {
                privacy: None,
                ..public()
            },
            Hold::VisibilityUnknown,
            Left::VisibilityUnknown,
        ),
        (
            Api {
                upload: Some(Upload::Uploaded),
                ..public()
            },
            Hold::Processing,
            Left::NeverProcessed,
        ),
        (
            Api {
                live: Some(Live::Live),
                ..public()
            },
            Hold::Live,
            Left::Live,
        ),
        (
            Api {
                live: Some(Live::Other),
                ..public()
            },
            Hold::VisibilityUnknown,
            Left::VisibilityUnknown,
        ),
        (
            Api {
                live: Some(Live::Upcoming),
                ..public()
            },
            Hold::Upcoming,
            Left::NeverStarted,
        ),
        (
            Api {
                live: Some(Live::Upcoming),
                start,
                ..public()
            },
            Hold::Upcoming,
            Left::NeverStarted,
        ),
    ];
    for (api, reason, after) in cases {
        // Signs of a Short change nothing.
        let mut evidence = with_api(api);
        evidence.feed_link = Some(SEEN);
        evidence.probed(Probe::Short, SEEN);
        for needs in [Needs::Kind, Needs::VisibilityOnly] {
            let judged = |minutes| judge(&evidence, None, SEEN, at(minutes), needs);
            assert_eq!(judged(0), hold_until(reason, 1), "{evidence:?}");
            assert_eq!(judged(24 * 60 - 1), hold_until(reason, 24 * 60));
            assert_eq!(judged(24 * 60), left(after));
        }
    }
}

#[test]
fn what_will_never_be_seen_is_left_out_at_once() {
    let upload = |status| {
        with_api(Api {
            upload: Some(status),
            ..public()
        })
    };
    let cases = [
        (upload(Upload::Failed), Left::Rejected),
        (upload(Upload::Rejected), Left::Rejected),
        (upload(Upload::Deleted), Left::Removed),
        (listed(|it| it.members = Some(SEEN)), Left::MembersOnly),
    ];
    for (mut evidence, reason) in cases {
        evidence.feed_link = Some(SEEN);
        assert_eq!(judged(&evidence, 0), left(reason), "{evidence:?}");
    }
    let mut back = with_api(Api {
        at: at(6),
        ..shaped(30, 405, 720)
    });
    back.feed_link = Some(SEEN);
    back.deleted = Some(at(4));
    assert_eq!(judged(&back, 6), short(By::FeedLink));
    // What was asked sooner may not know of the deletion.
    back.deleted = Some(at(5));
    assert_eq!(judged(&back, 6), hold_until(Hold::Absent, 7));
    assert_eq!(judged(&back, 7), left(Left::Removed));
    let mut hidden = with_api(Api {
        at: at(7),
        privacy: Some(Privacy::Private),
        ..public()
    });
    hidden.deleted = Some(at(5));
    assert_eq!(judged(&hidden, 7), hold_until(Hold::Private, 15));
    let mut absent = with_api(Api {
        at: at(7),
        present: false,
        ..public()
    });
    absent.deleted = Some(at(5));
    assert_eq!(judged(&absent, 7), hold_until(Hold::Absent, 15));
    assert_eq!(judged(&absent, 65), left(Left::Removed));
}

#[test]
fn an_upcoming_video_is_looked_at_when_it_is_due_and_daily_until_then() {
    const DAY: i64 = 24 * 60;
    let upcoming = |due: i64, minutes| {
        let api = Api {
            live: Some(Live::Upcoming),
            start: Some(at(due)),
            ..public()
        };
        judged(&with_api(api), minutes)
    };
    assert_eq!(upcoming(90, 0), hold_until(Hold::Upcoming, 90));
    assert_eq!(upcoming(5 * DAY, 7), hold_until(Hold::Upcoming, DAY + 7));
    // It is late: the day begins when it was due.
    assert_eq!(
        upcoming(5 * DAY, 5 * DAY),
        hold_until(Hold::Upcoming, 5 * DAY + 1)
    );
    assert_eq!(upcoming(5 * DAY, 6 * DAY), left(Left::NeverStarted));
    assert_eq!(upcoming(31 * DAY, 0), left(Left::NeverStarted));
    // It ended after days: there is a day again to find out what it is.
    let over = Api {
        start: Some(at(5 * DAY)),
        end: Some(at(5 * DAY + 60)),
        ..public()
    };
    assert_eq!(
        judged(&with_api(over), 5 * DAY + 61),
        hold_until(Hold::KindUnknown, 5 * DAY + 63)
    );
}

#[test]
fn undecided_is_asked_again_after_1_2_4_8_10_and_10_minutes() {
    let (mut now, mut waits) = (SEEN, Vec::new());
    let last = loop {
        match judge(&listed(|_| ()), Some(SEEN), SEEN, now, Needs::Kind) {
            Verdict::Hold { look_again_at, .. } => {
                waits.push(look_again_at.since(now) / MINUTE_MS);
                now = look_again_at;
            }
            other => break other,
        }
    };
    assert_eq!(waits[..7], [1, 2, 4, 8, 10, 10, 10]);
    assert_eq!((last, now), (left(Left::Undecided), at(24 * 60)));
}

#[test]
fn who_takes_both_kinds_does_not_wait_for_the_kind() {
    let judged = |evidence: &Evidence| judge(evidence, None, SEEN, SEEN, Needs::VisibilityOnly);
    assert_eq!(judged(&listed(|_| ())), Verdict::Visible { by: By::Listed });
    assert_eq!(
        judged(&with_api(public())),
        Verdict::Visible { by: By::ApiPublic }
    );
    assert_eq!(
        judged(&listed(|it| it.feed_link = Some(SEEN))),
        short(By::FeedLink)
    );
    // A page that answers is no proof that everybody sees it.
    let mut evidence = Evidence::default();
    evidence.probed(Probe::Short, SEEN);
    assert_eq!(judged(&evidence), hold_until(Hold::VisibilityUnknown, 1));
}

#[test]
fn looks_go_to_who_can_add_something() {
    let looks = |evidence: &Evidence, minutes, needs, api| {
        next_looks(evidence, Some(SEEN), SEEN, at(minutes), needs, api)
    };
    let (kind, both) = (Needs::Kind, Needs::VisibilityOnly);
    let new = listed(|_| ());
    assert_eq!(looks(&new, 0, kind, true), [Look::DataApi, Look::Probe]);
    assert_eq!(looks(&new, 0, kind, false), [Look::Probe]);
    assert_eq!(looks(&new, 0, both, true), [Look::DataApi]);
    assert_eq!(looks(&new, 0, both, false), []);
    assert_eq!(looks(&new, 3, kind, false), [Look::Probe, Look::Playlist]);
    // Even what is called a Short may be private.
    let linked = listed(|it| it.feed_link = Some(SEEN));
    assert_eq!(looks(&linked, 0, kind, true), [Look::DataApi]);
    assert_eq!(looks(&with_api(shaped(30, 405, 720)), 1, kind, true), []);
    // What was just asked is not asked again, and later it is.
    let mut asked = with_api(public());
    asked.probed(Probe::Watch, SEEN);
    assert_eq!(looks(&asked, 0, kind, true), []);
    assert_eq!(looks(&asked, 1, kind, true), [Look::DataApi, Look::Probe]);
    let live = with_api(Api {
        live: Some(Live::Live),
        ..public()
    });
    assert_eq!(looks(&live, 10, kind, true), [Look::DataApi]);
    // A deletion may have been taken back since, which the Data API alone can say, and is asked once.
    let mut gone = listed(|it| it.deleted = Some(at(5)));
    assert_eq!(looks(&gone, 7, kind, true), [Look::DataApi]);
    assert_eq!(looks(&gone, 7, kind, false), []);
    gone.api = Some(Api {
        at: at(7),
        upload: Some(Upload::Deleted),
        ..public()
    });
    assert_eq!(looks(&gone, 17, kind, true), []);
    assert_eq!(looks(&live, 10, kind, false), []);
    assert_eq!(looks(&live, 24 * 60, kind, true), []);
    let absent = listed(|it| it.looked_in_playlist(false, at(4)));
    assert_eq!(looks(&absent, 13, kind, false), [Look::Probe]);
    assert_eq!(
        looks(&absent, 14, kind, false),
        [Look::Probe, Look::Playlist]
    );
}

#[test]
fn durations_are_read_in_seconds() {
    for (text, seconds) in [
        ("PT3M", Some(180)),
        ("PT3M1S", Some(181)),
        ("P0D", Some(0)),
        ("PT0S", Some(0)),
        ("P1DT2H", Some(93_600)),
        ("P1W", Some(604_800)),
        ("PT59.9S", Some(59)),
        ("PT1H2M3S", Some(3_723)),
        ("P1M", None),
        ("P1Y", None),
        ("-PT3M", None),
        ("3 minutes", None),
        ("PT", None),
        ("", None),
        ("PT99999999999S", None),
    ] {
        assert_eq!(duration_seconds(text), seconds, "{text}");
    }
}

#[test]
fn evidence_is_kept_in_few_words() {
    let empty = serde_json::to_value(Evidence::default()).unwrap();
    assert_eq!(empty, serde_json::json!({}));
    let mut evidence = with_api(shaped(30, 405, 720));
    evidence.probed(Probe::Other(429), SEEN);
    let ms = SEEN.millis();
    let kept = serde_json::json!({
        "listed": ms,
        "probe": { "other": ms, "status": 429 },
        "api": {
            "at": ms, "present": true, "seconds": 30, "width": 405, "height": 720,
            "live": "none", "privacy": "public", "upload": "processed",
        },
    });
    assert_eq!(serde_json::to_value(&evidence).unwrap(), kept);
    let unknown =
        serde_json::json!({ "at": ms, "present": true, "live": "soon", "privacy": "friends" });
    let api: Api = serde_json::from_value(unknown).unwrap();
    assert_eq!(
        (api.live, api.privacy),
        (Some(Live::Other), Some(Privacy::Other))
    );
}

#[test]
fn codes_are_snake_case_once_each_and_have_a_sentence() {
    let check = |words: Vec<(&str, &str)>| {
        for (n, (code, sentence)) in words.iter().enumerate() {
            assert!(
                code.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{code}"
            );
            assert!(sentence.ends_with('.') && sentence.len() > 10, "{sentence}");
            assert!(
                !words[..n].iter().any(|(earlier, _)| earlier == code),
                "{code}"
            );
        }
    };
    check(
        By::ALL
            .iter()
            .map(|it| (it.code(), it.sentence()))
            .collect(),
    );
    check(
        Hold::ALL
            .iter()
            .map(|it| (it.code(), it.sentence()))
            .collect(),
    );
    check(
        Left::ALL
            .iter()
            .map(|it| (it.code(), it.sentence()))
            .collect(),
    );
}

/// Within three days of first sight.
fn instants() -> impl Strategy<Value = Timestamp> {
    (-3 * 24 * 60..3 * 24 * 60_i64).prop_map(at)
}

fn apis() -> impl Strategy<Value = Api> {
    let lives = prop_oneof![
        Just(Live::None),
        Just(Live::Upcoming),
        Just(Live::Live),
        Just(Live::Other)
    ];
    let privacies = prop_oneof![4 => Just(Privacy::Public), 1 => Just(Privacy::Private), 1 => Just(Privacy::Other)];
    let uploads = prop_oneof![4 => Just(Upload::Processed), 1 => Just(Upload::Uploaded), 1 => Just(Upload::Other)];
    let shape = (
        option::of(0..400_u32),
        option::of(0..1300_u32),
        option::of(0..1300_u32),
    );
    let times = (instants(), option::of(instants()), option::of(instants()));
    (
        times,
        prop::bool::weighted(0.9),
        shape,
        option::of(lives),
        option::of(privacies),
        option::of(uploads),
    )
        .prop_map(
            |((at, start, end), present, (seconds, width, height), live, privacy, upload)| Api {
                at,
                present,
                seconds,
                width,
                height,
                live,
                start,
                end,
                privacy,
                upload,
            },
        )
}

fn evidences() -> impl Strategy<Value = Evidence> {
    let seen = || option::of(instants());
    let rarely = || option::weighted(0.1, instants());
    let probe = (seen(), seen(), seen());
    let playlist = option::of((instants(), any::<bool>()));
    (
        seen(),
        rarely(),
        probe,
        playlist,
        rarely(),
        rarely(),
        option::of(apis()),
    )
        .prop_map(
            |(listed, feed_link, (short, watch, other), playlist, members, deleted, api)| {
                Evidence {
                    listed,
                    feed_link,
                    probe: Probes {
                        short,
                        watch,
                        other,
                        status: other.map(|_| 429),
                    },
                    playlist: playlist.map(|(at, found)| Playlist { at, found }),
                    members,
                    deleted,
                    api,
                }
            },
        )
}

fn needs() -> impl Strategy<Value = Needs> {
    prop_oneof![Just(Needs::Kind), Just(Needs::VisibilityOnly)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_is_decided_without_a_sign(
        evidence in evidences(), published in option::of(instants()), now in instants(), needs in needs(),
    ) {
        let api = evidence.api.as_ref();
        let verdict = judge(&evidence, published, SEEN, now, needs);
        if let Verdict::Short { .. } = verdict {
            let upright = api.is_some_and(|api| api.width.is_some() && api.height >= api.width && api.seconds > Some(0));
            let word = evidence.feed_link.is_some() || evidence.probe.short.is_some();
            prop_assert!(word || upright || evidence.playlist.is_some_and(|playlist| playlist.found));
            prop_assert!(api.is_none_or(|api| api.seconds <= Some(180)));
        }
        if let Verdict::NotShort { .. } = verdict {
            let contradicted = api.is_some_and(|api| api.seconds > Some(180) || api.width > api.height);
            prop_assert!(contradicted || evidence.probe.watch.is_some_and(|watch| watch >= at(10)));
        }
        if !matches!(verdict, Verdict::Hold { .. } | Verdict::LeaveOut { .. }) {
            prop_assert!(api.is_none_or(|api| api.present && api.privacy == Some(Privacy::Public)));
            prop_assert!(api.is_none_or(|api| api.live == Some(Live::None)));
            prop_assert!(evidence.members.is_none());
            prop_assert!(next_looks(&evidence, published, SEEN, now, needs, api.is_some()).is_empty());
        }
    }

    #[test]
    fn a_look_is_ahead_and_at_most_a_day_and_after_the_last_day_it_ends(
        evidence in evidences(), published in option::of(instants()), now in instants(), needs in needs(),
    ) {
        if let Verdict::Hold { look_again_at, reason } = judge(&evidence, published, SEEN, now, needs) {
            let ahead = look_again_at.since(now);
            let most = if reason == Hold::Upcoming { DAY_MS } else { BACKOFF_MAX_MS + BREATH_MS };
            prop_assert!((1..=most).contains(&ahead), "{ahead}");
        }
        // Nothing here begins or ends more than three days after it was seen.
        let verdict = judge(&evidence, published, SEEN, at(4 * 24 * 60), needs);
        let waits = matches!(verdict, Verdict::Hold { .. });
        prop_assert!(!waits, "{verdict:?}");
    }

    #[test]
    fn a_decision_stands_as_time_passes(
        evidence in evidences(), published in option::of(instants()),
        now in instants(), later in 0..5 * DAY_MS, needs in needs(),
    ) {
        let verdict = judge(&evidence, published, SEEN, now, needs);
        if !matches!(verdict, Verdict::Hold { .. } | Verdict::LeaveOut { .. }) {
            prop_assert_eq!(judge(&evidence, published, SEEN, now.plus_ms(later), needs), verdict);
        }
    }

    #[test]
    fn a_sign_more_never_unmakes_a_short(
        evidence in evidences(), published in option::of(instants()), now in instants(), needs in needs(),
    ) {
        if let Verdict::Short { .. } = judge(&evidence, published, SEEN, now, needs) {
            let mut more = evidence;
            more.probed(Probe::Short, now);
            more.looked_in_playlist(true, now);
            more.feed_link = Some(now);
            let stays = matches!(judge(&more, published, SEEN, now, needs), Verdict::Short { .. });
            prop_assert!(stays);
        }
    }

    #[test]
    fn evidence_survives_being_kept(evidence in evidences()) {
        let kept = serde_json::to_string(&evidence).unwrap();
        prop_assert_eq!(serde_json::from_str::<Evidence>(&kept).unwrap(), evidence);
    }

    #[test]
    fn any_text_may_be_a_duration(text in ".{0,20}") {
        let _ = duration_seconds(&text);
    }
}
