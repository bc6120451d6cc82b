//! D1 and a gate's storage on `SQLite` in memory.
//!
//! As strict as D1 where the two differ: at most 100 parameters, integers of 53 bits, one value per column name.

use super::yield_once;
use godwit::ports::{Database, GateStorage, Pending, ResultSet, Statement, StorageError, Value};
use godwit::time::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode};
use serde_json::{Map, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

/// D1's limit (<https://developers.cloudflare.com/d1/platform/limits/>).
const PARAMS_MAX: usize = 100;

/// More than there are different statements, so that each is prepared once.
const STATEMENTS_KEPT: usize = 512;

/// What shall happen to one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It runs.
    None,
    /// It does not run, and answers a transient error.
    Before,
    /// It runs, and the answer is lost: a transient error all the same.
    After,
}

type Decide = Box<dyn FnMut(&[Statement]) -> Fault + Send>;

/// The database of record, with the real migrations applied.
pub struct Sqlite {
    state: Mutex<State>,
}

struct State {
    connection: Connection,
    round_trips: u64,
    statements: u64,
    seen: BTreeSet<&'static str>,
    decide: Option<Decide>,
}

impl Default for Sqlite {
    fn default() -> Self {
        Self::new()
    }
}

impl Sqlite {
    /// An empty database with the schema of `migrations/`.
    pub fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("PRAGMA foreign_keys = ON")
            .unwrap();
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        for migration in migrations() {
            connection.execute_batch(migration).unwrap();
        }
        let state = State {
            connection,
            round_trips: 0,
            statements: 0,
            seen: BTreeSet::new(),
            decide: None,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// How many batches were asked for.
    pub fn round_trips(&self) -> u64 {
        self.state.lock().unwrap().round_trips
    }

    /// How many statements ran in all batches.
    pub fn statements(&self) -> u64 {
        self.state.lock().unwrap().statements
    }

    /// Every different statement that was asked for, to look at their plans.
    pub fn seen(&self) -> Vec<&'static str> {
        self.state.lock().unwrap().seen.iter().copied().collect()
    }

    /// Lets `decide` choose what happens to each batch from now on.
    pub fn on_batch(&self, decide: impl FnMut(&[Statement]) -> Fault + Send + 'static) {
        self.state.lock().unwrap().decide = Some(Box::new(decide));
    }

    /// Looks into the database beside the port: not counted, no faults.
    pub fn look(&self, sql: &'static str) -> Vec<Map<String, serde_json::Value>> {
        run(&self.state.lock().unwrap().connection, &Statement::new(sql))
            .unwrap()
            .rows
    }

    /// The first column of the first row, as [`Sqlite::look`].
    pub fn value(&self, sql: &'static str) -> serde_json::Value {
        let first = self.look(sql).into_iter().next();
        first
            .and_then(|row| row.into_iter().next())
            .map_or(json!(null), |(_, value)| value)
    }

