//! Users, metrics, analytics, trends.

use serde_json::json;

use super::*;
use crate::sandbox::measure::Metrics;

const SEEN: Metrics = Metrics {
    impressions: 100,
    url_clicks: 3,
    profile_clicks: 2,
};

#[test]
fn users_are_found_by_id_by_name_and_by_a_part_of_it() {
    let mut world = World::new();
    assert_eq!(
        world.get("/2/users/1002").at("/data/username"),
        "second_bird"
    );
    assert_eq!(
        world.get("/2/users/7").at("/errors/0/title"),
        "Not Found Error"
    );
    let seen = world.get("/2/users/by?usernames=SECOND_bird,nobody&user.fields=verified");
    assert_eq!(seen.body["data"][0]["verified"], false);
    assert_eq!(seen.at("/errors/0/value"), "nobody");
    let seen = world.get("/2/users/search?query=bi&max_results=1");
    assert_eq!(seen.at("/data/0/username"), "second_bird");
    let next = seen.at("/meta/next_token").to_owned();
    let seen = world.get(&format!(
        "/2/users/search?query=bi&max_results=1&next_token={next}"
    ));
    assert_eq!(seen.at("/data/0/username"), "long_bill");
    assert!(seen.body["meta"].get("next_token").is_none());
    let many = vec!["a"; 101].join(",");
    assert!(
        world
            .get(&format!("/2/users/by?usernames={many}"))
            .complaint()
            .contains("is not between 1 and 100")
    );
}

#[test]
fn a_user_tells_of_its_subscription_to_itself_alone() {
    let mut world = World::new();
    let fields = "user.fields=public_metrics,subscription_type,description,created_at,verified";
    let me = world.get(&format!("/2/users/me?{fields}")).body["data"].clone();
    assert_eq!(me["subscription_type"], "None");
    assert_eq!(me["description"], "A user of the sandbox.");
    assert_eq!(me["public_metrics"]["tweet_count"], 0);
    let bill = world.get(&format!("/2/users/1003?{fields}")).body["data"].clone();
    assert_eq!(bill["verified"], true);
    assert!(bill.get("subscription_type").is_none());
}

#[test]
fn search_is_for_users_and_not_for_apps() {
    let mut world = World::new();
    world.access = "sandbox-app-only".into();
    let seen = world.get("/2/users/search?query=a");
    assert_eq!(seen.status, 403);
    assert!(
        seen.at("/detail")
            .ends_with("[OAuth 1.0a User Context, OAuth 2.0 User Context].")
    );
    assert_eq!(
        world.get("/2/users/1001").header("x-rate-limit-limit"),
        "300"
    );
}

#[test]
fn mentions_are_found_and_paged() {
    let mut world = World::new();
    for n in 0..6 {
        world
            .x
            .write_as(START + n, "second_bird", &format!("{n} @Godwit_Demo"))
            .unwrap();
    }
    world.x.write_as(START, "second_bird", "to nobody").unwrap();
    world.now += 10;
    let seen = world.get("/2/users/1001/mentions?max_results=5");
    assert_eq!(seen.at("/data/0/text"), "5 @Godwit_Demo");
    let next = seen.at("/meta/next_token").to_owned();
    let seen = world.get(&format!("/2/users/1001/mentions?pagination_token={next}"));
    assert_eq!(seen.body["meta"]["result_count"], 1);
    assert_eq!(seen.header("x-rate-limit-limit"), "300");
}

#[test]
fn private_metrics_are_for_the_author_for_30_days() {
    let mut world = World::new();
    let own = world.said("mine");
    let other = world.x.write_as(START, "second_bird", "theirs").unwrap();
    assert!(world.x.measure(&own, SEEN));
    let path =
        format!("/2/tweets?ids={own},{other}&post.fields=non_public_metrics,organic_metrics");
    let seen = world.get(&path);
    assert_eq!(seen.body["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        seen.body["data"][0]["non_public_metrics"],
        json!({"impression_count": 100, "url_link_clicks": 3, "user_profile_clicks": 2, "engagements": 5})
    );
    assert_eq!(seen.body["errors"].as_array().unwrap().len(), 2);
    assert!(
        seen.at("/errors/0/type")
            .ends_with("/problems/not-authorized-for-field")
    );
    assert_eq!(seen.at("/errors/0/field"), "non_public_metrics");
    let seen = world.get(&format!("/2/tweets/{own}?post.fields=promoted_metrics"));
    assert!(seen.body.get("data").is_none());
    world.now += 30 * 24 * HOUR;
    world.become_user("godwit_demo");
    assert_eq!(world.get(&path).body["errors"].as_array().unwrap().len(), 4);
}

#[test]
fn analytics_are_of_own_posts_in_a_time() {
    let mut world = World::new();
    let own = world.said("mine");
    let other = world.x.write_as(START, "second_bird", "theirs").unwrap();
    world.x.measure(&own, SEEN);
    let path = |start: &str, end: &str, more: &str| {
        format!(
            "/2/tweets/analytics?ids={own},{other}&start_time={start}&end_time={end}\
                 &analytics.fields=impressions,url_clicks,shares{more}"
        )
    };
    let (day, next) = ("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z");
    let seen = world.get(&path(day, next, ""));
    assert_eq!(
        seen.body["data"],
        json!([{"id": own, "impressions": 100, "url_clicks": 3, "shares": 0}])
    );
    assert_eq!(seen.at("/errors/0/resource_id"), other);
    let seen = world.get(&path(day, next, "&granularity=hourly"));
    assert_eq!(
        seen.body["data"][0]["timestamped_metrics"],
        json!([{"timestamp": "2026-11-21T08:00:00.000Z", "metrics": {"impressions": 100, "url_clicks": 3, "shares": 0}}])
    );
    assert_eq!(
        world.get(&path(next, "2026-11-23T00:00:00Z", "")).body["data"][0]["impressions"],
        0
    );
    assert!(
        world
            .get(&path(next, day, ""))
            .complaint()
            .contains("must be before")
    );
}

#[test]
fn trends_are_of_a_place_and_of_a_user() {
    let mut world = World::new();
    let seen = world.get("/2/trends/by/woeid/1?max_trends=1");
    assert_eq!(seen.body["data"], json!([{"trend_name": "#Rust"}]));
    assert_eq!(seen.header("x-rate-limit-limit"), "75");
    let seen = world.get("/2/users/personalized_trends?personalized_trend.fields=post_count");
    assert_eq!(
        seen.body["data"][1],
        json!({"trend_name": "Edge", "post_count": "11K posts"})
    );
    assert_eq!(seen.header("x-rate-limit-limit"), "10");
    assert_eq!(seen.header("x-app-limit-24hour-limit"), "200");
    assert!(
        world
            .get("/2/trends/by/woeid/here")
            .complaint()
            .contains("is not valid")
    );
}

#[test]
fn a_window_of_the_app_is_shared_by_its_users() {
    let mut world = World::new();
    world.x.settings.limits.trends.app = Some(1);
    assert_eq!(world.get("/2/trends/by/woeid/1").status, 200);
    world.become_user("second_bird");
    assert_eq!(world.get("/2/trends/by/woeid/1").status, 429);
}
