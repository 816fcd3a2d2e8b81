-- Runs on SQLite and on PostgreSQL alike. A statement ends with a semicolon at the end of a line.
-- Keys are UUIDv7 as text, made where the record is made. Instants are UTC milliseconds.
-- Yes/no is 1/0, lists inside one cell are JSON text.

-- Single values of the installation, such as the hash of the organizer's passphrase.
CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL                        -- what the name stands for, in a form of its own
);

-- A conference or meetup with a booth.
CREATE TABLE events (
  id         TEXT PRIMARY KEY,
  slug       TEXT NOT NULL UNIQUE,           -- in addresses and exports
  name       TEXT NOT NULL CHECK (name <> ''),
  venue      TEXT NOT NULL,
  time_zone  TEXT NOT NULL,                  -- IANA name; the event's days and hours are computed in it
  starts_on  TEXT NOT NULL,                  -- first day, YYYY-MM-DD, in time_zone
  ends_on    TEXT NOT NULL CHECK (ends_on >= starts_on), -- last day
  created_at BIGINT NOT NULL
);

-- One stand at an event.
CREATE TABLE booths (
  id       TEXT PRIMARY KEY,
  event_id TEXT NOT NULL REFERENCES events (id),
  slug     TEXT NOT NULL,
  name     TEXT NOT NULL CHECK (name <> ''),
  position INTEGER NOT NULL,                 -- the order in which people see the list
  hidden   INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)), -- no longer offered, still counted
  UNIQUE (event_id, slug)
);

-- A community project shown at the event's booths.
CREATE TABLE projects (
  id       TEXT PRIMARY KEY,
  event_id TEXT NOT NULL REFERENCES events (id),
  slug     TEXT NOT NULL,
  name     TEXT NOT NULL CHECK (name <> ''),
  position INTEGER NOT NULL,
  hidden   INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
  UNIQUE (event_id, slug)
);

-- A subject of questions; what routing goes by.
CREATE TABLE topics (
  id       TEXT PRIMARY KEY,
  event_id TEXT NOT NULL REFERENCES events (id),
  slug     TEXT NOT NULL,
  name     TEXT NOT NULL CHECK (name <> ''),
  keywords TEXT NOT NULL DEFAULT '[]',       -- JSON list of words that point to the topic
  position INTEGER NOT NULL,
  hidden   INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
  UNIQUE (event_id, slug)
);

-- What a visitor uses today ("coming from").
CREATE TABLE platforms (
  id       TEXT PRIMARY KEY,
  event_id TEXT NOT NULL REFERENCES events (id),
  slug     TEXT NOT NULL,
  name     TEXT NOT NULL CHECK (name <> ''),
  position INTEGER NOT NULL,
  hidden   INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
  UNIQUE (event_id, slug)
);

-- Something that visitors say again and again.
CREATE TABLE remarks (
  id       TEXT PRIMARY KEY,
  event_id TEXT NOT NULL REFERENCES events (id),
  slug     TEXT NOT NULL,
  name     TEXT NOT NULL CHECK (name <> ''), -- the sentence itself ("text" in an event file)
  position INTEGER NOT NULL,
  hidden   INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
  UNIQUE (event_id, slug)
);

-- T-shirts, stickers, fliers.
CREATE TABLE giveaways (
  id       TEXT PRIMARY KEY,
  event_id TEXT NOT NULL REFERENCES events (id),
  slug     TEXT NOT NULL,
  name     TEXT NOT NULL CHECK (name <> ''),
  shipped  INTEGER CHECK (shipped >= 0),     -- pieces sent to the event; NULL where nobody counted
  arrived  INTEGER CHECK (arrived >= 0),     -- pieces that arrived
  position INTEGER NOT NULL,
  hidden   INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
  UNIQUE (event_id, slug)
);

-- What happened to the booth itself.
CREATE TABLE journal (
  id       TEXT PRIMARY KEY,
  event_id TEXT NOT NULL REFERENCES events (id),
  at       BIGINT NOT NULL,
  text     TEXT NOT NULL CHECK (text <> ''), -- what is there to read, in people's words
  UNIQUE (event_id, at, text)
);