    /// Everything that is in the database, by table: to see that nothing was changed, or what.
    pub fn dump(&self) -> BTreeMap<String, Vec<Map<String, serde_json::Value>>> {
        static TABLES: OnceLock<Vec<(String, &'static str)>> = OnceLock::new();
        let tables = TABLES.get_or_init(|| {
            let of_ours = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
            let query = |name: &str| format!("SELECT * FROM {name}").leak() as &'static str;
            self.look(of_ours)
                .iter()
                .map(|row| row["name"].as_str().unwrap().to_owned())
                .map(|name| (name.clone(), query(&name)))
                .collect()
        });
        tables
            .iter()
            .map(|(name, query)| (name.clone(), self.look(query)))
            .collect()
    }

    /// Runs a batch at once, beside the port: not counted, no faults.
    pub fn transact(&self, statements: &[Statement]) -> Result<Vec<ResultSet>, StorageError> {
        transact(&self.state.lock().unwrap().connection, statements)
    }

    /// Forgets everything, but not its tables. What triggers of the test's own write meanwhile stays.
    pub fn clear(&self) {
        clear(&self.state.lock().unwrap().connection);
    }

    /// Plans each statement once, whatever is bound to it: for who runs the same ones a million times.
    pub fn plan_once(&self) {
        plan_once(&self.state.lock().unwrap().connection);
    }

    /// Runs statements that bind nothing, such as those that make a trigger.
    pub fn script(&self, sql: &str) {
        self.state
            .lock()
            .unwrap()
            .connection
            .execute_batch(sql)
            .unwrap();
    }

    /// Changes the database beside the port: not counted, no faults.
    pub fn change(&self, statement: &Statement) {
        run(&self.state.lock().unwrap().connection, statement).unwrap();
    }

    /// The plan of a statement, a line for each step.
    pub fn plan(&self, sql: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        // An INSERT's plan shows a look for children that wait for the new parent, which runs only while a deferred
        // key is open; there is none in this schema. A DELETE's look for children is real and stays.
        let insert = sql.trim_start().starts_with("INSERT");
        state
            .connection
            .pragma_update(None, "foreign_keys", !insert)
            .unwrap();
        let lines = Self::plan_on(&state.connection, sql);
        state
            .connection
            .pragma_update(None, "foreign_keys", true)
            .unwrap();
        lines
    }

    fn plan_on(connection: &Connection, sql: &str) -> Vec<String> {
        let mut prepared = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        // Parameters that are not bound are NULL, which a plan does not mind.
        let mut rows = prepared.raw_query();
        let mut lines = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            lines.push(row.get::<_, String>("detail").unwrap());
        }
        lines
    }
}

impl Database for Sqlite {
    fn batch(
        &self,
        statements: Vec<Statement>,
    ) -> Pending<'_, Result<Vec<ResultSet>, StorageError>> {
        Box::pin(async move {
            // Here others get in between, as they do on the way to D1.
            yield_once().await;
            let mut state = self.state.lock().unwrap();
            state.round_trips += 1;
            state.statements += u64::try_from(statements.len()).unwrap();
            state
                .seen
                .extend(statements.iter().map(|statement| statement.sql));
            let fault = state
                .decide
                .as_mut()
                .map_or(Fault::None, |decide| decide(&statements));
            if fault == Fault::Before {
                return Err(StorageError::Transient(
                    "a fault before the batch".to_owned(),
                ));
            }
            let sets = transact(&state.connection, &statements)?;
            if fault == Fault::After {
                return Err(StorageError::Transient(
                    "a fault after the batch".to_owned(),
                ));
            }
            Ok(sets)
        })
    }
}

/// A gate's storage, with whatever schema its owner makes.
pub struct SqliteGate {
    connection: Mutex<Connection>,
    alarm: Mutex<Option<Timestamp>>,
}

impl Default for SqliteGate {
    fn default() -> Self {
        Self::new()
    }
}

impl SqliteGate {
    /// An empty one.
    pub fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        Self {
            connection: Mutex::new(connection),
            alarm: Mutex::default(),
        }
    }

    /// As [`Sqlite::plan_once`].
    pub fn plan_once(&self) {
        plan_once(&self.connection.lock().unwrap());
    }

    /// Forgets everything, but not its tables.
    pub fn clear(&self) {
        clear(&self.connection.lock().unwrap());
        *self.alarm.lock().unwrap() = None;
    }

    /// When its gate wants to be woken.
    pub fn alarm(&self) -> Option<Timestamp> {
        *self.alarm.lock().unwrap()
    }

    /// Looks into it, and may change it, beside the gate.
    pub fn look(&self, sql: &'static str) -> Vec<Map<String, serde_json::Value>> {
        run(&self.connection.lock().unwrap(), &Statement::new(sql))
            .unwrap()
            .rows
    }
}

impl GateStorage for SqliteGate {
    fn execute(&self, statement: Statement) -> Result<ResultSet, StorageError> {
        run(&self.connection.lock().unwrap(), &statement)
    }

    fn wake_at(&self, at: Option<Timestamp>) -> Result<(), StorageError> {
        *self.alarm.lock().unwrap() = at;
        Ok(())
    }
}

fn plan_once(connection: &Connection) {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .unwrap();
}

