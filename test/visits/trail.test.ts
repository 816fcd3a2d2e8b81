import type { ActorKind } from "../../src/database/tables";
import { stepInWords } from "../../src/visits/rules";

test.each<[string, string | null, ActorKind, string, string]>([
  ["routed", "Kai", "organizer", "organizer", "Routed to Kai by the organizer"],
  ["routed", "Kai", "program", "Boothlight", "Routed to Kai by Boothlight"],
  ["passed on", "Lou", "expert", "Kai", "Passed on to Lou by Kai"],
  ["claimed", "Kai", "expert", "Kai", "Taken on by Kai"],
  ["answered", "Kai", "expert", "Kai", "Answered by Kai"],
  ["answered", "Kai", "organizer", "organizer", "Answered for Kai by the organizer"],
  ["answered", null, "organizer", "organizer", "Answered by the organizer"],
  ["given back", "Kai", "expert", "Kai", "Given back by Kai"],
  ["given back", "Kai", "organizer", "organizer", "Given back for Kai by the organizer"],
  ["timed out", "Kai", "program", "Boothlight", "Came back unanswered from Kai by Boothlight"],
  ["edited", null, "staff", "Kai", "Changed by Kai"],
  ["asked", null, "visitor", "visitor", "Asked by the visitor"],
  // Staff may have the name of an expert.
  ["answered", "Kai", "staff", "Kai", "Answered for Kai by Kai"],
])("%s, with %s, by the %s %s reads naturally", (step, expert, actor_kind, actor, sentence) => {
  const { words, by } = stepInWords({ step, expert, actor, actor_kind });
  expect(`${words} ${by}`).toBe(sentence);
});
