-- Reads that the platform refused since the delivery became uncertain: they are no looks that found nothing.
ALTER TABLE deliveries ADD COLUMN refused_looks INTEGER NOT NULL DEFAULT 0;
