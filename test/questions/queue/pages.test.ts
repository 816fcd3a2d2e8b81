import { uuidv7 } from "uuidv7";
import { addExpert } from "../../../src/experts/store";
import { questionById } from "../../../src/questions/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../../support/booth";
import { ENGINES, NOON } from "../../support/databases";

type Agent = Awaited<ReturnType<Booth["organizer"]>>;

const queue = "/events/winter-camp/questions";
const MINUTE = 60_000;

describe.each(ENGINES)("the queue's page on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  let agent: Agent;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet("Ada");
    agent = await booth.organizer();
    for (const [name, topics] of [
      ["Kai", ["storage"]],
      ["Lou", ["networking"]],
    ] as const) {
      const fields = { name, kind: "person" as const, address: "", topics: [...topics], hidden: false };
      await booth.db.write((writer) => addExpert(writer, fields as never, NOON));
    }
  });
  afterEach(() => booth.close());

  /** Asks in order, a minute apart; gives the ids. */
  async function ask(...questions: { text: string; topic?: string; project?: string }[]): Promise<string[]> {
    const visits = questions.map(({ project, ...question }, index) =>
      aVisit({
        project,
        happenedAt: new Date(NOON - (questions.length - index) * MINUTE).toISOString(),
        questions: [{ id: uuidv7(), ...question }],
      }),
    );
    await tablet.send(...visits);
    return visits.map((visit) => visit.questions?.[0]?.id as string);
  }

  const rowOf = (id: string) => questionById(booth.db.read, id);
  const shown = async (id: string) => `${id}.${(await rowOf(id)).version}`;
  const post = (path: string, body: object, as = agent) => as.post(path).type("form").send(body);
  const bulk = async (ids: string[], body: object) => {
    const question: string[] = [];
    for (const id of ids) question.push(await shown(id));
    return post("/questions/bulk", { question, back: queue, ...body });
  };
  const undosIn = (text: string) =>
    [...text.matchAll(/name="undo" value="([^"]+)"/g)].map((match) => match[1] as string);
  const standing = async (ids: string[]) => {
    const states: string[] = [];
    for (const id of ids) {
      const { state, expert } = await rowOf(id);
      states.push(expert ? `${state} ${expert}` : state);
    }
    return states;
  };
  const idsIn = (text: string) =>
    [...text.matchAll(/data-question="([0-9a-f-]{36})"/g)].map((match) => match[1] as string);
  const idsAt = async (query: string, path = queue) =>
    idsIn((await agent.get(`${path}?${query}`).expect(200)).text);

  test("many are routed at once, each to whom its row suggested", async () => {
    const ids = await ask({ text: "Disk?", topic: "storage" }, { text: "Cable?", topic: "networking" });
    const suggested = [`${ids[0]}.kai`, `${ids[1]}.lou`];
    const { text } = await bulk(ids, { action: "suggested", suggested });
    expect(text).toContain("Undo all 2");
    expect(await standing(ids)).toEqual(["routed Kai", "routed Lou"]);
    const nobody = await bulk(ids, { action: "suggested" });
    expect(nobody.text).toContain("Nobody is suggested for it. Choose somebody.");
  });

  test("what was done with many is told, and taken back by one press", async () => {
    const ids = await ask({ text: "Disk?" }, { text: "Cable?" }, { text: "Card?" });
    const done = await bulk(ids, { action: "route", expert: "kai" });
    expect(done.status).toBe(200);
    expect(done.text).toContain("Done with 3 questions.");
    const undo = undosIn(done.text);
    expect(undo).toHaveLength(3);
    const undone = await post("/questions/bulk/undo", { undo, back: queue }).expect(200);
    expect(undone.text).toContain("Taken back for 3 questions.");
    expect(await standing(ids)).toEqual(["open", "open", "open"]);
    const late = await post("/questions/bulk/undo", { undo, back: queue }).expect(409);
    expect(late.text).toContain("Nothing was done with 3 questions");
  });

  test("one that changed meanwhile holds up none of the others, and is named with the reason", async () => {
    const [raced, other] = (await ask({ text: "Disk?" }, { text: "Cable?" })) as [string, string];
    const question = [await shown(raced), await shown(other)];
    await post(`/questions/${raced}/routing`, { version: 1, expert: "lou" }).expect(303);
    const body = { question, action: "route", expert: "kai", back: `${queue}?search=disk` };
    const { text } = await post("/questions/bulk", body).expect(409);
    expect(text).toContain("Routed to Kai: Cable?");
    expect(text).toContain("Nothing was done with 1 question");
    expect(text).toContain("This question was routed by somebody else a moment ago.");
    expect(text).toContain('value="disk"');
    expect(await standing([raced, other])).toEqual(["routed Lou", "routed Kai"]);
  });

  test("what has left the house stays, the rest is taken back", async () => {
    const ids = await ask({ text: "Disk?" }, { text: "Cable?" });
    const done = await bulk(ids, { action: "route", expert: "kai" });
    const steps = await booth.db.read
      .selectFrom("activity")
      .select("id")
      .where("question_id", "=", ids[0] as string)
      .execute();
    // Its own message has gone out.
    await booth.db.write(async (writer) => {
      const message = await writer.selectFrom("messages").selectAll().executeTakeFirstOrThrow();
      const gone = { ...message, id: uuidv7(), state: "delivered" as const, left_at: NOON };
      await writer.insertInto("messages").values(gone).execute();
      await writer
        .updateTable("message_steps")
        .set({ message_id: gone.id })
        .where("activity_id", "=", steps[0]?.id as string)
        .execute();
    });
    const undo = undosIn(done.text);
    const { text } = await post("/questions/bulk/undo", { undo, back: queue }).expect(409);
    expect(text).toContain("Taken back for 1 question.");
    expect(text).toContain("The message about this step has gone out");
    expect(await standing(ids)).toEqual(["routed Kai", "open"]);
  });

  test("an answer, a priority, a topic and closing work on many and are taken back", async () => {
    const ids = await ask({ text: "Disk?", topic: "storage" }, { text: "Cable?" });
    const priorities = async () => [
      (await rowOf(ids[0] as string)).priority,
      (await rowOf(ids[1] as string)).priority,
    ];
    const topics = async () => [(await rowOf(ids[0] as string)).topic, (await rowOf(ids[1] as string)).topic];
    const high = await bulk(ids, { action: "priority", priority: "high" });
    expect(await priorities()).toEqual(["high", "high"]);
    await post("/questions/bulk/undo", { undo: undosIn(high.text), back: queue }).expect(200);
    expect(await priorities()).toEqual(["normal", "normal"]);
    const upgrade = await bulk(ids, { action: "topic", topic: "upgrade" });
    expect(await topics()).toEqual(["upgrade", "upgrade"]);
    await post("/questions/bulk/undo", { undo: undosIn(upgrade.text), back: queue }).expect(200);
    expect(await topics()).toEqual(["storage", null]);
    const answered = await bulk(ids, { action: "answer", answer: "In the\r\nmanual" });
    expect((await rowOf(ids[1] as string)).answer).toBe("In the\nmanual");
    await post("/questions/bulk/undo", { undo: undosIn(answered.text), back: queue }).expect(200);
    await bulk(ids, { action: "close" });
    expect(await standing(ids)).toEqual(["closed", "closed"]);
    const unheard = await bulk(ids, { action: "topic", topic: "unheard-of" });
    expect(unheard.text).toContain("There is no such topic in this event");
  });

  test("the first of those that ask the same stands for all, says how often, and can be taken apart", async () => {
    const ids = await ask({ text: "Disk?" }, { text: "Which disk?" }, { text: "What disks?" });
    const merged = await bulk(ids, { action: "merge" });
    expect(merged.text).toContain("asked 3 times");
    expect(await idsAt("")).toEqual([ids[0]]);
    await post("/questions/bulk/undo", { undo: undosIn(merged.text), back: queue }).expect(200);
    expect(await idsAt("")).toEqual(ids);
    const alone = await bulk(ids.slice(0, 1), { action: "merge" });
    expect(alone.text).toContain("Select those that ask the same as well.");
    await post(`/questions/${ids[2]}/answer`, {
      version: (await rowOf(ids[2] as string)).version,
      answer: "Any",
    });
    await bulk([ids[1], ids[2]] as string[], { action: "merge" });
    expect((await rowOf(ids[1] as string)).merged_into).toBe(ids[2]);
  });

  test("a form that is not whole comes back with what was typed and selected", async () => {
    const [id] = (await ask({ text: "Disk?" })) as [string];
    const nobody = await bulk([id], { action: "route", expert: "", answer: "My words" });
    expect(nobody.status).toBe(422);
    expect(nobody.text).toContain("Please choose who gets them.");
    expect(nobody.text).toContain("My words");
    expect(nobody.text).toMatch(/form="bulk" checked/);
    const none = await post("/questions/bulk", { action: "close", back: queue }).expect(422);
    expect(none.text).toContain("Please select a question first.");
    await post("/questions/bulk/undo", { undo: "nonsense", back: queue }).expect(422);
    const asked = agent.post("/questions/bulk").type("form").set("Accept", "application/json");
    const { body } = await asked.send({ action: "dance" }).expect(422);
    expect(body.message).toBe("Please select a question first.");
  });

  test("filters narrow down by priority, age and what changed, alone and together", async () => {
    const [old, late, high] = (await ask(
      { text: "Old?" },
      { text: "Late?" },
      { text: "High?", topic: "storage" },
    )) as [string, string, string];
    await post(`/questions/${late}/routing`, { version: 1, expert: "kai" }).expect(303);
    await post(`/questions/${high}/priority`, { version: 1, priority: "high" }).expect(303);
    expect(await idsAt("")).toEqual([high, old, late]);
    expect(await idsAt("priority=high")).toEqual([high]);
    expect(await idsAt("age=today")).toEqual([high, old, late]);
    expect(await idsAt("age=late")).toEqual([]);
    booth.setClock(NOON + 8 * 24 * 60 * MINUTE);
    const session = await booth.organizer();
    agent = session;
    expect(await idsAt("age=today")).toEqual([]);
    expect(await idsAt("age=older&topic=storage")).toEqual([high]);
    expect(await idsAt("age=late")).toEqual([late]);
    expect(await idsAt("search=late&age=late")).toEqual([late]);
  });

  test("all events are one queue, with each question's event beside it", async () => {
    const [here] = (await ask({ text: "Disk?", topic: "storage" })) as [string];
    const id = uuidv7();
    await booth.db.write(async (writer) => {
      const event = await writer.selectFrom("events").selectAll().executeTakeFirstOrThrow();
      await writer
        .insertInto("events")
        .values({ ...event, id, slug: "summer-camp", name: "Summer Camp" })
        .execute();
      const topic = await writer
        .selectFrom("topics")
        .selectAll()
        .where("slug", "=", "storage")
        .executeTakeFirstOrThrow();
      await writer
        .insertInto("topics")
        .values({ ...topic, id: uuidv7(), event_id: id })
        .execute();
    });
    const there = uuidv7();
    await agent.post("/api/visits?event=summer-camp").send({
      visits: [aVisit({ questions: [{ id: there, text: "Disks?", topic: "storage" }] })],
    });
    const { text } = await agent.get("/questions").expect(200);
    expect(idsIn(text).sort()).toEqual([here, there].sort());
    expect(text).toContain("Summer Camp");
    expect((await idsAt("search=disk&topic=storage", "/questions")).sort()).toEqual([here, there].sort());
    expect(await idsAt("event=summer-camp", "/questions")).toEqual([there]);
    expect(await idsAt("event=no-such-one", "/questions")).toEqual([]);
    expect(await idsAt("", queue)).toEqual([here]);
  });

  test("a view is saved under a name for all organizers, renamed, and deleted", async () => {
    await ask({ text: "Disk?", topic: "storage" });
    const back = `${queue}?topic=storage&state=open`;
    await post("/questions/views", { name: "Disks", back }).expect(303);
    const other = await booth.organizer();
    const { text } = await other.get(queue).expect(200);
    const href = /class="view" href="([^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&") as string;
    expect(new URL(href, "http://booth").searchParams.get("topic")).toBe("storage");
    const view = await booth.db.read.selectFrom("saved_views").selectAll().executeTakeFirstOrThrow();
    const there = await other.get(href).expect(200);
    expect(there.text).toContain("Change this view");
    await post(`/questions/views/${view.id}`, { name: "  ", back: href }).expect(422);
    await post(`/questions/views/${view.id}`, { name: "Storage", back: href }).expect(303);
    expect((await other.get(queue)).text).toContain("Storage</a>");
    expect((await other.get("/questions")).text).not.toContain('class="view"');
    await post(`/questions/views/${view.id}/deletion`, { back: href }).expect(303);
    expect((await other.get(queue)).text).not.toContain('class="view"');
    await post(`/questions/views/${view.id}/deletion`, { back: href }).expect(404);
  });

  test("what changed since somebody last looked is marked, for their browser alone", async () => {
    const [seen, routed] = (await ask({ text: "Seen?" }, { text: "Routed?" })) as [string, string];
    booth.setClock(NOON + MINUTE);
    await post("/questions/looked", { at: NOON + MINUTE, back: queue }).expect(303);
    expect((await agent.get(queue)).text).toContain("Nothing changed since you last looked");
    booth.setClock(NOON + 2 * MINUTE);
    const [fresh] = (await ask({ text: "New?" })) as [string];
    await post(`/questions/${routed}/routing`, { version: 1, expert: "kai" }).expect(303);
    const { text } = await agent.get(queue).expect(200);
    expect(text).toContain("2 changed</a> since you last looked");
    expect(text).toContain('<span class="badge changed">routed to Kai</span>');
    expect(text).toContain('<span class="badge changed">new</span>');
    expect(await idsAt("show=changed")).toEqual([fresh, routed]);
    expect(await idsAt("show=changed&state=open")).toEqual([fresh]);
    const other = await booth.organizer();
    expect((await other.get(queue)).text).not.toContain("badge changed");
    expect(idsIn((await other.get(queue)).text)).toContain(seen);
  });

  test("a page that is open hears of what others did, and of nothing before", async () => {
    const [id] = (await ask({ text: "Disk?" })) as [string];
    const hear = async (since: number) =>
      (await agent.get(`${queue}/changes?since=${since}`).expect(200)).body;
    expect((await hear(NOON)).changes).toEqual([]);
    booth.setClock(NOON + MINUTE);
    await post(`/questions/${id}/routing`, { version: 1, expert: "kai" }).expect(303);
    const heard = await hear(NOON);
    expect(heard).toEqual({
      at: NOON + MINUTE,
      isMore: false,
      changes: [{ id, version: 2, isThere: true, words: "routed to Kai" }],
    });
    expect((await agent.get(`/questions/changes?since=${NOON}`).expect(200)).body.changes).toHaveLength(1);
    expect((await hear(heard.at)).changes).toEqual([]);
  });

  test("one question's page takes its last step back, where nothing left the house", async () => {
    const [id] = (await ask({ text: "Disk?" })) as [string];
    expect((await agent.get(`/questions/${id}`)).text).not.toContain("Take back");
    await post(`/questions/${id}/routing`, { version: 1, expert: "kai" }).expect(303);
    const { text } = await agent.get(`/questions/${id}`).expect(200);
    expect(text).toContain("Take back: Routed to Kai");
    const step = /name="step" value="([^"]+)"/.exec(text)?.[1];
    await post(`/questions/${id}/undo`, { version: 1, step }).expect(409);
    await post(`/questions/${id}/undo`, { version: 2, step, back: queue }).expect(303);
    expect(await standing([id])).toEqual(["open"]);
    expect((await agent.get(`/questions/${id}`)).text).not.toContain("Take back");
  });

  test("one question's page shows what is like it, puts it together with that, and takes it out again", async () => {
    const [one, other, odd] = (await ask(
      { text: "How do I upgrade storage nodes?" },
      { text: "Can storage nodes be upgraded?" },
      { text: "Where is the cloakroom?" },
    )) as [string, string, string];
    const { text } = await agent.get(`/questions/${one}`).expect(200);
    expect(text).toContain("Can storage nodes be upgraded?");
    expect(text).not.toContain("cloakroom");
    expect((await agent.get(`/questions/${one}?like=cloak`)).text).toContain("Where is the cloakroom?");
    await post(`/questions/${one}/merging`, { version: 1, other: `${other}.1` }).expect(303);
    const head = await agent.get(`/questions/${one}`).expect(200);
    expect(head.text).toContain("asked 2 times");
    expect(head.text).toContain("Who asked the same");
    expect((await agent.get(`/questions/${other}`)).text).toContain("which stands for both");
    const out = await post(`/questions/${other}/split`, { at: one }).expect(303);
    expect(out.headers.location).toBe(`/questions/${one}?saved=yes`);
    await post(`/questions/${other}/split`, {}).expect(409);
    // The one that has an answer stands for both.
    await post(`/questions/${odd}/answer`, { version: 1, answer: "Downstairs" }).expect(303);
    const version = (await rowOf(one)).version;
    const merged = await post(`/questions/${one}/merging`, { version, other: `${odd}.2` }).expect(303);
    expect(merged.headers.location).toBe(`/questions/${odd}?saved=yes`);
    expect((await rowOf(one)).answer).toBe("Downstairs");
    await post(`/questions/${one}/merging`, { version }).expect(422);
  });
});
