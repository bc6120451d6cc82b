-- While a platform refuses the app itself (no credits, a spend cap, wrong credentials), its deliveries wait together.
CREATE TABLE app_pauses (
  app           TEXT PRIMARY KEY,
  code          TEXT NOT NULL,            -- why, as the deliveries say it
  detail        TEXT NOT NULL,
  remedy        TEXT NOT NULL,
  upstream      TEXT,
  since         INTEGER NOT NULL,
  next_check_at INTEGER NOT NULL          -- from then on one delivery may ask the platform again
) STRICT, WITHOUT ROWID;

-- The app that a delivery waits for. Only those that do are in the index, so that nothing else writes it.
ALTER TABLE deliveries ADD COLUMN paused_app TEXT;
CREATE INDEX deliveries_paused ON deliveries (paused_app) WHERE paused_app IS NOT NULL;
