//! Who has had how much of one window of an app, who waits, and who may have the next call. Pure.
//!
//! - What is drawn counts from the draw until one window after the last moment at which its calls can reach the
//!   platform. So the calls of any stretch as long as the window are never more than the limit.
//! - The least served comes first. What has become free is kept, for a while, for those who wait and have had less than
//!   the asker.
//! - Within its fair share (the limit divided by the accounts that use the window) an account is not held back for those
//!   who do not wait. Beyond it, it has what is left over when each of the others goes on as it did so far, up to that
//!   one's fair share. Alone, it may have everything.

use super::model::Seen;
use crate::ids::AccountId;
use crate::time::{SECOND_MS, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A window of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Calls that the platform allows in it.
    pub limit: u32,
    /// Its length, in ms.
    pub window_ms: i64,
    /// How long after its end a draw's last call may still reach the platform, in ms.
    pub landing_ms: i64,
}

impl Rules {
    /// The most that is drawn ahead: a thousandth of the limit, ten posts of ten thousand.
    const fn block_max(self) -> u32 {
        self.limit / 1_000
    }

    /// How long the turn of somebody who was told when to come back is kept, in ms.
    const fn grace_ms(self) -> i64 {
        self.window_ms / 288
    }

    /// How long an account is watched at least before its pace is believed, in ms.
    const fn watch_ms(self) -> i64 {
        self.window_ms / 24
    }

    /// How long who waits for others, and not for the window, sleeps at most, in ms.
    const fn nap_ms(self) -> i64 {
        self.window_ms / 96
    }
}

/// Calls that were drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// By whom.
    pub account_id: AccountId,
    /// How many; less once some were given back.
    pub calls: u32,
    /// When.
    pub granted_at: Timestamp,
    /// The end of their time.
    pub until: Timestamp,
}

/// What follows from an ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// So many may be drawn.
    Grant(u32),
    /// None; this is when it may be the asker's turn.
    Later(Timestamp),
}

/// One account in the window.
#[derive(Debug)]
struct Share {
    used: u32,
    /// Since when it is known, without a pause longer than the window.
    since: Timestamp,
    /// The newest draw: how many it was, and until when.
    newest: (u32, Timestamp),
    /// When those who were turned away were told to come back, in order.
    turns: Vec<Timestamp>,
}

impl Share {
    fn due(&self, now: Timestamp) -> usize {
        self.turns.partition_point(|at| *at <= now)
    }

    /// Whom it comes before: those who have had more, or have waited less.
    fn rank(&self, now: Timestamp) -> (u32, Timestamp) {
        let first = self.turns.first().copied().unwrap_or(now);
        (self.used, first.min(now))
    }
}

/// One window of an app.
#[derive(Debug)]
pub struct Ledger {
    rules: Rules,
    draws: BTreeMap<String, Drawn>,
    /// When each draw stops to count.
    ends: BTreeSet<(Timestamp, String)>,
    shares: BTreeMap<AccountId, Share>,
    used: u32,
    word: Option<Word>,
}

/// The platform's last word of the window.
#[derive(Debug)]
struct Word {
    seen: Seen,
    /// What was drawn after it, or by others shortly before, so that it may not know of it.
    unknown: u32,
}

impl Ledger {
    /// A window in which nothing was drawn.
    pub const fn new(rules: Rules) -> Self {
        Self {
            rules,
            draws: BTreeMap::new(),
            ends: BTreeSet::new(),
            shares: BTreeMap::new(),
            used: 0,
            word: None,
        }
    }

    /// A draw of this name.
    pub fn draw(&self, id: &str) -> Option<&Drawn> {
        self.draws.get(id)
    }

    /// Counts a draw. The turn that it ends is the account's first.
    pub fn add(&mut self, id: String, drawn: Drawn, now: Timestamp) {
        let share = self.share(&drawn.account_id, drawn.granted_at);
        share.used = share.used.saturating_add(drawn.calls);
        share.since = share.since.min(drawn.granted_at);
        if share.newest.1 <= drawn.until {
            share.newest = (drawn.calls, drawn.until);
        }
        if share.due(now) > 0 {
            share.turns.remove(0);
        }
        self.used = self.used.saturating_add(drawn.calls);
        if let Some(word) = &mut self.word {
            word.unknown = word.unknown.saturating_add(drawn.calls);
        }
        self.ends.insert((self.ends_at(&drawn), id.clone()));
        self.draws.insert(id, drawn);
    }

    /// Takes back what was not spent of a draw; gives what is left of it.
    pub fn give_back(&mut self, id: &str, unspent: u32) -> Option<u32> {
        let drawn = self.draws.get_mut(id)?;
        let unspent = unspent.min(drawn.calls);
        drawn.calls -= unspent;
        let (left, account) = (drawn.calls, drawn.account_id.clone());
        self.used = self.used.saturating_sub(unspent);
        if let Some(share) = self.shares.get_mut(&account) {
            share.used = share.used.saturating_sub(unspent);
        }
        Some(left)
    }

