import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import naughty from "big-list-of-naughty-strings";
import MarkdownIt from "markdown-it";
import ical from "node-ical";
import Papa from "papaparse";
import { parse as parseCard } from "vcard4";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { NOON, temporaryFolder } from "../support/databases";
import { openInOffice } from "../support/office";
import { binary } from "../support/zip";

/** What spreadsheets and their readers trip over, besides the well-known list. */
const MORE = [
  ...[
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "=cmd|' /C calc'!A0",
    "'=1",
    "\t=1+1",
    "\ttab",
    "+49 170 0012345",
    "0049",
    "007",
  ],
  ...[
    "1-2",
    "3/4",
    "MAR1",
    "1 May",
    "12:30",
    "1e5",
    "1,5",
    "true",
    "FALSE",
    "#REF!",
    "NaN",
    "0x1F",
    "50%",
    "€5",
  ],
  ...[
    "a\rb",
    "a\r\nb\nc",
    "two  blanks",
    "_x000D_",
    "a\u0001b\u0008c\u001Fd\u007F",
    "\uFFFE\uFFFF",
    "\u0085\u2028\u2029",
  ],
  ...[
    '"',
    '""',
    '",',
    ",",
    ";",
    "a;b",
    "\\n",
    "\\",
    "\\,",
    "]]>",
    "<!-- -->",
    "&amp;",
    "a\nBEGIN:VEVENT",
    "a\r\nEND:VCARD",
  ],
  ...[
    "- [x] done",
    "# heading",
    "1. first",
    "![x](http://evil.example)",
    "@somebody #1 some/project#2",
    "`code`",
  ],
];

interface Kept {
  id: string;
  note: string;
  name: string;
  question: string;
}

/** What is left of a text in a calendar or a card: control characters have no place there. */
const inIcal = (text: string) => text.replace(/\r\n?/g, "\n").replace(/(?![\t\n\u0080-\u009F])\p{Cc}/gu, "");