-- The organizer's open sign-ins. Only the hash of the cookie is kept.
CREATE TABLE sessions (
  token_hash TEXT PRIMARY KEY,               -- SHA-256 of the cookie's value, hex
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

-- One-time addresses: the organizer's first sign-in, and the pairing of a device.
CREATE TABLE invitations (
  code_hash  TEXT PRIMARY KEY,               -- SHA-256 of the code in the address, hex
  purpose    TEXT NOT NULL CHECK (purpose IN ('sign-in', 'pairing')), -- what opening it leads to
  event_id   TEXT REFERENCES events (id),    -- pairing: the event the device will log for
  booth_id   TEXT REFERENCES booths (id),    -- pairing: the booth, where the event has several
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at    BIGINT
);

-- A paired tablet or phone.
CREATE TABLE devices (
  id           TEXT PRIMARY KEY,
  event_id     TEXT NOT NULL REFERENCES events (id),
  booth_id     TEXT REFERENCES booths (id),
  staff_name   TEXT NOT NULL,                -- who uses it, as typed when pairing
  token_hash   TEXT NOT NULL UNIQUE,         -- SHA-256 of the cookie's or bearer token's value, hex
  paired_at    BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  unpaired_at  BIGINT
);
CREATE INDEX devices_by_event ON devices (event_id, paired_at);

-- One conversation with one person or a group.
CREATE TABLE visits (
  id           TEXT PRIMARY KEY,
  event_id     TEXT NOT NULL REFERENCES events (id),
  booth_id     TEXT REFERENCES booths (id),
  project_id   TEXT REFERENCES projects (id),
  platform_id  TEXT REFERENCES platforms (id),
  device_id    TEXT REFERENCES devices (id), -- NULL: logged on the laptop, or imported
  staff_name   TEXT,                         -- who logged it
  revision     INTEGER NOT NULL CHECK (revision >= 1), -- counts the edits of a record, from 1
  revised_by   TEXT REFERENCES devices (id), -- whose words the kept revision has; NULL: the laptop's, or an import's
  content_hash TEXT NOT NULL,                -- SHA-256 of the record as sent: tells a replay from a conflict
  category     TEXT NOT NULL CHECK (category IN ('existing', 'curious', 'new')), -- uses it, knew of it, never heard of it
  happened_at  BIGINT NOT NULL,              -- said_at put right by clock_offset; what everything counts by
  said_at      BIGINT NOT NULL,              -- what the device's clock said
  clock_offset BIGINT NOT NULL DEFAULT 0,    -- milliseconds added to said_at; 0 where the clock was right
  received_at  BIGINT NOT NULL,              -- the laptop's clock at the first arrival
  local_day    TEXT NOT NULL,                -- day of happened_at in the event's zone, YYYY-MM-DD
  local_hour   INTEGER NOT NULL CHECK (local_hour BETWEEN 0 AND 23), -- hour of happened_at in that zone
  people       INTEGER NOT NULL DEFAULT 1 CHECK (people BETWEEN 1 AND 999), -- in the group
  interest     INTEGER CHECK (interest BETWEEN 1 AND 3), -- how much the light went on; NULL: nobody said
  overview_given INTEGER CHECK (overview_given IN (0, 1)), -- whether the project was shown; NULL: nobody said
  note         TEXT,                         -- what somebody of the booth wrote beside it
  deleted_at   BIGINT                        -- in the bin: not counted, can be put back
);
-- A page of a filtered list is found in the index alone, without reading rows that the filter leaves out.
CREATE INDEX visits_in_time ON visits (event_id, happened_at, id, deleted_at, category, project_id, staff_name);
CREATE INDEX visits_in_bin ON visits (event_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX visits_by_device ON visits (device_id, happened_at, id);

-- What a conversation was about.
CREATE TABLE visit_topics (
  visit_id TEXT NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
  topic_id TEXT NOT NULL REFERENCES topics (id),
  PRIMARY KEY (visit_id, topic_id)
);

-- What was heard again in a conversation.
CREATE TABLE visit_remarks (
  visit_id  TEXT NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
  remark_id TEXT NOT NULL REFERENCES remarks (id),
  PRIMARY KEY (visit_id, remark_id)
);

-- What a visitor took along: one piece of each.
CREATE TABLE visit_giveaways (
  visit_id    TEXT NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
  giveaway_id TEXT NOT NULL REFERENCES giveaways (id),
  PRIMARY KEY (visit_id, giveaway_id)
);

-- The words of a visit in one place, folded for searching. Holds personal data.
CREATE TABLE visit_texts (
  visit_id TEXT PRIMARY KEY REFERENCES visits (id) ON DELETE CASCADE,
  text     TEXT NOT NULL                     -- note, questions and contact, lower case, no accents
);

-- Earlier revisions that a newer one replaced: tells a late replay from a late conflict.
CREATE TABLE visit_revisions (
  visit_id     TEXT NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
  revision     INTEGER NOT NULL,
  content_hash TEXT NOT NULL,
  PRIMARY KEY (visit_id, revision)
);

-- Other words for a revision that is already taken, kept until the organizer has chosen. Holds personal data.
CREATE TABLE visit_conflicts (
  id           TEXT PRIMARY KEY,
  visit_id     TEXT NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
  revision     INTEGER NOT NULL,
  content_hash TEXT NOT NULL,
  payload      TEXT NOT NULL,                -- the record as it was sent, JSON
  device_id    TEXT REFERENCES devices (id),
  received_at  BIGINT NOT NULL,
  resolved_at  BIGINT,                       -- when the organizer chose; NULL while it waits
  chosen       INTEGER CHECK (chosen IN (0, 1)), -- 1: put in place, 0: set aside and kept to be read
  UNIQUE (visit_id, content_hash)
);
CREATE INDEX visit_conflicts_waiting ON visit_conflicts (visit_id) WHERE resolved_at IS NULL;

-- Ids that must not come back: undone before they arrived, or erased. No personal data.
CREATE TABLE gone_visits (
  visit_id TEXT PRIMARY KEY,
  gone_at  BIGINT NOT NULL
);

-- The details that a visitor chose to leave. Holds personal data.
CREATE TABLE contacts (
  visit_id     TEXT PRIMARY KEY REFERENCES visits (id) ON DELETE CASCADE,
  name         TEXT,
  organization TEXT,
  role         TEXT,
  email        TEXT,
  phone        TEXT,
  handle       TEXT,                         -- a name on a chat or social network
  website      TEXT,
  badge        TEXT,                         -- number or code on the badge
  note         TEXT
);

-- What the details may be used for. No row: they leave the laptop for nothing.
CREATE TABLE contact_consents (
  visit_id TEXT NOT NULL REFERENCES contacts (visit_id) ON DELETE CASCADE,
  purpose  TEXT NOT NULL CHECK (purpose IN ('follow-up', 'news')), -- answering questions; news of the project
  given_at BIGINT NOT NULL,
  PRIMARY KEY (visit_id, purpose)
);

-- Who answers on some topics: a person or a place. Shared by all events.
CREATE TABLE experts (
  id         TEXT PRIMARY KEY,
  slug       TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL CHECK (name <> ''),
  kind       TEXT NOT NULL CHECK (kind IN ('person', 'mailing-list', 'forum', 'chat')), -- who or where it is
  address    TEXT NOT NULL DEFAULT '',       -- mail address or web address
  hidden     INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)), -- no longer offered, keeps its questions
  created_at BIGINT NOT NULL
);

