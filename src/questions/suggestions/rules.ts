import { languageInEnglish } from "../../experts/rules";
import { fold } from "../../visits/rules";
import { languageOf, terms, type Word, wordsOf } from "../../visits/terms/rules";

/** A topic as events have it. */
export interface Topic {
  slug: string;
  name: string;
  keywords: string[];
}

/** A question that somebody was found for. `weight`: 1 for one that they answered, less for one that they were given. */
export interface Learnt {
  id: string;
  text: string;
  topic?: string;
  expertId?: string;
  weight?: number;
}

/** An expert as choosing goes by them. Topics, projects and languages (ISO 639-1) may be none: nothing is known then. */
export interface Candidate {
  id: string;
  name: string;
  /** The one that they would rather answer on first. */
  topics: string[];
  projects?: string[];
  languages?: string[];
  /** How many questions a week they take; null: as many as come. */
  weekly?: number | null;
  /** How many they have of that. */
  held?: number;
  /** While they are away, in words: "away until 3 May". */
  away?: string;
  hidden: boolean;
}

/** What is asked. `topic` is a slug that somebody chose. */
export interface Asked {
  text: string;
  topic?: string;
  project?: { slug: string; name: string };
  language?: string;
}

export interface Suggestion {
  expertId: string;
  /** How likely it is that this is the one, 0 to 1; those of all experts together are 1. */
  score: number;
  /** Whether a rule may route by it without being looked at. */
  isCertain: boolean;
  /** Why, in words. */
  reason: string;
}

/** Places for words, pairs and parts of words, which are found by their hash. */
const PLACES = 1 << 18;
/** How much a keyword speaks for its topic before anything is learnt; and how fast that is learnt. */
const KEYWORD = 2;
const KEYWORD_STEP = 0.1;
/** How much a keyword counts as an example, beside a question. */
const TOLD = 2;
/** How much a question counts that nobody has asked here, beside one that somebody has. */
const EVERYDAY = 1;
/** How long training goes on: passes over few examples, and over many. */
const STEPS = 90_000;
const MOST_PASSES = 60;
const FEWEST_PASSES = 3;
const STEP = 3;
const DECAY = 0.0003;
/** Reasons are looked for among the first words of a question. */
const MOST_WORDS = 60;
/** From here on two questions are about the same thing. */
const ALIKE = 0.4;
/** … and from here on they are the same question. */
const SAME = 0.95;
/**
 * What is certain: of the questions in bench/ with this score and more, on which it was chosen, 98 of 100 were right,
 * where the topic had been heard of as often as this.
 */
const CERTAIN = 0.95;
const FAMILIAR = 50;

/** Something that visitors of many projects ask about, and how they ask: in plain words that no keyword foresees. */
export interface Subject {
  name: string;
  /** Other names for it, and words that lists of topics describe it by. */
  keywords: string[];
  questions: string[];
}

/**
 * The subjects of an event's topics, by the topics' slugs: a subject belongs to the topic that has its name, or that
 * shares most of its keywords and clearly more than any other. A topic of its own kind has none.
 */
export function subjectsOf(topics: Topic[], subjects: Subject[]): Map<string, Subject> {
  const stems = (text: string) => terms(text, "en").join(" ");
  const described = topics.map(({ slug, name, keywords }) => ({
    slug,
    names: new Set([stems(slug), stems(name)]),
    words: new Set([name, ...keywords].flatMap((text) => terms(text, "en"))),
  }));
  const found = new Map<string, Subject>();
  for (const subject of subjects) {
    const names = [subject.name, ...subject.keywords].map(stems);
    const words = new Set([subject.name, ...subject.keywords].flatMap((text) => terms(text, "en")));
    const [first, second] = described
      .map(({ slug, names: own, words: its }) => ({
        slug,
        isNamed: own.has(names[0] as string) || (its.size > 0 && names.some((name) => own.has(name))),
        shared: [...words].filter((word) => its.has(word)).length,
      }))
      .sort((a, b) => Number(b.isNamed) - Number(a.isNamed) || b.shared - a.shared);
    if (!first || found.has(first.slug)) continue;
    const isClear = first.shared >= 2 && first.shared >= 2 * (second?.shared ?? 0);
    if (first.isNamed || isClear) found.set(first.slug, subject);
  }
  return found;
}

