-- Accounts that are connected in other ways, posts with more than words, and posts that were deleted at their platform.
--
-- A CHECK cannot be altered, so that these tables are made anew: parents first, and the old ones go children first, as
-- nothing may refer to a row that is not there. A rename takes the references along.

CREATE TABLE accounts_next (
  id            TEXT PRIMARY KEY,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  connected_by  TEXT REFERENCES users (id),
  platform      TEXT NOT NULL,
  external_id   TEXT NOT NULL,
  handle        TEXT NOT NULL,
  name          TEXT NOT NULL,
  avatar_url    TEXT,
  subscription  TEXT,                     -- the platform's plan of the user; decides what may be posted
  profile_at    INTEGER NOT NULL,         -- when the profile was read
  status        TEXT NOT NULL CHECK (status IN ('active', 'needs_reconnect', 'unlinked')),
  status_reason TEXT,
  auth          TEXT NOT NULL CHECK (auth IN ('oauth2', 'oauth1', 'app_only')),
  app           TEXT NOT NULL DEFAULT 'x', -- the X app it was connected through: the installation's, or `x:<workspace>`
  scopes        TEXT NOT NULL,            -- as granted, space separated
  connected_at  INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  UNIQUE (workspace_id, platform, external_id)
) STRICT, WITHOUT ROWID;

INSERT INTO accounts_next (id, workspace_id, connected_by, platform, external_id, handle, name, avatar_url, subscription,
    profile_at, status, status_reason, auth, scopes, connected_at, updated_at)
  SELECT id, workspace_id, connected_by, platform, external_id, handle, name, avatar_url, subscription,
    profile_at, status, status_reason, auth, scopes, connected_at, updated_at FROM accounts;

CREATE TABLE account_tokens_next (
  account_id   TEXT PRIMARY KEY REFERENCES accounts_next (id),
  workspace_id TEXT NOT NULL,
  sealed       TEXT NOT NULL,             -- both tokens in one envelope, so that they change together
  generation   INTEGER NOT NULL,          -- rises with every new pair; an older one never replaces a newer one
  expires_at   INTEGER NOT NULL,          -- of the access token
  updated_at   INTEGER NOT NULL,
  renew_at     INTEGER NOT NULL DEFAULT 0, -- from when on the half-hourly renewal takes them
  key_id       TEXT GENERATED ALWAYS AS (substr(sealed, 4, instr(substr(sealed, 4), '.') - 1)) VIRTUAL
) STRICT, WITHOUT ROWID;

INSERT INTO account_tokens_next (account_id, workspace_id, sealed, generation, expires_at, updated_at, renew_at)
  SELECT account_id, workspace_id, sealed, generation, expires_at, updated_at, renew_at FROM account_tokens;

