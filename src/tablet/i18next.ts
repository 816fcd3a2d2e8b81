/**
 * What the tablet needs of i18next, under whose name it goes into the tablet's bundle: messages by key, plurals, and
 * values. All of i18next would be a quarter of what may travel over a hall's Wi-Fi before a visit can be logged. A
 * test holds that both say the same, for each message in each language.
 */
interface Options {
  lng: string;
  fallbackLng: string;
  resources: Record<string, { translation: Record<string, string> } | undefined>;
}
type Values = Record<string, string | number>;

export function createInstance() {
  let languages: { plurals: Intl.PluralRules; messages: Record<string, string> }[] = [];

  const find = (key: string, values: Values): string | undefined => {
    for (const { plurals, messages } of languages) {
      const plural = typeof values.count === "number" ? `${key}_${plurals.select(values.count)}` : key;
      const message = messages[plural] ?? messages[key];
      if (message !== undefined) return message;
    }
    return undefined;
  };

  return {
    init({ lng, fallbackLng, resources }: Options): void {
      languages = [lng, fallbackLng].map((language) => ({
        plurals: new Intl.PluralRules(language),
        messages: resources[language]?.translation ?? {},
      }));
    },
    exists: (key: string, values: Values = {}): boolean => find(key, values) !== undefined,
    t: (key: string, values: Values = {}): string =>
      (find(key, values) ?? key).replace(/\{\{\s*(\w+)\s*\}\}/g, (place, name) =>
        String(values[name] ?? place),
      ),
  };
}
