//! One vocabulary for X's answers.
//!
//! X is renaming `tweet` to `post` in what it answers (since document 2.167, without an announcement). Its live answers
//! use either name, by endpoint, and at times both in one object; serde refuses a field that is there twice. So the keys
//! of an answer are made new before anything reads them, and where both are there the new one counts.

use serde_json::{Map, Value};

/// Old names and new ones, wherever they stand.
const KEYS: [(&str, &str); 9] = [
    ("edit_history_tweet_ids", "edit_history_post_ids"),
    ("most_recent_tweet_id", "most_recent_post_id"),
    ("note_tweet", "note_post"),
    ("pinned_tweet_id", "pinned_post_id"),
    ("referenced_tweets", "referenced_posts"),
    ("retweet_count", "repost_count"),
    ("total_tweet_count", "total_post_count"),
    // Of users, and of trends.
    ("tweet_count", "post_count"),
    // In `includes`; nothing else is called so.
    ("tweets", "posts"),
];

/// Gives every key of an answer its new name, however deep. What was not renamed (`in_reply_to_tweet_id`, `liked`,
/// `retweeted`) and all values stay as they are.
pub fn normalize(answer: &mut Value) {
    match answer {
        Value::Object(members) => {
            for (old, new) in KEYS {
                rename(members, old, new);
            }
            members.values_mut().for_each(normalize);
        }
        Value::Array(items) => items.iter_mut().for_each(normalize),
        _ => {}
    }
}

fn rename(members: &mut Map<String, Value>, old: &str, new: &str) {
    if let Some(value) = members.remove(old) {
        members.entry(new).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::normalize;
    use serde_json::{Value, json};

    fn normalized(mut answer: Value) -> Value {
        normalize(&mut answer);
        answer
    }

    fn answer(names: [&str; 5]) -> Value {
        let [history, references, reposts, note, included] = names;
        json!({
            "data": [{
                "id": "5", history: ["5"], references: [{ "type": "quoted", "id": "3" }],
                "public_metrics": { reposts: 2, "like_count": 1 },
                note: { "text": "long", "entities": { "urls": [] } },
                "in_reply_to_tweet_id": "4",
            }],
            "includes": { included: [{ "id": "3", "public_metrics": { reposts: 7 } }] },
        })
    }

    #[test]
    fn old_new_and_mixed_answers_become_the_same() {
        let old = [
            "edit_history_tweet_ids",
            "referenced_tweets",
            "retweet_count",
            "note_tweet",
            "tweets",
        ];
        let new = [
            "edit_history_post_ids",
            "referenced_posts",
            "repost_count",
            "note_post",
            "posts",
        ];
        let mixed = [old[0], new[1], old[2], new[3], old[4]];
        for names in [old, new, mixed] {
            assert_eq!(normalized(answer(names)), answer(new), "{names:?}");
        }
    }

    #[test]
    fn of_two_names_of_one_thing_the_new_one_counts_and_nothing_is_there_twice() {
        let both = json!({ "data": { "public_metrics": { "retweet_count": 1, "repost_count": 2,
            "tweet_count": 3, "post_count": 4, "total_tweet_count": 5 } } });
        let one = json!({ "data": { "public_metrics": { "repost_count": 2, "post_count": 4, "total_post_count": 5 } } });
        assert_eq!(normalized(both), one);
    }

    #[test]
    fn users_and_trends_are_renamed_and_values_are_not() {
        let users = json!({ "pinned_tweet_id": "1", "most_recent_tweet_id": "2", "description": "tweet_count" });
        let renamed = json!({ "pinned_post_id": "1", "most_recent_post_id": "2", "description": "tweet_count" });
        assert_eq!(normalized(users), renamed);
        let trend = json!([{ "trend_name": "retweet_count", "tweet_count": 7 }]);
        assert_eq!(
            normalized(trend),
            json!([{ "trend_name": "retweet_count", "post_count": 7 }])
        );
        assert_eq!(
            normalized(json!({ "retweeted": true })),
            json!({ "retweeted": true })
        );
    }
}
