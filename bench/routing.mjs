// Whether the right expert is suggested, and how soon: `npm run bench -- routing`. Another labelled set in place of our
// own, or several: `npm run bench -- routing FILE…`. A set is a JSON list of questions {text, topic, expert, use}, where
// `use` is "learn" for what may be learnt from and anything else for what is scored. Topics and experts are the event's.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { ROOT } from "../scripts/set-up.mjs";

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
let isMissed = false;

for (const { name, questions } of sets) {
  const learnt = questions.filter((question) => question.use === "learn");
  const scored = questions.filter((question) => question.use !== "learn");
  console.log(`${name}: ${learnt.length} questions to learn from, ${scored.length} scored\n`);
  const model = train(asLearnt(learnt), event.topics, subjects);
  const ours = rates(scored, (text) => suggest(model, { text }, experts));
  head();
  row("the right expert first", ours.first, LIMITS.first, share);
  row("… among the first three", ours.three, LIMITS.three, share);
  const keywords = rates(scored, (text) => byKeywords(text));
  row("keyword matching alone: first", keywords.first, undefined, share);
  row("… among the first three", keywords.three, undefined, share);
  const cold = train([], event.topics, subjects);
  const unlearnt = rates(questions, (text) => suggest(cold, { text }, experts));
  row("nothing learnt yet: first, of all questions", unlearnt.first, undefined, share);
  row("… among the first three", unlearnt.three, undefined, share);
  const taught = train(asLearnt(learnt), event.topics);
  const untold = rates(scored, (text) => suggest(taught, { text }, experts));
  row("without the everyday questions: first", untold.first, undefined, share);
  row("… among the first three", untold.three, undefined, share);
  row("certain, of those scored", ours.certain / scored.length, undefined, share);
  if (ours.certain > 0) row("… and right", ours.certainAndRight / ours.certain, LIMITS.certain, share);
  console.log();
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
times.sort((a, b) => a - b);
const learning = performance.now();
learn(model, { ...many[0], id: "one more" });
const once = performance.now() - learning;
console.log(`${LEARNT} questions learnt\n`);
head();
row("suggestions for a question, 95th percentile", at(times, 0.95), LIMITS.milliseconds, time);
row("… median", at(times, 0.5), undefined, time);
row("one more question learnt", once, undefined, time);
row("all of them learnt", trained, undefined, time);
row("… the longest piece of that", longest, undefined, time);
row("everyday questions read", loaded, undefined, time);
if (isMissed) process.exitCode = 1;

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

function head() {
  console.log(
    `${"".padEnd(48)}${"measured".padStart(12)}${"limit".padStart(12)}${"of the limit".padStart(14)}`,
  );
}

/** A figure beside its limit: shares must reach it, times must not go over it. */
function row(name, measured, limit, unit) {
  if (limit !== undefined && (unit === time ? measured > limit : measured < limit)) isMissed = true;
  const ratio = limit === undefined ? "" : `${Math.round((measured / limit) * 100)} %`;
  const said = limit === undefined ? "" : unit(limit);
  console.log(`${name.padEnd(48)}${unit(measured).padStart(12)}${said.padStart(12)}${ratio.padStart(14)}`);
}

/** The value that this share of them does not exceed. */
function at(sorted, part) {
  return sorted[Math.ceil(sorted.length * part) - 1];
}

function share(value) {
  return `${(value * 100).toFixed(1)} %`;
}

function time(milliseconds) {
  return `${milliseconds.toFixed(1)} ms`;
}
