//! What makes a town go: consumers that take messages from the queue, the cron triggers, the gates' alarms, and the time.

use super::executor::{Executor, Kind};
use super::mutations::Mutation;
use super::rules::Rule;
use super::town::Town;
use std::sync::Arc;

/// How many invocations work on messages at once.
const CONSUMERS: usize = 3;
/// More steps than any stretch of a run takes.
const STEPS_MAX: u32 = 200_000;

impl Town {
    /// Runs everything until `end`: the queue's consumers, and the cron each minute.
    pub fn run_until(self: &Arc<Self>, executor: &mut Executor, end: i64, done: &dyn Fn() -> bool) {
        self.run_with_ticks(executor, 60_000, end, done);
    }

    /// As [`Town::run_until`], with the cron each so many ms: most of the ticks are lost, and hours cost little.
    pub fn run_with_ticks(
        self: &Arc<Self>,
        executor: &mut Executor,
        every: i64,
        end: i64,
        done: &dyn Fn() -> bool,
    ) {
        let mut next_tick = (self.core.now() / every + 1) * every;
        for _ in 0..STEPS_MAX {
            executor.admit();
            for process in self.core.deaths() {
                self.queue.orphaned(process);
            }
            self.consume();
            if executor.step() {
                self.core.lock().tally.steps += 1;
                continue;
            }
            let alarm = self.gates.next_alarm();
            if alarm.is_some_and(|at| at <= self.core.now()) {
                self.gates.ring();
                continue;
            }
            let hub = self.hub_next_at();
            if hub.is_some_and(|at| at <= self.core.now()) {
                self.send_of_the_hub();
                continue;
            }
            if self.core.now() >= next_tick {
                self.tick(next_tick);
                next_tick += every;
                if done() {
                    return;
                }
                continue;
            }
            let mail = self
                .queue
                .next_at()
                .filter(|_| self.queue.at_work() < CONSUMERS);
            let next = [Some(next_tick), Some(end), mail, alarm, hub]
                .into_iter()
                .flatten()
                .min();
            let until = next.unwrap_or(end).max(self.core.now());
            executor.advance(until);
            if self.core.now() >= end {
                return;
            }
        }
        self.core.violate(Rule::NothingStuck, || {
            "the world turns and turns, and the time stands still".to_owned()
        });
    }

    fn consume(self: &Arc<Self>) {
        let due = self.queue.next_at().is_some_and(|at| at <= self.core.now());
        if !due || self.queue.at_work() >= CONSUMERS {
            return;
        }
        let process = self.core.process(Kind::Consumer);
        let Some((bodies, dead)) = self.queue.take(process) else {
            return;
        };
        let (app, queue) = (self.invocation(), Arc::clone(&self.queue));
        self.core.spawn(process, async move {
            let dispositions = if dead {
                godwit::jobs::handle_dead(&app, "godwit-publish-dead", &bodies).await
            } else {
                godwit::jobs::handle(&app, "godwit-publish", &bodies).await
            };
            queue.settle(process, &dispositions);
        });
    }

    // A trigger comes late, twice, or not at all.
    fn tick(self: &Arc<Self>, at: i64) {
        let rates = self.core.lock().plan.rates();
        let times = match self.core.below(1_000) {
            draw if draw < rates.repeat => 0,
            draw if draw < 2 * rates.repeat => 2,
            _ => 1,
        };
        for _ in 0..times {
            let half_hour = at % 1_800_000 == 0 || self.core.chance(rates.slow);
            let crons = [
                Some(godwit::jobs::EVERY_MINUTE),
                half_hour.then_some(godwit::jobs::EVERY_HALF_HOUR),
            ];
            for cron in crons.into_iter().flatten() {
                if self.gates.mutation == Some(Mutation::Sweep)
                    && cron == godwit::jobs::EVERY_MINUTE
                {
                    continue;
                }
                let app = self.invocation();
                self.core.spawn(self.core.process(Kind::Cron), async move {
                    godwit::jobs::tick(&app, cron).await;
                });
            }
        }
    }
}
