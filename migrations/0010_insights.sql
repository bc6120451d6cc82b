-- What X said of an account, kept for a while, since each reading costs money; and its counts by day, from which growth
-- is seen. Both are a range of an account's rows.

CREATE TABLE readings (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  account_id   TEXT NOT NULL REFERENCES accounts (id),
  kind         TEXT NOT NULL,             -- `info`, or `insights:<days>`
  body         TEXT NOT NULL,             -- JSON
  read_at      INTEGER NOT NULL,          -- when X said it
  next_at      INTEGER NOT NULL,          -- X is not asked again before
  problem      TEXT,                      -- the code of the refusal, where X was asked later and did not say
  PRIMARY KEY (workspace_id, account_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_days (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  account_id   TEXT NOT NULL REFERENCES accounts (id),
  day          TEXT NOT NULL,             -- of UTC: 2026-11-21
  followers    INTEGER NOT NULL,
  following    INTEGER NOT NULL,
  posts        INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, account_id, day)
) STRICT, WITHOUT ROWID;
