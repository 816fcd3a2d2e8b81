-- What the laptop has to know so that a tablet never loses a visit.

-- How many records waited on the tablet when it last said so; NULL: it has not said.
ALTER TABLE devices ADD COLUMN waiting INTEGER CHECK (waiting >= 0);
-- Since when the oldest of them waits.
ALTER TABLE devices ADD COLUMN waiting_since BIGINT;
-- Whether all of them are in a rescue file.
ALTER TABLE devices ADD COLUMN rescued INTEGER NOT NULL DEFAULT 0 CHECK (rescued IN (0, 1));
-- When it said so.
ALTER TABLE devices ADD COLUMN standing_at BIGINT;

-- Who logged visits besides those whom devices are paired for: people who share a tablet.
CREATE TABLE staff_names (
  event_id TEXT NOT NULL REFERENCES events (id),
  name     TEXT NOT NULL,
  PRIMARY KEY (event_id, name)
);
