import { uuidv7 } from "uuidv7";
import { addAnswerer, ask, step } from "../support/asking";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { NOON } from "../support/databases";

let booth: Booth;
beforeEach(async () => {
  booth = await openBooth();
});
afterEach(() => booth.close());

const ADDRESSES = [
  "/events/winter-camp/report",
  "/events/winter-camp/report.json",
  "/events/winter-camp/report.md",
];

const text = (html: string) => html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

/** Visits of three days and all categories, with everything that can be noted. */
async function aFullBooth() {
  const tablet = await booth.tablet();
  const visits = Array.from({ length: 30 }, (_, index) =>
    aVisit({
      category: (["existing", "curious", "new"] as const)[index % 3],
      happenedAt: new Date(Date.UTC(2024, 1, 2 + (index % 3), 8 + (index % 9), index)).toISOString(),
      people: (index % 4) + 1,
      booth: index % 2 ? "hall" : "lounge",
      project: index % 5 ? "lantern" : "wick",
      platform: index % 4 ? "vmware" : `Home-made <b>cloud</b> & sons, number ${index}`,
      interest: (index % 3) + 1,
      overviewGiven: index % 2 === 0,
      remarks: index % 6 ? [] : ["easier-install"],
      giveaways: ["sticker"],
      note: "a private note",
      contact:
        index % 10
          ? undefined
          : { name: "Grace Private", email: "grace@visitor.example", consent: ["follow-up"] },
      questions: index % 3 ? [] : [{ text: "A private question?", topic: index % 2 ? "storage" : undefined }],
    }),
  );
  await tablet.send(...visits);
}

test("the report is the organizer's alone", async () => {
  const tablet = await booth.tablet();
  const organizer = await booth.organizer();
  for (const address of ADDRESSES) {
    await booth.nobody().get(address).expect(401);
    await booth.nobody().get(address).set("Authorization", `Bearer ${tablet.token}`).expect(403);
    await organizer.get(address).expect(200);
    await organizer.get(address.replace("winter-camp", "no-such-event")).expect(404);
  }
});

test("the report of an event without visits is an invitation, and no broken charts", async () => {
  const organizer = await booth.organizer();
  const page = await organizer.get("/events/winter-camp/report").expect(200);
  expect(text(page.text)).toContain("No conversation has been logged yet.");
  expect(page.text).toContain('href="/capture?event=winter-camp"');
  expect(page.text).not.toContain('class="chart"');
  expect(page.text).not.toMatch(/NaN|undefined|Infinity/);
});

test("the report of one visit speaks of one", async () => {
  await (await booth.tablet()).send(aVisit({ category: "new", questions: [{ text: "How?" }] }));
  const page = await (await booth.organizer()).get("/events/winter-camp/report").expect(200);
  expect(text(page.text)).toContain("One conversation with one person on one day.");
  expect(text(page.text)).toContain("One question was taken home, and it is with nobody yet.");
  expect(page.text).not.toMatch(/NaN|undefined|Infinity|1 conversations|1 questions/);
});

test("the report of an event with slips in dates is no longer than its days", async () => {
  const slips = ["1999-01-01T12:00:00Z", "2014-02-03T12:00:00Z"];
  await (await booth.tablet()).send(aVisit(), ...slips.map((happenedAt) => aVisit({ happenedAt })));
  const page = await (await booth.organizer()).get("/events/winter-camp/report").expect(200);
  expect(text(page.text)).toContain("2 visits were logged outside the event");
  expect(page.text.match(/class="lamp"/g)?.length).toBeLessThan(5 * 24);
  // In the table behind the chart, among the lights, and on paper.
  expect(page.text.match(/<th scope="row">Mon 3 Feb 2014</g)).toHaveLength(3);
});

