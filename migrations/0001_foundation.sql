-- Instants are epoch milliseconds in UTC. Tables with text keys are WITHOUT ROWID: a row is then written once, not
-- twice. A list in JSON is a column where it is only ever read and written as a whole.

CREATE TABLE users (
  id            TEXT PRIMARY KEY,
  email         TEXT UNIQUE,              -- lower case; NULL for an identity of another issuer without one
  name          TEXT NOT NULL,
  password_hash TEXT,                     -- Argon2id; NULL when another issuer signs the person in
  issuer        TEXT,                     -- with subject: the identity at a trusted issuer
  subject       TEXT,
  created_at    INTEGER NOT NULL,
  UNIQUE (issuer, subject),
  CHECK ((issuer IS NULL) = (subject IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE workspaces (
  id                 TEXT PRIMARY KEY,
  name               TEXT NOT NULL,
  personal_of        TEXT UNIQUE REFERENCES users (id),   -- the user whose personal workspace it is
  uncertain_policy   TEXT NOT NULL DEFAULT 'ask' CHECK (uncertain_policy IN ('ask', 'resend')),
  missed_after_ms    INTEGER NOT NULL DEFAULT 86400000,   -- later than this after its time, a post is not wanted
  created_at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
  user_id      TEXT NOT NULL REFERENCES users (id),
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  role         TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'publisher', 'author', 'viewer')),
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (user_id, workspace_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  id         TEXT PRIMARY KEY,
  user_id    TEXT NOT NULL REFERENCES users (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at   INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_expired ON sessions (expires_at);

CREATE TABLE api_keys (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  created_by   TEXT NOT NULL REFERENCES users (id),
  name         TEXT NOT NULL,
  hash         TEXT NOT NULL UNIQUE,      -- SHA-256 of the key, which has 256 random bits
  hint         TEXT NOT NULL,             -- its first characters, to tell keys apart
  scopes       TEXT NOT NULL,             -- space separated
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER,
  revoked_at   INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_of_workspace ON api_keys (workspace_id, id);

-- Failed sign-ins, counted per identity and per address in fixed windows.
CREATE TABLE sign_in_attempts (
  subject    TEXT PRIMARY KEY,            -- hash of 'email:…' or 'address:…'
  failures   INTEGER NOT NULL,
  window_end INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  id            TEXT PRIMARY KEY,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  connected_by  TEXT REFERENCES users (id),
  platform      TEXT NOT NULL CHECK (platform IN ('x')),
  external_id   TEXT NOT NULL,
  handle        TEXT NOT NULL,
  name          TEXT NOT NULL,
  avatar_url    TEXT,
  subscription  TEXT,                     -- the platform's plan of the user; decides what may be posted
  profile_at    INTEGER NOT NULL,         -- when the profile was read
  status        TEXT NOT NULL CHECK (status IN ('active', 'needs_reconnect', 'unlinked')),
  status_reason TEXT,
  auth          TEXT NOT NULL CHECK (auth IN ('oauth2')),
  scopes        TEXT NOT NULL,            -- as granted, space separated
  connected_at  INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  UNIQUE (workspace_id, platform, external_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_tokens (
  account_id   TEXT PRIMARY KEY REFERENCES accounts (id),
  workspace_id TEXT NOT NULL,
  sealed       TEXT NOT NULL,             -- both tokens in one envelope, so that they change together
  generation   INTEGER NOT NULL,          -- rises with every new pair; an older one never replaces a newer one
  expires_at   INTEGER NOT NULL,          -- of the access token
  updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX account_tokens_idle ON account_tokens (updated_at);

CREATE TABLE oauth_states (
  state_hash   TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  user_id      TEXT REFERENCES users (id),
  verifier     TEXT NOT NULL,             -- sealed PKCE verifier
  binding_hash TEXT,                      -- of the cookie of the browser that began, when one did
  redirect_to  TEXT,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  used_at      INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX oauth_states_expired ON oauth_states (expires_at);

-- The key begins with the workspace, and a post's id with its time: the newest posts of a workspace are a range.
CREATE TABLE posts (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  id           TEXT NOT NULL,
  author_id    TEXT REFERENCES users (id),
  source       TEXT NOT NULL CHECK (source IN ('api')),
  status       TEXT NOT NULL CHECK (status IN ('draft', 'in_review', 'scheduled', 'publishing', 'published',
                 'partly_published', 'failed', 'uncertain', 'canceled', 'missed')),
  segments     TEXT NOT NULL,             -- JSON list of texts, one per part
  publish_at   INTEGER,                   -- NULL: at once
  wall_clock   TEXT,                      -- what the person chose, with its zone, when they gave one
  timezone     TEXT,
  revision     INTEGER NOT NULL DEFAULT 1,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
  id              TEXT PRIMARY KEY,
  workspace_id    TEXT NOT NULL,
  post_id         TEXT NOT NULL,
  account_id      TEXT NOT NULL REFERENCES accounts (id),
  platform        TEXT NOT NULL CHECK (platform IN ('x')),
  state           TEXT NOT NULL CHECK (state IN ('draft', 'in_review', 'scheduled', 'queued', 'publishing', 'waiting',
                    'uncertain', 'published', 'failed', 'canceled', 'missed')),
  reason          TEXT,                   -- why it waits or ended: a stable code
  detail          TEXT,                   -- the same for a person
  remedy          TEXT,
  upstream        TEXT,                   -- the platform's own words
  epoch           INTEGER NOT NULL DEFAULT 0,   -- rises with every claim; every later write must name it
  round           INTEGER NOT NULL DEFAULT 1,   -- rises when a person asks to send again
  lease_until     INTEGER,
  attempts        INTEGER NOT NULL DEFAULT 0,   -- certain refusals in this round
  reconciles      INTEGER NOT NULL DEFAULT 0,   -- reads since it became uncertain
  attempt_log     TEXT NOT NULL DEFAULT '[]',   -- JSON list; a column and not rows, as it is read with its delivery
  due_at          INTEGER NOT NULL,       -- when the post was wanted
  next_attempt_at INTEGER,                -- nothing happens before; NULL when it is a person's turn, or final
  sweep_at        INTEGER,                -- from when on the sweep nudges it again
  published_at    INTEGER,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  FOREIGN KEY (workspace_id, post_id) REFERENCES posts (workspace_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_of_post ON deliveries (workspace_id, post_id);

-- Only what is not final, so that the sweep reads what is overdue and nothing else, whatever the table's size.
CREATE INDEX deliveries_to_sweep ON deliveries (sweep_at)
  WHERE state IN ('scheduled', 'queued', 'publishing', 'waiting', 'uncertain');

-- Connecting an account again wakes what waits for it. Deliveries that never wait never write it.
CREATE INDEX deliveries_waiting ON deliveries (account_id) WHERE state = 'waiting';

CREATE INDEX deliveries_published ON deliveries (workspace_id, published_at, id)
  WHERE state = 'published';

-- A row appears when a part has an outcome; until then the part is pending.
CREATE TABLE parts (
  delivery_id  TEXT NOT NULL REFERENCES deliveries (id),
  position     INTEGER NOT NULL,          -- from 0
  workspace_id TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('sent', 'refused', 'uncertain')),
  external_id  TEXT,
  sent_at      INTEGER,
  PRIMARY KEY (delivery_id, position),
  CHECK (state <> 'sent' OR external_id IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  key          TEXT NOT NULL,
  fingerprint  TEXT NOT NULL,             -- SHA-256 of method, path and body
  resource_id  TEXT NOT NULL,
  status       INTEGER NOT NULL,
  answer       TEXT NOT NULL,             -- the first answer's body
  expires_at   INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letters (
  id           TEXT PRIMARY KEY,
  queue        TEXT NOT NULL,
  body         TEXT NOT NULL,
  reason       TEXT NOT NULL,
  received_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cron_ticks (
  cron        TEXT PRIMARY KEY,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER,
  outcome     TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log (
  workspace_id TEXT NOT NULL,
  id           TEXT NOT NULL,
  actor        TEXT NOT NULL,             -- user, key or 'system'
  action       TEXT NOT NULL,             -- such as 'account.connected'
  subject      TEXT NOT NULL,             -- the id of what was changed
  at           INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;
