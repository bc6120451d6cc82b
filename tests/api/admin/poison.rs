//! Whatever lies in a queue: it is recorded, done with, and holds nobody up.

use super::{Stage, message};
use crate::support::Fault;
use godwit::jobs::{self, Disposition, Message};
use serde_json::json;

const QUEUE: &str = "godwit-publish";

/// What a queue may hold that is no message of Godwit, made from one that is.
fn poisons(good: &str) -> Vec<(&'static str, String)> {
    let changed = |name: &str, value: serde_json::Value| {
        let mut body: serde_json::Value = serde_json::from_str(good).unwrap();
        body[name] = value;
        body.to_string()
    };
    vec![
        ("nothing", String::new()),
        ("blanks", " \n\t ".to_owned()),
        ("not JSON", "not json".to_owned()),
        ("half a message", good[..good.len() / 2].to_owned()),
        ("two messages", format!("{good}{good}")),
        ("null", "null".to_owned()),
        ("a number", "7".to_owned()),
        ("a list", format!("[{good}]")),
        ("a message as a string", json!(good).to_string()),
        ("an empty object", "{}".to_owned()),
        (
            "a job without its fields",
            "{\"job\":\"deliver\"}".to_owned(),
        ),
        ("an unknown job", changed("job", json!("dance"))),
        ("a job that is a number", changed("job", json!(1))),
        ("a field too many", changed("text", json!("more"))),
        (
            "an id of another kind",
            changed(
                "delivery_id",
                json!("post_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c"),
            ),
        ),
        (
            "an id that is none",
            changed("delivery_id", json!("' OR 1=1 --")),
        ),
        ("a time that is a text", changed("not_before", json!("now"))),
        (
            "a time that is too large",
            changed("not_before", json!(1e300)),
        ),
        ("deep brackets", "[".repeat(100_000)),
        ("as long as a queue takes", "a".repeat(128_000)),
        (
            "a job's name as long as a queue takes",
            changed("job", json!("é".repeat(60_000))),
        ),
        ("a zero byte", "\0".to_owned()),
        (
            "what is left of bytes that are not UTF-8",
            "\u{fffd}\u{fffd}".to_owned(),
        ),
        (
            "the description of what is no text",
            "JsValue(Uint8Array)".to_owned(),
        ),
    ]
}

#[tokio::test]
async fn each_is_recorded_and_done_with_and_its_neighbours_are_handled() {
    let mut stage = Stage::new().await;
    let database = std::sync::Arc::clone(&stage.world.database);
    stage.post("the pattern").await;
    let good = stage.mail()[0].1.clone();
    stage.run(1_000).await;
    let mut on_x = stage.on_x();
    for (index, (what, poison)) in poisons(&good).into_iter().enumerate() {
        stage.post(&format!("neighbour {index}")).await;
        let neighbour = stage.mail()[0].1.clone();
        stage.lose_mail();
        let id = format!("m-{index}");
        let batch = [
            message(&id, &poison),
            message("n", &neighbour),
            message(&id, &poison),
        ];
        let dispositions = jobs::handle(&stage.world.app(), QUEUE, &batch).await;
        assert_eq!(dispositions, [Disposition::Done; 3], "{what}");
        on_x += 1;
        assert_eq!(stage.on_x(), on_x, "{what}");
        let recorded =
            database.look("SELECT body, reason, message_id FROM dead_letters ORDER BY id DESC");
        assert_eq!(recorded.len(), index + 1, "{what}");
        let newest = recorded.iter().find(|row| row["message_id"] == id).unwrap();
        let text = |name: &str| newest[name].as_str().unwrap();
        assert!(poison.starts_with(text("body")), "{what}");
        assert!(
            text("body").len() <= 4_096 && text("reason").len() <= 300,
            "{what}"
        );
        assert!(text("body").len() + 3 >= poison.len().min(4_096), "{what}");
        assert!(
            text("reason").starts_with("not a message of Godwit: "),
            "{what}"
        );
    }
    // Everything else that Godwit wrote about it is short too.
    for line in stage.world.log.lines() {
        assert!(line.to_string().len() < 2_000, "{line}");
    }
}

#[tokio::test]
async fn one_that_cannot_be_recorded_comes_again_and_its_neighbours_are_handled() {
    let mut stage = Stage::new().await;
    stage.post("neighbour").await;
    let neighbour = stage.mail()[0].1.clone();
    stage.world.database.on_batch(|statements| {
        let buries = |sql: &str| sql.contains("INTO dead_letters");
        if statements.iter().any(|one| buries(one.sql)) {
            Fault::Before
        } else {
            Fault::None
        }
    });
    let batch = [message("m", "poison"), message("n", &neighbour)];
    let dispositions = jobs::handle(&stage.world.app(), QUEUE, &batch).await;
    assert_eq!(
        dispositions,
        [Disposition::Again { delay_seconds: 30 }, Disposition::Done]
    );
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn a_batch_of_nothing_is_handled() {
    let stage = Stage::new().await;
    let none: [Message; 0] = [];
    assert_eq!(jobs::handle(&stage.world.app(), QUEUE, &none).await, []);
    assert_eq!(
        jobs::handle_dead(&stage.world.app(), QUEUE, &none).await,
        []
    );
}
