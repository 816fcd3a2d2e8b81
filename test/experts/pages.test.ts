import { uuidv7 } from "uuidv7";
import { typedExpert } from "../../src/experts/form";
import { expertOfLink } from "../../src/experts/links/store";
import { WEEK } from "../../src/experts/rules";
import {
  addExpert,
  addExpertOnce,
  changeExpert,
  type Expert,
  expertById,
  expertLoads,
  fieldsOf,
  knownProjects,
  knownTopics,
  listExperts,
} from "../../src/experts/store";
import { mergeQuestions } from "../../src/questions/merging/store";
import type { Step, Taker } from "../../src/questions/rules";
import { takeStep, undoStep } from "../../src/questions/steps/store";
import { questionById } from "../../src/questions/store";
import { deleteVisit } from "../../src/visits/store";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

const fields = { name: "Kai", kind: "person" as const, address: "", topics: [] as string[] };
const THE_ORGANIZER: Taker = { kind: "organizer", name: "organizer" };

describe.each(ENGINES)("experts on %s", (engine) => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth({ engine });
  });
  afterEach(() => booth.close());
  const add = (given: object = {}) =>
    booth.db.write((writer) => addExpert(writer, { ...fields, ...given }, NOON));

  test("two of the same name are told apart in addresses", async () => {
    await Promise.all([add(), add(), add({ name: "柏" })]);
    const slugs = (await listExperts(booth.db.read)).map((expert) => expert.slug).sort();
    expect(slugs).toEqual(["expert", "kai", "kai-2"]);
  });

  test("who has a short name already stays as they are", async () => {
    await add({ topics: ["storage"] });
    const again = { ...fields, slug: "kai", name: "Another", topics: ["backup"] };
    expect(await booth.db.write((writer) => addExpertOnce(writer, again, NOON))).toBeUndefined();
    expect(await listExperts(booth.db.read)).toMatchObject([{ name: "Kai", topics: ["storage"] }]);
  });

  test("everything that is said of an expert is kept, and a change replaces it all", async () => {
    const said = {
      ...fields,
      ...{ address: "kai@example.org", topics: ["upgrade", "storage"], projects: ["lantern", "wick"] },
      ...{ languages: ["de", "ja"] as const, timeZone: "Asia/Tokyo", weekly: 0, awayFrom: "2024-02-01" },
      ...{
        awayUntil: null,
        reachedBy: "webhook" as const,
        webhook: "https://hooks.example.org/x",
        hidden: false,
      },
    };
    const id = await add(said);
    expect(fieldsOf(await expertById(booth.db.read, id))).toEqual(said);
    const other = { ...said, name: "Kay", topics: ["backup"], projects: [], languages: [], weekly: null };
    await booth.db.write((writer) => changeExpert(writer, id, { ...other, awayFrom: null }, 1));
    const expert = await expertById(booth.db.read, id);
    expect(expert).toMatchObject({ name: "Kay", slug: "kai", revision: 2, topics: ["backup"], projects: [] });
    expect(await listExperts(booth.db.read)).toEqual([expert]);
  });

  test("of two who change the same expert, the slower one is told and changes nothing", async () => {
    const id = await add({ topics: ["storage"] });
    const { revision, ...expert } = await expertById(booth.db.read, id);
    const said = fieldsOf({ ...expert, revision });
    const change = (name: string) =>
      booth.db.write((writer) => changeExpert(writer, id, { ...said, name, topics: [] }, revision));
    const outcomes = await Promise.allSettled([change("Quick"), change("Slow")]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    await expect(change("Slower")).rejects.toMatchObject({ kind: "conflict" });
    expect(await expertById(booth.db.read, id)).toMatchObject({ name: "Quick", revision: revision + 1 });
  });

  test("changing somebody who is not there is refused", async () => {
    const id = await add();
    const said = fieldsOf(await expertById(booth.db.read, id));
    await expect(booth.db.write((writer) => changeExpert(writer, uuidv7(), said, 1))).rejects.toMatchObject({
      kind: "missing",
    });
  });

  test("topics and projects of all events are known once, by their latest names", async () => {
    const { read } = booth.db;
    expect(await knownTopics(read)).toContainEqual({ slug: "storage", name: "Storage" });
    const event = { id: uuidv7(), slug: "later", name: "Later", venue: "", time_zone: "UTC" };
    await booth.db.write(async (writer) => {
      await writer
        .insertInto("events")
        .values({ ...event, starts_on: "2025-01-01", ends_on: "2025-01-02", created_at: NOON })
        .execute();
      const entry = { event_id: event.id, position: 1 };
      await writer
        .insertInto("topics")
        .values({ ...entry, id: uuidv7(), slug: "storage", name: "Disks" })
        .execute();
      await writer
        .insertInto("projects")
        .values({ ...entry, id: uuidv7(), slug: "oil", name: "Oil" })
        .execute();
    });
    expect((await knownTopics(read)).map(({ name }) => name)).toEqual(["Disks", "Networking", "Upgrade"]);
    expect((await knownProjects(read)).map(({ slug }) => slug)).toEqual(["lantern", "oil", "wick"]);
  });

  describe("load", () => {
    let kai: string;
    let lou: string;
    let questions: string[];
    let visits: string[];
    beforeEach(async () => {
      kai = await add();
      lou = await add({ name: "Lou" });
      const tablet = await booth.tablet();
      const sent = Array.from({ length: 4 }, () => aVisit({ questions: [{ id: uuidv7(), text: "How?" }] }));
      await tablet.send(...sent);
      visits = sent.map((visit) => visit.id);
      questions = sent.map((visit) => visit.questions?.[0]?.id as string);
    });

    async function step(index: number, step: Step, expertId?: string, now = NOON): Promise<string> {
      const id = questions[index] as string;
      const { version } = await questionById(booth.db.read, id);
      return booth.db.write((writer) =>
        takeStep(writer, id, { step, shown: version, expertId, note: "So.", by: THE_ORGANIZER, now }),
      );
    }
    const loads = async (now = NOON) => Object.fromEntries(await expertLoads(booth.db.read, now));

    test("is what somebody has now, and what they were given in the last seven days and kept", async () => {
      expect(await loads()).toEqual({});
      await step(0, "routed", kai);
      await step(1, "routed", kai);
      await step(1, "answered");
      await step(2, "routed", kai);
      await step(2, "passed on", lou);
      await step(3, "routed", kai);
      await step(3, "given back");
      expect(await loads()).toEqual({
        [kai]: { held: 1, week: 2, answered: 1 },
        [lou]: { held: 1, week: 1, answered: 0 },
      });
      // A week later only what is still there counts.
      expect(await loads(NOON + WEEK)).toEqual({
        [kai]: { held: 1, week: 0, answered: 0 },
        [lou]: { held: 1, week: 0, answered: 0 },
      });
    });

    test("does not count what was undone, nor what is in the bin", async () => {
      const undone = await step(0, "routed", kai);
      const { version } = await questionById(booth.db.read, questions[0] as string);
      await booth.db.write((writer) =>
        undoStep(writer, questions[0] as string, {
          step: undone,
          shown: version,
          by: THE_ORGANIZER,
          now: NOON,
        }),
      );
      await step(1, "routed", kai);
      await booth.db.write((writer) => deleteVisit(writer, visits[1] as string, "organizer", NOON));
      expect(await loads()).toEqual({});
    });

    test("counts questions that are asked together as one", async () => {
      await step(0, "routed", kai);
      const [into, other] = await Promise.all(
        questions.slice(0, 2).map(async (id) => {
          const { version } = await questionById(booth.db.read, id);
          return { id, version };
        }),
      );
      await booth.db.write((writer) =>
        mergeQuestions(
          writer,
          into as { id: string; version: number },
          [other as { id: string; version: number }],
          {
            by: THE_ORGANIZER,
            now: NOON,
          },
        ),
      );
      expect(await loads()).toEqual({ [kai]: { held: 1, week: 1, answered: 0 } });
    });
  });
});