-- By the topic's slug, because experts outlive the events that have topics.
CREATE TABLE expert_topics (
  expert_id  TEXT NOT NULL REFERENCES experts (id) ON DELETE CASCADE,
  topic_slug TEXT NOT NULL,                  -- the short name that the topic has at each event
  position   INTEGER NOT NULL,               -- the order in which the organizer named them
  PRIMARY KEY (expert_id, topic_slug)
);

-- Something to follow up, asked during a visit.
CREATE TABLE questions (
  id        TEXT PRIMARY KEY,
  event_id  TEXT NOT NULL REFERENCES events (id),
  visit_id  TEXT NOT NULL REFERENCES visits (id),
  position  INTEGER NOT NULL,                -- first, second, … question of the visit
  text      TEXT NOT NULL CHECK (text <> ''),
  topic_id  TEXT REFERENCES topics (id),
  state     TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'routed', 'answered', 'closed')), -- waits, is with an expert, has an answer, is done
  expert_id TEXT REFERENCES experts (id),    -- who has it; always set while routed
  answer    TEXT,                            -- what was answered, or where
  asked_at  BIGINT NOT NULL,
  hidden    INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)), -- its visit is in the bin
  CHECK (state <> 'routed' OR expert_id IS NOT NULL)
);
CREATE INDEX questions_of_visit ON questions (visit_id, position);
CREATE INDEX questions_in_time ON questions (event_id, hidden, asked_at, id);
CREATE INDEX questions_by_state ON questions (event_id, hidden, state, asked_at, id, topic_id, expert_id, visit_id);
CREATE INDEX questions_held ON questions (expert_id, hidden) WHERE state = 'routed';
CREATE INDEX questions_by_expert ON questions (expert_id, asked_at, id);

-- Who did what to a question or a visit, and when.
CREATE TABLE activity (
  id          TEXT PRIMARY KEY,
  question_id TEXT REFERENCES questions (id) ON DELETE CASCADE,
  visit_id    TEXT REFERENCES visits (id) ON DELETE CASCADE,
  at          BIGINT NOT NULL,
  actor       TEXT NOT NULL,                 -- 'organizer', or the name of a staff member
  step        TEXT NOT NULL,                 -- 'routed', 'answered', 'given back', 'edited', 'deleted', …
  expert_id   TEXT REFERENCES experts (id),
  note        TEXT,
  CHECK (question_id IS NOT NULL OR visit_id IS NOT NULL)
);
CREATE INDEX activity_of_question ON activity (question_id, at, id);
CREATE INDEX activity_of_visit ON activity (visit_id, at, id);
