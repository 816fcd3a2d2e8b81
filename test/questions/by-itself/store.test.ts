import { letRouteItself, routeCertain } from "../../../src/questions/by-itself/store";
import { activityOfQuestion, questionById } from "../../../src/questions/store";
import { type Booth, openBooth, type Tablet } from "../../support/booth";
import { ENGINES, NOON } from "../../support/databases";
import { anExpert, asked, steps } from "../../support/holding";

describe.each(ENGINES)("an event that routes by itself on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet("Ada");
    await anExpert(booth, "Kai", { topics: ["storage"] });
    await anExpert(booth, "Lou", { topics: ["networking"] });
  });
  afterEach(() => booth.close());

  const route = (seen?: Map<string, number>) => routeCertain(booth.db, booth.deps.suggester, NOON, seen);
  const wants = (isOn: boolean) => letRouteItself(booth.db, booth.eventId, isOn);

  test("routes what is certain, says that it was the program, and why", async () => {
    const certain = await asked(tablet, "Which disk?", { topic: "storage" });
    const unclear = await asked(tablet, "Who are you?", { topic: "" });
    expect(await route()).toBe(0);
    await wants(true);
    expect(await route()).toBe(1);
    expect(await questionById(booth.db.read, certain)).toMatchObject({ state: "routed", expert: "Kai" });
    expect(await questionById(booth.db.read, unclear)).toMatchObject({ state: "open" });
    expect(await activityOfQuestion(booth.db.read, certain)).toMatchObject([
      { step: "routed", actor_kind: "program", note: "Storage: chosen as its topic" },
    ]);
    await wants(false);
    await asked(tablet, "Which other disk?", { topic: "storage" });
    expect(await route()).toBe(0);
  });

  test("leaves what came back, or was taken back, to the organizer", async () => {
    await wants(true);
    const id = await asked(tablet, "Which disk?", { topic: "storage" });
    expect(await route()).toBe(1);
    await steps(booth, id, "given back");
    expect(await route()).toBe(0);
  });

  test("looks at a question that it was not certain of once, until something of it changes", async () => {
    await wants(true);
    const id = await asked(tablet, "Who are you?", { topic: "" });
    const seen = new Map<string, number>();
    await route(seen);
    expect(seen.get(id)).toBe(1);
    let looks = 0;
    const counting = {
      ...booth.deps.suggester,
      suggestFor: async (_read: unknown, ids: string[]) => {
        looks += ids.length;
        return new Map();
      },
    };
    await routeCertain(booth.db, counting, NOON, seen);
    expect(looks).toBe(0);
  });
});

test("the organizer switches it on and off, from the queue and back to it", async () => {
  const booth = await openBooth();
  const agent = await booth.organizer();
  const post = (itself: string) =>
    agent
      .post("/events/winter-camp/routing")
      .type("form")
      .send({ itself, back: "/events/winter-camp/questions?state=open" });
  const isOn = async () =>
    (await booth.db.read.selectFrom("events").select("routes_itself").executeTakeFirstOrThrow())
      .routes_itself;
  const answer = await post("yes").expect(303);
  expect(answer.headers.location).toBe("/events/winter-camp/questions?state=open");
  expect(await isOn()).toBe(1);
  await post("no").expect(303);
  expect(await isOn()).toBe(0);
  await booth.close();
});
