-- Accounts that are connected by OAuth 1.0a or through a workspace's own X app.

-- How the consent is asked for: a callback takes only states of its own kind. Of 'oauth1', `verifier` is the sealed
-- secret of X's request token, and the state is that token.
ALTER TABLE oauth_states ADD COLUMN auth TEXT NOT NULL DEFAULT 'oauth2' CHECK (auth IN ('oauth2', 'oauth1'));
-- The X app that asks: the installation's, or `x:<workspace>`.
ALTER TABLE oauth_states ADD COLUMN app TEXT NOT NULL DEFAULT 'x';

-- X gives one user's OAuth 1.0a token to every workspace that connects that user through one app: whoever ends it has to
-- see whether it is somebody else's too.
CREATE INDEX accounts_oauth1 ON accounts (external_id) WHERE auth = 'oauth1';

-- A workspace's own X app: its accounts connect, refresh and spend through it.
CREATE TABLE workspace_apps (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  platform     TEXT NOT NULL CHECK (platform IN ('x')),
  sealed       TEXT NOT NULL,             -- all credentials in one envelope, so that they change together
  hints        TEXT NOT NULL,             -- JSON: the end of each credential that is set, by its name
  set_at       INTEGER NOT NULL,
  key_id       TEXT GENERATED ALWAYS AS (substr(sealed, 4, instr(substr(sealed, 4), '.') - 1)) VIRTUAL,
  PRIMARY KEY (workspace_id, platform)
) STRICT, WITHOUT ROWID;

-- Counts what is left under an older key without reading the rest.
CREATE INDEX workspace_apps_by_key ON workspace_apps (key_id);

-- App-only tokens that were fetched for an app. A cache: what is not here, or does not open, is fetched again.
CREATE TABLE app_bearers (
  app        TEXT PRIMARY KEY,
  sealed     TEXT NOT NULL,
  made_with  TEXT NOT NULL,               -- recognises the API key and secret that it was fetched with
  fetched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