describe("whatever is typed", () => {
  let booth: Booth;
  let organizer: Awaited<ReturnType<Booth["organizer"]>>;
  let folder: string;
  /** What the database has of it, by the visit's id. */
  let kept: Map<string, Kept>;
  const long = "long words ".repeat(340).trim();

  beforeAll(async () => {
    folder = temporaryFolder();
    booth = await openBooth();
    organizer = await booth.organizer();
    const tablet = await booth.tablet();
    const texts = [...naughty, ...MORE].filter((text) => text.trim() !== "");
    const visits = texts.map((text, index) =>
      aVisit({
        happenedAt: new Date(NOON + index * 1000).toISOString(),
        note: text,
        contact: {
          name: text,
          organization: text,
          role: text,
          phone: text.slice(0, 40),
          consent: ["follow-up"],
        },
        questions: [{ text, topic: "storage" }],
      }),
    );
    // More than a cell holds.
    const most = Array.from({ length: 10 }, (_, place) => ({ text: `${place}: ${long}` }));
    visits.push(aVisit({ happenedAt: new Date(NOON + 9_000_000).toISOString(), questions: most }));
    for (let start = 0; start < visits.length; start += 200) {
      await tablet.send(...visits.slice(start, start + 200));
    }
    await booth.db.write((writer) => writer.updateTable("questions").set({ due_at: NOON }).execute());
    const rows = await booth.db.read
      .selectFrom("visits")
      .innerJoin("contacts", "contacts.visit_id", "visits.id")
      .innerJoin("questions", "questions.visit_id", "visits.id")
      .select(["visits.id", "visits.note", "contacts.name", "questions.text as question"])
      .execute();
    kept = new Map(rows.map((row) => [row.id, row as Kept]));
  });
  afterAll(async () => {
    await booth.close();
    rmSync(folder, { recursive: true });
  });

  const take = async (file: string): Promise<Buffer> => {
    const answer = await organizer.get(`/exports/${file}`).buffer().parse(binary).expect(200);
    return answer.body;
  };

  test("is kept: nearly all of it was taken", () => {
    expect(kept.size).toBeGreaterThan(naughty.length + MORE.length - 30);
  });

  test("comes out of CSV as it went in, for a reader that another hand wrote", async () => {
    for (const list of ["visits", "follow-ups", "contacts"]) {
      const rows = tableOf(String(await take(`${list}.csv`)));
      for (const row of rows) {
        const was = kept.get(row["Visit id"] as string);
        if (!was) continue;
        if (list === "visits") expectText(row.Note, was.note);
        if (list !== "contacts") expectText(row["Contact name"], was.name);
        else expectText(row.Name, was.name);
        expectText(row[list === "follow-ups" ? "Question" : "Questions"], was.question);
      }
      expect(rows.filter((row) => kept.has(row["Visit id"] as string))).toHaveLength(kept.size);
    }
  });

  test("comes out of JSON and JSON Lines as it went in", async () => {
    const whole = JSON.parse(String(await take("visits.json")));
    const lines = String(await take("visits.jsonl"))
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(whole);
    for (const row of whole) {
      const was = kept.get(row.visit_id);
      if (was)
        expect(row).toMatchObject({ note: was.note, contact_name: was.name, questions: [was.question] });
    }
  });

  test("comes out of cards as it went in, but for control characters", async () => {
    const text = String(await take("contacts.vcf"));
    const cards = text.split(/(?<=\r\nEND:VCARD\r\n)/).map((card) => parseCard(card));
    expect(cards).toHaveLength(kept.size);
    for (const line of text.split("\r\n")) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    let read = 0;
    for (const card of cards) {
      const value = (name: string) => {
        const [property] = [card.getProperty(name)].flat();
        return property?.value;
      };
      const was = kept.get(String(value("UID")).replace("urn:uuid:", "")) as Kept;
      const name = inIcal(was.name);
      // This reader parts every text at semicolons, though only lists of parts are; takes quotation marks around a text for
      // its own; leaves what could be an address as it is written; and takes a backslash before an n for a new line.
      if (/^"|"$|\\n/i.test(name) || URL.canParse(name)) continue;
      read += 1;
      expect([value("FN")].flat().join(";")).toBe(name);
      if (!name.includes(";")) expect(value("ORG")).toBe(name);
      expect([value("NOTE")].flat().join(";")).toBe(`They asked: ${inIcal(was.question)}`);
      expect([value("CATEGORIES")].flat()).toEqual(["Winter Camp", "Agreed to: follow-up"]);
    }
    expect(read).toBeGreaterThan(0.85 * kept.size);
  });

  test("comes out of a calendar as it went in, but for control characters, and never in a title", async () => {
    const text = String(await take("follow-ups.ics"));
    for (const line of text.split("\r\n")) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    const events = Object.values(ical.sync.parseICS(text)).filter((each) => each?.type === "VEVENT");
    const questions = await booth.db.read.selectFrom("questions").select(["id", "text"]).execute();
    expect(events).toHaveLength(questions.length);
    const textOf = new Map(questions.map((row) => [`${row.id}@boothlight`, row.text]));
    for (const event of events as { uid: string; summary: string; description: string }[]) {
      // This reader takes quotation marks around a whole text for its own, and a backslash before an n for a new line.
      if (/\\n/i.test(event.description) || /\\n/i.test(textOf.get(event.uid) as string)) continue;
      const unquoted = (text: string) => text.replace(/^"(.*)"$/s, "$1");
      expect(unquoted(event.description)).toBe(unquoted(inIcal(textOf.get(event.uid) as string)));
      expect(["Answer due: Storage", "Answer due: a question"]).toContain(event.summary);
    }
  });

  test("is text and nothing else in a checklist", async () => {
    const tokens = new MarkdownIt({ html: true }).parse(String(await take("follow-ups.md")), {});
    const kinds = new Set(
      tokens.flatMap((token) => [token.type, ...(token.children ?? []).map((part) => part.type)]),
    );
    const markup = [
      "html_block",
      "html_inline",
      "link_open",
      "image",
      "fence",
      "code_block",
      "em_open",
      "strong_open",
    ];
    expect(markup.filter((kind) => kinds.has(kind))).toEqual([]);
    const shown = tokens
      .filter((token) => token.type === "inline")
      .map((token) => (token.children ?? []).map((part) => part.content).join(""));
    const folded = (text: string) => text.replace(/\s+/g, " ").trim();
    const lines = new Set(shown.map(folded));
    const missing = [...kept.values()].filter(
      ({ question }) => !lines.has(folded(`[ ] ${folded(question)}`)),
    );
    expect(missing.map(({ question }) => question)).toEqual([]);
  });

  test("comes back from LibreOffice as the same cells, from XLSX and from CSV", async () => {
    const given = path.join(folder, "given");
    mkdirSync(given);
    const names = ["visits.xlsx", "follow-ups.xlsx", "contacts.xlsx", "visits.csv", "follow-ups.csv"];
    for (const name of names) writeFileSync(path.join(given, name), await take(name));
    const opened = (kind: "xlsx" | "csv") =>
      openInOffice(
        folder,
        kind,
        names.filter((name) => name.endsWith(kind)).map((name) => path.join(given, name)),
      );
    const [fromXlsx, fromCsv] = [await opened("xlsx"), await opened("csv")];
    const back = (name: string) =>
      tableOf(readFileSync(path.join(/[A-Z]/.test(name) ? fromXlsx : fromCsv, name), "utf8"), "\n");
    const told: string[] = [];
    const compare = (where: string, cell: string | undefined, ...texts: string[]) => {
      // Lines of a cell end in one way, and a delete character is left out.
      const inCell = texts.map((text) => text.replaceAll("\u007F", "").replace(/\r\n?/g, "\n"));
      if (!inCell.includes((cell ?? "").replaceAll("\u007F", "").replaceAll("\r", "\n")))
        told.push(`${where}: ${JSON.stringify(texts[0])} came back as ${JSON.stringify(cell)}`);
    };
    for (const row of back("visits-Visits.csv")) {
      const was = kept.get(row["Visit id"] as string);
      if (!was) continue;
      compare("note in visits.xlsx", row.Note, was.note);
      compare("name in visits.xlsx", row["Contact name"], was.name);
    }
    for (const row of back("follow-ups-Follow-ups.csv")) {
      const was = kept.get(row["Visit id"] as string);
      if (was) compare("question in follow-ups.xlsx", row.Question, was.question);
    }
    for (const row of back("contacts-Contacts.csv")) {
      const was = kept.get(row["Visit id"] as string);
      if (was) compare("name in contacts.xlsx", row.Name, was.name);
    }
    for (const row of back("visits-visits.csv")) {
      const was = kept.get(row["Visit id"] as string);
      if (was) compare("note in visits.csv", row.Note, was.note, `'${was.note}`);
    }
    for (const row of back("follow-ups-follow-ups.csv")) {
      const was = kept.get(row["Visit id"] as string);
      if (was) compare("question in follow-ups.csv", row.Question, was.question, `'${was.question}`);
    }
    expect(told).toEqual([]);
    // Dates are dates, numbers are numbers, and what is longer than a cell says so.
    const [first] = back("visits-Visits.csv");
    expect(first).toMatchObject({ Day: "2024-02-03", Hour: "12", People: "1" });
    expect(first?.Time).toMatch(/^2024-02-03 12:00(:00)?$/);
    const full = back("visits-Visits.csv").at(-1);
    expect(full?.Questions?.length).toBe(32_767);
    expect(full?.Questions).toMatch(/^0: long words .* … \(cut here/s);
  });
});

function tableOf(text: string, newline: "\r\n" | "\n" = "\r\n"): Record<string, string>[] {
  const { data, errors } = Papa.parse<Record<string, string>>(text.replace(/^\uFEFF/, ""), {
    header: true,
    delimiter: ",",
    newline,
    skipEmptyLines: true,
  });
  expect(errors).toEqual([]);
  return data;
}

/** A cell of CSV is the text, or the text with the apostrophe that keeps spreadsheets from reading it otherwise. */
function expectText(cell: string | undefined, text: string): void {
  expect([text, `'${text}`]).toContain(cell);
}