test("the report of a full event tells all of it, and shows what people typed as text", async () => {
  await aFullBooth();
  const page = await (await booth.organizer()).get("/events/winter-camp/report").expect(200);
  for (const part of [
    "Who came",
    "When the light was on",
    "Who stood at the booth",
    "Where they come from",
    "How far the light went on",
    "Heard again and again",
    "Giveaways",
  ])
    expect(page.text).toContain(part);
  expect(text(page.text)).toContain("30 conversations with 73 people in three days.");
  // Each chart has a label, and its numbers as a table.
  const charts = page.text.match(/<figure class="chart">/g)?.length;
  expect(charts).toBe(6);
  expect(page.text.match(/<summary>As a table<\/summary>/g)).toHaveLength(6);
  expect(page.text.match(/role="img" aria-label="[A-Z]/g)).toHaveLength(12);
  expect(page.text).not.toMatch(/ style="|<style|<b>cloud/);
  expect(page.text).not.toMatch(/NaN|undefined|Infinity/);
});

test("nobody's contact details are in the report, and what they said in their own words is on its page alone", async () => {
  await aFullBooth();
  const organizer = await booth.organizer();
  for (const address of ADDRESSES) {
    const answer = await organizer.get(address).expect(200);
    expect(answer.text).not.toMatch(/Grace|visitor\.example/);
    if (address !== "/events/winter-camp/report") expect(answer.text).not.toMatch(/private note/i);
  }
  const { text: page } = await organizer.get("/events/winter-camp/report");
  expect(page).toContain("<blockquote><q>a private note</q></blockquote>");
  expect(page).toContain("A private question?");
});

describe("narrowed down", () => {
  const narrowed = async (query: string) =>
    (await (await booth.organizer()).get(`/events/winter-camp/report${query}`).expect(200)).text;

  beforeEach(aFullBooth);

  test.each([
    ["?day=2024-02-03", "10 conversations with 23 people on Sat 3 Feb."],
    ["?project=wick", "6 conversations with 13 people in three days about Wick."],
    ["?booth=lounge", "15 conversations with 29 people in three days at Lounge."],
    ["?category=new", "10 conversations with 25 people who had never heard of the project."],
    [
      "?day=2024-02-03&category=curious&project=lantern&booth=hall",
      "4 conversations with 12 people who knew of the project, on Sat 3 Feb, about Lantern, at Main hall.",
    ],
    [
      "?day=2024-02-04&category=existing",
      "No conversation was logged with people who use the project already, on Sun 4 Feb.",
    ],
  ])("to %s it says so, and its figures follow", async (query, headline) => {
    const page = await narrowed(query);
    expect(text(page)).toContain(headline);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
    const json = await (await booth.organizer()).get(`/events/winter-camp/report.json${query}`).expect(200);
    expect(json.body.visits).toBe(/^\d+/.test(headline) ? Number.parseInt(headline, 10) : 0);
  });

  test("it keeps what was chosen, and takes it home", async () => {
    const page = await narrowed("?day=2024-02-03&project=lantern&booth=&category=");
    expect(page).toContain('<option value="2024-02-03" selected>Sat 3 Feb</option>');
    expect(page).toContain('<option value="lantern" selected>Lantern</option>');
    expect(page).toContain('href="/events/winter-camp/report.json?day=2024-02-03&amp;project=lantern"');
    expect(page).toContain('href="/events/winter-camp/report">The whole event</a>');
    // Of one day there is no chart over the days, and of one project no share.
    expect(text(page)).not.toMatch(/Conversations by day and category|Whose booth it was/);
  });

  test.each(["?day=yesterday", "?project=nix", "?booth=attic", "?category=all", "?topic=storage"])(
    "to %s it is refused, as anything that it would not be narrowed down to",
    async (query) => {
      const organizer = await booth.organizer();
      for (const format of ["", ".json", ".pdf"]) {
        await organizer.get(`/events/winter-camp/report${format}${query}`).expect(422);
      }
    },
  );
});

test("a shared booth's report tells who stood there, who was sent to whom, and when giveaways ran out", async () => {
  const [ada, bob] = [await booth.tablet("Ada"), await booth.tablet("Bob <b>")];
  const ids = [uuidv7(), uuidv7()];
  await ada.send(
    aVisit({ happenedAt: "2024-02-03T08:30:00Z", project: "wick" }),
    aVisit({
      happenedAt: "2024-02-03T10:30:00Z",
      project: "wick",
      questions: [{ id: ids[0], text: "How?", topic: "storage" }],
    }),
  );
  await bob.send(aVisit({ project: "lantern", questions: [{ id: ids[1], text: "Why?" }] }));
  const expertId = await addAnswerer(booth, { name: "Lantern's list" });
  await booth.db.write(async (writer) => {
    const own = { expert_id: expertId, project_slug: "lantern" };
    await writer.insertInto("expert_projects").values(own).execute();
    await writer.updateTable("giveaways").set({ ran_out_at: NOON }).where("slug", "=", "sticker").execute();
  });
  booth.setClock(NOON + 30 * 60_000);
  for (const id of ids) await step(booth, id, "routed", { expertId });
  const { text: page } = await (await booth.organizer()).get("/events/winter-camp/report").expect(200);
  const said = text(page);
  expect(said).toContain("Two people logged the conversations.");
  expect(said).toMatch(/Ada 9–12 h · 2 2 Bob &lt;b&gt; 12–13 h · 1 1/);
  expect(said).toContain("2 questions went to Lantern&#39;s list.");
  expect(said).toContain("1 question of Wick’s visitors went to experts of Lantern.");
  expect(said).toContain("Sticker: the last went on 3 Feb, 12:00.");
  expect(said).toContain(
    "Half of the 2 questions that were routed were with somebody within about 30 minutes.",
  );
});

test("what nobody could answer yet is told with its questions, once somebody was asked", async () => {
  const id = await ask(booth, "Which disk?", { topic: "storage" });
  const report = async () =>
    text((await (await booth.organizer()).get("/events/winter-camp/report").expect(200)).text);
  expect(await report()).toContain("What waits for an answer");
  const expertId = await addAnswerer(booth);
  await step(booth, id, "routed", { expertId });
  await step(booth, id, "given back");
  const said = await report();
  expect(said).toContain("What nobody could answer yet");
  expect(said).toMatch(/Storage 1 of 1 with nobody · no expert Which disk\? came back/);
});

test("the write-up is Markdown with front matter", async () => {
  await aFullBooth();
  const answer = await (await booth.organizer()).get("/events/winter-camp/report.md").expect(200);
  expect(answer.type).toBe("text/markdown");
  expect(answer.text).toMatch(
    /^---\ntitle: 'Winter Camp: what the booth heard'\ndate: '2024-02-04'\ntags:\n/,
  );
  expect(answer.text).toContain("| Sticker | 100 | 90 | 30 |");
  expect(answer.text).toContain("Home-made \\<b\\>cloud\\</b\\> & sons");
});

test("the figures come as JSON", async () => {
  await aFullBooth();
  const answer = await (await booth.organizer()).get("/events/winter-camp/report.json").expect(200);
  expect(answer.type).toBe("application/json");
  expect(answer.body).toMatchObject({
    visits: 30,
    people: 73,
    category: { curious: 10, existing: 10, new: 10 },
    event: { slug: "winter-camp" },
  });
});
