-- What it takes that every question reaches somebody who can answer it.

-- Languages that an expert answers in, JSON list of codes such as "de"; empty: whatever is asked.
ALTER TABLE experts ADD COLUMN languages TEXT NOT NULL DEFAULT '[]';
-- IANA name; the expert's days and working days are counted in it.
ALTER TABLE experts ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'UTC';
-- How many questions a week they can carry; NULL: as many as come.
ALTER TABLE experts ADD COLUMN weekly INTEGER CHECK (weekly >= 0);
-- First day away, YYYY-MM-DD in their zone; NULL: from now on, where there is a last day.
ALTER TABLE experts ADD COLUMN away_from TEXT;
-- Last day away; NULL with a first day: nobody knows.
ALTER TABLE experts ADD COLUMN away_until TEXT;
-- How they are told: by mail to address, by a webhook, or by the organizer's hand.
ALTER TABLE experts ADD COLUMN reached_by TEXT NOT NULL DEFAULT 'hand' CHECK (reached_by IN ('mail', 'webhook', 'hand'));
-- Web address that a chat takes messages at. Whoever knows it can write there.
ALTER TABLE experts ADD COLUMN webhook TEXT NOT NULL DEFAULT '';
-- Counts the changes, so that two who change an expert at once are told.
ALTER TABLE experts ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
-- Which private link is good: an older one opens nothing.
ALTER TABLE experts ADD COLUMN link_number INTEGER NOT NULL DEFAULT 1;
-- Whether it is good at all.
ALTER TABLE experts ADD COLUMN link_open INTEGER NOT NULL DEFAULT 1 CHECK (link_open IN (0, 1));
UPDATE experts SET reached_by = 'mail' WHERE kind IN ('person', 'mailing-list') AND address <> '';

-- The projects that an expert answers for, by the short name that they have at each event. No row: for all.
CREATE TABLE expert_projects (
  expert_id    TEXT NOT NULL REFERENCES experts (id) ON DELETE CASCADE,
  project_slug TEXT NOT NULL,                -- the short name that the project has at each event
  PRIMARY KEY (expert_id, project_slug)
);

-- Whether questions are routed without the organizer where the suggestion is certain.
ALTER TABLE events ADD COLUMN routes_itself INTEGER NOT NULL DEFAULT 0 CHECK (routes_itself IN (0, 1));

-- Counts the steps, so that two who take one at once are told.
ALTER TABLE questions ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
-- How soon it should be answered.
ALTER TABLE questions ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('high', 'normal', 'low'));
-- Its place among those in the same state: 0 came back unanswered, 1 high, 2 normal, 3 low priority.
ALTER TABLE questions ADD COLUMN rank INTEGER NOT NULL DEFAULT 2;
-- When the expert should have answered; set while routed.
ALTER TABLE questions ADD COLUMN due_at BIGINT;
-- When the expert said to be on it.
ALTER TABLE questions ADD COLUMN claimed_at BIGINT;
-- The question that this one is asked together with: it has the same state, expert and answer, and takes no steps of its own.
ALTER TABLE questions ADD COLUMN merged_into TEXT REFERENCES questions (id);
-- The project of its visit, which it follows: the queue is filtered by it without a look at each visit.
ALTER TABLE questions ADD COLUMN project_id TEXT REFERENCES projects (id);
UPDATE questions SET project_id = (SELECT visits.project_id FROM visits WHERE visits.id = questions.visit_id);
-- When anything of it last changed.
ALTER TABLE questions ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
UPDATE questions SET changed_at = asked_at;
UPDATE questions SET changed_at = (SELECT max(activity.at) FROM activity WHERE activity.question_id = questions.id)
  WHERE EXISTS (SELECT 1 FROM activity WHERE activity.question_id = questions.id AND activity.at > questions.changed_at);

-- The queue is found in its index alone: in the order of its pages, with what it is filtered by.
DROP INDEX questions_by_state;
CREATE INDEX questions_in_queue ON questions (event_id, hidden, state, rank, asked_at, id, merged_into, topic_id, expert_id, project_id, priority, due_at, changed_at);
-- The same over all events.
CREATE INDEX questions_in_all ON questions (hidden, state, rank, asked_at, id, merged_into, topic_id, expert_id, project_id, priority, due_at, changed_at);
CREATE INDEX questions_due ON questions (due_at) WHERE state = 'routed';
CREATE INDEX questions_merged ON questions (merged_into, hidden, asked_at, id) WHERE merged_into IS NOT NULL;
CREATE INDEX questions_changed ON questions (event_id, changed_at);

-- What kind of somebody took the step: their names may be the same.
ALTER TABLE activity ADD COLUMN actor_kind TEXT NOT NULL DEFAULT 'organizer'
  CHECK (actor_kind IN ('organizer', 'staff', 'expert', 'visitor', 'program'));
