import { check } from "../src/errors";
import { someWords, words } from "../src/text";
import { openBooth } from "./support/booth";
import { ENGINES } from "./support/databases";

test.each([
  ["blanks around it", "  Renée \n", "Renée"],
  ["zero characters", "\0Ren\0ée\0", "Renée"],
  ["blanks behind a zero character", "\0 Renée", "Renée"],
  ["half of a pair", "Ren\uD83Dée \uDE00", "Ren\uFFFDée \uFFFD"],
  ["a whole pair", "Renée 😀", "Renée 😀"],
])("%s: text is made fit to keep", (_what, typed, kept) => {
  expect(check(words(20), typed)).toEqual({ ok: true, value: kept });
});

test("length counts as the text is kept", () => {
  expect(check(words(3), "\0 abc ")).toEqual({ ok: true, value: "abc" });
  expect(check(words(3), "abcd")).toMatchObject({ problems: [{ message: expect.stringContaining("3") }] });
  expect(check(someWords(3), " \0 ")).toEqual({
    ok: false,
    problems: [{ field: "", message: "Please fill this in." }],
  });
});

describe.each(ENGINES)("forms on %s", (engine) => {
  test("survive a zero character in any field", async () => {
    const booth = await openBooth({ engine });
    const agent = await booth.organizer();
    const id = "0198a000-0000-7000-8000-000000000001";
    const [tablet, question] = [await booth.tablet(), "0198a000-0000-7000-8000-000000000002"];
    await tablet.send({
      id,
      revision: 1,
      category: "new",
      happenedAt: "2024-02-03T11:00:00Z",
      questions: [{ id: question, text: "How?" }],
    });
    const statusOf = async (path: string, body: object) =>
      (await agent.post(path).type("form").send(body)).status;
    const expert = { name: "K\0ai", kind: "per\0son", address: "\0", topics: "stor\0age" };
    expect(await statusOf("/experts", { ...expert, kind: "person" })).toBe(303);
    expect(await statusOf("/experts", expert)).toBe(422);
    const shown = { version: "2\0" };
    expect(await statusOf(`/questions/${question}/routing`, { ...shown, expert: "\0nobody" })).toBe(422);
    expect(await statusOf(`/questions/${question}/topic`, { ...shown, topic: "stor\0age" })).toBe(303);
    expect(await statusOf(`/questions/${question}/routing`, { version: "1", expert: "kai" })).toBe(409);
    expect(await statusOf(`/questions/${question}/routing`, { ...shown, expert: "k\0ai" })).toBe(303);
    const event = { name: "Fair", startsOn: "2024-10-25", endsOn: "2024-10-27", timeZone: "UTC" };
    expect(await statusOf("/events", { ...event, source: "copy", copyOf: "no\0camp" })).toBe(404);
    expect(await statusOf("/events", { ...event, source: "copy", copyOf: "winter\0-camp" })).toBe(303);
    await booth.close();
  });
});
