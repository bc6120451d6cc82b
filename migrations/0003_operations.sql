-- What the operator of an installation sees and repairs.

-- 1: looks after the whole installation, across its workspaces.
ALTER TABLE users ADD COLUMN operator INTEGER NOT NULL DEFAULT 0 CHECK (operator IN (0, 1));

-- Of an installation in use, whoever registered first. Another issuer's people are made operators by hand alone: how
-- early one of them came says nothing about whose installation it is.
UPDATE users SET operator = 1
  WHERE id = (SELECT id FROM users WHERE password_hash IS NOT NULL ORDER BY created_at, id LIMIT 1);

-- The queue's own id of the message, the same whenever it comes again; NULL where it is not known.
ALTER TABLE dead_letters ADD COLUMN message_id TEXT;
-- How often it was put back on its queue, and when last; NULL: it waits for somebody to look at it.
ALTER TABLE dead_letters ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letters ADD COLUMN retried_at INTEGER;

-- A message is recorded once, however often it is handed over.
CREATE UNIQUE INDEX dead_letters_by_message ON dead_letters (message_id);

-- Only what nobody has looked after, so that it is counted whatever the table's size.
CREATE INDEX dead_letters_open ON dead_letters (queue, received_at) WHERE retried_at IS NULL;

CREATE INDEX dead_letters_expired ON dead_letters (received_at);

-- One row a trigger. started_at, finished_at, outcome and done are of the newest tick; while it runs, or when it died,
-- only its start is there.
-- How much it did: deliveries nudged, rows deleted.
ALTER TABLE cron_ticks ADD COLUMN done INTEGER;
-- When a tick was first noted: without one that ended well, silence is counted from here.
ALTER TABLE cron_ticks ADD COLUMN first_at INTEGER;
-- When a tick last ended well.
ALTER TABLE cron_ticks ADD COLUMN ok_at INTEGER;
-- The start of the last tick that the next one found without an end.
ALTER TABLE cron_ticks ADD COLUMN unended_at INTEGER;

UPDATE cron_ticks SET first_at = started_at, ok_at = CASE outcome WHEN 'ok' THEN finished_at END;
