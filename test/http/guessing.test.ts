import { inviteToPair } from "../../src/access/store";
import { type Booth, openBooth, PASSPHRASE } from "../support/booth";
import { NOON } from "../support/databases";

let booth: Booth;
afterEach(() => booth.close());

const signIn = (passphrase: string, headers: Record<string, string> = {}) =>
  booth.nobody().post("/session").set(headers).type("form").send({ passphrase });

test("a wrong passphrase can be tried ten times, then even the right one has to wait", async () => {
  booth = await openBooth();
  for (let tries = 0; tries < 10; tries++) await signIn(`wrong ${tries}`).expect(401);
  const slowed = await signIn("wrong again").expect(429);
  expect(slowed.text).toContain("Please wait 10 minutes");
  expect(Number(slowed.get("Retry-After"))).toBeGreaterThan(0);
  await signIn(PASSPHRASE).expect(429);
});

test("an empty form counts as a try", async () => {
  booth = await openBooth();
  for (let tries = 0; tries < 10; tries++) await signIn("").expect(422);
  await signIn("").expect(429);
});

test("twenty guesses at the same time are not more than ten", async () => {
  booth = await openBooth();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => signIn(`wrong ${index}`)));
  expect(answers.filter((answer) => answer.status === 401)).toHaveLength(10);
  expect(answers.filter((answer) => answer.status === 429)).toHaveLength(10);
});

test("who is right is not slowed down, however often", async () => {
  booth = await openBooth();
  for (let times = 0; times < 30; times++) await signIn(PASSPHRASE).expect(303);
});

test("thirty tablets behind one address are paired one after another", async () => {
  booth = await openBooth();
  for (let tablet = 0; tablet < 30; tablet++) {
    const code = await booth.db.write((writer) =>
      inviteToPair(writer, { eventId: booth.eventId, boothId: null }, NOON),
    );
    await booth.nobody().get(`/pair/${code}`).expect(200);
    await booth.nobody().post(`/pair/${code}`).type("form").send({ name: "Ada" }).expect(303);
  }
});

test.each(["pair", "sign-in"])("codes of /%s are not to be guessed by going through them", async (page) => {
  booth = await openBooth();
  const statuses = { get: new Set<number>(), post: new Set<number>() };
  for (let tries = 0; tries < 41; tries++) {
    statuses.get.add((await booth.nobody().get(`/${page}/code-${tries}`)).status);
    const posted = await booth.nobody().post(`/${page}/code-${tries}`).type("form").send({ name: "Eve" });
    statuses.post.add(posted.status);
  }
  expect([...statuses.get]).toEqual([410, 429]);
  expect([...statuses.post]).toEqual([410, 429]);
});

test("a header that claims another address for each try helps nobody", async () => {
  booth = await openBooth();
  const statuses: number[] = [];
  for (let tries = 0; tries < 12; tries++) {
    statuses.push((await signIn("wrong words", { "X-Forwarded-For": `10.0.0.${tries}` })).status);
  }
  expect(statuses.slice(-2)).toEqual([429, 429]);
});

describe("behind a proxy", () => {
  beforeEach(async () => {
    booth = await openBooth({ config: { publicUrl: "https://booth.example.org" } });
  });

  test("one visitor's guesses do not hold up another", async () => {
    for (let tries = 0; tries < 11; tries++) await signIn("wrong", { "X-Forwarded-For": "198.51.100.7" });
    await signIn(PASSPHRASE, { "X-Forwarded-For": "198.51.100.7" }).expect(429);
    await signIn(PASSPHRASE, { "X-Forwarded-For": "198.51.100.8" }).expect(303);
  });

  test("who goes around the proxy and claims addresses is stopped all the same", async () => {
    const statuses: number[] = [];
    for (let tries = 0; tries < 201; tries++) {
      const claimed = `198.51.${tries >> 8}.${tries & 255}`;
      statuses.push((await signIn("wrong words", { "X-Forwarded-For": claimed })).status);
    }
    expect(statuses.indexOf(429)).toBe(200);
  });
});
