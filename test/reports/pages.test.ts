import { aVisit, type Booth, openBooth } from "../support/booth";

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
  expect(page.text.match(/<th scope="row">Mon 3 Feb 2014</g)).toHaveLength(2);
});

test("the report of a full event tells all of it, and shows what people typed as text", async () => {
  await aFullBooth();
  const page = await (await booth.organizer()).get("/events/winter-camp/report").expect(200);
  for (const part of [
    "Who came",
    "When the light was on",
    "Where they come from",
    "Heard again and again",
    "Giveaways",
  ])
    expect(page.text).toContain(part);
  expect(text(page.text)).toContain("30 conversations with 73 people in three days.");
  // Each chart has a label, and its numbers as a table.
  const charts = page.text.match(/<figure class="chart">/g)?.length;
  expect(charts).toBe(5);
  expect(page.text.match(/<summary>As a table<\/summary>/g)).toHaveLength(5);
  expect(page.text.match(/role="img" aria-label="[A-Z]/g)).toHaveLength(10);
  expect(page.text).not.toMatch(/ style="|<style|<b>cloud/);
  expect(page.text).not.toMatch(/NaN|undefined|Infinity/);
});

test("neither the report nor the write-up has anybody's contact details, or what staff noted", async () => {
  await aFullBooth();
  const organizer = await booth.organizer();
  for (const address of ADDRESSES) {
    const answer = await organizer.get(address).expect(200);
    expect(answer.text).not.toMatch(/private note|Grace|visitor\.example/i);
  }
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
