import { uuidv7 } from "uuidv7";
import { eventBySlug } from "../../src/events/store";
import { mergeQuestions } from "../../src/questions/merging/store";
import { figuresOf, figuresOfDay, openQuestions, reportOf } from "../../src/reports/store";
import { deleteVisit } from "../../src/visits/store";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

/** An instant in Brussels in the winter of the test event. */
const inBrussels = (text: string) => new Date(`${text}+01:00`).toISOString();

describe.each(ENGINES)("figures on %s", (engine) => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth({ engine });
  });
  afterEach(() => booth.close());

  const camp = () => eventBySlug(booth.db.read, "winter-camp");
  const figures = async () => figuresOf(booth.db.read, await camp());
  const ofDay = async (day: string) => figuresOfDay(booth.db.read, await camp(), day);

  /** Four visits that count, and one in the bin. */
  async function aFewVisits() {
    const tablet = await booth.tablet();
    const binned = aVisit({
      category: "existing",
      people: 7,
      project: "wick",
      platform: "proxmox",
      interest: 3,
      overviewGiven: true,
      remarks: ["easier-install"],
      giveaways: ["sticker"],
      contact: { name: "Somebody", consent: ["follow-up"] },
      questions: [{ text: "In the bin?", topic: "networking" }],
    });
    const results = await tablet.send(
      aVisit({
        category: "existing",
        // Half past midnight in Brussels, which is still the day before in UTC.
        happenedAt: inBrussels("2024-02-03T00:30:00"),
        booth: "hall",
        project: "lantern",
        platform: "proxmox",
        interest: 3,
        remarks: ["easier-install"],
        giveaways: ["sticker", "t-shirt"],
        contact: { email: "ada@visitor.example", consent: [] },
        questions: [{ text: "Which one?", topic: "storage" }, { text: "And what else?" }],
      }),
      aVisit({
        category: "new",
        happenedAt: inBrussels("2024-02-02T23:59:59"),
        people: 12,
        project: "lantern",
        platform: "vmware",
        interest: 2,
        overviewGiven: true,
        giveaways: ["sticker"],
      }),
      aVisit({
        category: "curious",
        happenedAt: inBrussels("2024-02-03T12:00:00"),
        overviewGiven: false,
        platform: "vmware",
        questions: [{ text: "How long does it take?", topic: "storage" }],
      }),
      aVisit({ category: "new", happenedAt: inBrussels("2024-02-03T12:59:59"), platform: "vmware" }),
      binned,
    );
    expect(results.map((result) => result.status)).toEqual(Array(5).fill("recorded"));
    await booth.db.write((writer) => deleteVisit(writer, binned.id, "organizer", NOON));
  }

  test("of an event without any visit are empty", async () => {
    expect(await figures()).toEqual({
      event: {
        slug: "winter-camp",
        name: "Winter Camp",
        venue: "Brussels",
        timeZone: "Europe/Brussels",
        startsOn: "2024-02-02",
        endsOn: "2024-02-04",
      },
      visits: 0,
      people: 0,
      category: {},
      day: {},
      hour: {},
      project: {},
      platform: {},
      remark: {},
      giveaway: {},
      topicOfQuestion: {},
      questions: 0,
      visitsWithContact: 0,
      overviewGiven: 0,
      interest: {},
      booth: {},
      peopleByDay: {},
      dayByCategory: {},
      hourByCategory: {},
      hourByDay: {},
      boothByCategory: {},
      projectByCategory: {},
      platformByCategory: {},
      interestByCategory: {},
      questionsByState: {},
      questionsByTimesAsked: {},
      stateByTopic: {},
      topicOfVisit: {},
      consent: {},
      interestByPlatform: {},
      staff: {},
      shifts: [],
      stateByExpert: {},
      expertByProject: {},
      medianToRoute: { questions: 0, minutes: null },
      medianToAnswer: { questions: 0, minutes: null },
    });
  });

  test("count visits, people, and everything that was noted; the bin is not counted", async () => {
    await aFewVisits();
    expect(await figures()).toMatchObject({
      visits: 4,
      people: 15,
      category: { curious: 1, existing: 1, new: 2 },
      day: { "2024-02-02": 1, "2024-02-03": 3 },
      hour: { "0": 1, "12": 2, "23": 1 },
      project: { lantern: 2 },
      platform: { proxmox: 1, vmware: 3 },
      remark: { "easier-install": 1 },
      giveaway: { sticker: 2, "t-shirt": 1 },
      topicOfQuestion: { "(none)": 1, storage: 2 },
      questions: 3,
      visitsWithContact: 1,
      overviewGiven: 1,
      interest: { "2": 1, "3": 1 },
    });
  });

  test("leave out what is zero, and have their keys in order", async () => {
    await aFewVisits();
    const { project, platform, topicOfQuestion, stateByTopic } = await figures();
    expect(Object.entries(project)).toEqual([["lantern", 2]]);
    expect(Object.keys(platform)).toEqual(["proxmox", "vmware"]);
    expect(Object.keys(topicOfQuestion)).toEqual(["(none)", "storage"]);
    expect(stateByTopic).toEqual({ "(none)": { open: 1 }, storage: { open: 2 } });
  });

  test("break down by day, hour and category", async () => {
    await aFewVisits();
    expect(await figures()).toMatchObject({
      booth: { hall: 1 },
      peopleByDay: { "2024-02-02": 12, "2024-02-03": 3 },
      dayByCategory: { "2024-02-02": { new: 1 }, "2024-02-03": { curious: 1, existing: 1, new: 1 } },
      hourByDay: { "2024-02-02": { "23": 1 }, "2024-02-03": { "0": 1, "12": 2 } },
      hourByCategory: { "0": { existing: 1 }, "12": { curious: 1, new: 1 }, "23": { new: 1 } },
      projectByCategory: { lantern: { existing: 1, new: 1 } },
      platformByCategory: { proxmox: { existing: 1 }, vmware: { curious: 1, new: 2 } },
      interestByCategory: { "2": { new: 1 }, "3": { existing: 1 } },
      questionsByState: { open: 3 },
      questionsByTimesAsked: { "1": 3 },
    });
  });

  test("of one day are that day's in the event's zone", async () => {
    await aFewVisits();
    expect(await ofDay("2024-02-02")).toEqual({
      visits: 1,
      people: 12,
      category: { new: 1 },
      day: { "2024-02-02": 1 },
      hour: { "23": 1 },
      peopleByDay: { "2024-02-02": 12 },
      dayByCategory: { "2024-02-02": { new: 1 } },
      hourByCategory: { "23": { new: 1 } },
      hourByDay: { "2024-02-02": { "23": 1 } },
    });
    expect(await ofDay("2024-02-03")).toMatchObject({ visits: 3, hour: { "0": 1, "12": 2 } });
    expect(await ofDay("2024-02-04")).toMatchObject({ visits: 0, category: {} });
  });

  test("count what was put together as one question that was asked as often as it came", async () => {
    const tablet = await booth.tablet();
    const ids = Array.from({ length: 4 }, () => uuidv7());
    const visits = ids.map((id) => aVisit({ questions: [{ id, text: `How does ${id} work?` }] }));
    await tablet.send(...visits);
    const [into, ...others] = ids.slice(0, 3).map((id) => ({ id, version: 1 }));
    const by = { kind: "organizer" as const, name: "organizer" };
    await booth.db.write((writer) => mergeQuestions(writer, into!, others, { by, now: NOON }));
    const times = async () => (await figuresOf(booth.db.read, await camp())).questionsByTimesAsked;
    expect(await times()).toEqual({ "1": 1, "3": 1 });
    expect(await openQuestions(booth.db.read, await camp())).toBe(2);
    // The visit of the one that stands for them goes into the bin: the others are still asked.
    await booth.db.write((writer) => deleteVisit(writer, visits[0]?.id as string, "organizer", NOON));
    expect(await times()).toEqual({ "1": 1, "2": 1 });
  });

  test("count what is asked in nearly the same words as one question; the report has it as it was asked first", async () => {
    const tablet = await booth.tablet();
    const ask = (text: string, happenedAt = "2024-02-03T10:00:00Z") =>
      aVisit({ happenedAt, project: "lantern", questions: [{ text, topic: "upgrade" }] });
    await tablet.send(
      ask("How do I move a machine from here to there?"),
      ask("How can we move machines, from here to there!", "2024-02-02T10:00:00Z"),
      ask("How do I upgrade the cluster?"),
      { ...ask("How do I upgrade clusters?", "2024-02-03T11:00:00Z"), project: "wick" },
      ask("Is there a way to upgrade the cluster quickly?"),
      ask("Who made it?"),
    );
    const asked = async (filters = {}) => {
      const { mostAsked } = await reportOf(booth.db.read, await camp(), filters);
      return mostAsked.map(({ text, times, topic, state }) => ({ text, times, topic, state }));
    };
    expect((await figures()).questionsByTimesAsked).toEqual({ "1": 2, "2": 2 });
    expect(await asked()).toEqual([
      { text: "How can we move machines, from here to there!", times: 2, topic: "upgrade", state: "open" },
      { text: "How do I upgrade the cluster?", times: 2, topic: "upgrade", state: "open" },
    ]);
    expect(await asked({ project: "lantern" })).toEqual([
      { text: "How can we move machines, from here to there!", times: 2, topic: "upgrade", state: "open" },
    ]);
    expect(await asked({ day: "2024-02-02" })).toEqual([]);
  });

  test("refuse to be narrowed down to what is not there", async () => {
    const narrowed = async () => figuresOf(booth.db.read, await camp(), { project: "nothing" });
    await expect(narrowed()).rejects.toMatchObject({
      fields: [{ field: "project", message: "There is no project “nothing” here." }],
    });
  });

  test("of an event at the other end of the world count its own days", async () => {
    await booth.db.write((writer) =>
      writer
        .updateTable("events")
        .set({ time_zone: "Pacific/Kiritimati" })
        .where("id", "=", booth.eventId)
        .execute(),
    );
    const tablet = await booth.tablet();
    // Fourteen hours ahead of UTC: the evening of the second is the third there.
    await tablet.send(
      aVisit({ happenedAt: "2024-02-02T10:00:00Z" }),
      aVisit({ happenedAt: "2024-02-03T09:59:00Z" }),
    );
    expect(await ofDay("2024-02-03")).toMatchObject({ visits: 2, hour: { "0": 1, "23": 1 } });
  });

  test("know the topics on which somebody answers, as long as that expert is offered", async () => {
    const expert = (id: string, hidden: 0 | 1, topic: string) =>
      booth.db.write(async (writer) => {
        const fields = {
          id,
          slug: id,
          name: id,
          kind: "person" as const,
          address: "",
          hidden,
          created_at: NOON,
        };
        await writer.insertInto("experts").values(fields).execute();
        await writer
          .insertInto("expert_topics")
          .values({ expert_id: id, topic_slug: topic, position: 1 })
          .execute();
      });
    await expert("grace", 0, "storage");
    await expert("linus", 1, "networking");
    const report = await reportOf(booth.db.read, await eventBySlug(booth.db.read, "winter-camp"));
    expect(report.topicsWithExpert).toEqual(["storage"]);
  });
});