CREATE TABLE posts_next (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  id           TEXT NOT NULL,
  author_id    TEXT REFERENCES users (id),
  source       TEXT NOT NULL,
  status       TEXT NOT NULL CHECK (status IN ('draft', 'in_review', 'scheduled', 'publishing', 'published',
                 'partly_published', 'failed', 'uncertain', 'canceled', 'missed', 'deleted')),
  segments     TEXT NOT NULL,             -- JSON list, one per part as it was written: a text, or {text, media}
  options      TEXT,                      -- JSON: what is wanted beside the words; NULL: nothing
  publish_at   INTEGER,                   -- NULL: at once
  wall_clock   TEXT,                      -- what the person chose, with its zone, when they gave one
  timezone     TEXT,
  revision     INTEGER NOT NULL DEFAULT 1,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;

INSERT INTO posts_next (workspace_id, id, author_id, source, status, segments, publish_at, wall_clock, timezone, revision,
    created_at, updated_at)
  SELECT workspace_id, id, author_id, source, status, segments, publish_at, wall_clock, timezone, revision,
    created_at, updated_at FROM posts;

CREATE TABLE deliveries_next (
  id              TEXT PRIMARY KEY,
  workspace_id    TEXT NOT NULL,
  post_id         TEXT NOT NULL,
  account_id      TEXT NOT NULL REFERENCES accounts_next (id),
  platform        TEXT NOT NULL,
  state           TEXT NOT NULL CHECK (state IN ('draft', 'in_review', 'scheduled', 'queued', 'publishing', 'waiting',
                    'uncertain', 'published', 'failed', 'canceled', 'missed', 'deleting', 'deleted')),
  segments        TEXT,                   -- as posts.segments, where this account's parts differ from what was written
  reason          TEXT,                   -- why it waits or ended: a stable code
  detail          TEXT,                   -- the same for a person
  remedy          TEXT,
  upstream        TEXT,                   -- the platform's own words
  epoch           INTEGER NOT NULL DEFAULT 0,   -- rises with every claim; every later write must name it
  round           INTEGER NOT NULL DEFAULT 1,   -- rises when a person asks to send again
  lease_until     INTEGER,
  attempts        INTEGER NOT NULL DEFAULT 0,   -- certain refusals in this round
  reconciles      INTEGER NOT NULL DEFAULT 0,   -- reads since it became uncertain
  refused_looks   INTEGER NOT NULL DEFAULT 0,   -- reads that the platform refused since then: no looks that found nothing
  attempt_log     TEXT NOT NULL DEFAULT '[]',   -- JSON list; a column and not rows, as it is read with its delivery
  due_at          INTEGER NOT NULL,       -- when the post was wanted
  next_attempt_at INTEGER,                -- nothing happens before; NULL when it is a person's turn, or final
  sweep_at        INTEGER,                -- from when on the sweep nudges it again
  paused_app      TEXT,                   -- the app that it waits for
  published_at    INTEGER,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  FOREIGN KEY (workspace_id, post_id) REFERENCES posts_next (workspace_id, id)
) STRICT, WITHOUT ROWID;

INSERT INTO deliveries_next (id, workspace_id, post_id, account_id, platform, state, reason, detail, remedy, upstream, epoch,
    round, lease_until, attempts, reconciles, refused_looks, attempt_log, due_at, next_attempt_at, sweep_at, paused_app,
    published_at, created_at, updated_at)
  SELECT id, workspace_id, post_id, account_id, platform, state, reason, detail, remedy, upstream, epoch,
    round, lease_until, attempts, reconciles, refused_looks, attempt_log, due_at, next_attempt_at, sweep_at, paused_app,
    published_at, created_at, updated_at FROM deliveries;

CREATE TABLE parts_next (
  delivery_id  TEXT NOT NULL REFERENCES deliveries_next (id),
  position     INTEGER NOT NULL,          -- from 0
  workspace_id TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('sent', 'refused', 'uncertain', 'deleted')),
  external_id  TEXT,
  sent_at      INTEGER,
  PRIMARY KEY (delivery_id, position),
  CHECK (state NOT IN ('sent', 'deleted') OR external_id IS NOT NULL)
) STRICT, WITHOUT ROWID;

INSERT INTO parts_next (delivery_id, position, workspace_id, state, external_id, sent_at)
  SELECT delivery_id, position, workspace_id, state, external_id, sent_at FROM parts;

DROP TABLE parts;
DROP TABLE deliveries;
DROP TABLE posts;
DROP TABLE account_tokens;
DROP TABLE accounts;

ALTER TABLE accounts_next RENAME TO accounts;
ALTER TABLE account_tokens_next RENAME TO account_tokens;
ALTER TABLE posts_next RENAME TO posts;
ALTER TABLE deliveries_next RENAME TO deliveries;
ALTER TABLE parts_next RENAME TO parts;

CREATE INDEX account_tokens_to_renew ON account_tokens (renew_at);
-- Counts what is left under an older key without reading the rest.
CREATE INDEX account_tokens_by_key ON account_tokens (key_id);

CREATE INDEX deliveries_of_post ON deliveries (workspace_id, post_id);

-- Only what is not final, so that the sweep reads what is overdue and nothing else, whatever the table's size.
CREATE INDEX deliveries_to_sweep ON deliveries (sweep_at)
  WHERE state IN ('scheduled', 'queued', 'publishing', 'waiting', 'uncertain', 'deleting');

-- Connecting an account again wakes what waits for it. Deliveries that never wait never write it.
CREATE INDEX deliveries_waiting ON deliveries (account_id) WHERE state = 'waiting';

CREATE INDEX deliveries_published ON deliveries (workspace_id, published_at, id)
  WHERE state IN ('published', 'deleting', 'deleted');

CREATE INDEX deliveries_paused ON deliveries (paused_app) WHERE paused_app IS NOT NULL;
