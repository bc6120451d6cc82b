//! The database, the clock and the log as the simulation gives them to Godwit. The others have files of their own:
//! `queue`, `gates`, `network`.

use super::executor::{Core, Kind};
use super::fate::{Fate, Point};
use super::mutations::Mutation;
use super::rules::Rule;
use crate::support::Sqlite;
use godwit::ports::{Clock, Database, Log, Pending, ResultSet, Statement, StorageError};
use godwit::time::Timestamp;
use std::sync::{Arc, Mutex};

/// Notes what a statement does to a delivery's state and round, and to an app's pause.
pub const NOTE_MOVES: &str = "
  CREATE TABLE moves (delivery TEXT, was TEXT, became TEXT, resent INTEGER);
  CREATE TRIGGER moved AFTER UPDATE ON deliveries WHEN OLD.state <> NEW.state OR OLD.round <> NEW.round BEGIN
    INSERT INTO moves VALUES (NEW.id, OLD.state, NEW.state, OLD.state = 'uncertain' AND NEW.round > OLD.round);
  END;
  CREATE TRIGGER made AFTER INSERT ON deliveries BEGIN
    INSERT INTO moves VALUES (NEW.id, 'new', NEW.state, 0);
  END;
  CREATE TRIGGER paused AFTER INSERT ON app_pauses BEGIN
    INSERT INTO moves VALUES (NEW.app, 'an app', 'paused', 0);
  END;
  CREATE TRIGGER resumed AFTER DELETE ON app_pauses BEGIN
    INSERT INTO moves VALUES (OLD.app, 'a pause', 'over', 0);
  END;";

/// D1 on `SQLite`, at the mercy of the seed.
pub struct SimDatabase {
    pub core: Arc<Core>,
    pub sqlite: Arc<Sqlite>,
    pub mutation: Option<Mutation>,
}

impl Database for SimDatabase {
    fn batch(
        &self,
        statements: Vec<Statement>,
    ) -> Pending<'_, Result<Vec<ResultSet>, StorageError>> {
        Box::pin(async move {
            let settles = statements
                .iter()
                .any(|one| one.sql.contains("attempt_log = json_insert"));
            let point = if settles {
                Point::Settle
            } else {
                Point::Database
            };
            let fate = self.core.enter(point, || label(&statements)).await;
            if matches!(fate, Fate::FailBefore | Fate::HangBefore(_)) {
                return Err(StorageError::Transient("lost on the way".to_owned()));
            }
            let statements: Vec<Statement> = match self.mutation {
                Some(mutation) => statements
                    .into_iter()
                    .map(|one| mutation.at_database(one))
                    .collect(),
                None => statements,
            };
            let answer = self.sqlite.transact(&statements);
            if let Err(StorageError::Failed(why)) = &answer {
                self.core.violate(Rule::NothingBreaks, || why.clone());
            }
            let touched = |one: &Statement| {
                let tables = ["deliveries", "source_items", "UPDATE channels"];
                tables.iter().any(|table| one.sql.contains(table)) && !one.sql.starts_with("SELECT")
            };
            if statements.iter().any(touched) {
                self.note_moves();
            }
            if self.core.leave(fate).await {
                answer
            } else {
                Err(StorageError::Transient("the answer was lost".to_owned()))
            }
        })
    }
}

impl SimDatabase {
    fn note_moves(&self) {
        let moves = self
            .sqlite
            .look("SELECT delivery, was, became, resent FROM moves");
        if moves.is_empty() {
            return;
        }
        self.sqlite.change(&Statement::new("DELETE FROM moves"));
        let (_, kind) = self.core.current();
        for row in moves {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            let (delivery, was, became) = (text("delivery"), text("was"), text("became"));
            self.core
                .note(|| format!("    {delivery}: {was} -> {became}"));
            let mut state = self.core.lock();
            state.tally.moved(&was, &became);
            // Only a person's request begins a new round of what is uncertain from outside a consumer.
            if row["resent"] == 1 && kind == Kind::Request {
                state.tally.sent_again_by_people += 1;
                *state.again.entry(delivery).or_default() += 1;
            }
        }
    }
}

fn label(statements: &[Statement]) -> String {
    let first = statements.first().map_or("", |one| one.sql);
    let line = first.lines().next().unwrap_or("");
    format!("{}x {}", statements.len(), line.get(..60).unwrap_or(line))
}

/// The time as one process sees it: clocks differ a little.
pub struct SimClock {
    pub core: Arc<Core>,
    /// In ms.
    pub skew: i64,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.core.now() + self.skew)
    }

    fn sleep(&self, ms: u32) -> Pending<'_, ()> {
        Box::pin(self.core.sleep(i64::from(ms)))
    }
}

/// The log, kept to be searched for secrets.
#[derive(Default)]
pub struct SimLog(pub Mutex<String>);

impl Log for SimLog {
    fn write(&self, line: &serde_json::Value) {
        let mut text = self.0.lock().unwrap();
        text.push_str(&line.to_string());
        text.push('\n');
    }
}
