// What the benches' visits say.
import { uuidv7 } from "uuidv7";

const STARTS = [
  "How do we",
  "Can we",
  "Is there a way to",
  "Since when can one",
  "Who knows how to",
  "Why can nobody",
];
const VERBS = ["upgrade", "migrate", "encrypt", "restore", "monitor", "share", "resize", "clone"];
const NOUNS = ["hosts", "disks", "switches", "nodes", "machines", "tenants", "templates", "snapshots"];
const ENDS = [
  "without downtime",
  "from the old version",
  "over a slow line",
  "with our own certificates",
  "by a script",
];

/**
 * A visit with a question, as a tablet sends it. A third of the questions are among 240 that are asked again and again,
 * the others are asked once.
 */
export function visitWithQuestion(number, projects, topics, at = Date.now()) {
  const of = (list, step = 1) => list[Math.floor(number / step) % list.length];
  const what = number % 3 ? `number ${number}` : of(ENDS, 3);
  return {
    id: uuidv7(),
    revision: 1,
    category: of(["existing", "curious", "new"]),
    happenedAt: new Date(at).toISOString(),
    project: of(projects),
    questions: [
      {
        id: uuidv7(),
        text: `${of(STARTS, 5)} ${of(VERBS, 3)} ${of(NOUNS, 7)} ${what}?`,
        topic: of(topics, 2),
      },
    ],
  };
}
