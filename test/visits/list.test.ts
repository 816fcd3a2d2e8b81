import { uuidv7 } from "uuidv7";
import { binPage, countBin, type IdPage, visitPage } from "../../src/visits/list/store";
import { daySpan, searchWords } from "../../src/visits/rules";
import { deleteVisit, restoreVisit } from "../../src/visits/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

describe.each(ENGINES)("the list of visits on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet("Ada");
  });
  afterEach(() => booth.close());

  const log = async (...visits: Parameters<typeof aVisit>[0][]) => {
    const sent = visits.map((visit) => aVisit(visit));
    expect((await tablet.send(...sent)).map((result) => result.status)).toEqual(sent.map(() => "recorded"));
    return sent.map((visit) => visit.id);
  };
  const at = (minutes: number) => new Date(NOON + minutes * 60_000).toISOString();
  const find = async (filter: Partial<Parameters<typeof visitPage>[2]>) =>
    (await visitPage(booth.db.read, booth.eventId, { words: [], ...filter }, {})).ids;
  const idOf = async (table: "topics" | "projects", slug: string) =>
    (await booth.db.read.selectFrom(table).select("id").where("slug", "=", slug).executeTakeFirstOrThrow())
      .id;

  test("paging over 120 visits, ten a minute, shows each exactly once, there and back", async () => {
    const ids = await log(
      ...Array.from({ length: 120 }, (_, index) => ({ happenedAt: at(Math.floor(index / 10)) })),
    );
    const page = (turn: Parameters<typeof visitPage>[3]) =>
      visitPage(booth.db.read, booth.eventId, { words: [] }, turn);
    const first = await page({});
    expect(first.count).toBe(120);
    expect(first.newer).toBeUndefined();
    const pages: IdPage[] = [first];
    for (let last = first; last.older; pages.push(last)) last = await page({ before: last.older });
    expect(pages.map((each) => each.ids.length)).toEqual([50, 50, 20]);
    const seen = pages.flatMap((each) => each.ids);
    expect([...seen].sort()).toEqual([...ids].sort());

    const second = await page({ after: pages[2]?.newer });
    expect(second.ids).toEqual(pages[1]?.ids);
    expect((await page({ after: second.newer })).ids).toEqual(first.ids);
  });

  test("a visit that comes in while somebody pages moves no other", async () => {
    await log(...Array.from({ length: 60 }, (_, index) => ({ happenedAt: at(index) })));
    const first = await visitPage(booth.db.read, booth.eventId, { words: [] }, {});
    await log({ happenedAt: at(90) });
    const second = await visitPage(booth.db.read, booth.eventId, { words: [] }, { before: first.older });
    expect(second.ids).toHaveLength(10);
    expect(first.ids.filter((id) => second.ids.includes(id))).toEqual([]);
  });

  test("counting stops after a thousand", async () => {
    await log(...Array.from({ length: 1000 }, () => ({})));
    await log({}, {}, {});
    const page = await visitPage(booth.db.read, booth.eventId, { words: [] }, {});
    expect(page.count).toBe(1001);
  });

  test("filters narrow down, alone and together", async () => {
    const [storage, asked, other] = await log(
      { category: "existing", project: "lantern", topics: ["storage"], happenedAt: at(0) },
      {
        category: "new",
        project: "wick",
        questions: [{ text: "Which disk?", topic: "storage" }],
        happenedAt: at(1),
      },
      { category: "new", project: "lantern", happenedAt: at(24 * 60) },
    );
    expect(await find({ category: "new" })).toEqual([other, asked]);
    expect(await find({ projectId: await idOf("projects", "lantern") })).toEqual([other, storage]);
    expect(await find({ topicId: await idOf("topics", "storage") })).toEqual([asked, storage]);
    expect(await find({ staffName: "Ada" })).toHaveLength(3);
    expect(await find({ staffName: "Bo" })).toEqual([]);
    expect(await find({ span: daySpan("2024-02-04", "Europe/Brussels") })).toEqual([other]);
    expect(
      await find({ category: "new", projectId: await idOf("projects", "wick"), words: searchWords("disk") }),
    ).toEqual([asked]);
  });

  test("a search finds every word, with accents or without, in notes, questions and contacts", async () => {
    const [zajac, note] = await log(
      { contact: { name: "Uğur Zając", organization: "Summit Bank" }, happenedAt: at(0) },
      {
        note: "Runs 100% on NFS, wants a_b",
        questions: [{ text: "Kann ich die Straße sehen?" }],
        happenedAt: at(1),
      },
    );
    expect(await find({ words: searchWords("zajac") })).toEqual([zajac]);
    expect(await find({ words: searchWords("ZAJĄC summit") })).toEqual([zajac]);
    expect(await find({ words: searchWords("zajac nfs") })).toEqual([]);
    expect(await find({ words: searchWords("strasse") })).toEqual([note]);
    // Signs that mean something to the database are only signs.
    expect(await find({ words: searchWords("100%") })).toEqual([note]);
    expect(await find({ words: searchWords("a_b") })).toEqual([note]);
    expect(await find({ words: searchWords("1_0%") })).toEqual([]);
    expect(await find({ words: searchWords("\\") })).toEqual([]);
  });

  test("what is deleted is in the bin and nowhere else, until it is put back", async () => {
    const [first, second] = (await log({ happenedAt: at(0) }, { happenedAt: at(1) })) as [string, string];
    await booth.db.write((writer) => deleteVisit(writer, second, "organizer", NOON));
    await booth.db.write((writer) => deleteVisit(writer, first, "organizer", NOON + 1));
    expect(await find({})).toEqual([]);
    expect((await binPage(booth.db.read, booth.eventId, {})).ids).toEqual([first, second]);
    expect(await countBin(booth.db.read, booth.eventId)).toBe(2);
    await booth.db.write((writer) => restoreVisit(writer, second, "organizer", NOON + 2));
    expect(await find({})).toEqual([second]);
    expect(await countBin(booth.db.read, booth.eventId)).toBe(1);
  });
});

