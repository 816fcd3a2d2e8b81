import { createInstance } from "i18next";
import en from "./en.json";

/** The languages of the tablet and of the visitors' pages, in their own words. */
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  pt: "Português",
  ja: "日本語",
} as const;
export type Language = keyof typeof LANGUAGES;

/** Messages as a file in this folder has them: by key, plurals as `key_one`, `key_other` (i18next JSON v4). */
export type Messages = Record<string, string>;

type WithoutPlural<Key> = Key extends `${infer Root}_${"one" | "many" | "other"}` ? Root : Key;
export type MessageKey = WithoutPlural<keyof typeof en>;

/** Words in a language; `count` chooses the plural. What is no key, such as a whole sentence, is said as it is. */
export type Say = (key: MessageKey, values?: Record<string, string | number>) => string;

/** How to speak a language. What its messages lack is said in English. */
export function speaker(language: Language, messages: Messages): Say {
  const spoken = createInstance();
  void spoken.init({
    lng: language,
    fallbackLng: "en",
    resources: { en: { translation: en }, [language]: { translation: messages } },
    initAsync: false,
    // Keys have dots, and sentences colons: neither leads anywhere.
    keySeparator: false,
    nsSeparator: false,
    // What goes into a page is escaped where it goes in.
    interpolation: { escapeValue: false },
  });
  // A sentence that is no key is left alone, whatever brackets somebody's words in it have.
  return (key, values = {}) => (spoken.exists(key, values) ? spoken.t(key, values) : key);
}

export const sayInEnglish: Say = speaker("en", en);
