-- What it takes that nobody has to type the report.

-- When the question was first routed; NULL: never.
ALTER TABLE questions ADD COLUMN routed_at BIGINT;
-- When it was answered as it is answered now; set while it has an answer that somebody gave.
ALTER TABLE questions ADD COLUMN answered_at BIGINT;
-- The same for questions that ask the same, with other little words or other forms of a word: a hash of what they are about.
-- Questions that are asked together have the one of those they are asked with. NULL until the question is indexed.
ALTER TABLE questions ADD COLUMN likeness TEXT;
CREATE INDEX questions_alike ON questions (event_id, likeness, hidden, asked_at, id);
UPDATE questions SET routed_at = (SELECT min(activity.at) FROM activity
  WHERE activity.question_id = coalesce(questions.merged_into, questions.id) AND activity.step IN ('routed', 'passed on')
  AND NOT EXISTS (SELECT 1 FROM activity AS undoing WHERE undoing.undoes = activity.id))
  WHERE EXISTS (SELECT 1 FROM activity WHERE activity.question_id = coalesce(questions.merged_into, questions.id));
UPDATE questions SET answered_at = (SELECT max(activity.at) FROM activity
  WHERE activity.question_id = coalesce(questions.merged_into, questions.id) AND activity.step = 'answered'
  AND NOT EXISTS (SELECT 1 FROM activity AS undoing WHERE undoing.undoes = activity.id))
  WHERE state IN ('answered', 'closed') AND answer IS NOT NULL;
-- A step that is undone brings these two back as well: each says how they stood before it.
UPDATE activity SET before = '{"routed_at":' || coalesce(CAST(
  (SELECT min(earlier.at) FROM activity AS earlier WHERE earlier.question_id = activity.question_id
    AND earlier.step IN ('routed', 'passed on') AND earlier.at <= activity.at AND earlier.id <> activity.id
    AND NOT EXISTS (SELECT 1 FROM activity AS undoing WHERE undoing.undoes = earlier.id)) AS TEXT), 'null')
  || ',"answered_at":' || coalesce(CAST(
  (SELECT max(earlier.at) FROM activity AS earlier WHERE earlier.question_id = activity.question_id
    AND earlier.step = 'answered' AND earlier.at <= activity.at AND earlier.id <> activity.id
    AND NOT EXISTS (SELECT 1 FROM activity AS undoing WHERE undoing.undoes = earlier.id)
    AND activity.before NOT LIKE '%"answer":null%') AS TEXT), 'null')
  || ',' || substr(before, 2)
  WHERE before IS NOT NULL AND question_id IS NOT NULL;

-- Whether an event file brought it as it stands: whoever has it was told elsewhere. Until it is routed here, nobody is told
-- of it and the program does not decide about it.
ALTER TABLE questions ADD COLUMN brought INTEGER NOT NULL DEFAULT 0 CHECK (brought IN (0, 1));

-- When the last piece went, as the organizer saw it; NULL: there are some left, or nobody said.
ALTER TABLE giveaways ADD COLUMN ran_out_at BIGINT;

-- The event's report as the organizer publishes it.
CREATE TABLE write_ups (
  event_id     TEXT PRIMARY KEY REFERENCES events (id),
  version      INTEGER NOT NULL,             -- counts the changes, so that two who write at once are told
  front        TEXT NOT NULL,                -- what stands before the text (author, title, tags, …), JSON
  text         TEXT NOT NULL,                -- Markdown, with its links to figures of the log
  changed_at   BIGINT NOT NULL,
  published_at BIGINT,                       -- when it went out; NULL: figures still follow the log
  published    TEXT                          -- the figures and pictures that it went out with, by their names, JSON
);

-- Texts of a write-up that another one took the place of: nothing that the organizer typed is lost. The latest are kept.
CREATE TABLE write_up_texts (
  id       TEXT PRIMARY KEY,
  event_id TEXT NOT NULL REFERENCES events (id),
  text     TEXT NOT NULL,
  kept_at  BIGINT NOT NULL,
  reason   TEXT NOT NULL CHECK (reason IN ('afresh', 'conflict', 'replaced')) -- started afresh; typed in two windows; another was brought back
);
CREATE INDEX write_up_texts_of_event ON write_up_texts (event_id, kept_at);

-- Each time that contact details left the laptop: who took them, and why. No personal data but the name of who did.
CREATE TABLE contact_exports (
  id         TEXT PRIMARY KEY,
  event_id   TEXT NOT NULL REFERENCES events (id),
  at         BIGINT NOT NULL,
  actor      TEXT NOT NULL,                  -- 'organizer', or 'command line'
  list       TEXT NOT NULL,                  -- 'follow-ups', 'contacts', 'event', …
  format     TEXT NOT NULL,                  -- 'csv', 'xlsx', 'vcf', …
  filters    TEXT NOT NULL,                  -- what it was narrowed down to, as in its address
  purpose    TEXT CHECK (purpose IN ('follow-up', 'news')), -- what these visitors agreed to; NULL: all details, as an event file has them
  reason     TEXT NOT NULL,                  -- why, in the words of who took them; empty: they did not say
  contacts   INTEGER                         -- how many left; NULL: it was broken off before the end
);
CREATE INDEX contact_exports_of_event ON contact_exports (event_id, at);

-- The address under which a screen in the hall shows an event's figures without signing in. No row: there is none.
CREATE TABLE wall_links (
  event_id TEXT PRIMARY KEY REFERENCES events (id),
  token    TEXT NOT NULL UNIQUE,             -- the last part of the address; whoever has it sees the wall, and nothing else
  made_at  BIGINT NOT NULL
);

-- Words of visitors that a report quotes: the newest notes of a day are found without a look at each visit.
CREATE INDEX visits_noted ON visits (event_id, local_day, id) WHERE note IS NOT NULL AND deleted_at IS NULL;
