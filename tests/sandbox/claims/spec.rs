use serde_json::json;

use super::*;
use crate::sandbox::spec;

fn check(method: &str, path: &str, body: &Value) -> Result<(), String> {
    let body = match body {
        Value::Null => Vec::new(),
        body => body.to_string().into_bytes(),
    };
    let request = World::new().call(method, path, body);
    spec::check(&request)
}

#[test]
fn what_the_document_allows_passes() {
    let good = [
        ("POST", "/2/tweets", json!({"text": "a"})),
        ("DELETE", "/2/tweets/1", Value::Null),
        (
            "GET",
            "/2/users/me?user.fields=profile_image_url,subscription_type",
            Value::Null,
        ),
        (
            "GET",
            "/2/users/1/tweets?max_results=5&since_id=1&start_time=2026-11-21T08:00:00Z",
            Value::Null,
        ),
        (
            "GET",
            "/2/tweets/analytics?ids=1,2&start_time=2026-11-21T08:00:00Z&end_time=2026-11-22T08:00:00Z",
            Value::Null,
        ),
        ("POST", "/2/users/1/bookmarks", json!({"tweet_ids": ["1"]})),
        ("GET", "/2/trends/by/woeid/1?max_trends=50", Value::Null),
        ("POST", "/2/oauth2/token", json!({})),
        ("GET", "/i/oauth2/authorize?x=1", Value::Null),
    ];
    for (method, path, body) in good {
        assert_eq!(check(method, path, &body), Ok(()), "{method} {path}");
    }
}

#[test]
fn what_the_document_does_not_allow_is_said() {
    let wrong = [
        (
            "PUT",
            "/2/tweets",
            json!({}),
            "PUT /2/tweets is not in the document",
        ),
        (
            "GET",
            "/2/tweets",
            Value::Null,
            "The `ids` query parameter can not be empty",
        ),
        (
            "GET",
            "/2/tweets?ids=",
            Value::Null,
            "The ids query parameter can not be empty",
        ),
        (
            "GET",
            "/2/tweets?ids=1,x",
            Value::Null,
            "The `ids` query parameter value [x] is not valid",
        ),
        (
            "GET",
            "/2/tweets/x",
            Value::Null,
            "The `id` query parameter value [x] is not valid",
        ),
        (
            "GET",
            "/2/tweets/1?tweet.fields=lang",
            Value::Null,
            "The query parameter [tweet.fields] is not one of",
        ),
        (
            "GET",
            "/2/tweets/1?post.fields=author_id",
            Value::Null,
            "The `post.fields` query parameter value [author_id] is not one of",
        ),
        (
            "GET",
            "/2/users/1/tweets?max_results=4",
            Value::Null,
            "The `max_results` query parameter value [4] is not between 5 and 100",
        ),
        (
            "GET",
            "/2/users/1/tweets?exclude=all",
            Value::Null,
            "The `exclude` query parameter value [all] is not one of [replies,retweets]",
        ),
        (
            "GET",
            "/2/users/search?query=a%2Bb",
            Value::Null,
            "The `query` query parameter value [a+b] is not valid",
        ),
        (
            "GET",
            "/2/usage/credits?days=1",
            Value::Null,
            "The query parameter [days] is not one of []",
        ),
        (
            "DELETE",
            "/2/tweets/1",
            json!({}),
            "The request must not have a body.",
        ),
        (
            "POST",
            "/2/users/1/bookmarks",
            json!({"folder_id": "1"}),
            "$.tweet_id: is missing but it is required",
        ),
        (
            "POST",
            "/2/media/metadata",
            json!({"id": "1", "metadata": {"alt": 1}}),
            "$.metadata.alt: is not defined in the schema",
        ),
    ];
    for (method, path, body, expected) in wrong {
        let said = check(method, path, &body).unwrap_err();
        assert!(said.starts_with(expected), "{method} {path}: {said}");
    }
}

#[test]
fn every_request_is_counted_that_the_document_does_not_allow() {
    let mut world = World::new();
    world.said("hello");
    world.get("/2/users/me?user.fields=username");
    assert_eq!(world.x.counts().against_the_document, 0);
    // Taken, as long as old names are; the document has them no more.
    assert_eq!(world.get("/2/tweets/1?tweet.fields=lang").status, 200);
    world.create(&json!({"txt": "a"}));
    assert_eq!(world.x.counts().against_the_document, 2);
    world.x.settings.query_names = crate::sandbox::Names::New;
    assert_eq!(world.get("/2/tweets/1?tweet.fields=lang").status, 400);
}
