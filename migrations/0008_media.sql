-- Pictures and videos, in pieces in the bucket, and what platforms have of them.
CREATE TABLE media (
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  id            TEXT NOT NULL,
  created_by    TEXT REFERENCES users (id),
  status        TEXT NOT NULL CHECK (status IN ('uploading', 'ready', 'failed', 'deleted')),
  kind          TEXT CHECK (kind IN ('image', 'gif', 'video', 'subtitles')),   -- NULL until it is known
  media_type    TEXT,                     -- as sniffed
  bytes         INTEGER NOT NULL,         -- while it is uploading, as announced
  width         INTEGER,
  height        INTEGER,
  duration_ms   INTEGER,
  frames        INTEGER,
  facts         TEXT,                     -- JSON: all that its bytes say, for the platform's rules
  alt_text      TEXT,
  subtitles     TEXT,                     -- JSON list of {media_id, language_code, display_name}
  problem       TEXT,                     -- why it failed
  received      TEXT NOT NULL DEFAULT '[]', -- JSON list of the chunks that are there, while it is uploading
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;

-- What never became whole, and what was deleted, is cleared away.
CREATE INDEX media_uploading ON media (created_at) WHERE status <> 'ready';

-- One medium at one account's platform.
CREATE TABLE media_uploads (
  media_id      TEXT NOT NULL,
  account_id    TEXT NOT NULL REFERENCES accounts (id),
  workspace_id  TEXT NOT NULL,
  external_id   TEXT,                     -- its id there, once it was announced
  external_key  TEXT,                     -- its key there, by which posts name it
  state         TEXT NOT NULL CHECK (state IN ('uploading', 'processing', 'ready', 'failed')),
  sent          INTEGER NOT NULL DEFAULT 0, -- how many chunks the platform has confirmed, in order
  check_at      INTEGER,                  -- while it is processing: when to ask again
  labeled       INTEGER NOT NULL DEFAULT 0 CHECK (labeled IN (0, 1)), -- whether it was given its alt text and subtitles
  problem       TEXT,                     -- JSON: why it failed
  expires_at    INTEGER,                  -- when the platform forgets it
  holder        TEXT,                     -- the claim that uploads it: delivery and epoch
  held_until    INTEGER,
  updated_at    INTEGER NOT NULL,
  PRIMARY KEY (media_id, account_id)
) STRICT, WITHOUT ROWID;

-- Which posts use which media.
CREATE TABLE post_media (
  workspace_id  TEXT NOT NULL,
  media_id      TEXT NOT NULL,
  post_id       TEXT NOT NULL,
  PRIMARY KEY (workspace_id, media_id, post_id)
) STRICT, WITHOUT ROWID;
