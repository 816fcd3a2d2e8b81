import { createInstance as ofI18next } from "i18next";
import { MESSAGES } from "../../src/http/languages";
import { LANGUAGES, type Language } from "../../src/languages/say";
import { createInstance as ofTablet } from "../../src/tablet/i18next";

const COUNTS = [undefined, 0, 1, 2, 3, 5, 11, 21, 100, 1.5, 1_000_000];

/** A speaker as `src/languages/say.ts` sets it up, in German where the language has no message. */
function both(language: Language) {
  const options = {
    lng: language,
    fallbackLng: "de",
    resources: {
      [language]: { translation: MESSAGES[language] },
      de: { translation: { ...MESSAGES.de, "only.here": "nur hier" } },
    },
    initAsync: false,
    keySeparator: false as const,
    nsSeparator: false as const,
    interpolation: { escapeValue: false },
  };
  const [library, tablet] = [ofI18next(), ofTablet()];
  void library.init(options);
  tablet.init(options);
  return { library, tablet };
}

test.each(Object.keys(LANGUAGES) as Language[])(
  "the tablet says each message in %s as i18next does",
  (language) => {
    const { library, tablet } = both(language);
    const differing: string[] = [];
    const keys = Object.keys(MESSAGES.en).map((key) => key.replace(/_(one|many|other)$/, ""));
    for (const key of [...new Set(keys), "only.here", "not a key: {{name}}", "capture.nothing"]) {
      const english = MESSAGES.en as Record<string, string>;
      const names = (english[`${key}_other`] ?? english[key] ?? "").matchAll(/\{\{(\w+)\}\}/g);
      const known: Record<string, string | number> = { name: "<b>$& {{since}}</b>" };
      for (const [, name] of names) known[name as string] ??= `[${name}]`;
      for (const count of COUNTS) {
        const values = count === undefined ? known : { ...known, count };
        const isThere = library.exists(key, values);
        if (tablet.exists(key, values) !== isThere) differing.push(key);
        if (isThere && tablet.t(key, values) !== library.t(key, values)) differing.push(key);
      }
    }
    expect(differing).toEqual([]);
  },
);
