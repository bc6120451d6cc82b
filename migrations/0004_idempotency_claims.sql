-- A key can be claimed before its request has an answer, and for a request that belongs to no workspace (registering).
-- The columns that were there keep their names and meanings, so that the Worker that is replaced goes on until then.
CREATE TABLE idempotency_keys_next (
  workspace_id TEXT NOT NULL,             -- '' where nobody is signed in
  key          TEXT NOT NULL,
  fingerprint  TEXT NOT NULL,             -- of method, path and body; with a key of the server where they hold secrets
  resource_id  TEXT NOT NULL,             -- what was made; while it is being made, the claim of the request that does it
  status       INTEGER NOT NULL,          -- of the first answer; 0 while the first request runs
  answer       TEXT NOT NULL,             -- the first answer; sealed where it holds a secret
  expires_at   INTEGER NOT NULL,          -- the end of the lease while the first request runs, then of the key's life
  mismatches   INTEGER NOT NULL DEFAULT 0, -- how often the key came with another request
  PRIMARY KEY (workspace_id, key)
) STRICT, WITHOUT ROWID;

INSERT INTO idempotency_keys_next (workspace_id, key, fingerprint, resource_id, status, answer, expires_at)
  SELECT workspace_id, key, fingerprint, resource_id, status, answer, expires_at FROM idempotency_keys;

DROP TABLE idempotency_keys;

ALTER TABLE idempotency_keys_next RENAME TO idempotency_keys;
