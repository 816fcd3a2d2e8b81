import { createHash } from "node:crypto";
import { stemmer as dutch } from "@orama/stemmers/dutch";
import { stemmer as english } from "@orama/stemmers/english";
import { stemmer as french } from "@orama/stemmers/french";
import { stemmer as german } from "@orama/stemmers/german";
import { stemmer as italian } from "@orama/stemmers/italian";
import { stemmer as portuguese } from "@orama/stemmers/portuguese";
import { stemmer as russian } from "@orama/stemmers/russian";
import { stemmer as spanish } from "@orama/stemmers/spanish";
import { detectAll } from "tinyld/light";
import { fold } from "../rules";

const STEMMERS: Record<string, (word: string) => string> = {
  de: german,
  en: english,
  es: spanish,
  fr: french,
  it: italian,
  nl: dutch,
  pt: portuguese,
  ru: russian,
};

/** Words that hold sentences together and say nothing of their subject, folded. */
const LITTLE_WORDS: Record<string, string> = {
  de: `aber als am an auch auf aus bei beim bin bis bitte da damit dann das dass dein dem den denn der des die dies
    diese diesem diesen dieser dieses doch du durch ein eine einem einen einer eines er es etwas euch euer fur ganz geht
    gibt habe haben hat hier ich ihr ihre im in ins irgendwie ist ja jetzt kann kein keine konnen konnte man mehr mein
    meine meinem mich mir mit muss nach nicht noch nur ob oder ohne schon sehr sein seine sich sie sind so soll sollte
    uber um und uns unser unsere vom von vor war warum was weil welche welchen welcher wenn wer werden wie wieder will
    wir wird wo wurde wurden zu zum zur`,
  en: `a about after again all also am an and any anybody anyone are as at be because been before being between both but
    by can cannot cant could did do does doesnt doing done dont during each else ever for from get gets getting got had
    has have havent having he her here him his how i id if im in into is isnt it its ive just let like me might mine
    more most much must my need no nor not of on one only or other our ours own please quite same say shall she should
    so some somebody someone something such than that thats the their them then there theres these they thing things this
    those though to too us use used using very want was wasnt way we were weve what whats when where whether which while
    who whom whose why will with without wont would wouldnt yes you your yours`,
  es: `a al algo alguien algun alguna ante aqui asi aun cada como con cual cuales cuando cuanto de del desde donde dos e
    el ella ellos en entonces era es esa ese eso esta estan este esto estos fue ha hace hacer han hasta hay la las le les
    lo los mas me mi mis mucho muy nada ni no nos nuestra nuestro o os otra otro para pero poco podemos por porque puede
    puedo pues que quien se sea ser si sin sobre solo son soy su sus tambien tan tengo tiene tienen todo todos tras tu un
    una unas uno unos usted y ya yo`,
  fr: `ai ainsi alors apres au aucun aussi autre aux avec avez avoir avons bien ca car ce cela celui ces cet cette chez
    ci comme comment dans de des deux dois doit donc du elle elles en encore entre es est et etait ete etre eu eux fait
    faut il ils je la le les leur leurs lui ma mais me meme mes moi mon ne ni nos notre nous on ont ou par parce pas peu
    peut peux plus pour pourquoi qu quand que quel quelle quelles quels qui quoi sa sans se sera ses si son sont sous sur
    ta te tes toi ton tous tout toute toutes tres tu un une va vers vos votre vous y`,
  it: `a abbiamo ai al alla alle anche che chi ci come con cosa cui da dal dalla de dei del della delle di dopo dove e
    ed era fare fra gia gli ha hanno ho i il in io la le lei lo loro lui ma mi mia mio molto ne nei nel nella noi non
    nostra nostro o ogni per perche piu poi posso possiamo puo qual quale quando quanto quello questa questo qui se sei
    si sono sta su sua sul sulla suo te ti tra tu tutti tutto un una uno vi voi`,
  nl: `aan al alle als bij dan dat de deze die dit doen door dus een en er geen gaat had heb hebben heeft het hij hoe
    hun ik in is ja je jij kan kunnen maar me meer men met mij mijn moet moeten naar niet nog nu of om omdat onder ons
    onze ook op over te tegen tot u uit uw van veel voor waar waarom wanneer wat we weer wel welke werd wie wij wil
    worden wordt ze zich zij zijn zo zonder`,
  pt: `a ao aos aquela aquele aqui as ate com como da daquele das de dela dele depois do dos e ela elas ele eles em entre
    era essa esse esta estao estou eu faz fazer foi ha isso isto ja lhe mais mas me mesmo meu meus minha muito na nao nas
    nem no nos nossa nosso num numa o os ou outra outro para pela pelo por porque posso podemos pode qual quando quanto
    que quem se sem ser seu seus so sobre sua suas tambem te tem temos tenho ter tudo um uma umas uns voce voces`,
  ru: `а без бы был была были было быть в вам вас во вот все всех вы где да для до его ее если есть еще же за здесь и из
    или им их к как какие какои ко когда кто ли мне может можно мои мы на над нам нас наш не него нет но о об он она они
    от по под при с со так также там то только тоже ты у уже чем что чтобы это этого этои этот я`,
};

const LITTLE = new Map(
  Object.entries(LITTLE_WORDS).map(([language, words]) => [
    language,
    // Folded here as words of a question are: "й" loses its mark, too.
    new Set(words.split(/\s+/).map(fold)),
  ]),
);
/** The languages that have a little word. */
const LANGUAGES_OF = new Map<string, string[]>();
for (const [language, words] of LITTLE) {
  for (const word of words) LANGUAGES_OF.set(word, [...(LANGUAGES_OF.get(word) ?? []), language]);
}

