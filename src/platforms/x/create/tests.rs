//! Every error body that X is known to answer a create call with, and what Godwit makes of it.

use super::{body, classify};
use crate::platforms::{
    Attached, Class, Content, Extras, Observed, Outcome, Poll, ReplySettings, Span,
};
use crate::time::Timestamp;
use serde_json::json;

fn of(status: u16, body: &str) -> Outcome {
    classify(status, body.as_bytes(), &[])
}

fn refused(outcome: Outcome) -> (Class, String) {
    match outcome {
        Outcome::NotSent(refusal) => (refusal.class, refusal.code),
        other => panic!("not a refusal: {other:?}"),
    }
}

#[test]
fn an_answer_with_an_id_is_sent_in_either_vocabulary() {
    for extra in [
        "",
        r#","edit_history_tweet_ids":["1"]"#,
        r#","edit_history_post_ids":["1"],"edit_history_tweet_ids":["1"]"#,
    ] {
        let body = format!(r#"{{"data":{{"id":"1942","text":"hello"{extra}}}}}"#);
        assert_eq!(
            of(201, &body),
            Outcome::Sent {
                external_id: "1942".to_owned()
            }
        );
    }
}

#[test]
fn whatever_may_hide_a_post_is_uncertain() {
    let service_unavailable = r#"{"title":"Service Unavailable","detail":"Service Unavailable","type":"about:blank","status":503}"#;
    let html = "<html><body>upstream connect error</body></html>";
    for (status, body) in [
        (503, service_unavailable),
        (503, html),
        (500, "{}"),
        (502, ""),
        (504, html),
        (408, ""),
        (201, ""),
        (200, "{}"),
        (201, r#"{"data":{"text":"no id"}}"#),
        (201, r#"{"data":{"id":""}}"#),
        (302, ""),
    ] {
        assert!(
            matches!(of(status, body), Outcome::Uncertain { .. }),
            "{status} {body}"
        );
    }
}

#[test]
fn each_known_refusal_has_its_class_and_code() {
    let cases = [
        (
            403,
            r#"{"detail":"You are not permitted to perform this action.","type":"about:blank","title":"Forbidden","status":403}"#,
            Class::Permanent,
            "x_forbidden",
        ),
        (
            403,
            r#"{"detail":"Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.","title":"Forbidden"}"#,
            Class::Permanent,
            "reply_not_allowed",
        ),
        (
            403,
            r#"{"detail":"You can only reply to or quote posts where you are mentioned or are the author.","title":"Forbidden"}"#,
            Class::Permanent,
            "reply_not_allowed",
        ),
        (
            403,
            r#"{"detail":"Creating posts with @mentions is not allowed for your access package."}"#,
            Class::Permanent,
            "mentions_not_allowed",
        ),
        (
            403,
            r#"{"title":"Forbidden","detail":"This user is not allowed to post a video longer than 2 minutes."}"#,
            Class::Permanent,
            "x_forbidden",
        ),
        (
            400,
            r#"{"detail":"The Tweet contains an invalid URL.","title":"Invalid Request"}"#,
            Class::Permanent,
            "x_refused",
        ),
        (
            403,
            r#"{"title":"Forbidden","type":"https://api.twitter.com/2/problems/oauth1-permissions","detail":"Your client app is not configured"}"#,
            Class::Token,
            "missing_scope",
        ),
        (
            403,
            r#"{"title":"Client Forbidden","type":"https://api.twitter.com/2/problems/client-forbidden","reason":"client-not-enrolled"}"#,
            Class::Operator,
            "x_app_not_enrolled",
        ),
        (
            403,
            r#"{"title":"User Suspended","type":"https://api.x.com/2/problems/user-suspended"}"#,
            Class::Permanent,
            "x_account_locked",
        ),
        (
            403,
            r#"{"detail":"To protect our users, this account is temporarily locked."}"#,
            Class::Permanent,
            "x_account_locked",
        ),
        (
            402,
            r#"{"title":"CreditsDepleted","detail":"Your enrolled account [1] does not have any credits to fulfill this request.","type":"https://api.twitter.com/2/problems/credits"}"#,
            Class::Operator,
            "x_credits_depleted",
        ),
        (
            403,
            r#"{"title":"Forbidden","detail":"Your monthly spend cap has been reached.","type":"https://api.x.com/2/problems/spend-cap-reached"}"#,
            Class::Operator,
            "x_spend_cap_reached",
        ),
        (
            404,
            r#"{"title":"Not Found Error","type":"https://api.twitter.com/2/problems/resource-not-found"}"#,
            Class::Permanent,
            "reply_target_missing",
        ),
        (413, "", Class::Permanent, "x_refused"),
    ];
    for (status, body, class, code) in cases {
        assert_eq!(
            refused(of(status, body)),
            (class, code.to_owned()),
            "{status} {body}"
        );
    }
}

#[test]
fn a_success_with_errors_and_no_data_is_a_refusal() {
    let body = r#"{"errors":[{"message":"The field [nope] is not valid"}],"title":"Invalid Request","type":"https://api.x.com/2/problems/invalid-request"}"#;
    assert_eq!(
        refused(of(200, body)),
        (Class::Permanent, "x_refused".to_owned())
    );
}

#[test]
fn a_limit_waits_until_the_window_that_is_used_up_opens() {
    let reset = |span, remaining, at| Observed {
        span,
        limit: 100,
        remaining,
        reset_at: Timestamp::from_millis(at),
    };
    let day = [
        reset(Span::Quarter, 5, 900_000),
        reset(Span::Day, 0, 86_400_000),
    ];
    let body = br#"{"title":"Too Many Requests","detail":"Too Many Requests","type":"about:blank","status":429}"#;
    let until = Some(Timestamp::from_millis(86_400_000));
    assert_eq!(classify(429, body, &day), Outcome::Limited { until });
    assert_eq!(
        of(
            429,
            r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#
        ),
        Outcome::Limited { until: None }
    );
    let capped = r#"{"title":"UsageCapExceeded","type":"https://api.x.com/2/problems/usage-capped","period":"Monthly"}"#;
    assert_eq!(of(403, capped), Outcome::Limited { until: None });
}

#[test]
fn an_old_token_and_a_duplicate_are_cases_of_their_own() {
    let unauthorized =
        r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#;
    assert!(matches!(
        of(401, unauthorized),
        Outcome::Unauthorized { .. }
    ));
    let duplicate = r#"{"detail":"You are not allowed to create a Tweet with duplicate content.","type":"about:blank","title":"Forbidden","status":403}"#;
    assert!(matches!(of(403, duplicate), Outcome::Duplicate { .. }));
}

#[test]
fn the_body_holds_the_text_and_a_reply_only_where_there_is_one() {
    let mut content = Content::of("hi");
    assert_eq!(body(&content), json!({ "text": "hi" }));
    content.reply_to = Some("7".to_owned());
    assert_eq!(
        body(&content),
        json!({ "text": "hi", "reply": { "in_reply_to_tweet_id": "7" } })
    );
}

#[test]
fn what_is_wanted_beside_the_words_stands_under_the_names_of_x() {
    let content = Content {
        text: String::new(),
        replaces: Some("3".to_owned()),
        media: vec![Attached {
            id: "9".to_owned(),
            key: "3_9".to_owned(),
        }],
        extras: Extras {
            quote: Some("5".to_owned()),
            poll: Some(Poll {
                options: vec!["yes".to_owned(), "no".to_owned()],
                duration_minutes: 60,
            }),
            reply_settings: Some(ReplySettings::MentionedUsers),
            community_id: Some("77".to_owned()),
            made_with_ai: true,
            paid_partnership: true,
        },
        ..Content::default()
    };
    assert_eq!(
        body(&content),
        json!({
            "media": { "media_ids": ["9"] },
            "edit_options": { "previous_post_id": "3" },
            "quote_tweet_id": "5",
            "poll": { "options": ["yes", "no"], "duration_minutes": 60 },
            "reply_settings": "mentionedUsers",
            "community_id": "77",
            "made_with_ai": true,
            "paid_partnership": true,
        })
    );
}
