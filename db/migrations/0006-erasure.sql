-- What it takes that nobody has to think of privacy.

-- Who or what was erased: kept beside the backups too, so that no backup, file or old tablet brings them back. No personal data.
CREATE TABLE erasures (
  kind      TEXT NOT NULL CHECK (kind IN ('visit', 'deleted-visit', 'visitor-question', 'asked-of-visit', 'device', 'staff-of-visit', 'staff-of-event', 'expert')), -- the visitor of a visit; a visit for good, out of the bin; a question that waited for a look; what the visitor of an erased visit had asked before it was part of that; who used a device; who logged a visit; all who did at an event; an expert
  id        TEXT NOT NULL,                   -- of the row that it was or is
  erased_at BIGINT NOT NULL,
  why       TEXT NOT NULL CHECK (why IN ('asked', 'expired')), -- somebody wanted it; its time was over
  PRIMARY KEY (kind, id)
);
CREATE INDEX erasures_in_time ON erasures (erased_at);

-- Texts that may still name somebody who was erased, for the organizer to read. Whom they named is not kept.
CREATE TABLE texts_to_look_at (
  place    TEXT NOT NULL,                    -- what kind of text: 'question', 'answer', 'note', …; see src/privacy/mentions/rules.ts
  id       TEXT NOT NULL,                    -- of the row that has it
  event_id TEXT REFERENCES events (id),      -- whose it is; NULL: of no event
  reason   TEXT NOT NULL CHECK (reason IN ('theirs', 'name', 'redacted')), -- what was said or noted of them; a part of their name may stand in it; something was left out of it by the program
  since    BIGINT NOT NULL,                  -- when it was put here
  PRIMARY KEY (place, id)
);

-- That a visitor had left details, and agreed to something, before they were erased: a report counts on. No personal data.
CREATE TABLE erased_contacts (
  visit_id TEXT NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
  what     TEXT NOT NULL CHECK (what IN ('contact', 'follow-up', 'news')), -- that there were details; what they had agreed to
  PRIMARY KEY (visit_id, what)
);

-- How long an event's contact details are kept. No row: 180 days after its last day.
CREATE TABLE retentions (
  event_id   TEXT PRIMARY KEY REFERENCES events (id),
  days       INTEGER NOT NULL DEFAULT 180 CHECK (days BETWEEN 0 AND 1095), -- after the event's last day
  until      TEXT,                           -- the last day that the organizer chose instead, YYYY-MM-DD in the event's zone; NULL: as many days as said
  reason     TEXT NOT NULL DEFAULT '',       -- why until then, in the organizer's words
  seen_at    BIGINT,                         -- when the organizer set the reminder aside; NULL: it is shown
  told_since BIGINT,                         -- since when the organizer's pages say that they are about to go, by the laptop's clock; NULL: not yet
  expired_at BIGINT,                         -- when details went last because their time was over; NULL: never
  expired    INTEGER NOT NULL DEFAULT 0      -- how many visitors' details have gone so
);
