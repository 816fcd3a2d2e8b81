// Whether the right expert is suggested, and how soon: `npm run bench -- routing`. Another labelled set in place of our
// own, or several: `npm run bench -- routing FILE…`. A set is a JSON list of questions {text, topic, expert, use}, where
// `use` is "learn" for what may be learnt from and anything else for what is scored. Topics and experts are the event's.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { ROOT } from "../scripts/set-up.mjs";
import { at, median, tell } from "./support/table.mjs";

const require = createRequire(import.meta.url);
const { learn, suggest, train, training } = require("../dist/questions/suggestions/rules.js");
const { loadSubjects } = require("../dist/questions/suggestions/store.js");

const OWN = ["routing-questions.json", "routing-questions-held-out.json"].map((file) =>
  path.join(ROOT, "bench", file),
);
const LIMITS = { first: 0.85, three: 0.95, certain: 0.97, milliseconds: 20 };
const LEARNT = 20_000;

const event = JSON.parse(readFileSync(path.join(ROOT, "bench/routing-event.json"), "utf8"));
const experts = event.experts.map(({ slug, name, topics }) => ({ id: slug, name, topics, hidden: false }));
const loading = performance.now();
const subjects = loadSubjects();
const loaded = performance.now() - loading;
const files = process.argv.slice(2);
const sets = (files.length > 0 ? files : OWN).map((file) => ({
  name: path.basename(file),
  questions: JSON.parse(readFileSync(file, "utf8")),
}));
const lines = [];
const row = (name, value, unit, more) => lines.push({ name, value, unit, ...more });
const DETAIL = { isDetail: true };

for (const { name, questions } of sets) {
  const learnt = questions.filter((question) => question.use === "learn");
  const scored = questions.filter((question) => question.use !== "learn");
  const model = train(asLearnt(learnt), event.topics, subjects);
  const ours = rates(scored, (text) => suggest(model, { text }, experts));
  const of = `of ${scored.length} questions, ${learnt.length} others learnt`;
  row(`${name}: the right expert first, ${of}`, ours.first, "%", { atLeast: LIMITS.first });
  row("… among the first three", ours.three, "%", { atLeast: LIMITS.three });
  const keywords = rates(scored, (text) => byKeywords(text));
  row("keyword matching alone: first", keywords.first, "%", DETAIL);
  row("… among the first three", keywords.three, "%", DETAIL);
  const cold = train([], event.topics, subjects);
  const unlearnt = rates(questions, (text) => suggest(cold, { text }, experts));
  row("nothing learnt yet: first, of all questions", unlearnt.first, "%", DETAIL);
  row("… among the first three", unlearnt.three, "%", DETAIL);
  const taught = train(asLearnt(learnt), event.topics);
  const untold = rates(scored, (text) => suggest(taught, { text }, experts));
  row("without the everyday questions: first", untold.first, "%", DETAIL);
  row("… among the first three", untold.three, "%", DETAIL);
  row("certain, of those scored", ours.certain / scored.length, "%", DETAIL);
  if (ours.certain > 0)
    row("… right, where it was certain", ours.certainAndRight / ours.certain, "%", {
      atLeast: LIMITS.certain,
    });
}

const many = manyLike(sets[0].questions);
let longest = 0;
const started = performance.now();
let model;
for (const pieces = training(many, event.topics, subjects); !model; ) {
  const begun = performance.now();
  const piece = pieces.next();
  longest = Math.max(longest, performance.now() - begun);
  if (piece.done) model = piece.value;
}
const trained = performance.now() - started;
const times = sets[0].questions.map(({ text }) => {
  const begun = performance.now();
  suggest(model, { text }, experts);
  return performance.now() - begun;
});
const learning = performance.now();
learn(model, { ...many[0], id: "one more" });
const once = performance.now() - learning;
row(`suggestions for a question, ${LEARNT} learnt, 95th percentile`, at(times, 0.95), "ms", {
  atMost: LIMITS.milliseconds,
});
row("… median", median(times), "ms", DETAIL);
row("one more question learnt", once, "ms", DETAIL);
row("all of them learnt", trained, "ms", DETAIL);
row("… the longest piece of that", longest, "ms", DETAIL);
row("everyday questions read", loaded, "ms", DETAIL);
tell(lines);

function asLearnt(questions) {
  return questions.map(({ text, topic, expert }, index) => ({
    id: `${index}`,
    text,
    topic,
    expertId: expert,
  }));
}

/** How often whoever is right comes first, and among the first three; how often it was certain, and right then. */
function rates(questions, suggestionsFor) {
  const found = { first: 0, three: 0, certain: 0, certainAndRight: 0 };
  for (const { text, expert } of questions) {
    const suggestions = suggestionsFor(text);
    const place = suggestions.findIndex(({ expertId }) => expertId === expert);
    if (place === 0) found.first++;
    if (place >= 0 && place < 3) found.three++;
    if (suggestions[0]?.isCertain) found.certain++;
    if (suggestions[0]?.isCertain && place === 0) found.certainAndRight++;
  }
  return { ...found, first: found.first / questions.length, three: found.three / questions.length };
}

/** What is measured against: experts by how many keywords of their topics the text has; ties in the directory's order. */
function byKeywords(text) {
  const lower = text.toLowerCase();
  const count = ({ topics }) =>
    event.topics
      .filter(({ slug }) => topics.includes(slug))
      .flatMap(({ keywords }) => keywords)
      .filter((keyword) => lower.includes(keyword.toLowerCase())).length;
  return experts
    .map((expert) => ({ expertId: expert.id, count: count(expert) }))
    .sort((a, b) => b.count - a.count);
}

/** As many questions as a big community has, made of ours with some words of others in them. */
function manyLike(questions) {
  let seed = 1;
  const below = (limit) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed >>> 8) % limit;
  };
  const all = questions.flatMap(({ text }) => text.split(" "));
  return Array.from({ length: LEARNT }, (_, index) => {
    const { text, topic, expert } = questions[index % questions.length];
    const words = text.split(" ");
    for (let change = 0; change < 3; change++) words[below(words.length)] = all[below(all.length)];
    return { id: `${index}`, text: words.join(" "), topic, expertId: expert };
  });
}
