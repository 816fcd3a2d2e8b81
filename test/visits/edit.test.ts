import { uuidv7 } from "uuidv7";
import { listsOf } from "../../src/catalog/store";
import { eventById } from "../../src/events/store";
import { otherVersions } from "../../src/visits/conflicts/store";
import { brightness, editedTime, momentForField } from "../../src/visits/rules";
import { asSent, chooseVersion, editVisit, visitById } from "../../src/visits/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

type Agent = Awaited<ReturnType<Booth["organizer"]>>;

/** What a browser would send if somebody pressed Save at once: every field of the form as it stands. */
async function formOf(agent: Agent, id: string): Promise<Record<string, string | string[]>> {
  const { text } = await agent.get(`/visits/${id}`).expect(200);
  const form = text.slice(text.indexOf('<form class="card visit-form"'));
  const html = form.slice(0, form.indexOf("</form>"));
  const fields: Record<string, string[]> = {};
  const add = (name: string, value: string) => {
    fields[name] ??= [];
    fields[name].push(unescaped(value));
  };
  for (const [tag] of html.matchAll(/<(input|textarea|select)\b[^>]*>([^<]*<\/textarea>)?/g)) {
    const name = /\sname="([^"]+)"/.exec(tag)?.[1];
    if (!name) continue;
    if (tag.startsWith("<textarea")) add(name, />([^<]*)<\/textarea>/.exec(tag)?.[1] ?? "");
    else if (tag.startsWith("<select")) {
      const options = html.slice(html.indexOf(tag) + tag.length);
      const select = options.slice(0, options.indexOf("</select>"));
      add(name, /value="([^"]*)" selected/.exec(select)?.[1] ?? "");
    } else if (/type="(checkbox|radio)"/.test(tag) && !/\schecked/.test(tag)) continue;
    else add(name, /\svalue="([^"]*)"/.exec(tag)?.[1] ?? "");
  }
  return Object.fromEntries(
    Object.entries(fields).map(([name, values]) => [
      name,
      values.length === 1 ? (values[0] as string) : values,
    ]),
  );
}

const unescaped = (text: string) =>
  text
    .replaceAll("&#34;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");

const everything = () =>
  aVisit({
    category: "existing",
    booth: "lounge",
    project: "wick",
    people: 4,
    platform: "vmware",
    interest: 3,
    overviewGiven: false,
    topics: ["storage", "upgrade"],
    remarks: ["easier-install"],
    giveaways: ["sticker"],
    note: 'Two lines,\n"quoted" & <b>bold</b>',
    contact: {
      name: "Zoë",
      email: "zoe@visitor.example",
      note: "call\nlate",
      consent: ["news", "follow-up"],
    },
    questions: [
      { id: uuidv7(), text: "How?", topic: "networking" },
      { id: uuidv7(), text: "Why?" },
    ],
  });