describe("the page of all visits", () => {
  let booth: Booth;
  let tablet: Tablet;
  beforeEach(async () => {
    booth = await openBooth();
    tablet = await booth.tablet("Ada");
  });
  afterEach(() => booth.close());
  const path = "/events/winter-camp/visits";

  test("shows what was heard, in the event's own time", async () => {
    await tablet.send(
      aVisit({
        category: "curious",
        people: 3,
        project: "lantern",
        platform: "vmware",
        interest: 2,
        questions: [{ text: "Does <b>it</b> run?" }, { text: "And how fast?" }],
        contact: { name: "Renée", organization: "ACME" },
      }),
    );
    const { text } = await (await booth.organizer()).get(path).expect(200);
    expect(text).toContain("3 Feb, 12:00");
    expect(text).toContain("1 visit, the latest first");
    expect(text).toContain("Does &lt;b&gt;it&lt;/b&gt; run?");
    expect(text).toContain("and 1 more");
    expect(text).toContain("Renée, ACME");
    expect(text).toContain("from VMware");
    expect(text).toContain('aria-label="Interest 2 of 3"');
  });

  test("keeps the filters on the way through the pages", async () => {
    await tablet.send(
      ...Array.from({ length: 120 }, (_, index) =>
        aVisit({ project: "wick", happenedAt: new Date(NOON + index * 1000).toISOString() }),
      ),
      aVisit({ project: "lantern" }),
    );
    const agent = await booth.organizer();
    const seen = new Set<string>();
    let address: string | undefined = `${path}?project=wick&category=new`;
    let pages = 0;
    while (address) {
      const { text }: { text: string } = await agent.get(address).expect(200);
      for (const [, id] of text.matchAll(/href="\/visits\/([0-9a-f-]{36})\?back/g)) seen.add(id as string);
      address = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
      if (address) expect(address).toContain("category=new&project=wick");
      pages++;
    }
    expect(pages).toBe(3);
    expect(seen.size).toBe(120);
  });

  test("an empty list says what to do, and a search without a hit does too", async () => {
    const agent = await booth.organizer();
    expect((await agent.get(path).expect(200)).text).toContain("No visit yet.");
    await tablet.send(aVisit());
    expect((await agent.get(`${path}?search=nothing`).expect(200)).text).toContain("No visit is like that.");
  });

  test("an address that means nothing shows the first page; an unknown name finds nothing", async () => {
    await tablet.send(aVisit());
    const agent = await booth.organizer();
    for (const query of [
      "?before=x&after=9.zz&day=yesterday&category=robot&show=all",
      "?day=2024-02-31",
      "?search[a]=1&project=",
    ]) {
      expect((await agent.get(path + query).expect(200)).text).toMatch(/1 visit,|0 visits found/);
    }
    expect((await agent.get(`${path}?project=unheard-of`).expect(200)).text).toContain(
      "No visit is like that.",
    );
    await agent.get("/events/unheard-of/visits").expect(404);
  });

  test("a deleted visit is undone from the notice", async () => {
    const visit = aVisit({ questions: [{ text: "Where?" }] });
    await tablet.send(visit);
    const agent = await booth.organizer();
    const back = `${path}?category=new`;
    const deleted = await agent.post(`/visits/${visit.id}/deletion`).type("form").send({ back }).expect(303);
    expect(deleted.headers.location).toBe(`${back}&deleted=${visit.id}`);
    const list = await agent.get(deleted.headers.location as string).expect(200);
    expect(list.text).toContain("Undo");
    expect(list.text).toContain("In the bin (1)");
    const bin = await agent.get(`${path}?show=bin`).expect(200);
    expect(bin.text).toContain("Put back");
    expect((await agent.get("/events/winter-camp/questions").expect(200)).text).not.toContain("Where?");

    const undone = await agent
      .post(`/visits/${visit.id}/restoration`)
      .type("form")
      .send({ back })
      .expect(303);
    expect(undone.headers.location).toBe(back);
    expect((await agent.get(path).expect(200)).text).toContain("1 visit, the latest first");
    expect((await agent.get("/events/winter-camp/questions").expect(200)).text).toContain("Where?");
  });

  test("leads back to this site only", async () => {
    const visit = aVisit();
    await tablet.send(visit);
    const agent = await booth.organizer();
    for (const back of [
      "https://elsewhere.example/events/winter-camp/visits",
      "//elsewhere.example",
      "/devices",
    ]) {
      const page = await agent.get(`/visits/${visit.id}?back=${encodeURIComponent(back)}`).expect(200);
      expect(page.text).toContain(`name="back" value="${path}"`);
    }
  });

  test("a visit that does not exist is missing, whatever is done with it", async () => {
    const agent = await booth.organizer();
    const id = uuidv7();
    await agent.get(`/visits/${id}`).expect(404);
    await agent.post(`/visits/${id}`).type("form").send({ revision: "1" }).expect(404);
    await agent.post(`/visits/${id}/deletion`).expect(404);
    await agent.post(`/visits/${id}/restoration`).expect(404);
    await agent.post(`/visits/${id}/conflicts/${id}/resolution`).expect(404);
  });
});