UPDATE activity SET actor_kind = 'staff' WHERE actor <> 'organizer';
-- What the step changed as it was before, JSON; NULL: it cannot be undone.
ALTER TABLE activity ADD COLUMN before TEXT;
-- The step that this one takes back.
ALTER TABLE activity ADD COLUMN undoes TEXT REFERENCES activity (id) ON DELETE CASCADE;
-- What each expert was given and answered in the last days.
CREATE INDEX activity_of_experts ON activity (at, expert_id, question_id, step) WHERE step IN ('routed', 'passed on', 'answered');
CREATE INDEX activity_undone ON activity (undoes) WHERE undoes IS NOT NULL;

-- Something to be delivered to an expert or a visitor, kept until it is. It has no words of its own but those that the
-- organizer gave it: they are made when it goes, of what the questions say then.
CREATE TABLE messages (
  id            TEXT PRIMARY KEY,            -- also the Message-ID of its mail, the same at each try
  kind          TEXT NOT NULL CHECK (kind IN ('routing', 'digest', 'time-out', 'answer')), -- questions for an expert; all that an expert has; what went back to the organizer; an answer for a visitor
  via           TEXT NOT NULL CHECK (via IN ('mail', 'webhook', 'hand')), -- how it goes
  expert_id     TEXT REFERENCES experts (id),
  visit_id      TEXT REFERENCES visits (id) ON DELETE CASCADE, -- whose visitor gets it
  state         TEXT NOT NULL CHECK (state IN ('held', 'waiting', 'sending', 'delivered', 'failed', 'uncertain', 'cancelled')), -- for the organizer to look at; for its time; under way; done; refused for good; nobody knows whether it arrived; taken back
  text          TEXT,                        -- what the organizer made of it; NULL: worded when it goes
  created_at    BIGINT NOT NULL,
  due_at        BIGINT NOT NULL,             -- not before then; the next try
  attempts      INTEGER NOT NULL DEFAULT 0,  -- how often it was tried
  claimed_until BIGINT,                      -- while it is under way: until when nobody else may send it
  tried_at      BIGINT,
  left_at       BIGINT,                      -- when it may first have left the house; NULL: it certainly has not
  delivered_at  BIGINT,
  problem       TEXT,                        -- why the last try failed, in plain words without personal data
  CHECK ((expert_id IS NULL) <> (visit_id IS NULL))
);
CREATE INDEX messages_due ON messages (due_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX messages_by_state ON messages (state, created_at, id);
CREATE INDEX messages_of_expert ON messages (expert_id, created_at);
CREATE INDEX messages_of_visit ON messages (visit_id);

-- The steps that a message tells of.
CREATE TABLE message_steps (
  message_id  TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  activity_id TEXT NOT NULL REFERENCES activity (id) ON DELETE CASCADE,
  question_id TEXT NOT NULL REFERENCES questions (id) ON DELETE CASCADE, -- the step's, or one that is asked together with it
  PRIMARY KEY (message_id, activity_id, question_id)
);
CREATE INDEX message_steps_of_activity ON message_steps (activity_id);
CREATE INDEX message_steps_of_question ON message_steps (question_id);

-- The short code that a visitor takes away for a question. A question can have several: what was given away stays good.
CREATE TABLE slips (
  code        TEXT PRIMARY KEY,              -- as it is read aloud, without the hyphens, check character included
  question_id TEXT NOT NULL REFERENCES questions (id) ON DELETE CASCADE,
  made_at     BIGINT NOT NULL,
  language    TEXT                           -- in which the visitor read the page where they asked; NULL: nobody knows
);
CREATE INDEX slips_of_question ON slips (question_id, made_at, code);

-- A question that a visitor asked on their own phone, until staff have looked at it. Holds personal data.
CREATE TABLE visitor_questions (
  id         TEXT PRIMARY KEY,               -- the question's id, once it counts
  event_id   TEXT NOT NULL REFERENCES events (id),
  code       TEXT NOT NULL UNIQUE,           -- of its slip
  text       TEXT NOT NULL CHECK (text <> ''),
  topic_id   TEXT REFERENCES topics (id),
  contact    TEXT,                           -- the details and consent as the visitor gave them, JSON; NULL: none
  language   TEXT NOT NULL,                  -- in which the page was read
  asked_at   BIGINT NOT NULL,
  refused_at BIGINT                          -- when staff put it aside; it can be brought back
);
CREATE INDEX visitor_questions_held ON visitor_questions (event_id, refused_at, asked_at);

-- Filters of the queue that the organizer wants to find again.
CREATE TABLE saved_views (
  id         TEXT PRIMARY KEY,
  event_id   TEXT REFERENCES events (id),    -- NULL: over all events
  name       TEXT NOT NULL CHECK (name <> ''),
  query      TEXT NOT NULL,                  -- as it stands in the queue's address
  created_at BIGINT NOT NULL
);
