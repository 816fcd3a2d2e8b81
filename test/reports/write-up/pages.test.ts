import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { load } from "js-yaml";
import MarkdownIt from "markdown-it";
import { uuidv7 } from "uuidv7";
import yauzl from "yauzl";
import type { SentVisit } from "../../../src/visits/form";
import { aVisit, type Booth, openBooth } from "../../support/booth";
import { contentOf } from "../../support/catalogue";
import { NOON } from "../../support/databases";

const NAUGHTY: string[] = require("big-list-of-naughty-strings");
const PAGE = "/events/winter-camp/write-up";

let booth: Booth;
let organizer: Awaited<ReturnType<Booth["organizer"]>>;
beforeEach(async () => {
  booth = await openBooth();
  organizer = await booth.organizer();
});
afterEach(() => booth.close());

const page = () => organizer.get(PAGE).expect(200);
const report = async () => (await organizer.get("/events/winter-camp/report.md").expect(200)).text;
const post = (address: string, fields: object) =>
  organizer.post(`${PAGE}${address}`).type("form").send(fields);

/** The value of a field of a page, as a browser would send it. */
function fieldOf(html: string, name: string): string {
  const area = new RegExp(`<textarea[^>]* name="${name}"[^>]*>\\n?([\\s\\S]*?)</textarea>`).exec(html);
  const input = new RegExp(`<input[^>]* name="${name}"[^>]* value="([^"]*)"`).exec(html);
  return unescaped((area ?? input)?.[1] ?? "");
}
const unescaped = (html: string) =>
  html.replace(/&(lt|gt|quot|#34|#39|amp);/g, (_all, name: string) => {
    const characters: Record<string, string> = {
      lt: "<",
      gt: ">",
      quot: '"',
      "#34": '"',
      "#39": "'",
      amp: "&",
    };
    return characters[name] as string;
  });
const wordsOf = (html: string) => unescaped(html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " "));

/** Everything that the form of a page would send. */
async function formNow(): Promise<Record<string, string>> {
  const { text } = await page();
  const names = ["version", "title", "author", "date", "tags", "categories", "text"];
  return Object.fromEntries(names.map((name) => [name, fieldOf(text, name)]));
}

/** Visits of three days with everything that can be noted. */
async function aFullBooth(): Promise<SentVisit[]> {
  const visits = Array.from({ length: 40 }, (_, index) =>
    aVisit({
      category: (["existing", "curious", "new", "new"] as const)[index % 4],
      happenedAt: new Date(Date.UTC(2024, 1, 2 + (index % 3), 8 + (index % 7), index)).toISOString(),
      people: (index % 3) + 1,
      project: index % 5 ? "lantern" : "wick",
      platform: index % 3 ? "vmware" : "proxmox",
      interest: (index % 3) + 1,
      overviewGiven: index % 2 === 0,
      remarks: index % 4 ? [] : ["easier-install"],
      giveaways: ["sticker"],
      questions:
        index % 4
          ? []
          : [
              {
                text: index % 8 ? "Which disk is fast?" : "Does it need a licence?",
                topic: index % 8 ? "storage" : undefined,
              },
            ],
    }),
  );
  await (await booth.tablet()).send(...visits);
  return visits;
}

