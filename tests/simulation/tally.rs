//! What a simulation has exercised: counted, so that a search that finds nothing can be seen to have searched.

use super::executor::Kind;
use super::fate::{Fate, Point};
use std::collections::BTreeMap;

/// Every transition that a delivery, an item of a source, a request to the hub or an app can take in these lives.
const TRANSITIONS: &[(&str, &str)] = &[
    ("new", "queued"),
    ("new", "scheduled"),
    ("scheduled", "publishing"),
    ("scheduled", "canceled"),
    ("scheduled", "queued"),
    ("queued", "publishing"),
    ("queued", "canceled"),
    ("queued", "scheduled"),
    ("published", "deleting"),
    ("failed", "deleting"),
    ("canceled", "deleting"),
    ("deleting", "deleted"),
    ("deleting", "published"),
    ("publishing", "published"),
    ("publishing", "waiting"),
    ("publishing", "uncertain"),
    ("publishing", "failed"),
    ("publishing", "missed"),
    ("publishing", "canceled"),
    ("publishing", "queued"),
    ("waiting", "publishing"),
    ("waiting", "queued"),
    ("waiting", "scheduled"),
    ("waiting", "canceled"),
    ("uncertain", "published"),
    ("uncertain", "queued"),
    ("uncertain", "publishing"),
    ("failed", "queued"),
    ("missed", "queued"),
    ("new", "draft"),
    ("new", "in_review"),
    ("an item", "pending"),
    ("an item", "recorded"),
    ("item pending", "posting"),
    ("item pending", "left_out"),
    ("item posting", "posted"),
    ("ask none", "pending"),
    ("ask pending", "none"),
    ("ask pending", "unknown"),
    ("ask unknown", "none"),
    ("ask pending", "denied"),
    ("an app", "paused"),
    ("a pause", "over"),
];

/// The counts of one run, or of many.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub runs: u64,
    pub steps: u64,
    pub posts: u64,
    pub parts: u64,
    pub virtual_ms: i64,
    /// Processes that ended in the middle, by kind.
    pub ends: BTreeMap<Kind, u64>,
    /// Calls that failed, hung or dragged, by port.
    pub faults: BTreeMap<(Point, &'static str), u64>,
    /// Messages that came more than once, and that never came.
    pub duplicates: u64,
    pub lost_messages: u64,
    pub dead_letters: u64,
    /// Creates that X carried out and whose answer nobody heard.
    pub lost_answers: u64,
    /// Creates that landed after their caller had given up.
    pub late_landings: u64,
    pub reconciles: u64,
    pub refreshes: u64,
    pub gates_replaced: u64,
    pub gates_doubled: u64,
    pub sent_again_by_people: u64,
    /// Notifications of the hub that were answered well, forged ones included, and those that came twice.
    pub notices: u64,
    pub notices_repeated: u64,
    /// Those that somebody else sent.
    pub notices_forged: u64,
    /// Verifications that were confirmed, and denials that were heard.
    pub verifications: u64,
    /// Requests for a channel's feed, or to the Data API.
    pub polls: u64,
    /// Posts that sources made.
    pub announced: u64,
    /// What people did, and how it was answered.
    pub deeds: BTreeMap<String, u64>,
    /// How often a delivery went from one state to another.
    pub moves: BTreeMap<(String, String), u64>,
}

impl Tally {
    /// Counts a port's fate.
    pub fn fate(&mut self, kind: Kind, point: Point, fate: Fate) {
        let name = match fate {
            Fate::Well => return,
            Fate::EndBefore | Fate::EndAfter => {
                *self.ends.entry(kind).or_default() += 1;
                return;
            }
            Fate::Slow(_) => "slow",
            Fate::FailBefore => "failed before its effect",
            Fate::FailAfter => "failed after its effect",
            Fate::HangBefore(_) => "hung before its effect",
            Fate::HangAfter(_) => "hung after its effect",
        };
        *self.faults.entry((point, name)).or_default() += 1;
    }

    /// Counts a transition.
    pub fn moved(&mut self, was: &str, became: &str) {
        let key = (was.to_owned(), became.to_owned());
        *self.moves.entry(key).or_default() += 1;
    }

