//! One form for all worlds between which nothing can tell a difference, and a fast fingerprint of it.

use super::world::{CALLS, Call, Clock, Entry, Fate, Listener, PARTS, Row, Step, Task, World};
use std::hash::{Hash, Hasher};

impl World {
    /// Forgets what nothing depends on, and gives each world one form: tasks and calls in order, epochs from 1 on.
    pub fn settle_down(&mut self, lands_after_grace: bool) {
        for row in &mut self.journal {
            if row.entry == Entry::Sent {
                *row = Row {
                    entry: Entry::Sent,
                    epoch: 0,
                    round: 0,
                    doubted: false,
                };
            }
        }
        for at in 0..CALLS {
            self.calls[at] =
                self.calls[at].and_then(|call| self.what_counts(call, lands_after_grace));
        }
        self.number_anew();
        self.tasks.sort_unstable_by(|a, b| b.cmp(a));
        self.calls
            .sort_unstable_by_key(|slot| slot.map_or(u32::MAX, Call::rank));
    }

    /// What of a call something may still depend on.
    fn what_counts(&self, mut call: Call, lands_after_grace: bool) -> Option<Call> {
        let row = self.journal[usize::from(call.part)];
        let is_open = matches!(row.entry, Entry::Sending | Entry::Uncertain);
        let is_awaited = self.tasks.iter().flatten().any(|task| task.awaits(call));
        call.is_latest &= is_open;
        if call.clock == Clock::Settled && call.fate == Fate::Flying && !lands_after_grace {
            call.fate = Fate::Over;
        }
        let is_recorded = call.listener == Listener::Gate && is_open && call.epoch == row.epoch;
        if !is_recorded && !is_awaited {
            call.listener = Listener::Nobody;
        }
        if call.listener == Listener::Nobody {
            call.epoch = 0;
            if call.fate == Fate::Landed {
                call.fate = Fate::Over;
            }
        }
        call.again &= call.fate == Fate::Flying && call.listener == Listener::Gate;
        let tells_time = call.is_latest && call.clock != Clock::Settled;
        let counts = call.listener != Listener::Nobody || call.fate == Fate::Flying || tells_time;
        counts.then_some(call)
    }

    fn number_anew(&mut self) {
        let mut epochs = Numbers::default();
        let mut rounds = Numbers::default();
        self.each_number(|epoch| epochs.note(*epoch), |round| rounds.note(*round));
        if epochs.have_gaps() || rounds.have_gaps() {
            self.each_number(
                |epoch| *epoch = epochs.rank(*epoch),
                |round| *round = rounds.rank(*round),
            );
        }
    }

    fn each_number(&mut self, mut epoch: impl FnMut(&mut u8), mut round: impl FnMut(&mut u8)) {
        epoch(&mut self.delivery.epoch);
        round(&mut self.delivery.round);
        for row in &mut self.journal {
            epoch(&mut row.epoch);
            round(&mut row.round);
        }
        for call in self.calls.iter_mut().flatten() {
            epoch(&mut call.epoch);
        }
        for task in self.tasks.iter_mut().flatten() {
            epoch(&mut task.epoch);
            round(&mut task.round);
            if let Step::Looking(of_row) | Step::Looked(of_row, _) = &mut task.step {
                epoch(of_row);
            }
        }
    }
}

/// Which numbers are in use; 0 stands for none.
#[derive(Default)]
struct Numbers(u32);

impl Numbers {
    fn note(&mut self, number: u8) {
        self.0 |= (1 << number) & !1;
    }

    /// Whether they are anything but 1, 2, 3 …
    const fn have_gaps(&self) -> bool {
        self.0 & (self.0 + 2) != 0
    }

    /// Its place among them, from 1.
    fn rank(&self, number: u8) -> u8 {
        let up_to = self.0 & ((2_u32 << number) - 1);
        up_to.count_ones().try_into().unwrap_or(u8::MAX)
    }
}

/// All fields in five words, each in bits of its own: without optimization, deriving this takes more time than all the
/// rest of the checking.
impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let of = &self.delivery;
        let mut row = pack([of.state as u8, of.epoch, of.round, u8::from(of.held)]);
        row = row << 1 | u64::from(self.message);
        state.write_u64(row);
        for part in 0..PARTS {
            let Row {
                entry,
                epoch,
                round,
                doubted,
            } = self.journal[part];
            let journal = pack([entry as u8, epoch, round, u8::from(doubted)]);
            let counts = pack([of.parts[part] as u8, self.posts[part], self.again[part], 0]);
            state.write_u64(journal << 32 | counts);
        }
        for at in 0..CALLS {
            let call = self.calls[at].map_or(u32::MAX, Call::rank);
            let task = self
                .tasks
                .get(at)
                .copied()
                .flatten()
                .map_or(u32::MAX, Task::digits);
            state.write_u64(u64::from(call) << 32 | u64::from(task));
        }
    }
}

const fn pack(digits: [u8; 4]) -> u64 {
    u32::from_le_bytes(digits) as u64
}

impl Task {
    const fn digits(self) -> u32 {
        let (step, epoch, rest) = match self.step {
            Step::Asking => (0, 0, 0),
            Step::Calling => (1, 0, 0),
            Step::Refreshing => (2, 0, 0),
            Step::Looking(epoch) => (3, epoch, 0),
            Step::Looked(epoch, found) => (4, epoch, found as u8),
            Step::Progressing => (5, 0, 0),
            Step::Settling(settlement) => (6, 0, settlement as u8),
        };
        let flags = (self.ask as u8) << 2 | (self.doubted as u8) << 1 | self.attended as u8;
        let step = step << 4 | rest;
        u32::from_le_bytes([
            self.epoch << 4 | epoch,
            self.round << 4 | self.part,
            flags,
            step,
        ])
    }
}

impl Call {
    /// Any order will do, as long as it is one.
    fn rank(self) -> u32 {
        let state = (self.fate as u8) << 4 | (self.clock as u8) << 2 | self.listener as u8;
        let flags = u8::from(self.is_latest) << 1 | u8::from(self.again);
        u32::from_le_bytes([flags, state, self.epoch, self.part])
    }
}