interface Features {
  places: Uint32Array;
  values: Float32Array;
  terms: string[];
  /** The keywords that it has, by their places in the model's list. */
  named: number[];
}

interface Example {
  features: Features;
  label: string;
  weight: number;
  /** A keyword, which tells nothing about how far keywords can be trusted. */
  isTold?: boolean;
}

interface Neighbour extends Learnt {
  weight: number;
  terms: string[];
}

/** What is known of who answers what. Made by `train`, and better with each `learn`. */
export interface Model {
  topics: Map<string, Topic>;
  /** Each with how much it can be trusted: what it speaks for its topic. */
  keywords: { topic: string; folded: string; terms: string[]; trust: number }[];
  /** How many questions of each topic it has seen, asked here or anywhere. */
  familiar: Map<string, number>;
  /** How rare what stands in each place is. */
  rarity: Float32Array;
  /** For each topic, what speaks for it: one number a place, then how usual it is. */
  weights: Map<string, Float32Array>;
  /** The examples that it was trained on, for going over some of them again. */
  examples: Example[];
  neighbours: Neighbour[];
  at: Map<string, number>;
  postings: Map<string, number[]>;
  /** By topic: how often each expert took it. */
  taken: Map<string, Map<string, number>>;
  seed: number;
}

/**
 * A model that knows the topics and what was learnt so far. Where this may not hold up others, go through `training`
 * piece by piece.
 */
export function train(learnt: Learnt[], topics: Topic[], subjects: Subject[] = []): Model {
  const pieces = training(learnt, topics, subjects);
  for (;;) {
    const piece = pieces.next();
    if (piece.done) return piece.value;
  }
}

/** The same in pieces of some milliseconds each. */
export function* training(
  learnt: Learnt[],
  topics: Topic[],
  subjects: Subject[] = [],
): Generator<void, Model> {
  const everyday = [...subjectsOf(topics, subjects)];
  const model: Model = {
    rarity: yield* raritiesOf([
      ...topics.flatMap(({ name, keywords }) => [name, ...keywords]),
      ...everyday.flatMap(([, { questions }]) => questions),
      ...learnt.map(({ text }) => text),
    ]),
    topics: new Map(topics.map((topic) => [topic.slug, topic])),
    keywords: [],
    weights: new Map(),
    examples: [],
    neighbours: [],
    at: new Map(),
    familiar: new Map(),
    postings: new Map(),
    taken: new Map(),
    seed: 1,
  };
  for (const { slug, name, keywords } of topics) {
    weightsOf(model, slug);
    for (const text of [name, ...keywords]) {
      const own = [...new Set(terms(text, "en"))];
      if (own.length > 0)
        model.keywords.push({ topic: slug, folded: fold(text), terms: own, trust: KEYWORD });
    }
  }
  for (const { slug, name, keywords } of topics) {
    for (const text of [name, ...keywords]) {
      const features = featuresOf(text, model, "en");
      addExample(model, { features, label: slug, weight: TOLD, isTold: true });
    }
  }
  let told = 0;
  for (const [topic, { questions }] of everyday) {
    for (const text of questions) {
      addExample(model, { features: featuresOf(text, model), label: topic, weight: EVERYDAY });
      if (++told % 50 === 0) yield;
    }
  }
  for (const [index, question] of learnt.entries()) {
    remember(model, question);
    if (index % 50 === 49) yield;
  }
  const { examples } = model;
  const passes = Math.min(MOST_PASSES, Math.max(FEWEST_PASSES, Math.ceil(STEPS / (examples.length || 1))));
  const steps = passes * examples.length;
  const order = examples.map((_, index) => index);
  let taken = 0;
  for (let pass = 0; pass < passes; pass++) {
    shuffle(order, model);
    for (const index of order) {
      const step = STEP * (1 - (0.95 * taken++) / steps);
      descend(model, examples[index] as Example, step, DECAY / examples.length);
      if (taken % 100 === 0) yield;
    }
  }
  return model;
}

