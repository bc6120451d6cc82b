//! What X shows of a post is recognised as that post and as no other: generated texts, through the sandbox's X.

use crate::sandbox::{Names, Settings, X};
use crate::support::{Outbound, SeededRandom, VirtualClock};
use futures_util::future::FutureExt as _;
use godwit::platforms::Content;
use godwit::platforms::x::api::{Api, Credentials};
use godwit::platforms::x::matching::{Likeness, likeness};
use godwit::platforms::x::timeline::{Look, OwnPost, Span, read};
use godwit::ports::HttpError;
use godwit::time::Timestamp;
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const START: i64 = 1_795_262_400_000;

/// An X with one user of it, who has Premium.
struct Stand {
    x: Arc<Mutex<X>>,
    access: String,
    config: Arc<godwit::config::Config>,
    now: i64,
}

impl Stand {
    fn new(names: Names) -> Self {
        let mut settings = Settings {
            answer_names: names,
            duplicate_window: 0,
            ..Settings::default()
        };
        settings.redirects.insert(
            "https://bit.ly/abc".into(),
            "https://example.com/very/long?way=there".into(),
        );
        let mut x = X::new(settings);
        let scopes = ["tweet.read", "tweet.write", "users.read"];
        let access = x.grant(START, "long_bill", &scopes).unwrap().access;
        Self {
            x: Arc::new(Mutex::new(x)),
            access,
            config: crate::support::world::config(&[]).into(),
            now: START,
        }
    }

    /// Creates a post as Godwit does; its id, or nothing when X refuses it.
    fn create(&mut self, content: &Content) -> Option<String> {
        let mut body = json!({ "text": content.text });
        if let Some(id) = &content.reply_to {
            body["reply"] = json!({ "in_reply_to_tweet_id": id });
        }
        self.now += 1_000;
        let request = http::Request::post("https://api.x.test/2/tweets")
            .header("authorization", format!("Bearer {}", self.access))
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&body).unwrap())
            .unwrap();
        let answer = self.x.lock().unwrap().handle(self.now, request).answer()?;
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        Some(body["data"]["id"].as_str()?.to_owned())
    }

    /// The timeline as Godwit reads it, X's answers changed on the way.
    fn timeline(&self, change: fn(&mut Value)) -> Vec<OwnPost> {
        let http = Outbound::default();
        let (x, now) = (Arc::clone(&self.x), self.now + 1_000);
        http.on_request(move |request, _| {
            let reply = x.lock().unwrap().handle(now, request.clone());
            let answer = reply.answer().ok_or(HttpError::Timeout)?;
            let (parts, body) = answer.into_parts();
            let mut body: Value = serde_json::from_slice(&body).unwrap();
            for post in body["data"].as_array_mut().into_iter().flatten() {
                change(post);
            }
            Ok(http::Response::from_parts(
                parts,
                serde_json::to_vec(&body).unwrap(),
            ))
        });
        let span = Span {
            from: Timestamp::from_millis(START),
            to: Timestamp::from_millis(self.now + 1_000),
        };
        let credentials = Credentials::Bearer(SecretString::from(self.access.clone()));
        let api = Api {
            http: &http,
            config: &self.config.x,
            credentials: &credentials,
            clock: &VirtualClock::at(Timestamp::from_millis(self.now)),
            random: &SeededRandom::new(1),
        };
        let user = self.x.lock().unwrap().users();
        let user = user
            .iter()
            .find(|user| user.profile.username == "long_bill")
            .unwrap();
        let id = user.id.to_string();
        let look = read(&api, &id, &span);
        // Every port here answers after a yield or two.
        let mut look = Box::pin(look);
        loop {
            if let Some(look) = (&mut look).now_or_never() {
                return match look {
                    Look::Posts(posts) => posts,
                    _ => panic!("the timeline was not read"),
                };
            }
        }
    }
}

fn meant(text: &str) -> Content {
    Content::of(text)
}

fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z]{1,9}",
        1 => "[0-9]{1,4}",
        1 => prop::sample::select(vec![
            "&", "<b>", "&amp;", "&lt;", "&amp;amp;", "AT&T", ">>", "\"so\"", "e\u{301}t\u{e9}", "\u{1100}\u{1161}",
            "Å\u{327}", "日本語", "見て", "👨‍👩‍👧‍👦", "🇳🇱", "#tag", "@second_bird", "1.5", "and/or", "100%", "%41", "…", "a.b",
            "(", ")", "-", "Node.JS",
        ]).prop_map(str::to_owned),
        2 => prop::sample::select(vec![
            "https://example.com/a?b=1&c=2", "http://Example.com", "example.com", "example.com/", "EXAMPLE.org/Path/",
            "sub.example.co.uk/p/", "https://ru.wikipedia.org/wiki/Россия", "https://example.com/%D0%A0", "bit.ly/abc",
            "https://bit.ly/abc", "https://example.com/#/fragment", "https://example.com/a_(b)", "(example.com)",
            "https://x.com/godwit_demo/status/1", "example.com,example.org", "https://example.com:8080/x", "t.co",
            "https://t.co/abcdefghij", "https://example.com/cafe\u{301}", "https://example.com/?q=a%20b&lt;",
        ]).prop_map(str::to_owned),
    ]
}

fn text(longest: usize) -> impl Strategy<Value = String> {
    let separator = prop::sample::select(vec![" ", " ", " ", "\n", "  ", "\n\n"]);
    let words = prop::collection::vec((token(), separator), 1..longest);
    (words, prop::sample::select(vec!["", " ", "\n"])).prop_map(|(words, around)| {
        let text: String = words
            .into_iter()
            .flat_map(|(token, separator)| [token, separator.to_owned()])
            .collect();
        format!("{around}{text}{around}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_post_is_recognised_as_itself_and_as_no_other(
        first in text(14), second in text(14), extra in "[b-z]{7}", at in 0_usize..14, names in 0..3,
    ) {
        let names = [Names::Old, Names::New, Names::Both][usize::try_from(names).unwrap()];
        let mut stand = Stand::new(names);
        // The same with one word more, somewhere.
        let mut words: Vec<&str> = first.split_inclusive(char::is_whitespace).collect();
        let extra = format!(" {extra} ");
        words.insert(at.min(words.len()), &extra);
        let more = words.concat();
        let texts = [first.as_str(), &more, &second];
        let contents: Vec<Content> = texts.iter().map(|text| meant(text)).collect();
        let ids: Vec<Option<String>> = contents.iter().map(|content| stand.create(content)).collect();
        prop_assume!(ids.iter().flatten().count() > 1);
        let posts = stand.timeline(|_| ());
        for (content, id) in contents.iter().zip(&ids) {
            let Some(id) = id else { continue };
            let own = posts.iter().find(|post| post.external_id == *id).unwrap();
            prop_assert_eq!(likeness(content, own), Some(Likeness::Whole), "{:?} as {:?}", content.text, own);
        }
        for (a, b) in [(0, 1), (1, 0)] {
            let Some(id) = &ids[b] else { continue };
            let other = posts.iter().find(|post| post.external_id == *id).unwrap();
            prop_assert_eq!(likeness(&contents[a], other), None, "{:?} as {:?}", contents[a].text, other);
        }
    }

    #[test]
    fn a_long_post_is_recognised_whole_and_by_its_beginning(
        long in prop::collection::vec(text(9), 9..14), extra in "[b-z]{7}",
    ) {
        let long = long.concat();
        let mut stand = Stand::new(Names::Old);
        let content = meant(&long);
        let id = stand.create(&content);
        prop_assume!(id.is_some());
        let whole = &stand.timeline(|_| ())[0];
        prop_assert_eq!(likeness(&content, whole), Some(Likeness::Whole), "{:?} as {:?}", long, whole);
        // An X that does not give the note.
        let cut = &stand.timeline(|post| { post.as_object_mut().unwrap().remove("note_tweet"); })[0];
        if cut.is_cut {
            prop_assert_eq!(likeness(&content, cut), Some(Likeness::Beginning), "{:?} as {:?}", long, cut);
            let other = meant(&format!("{extra} {long}"));
            prop_assert_eq!(likeness(&other, cut), None);
            let at_the_end = meant(&format!("{long} {extra}"));
            prop_assert_eq!(likeness(&at_the_end, whole), None);
        }
    }

    #[test]
    fn a_reply_is_recognised_in_its_place_alone(first in text(9)) {
        for names in [Names::Old, Names::New, Names::Both] {
            let mut stand = Stand::new(names);
            let root = stand.create(&meant("the root"));
            let reply = Content { reply_to: root, ..meant(&first) };
            prop_assume!(stand.create(&reply).is_some());
            let post = &stand.timeline(|_| ())[0];
            prop_assert_eq!(likeness(&reply, post), Some(Likeness::Whole));
            prop_assert_eq!(likeness(&meant(&first), post), None);
            let elsewhere = Content { reply_to: Some("1".to_owned()), ..reply };
            prop_assert_eq!(likeness(&elsewhere, post), None);
        }
    }
}