    /// Forgets what does not count any more.
    pub fn expire(&mut self, now: Timestamp) {
        while let Some((at, _)) = self.ends.first()
            && *at <= now
        {
            let Some((_, id)) = self.ends.pop_first() else {
                break;
            };
            let Some(drawn) = self.draws.remove(&id) else {
                continue;
            };
            self.used = self.used.saturating_sub(drawn.calls);
            if let Some(share) = self.shares.get_mut(&drawn.account_id) {
                share.used = share.used.saturating_sub(drawn.calls);
            }
        }
        let lapsed = now.plus_ms(-self.rules.grace_ms());
        for share in self.shares.values_mut() {
            let gone = share.turns.partition_point(|at| *at <= lapsed);
            share.turns.drain(..gone);
        }
        self.shares
            .retain(|_, share| share.used > 0 || !share.turns.is_empty());
        self.word = self
            .word
            .take()
            .filter(|word| word.seen.observed.reset_at > now);
    }

    /// Takes notice of what the platform said to an account, if that is news.
    pub fn observe(&mut self, account: Option<&AccountId>, seen: Seen) -> bool {
        // Answers overtake each other: one that left before a 429 must not open what that has shut.
        let is_news = self.word.as_ref().is_none_or(|word| {
            let (before, now) = (&word.seen.observed, &seen.observed);
            let opens = before.remaining == 0 && now.remaining > 0;
            word.seen.at <= seen.at && !(opens && now.reset_at <= before.reset_at)
        });
        if is_news {
            // The account's own calls of before have had their answers; those of the others may be on their way.
            let newest = self.ends.iter().rev();
            let drawn = newest.filter_map(|(_, id)| self.draws.get(id));
            let unknown = drawn
                .take_while(|drawn| drawn.until > seen.at)
                .filter(|drawn| Some(&drawn.account_id) != account || drawn.granted_at > seen.at)
                .fold(0, |sum: u32, drawn| sum.saturating_add(drawn.calls));
            self.word = Some(Word { seen, unknown });
        }
        is_news
    }

    /// What is left of the window, by both counts.
    pub fn free(&self) -> u32 {
        let ours = self.rules.limit.saturating_sub(self.used);
        self.theirs().map_or(ours, |theirs| theirs.min(ours))
    }

    /// When the first call becomes free again; `None` when nothing is used.
    pub fn opens_at(&self) -> Option<Timestamp> {
        self.shut_until()
            .or_else(|| self.ends.first().map(|(at, _)| *at))
    }

    /// What the platform allows, where it has said so.
    pub fn allowed(&self) -> Option<u32> {
        self.word.as_ref().map(|word| word.seen.observed.limit)
    }

    /// Whether `account` may make so many calls now. `die` is from 0 to 1000. Nothing is counted.
    ///
    /// [`Ledger::expire`] comes first.
    pub fn weigh(&self, account: &AccountId, calls: u32, now: Timestamp, die: u32) -> Verdict {
        let nobody = Share {
            used: 0,
            since: now,
            newest: (0, now),
            turns: Vec::new(),
        };
        let asker = self.shares.get(account).unwrap_or(&nobody);
        let owed = self.owed(account, asker, now);
        let (free, wanted) = (self.free(), owed.saturating_add(calls));
        if free < wanted {
            let wants = (wanted, free >= calls);
            return Verdict::Later(self.turn((account, asker), wants, now, die));
        }
        // Ahead only while there is plenty, and to somebody who uses what was drawn: what is drawn and not spent is lost
        // to the others until it is given back.
        let others = self.shares.iter().filter(|(id, _)| *id != account);
        let is_contested = others.into_iter().any(|(_, share)| !share.turns.is_empty());
        let (newest, until) = asker.newest;
        if is_contested || until <= now || free - owed <= self.rules.limit / 2 {
            return Verdict::Grant(calls);
        }
        let ahead = newest.saturating_mul(2).min(self.rules.block_max());
        Verdict::Grant(calls.max(ahead))
    }

    /// Remembers that the account was told to come back at this time. The turn that brought it here is over.
    pub fn turned_away(&mut self, account: &AccountId, at: Timestamp, now: Timestamp) {
        let share = self.share(account, now);
        if share.due(now) > 0 {
            share.turns.remove(0);
        }
        let place = share.turns.partition_point(|other| *other <= at);
        share.turns.insert(place, at);
    }

