//! The end of a run, for sources: what creators published and what the database says became of it.

use super::people::People;
use super::rules::Rule;
use crate::sandbox::youtube::{Kind, On, Upload};
use godwit::ports::Statement;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Notes under which posts an item was ever to be posted, and the baseline that its source had when it was seen; and what
/// happens to items and subscriptions.
pub const NOTE_ITEMS: &str = "
  CREATE TABLE item_notes (source TEXT, video TEXT, post TEXT, baseline INTEGER);
  CREATE TRIGGER item_made AFTER INSERT ON source_items BEGIN
    INSERT INTO item_notes SELECT NEW.source_id, NEW.video_id, NULL, baseline_at FROM sources WHERE id = NEW.source_id;
    INSERT INTO moves VALUES (NEW.video_id, 'an item', NEW.state, 0);
  END;
  CREATE TRIGGER item_taken AFTER UPDATE ON source_items WHEN NEW.post_id IS NOT OLD.post_id BEGIN
    INSERT INTO item_notes VALUES (NEW.source_id, NEW.video_id, NEW.post_id, NULL);
  END;
  CREATE TRIGGER item_moved AFTER UPDATE ON source_items WHEN NEW.state <> OLD.state BEGIN
    INSERT INTO moves VALUES (NEW.video_id, 'item ' || OLD.state, NEW.state, 0);
  END;
  CREATE TRIGGER ask_moved AFTER UPDATE ON channels WHEN NEW.ask <> OLD.ask BEGIN
    INSERT INTO moves VALUES (NEW.channel_id, 'ask ' || OLD.ask, NEW.ask, 0);
  END;";

/// Around a baseline in the middle of a source's life, its clock and that of its claims differ by as much, in ms.
const SLACK_MS: i64 = 3_000;

/// What an item waits for that nobody hurries: an account that somebody gave up.
const PATIENT: [&str; 2] = ["unknown_account", "account_needs_reconnect"];

/// Whether every channel has been looked at since, and no item is on its way but those that wait for an account, or for
/// YouTube to speak again of a video that is gone.
pub fn is_calm(people: &People, since: i64) -> bool {
    let sqlite = &people.town.sqlite;
    let looked = "SELECT poll_good_at FROM channels WHERE followed ORDER BY coalesce(poll_good_at, 0) LIMIT 1";
    let looked = sqlite.look(looked);
    if looked
        .iter()
        .any(|row| row["poll_good_at"].as_i64().unwrap_or(0) < since)
    {
        return false;
    }
    let open = "SELECT 1 FROM source_items i LEFT JOIN videos v ON v.channel_id = i.channel_id AND v.video_id = i.video_id
      WHERE i.state IN ('pending', 'posting') AND coalesce(i.reason, '') NOT IN ('unknown_account', 'account_needs_reconnect')
        AND coalesce(v.reason, '') <> 'absent' LIMIT 1";
    sqlite.look(open).is_empty()
}

struct Item {
    state: String,
    reason: Option<String>,
    is_due: bool,
    post: Option<String>,
}

/// Holds everything of sources against everything.
pub fn reckon(people: &Arc<People>) {
    count(people);
    let made = posts_made(people);
    once_and_new(people, &made);
    let items = items(people);
    items_tell(people, &items, &made);
    nothing_missed(people, &items);
    nothing_forged(people);
    baselines_are_late(people);
}

fn count(people: &People) {
    let tube = people.town.tube.lock().unwrap();
    let counts = tube.counts();
    let tally = &mut people.town.core.lock().tally;
    tally.polls += counts.of(On::Feed) + counts.of(On::Api);
    tally.notices_forged += counts.notices_forged;
}

// By post, the sources and videos that it was ever claimed for.
fn posts_made(people: &People) -> BTreeMap<String, BTreeSet<(String, String)>> {
    let rows = "SELECT p.id, p.segments, n.source, n.video FROM posts p LEFT JOIN item_notes n ON n.post = p.id
      WHERE p.source = 'youtube'";
    let mut made: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for row in people.town.sqlite.look(rows) {
        let of_it = made.entry(text(&row, "id")).or_default();
        if row["source"].is_string() {
            let video = text(&row, "video");
            if !text(&row, "segments").contains(&video) {
                people.town.core.violate(Rule::ToldTruly, || {
                    format!("{row:?} is not about its video")
                });
            }
            of_it.insert((text(&row, "source"), video));
        }
    }
    people.town.core.lock().tally.announced += made.len() as u64;
    made
}

fn once_and_new(people: &People, made: &BTreeMap<String, BTreeSet<(String, String)>>) {
    let core = &people.town.core;
    let mut once: BTreeMap<&(String, String), &str> = BTreeMap::new();
    for (post, claims) in made {
        if claims.len() != 1 {
            core.violate(Rule::SourceOnce, || format!("{post} is of {claims:?}"));
        }
        for claim in claims {
            if let Some(other) = once.insert(claim, post) {
                core.violate(Rule::SourceOnce, || {
                    format!("{claim:?} is {other} and {post}")
                });
            }
        }
    }
    let notes =
        "SELECT source, video, max(baseline) AS baseline FROM item_notes WHERE baseline IS NOT NULL
      GROUP BY source, video";
    let tube = people.town.tube.lock().unwrap();
    for row in people.town.sqlite.look(notes) {
        let claim = (text(&row, "source"), text(&row, "video"));
        let (Some(post), Some(video)) = (once.get(&claim), tube.video(&claim.1)) else {
            continue;
        };
        if published(video) < row["baseline"].as_i64().unwrap() {
            core.violate(Rule::NothingOld, || {
                format!("{claim:?} is older than its source, and {post}")
            });
        }
    }
}

