-- What was made of a video is asked for when it is deleted, too. An index over all items costs an open one less: it is not
-- touched when the item is settled.
DROP INDEX source_items_open;
CREATE INDEX source_items_of_video ON source_items (channel_id, video_id);

-- When a new video was last found by looking, though the hub had promised to announce it.
ALTER TABLE channels ADD COLUMN unannounced_at INTEGER;