/** Learns one more question; what was known of the same id is replaced. */
export function learn(model: Model, question: Learnt): void {
  forget(model, question.id);
  const example = remember(model, question);
  if (!example) return;
  const decay = DECAY / model.examples.length;
  for (let step = 0; step < 5; step++) {
    // Some of the others again, so that the newest does not outshout them.
    const other = model.examples[random(model) % model.examples.length] as Example;
    descend(model, other, 0.1 * STEP, decay);
    descend(model, example, 0.2 * STEP, decay);
  }
}

/** Whether exactly this is what was learnt of a question. */
export function isKnown(model: Model, question: Learnt): boolean {
  const index = model.at.get(question.id);
  const known = index === undefined ? undefined : model.neighbours[index];
  return (
    known !== undefined &&
    known.text === question.text &&
    known.topic === question.topic &&
    known.expertId === question.expertId &&
    known.weight === (question.weight ?? 1)
  );
}

/** Forgets whom a question was given to. What its words have taught stays until the next training. */
export function forget(model: Model, id: string): void {
  const index = model.at.get(id);
  if (index === undefined) return;
  const known = model.neighbours[index] as Neighbour;
  model.at.delete(id);
  count(model, known, -known.weight);
  known.weight = 0;
  known.text = "";
  known.terms = [];
}

/**
 * Who could take a question, the likeliest first, with the reason in words. Nobody who is hidden is among them.
 */
export function suggest(model: Model, asked: Asked, experts: Candidate[]): Suggestion[] {
  const language = asked.language ?? languageOf(asked.text);
  const words = wordsOf(asked.text, language ?? "en");
  const features = featuresOf(asked.text, model, language ?? "en");
  const guesses = topicsOf(model, features, asked.topic);
  const alike = neighboursOf(model, features);
  const speaking = speakingOf(model, words.slice(0, MOST_WORDS), language ?? "en");
  const offered = experts.filter((expert) => !expert.hidden);
  const votes = new Map<string, number>();
  for (const { question, closeness } of alike) {
    if (!question.expertId) continue;
    const vote = question.weight * ((closeness - ALIKE) / (1 - ALIKE)) ** 2;
    votes.set(question.expertId, (votes.get(question.expertId) ?? 0) + vote);
  }
  const shares = sharesOf(model, guesses, offered);
  const said = offered.reduce((sum, expert) => sum + (votes.get(expert.id) ?? 0), 0);
  const trust = asked.topic ? 0.3 : said / (said + 0.5);
  const rated = offered.map((expert) => {
    const vote = said > 0 ? (votes.get(expert.id) ?? 0) / said : 0;
    const byWords =
      said > 0 ? (1 - trust) * (shares.get(expert.id) ?? 0) + trust * vote : (shares.get(expert.id) ?? 0);
    const around = circumstances(expert, asked, language);
    return { expert, byWords, around, rating: (byWords + 0.001) * around.factor };
  });
  const total = rated.reduce((sum, each) => sum + each.rating, 0);
  return rated
    .sort((a, b) => b.rating - a.rating || (a.expert.id < b.expert.id ? -1 : 1))
    .map(({ expert, byWords, around, rating }, rank) => ({
      expertId: expert.id,
      score: rating / total,
      isCertain: rank === 0 && !around.isAgainst && isSure(model, expert, asked, byWords, guesses, alike),
      reason: [
        ...topicReason(model, expert, guesses, speaking, asked.topic),
        ...answeredReason(expert, alike),
        ...around.words,
      ].join("; "),
    }));
}