/** Scripts that put no spaces between words. */
const UNSPACED = /[\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Han}\p{sc=Thai}\p{sc=Khmer}\p{sc=Lao}\p{sc=Myanmar}]/u;
/** Words keep what stands inside of them: "sr-iov", "3.5", "don't". */
const WORD = /[\p{L}\p{N}\p{M}]+(?:[-_.'’+/][\p{L}\p{N}\p{M}]+)*/gu;
const ELIDED = /^(?:[cdjlmnst]|qu)['’](?=\p{L}{2})/iu;

/** A word of a text: as it was typed, and the terms that it is found by. */
export interface Word {
  typed: string;
  terms: string[];
}

/**
 * The language that a text is written in, as ISO 639-1, where it can be told: by its little words, by its script, or,
 * from six words on, by its letters. Undefined for a few words such as a search: these can be in any.
 */
export function languageOf(text: string): string | undefined {
  if (/[\p{sc=Hiragana}\p{sc=Katakana}]/u.test(text)) return "ja";
  if (/\p{sc=Hangul}/u.test(text)) return "ko";
  if (/\p{sc=Han}/u.test(text)) return "zh";
  const words = text.match(WORD) ?? [];
  const counts = new Map<string, number>();
  for (const word of words) {
    for (const language of LANGUAGES_OF.get(fold(word).replace(ELIDED, "")) ?? [])
      counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  const [first, second] = [...counts].sort(([, one], [, other]) => other - one);
  if (first && first[1] >= 2 && first[1] > (second?.[1] ?? 0)) return first[0];
  if (words.length < 6 || (first && first[1] >= 2)) return undefined;
  const [likeliest, next] = detectAll(text);
  return likeliest && likeliest.accuracy > 2 * (next?.accuracy ?? 0) ? likeliest.lang : undefined;
}

/**
 * The terms that a text is about, in the order of its words, repeated where they are: folded, reduced to stems, without
 * little words. The same word gives the same term with and without accents, in singular and plural; "SR-IOV" gives
 * "sr", "iov" and "sriov". The language is detected where it is not given; words in none that is known are kept whole.
 */
export function terms(text: string, language: string = languageOf(text) ?? "en"): string[] {
  return wordsOf(text, language).flatMap((word) => word.terms);
}

/**
 * The same for questions that differ in little words, forms of a word, accents and punctuation alone: a hash, so that it
 * can be kept where nobody's words may be. The order of the words counts: from here to there is not from there to here.
 */
export function likenessOf(text: string): string {
  const about = terms(text);
  const words = about.length > 0 ? about : (text.match(WORD) ?? [text]).map(fold);
  return createHash("sha256").update(words.join(" ")).digest("base64url").slice(0, 22);
}

/** The words of a text with the terms of each, little words left out. */
export function wordsOf(text: string, language: string = languageOf(text) ?? "en"): Word[] {
  const found: Word[] = [];
  for (const typed of split(text)) {
    const own = termsOfWord(typed, language);
    if (own.length > 0) found.push({ typed, terms: own });
  }
  return found;
}

function split(text: string): string[] {
  const words: string[] = text.normalize("NFC").match(WORD) ?? [];
  if (!UNSPACED.test(text)) return words;
  return words.flatMap((word) => (UNSPACED.test(word) ? segmented(word) : [word]));
}

let segmenter: Intl.Segmenter | undefined;

function segmented(text: string): string[] {
  segmenter ??= new Intl.Segmenter("ja", { granularity: "word" });
  return [...segmenter.segment(text)].map((part) => part.segment);
}

function termsOfWord(typed: string, language: string): string[] {
  // Plurals of abbreviations: VMs, LUNs.
  const single = typed.endsWith("s") ? typed.replace(/^(\p{Lu}{2,})['’]?s$/u, "$1") : typed;
  const word = fold(single)
    .replace(ELIDED, "")
    .replace(/['’]s$/, "")
    .replace(/['’]/g, "");
  if (LITTLE.get(language)?.has(word)) return [];
  const isVersion = /^\p{N}+(?:[.\p{N}])*$/u.test(word);
  const parts = isVersion ? [word] : word.split(/[-_.+/]/).filter(Boolean);
  const whole = parts.length > 1 && parts.length < 4 ? [parts.join("")] : [];
  return [...parts.filter((part) => !LITTLE.get(language)?.has(part)), ...whole]
    .map((part) => stem(part, language))
    .filter((term) => term.length > 1 || UNSPACED.test(term));
}

/** Stems that were found last, by language and word: most words of a question were in another one. */
const stems = new Map<string, string>();
/** So many that they take a megabyte at most. */
const MOST_STEMS = 5000;

/** Nothing of what anybody typed is known any more. */
export function forgetStems(): void {
  stems.clear();
}

function stem(word: string, language: string): string {
  // What has digits in it is a name: "v2v", "10gbe".
  if (word.length < 4 || /\p{N}/u.test(word)) return word;
  const key = `${language} ${word}`;
  const known = stems.get(key);
  if (known !== undefined) return known;
  const found = STEMMERS[language]?.(word) || word;
  if (stems.size === MOST_STEMS) stems.clear();
  // What is no word of anybody's is not kept.
  if (word.length <= 40) stems.set(key, found);
  return found;
}