describe("the pages of experts", () => {
  let booth: Booth;
  let agent: Awaited<ReturnType<Booth["organizer"]>>;
  beforeEach(async () => {
    booth = await openBooth({ config: { publicUrl: "https://booth.example.org" } });
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
  const onlyOne = async () => (await listExperts(booth.db.read))[0] as Expert;
  /** The list as a reader has it: words, without markup. */
  const wordsOf = (html: string) =>
    html
      .replace(/<head>[\s\S]*<\/head>|<svg[\s\S]*?<\/svg>/g, "")
      .replace(/<[^>]+>/g, " ")
      .replace(/\s+/g, " ");

  test("an expert is added, shown with topics by name, changed and no longer offered", async () => {
    expect((await agent.get("/experts?event=winter-camp").expect(200)).text).toContain("Nobody is here yet.");
    const added = await post("/experts?event=winter-camp", form).expect(303);
    expect(added.headers.location).toContain("/experts?event=winter-camp&saved=");
    const list = await agent.get(added.headers.location as string).expect(200);
    expect(list.text).toContain("Users &lt;list&gt;");
    expect(list.text).toContain("Mailing list");
    expect(list.text).toContain(">Storage<");
    expect(list.text).toContain('href="/events/winter-camp/visits"');
    expect(wordsOf(list.text)).toContain("No expert yet Networking Questions on these wait with nobody.");

    const expert = await onlyOne();
    const page = await agent.get(`/experts/${expert.id}?event=winter-camp`).expect(200);
    expect(page.text).toContain('value="storage" checked');
    const changed = { ...form, topics: "networking", hidden: "yes", revision: expert.revision };
    await post(`/experts/${expert.id}`, changed).expect(303);
    expect(await listExperts(booth.db.read)).toMatchObject([{ hidden: 1, topics: ["networking"] }]);
    const after = wordsOf((await agent.get("/experts").expect(200)).text);
    expect(after).toContain("no longer offered");
    // Who is no longer offered answers on nothing.
    expect(after).toContain("No expert yet Storage Networking Upgrade");
  });

  test("all that an expert says of themselves is kept and stands in the form again", async () => {
    const said = {
      ...{ ...form, reachedBy: "mail", projects: ["lantern"], languages: ["ja", "de"] },
      ...{ timeZone: "asia/tokyo", weekly: "4", awayFrom: "2024-02-01", awayUntil: "2024-02-10" },
    };
    await post("/experts", said).expect(303);
    const expert = await onlyOne();
    expect(expert).toMatchObject({
      ...{ reached_by: "mail", projects: ["lantern"], languages: ["de", "ja"], time_zone: "Asia/Tokyo" },
      ...{ weekly: 4, away_from: "2024-02-01", away_until: "2024-02-10" },
    });
    const page = (await agent.get(`/experts/${expert.id}`).expect(200)).text;
    for (const shown of [
      ...['value="lantern" checked', 'value="ja" checked', 'value="mail" checked', 'value="Asia/Tokyo"'],
      ...[
        'id="weekly" name="weekly" value="4"',
        'type="date" value="2024-02-01"',
        'type="date" value="2024-02-10"',
      ],
    ]) {
      expect(page).toContain(shown);
    }
    const list = wordsOf((await agent.get("/experts").expect(200)).text);
    expect(list).toContain("away until 10 Feb");
    expect(list).toContain("Lantern German, Japanese");
    expect(list).toContain("0 of 4 this week");
  });

  test("a topic whose experts are all away or full is shown as a gap, with the reason", async () => {
    await post("/experts", { ...form, topics: "storage", awayUntil: "2024-02-05" }).expect(303);
    await post("/experts", { name: "Kai", kind: "person", topics: "upgrade", weekly: "0" }).expect(303);
    const list = wordsOf((await agent.get("/experts").expect(200)).text);
    expect(list).toContain("Nobody at the moment Storage Users &lt;list&gt; is away until 5 Feb");
    expect(list).toContain("Upgrade Kai has as many as they can carry");
    booth.setClock(Date.UTC(2024, 1, 6, 11));
    expect((await agent.get("/experts").expect(200)).text).not.toContain("is away until");
  });

  test("what somebody has leads to their questions", async () => {
    await post("/experts", form).expect(303);
    const expert = await onlyOne();
    const questionId = uuidv7();
    await (await booth.tablet()).send(aVisit({ questions: [{ id: questionId, text: "How?" }] }));
    const { version } = await questionById(booth.db.read, questionId);
    await booth.db.write((writer) =>
      takeStep(writer, questionId, {
        ...{ step: "routed", shown: version, expertId: expert.id, by: THE_ORGANIZER, now: NOON },
      }),
    );
    const list = (await agent.get("/experts?event=winter-camp").expect(200)).text;
    expect(list).toContain(
      'href="/events/winter-camp/questions?state=routed&amp;expert=users-list">1 now</a>',
    );
  });

  test("a long list is filtered, and turned by a hundred", async () => {
    await booth.db.write(async (writer) => {
      for (let number = 100; number < 230; number += 1) {
        await addExpert(writer, { ...fields, name: `Expert ${number}`, topics: ["storage"] }, NOON);
      }
      await addExpert(
        writer,
        { ...fields, name: "Zoë", kind: "chat", address: "https://chat.example.org" },
        NOON,
      );
    });
    const first = await agent.get("/experts?event=winter-camp").expect(200);
    expect(first.text).toContain(">Expert 199<");
    expect(first.text).not.toContain(">Expert 200<");
    const more = /class="button" href="([^"]*page=2)"/.exec(first.text)?.[1]?.replaceAll("&amp;", "&");
    const second = await agent.get(more as string).expect(200);
    expect(second.text).toContain(">Expert 229<");
    expect(second.text).toContain(">Zoë<");
    const found = wordsOf((await agent.get("/experts?search=zoe").expect(200)).text);
    expect(found).toContain("1 of 131 found.");
    expect((await agent.get("/experts?kind=chat&topic=storage").expect(200)).text).toContain(
      "Nobody like that",
    );
    await agent.get("/experts?page=99&page=x").expect(200);
  });

  test("a topic that waits for somebody is ticked on the way to a new expert", async () => {
    const page = await agent.get("/experts/new?event=winter-camp&topic=networking").expect(200);
    expect(page.text).toContain('value="networking" checked');
    // By itself nothing is ticked.
    const plain = await agent.get("/experts/new").expect(200);
    expect(plain.text).not.toMatch(/name="topics" value="[^"]*" checked/);
  });

  test("a topic is put further up without a script, and nothing is saved by it", async () => {
    await post("/experts", form).expect(303);
    const expert = await onlyOne();
    const sent = { ...form, name: "Typed meanwhile", revision: expert.revision };
    const sooner = await post(`/experts/${expert.id}`, { ...sent, sooner: "upgrade" }).expect(200);
    const order = [...sooner.text.matchAll(/name="topics" value="([^"]*)" checked/g)].map(
      (found) => found[1],
    );
    expect(order).toEqual(["upgrade", "storage"]);
    expect(sooner.text).toContain('value="Typed meanwhile"');
    expect(await onlyOne()).toMatchObject({ name: "Users <list>", topics: ["storage", "upgrade"] });
    await post(`/experts/${expert.id}`, { ...sent, topics: order }).expect(303);
    expect((await onlyOne()).topics).toEqual(["upgrade", "storage"]);
  });

  test("wrong input comes back with what was typed and a message beside each field", async () => {
    const wrong = {
      ...{ name: "", kind: "forum", address: "not <an> address", topics: ["storage", "unheard-of"] },
      ...{ reachedBy: "webhook", webhook: "nowhere", weekly: "a few", timeZone: "Mars" },
      ...{ awayFrom: "2024-02-03", awayUntil: "2024-02-01" },
    };
    const answer = await post("/experts", wrong).expect(422);
    for (const field of ["name", "address", "webhook", "weekly", "timeZone", "awayUntil"]) {
      expect(answer.text).toContain(`id="problem-${field}"`);
    }
    expect(answer.text).toContain('value="not &lt;an&gt; address"');
    expect(answer.text).toContain('value="unheard-of" checked');
    expect(answer.text).toContain('value="a few"');
    expect(answer.text).toContain('value="nowhere"');
    expect(await listExperts(booth.db.read)).toEqual([]);
    await agent.post("/experts").expect(422);
    await post("/experts", form).expect(303);
    const expert = await onlyOne();
    const again = await post(`/experts/${expert.id}`, { ...form, address: "nowhere", revision: 1 }).expect(
      422,
    );
    expect(again.text).toContain('name="revision" value="1"');
    expect((await onlyOne()).address).toBe("users@lists.example.org");
  });

  test("who saves after somebody else is shown what differs, keeps what they typed, and can save over it", async () => {
    await post("/experts", form).expect(303);
    const { id, revision } = await onlyOne();
    await post(`/experts/${id}`, { ...form, weekly: "3", revision }).expect(303);
    const slow = { ...form, name: "Mine", weekly: "8" };
    const answer = await post(`/experts/${id}`, { ...slow, revision }).expect(409);
    expect(answer.text).toContain('id="name" name="name" value="Mine"');
    const told = wordsOf(answer.text);
    expect(told).toContain("Name Users &lt;list&gt; Mine");
    expect(told).toContain("Questions a week 3 8");
    expect(await onlyOne()).toMatchObject({ name: "Users <list>", weekly: 3 });
    // A form that does not say what it was made from could overwrite anything.
    await post(`/experts/${id}`, slow).expect(409);
    const shown = /name="revision" value="(\d+)"/.exec(answer.text)?.[1];
    await post(`/experts/${id}`, { ...slow, revision: shown }).expect(303);
    expect(await onlyOne()).toMatchObject({ name: "Mine", weekly: 8 });
  });

  test("a webhook's address is never shown again, and stays where nothing else is typed", async () => {
    const secret = "https://chat.example.org/hooks/s3cr3ts3cr3ts3cr3tx7Qa";
    const chat = { name: "Chat", kind: "chat", address: "https://chat.example.org", reachedBy: "webhook" };
    await post("/experts", { ...chat, webhook: secret }).expect(303);
    const { id } = await onlyOne();
    for (const address of ["/experts", `/experts/${id}`, "/experts.csv"]) {
      expect((await agent.get(address).expect(200)).text).not.toContain("s3cr3t");
    }
    expect((await agent.get("/experts").expect(200)).text).toContain("chat.example.org/…x7Qa");
    await post(`/experts/${id}`, { ...chat, name: "The chat", webhook: "", revision: 1 }).expect(303);
    expect(await onlyOne()).toMatchObject({ name: "The chat", webhook: secret });
    await post(`/experts/${id}`, { ...chat, reachedBy: "hand", revision: 2 }).expect(303);
    expect(await onlyOne()).toMatchObject({ reached_by: "hand", webhook: "" });
    expect(booth.logged.join("\n")).not.toContain("s3cr3t");
  });

  describe("the private link", () => {
    let id: string;
    beforeEach(async () => {
      await post("/experts", form).expect(303);
      id = (await onlyOne()).id;
    });
    const shownLink = async () => {
      const page = (await agent.get(`/experts/${id}`).expect(200)).text;
      return /id="link-address" value="https:\/\/booth\.example\.org\/x\/([^"]*)"/.exec(page)?.[1];
    };
    const opens = async (token: string | undefined) => {
      const found = await expertOfLink(booth.db.read, token ?? "").catch((error) => error.kind);
      return found === "missing" ? false : found.id === id;
    };

    test("is made, and opens what is this expert's", async () => {
      expect(await shownLink()).toBeUndefined();
      const made = await post(`/experts/${id}/link`, {}).expect(303);
      expect(made.headers.location).toBe(`/experts/${id}?link=renewed#link`);
      expect(await opens(await shownLink())).toBe(true);
    });

    test("renewed, is another one, and the one before opens nothing at once", async () => {
      await post(`/experts/${id}/link`, {}).expect(303);
      const before = await shownLink();
      await post(`/experts/${id}/link`, {}).expect(303);
      const after = await shownLink();
      expect(after).not.toBe(before);
      expect([await opens(before), await opens(after)]).toEqual([false, true]);
    });

    test("revoked, opens nothing, until another one is made", async () => {
      await post(`/experts/${id}/link`, {}).expect(303);
      const before = await shownLink();
      await post(`/experts/${id}/link/end`, {}).expect(303);
      expect(await shownLink()).toBeUndefined();
      expect((await agent.get(`/experts/${id}`)).text).toContain("it was revoked");
      expect(await opens(before)).toBe(false);
      await post(`/experts/${id}/link`, {}).expect(303);
      expect([await opens(before), await opens(await shownLink())]).toEqual([false, true]);
    });

    test("is nowhere but on the expert's page", async () => {
      await post(`/experts/${id}/link`, {}).expect(303);
      const token = (await shownLink()) as string;
      for (const address of ["/experts", "/experts.csv", "/experts.csv?webhooks=yes"]) {
        expect((await agent.get(address).expect(200)).text).not.toContain(token);
      }
      expect(booth.logged.join("\n")).not.toContain(token);
    });

    test("says that it is for the booth's network alone where there is no public address", async () => {
      const near = await openBooth();
      const organizer = await near.organizer();
      const expert = await near.db.write((writer) => addExpert(writer, fields, NOON));
      await organizer.post(`/experts/${expert}/link`).expect(303);
      const page = (await organizer.get(`/experts/${expert}`).expect(200)).text;
      expect(page).toMatch(/id="link-address" value="http:\/\/127\.0\.0\.1:\d+\/x\//);
      expect(page).toContain("on the booth's network alone");
      await near.close();
    });
  });

  test("who is not there is missing", async () => {
    for (const path of ["", "/link", "/link/end"])
      await post(`/experts/${uuidv7()}${path}`, form).expect(404);
    await agent.get(`/experts/${uuidv7()}`).expect(404);
    await agent.get("/experts?event=unheard-of").expect(404);
  });

  test("a form of which only some was sent has the rest as a new expert has it", () => {
    expect(
      typedExpert({ name: "Kai", kind: "person", address: "kai@example.org" }, "Asia/Tokyo"),
    ).toMatchObject({
      ...{ timeZone: "Asia/Tokyo", reachedBy: "mail", topics: [], weekly: "", hidden: false },
    });
    expect(typedExpert(undefined, "UTC")).toMatchObject({ name: "", reachedBy: "hand" });
  });
});