/**
 * Whether somebody need not look: staff chose a topic of theirs, they alone were given the same question before, or
 * the words are clear and of a topic of which enough was heard.
 */
function isSure(
  model: Model,
  expert: Candidate,
  asked: Asked,
  byWords: number,
  guesses: Map<string, number>,
  alike: Alike[],
): boolean {
  if (asked.topic !== undefined) return expert.topics.includes(asked.topic);
  const same = alike.filter(({ closeness }) => closeness >= SAME);
  if (same.length > 0 && same.every(({ question }) => question.expertId === expert.id)) return true;
  const [likeliest] = [...guesses].sort((a, b) => b[1] - a[1])[0] ?? [""];
  return byWords >= CERTAIN && (model.familiar.get(likeliest) ?? 0) >= FAMILIAR;
}

/** Questions like a text, the closest first: 1 is the same words. */
export function alikeTo(model: Model, text: string, limit = 5): { id: string; closeness: number }[] {
  return neighboursOf(model, featuresOf(text, model))
    .slice(0, limit)
    .map(({ question, closeness }) => ({ id: question.id, closeness }));
}

function topicReason(
  model: Model,
  expert: Candidate,
  guesses: Map<string, number>,
  speaking: Speaking[],
  chosen: string | undefined,
): string[] {
  const own = expert.topics
    .map((slug) => ({ slug, share: guesses.get(slug) ?? 0 }))
    .sort((a, b) => b.share - a.share || (a.slug < b.slug ? -1 : 1))
    .filter(({ slug, share }) => slug === chosen || share >= 0.1)
    .slice(0, chosen ? 1 : 2);
  return own.map(({ slug }) => {
    const name = model.topics.get(slug)?.name ?? slug;
    if (slug === chosen) return `${name}: chosen as its topic`;
    const words = wordsFor(slug, speaking);
    return words.length > 0 ? `${name}: ${words.map((word) => `“${word}”`).join(", ")}` : name;
  });
}

/** A word, and by how much it speaks for each topic, against all topics on the average. */
interface Speaking {
  typed: string;
  leads: Map<string, number>;
}

function speakingOf(model: Model, words: Word[], language: string): Speaking[] {
  const once = new Map(words.map((word) => [fold(word.typed), word.typed]));
  return [...once.values()].map((typed) => {
    const features = featuresOf(typed, model, language);
    const spoken = [...model.weights].map(
      ([label, weights]) =>
        [
          label,
          sum(weights, features) - (weights.at(-1) as number) + spokenFor(model, label, features),
        ] as const,
    );
    const average = spoken.reduce((all, [, each]) => all + each, 0) / spoken.length;
    return { typed, leads: new Map(spoken.map(([label, each]) => [label, each - average])) };
  });
}

/** The words that speak most for a topic, as they were typed. */
function wordsFor(slug: string, speaking: Speaking[]): string[] {
  return speaking
    .map(({ typed, leads }) => ({ typed, lead: leads.get(slug) ?? 0 }))
    .filter(({ lead }) => lead > 0.5)
    .sort((a, b) => b.lead - a.lead)
    .slice(0, 3)
    .map(({ typed }) => typed);
}

function answeredReason(expert: Candidate, alike: Alike[]): string[] {
  const own = alike.filter(({ question }) => question.expertId === expert.id);
  const answered = own.filter(({ question }) => question.weight >= 1).length;
  if (answered > 0) return [`answered ${answered} like it`];
  return own.length > 0 ? [`was given ${own.length} like it`] : [];
}

interface Circumstances {
  factor: number;
  words: string[];
  /** Whether something speaks against them that somebody should look at. */
  isAgainst: boolean;
}

