-- Consent in the words that the visitor saw, a page of their own, and who is responsible.

-- The words for the purpose as they were shown; NULL: nobody recorded them.
ALTER TABLE contact_consents ADD COLUMN words TEXT;
-- The language of these words, such as "de"; NULL: nobody recorded it.
ALTER TABLE contact_consents ADD COLUMN language TEXT;
-- Who ticked: staff who asked, or the visitor by their own hand; NULL: nobody recorded it.
ALTER TABLE contact_consents ADD COLUMN given_by TEXT CHECK (given_by IN ('staff', 'visitor'));

-- The code of a visitor's own page: whoever has it sees, changes and erases what is kept of them. A visitor can have several.
CREATE TABLE visitor_codes (
  code        TEXT PRIMARY KEY,              -- as it is read aloud, without the hyphens, check character included
  visit_id    TEXT REFERENCES contacts (visit_id) ON DELETE CASCADE, -- in which they left their details
  question_id TEXT REFERENCES visitor_questions (id) ON DELETE CASCADE, -- what they asked by themselves, until it counts
  CHECK ((visit_id IS NULL) <> (question_id IS NULL))
);
CREATE INDEX visitor_codes_of_visit ON visitor_codes (visit_id);
CREATE INDEX visitor_codes_of_question ON visitor_codes (question_id);

-- Who is responsible for what an event's booth keeps ("controller" in data protection law). No row: nobody has said yet.
CREATE TABLE controllers (
  event_id TEXT PRIMARY KEY REFERENCES events (id),
  name     TEXT NOT NULL CHECK (name <> ''), -- of the organization or the person
  reach    TEXT NOT NULL CHECK (reach <> ''), -- how visitors reach them: a mail or postal address, a phone number
  link     TEXT NOT NULL DEFAULT ''          -- web address of their own privacy notice; empty: they have none
);