fn items(people: &People) -> BTreeMap<(String, String), Item> {
    let rows = "SELECT i.source_id, i.video_id, i.state, coalesce(i.reason, v.reason) AS reason, v.look_at, p.id AS post
      FROM source_items i LEFT JOIN videos v ON v.channel_id = i.channel_id AND v.video_id = i.video_id
        LEFT JOIN posts p ON p.workspace_id = i.workspace_id AND p.id = i.post_id";
    let item = |row: &Map<String, Value>| Item {
        state: text(row, "state"),
        reason: row["reason"].as_str().map(str::to_owned),
        is_due: row["look_at"].is_i64(),
        post: row["post"].as_str().map(str::to_owned),
    };
    let rows = people.town.sqlite.look(rows);
    rows.iter()
        .map(|row| ((text(row, "source_id"), text(row, "video_id")), item(row)))
        .collect()
}

// An item that is a post has one, one that is none has none, and one that waits says what for and until when.
fn items_tell(
    people: &People,
    items: &BTreeMap<(String, String), Item>,
    made: &BTreeMap<String, BTreeSet<(String, String)>>,
) {
    let core = &people.town.core;
    for (claim, item) in items {
        match &*item.state {
            "posted" if item.post.is_some() => {}
            "posted" => core.violate(Rule::ToldTruly, || {
                format!("{claim:?} is said to be a post")
            }),
            "pending" | "posting" => {
                if item.post.is_some() || item.reason.is_none() || !item.is_due {
                    core.violate(Rule::NothingStuck, || {
                        format!(
                            "{claim:?} is {} for {:?}, due: {}",
                            item.state, item.reason, item.is_due
                        )
                    });
                }
            }
            _ => {
                if let Some((post, _)) = made.iter().find(|(_, claims)| claims.contains(claim)) {
                    core.violate(Rule::ToldTruly, || {
                        format!(
                            "{claim:?} is {} ({:?}), and {post}",
                            item.state, item.reason
                        )
                    });
                }
            }
        }
    }
}

// Of every source that is active, what its channel published since its baseline is a post, or says why not.
fn nothing_missed(people: &People, items: &BTreeMap<(String, String), Item>) {
    let core = &people.town.core;
    let tube = people.town.tube.lock().unwrap();
    let videos = tube.videos();
    let known = people.sources.lock().unwrap();
    let sources = "SELECT id, channel_id, settings, baseline_at, revision FROM sources WHERE state = 'active'";
    for row in people.town.sqlite.look(sources) {
        let id = text(&row, "id");
        let settings: Value = serde_json::from_str(&text(&row, "settings")).unwrap();
        let edited = row["revision"].as_u64().unwrap() > 1;
        let edited = edited || known.iter().any(|one| one.id == id && one.edited);
        let from = row["baseline_at"].as_i64().unwrap() + if edited { SLACK_MS } else { 0 };
        let channel = text(&row, "channel_id");
        for video in videos
            .iter()
            .filter(|video| video.channel == channel && published(video) >= from)
        {
            let item = items.get(&(id.clone(), video.id.clone()));
            let is_short = video.video.kind == Kind::Short;
            let why_not = match (
                item.map(|one| &*one.state),
                item.and_then(|one| one.reason.as_deref()),
            ) {
                (Some("posted"), _) => continue,
                (None, _) if video.deleted_ms.is_some() => continue,
                (_, Some(reason)) => reason,
                _ => "",
            };
            let is_due = item.is_some_and(|one| one.is_due);
            let says_why = match why_not {
                "max_per_day" => edited || settings["max_per_day"].is_u64(),
                "a_short" => is_short && (edited || settings["filter"] == "videos"),
                "not_a_short" => !is_short && (edited || settings["filter"] == "shorts"),
                reason if PATIENT.contains(&reason) => is_due,
                _ => false,
            };
            if !says_why && video.deleted_ms.is_none() {
                let state = item.map(|one| one.state.as_str());
                core.violate(Rule::NothingMissed, || {
                    format!(
                        "{} of {channel} is {state:?} ({why_not}) for {id}",
                        video.id
                    )
                });
            }
        }
    }
}

// What nobody published is not known of.
fn nothing_forged(people: &People) {
    let tube = people.town.tube.lock().unwrap();
    for row in people.town.sqlite.look("SELECT video_id FROM videos") {
        if tube.video(&text(&row, "video_id")).is_none() {
            people
                .town
                .core
                .violate(Rule::Unforged, || format!("{row:?} was never published"));
        }
    }
}

// A source begins when it was asked for, not before: clocks differ a little, and YouTube gives whole seconds.
fn baselines_are_late(people: &People) {
    let read = "SELECT id, baseline_at FROM sources";
    let rows = people.town.sqlite.look(read);
    for source in people.sources.lock().unwrap().iter() {
        let row = rows.iter().find(|row| row["id"] == *source.id);
        let baseline = row.map(|row| row["baseline_at"].as_i64().unwrap());
        if baseline.is_some_and(|at| at < source.asked_at - 2_000) {
            people.town.core.violate(Rule::NothingOld, || {
                format!("{source:?} begins at {baseline:?}")
            });
        }
    }
}

/// When a video was published, as YouTube says it.
fn published(video: &Upload) -> i64 {
    video.shown_published(true) / 1_000 * 1_000
}

/// What is left of a life is cleared with it, the notes that the clearing itself made as well.
pub fn forget() -> [Statement; 2] {
    ["DELETE FROM moves", "DELETE FROM item_notes"].map(Statement::new)
}

fn text(row: &Map<String, Value>, name: &str) -> String {
    row[name].as_str().unwrap().to_owned()
}