/** What speaks for or against an expert besides what the question is about. */
function circumstances(expert: Candidate, asked: Asked, language: string | undefined): Circumstances {
  const found: Circumstances = { factor: 1, words: [], isAgainst: false };
  const against = (factor: number, words: string) => {
    found.factor *= factor;
    found.words.push(words);
    found.isAgainst = true;
  };
  const { projects = [], languages = [], weekly, held = 0 } = expert;
  if (asked.project && projects.length > 0) {
    if (projects.includes(asked.project.slug)) {
      found.factor *= 1.6;
      found.words.push(`named for ${asked.project.name}`);
    } else {
      against(0.4, `not named for ${asked.project.name}`);
    }
  }
  if (language && languages.length > 0) {
    const name = languageInEnglish(language);
    if (!languages.includes(language)) against(0.35, `does not speak ${name}`);
    else if (language !== "en") {
      found.factor *= 1.4;
      found.words.push(`speaks ${name}`);
    }
  }
  if (expert.away) against(0.2, expert.away);
  if (typeof weekly === "number" && held >= weekly) against(0.25, `has ${held} of ${weekly} a week`);
  return found;
}

/** How likely each topic is. One that was chosen counts for nearly all. */
function topicsOf(model: Model, features: Features, chosen: string | undefined): Map<string, number> {
  const likely = chances(model, features);
  if (chosen === undefined) return likely;
  const guesses = new Map([...likely].map(([slug, chance]) => [slug, 0.08 * chance]));
  return guesses.set(chosen, (guesses.get(chosen) ?? 0) + 0.92);
}

/** How the topics come down to experts: by what each names, the first named first, and by what each was given. */
function sharesOf(model: Model, guesses: Map<string, number>, experts: Candidate[]): Map<string, number> {
  const shares = new Map<string, number>();
  for (const [label, chance] of guesses) {
    const taken = model.taken.get(label);
    const claims = experts.map((expert) => {
      const place = expert.topics.indexOf(label);
      return (place < 0 ? 0 : 2 / (1 + 0.1 * place)) + (taken?.get(expert.id) ?? 0);
    });
    const total = claims.reduce((sum, claim) => sum + claim, 0);
    for (const [index, expert] of experts.entries()) {
      const share = total > 0 ? (claims[index] as number) / total : 1 / experts.length;
      shares.set(expert.id, (shares.get(expert.id) ?? 0) + chance * share);
    }
  }
  return shares;
}

interface Alike {
  question: Neighbour;
  closeness: number;
}

function neighboursOf(model: Model, features: Features): Alike[] {
  const { neighbours, postings } = model;
  const rarities = new Map<string, number>();
  const squared = (term: string): number => {
    const known = rarities.get(term);
    if (known !== undefined) return known;
    const rarity = Math.log(1 + (neighbours.length + 1) / ((postings.get(term)?.length ?? 0) + 0.5));
    rarities.set(term, rarity ** 2);
    return rarity ** 2;
  };
  const lengthOf = (terms: string[]) => Math.sqrt(terms.reduce((all, term) => all + squared(term), 0));
  const common = new Float32Array(neighbours.length);
  const own = [...new Set(features.terms)];
  for (const term of own) {
    for (const index of postings.get(term) ?? []) common[index] = (common[index] as number) + squared(term);
  }
  const length = lengthOf(own);
  const found: Alike[] = [];
  for (let index = 0; index < neighbours.length; index++) {
    const question = neighbours[index] as Neighbour;
    // Its length is at least that of what it has in common with this one.
    const most = Math.sqrt(common[index] as number) / length;
    if (most < ALIKE || question.weight === 0) continue;
    const closeness = (common[index] as number) / (length * lengthOf(question.terms));
    if (closeness >= ALIKE) found.push({ question, closeness });
  }
  return found
    .sort((a, b) => b.closeness - a.closeness || (a.question.id < b.question.id ? -1 : 1))
    .slice(0, 10);
}

