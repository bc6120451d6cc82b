-- Channels at YouTube whose videos become posts: what is known of each channel and video once for everybody, and of each
-- source of a workspace what became of what.

-- Public knowledge, and so of no workspace. A channel is followed while a source of any workspace is active for it.
CREATE TABLE channels (
  channel_id      TEXT PRIMARY KEY,
  title           TEXT,
  followed        INTEGER NOT NULL,
  -- The subscription at the hub. A lease lives whatever becomes of the next request.
  callback        TEXT NOT NULL UNIQUE,   -- the last part of the address that the hub calls
  secret          TEXT NOT NULL,          -- sealed; what the living lease is signed with
  next_secret     TEXT,                   -- sealed; what was asked for and is not verified
  last_secret     TEXT,                   -- sealed; good until last_secret_until, for what was on its way
  last_secret_until INTEGER,
  ask             TEXT NOT NULL CHECK (ask IN ('none', 'pending', 'unknown', 'refused', 'denied')),
  ask_note        TEXT,                   -- the hub's words
  asked_at        INTEGER,
  verify_until    INTEGER,                -- until when a verification is of something that was asked for
  lease_until     INTEGER,
  ask_failures    INTEGER NOT NULL DEFAULT 0,
  ask_at          INTEGER,                -- when to ask next; NULL: not at all
  pushes          INTEGER NOT NULL DEFAULT 0,
  pushed_at       INTEGER,
  ignored         INTEGER NOT NULL DEFAULT 0, -- notifications that were not signed as they should be, or not readable
  ignored_at      INTEGER,
  -- Looking by ourselves.
  poll_at         INTEGER,                -- when to look next; NULL: not at all
  polled_at       INTEGER,
  poll_good_at    INTEGER,
  poll_by         TEXT,                   -- 'feed' or 'api'
  poll_failures   INTEGER NOT NULL DEFAULT 0,
  poll_note       TEXT,
  etag            TEXT,
  modified        TEXT,
  created_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX channels_to_ask ON channels (ask_at) WHERE ask_at IS NOT NULL;
CREATE INDEX channels_to_poll ON channels (poll_at) WHERE poll_at IS NOT NULL;

CREATE TABLE videos (
  channel_id   TEXT NOT NULL REFERENCES channels (channel_id),
  video_id     TEXT NOT NULL,
  title        TEXT,
  published_at INTEGER,
  first_seen_at INTEGER NOT NULL,
  evidence     TEXT NOT NULL DEFAULT '{}', -- JSON, as in src/sources/kind.rs
  verdict      TEXT NOT NULL DEFAULT 'undecided' CHECK (verdict IN ('undecided', 'short', 'video', 'left_out')),
  reason       TEXT,
  look_at      INTEGER,                   -- when to look next; while somebody looks, when their time is over
  PRIMARY KEY (channel_id, video_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX videos_to_look_at ON videos (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX videos_by_time ON videos (channel_id, published_at);

CREATE TABLE sources (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  id           TEXT NOT NULL,
  channel_id   TEXT NOT NULL REFERENCES channels (channel_id),
  created_by   TEXT REFERENCES users (id),
  state        TEXT NOT NULL CHECK (state IN ('active', 'paused')),
  settings     TEXT NOT NULL,             -- JSON, as in src/sources/model.rs
  max_per_day  INTEGER,                   -- of the settings, for the claim
  baseline_at  INTEGER NOT NULL,          -- what was published before is not posted
  revision     INTEGER NOT NULL DEFAULT 1,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sources_of_channel ON sources (channel_id);

-- One claim per source and video, for ever: whatever arrives again finds its row.
CREATE TABLE source_items (
  source_id    TEXT NOT NULL,
  video_id     TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  channel_id   TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('pending', 'posting', 'posted', 'recorded', 'left_out')),
  reason       TEXT,
  detail       TEXT,
  seen_at      INTEGER NOT NULL,
  seen_by      TEXT NOT NULL CHECK (seen_by IN ('push', 'feed', 'api')),
  claimed_on   TEXT,                      -- the day (UTC) on which it was taken to be posted
  post_id      TEXT,
  settled_at   INTEGER,
  PRIMARY KEY (source_id, video_id),
  FOREIGN KEY (workspace_id, source_id) REFERENCES sources (workspace_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX source_items_seen ON source_items (source_id, seen_at, video_id);
CREATE INDEX source_items_open ON source_items (channel_id, video_id) WHERE state IN ('pending', 'posting');
CREATE INDEX source_items_of_day ON source_items (source_id, claimed_on) WHERE claimed_on IS NOT NULL;

-- What was asked of YouTube on a day.
CREATE TABLE youtube_usage (
  kind TEXT NOT NULL CHECK (kind IN ('feed', 'api')),
  day  TEXT NOT NULL,                     -- of the feed in UTC, of the API in Pacific time, as its quota is
  used INTEGER NOT NULL,
  PRIMARY KEY (kind, day)
) STRICT, WITHOUT ROWID;