    /// Counts a deed.
    pub fn deed(&mut self, name: &str) {
        *self.deeds.entry(name.to_owned()).or_default() += 1;
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.steps += other.steps;
        self.posts += other.posts;
        self.parts += other.parts;
        self.virtual_ms += other.virtual_ms;
        self.duplicates += other.duplicates;
        self.lost_messages += other.lost_messages;
        self.dead_letters += other.dead_letters;
        self.lost_answers += other.lost_answers;
        self.late_landings += other.late_landings;
        self.reconciles += other.reconciles;
        self.refreshes += other.refreshes;
        self.gates_replaced += other.gates_replaced;
        self.gates_doubled += other.gates_doubled;
        self.sent_again_by_people += other.sent_again_by_people;
        self.notices += other.notices;
        self.notices_repeated += other.notices_repeated;
        self.notices_forged += other.notices_forged;
        self.verifications += other.verifications;
        self.polls += other.polls;
        self.announced += other.announced;
        sum(&mut self.ends, &other.ends);
        sum(&mut self.faults, &other.faults);
        sum(&mut self.deeds, &other.deeds);
        sum(&mut self.moves, &other.moves);
    }

    /// A search that never came to some place says nothing of it.
    pub fn assert_everything_happened(&self) {
        let missing: Vec<_> = TRANSITIONS
            .iter()
            .filter(|(was, became)| {
                !self
                    .moves
                    .contains_key(&((*was).to_owned(), (*became).to_owned()))
            })
            .collect();
        assert!(missing.is_empty(), "never taken: {missing:?}");
        for (name, count) in [
            ("duplicates", self.duplicates),
            ("lost messages", self.lost_messages),
            ("dead letters", self.dead_letters),
            ("lost answers", self.lost_answers),
            ("late landings", self.late_landings),
            ("reconciles", self.reconciles),
            ("refreshes", self.refreshes),
            ("gates replaced", self.gates_replaced),
            ("gates doubled", self.gates_doubled),
            ("sent again by people", self.sent_again_by_people),
            ("notifications", self.notices),
            ("repeated notifications", self.notices_repeated),
            ("forged notifications", self.notices_forged),
            ("verifications", self.verifications),
            ("polls", self.polls),
            ("announced videos", self.announced),
        ] {
            assert!(count > 0, "no {name}");
        }
    }

    /// The counts as a person reads them.
    pub fn summary(&self) -> String {
        let mut lines = vec![
            format!(
                "{} runs, {} posts with {} parts, {} steps, {} hours of virtual time",
                self.runs,
                self.posts,
                self.parts,
                self.steps,
                self.virtual_ms / 3_600_000
            ),
            format!(
                "processes ended in the middle: {}",
                list(
                    self.ends
                        .iter()
                        .map(|(kind, count)| (format!("{kind:?}"), *count))
                )
            ),
            format!(
                "gates replaced {}, two at once {}",
                self.gates_replaced, self.gates_doubled
            ),
            format!(
                "messages doubled {}, lost {}, dead letters {}",
                self.duplicates, self.lost_messages, self.dead_letters
            ),
            format!(
                "creates whose answer was lost {}, that landed late {}; reconciles {}; refreshes {}; sent again by people {}",
                self.lost_answers,
                self.late_landings,
                self.reconciles,
                self.refreshes,
                self.sent_again_by_people
            ),
            format!(
                "notifications {}, repeated {}, forged {}; verifications {}; looks at YouTube {}; posts of videos {}",
                self.notices,
                self.notices_repeated,
                self.notices_forged,
                self.verifications,
                self.polls,
                self.announced
            ),
            "calls that failed:".to_owned(),
        ];
        let faults = self.faults.iter();
        lines.extend(faults.map(|((point, name), count)| format!("  {point:?} {name}: {count}")));
        lines.push("what people did:".to_owned());
        lines.extend(
            self.deeds
                .iter()
                .map(|(name, count)| format!("  {name}: {count}")),
        );
        lines.push("transitions of deliveries:".to_owned());
        let moves = self.moves.iter();
        lines.extend(moves.map(|((was, became), count)| format!("  {was} -> {became}: {count}")));
        lines.join("\n")
    }
}

fn sum<K: Ord + Clone>(into: &mut BTreeMap<K, u64>, other: &BTreeMap<K, u64>) {
    for (key, count) in other {
        *into.entry(key.clone()).or_default() += count;
    }
}

fn list(items: impl Iterator<Item = (String, u64)>) -> String {
    let items: Vec<String> = items
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    items.join(", ")
}