/** Keeps a question among those that others are compared with; gives the example that it is. */
function remember(model: Model, question: Learnt): Example | undefined {
  const features = featuresOf(question.text, model);
  const weight = question.weight ?? 1;
  const index = model.neighbours.length;
  const own = [...new Set(features.terms)];
  for (const term of own) {
    const posted = model.postings.get(term);
    if (posted) posted.push(index);
    else model.postings.set(term, [index]);
  }
  model.neighbours.push({ ...question, weight, terms: own });
  model.at.set(question.id, index);
  count(model, question, weight);
  const label = labelOf(question);
  return label === undefined ? undefined : addExample(model, { features, label, weight });
}

/** What a question is an example of: its topic; without one, of what its expert answers. */
function labelOf({ topic, expertId }: Learnt): string | undefined {
  return topic ?? (expertId === undefined ? undefined : `expert:${expertId}`);
}

function count(model: Model, question: Learnt, by: number): void {
  const label = labelOf(question);
  if (!question.expertId || label === undefined) return;
  const taken = model.taken.get(label) ?? new Map<string, number>();
  taken.set(question.expertId, Math.max(0, (taken.get(question.expertId) ?? 0) + by));
  model.taken.set(label, taken);
}

function weightsOf(model: Model, label: string): Float32Array {
  let weights = model.weights.get(label);
  if (!weights) {
    weights = new Float32Array(PLACES + 1);
    model.weights.set(label, weights);
  }
  return weights;
}

function addExample(model: Model, example: Example): Example {
  weightsOf(model, example.label);
  model.examples.push(example);
  model.familiar.set(example.label, (model.familiar.get(example.label) ?? 0) + 1);
  return example;
}

/** A step of stochastic gradient descent on the log loss of softmax regression, with decay of weights (L2). */
function descend(model: Model, example: Example, step: number, decay: number): void {
  const { features, label, weight } = example;
  const likely = chances(model, features);
  const { places, values } = features;
  for (const [each, weights] of model.weights) {
    const by = step * weight * ((each === label ? 1 : 0) - (likely.get(each) as number));
    const fade = 1 - step * decay;
    for (let index = 0; index < places.length; index++) {
      const place = places[index] as number;
      weights[place] = (weights[place] as number) * fade + by * (values[index] as number);
    }
    weights[weights.length - 1] = (weights.at(-1) as number) + 0.1 * by;
    if (example.isTold) continue;
    for (const index of features.named) {
      const keyword = model.keywords[index] as Model["keywords"][number];
      if (keyword.topic === each) keyword.trust += KEYWORD_STEP * by;
    }
  }
}

function chances(model: Model, features: Features): Map<string, number> {
  const sums = [...model.weights].map(
    ([label, weights]) => [label, sum(weights, features) + spokenFor(model, label, features)] as const,
  );
  const highest = Math.max(...sums.map(([, each]) => each));
  const raised = sums.map(([label, each]) => [label, Math.exp(each - highest)] as const);
  const total = raised.reduce((all, [, each]) => all + each, 0);
  return new Map(raised.map(([label, each]) => [label, each / total]));
}

/** What a text's keywords speak for a topic: two at most, those that are trusted most. */
function spokenFor(model: Model, label: string, { named }: Features): number {
  let [first, second] = [0, 0];
  for (const index of named) {
    const { topic, trust } = model.keywords[index] as Model["keywords"][number];
    if (topic !== label) continue;
    if (trust > first) [first, second] = [trust, first];
    else if (trust > second) second = trust;
  }
  return first + second;
}

function sum(weights: Float32Array, { places, values }: Features): number {
  let all = weights[weights.length - 1] as number;
  for (let index = 0; index < places.length; index++) {
    all += (weights[places[index] as number] as number) * (values[index] as number);
  }
  return all;
}

function featuresOf(text: string, model: Model, language?: string): Features {
  const own = terms(text, language ?? languageOf(text) ?? "en");
  const found = new Map<number, number>();
  for (const block of blocksOf(text)) addBlock(found, block, model);
  const has = new Set(own);
  const named: number[] = [];
  const folded = fold(text);
  for (const [index, keyword] of model.keywords.entries()) {
    // Keywords are parts of words, but short ones are part of too many.
    const isPart = keyword.folded.length > 3 && folded.includes(keyword.folded);
    if (!isPart && !keyword.terms.every((term) => has.has(term))) continue;
    named.push(index);
  }
  return {
    places: Uint32Array.from(found.keys()),
    values: Float32Array.from(found.values()),
    terms: own,
    named,
  };
}

