-- The organizer's session locks at a laptop that nobody is at.

-- When somebody last did something with it; exact to a minute.
ALTER TABLE sessions ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;
UPDATE sessions SET used_at = created_at;
-- When it was locked, by hand or because the time to lock was changed after its own had run out; NULL while it was not.
-- A session that lay idle for too long is locked without this being written: see `isLocked` in src/access/rules.ts.
ALTER TABLE sessions ADD COLUMN locked_at BIGINT;
