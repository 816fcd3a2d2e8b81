import type { Contact } from "../../src/questions/personal/rules";

/** Somebody who left nothing. */
export const NOBODY: Contact = {
  name: null,
  organization: null,
  role: null,
  email: null,
  phone: null,
  handle: null,
  website: null,
  badge: null,
};

/** Somebody who left everything. */
export const ZOE: Contact = {
  ...NOBODY,
  name: "Zoë van Dyk",
  organization: "ACME Inc.",
  role: "Engineer",
  email: "zoe@visitor.example",
  phone: "+32 470 12 34 56",
  handle: "@zoe:matrix.example",
  website: "https://zoe.example/",
  badge: "B-4711",
};
