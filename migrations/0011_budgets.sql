-- What X charged, and what may be spent.

-- A row for each account, day (UTC) and kind of call. The account is '' where the app itself asked.
CREATE TABLE usage (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  day          TEXT NOT NULL,             -- such as 2026-11-21, so that a month is a range
  account_id   TEXT NOT NULL,
  kind         TEXT NOT NULL,             -- as in src/budgets/model.rs
  count        INTEGER NOT NULL,
  micros       INTEGER NOT NULL,          -- in millionths of a dollar, at the price of that moment
  PRIMARY KEY (workspace_id, day, account_id, kind)
) STRICT, WITHOUT ROWID;

-- What is used stands here as well, so that asking whether something fits reads no history. A row without a workspace
-- counts for the quota of a shared app, whose name stands in the place of the account; the quota itself is configured.
CREATE TABLE budgets (
  workspace_id TEXT NOT NULL,
  account_id   TEXT NOT NULL,             -- '': all accounts of the workspace together
  measure      TEXT NOT NULL CHECK (measure IN ('usd', 'posts', 'reads')),
  period       TEXT NOT NULL CHECK (period IN ('day', 'month')),
  amount       INTEGER NOT NULL,          -- of money in millionths of a dollar
  used         INTEGER NOT NULL,          -- in the period that began on began_on, and in no later one
  began_on     TEXT NOT NULL,
  PRIMARY KEY (workspace_id, account_id, measure, period)
) STRICT, WITHOUT ROWID;

-- What is about to be spent. That of a delivery counts while the delivery may still send, and no longer.
CREATE TABLE reservations (
  workspace_id TEXT NOT NULL,
  holder       TEXT NOT NULL,             -- a delivery, or a name of one reading
  account_id   TEXT NOT NULL,
  app          TEXT NOT NULL,
  micros       INTEGER NOT NULL,
  posts        INTEGER NOT NULL,
  reads        INTEGER NOT NULL,
  made_at      INTEGER NOT NULL,
  ends_at      INTEGER,                   -- of a reading: when nobody can be reading any more
  PRIMARY KEY (workspace_id, holder)
) STRICT, WITHOUT ROWID;

-- What X says of an app's usage, which it counts for all workspaces that share the app.
CREATE TABLE app_usage (
  app     TEXT PRIMARY KEY,
  body    TEXT NOT NULL,
  read_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
