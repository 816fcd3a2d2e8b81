import { uuidv7 } from "uuidv7";
import { addExpert, changeExpert, expertById, listExperts, questionsHeld } from "../../src/experts/store";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

const fields = { name: "Kai", kind: "person" as const, address: "", topics: [] as string[], hidden: false };

describe.each(ENGINES)("experts on %s", (engine) => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth({ engine });
  });
  afterEach(() => booth.close());
  const add = (given: Partial<typeof fields>) =>
    booth.db.write((writer) => addExpert(writer, { ...fields, ...given }, NOON));

  test("two of the same name are told apart in addresses", async () => {
    await Promise.all([add({}), add({}), add({ name: "柏" })]);
    const slugs = (await listExperts(booth.db.read)).map((expert) => expert.slug).sort();
    expect(slugs).toEqual(["expert", "kai", "kai-2"]);
  });

  test("topics keep their order, and a change replaces them all", async () => {
    const id = await add({ topics: ["upgrade", "storage"] });
    expect((await expertById(booth.db.read, id)).topics).toEqual(["upgrade", "storage"]);
    await booth.db.write((writer) =>
      changeExpert(writer, id, { ...fields, name: "Kay", topics: ["backup"] }),
    );
    expect(await expertById(booth.db.read, id)).toMatchObject({
      name: "Kay",
      slug: "kai",
      topics: ["backup"],
    });
    expect(await listExperts(booth.db.read)).toMatchObject([{ name: "Kay", topics: ["backup"] }]);
  });

  test("what somebody has now is counted: routed, and not in the bin", async () => {
    const kai = await add({});
    const tablet = await booth.tablet();
    const questions = Array.from({ length: 4 }, () => ({ id: uuidv7(), text: "How?" }));
    await tablet.send(...questions.map((question) => aVisit({ questions: [question] })));
    await booth.db.write(async (writer) => {
      const ids = questions.slice(0, 3).map((question) => question.id);
      await writer
        .updateTable("questions")
        .set({ state: "routed", expert_id: kai })
        .where("id", "in", ids)
        .execute();
      await writer
        .updateTable("questions")
        .set({ state: "answered" })
        .where("id", "=", ids[0] as string)
        .execute();
      await writer
        .updateTable("questions")
        .set({ hidden: 1 })
        .where("id", "=", ids[1] as string)
        .execute();
    });
    expect(await questionsHeld(booth.db.read)).toEqual(new Map([[kai, 1]]));
  });

  test("changing somebody who is not there is refused", async () => {
    await expect(booth.db.write((writer) => changeExpert(writer, uuidv7(), fields))).rejects.toMatchObject({
      kind: "missing",
    });
  });
});

describe("the pages of experts", () => {
  let booth: Booth;
  let agent: Awaited<ReturnType<Booth["organizer"]>>;
  beforeEach(async () => {
    booth = await openBooth();
    agent = await booth.organizer();
  });
  afterEach(() => booth.close());
  const post = (path: string, body: object) => agent.post(path).type("form").send(body);
  const form = {
    name: "Users <list>",
    kind: "mailing-list",
    address: "users@lists.example.org",
    topics: ["storage", "upgrade"],
  };

  test("an expert is added, shown with topics by name, changed and no longer offered", async () => {
    expect((await agent.get("/experts?event=winter-camp").expect(200)).text).toContain("Nobody is here yet.");
    const added = await post("/experts?event=winter-camp", form).expect(303);
    expect(added.headers.location).toContain("/experts?event=winter-camp&saved=");
    const list = await agent.get(added.headers.location as string).expect(200);
    expect(list.text).toContain("Users &lt;list&gt;");
    expect(list.text).toContain("Mailing list");
    expect(list.text).toContain(">Storage<");
    expect(list.text).toContain('href="/events/winter-camp/visits"');
    expect(list.text).toMatch(/No expert yet:<\/strong>\s*<a href="[^"]*topic=networking">Networking<\/a>\./);

    const [expert] = await listExperts(booth.db.read);
    const page = await agent.get(`/experts/${expert?.id}?event=winter-camp`).expect(200);
    expect(page.text).toContain('value="storage" checked');
    await post(`/experts/${expert?.id}`, { ...form, topics: "networking", hidden: "yes" }).expect(303);
    expect(await listExperts(booth.db.read)).toMatchObject([{ hidden: 1, topics: ["networking"] }]);
    const after = await agent.get("/experts").expect(200);
    expect(after.text).toContain("no longer offered");
    // Who is no longer offered answers on nothing.
    expect(after.text).toMatch(/No expert yet:[\s\S]*Networking/);
  });

  test("a topic that waits for somebody is ticked on the way to a new expert", async () => {
    const page = await agent.get("/experts/new?event=winter-camp&topic=networking").expect(200);
    expect(page.text).toContain('value="networking" checked');
  });

  test("wrong input comes back with what was typed and a message beside each field", async () => {
    const wrong = { name: "", kind: "forum", address: "not <an> address", topics: ["storage", "unheard-of"] };
    const answer = await post("/experts", wrong).expect(422);
    expect(answer.text).toContain('id="problem-name"');
    expect(answer.text).toContain('id="problem-address"');
    expect(answer.text).toContain('value="not &lt;an&gt; address"');
    expect(answer.text).toContain('value="unheard-of" checked');
    expect(await listExperts(booth.db.read)).toEqual([]);
    await agent.post("/experts").expect(422);
    await post("/experts", form).expect(303);
    const [expert] = await listExperts(booth.db.read);
    await post(`/experts/${expert?.id}`, { ...form, address: "nowhere" }).expect(422);
    expect((await expertById(booth.db.read, expert?.id as string)).address).toBe("users@lists.example.org");
  });

  test("who is not there is missing", async () => {
    await agent.get(`/experts/${uuidv7()}`).expect(404);
    await post(`/experts/${uuidv7()}`, form).expect(404);
    await agent.get("/experts?event=unheard-of").expect(404);
  });
});
