-- From when on the half-hourly renewal takes the tokens of an account. It puts them off before it asks, so that one
-- that fails stands in nobody's way; a new pair puts them off by a month. 0, for a row that an older version of the
-- Worker writes, is at once, which costs a look.
ALTER TABLE account_tokens ADD COLUMN renew_at INTEGER NOT NULL DEFAULT 0;
UPDATE account_tokens SET renew_at = updated_at + 2592000000;
CREATE INDEX account_tokens_to_renew ON account_tokens (renew_at);
DROP INDEX account_tokens_idle;

-- The key that sealed the tokens: `v1.<key id>.…`. Counts what is left under an older key without reading the rest.
ALTER TABLE account_tokens ADD COLUMN key_id TEXT
  GENERATED ALWAYS AS (substr(sealed, 4, instr(substr(sealed, 4), '.') - 1)) VIRTUAL;
CREATE INDEX account_tokens_by_key ON account_tokens (key_id);

-- Where work that is done in portions goes on.
CREATE TABLE cursors (
  name  TEXT PRIMARY KEY,
  after TEXT NOT NULL               -- the last that was looked at
) STRICT, WITHOUT ROWID;