/** What a text is seen as: its words, each alone and with the one before it, and the parts of its words. */
function blocksOf(text: string): string[][] {
  const pieces = piecesOf(text);
  const pairs = pieces.slice(1).map((piece, index) => `${pieces[index]} ${piece}`);
  return [[...pieces, ...pairs], pieces.flatMap(partsOf)];
}

/** All words, little ones too, without what joins them. */
function piecesOf(text: string): string[] {
  return fold(text).match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** The pieces of three to five letters of a word, with its ends marked. */
function partsOf(word: string): string[] {
  const marked = ` ${word} `;
  const parts: string[] = [];
  for (let size = 3; size <= 5; size++) {
    for (let from = 0; from + size <= marked.length; from++)
      parts.push(`~${marked.slice(from, from + size)}`);
  }
  return parts;
}

/** Adds a block of names: each by how often it is there (1 + ln) and how rare it is, all together of length 1. */
function addBlock(found: Map<number, number>, names: string[], { rarity }: Model): void {
  const counts = new Map<number, number>();
  for (const name of names) {
    const place = hash(name) % PLACES;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  let squares = 0;
  for (const [place, times] of counts) {
    const value = (1 + Math.log(times)) * (rarity[place] as number);
    counts.set(place, value);
    squares += value * value;
  }
  const scale = 1 / (Math.sqrt(squares) || 1);
  for (const [place, value] of counts) found.set(place, (found.get(place) ?? 0) + value * scale);
}

/** How rare what stands in each place is in these texts: inverse document frequency, 1 for what is in all of them. */
function* raritiesOf(texts: string[]): Generator<void, Float32Array> {
  const documents = new Uint32Array(PLACES);
  for (const [index, text] of texts.entries()) {
    const places = new Set(blocksOf(text).flatMap((block) => block.map((name) => hash(name) % PLACES)));
    for (const place of places) documents[place] = (documents[place] as number) + 1;
    if (index % 50 === 49) yield;
  }
  return Float32Array.from(documents, (those) => 1 + Math.log((1 + texts.length) / (1 + those)));
}

/** FNV-1a, 32 bits. */
function hash(name: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    value = Math.imul(value ^ name.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

/** Whole numbers that look like chance and are the same each time (Numerical Recipes' generator). */
function random(model: Model): number {
  model.seed = (Math.imul(model.seed, 1664525) + 1013904223) >>> 0;
  return model.seed >>> 8;
}

function shuffle(order: number[], model: Model): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = random(model) % (last + 1);
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
}

/** An expert who may be the one for a question, and why. */
export interface NamedSuggestion {
  expertId: string;
  slug: string;
  name: string;
  /** In words: "storage: 'LUN', 'iSCSI'; answered 4 like it". */
  reason: string;
  isCertain: boolean;
}

/** How many are offered beside a question: one as the likeliest, and two more. */
export const MOST_SUGGESTED = 3;

/** Besides the likeliest, only who may well be the one is worth a look. */
const WORTH_A_LOOK = 0.1;

/** The likeliest of those that something speaks for, with the names that a page shows. */
export function namedSuggestions(
  found: Suggestion[],
  experts: { id: string; slug: string; name: string }[],
): NamedSuggestion[] {
  return found
    .filter((each, index) => each.reason !== "" && (index === 0 || each.score >= WORTH_A_LOOK))
    .slice(0, MOST_SUGGESTED)
    .flatMap(({ expertId, reason, isCertain }) => {
      const expert = experts.find((each) => each.id === expertId);
      return expert ? { expertId, slug: expert.slug, name: expert.name, reason, isCertain } : [];
    });
}