describe("the page of one visit", () => {
  let booth: Booth;
  let tablet: Tablet;
  let agent: Agent;
  beforeEach(async () => {
    booth = await openBooth();
    tablet = await booth.tablet("Ada");
    agent = await booth.organizer();
  });
  afterEach(() => booth.close());

  const lists = () => listsOf(booth.db.read, booth.eventId);
  const kept = async (id: string) => asSent(await visitById(booth.db.read, id), await lists());
  const save = (id: string, form: object) => agent.post(`/visits/${id}`).type("form").send(form);

  test("saving the form as it stands changes nothing of the visit", async () => {
    const visit = everything();
    await tablet.send(visit);
    const before = await kept(visit.id);
    await save(visit.id, await formOf(agent, visit.id)).expect(303);
    expect(await kept(visit.id)).toEqual(before);
  });

  test("an edit is the next revision, and stays with who logged it", async () => {
    const visit = everything();
    await tablet.send(visit);
    const form = await formOf(agent, visit.id);
    const saved = await save(visit.id, {
      ...form,
      category: "curious",
      time: "2024-02-03T13:30",
      platform: "",
      platformOther: "Nutanix",
      interest: "",
      note: "Other words",
    }).expect(303);
    expect((await agent.get(saved.headers.location as string).expect(200)).text).toContain("Saved.");
    const now = await kept(visit.id);
    expect(now).toMatchObject({
      revision: 2,
      category: "curious",
      happenedAt: "2024-02-03T12:30:00.000Z",
      platform: "nutanix",
      note: "Other words",
      booth: "lounge",
      contact: { name: "Zoë", note: "call\nlate", consent: ["follow-up", "news"] },
    });
    expect(now.interest).toBeUndefined();
    const row = await visitById(booth.db.read, visit.id);
    expect(row).toMatchObject({ staff_name: "Ada", device_id: tablet.id, local_hour: 13 });
    expect((await agent.get(`/visits/${visit.id}`)).text).toContain("Changed</strong>");
    // The tablet does not know of it: its own next words wait beside the organizer's.
    expect((await tablet.send({ ...visit, revision: 2, note: "Late words" }))[0]?.status).toBe("conflict");
  });

  test("wrong input comes back with what was typed and a message beside the field", async () => {
    const visit = everything();
    await tablet.send(visit);
    const form = await formOf(agent, visit.id);
    const answer = await save(visit.id, {
      ...form,
      time: "yesterday",
      people: "a few",
      "contact.email": "not an address",
      note: "typed with care",
      platformOther: "Something rare",
    }).expect(422);
    expect(answer.text).toContain("Please give the day and the time.");
    expect(answer.text).toContain('id="problem-people"');
    expect(answer.text).toContain("This does not look like a mail address.");
    for (const typed of ["not an address", "typed with care", "Something rare", "a few"]) {
      expect(answer.text).toContain(typed);
    }
    expect((await kept(visit.id)).revision).toBe(1);
  });

  test("an unknown entry of a list and a form that came through in parts are refused", async () => {
    const visit = everything();
    await tablet.send(visit);
    const form = await formOf(agent, visit.id);
    const answer = await save(visit.id, { ...form, topics: "unheard-of" }).expect(422);
    expect(answer.text).toContain("is not in this event&#39;s list of topics");
    await save(visit.id, { note: "only this" }).expect(400);
    await save(visit.id, { ...form, revision: "0" }).expect(400);
    expect((await kept(visit.id)).revision).toBe(1);
  });

  test("what somebody changed meanwhile is shown beside what was typed, and nothing is lost", async () => {
    const visit = everything();
    await tablet.send(visit);
    const form = await formOf(agent, visit.id);
    await tablet.send({ ...visit, revision: 2, note: "The tablet's words" });
    const answer = await save(visit.id, { ...form, note: "The organizer's words" }).expect(409);
    expect(answer.text).toContain("Somebody changed this visit while you did");
    expect(answer.text).toContain("The tablet&#39;s words");
    expect(answer.text).toContain("The organizer&#39;s words");
    expect((await kept(visit.id)).note).toBe("The tablet's words");
    // Having seen both, the organizer saves again.
    expect(answer.text).toContain('name="revision" value="2"');
    await save(visit.id, { ...form, revision: "2", note: "Both" }).expect(303);
    expect(await kept(visit.id)).toMatchObject({ revision: 3, note: "Both" });
  });

  test("a visit in the bin is shown but not edited", async () => {
    const visit = everything();
    await tablet.send(visit);
    const form = await formOf(agent, visit.id);
    await agent.post(`/visits/${visit.id}/deletion`).expect(303);
    const page = await agent.get(`/visits/${visit.id}`).expect(200);
    expect(page.text).toContain("This visit is in the bin");
    const answer = await save(visit.id, { ...form, note: "too late" }).expect(409);
    expect(answer.text).toContain("too late");
    expect((await kept(visit.id)).revision).toBe(1);
  });

  test("what is no longer offered stays with the visit that has it", async () => {
    const visit = everything();
    await tablet.send(visit);
    await booth.db.write((writer) => writer.updateTable("topics").set({ hidden: 1 }).execute());
    const before = await kept(visit.id);
    await save(visit.id, await formOf(agent, visit.id)).expect(303);
    expect(await kept(visit.id)).toEqual(before);
  });

  describe("with two versions", () => {
    const visit = aVisit({ note: "First words", project: "wick" });
    const rival = { ...visit, note: "Rival words", category: "curious" as const };
    let conflictId: string;
    beforeEach(async () => {
      await tablet.send(visit);
      expect((await tablet.send(rival))[0]?.status).toBe("conflict");
      conflictId = (await otherVersions(booth.db.read, visit.id))[0]?.id as string;
    });
    const choose = (choice: object) =>
      agent.post(`/visits/${visit.id}/conflicts/${conflictId}/resolution`).type("form").send(choice);

    test("both are shown side by side, and the lists say so", async () => {
      const page = await agent.get(`/visits/${visit.id}`).expect(200);
      expect(page.text).toContain("Two versions of this visit");
      expect(page.text).toContain("First words");
      expect(page.text).toContain("Rival words");
      const list = await agent.get("/events/winter-camp/visits?show=two-versions").expect(200);
      expect(list.text).toContain("two versions</span>");
      expect((await agent.get("/events/winter-camp/visits")).text).toContain(
        "One visit was changed in two places",
      );
    });

    test("the one that is used is the next revision, the other stays to be read", async () => {
      await choose({ choice: "use", revision: "1" }).expect(303);
      expect(await kept(visit.id)).toMatchObject({ revision: 2, note: "Rival words", category: "curious" });
      const page = await agent.get(`/visits/${visit.id}`).expect(200);
      expect(page.text).not.toContain("Two versions of this visit");
      expect(page.text).toContain("A version that was set aside");
      expect(page.text).toContain("First words");
      expect(page.text).toContain("The other version was put in place");
      // The same words arriving late are known, and open nothing again.
      await tablet.send(rival);
      await tablet.send(visit);
      expect((await agent.get(`/visits/${visit.id}`)).text).not.toContain("Two versions of this visit");
    });

    test("the one that is kept stays, the other stays to be read", async () => {
      await choose({ choice: "keep", revision: "1" }).expect(303);
      expect(await kept(visit.id)).toMatchObject({ revision: 1, note: "First words" });
      const page = await agent.get(`/visits/${visit.id}`).expect(200);
      expect(page.text).toContain("A version that was set aside");
      expect(page.text).toContain("Rival words");
      const list = await agent.get("/events/winter-camp/visits").expect(200);
      expect(list.text).not.toContain("two versions</span>");
    });

    test("a choice is made once, and only on what was seen", async () => {
      await choose({ revision: "1" }).expect(422);
      await choose({ choice: "use", revision: "7" }).expect(409);
      await choose({ choice: "keep", revision: "1" }).expect(303);
      await choose({ choice: "use", revision: "1" }).expect(409);
      expect(await kept(visit.id)).toMatchObject({ revision: 1, note: "First words" });
    });
  });
});

