//! [`Database`] on D1.

use super::rows;
use crate::ports::{Database, Pending, ResultSet, Statement, StorageError};
use worker::D1Database;

/// A D1 database.
pub struct D1 {
    database: D1Database,
}

impl D1 {
    /// The database of a binding.
    pub const fn new(database: D1Database) -> Self {
        Self { database }
    }
}

impl Database for D1 {
    fn batch(
        &self,
        statements: Vec<Statement>,
    ) -> Pending<'_, Result<Vec<ResultSet>, StorageError>> {
        Box::pin(async move {
            let prepared = statements
                .into_iter()
                .map(|statement| {
                    let params: Vec<_> =
                        statement.params.into_iter().map(rows::parameter).collect();
                    self.database.prepare(statement.sql).bind(&params)
                })
                .collect::<worker::Result<Vec<_>>>()
                .map_err(|error| rows::error(&error))?;
            // A batch is one implicit transaction: all or nothing.
            let results = self
                .database
                .batch(prepared)
                .await
                .map_err(|error| rows::error(&error))?;
            results
                .iter()
                .map(|result| {
                    let rows = result.results().map_err(|error| rows::error(&error))?;
                    let meta = result.meta().map_err(|error| rows::error(&error))?;
                    let changes = meta.and_then(|meta| meta.changes).unwrap_or(0);
                    Ok(ResultSet {
                        rows,
                        changes: u64::try_from(changes).unwrap_or(u64::MAX),
                    })
                })
                .collect()
        })
    }
}
