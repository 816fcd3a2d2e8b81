import type { Document, SearchQuery, SearchTerm } from "../../database/search";
import { fold } from "../../visits/rules";
import { terms } from "../../visits/terms/rules";

/** The languages in which words are reduced to stems: a few typed words can be in any of them. */
const LANGUAGES = ["en", "de", "es", "fr", "it", "nl", "pt", "ru"];

/** Scripts that put no blanks between words: every two characters that stand side by side are a word to search by. */
const UNSPACED =
  /[\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Han}\p{sc=Thai}\p{sc=Khmer}\p{sc=Lao}\p{sc=Myanmar}ー々]+/gu;
const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu;
const VERSION = /^\p{N}+(?:\.[\p{N}]+)+$/u;
/** Words that are put together with hyphens, dots and the like: "sr-iov", "3.5", "zoe@example.org". */
const COMPOUND = /[\p{L}\p{N}]+(?:[-_.'’+/@:][\p{L}\p{N}]+)*/gu;
const LONGEST = 60;
const MOST_WORDS = 8;

/** What a question is found by. */
export interface Found {
  /** The texts of the question and of those that are asked together with it, and their answers. */
  asked: (string | null)[];
  /** Notes of their visits and what is known of the visitors. */
  around: (string | null)[];
}

export function documentOf({ asked, around }: Found): Document {
  const wordsOf = (texts: (string | null)[]) =>
    [...new Set(texts)].flatMap((text) => (text ? indexWords(text) : []));
  return { asked: wordsOf(asked), around: wordsOf(around) };
}

/** Stems, so that forms of a word are one; the words as they stand, so that names and beginnings are found. */
function indexWords(text: string): string[] {
  const plain = compoundsOf(text).flatMap((compound) => {
    const parts = partsOf(compound);
    return VERSION.test(compound) ? [compound, ...parts] : [...parts, ...joined(parts)];
  });
  return [...terms(text), ...plain, ...pairsOf(text)].map((word) => word.slice(0, LONGEST));
}

/**
 * What somebody looks for, as they typed it: each word in any of its forms, the last one also as the beginning of one.
 * Little words are left out, unless there are no others.
 */
export function queryOf(typed: string): SearchQuery {
  const compounds = compoundsOf(typed);
  const telling = compounds.filter((word) => terms(word).length > 0);
  const words = (telling.length > 0 ? telling : compounds).slice(0, MOST_WORDS);
  // So many words begin with one letter that none is looked for.
  const isLast = (word: string) => word === compounds.at(-1) && word.length > 1;
  const spaced = words.map((word) => alternativesOf(word.slice(0, LONGEST), isLast(word)));
  const unspaced = (fold(typed).match(UNSPACED) ?? []).map((run) => [
    run.length > 1
      ? pairs(run)
          .slice(0, 20)
          .map((word) => ({ word }))
      : [{ word: run, isStart: true }],
  ]);
  return [...spaced, ...unspaced];
}

function alternativesOf(compound: string, isStart: boolean): SearchTerm[][] {
  if (VERSION.test(compound)) return [[{ word: compound, isStart }]];
  const parts = partsOf(compound);
  const last = parts.length - 1;
  if (last === 0) {
    const [word = ""] = parts;
    // The little words before an apostrophe are no part of a stem.
    const stems = new Set(LANGUAGES.flatMap((language) => terms(compound, language)));
    stems.delete(word);
    return [[{ word, isStart }], ...[...stems].map((stem) => [{ word: stem }])];
  }
  // Each part in its plain form, or all of them written as one.
  const whole = joined(parts).map((word): SearchTerm[] => [{ word, isStart }]);
  return [parts.map((word, index) => ({ word, isStart: isStart && index === last })), ...whole];
}

/** The words of a text outside of scripts without blanks, folded. */
function compoundsOf(text: string): string[] {
  return fold(text).replace(UNSPACED, " ").match(COMPOUND) ?? [];
}

function partsOf(compound: string): string[] {
  return (compound.match(WORD) ?? []).map((word) => word.replace(/['’]/g, ""));
}

/** "sr-iov" is also written "sriov". */
function joined(parts: string[]): string[] {
  return parts.length > 1 && parts.length < 4 ? [parts.join("")] : [];
}

function pairsOf(text: string): string[] {
  return (fold(text).match(UNSPACED) ?? []).flatMap((run) => [...pairs(run), ...[...run].slice(-1)]);
}

function pairs(run: string): string[] {
  const characters = [...run];
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}