    /// What is not the asker's: the turns that have come of those before it, and, when it has had its fair share, what
    /// the others will need.
    fn owed(&self, account: &AccountId, asker: &Share, now: Timestamp) -> u32 {
        let others = self.shares.iter().filter(|(id, _)| *id != account);
        let accounts = u32::try_from(self.shares.len()).unwrap_or(u32::MAX);
        let is_new = !self.shares.contains_key(account);
        let accounts = accounts.saturating_add(u32::from(is_new)).max(1);
        let fair = self.rules.limit.div_ceil(accounts);
        let mine = asker.rank(now);
        let mut owed = 0_u32;
        for (_, other) in others {
            let due = u32::try_from(other.due(now)).unwrap_or(u32::MAX);
            let turns = if other.rank(now) < mine {
                due.min(asker.used.saturating_sub(other.used).max(1))
            } else {
                0
            };
            let needs = if asker.used >= fair {
                self.expected(other, now)
                    .min(fair)
                    .saturating_sub(other.used)
            } else {
                0
            };
            owed = owed.saturating_add(turns.max(needs));
        }
        owed
    }

    /// What an account uses in a whole window if it goes on as it did.
    fn expected(&self, share: &Share, now: Timestamp) -> u32 {
        let window_ms = self.rules.window_ms;
        let watched_ms = now
            .since(share.since)
            .clamp(self.rules.watch_ms(), window_ms)
            .max(1);
        u32::try_from(i64::from(share.used) * window_ms / watched_ms).unwrap_or(u32::MAX)
    }

    /// When it may be the asker's turn, for whom `wanted` calls must be free; `yields` where it waits for others, and not
    /// for the window.
    fn turn(
        &self,
        (account, asker): (&AccountId, &Share),
        (wanted, yields): (u32, bool),
        now: Timestamp,
        die: u32,
    ) -> Timestamp {
        let count = |turns: usize| i64::try_from(turns).unwrap_or(i64::MAX / 4);
        let waiting = count(asker.turns.len() - asker.due(now));
        // Before its turn, each of the others gets as many as make the two even.
        let even = i64::from(asker.used) + waiting + 1;
        let others = self.shares.iter().filter(|(id, _)| *id != account);
        let before: i64 = others
            .map(|(_, other)| {
                let waiting = count(other.turns.len() - other.due(now));
                (even - i64::from(other.used)).clamp(0, waiting)
            })
            .sum();
        let short = i64::from(wanted) + i64::from(self.used) - i64::from(self.rules.limit);
        let mut first = self.freed_at(short, now);
        if yields {
            first = first.min(now.plus_ms(self.rules.nap_ms()));
        }
        // Nobody sleeps long behind others who may not come; and those who then come do not come all at once.
        let spread_ms = self.rules.watch_ms() * i64::from(500 + die.min(1_000) / 2) / 1_000;
        let place = self.freed_at(short.saturating_add(before).saturating_add(waiting), now);
        let at = if yields && waiting == 0 {
            first
        } else {
            place.min(first.plus_ms(spread_ms))
        };
        let said = match (&self.word, self.theirs()) {
            (Some(word), Some(0)) => word.seen.observed.reset_at,
            (Some(word), Some(left)) if left < wanted => {
                let nap = now.plus_ms(self.rules.nap_ms());
                word.seen.observed.reset_at.min(nap)
            }
            _ => now,
        };
        at.max(said).max(now.plus_ms(SECOND_MS))
    }

    /// When so many more calls are free by our own count.
    fn freed_at(&self, calls: i64, now: Timestamp) -> Timestamp {
        if calls <= 0 {
            return now;
        }
        let (mut left, mut last) = (calls, now);
        for (at, id) in &self.ends {
            left -= self.draws.get(id).map_or(0, |drawn| i64::from(drawn.calls));
            last = *at;
            if left <= 0 {
                return last;
            }
        }
        // As fast as the limit lets them.
        let each_ms = self.rules.window_ms / i64::from(self.rules.limit.max(1));
        last.plus_ms(each_ms.saturating_mul(left))
    }

    /// What the platform's last word leaves.
    fn theirs(&self) -> Option<u32> {
        let word = self.word.as_ref()?;
        Some(word.seen.observed.remaining.saturating_sub(word.unknown))
    }

    fn shut_until(&self) -> Option<Timestamp> {
        let word = self.word.as_ref().filter(|_| self.theirs() == Some(0));
        word.map(|word| word.seen.observed.reset_at)
    }

    fn ends_at(&self, drawn: &Drawn) -> Timestamp {
        drawn
            .until
            .plus_ms(self.rules.window_ms)
            .plus_ms(self.rules.landing_ms)
    }

    fn share(&mut self, account: &AccountId, since: Timestamp) -> &mut Share {
        self.shares.entry(account.clone()).or_insert_with(|| Share {
            used: 0,
            since,
            newest: (0, since),
            turns: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests;
