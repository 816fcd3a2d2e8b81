import { sayIn } from "../http/languages";
import { LANGUAGES, type Language, type Say } from "../languages/say";

/**
 * What visitors read on a tablet that is turned round, in all their languages. It is a file that the tablet gets when it is
 * wanted, and keeps for when there is no network: see scripts/bundle.mjs. `how-page` has a place for an address.
 */
export function visitorWords(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(LANGUAGES).map(([language, name]) => [
      language,
      wordsIn(name, sayIn(language as Language)),
    ]),
  );
}

function wordsIn(name: string, say: Say) {
  return {
    name,
    title: say("own.title"),
    check: say("own.check"),
    agree: say("own.agree"),
    "follow-up": say("own.follow-up"),
    news: say("own.news"),
    hint: say("own.hint"),
    done: say("own.done"),
    page: say("own.page"),
    keep: say("own.keep"),
    "how-page": say("own.how-page", { address: ADDRESS }),
    "how-code": say("own.how-code"),
    qr: say("own.qr"),
    back: say("own.back"),
    fields: {
      name: say("visit.contact-name"),
      organization: say("visit.contact-organization"),
      role: say("visit.contact-role"),
      email: say("visit.contact-email"),
      phone: say("visit.contact-phone"),
      handle: say("visit.contact-handle"),
      website: say("visit.contact-website"),
      badge: say("visit.contact-badge"),
      note: say("own.note"),
    },
  };
}

/** Where the address of the own pages goes: the tablet knows it. */
const ADDRESS = "{{address}}";
