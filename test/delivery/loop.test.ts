import { setImmediate as nextTurn } from "node:timers/promises";
import { type Carriers, startDelivery } from "../../src/delivery/loop";
import type { Outcome } from "../../src/messages/rules";
import { letterOf } from "../../src/questions/letters/store";
import { addAnswerer, ask, messagesOf, SOON, step } from "../support/asking";
import { type Booth, openBooth } from "../support/booth";
import { NOON } from "../support/databases";

const MINUTE = 60_000;
const AWAY: Outcome = { kind: "later", reason: "Nobody there.", isAway: true };

let booth: Booth;
let clock: number;
beforeEach(async () => {
  booth = await openBooth();
  clock = NOON;
});
afterEach(() => booth.close());

const wait = (by: number) => {
  clock += by;
  booth.setClock(clock);
};

async function route(count: number, expert: Parameters<typeof addAnswerer>[1] = {}) {
  for (let number = 0; number < count; number++) {
    const expertId = await addAnswerer(booth, { name: `Expert ${number}`, ...expert });
    await step(booth, await ask(booth), "routed", { expertId });
  }
  wait(SOON);
}

/** How often the loop has looked whether something is due. */
let looks = 0;

function start(
  carriers: Carriers,
  wording = (message: Parameters<typeof letterOf>[1]) => letterOf(booth.db, message, { now: clock }),
) {
  const { db } = booth.deps;
  const write: typeof db.write = (work) => {
    looks += 1;
    return db.write(work);
  };
  return startDelivery({ ...booth.deps, db: { ...db, write } }, carriers, wording, 0.005);
}

async function someLooks(): Promise<void> {
  for (const until = looks + 4; looks < until; ) await nextTurn();
}

const statesOf = async () => (await messagesOf(booth)).map(({ state }) => state);

test("while a mail server is away one message a minute is tried, not all of them; when it is back, all go", async () => {
  await route(5);
  let outcome: Outcome = AWAY;
  let tries = 0;
  const delivery = start({
    mail: async () => {
      tries += 1;
      return outcome;
    },
  });
  while (!delivery.trouble("mail")) await nextTurn();
  expect(delivery.trouble("mail")).toMatchObject({ reason: "Nobody there.", since: clock });
  wait(MINUTE - 1);
  await someLooks();
  expect(tries).toBe(1);
  wait(1);
  while (tries < 2) await nextTurn();
  await someLooks();
  expect(tries).toBe(2);
  outcome = { kind: "delivered" };
  wait(MINUTE);
  while (delivery.trouble("mail")) await someLooks();
  await delivery.look();
  expect(await statesOf()).toEqual(Array(5).fill("delivered"));
  await delivery.stop();
});

test("a mail server that takes its time does not hold up a chat", async () => {
  await route(1);
  await route(1, { reached_by: "webhook", webhook: "https://chat.example/hook" });
  let goOn = () => {};
  const slow = new Promise<Outcome>((resolve) => {
    goOn = () => resolve({ kind: "delivered" });
  });
  const posted = new Promise<void>((resolve) => {
    const delivery = start({
      mail: () => slow,
      webhook: async () => {
        setImmediate(resolve);
        return { kind: "delivered" };
      },
    });
    stop = delivery.stop;
  });
  await posted;
  goOn();
  await stop();
  expect(await statesOf()).toEqual(["delivered", "delivered"]);
});
let stop = async () => {};

test("a message that cannot be put into words waits, is in the log, and holds up no other", async () => {
  await route(2);
  const [broken] = await messagesOf(booth);
  const delivery = start({ mail: async () => ({ kind: "delivered" }) }, (message) =>
    message.id === broken?.id
      ? Promise.reject(new Error("no words for the question of Kai"))
      : letterOf(booth.db, message, { now: clock }),
  );
  await delivery.look();
  await delivery.stop();
  expect(await messagesOf(booth)).toMatchObject([
    { state: "waiting", left_at: null, problem: "Boothlight could not put it into words. The log says why." },
    { state: "delivered" },
  ]);
  expect(booth.logged.join("")).toContain("a message could not be put into words");
  expect(booth.logged.join("")).not.toContain("of Kai");
});

test("a database that fails for a moment ends nothing: what is due goes at the next look", async () => {
  await route(1);
  const { write } = booth.db;
  let fails = true;
  booth.deps.db = {
    ...booth.db,
    write: (work) => (fails ? Promise.reject(new Error("disk full")) : write(work)),
  };
  const delivery = start({ mail: async () => ({ kind: "delivered" }) });
  await delivery.look();
  fails = false;
  await delivery.look();
  await delivery.stop();
  expect(await statesOf()).toEqual(["delivered"]);
});

test("nothing begins after it was asked to stop", async () => {
  await route(3);
  let tries = 0;
  let stopped: Promise<void> | undefined;
  const delivery = start({
    mail: async () => {
      tries += 1;
      stopped = delivery.stop();
      return { kind: "delivered" };
    },
  });
  await delivery.look();
  await stopped;
  await delivery.look();
  expect(tries).toBe(1);
  expect(await statesOf()).toEqual(["delivered", "waiting", "waiting"]);
});
