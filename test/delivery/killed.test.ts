import type { Database } from "../../src/database/open";
import { type Carriers, deliverNext, openWays } from "../../src/delivery/loop";
import { CLAIM } from "../../src/messages/rules";
import { expireClaims } from "../../src/messages/store";
import { letterOf } from "../../src/questions/letters/store";
import { addAnswerer, ask, deliver, messagesOf, SOON, step } from "../support/asking";
import { type Booth, openBooth } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";
import { openPostOffice, type PostOffice, refusal, silence } from "../support/post-office";
import fc from "../support/properties";

/** Where the program ends: at any await of a delivery, before what is awaited happened, or after it. */
const ENDS = ["before", "after"].flatMap((when) =>
  ["claim", "wording", "carry", "settle"].map((point) => `${when} ${point}`),
);
/** What the mail server makes of a try. */
const WEATHER = ["fine", "away", "busy", "full", "cut before it kept", "cut after it kept"] as const;

class Killed extends Error {}

/** One try by a program that ends at a point of it: from then on nothing that it does has an effect. */
async function tryUntil(booth: Booth, end: string | undefined): Promise<void> {
  const { db, config, now } = booth.deps;
  const carry = (await openWays(booth.deps)).mail as NonNullable<Carriers["mail"]>;
  let isDead = false;
  const die = () => {
    isDead = true;
    throw new Killed();
  };
  const through = async <T>(point: string, work: () => Promise<T>): Promise<T> => {
    if (isDead || end === `before ${point}`) return die();
    const done = await work();
    return end === `after ${point}` ? die() : done;
  };
  let writes = 0;
  const mortal: Database = {
    ...db,
    write: (work) => through(writes++ === 0 ? "claim" : "settle", () => db.write(work)),
  };
  try {
    await deliverNext(
      { ...booth.deps, db: mortal },
      "mail",
      (letter, claimed, signal) => through("carry", () => carry(letter, claimed, signal)),
      (message) =>
        through("wording", () => letterOf(db, message, { publicUrl: config.publicUrl, now: now() })),
    );
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
}

async function under(office: PostOffice, weather: (typeof WEATHER)[number], work: () => Promise<void>) {
  const cut = (at: PostOffice) => {
    at.cut();
    return silence();
  };
  if (weather === "away") await office.goAway();
  if (weather === "busy") office.at.to = () => Promise.reject(refusal(450, "4.2.0 Later"));
  if (weather === "full") office.at.kept = () => Promise.reject(refusal(452, "4.3.1 Full"));
  if (weather === "cut before it kept") office.at.kept = cut;
  if (weather === "cut after it kept") office.at.answered = cut;
  await work();
  office.at = {};
  if (weather === "away") await office.comeBack();
}

describe.each(ENGINES)("on %s", (engine) => {
  test("whatever the mail server does, and wherever the program ends, every message arrives, and none twice", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            end: fc.option(fc.constantFrom(...ENDS), { nil: undefined }),
            weather: fc.constantFrom(...WEATHER),
          }),
          { maxLength: 6 },
        ),
        async (tries) => {
          const office = await openPostOffice();
          const booth = await openBooth({
            engine,
            config: { smtpUrl: office.url, mailFrom: "booth@camp.example" },
          });
          let clock = NOON;
          const wait = (by: number) => {
            clock += by;
            booth.setClock(clock);
          };
          for (const name of ["Kai", "Lou"]) {
            const expertId = await addAnswerer(booth, { name, address: `${name}@experts.example` });
            await step(booth, await ask(booth, `A question for ${name}`), "routed", { expertId });
          }
          wait(SOON);
          for (const { end, weather } of tries) {
            await under(office, weather, () => tryUntil(booth, end));
            wait(CLAIM);
            await booth.db.write((writer) => expireClaims(writer, "mail", clock));
          }
          wait(2 * 60 * 60_000);
          await deliver(booth);
          const mails = await office.mailbox();
          expect(mails.map((mail) => mail.to && "text" in mail.to && mail.to.text).sort()).toEqual([
            '"Kai" <Kai@experts.example>',
            '"Lou" <Lou@experts.example>',
          ]);
          // A mail comes twice only where nobody could know of the first one; then the mailbox drops it.
          const unsure = tries.filter(
            ({ end, weather }) =>
              weather === "cut after it kept" ||
              (weather === "fine" && (end === "after carry" || end === "before settle")),
          );
          expect(office.raw.length).toBeLessThanOrEqual(2 + unsure.length);
          expect((await messagesOf(booth)).map(({ state }) => state)).toEqual(["delivered", "delivered"]);
          await booth.close();
          await office.goAway();
        },
      ),
      { numRuns: engine === "sqlite" ? 25 : 5, endOnFailure: true },
    );
  });

  test("of senders that come at once, each message goes to one alone", async () => {
    const office = await openPostOffice();
    const booth = await openBooth({
      engine,
      config: { smtpUrl: office.url, mailFrom: "booth@camp.example" },
    });
    for (let number = 1; number <= 6; number++) {
      const expertId = await addAnswerer(booth, { address: `expert-${number}@experts.example` });
      await step(booth, await ask(booth), "routed", { expertId });
    }
    booth.setClock(NOON + SOON);
    await Promise.all([deliver(booth), deliver(booth), deliver(booth)]);
    expect(office.raw).toHaveLength(6);
    expect(new Set(office.recipients).size).toBe(6);
    await booth.close();
    await office.goAway();
  });
});