// All at once, and children before their parents: a table refers only to older ones. Turning the foreign keys off would
// cost every prepared statement.
fn clear(connection: &Connection) {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid DESC";
    let rows = run(connection, &Statement::new(tables)).unwrap().rows;
    control(connection, "BEGIN").unwrap();
    for row in rows {
        let delete = format!("DELETE FROM {}", row["name"].as_str().unwrap());
        control(connection, &delete).unwrap();
    }
    control(connection, "COMMIT").unwrap();
}

// As rusqlite's own transaction, which would compile its three statements anew each time.
fn transact(
    connection: &Connection,
    statements: &[Statement],
) -> Result<Vec<ResultSet>, StorageError> {
    control(connection, "BEGIN")?;
    let done = statements
        .iter()
        .map(|statement| run(connection, statement))
        .collect::<Result<Vec<_>, _>>()
        .and_then(|sets| control(connection, "COMMIT").map(|()| sets));
    // Some failures have ended the transaction already.
    if done.is_err() && !connection.is_autocommit() {
        control(connection, "ROLLBACK")?;
    }
    done
}

fn control(connection: &Connection, sql: &str) -> Result<(), StorageError> {
    let mut prepared = connection.prepare_cached(sql).map_err(describe)?;
    prepared.execute([]).map_err(describe)?;
    Ok(())
}

fn migrations() -> &'static [String] {
    static TEXTS: OnceLock<Vec<String>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        paths
            .iter()
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect()
    })
}

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "what is bound has fewer digits than an f64, or it would be lost there as well"
    )]
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            // As D1 and Durable Objects do, to which every number is one of JavaScript's.
            Value::Integer(number) => ValueRef::Real(*number as f64),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

fn run(connection: &Connection, statement: &Statement) -> Result<ResultSet, StorageError> {
    let too_big = |value: &Value| matches!(value, Value::Integer(n) if n.unsigned_abs() > 1 << 53);
    if statement.params.len() > PARAMS_MAX || statement.params.iter().any(too_big) {
        return Err(StorageError::Failed(format!(
            "D1 does not take these parameters: {}",
            statement.sql
        )));
    }
    let failed = |error: rusqlite::Error| match describe(error) {
        StorageError::Failed(text) => StorageError::Failed(format!("{text} in {}", statement.sql)),
        other => other,
    };
    let mut prepared = connection.prepare_cached(statement.sql).map_err(failed)?;
    if prepared.parameter_count() != statement.params.len() {
        return Err(StorageError::Failed(format!(
            "{} parameters are bound where {} are asked for: {}",
            statement.params.len(),
            prepared.parameter_count(),
            statement.sql
        )));
    }
    let reads = prepared.readonly();
    let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
    let mut rows = Vec::new();
    let mut found = prepared
        .query(rusqlite::params_from_iter(
            statement.params.iter().map(Bound),
        ))
        .map_err(failed)?;
    while let Some(row) = found.next().map_err(failed)? {
        let mut fields = Map::new();
        for (at, name) in names.iter().enumerate() {
            let value = match row.get_ref(at).map_err(failed)? {
                ValueRef::Null => json!(null),
                ValueRef::Integer(number) => json!(number),
                ValueRef::Real(number) => json!(number),
                ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
                ValueRef::Blob(_) => {
                    return Err(StorageError::Failed(format!(
                        "{name} is a blob, which no column is"
                    )));
                }
            };
            if fields.insert(name.clone(), value).is_some() {
                return Err(StorageError::Failed(format!(
                    "two columns are called {name}: {}",
                    statement.sql
                )));
            }
        }
        rows.push(fields);
    }
    drop(found);
    let changes = if reads { 0 } else { connection.changes() };
    Ok(ResultSet { rows, changes })
}

fn describe(error: rusqlite::Error) -> StorageError {
    match error {
        rusqlite::Error::SqliteFailure(cause, text)
            if cause.code == ErrorCode::ConstraintViolation =>
        {
            StorageError::Constraint(text.unwrap_or_else(|| cause.to_string()))
        }
        other => StorageError::Failed(other.to_string()),
    }
}