describe.each(ENGINES)("an edit on %s", (engine) => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth({ engine });
  });
  afterEach(() => booth.close());

  test("of two that start from the same revision, one is taken and the other is told", async () => {
    const visit = aVisit();
    await (await booth.tablet()).send(visit);
    const event = await eventById(booth.db.read, booth.eventId);
    const lists = await listsOf(booth.db.read, booth.eventId);
    const edit = (note: string) =>
      editVisit(booth.db, event, lists, 1, { ...visit, revision: 2, note }, NOON);
    const results = await Promise.all([edit("one"), edit("other")]);
    expect(results.map((result) => result.status)).toEqual(["updated", "conflict"]);
    expect((await visitById(booth.db.read, visit.id)).note).toBe("one");
  });

  test("using the other version keeps the one that was there", async () => {
    const tablet = await booth.tablet();
    const visit = aVisit({ note: "First words", questions: [{ text: "Where?" }] });
    await tablet.send(visit);
    await tablet.send({ ...visit, note: "Rival words" });
    const event = await eventById(booth.db.read, booth.eventId);
    const lists = await listsOf(booth.db.read, booth.eventId);
    const [rival] = await otherVersions(booth.db.read, visit.id);
    const choice = { visitId: visit.id, conflictId: rival?.id as string, use: true, shown: 1 };
    await booth.db.write((writer) => chooseVersion(writer, { event, lists, now: NOON + 5 }, choice));
    const versions = await otherVersions(booth.db.read, visit.id);
    expect(versions.map(({ chosen, resolved_at }) => [chosen, resolved_at]).sort()).toEqual([
      [0, NOON + 5],
      [1, NOON + 5],
    ]);
    const aside = versions.find((version) => version.chosen === 0);
    expect(JSON.parse(aside?.payload ?? "")).toMatchObject({
      note: "First words",
      questions: [{ text: "Where?" }],
    });
    expect((await visitById(booth.db.read, visit.id)).note).toBe("Rival words");
  });
});

test("a time left alone stays to the millisecond, also in the hour that comes twice", () => {
  // 27 October 2024, 02:30 in Brussels: the second time, after the clocks went back.
  const happenedAt = Date.UTC(2024, 9, 27, 1, 30, 12, 345);
  const shown = momentForField(happenedAt, "Europe/Brussels");
  expect(shown).toBe("2024-10-27T02:30");
  expect(editedTime(shown, { happenedAt, saidAt: happenedAt - 5 }, "Europe/Brussels")).toBe(
    "2024-10-27T01:30:12.340Z",
  );
  expect(editedTime("2024-10-27T02:31", { happenedAt, saidAt: happenedAt }, "Europe/Brussels")).toMatch(
    /^2024-10-27T0[01]:31:00\.000Z$/,
  );
  for (const typed of ["", "soon", "2024-10-27", "2024-13-01T10:00"]) {
    expect(editedTime(typed, { happenedAt, saidAt: happenedAt }, "Europe/Brussels")).toBeUndefined();
  }
});

test("the sphere is dark without visits and brightest with many", () => {
  expect([0, 1, 4, 9, 16, 39, 1000].map(brightness)).toEqual([0, 2, 3, 5, 6, 10, 10]);
});