test("the page works as plain HTML: read, write, publish, take up, start afresh, bring back", async () => {
  await aFullBooth();
  const before = await contentOf(booth.db, ["sessions"]);
  const first = await page();
  expect(await contentOf(booth.db, ["sessions"])).toEqual(before);
  expect(first.text).toContain("[40](figure:visits)");
  expect(first.text).toContain("[Table: coming from](block:platforms)");
  expect(wordsOf(first.text)).toContain("A draft from the log");

  const form = await formNow();
  await post("", {
    ...form,
    author: "Ada & Bob",
    tags: "booth, tour ,booth",
    text: "Hello\r\n\r\n[9](figure:visits) talks.",
  })
    .expect(303)
    .expect("Location", PAGE);
  const saved = await page();
  expect(fieldOf(saved.text, "text")).toBe("Hello\n\n[40](figure:visits) talks.");
  expect(fieldOf(saved.text, "tags")).toBe("booth, tour");
  expect(saved.text).toContain("<p>40 talks.</p>");
  expect(await report()).toMatch(/author: 'Ada & Bob'[\s\S]*---\n\nHello\n\n40 talks\.\n$/);

  await post("/publication", await formNow()).expect(303);
  await (await booth.tablet()).send(aVisit());
  const published = await page();
  expect(wordsOf(published.text)).toContain("One thing has changed since it was published");
  expect(wordsOf(published.text)).toMatch(/Conversations was 40 is 41/);
  expect(published.text).toMatch(/<textarea id="text"[^>]* readonly/);
  expect(await report()).toContain("40 talks.");

  await post("/publication/end", {}).expect(303);
  expect(await report()).toContain("41 talks.");

  await post("/afresh", { ...(await formNow()), text: "Typed, and never saved" }).expect(303);
  const afresh = await page();
  expect(fieldOf(afresh.text, "text")).toContain("## What happened");
  const back = /action="[^"]*write-up(\/texts\/[^"]*)"/.exec(afresh.text)?.[1] as string;
  await post(back, {}).expect(303);
  expect(fieldOf((await page()).text, "text")).toBe("Typed, and never saved");
  await post(`/texts/${uuidv7()}/return`, {}).expect(404);
});

test("what is wrong comes back with everything that was typed, and nothing is changed", async () => {
  const form = {
    ...(await formNow()),
    title: "",
    date: "soon",
    tags: "x".repeat(70),
    text: "</textarea><b>Mine",
  };
  const { text } = await post("", form).expect(422);
  for (const field of ["title", "date", "tags"]) expect(text).toContain(`id="problem-${field}"`);
  expect(fieldOf(text, "text")).toBe("</textarea><b>Mine");
  expect(fieldOf(text, "date")).toBe("soon");
  expect(text).toContain('<details class="card front" open>');
  await post("/publication", form).expect(422);
  const json = await organizer.post(PAGE).set("Accept", "application/json").send(form).expect(422);
  expect(json.body.problems.map(({ field }: { field: string }) => field)).toEqual(["title", "date", "tags"]);
  expect((await booth.db.read.selectFrom("write_ups").selectAll().execute()).length).toBe(0);
});

test("two windows: the second one to save is shown both texts, and neither is lost", async () => {
  const form = await formNow();
  await post("", { ...form, text: "Of the first window" }).expect(303);
  const conflict = await post("", { ...form, text: "Of the second window" }).expect(409);
  expect(wordsOf(conflict.text)).toContain("Another text was saved in the meantime, in another window.");
  expect(fieldOf(conflict.text, "text")).toBe("Of the second window");
  expect(conflict.text).toContain("Of the first window");
  expect(await report()).toContain("Of the first window");

  const [version, over] = [fieldOf(conflict.text, "version"), fieldOf(conflict.text, "over")];
  await post("", { ...form, version, over, text: "Of the second window" }).expect(303);
  const { text } = await page();
  expect(fieldOf(text, "text")).toBe("Of the second window");
  const kept = [...text.matchAll(/<textarea readonly rows="8"[^>]*>\n?([^<]*)</g)].map(([, each]) => each);
  expect(kept.sort()).toEqual(["Of the first window", "Of the second window"]);
});

test("a window that was open while another one published keeps what is typed in it", async () => {
  const form = await formNow();
  await post("/publication", { ...form, text: "Out" }).expect(303);
  const late = await post("", { ...form, version: "1", text: "Typed too late" }).expect(409);
  expect(wordsOf(late.text)).toContain("The write-up was published in the meantime");
  expect(fieldOf(late.text, "text")).toBe("Out");
  expect(late.text).toContain("Typed too late");
  expect(await report()).toContain("Out");
  // Pressed twice, it was published once.
  await post("/publication", { ...form, text: "Out" }).expect(303);
});

test("what a page saves by itself answers with what will be read, and what to look at", async () => {
  const form = { ...(await formNow()), text: "[x](figure:vists), jane@example.org, **[0](figure:visits)**" };
  const { body } = await organizer.post(PAGE).set("Accept", "application/json").send(form).expect(200);
  expect(body).toMatchObject({ version: 1, saved: "Saved 3 Feb, 12:00" });
  expect(body.preview).toContain("<strong>0</strong>");
  expect(body.remarks).toEqual([
    "The log knows nothing of figure:vists: the words of this link stay as they are.",
    "This looks personal: “jane@example.org”. Is it meant to be read by everybody?",
  ]);
  await organizer
    .post(PAGE)
    .set("Accept", "application/json")
    .send({ ...form, text: "Other" })
    .expect(409);
});

test("a picture in the title of a link does not end it in the preview", async () => {
  await aFullBooth();
  const text = '[a](https://x.example/ "![b](charts/days.svg)")\n\n![b](charts/days.svg)';
  const form = { ...(await formNow()), text };
  const { body } = await organizer.post(PAGE).set("Accept", "application/json").send(form).expect(200);
  expect(body.preview).toContain('<a href="https://x.example/" title="days"');
  expect(body.preview.match(/<svg/g)).toHaveLength(1);
});

/** What the tables of a write-up say: the cells of each, and its rows by their first cell. */
function tablesOf(markdown: string): Record<string, Record<string, string[]>> {
  const tables: Record<string, Record<string, string[]>> = {};
  for (const table of markdown.match(/(^\|.*\|\n?)+/gm) ?? []) {
    const [head = [], , ...rows] = table
      .trim()
      .split("\n")
      .map((line) =>
        line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    tables[head[0] as string] = Object.fromEntries(rows.map(([first = "", ...rest]) => [first, rest]));
  }
  return tables;
}

test("every figure of the write-up is that of the records", async () => {
  const visits = await aFullBooth();
  const text = await report();
  const count = (isMeant: (visit: SentVisit) => boolean) => visits.filter(isMeant).length;
  const of = (category: string) => count((visit) => visit.category === category);
  const share = (part: number, whole: number) => `${Math.round((part / whole) * 100)}%`;
  const people = visits.reduce((sum, visit) => sum + (visit.people ?? 1), 0);
  expect(text).toContain(`${visits.length} conversations with ${people} people in three days`);
  expect(text).toContain(
    `Of the ${of("curious") + of("new")} conversations with people who did not use the project yet, ${share(of("new"), of("curious") + of("new"))} were`,
  );
  const tables = tablesOf(text);
  expect(tables.Category).toEqual({
    "Existing user": [String(of("existing")), share(of("existing"), visits.length)],
    Curious: [String(of("curious")), share(of("curious"), visits.length)],
    New: [String(of("new")), share(of("new"), visits.length)],
  });
  const row = (isMeant: (visit: SentVisit) => boolean) =>
    [
      ...(["existing", "curious", "new"] as const).map((each) =>
        count((visit) => isMeant(visit) && visit.category === each),
      ),
      count(isMeant),
    ].map(String);
  expect(tables.Platform).toEqual({
    VMware: row((visit) => visit.platform === "vmware"),
    "Proxmox VE": row((visit) => visit.platform === "proxmox"),
  });
  expect(tables.Project).toEqual({
    Lantern: row((visit) => visit.project === "lantern"),
    Wick: row((visit) => visit.project === "wick"),
  });
  expect(tables.Giveaway?.Sticker?.at(-1)).toBe(
    String(count((visit) => visit.giveaways?.includes("sticker") === true)),
  );
  const asked = visits.flatMap((visit) => visit.questions ?? []);
  expect(text).toContain(`None of the ${asked.length} questions has an answer yet.`);
  for (const question of new Set(asked.map((each) => each.text))) {
    const times = asked.filter((each) => each.text === question).length;
    expect(text).toContain(`- “${question}” (asked ${times} times, no answer yet)`);
  }
  // The picture says the same to who does not see it.
  const [existing, curious, never] = row((visit) => visit.happenedAt.startsWith("2024-02-02"));
  expect(text).toContain(`Fri 2 Feb: ${existing} existing users, ${curious} curious and ${never} new.`);
});

test("the write-up has the same headings, tables and lists whatever people typed", async () => {
  await aFullBooth();
  const markdown = new MarkdownIt();
  const shapeOf = (text: string) => {
    const body = text.replace(/^---\n[\s\S]*?\n---\n/, "");
    return markdown.parse(body, {}).map(({ type, level }) => `${level} ${type}`);
  };
  await booth.db.write((writer) =>
    writer
      .insertInto("journal")
      .values({ id: uuidv7(), event_id: booth.eventId, at: NOON, text: "Plain" })
      .execute(),
  );
  const shape = shapeOf(await report());
  const texts = NAUGHTY.map((text) => text.replaceAll("\0", "").trim()).filter((text) => text !== "");
  for (const naughty of texts.filter((_, index) => index % 9 === 0)) {
    // A mail address or a link makes the text shorter, and nothing else: names stay one word at least.
    const name = `n ${naughty}`;
    await booth.db.write(async (writer) => {
      await writer.updateTable("events").set({ name: naughty, venue: name }).execute();
      for (const table of ["projects", "topics", "platforms", "remarks", "giveaways"] as const)
        await writer.updateTable(table).set({ name }).execute();
      await writer.updateTable("journal").set({ text: name }).execute();
    });
    const text = await report();
    expect(shapeOf(text)).toEqual(shape);
    const front = load(/^---\n([\s\S]*?)\n---\n/.exec(text)?.[1] ?? "") as { title: string };
    expect(front.title).toBe(`${naughty}: what the booth heard`);
  }
});

/** The files of a ZIP, as an independent reader finds them. */
async function filesOf(zip: Buffer): Promise<Record<string, string>> {
  const fromBuffer = promisify<Buffer, yauzl.Options, yauzl.ZipFile>(yauzl.fromBuffer);
  const file = await fromBuffer(zip, { lazyEntries: true });
  const files: Record<string, string> = {};
  const open = promisify(file.openReadStream.bind(file)) as (
    entry: yauzl.Entry,
  ) => Promise<NodeJS.ReadableStream>;
  return new Promise((resolve, reject) => {
    file.on("entry", async (entry: yauzl.Entry) => {
      files[entry.fileName] = (await buffer(await open(entry))).toString("utf8");
      file.readEntry();
    });
    file.on("end", () => resolve(files));
    file.on("error", reject);
    file.readEntry();
  });
}
const zipFor = async (generator: string) => {
  const answer = await organizer
    .get(`${PAGE}.zip?for=${generator}`)
    .buffer()
    .parse((res, done) => {
      void buffer(res as unknown as NodeJS.ReadableStream).then(
        (body) => done(null, body),
        (error) => done(error, null),
      );
    });
  return { name: answer.get("Content-Disposition"), files: await filesOf(answer.body as Buffer) };
};

test("the ZIP holds the text and each picture that it shows, where the program looks for them", async () => {
  await aFullBooth();
  const { name, files } = await zipFor("jekyll");
  const post = "2024-02-04-winter-camp";
  expect(name).toContain(`${post}-jekyll.zip`);
  expect(Object.keys(files).sort()).toEqual([
    `_posts/${post}.md`,
    ...["days", "platforms", "projects", "topics"].map((chart) => `assets/${post}/${chart}.svg`),
  ]);
  expect(files[`_posts/${post}.md`]).toContain(`{{ '/assets/${post}/days.svg' | relative_url }}`);
  for (const svg of Object.values(files).filter((each) => each.startsWith("<svg"))) {
    expect(svg).toMatch(/<title>[^<]+<\/title>\n<desc>[^<]+<\/desc>/);
    expect(svg).not.toMatch(/var\(|NaN|undefined|style=/);
  }
  expect((await zipFor("hugo")).files[`${post}/index.md`]).toContain("](charts/days.svg)");
  expect((await zipFor("middleman")).files[`source/${post}.html.md`]).toContain(
    `](/images/${post}/days.svg)`,
  );
  await organizer.get(`${PAGE}.zip?for=wordpress`).expect(422);
});

test("a published write-up keeps its pictures as they went out", async () => {
  await aFullBooth();
  await post("/publication", await formNow()).expect(303);
  const before = (await zipFor("hugo")).files;
  await (await booth.tablet()).send(aVisit({ platform: "vmware", project: "wick" }), aVisit());
  expect((await zipFor("hugo")).files).toEqual(before);
  expect(wordsOf((await page()).text)).toContain("Chart: conversations by day has changed");
});
