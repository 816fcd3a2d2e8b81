import type { Database } from "../../src/database/open";
import { COLUMNS, columnsToWrite, planOf, sealOf } from "../../src/experts/files/rules";
import { bringIn, filedExperts, planImport } from "../../src/experts/files/store";
import { checkExpert, typedExpert } from "../../src/experts/form";
import { LANGUAGE_CODES } from "../../src/experts/rules";
import { addExpert, changeExpert, expertById, fieldsOf, listExperts } from "../../src/experts/store";
import { csvHead, csvLines } from "../../src/sheets";
import { type Booth, openBooth } from "../support/booth";
import { readCsv } from "../support/csv";
import { ENGINES, type Engine, freshDatabase, NOON } from "../support/databases";
import fc from "../support/properties";

const ZONE = "Europe/Brussels";
const bytesOf = (text: string) => Buffer.from(text);

async function exported(db: Database): Promise<string> {
  const columns = columnsToWrite(true);
  const rows = (await filedExperts(db.read)).map((expert) => columns.map((column) => column.get(expert)));
  return csvHead(columns.map(({ heading }) => heading)) + csvLines(rows);
}

/** Brings a file in, as if its preview had been confirmed. */
async function broughtIn(db: Database, text: string | Buffer) {
  const bytes = Buffer.from(text as string);
  const { plan } = await planImport(db.read, bytes, ZONE);
  return bringIn(db, bytes, ZONE, sealOf(plan), NOON);
}

const full = {
  ...{
    name: 'Zoë "the disk" O\'Neill, Ph.D.; née =Smith',
    kind: "person" as const,
    address: "zoe@example.org",
  },
  ...{
    topics: ["upgrade", "storage"],
    projects: ["lantern", "wick"],
    languages: ["de" as const, "ja" as const],
  },
  ...{ timeZone: "Asia/Tokyo", weekly: 3, awayFrom: "2024-02-01", awayUntil: "2024-05-03" },
};

describe.each(ENGINES)("a directory on %s", (engine: Engine) => {
  let db: Database;
  let other: Database;
  beforeEach(async () => {
    db = await freshDatabase(engine);
    // PostgreSQL in the process is one; what goes out of it comes into the other engine too.
    other = await freshDatabase("sqlite");
  });
  afterEach(async () => {
    await db.close();
    await other.close();
  });

  test("that goes out and comes into an empty one goes out again as the same bytes", async () => {
    await db.write(async (writer) => {
      await addExpert(writer, full, NOON);
      await addExpert(writer, { name: "=cmd|calc", kind: "person", address: "", topics: [] }, NOON);
      await addExpert(writer, { name: "'=quoted", kind: "person", address: "", topics: [] }, NOON);
      await addExpert(
        writer,
        { name: "Kai", kind: "person", address: "+kai@example.org", topics: [], hidden: true },
        NOON,
      );
      await addExpert(writer, { name: "Kai", kind: "mailing-list", address: "", topics: ["007"] }, NOON);
      const chat = {
        name: "Chat 🏮",
        kind: "chat" as const,
        address: "https://chat.example.org",
        topics: [],
      };
      const webhook = "https://chat.example.org/hooks/secret";
      await addExpert(writer, { ...chat, reachedBy: "webhook", webhook, awayUntil: "2024-03-01" }, NOON);
    });
    const before = await exported(db);
    const plan = await broughtIn(other, before);
    expect(plan.bad).toEqual([]);
    expect(plan.added).toHaveLength(6);
    expect(await exported(other)).toBe(before);
    expect((await listExperts(other.read)).find(({ name }) => name.startsWith("Chat"))?.webhook).toBe(
      "https://chat.example.org/hooks/secret",
    );
  });

  test("is brought up to date by a file, and the same file again changes nothing", async () => {
    await db.write((writer) => addExpert(writer, full, NOON));
    await db.write((writer) =>
      addExpert(writer, { name: "Kai", kind: "person", address: "", topics: ["upgrade"] }, NOON),
    );
    const file = 'Name,Topics,Questions a week\n kAI ,"storage; upgrade",5\nNewcomer,backup,\n';
    const plan = await broughtIn(db, file);
    expect(plan.changed).toMatchObject([
      {
        line: 2,
        differences: [
          { label: "Name", before: "Kai", after: "kAI" },
          { label: "Topics", before: "upgrade", after: "storage, upgrade" },
          { label: "Questions a week", before: "as many as come", after: "5" },
        ],
      },
    ]);
    expect(plan.added).toMatchObject([
      { line: 3, fields: { name: "Newcomer", timeZone: ZONE, reachedBy: "hand" } },
    ]);
    const after = await listExperts(db.read);
    // Nobody is deleted, and what the file does not speak of stays.
    expect(after.map(({ slug }) => slug).sort()).toEqual(
      ["kai", "newcomer", after.find((e) => e.name === full.name)?.slug].sort(),
    );
    expect(after.find(({ slug }) => slug === "kai")).toMatchObject({
      topics: ["storage", "upgrade"],
      weekly: 5,
      revision: 2,
    });

    const again = await broughtIn(db, file);
    expect(again).toMatchObject({ added: [], changed: [], bad: [] });
    expect(again.unchanged).toHaveLength(2);
    expect(await listExperts(db.read)).toEqual(after);
  });

  test("that was changed since a file was shown is left as it is", async () => {
    const id = await db.write((writer) => addExpert(writer, { ...full, name: "Kai" }, NOON));
    const file = bytesOf("Name,Questions a week\nKai,7\n");
    const seal = sealOf((await planImport(db.read, file, ZONE)).plan);
    const said = fieldsOf(await expertById(db.read, id));
    await db.write((writer) => changeExpert(writer, id, { ...said, weekly: 1 }, 1));
    await expect(bringIn(db, file, ZONE, seal, NOON)).rejects.toMatchObject({ kind: "conflict" });
    expect((await expertById(db.read, id)).weekly).toBe(1);
  });
});

describe("what people type", () => {
  let db: Database;
  let copy: Database;
  beforeAll(async () => {
    [db, copy] = [await freshDatabase(), await freshDatabase()];
  });
  afterAll(async () => {
    await db.close();
    await copy.close();
  });

  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc
      .array(
        fc.constantFrom(
          "'",
          '"',
          ",",
          ";",
          "\n",
          "\r\n",
          "=",
          "+",
          "-",
          "@",
          "1",
          "\t",
          "\0",
          "é",
          "🏮",
          " ",
          "a",
        ),
        {
          maxLength: 12,
        },
      )
      .map((parts) => parts.join("")),
  );
  const slug = fc.stringMatching(/^[a-z0-9]{1,6}(-[a-z0-9]{1,4})?$/);
  const day = fc
    .integer({ min: 0, max: 3000 })
    .map((days) => new Date(days * 86_400_000 + NOON).toISOString().slice(0, 10));
  const expert = fc.record({
    name: text,
    kind: fc.constantFrom("person", "mailing-list", "forum", "chat"),
    address: fc.oneof(
      text,
      fc.constantFrom("", "a=b@example.org", "+1@example.org", "https://a.example/?q=1,2;3"),
    ),
    topics: fc.uniqueArray(slug, { maxLength: 4 }),
    projects: fc.uniqueArray(slug, { maxLength: 3 }),
    languages: fc.uniqueArray(fc.constantFrom(...LANGUAGE_CODES), { maxLength: 4 }),
    timeZone: fc.constantFrom("UTC", "Asia/Tokyo", "America/Argentina/Buenos_Aires"),
    weekly: fc.oneof(fc.constant(""), fc.nat(1000).map(String)),
    awayFrom: fc.oneof(fc.constant(""), day),
    awayUntil: fc.oneof(fc.constant(""), day),
    reachedBy: fc.constantFrom("mail", "webhook", "hand"),
    webhook: fc.oneof(text, fc.constant("https://hooks.example.org/=x,y")),
    hidden: fc.boolean(),
  });

  test("goes out and comes in again as it was, whatever it is", async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(expert, { minLength: 1, maxLength: 6 }), async (typed) => {
        for (const each of [db, copy]) await each.write((writer) => writer.deleteFrom("experts").execute());
        const good = typed.flatMap((each) => {
          const form = checkExpert({ ...typedExpert({}, "UTC"), ...each });
          return form.ok ? [form.value] : [];
        });
        taken += good.length;
        for (const each of good) await db.write((writer) => addExpert(writer, each, NOON));
        const written = await exported(db);
        expect((await broughtIn(copy, written)).bad).toEqual([]);
        expect(await exported(copy)).toBe(written);
        expect((await planImport(db.read, bytesOf(written), ZONE)).plan).toMatchObject({
          added: [],
          changed: [],
          bad: [],
        });
      }),
      { numRuns: 150 },
    );
    expect(taken).toBeGreaterThan(50);
  });
});

describe("reading a file", () => {
  let booth: Booth;
  beforeAll(async () => {
    booth = await openBooth();
    await booth.db.write((writer) =>
      addExpert(writer, { name: "Kai", kind: "person", address: "", topics: [] }, NOON),
    );
    await booth.db.write((writer) =>
      addExpert(writer, { name: "Lou", kind: "person", address: "", topics: [] }, NOON),
    );
    await booth.db.write((writer) =>
      addExpert(writer, { name: "Lou", kind: "chat", address: "https://c.example", topics: [] }, NOON),
    );
  });
  afterAll(() => booth.close());
  const read = async (text: string | Buffer) => planImport(booth.db.read, Buffer.from(text as string), ZONE);
  const problems = async (text: string) =>
    (await read(text)).plan.bad.flatMap(({ line, problems }) =>
      problems.map(({ column, message }) => `${line} ${column}: ${message}`),
    );

  test("takes what Excel and LibreOffice write, in each of their ways", async () => {
    const lines = [
      "Name;Topics;Away until",
      "Zoë;storage, upgrade;3.5.2024",
      'Ana;"storage; upgrade";2024/05/03',
    ];
    for (const file of [
      bytesOf(`\uFEFF${lines.join("\r\n")}\r\n`),
      bytesOf(lines.join("\n")),
      bytesOf(`sep=;\r\n${lines.join("\r\n")}`),
      Buffer.from(
        `\uFEFF${lines.join("\r\n").replaceAll(";", "\t").replace("storage\t", "storage;")}`,
        "utf16le",
      ),
      Buffer.from(lines.join("\r\n"), "latin1"),
    ]) {
      const { plan } = await read(file);
      expect(plan.bad).toEqual([]);
      expect(plan.added.map(({ fields }) => [fields.name, fields.topics, fields.awayUntil])).toEqual([
        ["Zoë", ["storage", "upgrade"], "2024-05-03"],
        ["Ana", ["storage", "upgrade"], "2024-05-03"],
      ]);
    }
    expect((await read(Buffer.from("Name\nZoë", "latin1"))).file.isGuess).toBe(true);
  });

  test("takes columns in any order and case, by heading or key, and names those that it does not know", async () => {
    const { file, plan } = await read(
      "Shoe size, REACHED_BY ,time zone,name,weekly,\n46,By hand,utc,Ana,2,\n",
    );
    expect(file.unknown).toEqual(["Shoe size"]);
    expect(plan.added).toMatchObject([
      { fields: { name: "Ana", timeZone: "UTC", weekly: 2, reachedBy: "hand" } },
    ]);
  });

  test("takes names for topics, projects and languages, and our words in other ways of writing", async () => {
    const { plan } = await read(
      'Name,Kind,Address,Reached by,Topics,Projects,Languages,Offered\nAna,Mailing List,a@b.example,E-Mail,"Storage;Networking",Lantern,"German, 日本語, Português",No\n',
    );
    expect(plan.bad).toEqual([]);
    expect(plan.added).toMatchObject([
      {
        fields: {
          ...{
            kind: "mailing-list",
            reachedBy: "mail",
            topics: ["storage", "networking"],
            projects: ["lantern"],
          },
          ...{ languages: ["de", "ja", "pt"], hidden: true },
        },
      },
    ]);
  });

  test("takes a file with a single column", async () => {
    expect((await read("Name\nAna\nBob\n")).plan.added.map(({ fields }) => fields.name)).toEqual([
      "Ana",
      "Bob",
    ]);
  });

  test("undoes the apostrophe that kept a cell from being run", async () => {
    expect((await read("Name\n'=Ana\n")).plan.added[0]?.fields.name).toBe("=Ana");
  });

  test("tells every problem with its line and column, and takes the lines around it", async () => {
    const file = [
      "Name,Kind,Address,Reached by,Webhook,Topics,Languages,Time zone,Questions a week,Away from,Away until,Short name",
      "Ana,,,,,,,,,,,",
      "Bob,oracle,bob at example,pigeon,,No such!,Klingon,Mars,many,5/3/2024,,Not A Slug",
      "",
      ",,,,,,,,1,,,",
      "Cy,,,mail,,,,,,2024-05-03,2024-05-02,",
      "Di,,,webhook,,,,,,,,",
      '"Ed\nEddy",,,,,,,,,,,',
      "Flo,,,,,,,,,,,,,too,many",
    ].join("\n");
    expect((await read(file)).plan.added.map(({ line, fields }) => [line, fields.name])).toEqual([
      [2, "Ana"],
      [8, "Ed Eddy"],
    ]);
    expect(await problems(file)).toEqual([
      "3 Short name: This should be small letters and digits, with single hyphens between them.",
      "3 Kind: “oracle” should be person, mailing-list, forum or chat.",
      "3 Reached by: “pigeon” should be mail, webhook or hand.",
      "3 Topics: “No such!” is not known here.",
      "3 Languages: “Klingon”: write codes such as de, or names such as German.",
      "3 Time zone: This is not a time zone. Choose one from the list, such as Europe/Brussels.",
      "3 Questions a week: This should be a whole number, 1000 at most.",
      "3 Away from: This should be a day, such as 2026-04-15.",
      "3 Address: This does not look like a mail address.",
      "5 Name: Please give a name.",
      "6 Address: Please give a mail address, or choose another way to reach them.",
      "6 Away until: The last day away is before the first.",
      "7 Webhook: The webhook's address is not in this file. Add it, or write “hand” under “Reached by”.",
      "10 : There are more cells than columns. Is a quotation mark missing?",
    ]);
  });

  test("finds experts by the short name or else by the name, and asks where that is unclear", async () => {
    const { plan } = await read("Name,Short name\nRenamed,kai\nLou,lou-2\nNobody yet,nobody\n");
    expect(plan.changed).toMatchObject([
      { match: { slug: "kai" }, differences: [{ label: "Name", after: "Renamed" }] },
    ]);
    expect(plan.unchanged).toHaveLength(1);
    expect(plan.added).toMatchObject([{ slug: "nobody" }]);
    expect(await problems("Name\nLou\n")).toEqual([
      "2 Name: There are several experts of this name. Say which by the short name: lou, lou-2.",
    ]);
  });

  test("takes an expert once: another line of the same one is a problem", async () => {
    expect(await problems("Name,Short name\nKai,\nKai,kai\nNew,\n new ,\nX,same\nY,same\n")).toEqual([
      "3 : This is the expert of line 2 again. One line each.",
      "5 : This is the expert of line 4 again. One line each.",
      "7 : This is the expert of line 6 again. One line each.",
    ]);
  });

  test("who brings a short name has it, also where a name before it would make the same", async () => {
    const plan = await broughtIn(booth.db, "Name,Short name\nMia,\nMia Two,mia\n");
    expect(plan.added).toHaveLength(2);
    const slugs = (await listExperts(booth.db.read)).filter(({ name }) => name.startsWith("Mia"));
    expect(slugs.map(({ name, slug }) => [name, slug])).toEqual([
      ["Mia", "mia-2"],
      ["Mia Two", "mia"],
    ]);
  });

  test.each([
    ["empty", "", "There is nothing in this file."],
    ["of blank lines", "\n ,\n\n", "There is nothing in this file."],
    ["without a heading", "Ana,person\n", "This file has no column “Name”."],
    ["with a column twice", "Name,Topics,TOPICS\n", "The column “Topics” is in this file twice."],
    ["with a quotation mark that stays open", 'Name\n"Ana\n', "never closed"],
    ["of too many lines", `Name\n${"x\n".repeat(5001)}`, "There are 5001 experts in this file; 5000"],
    ["of 10 MB", "x".repeat(10_000_000), "larger than 2 MB"],
    ["that is a picture", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 0xff]), "This is not a text file."],
    ["of a spreadsheet", Buffer.from([0x50, 0x4b, 3, 4, 20, 0]), "a spreadsheet's own file"],
    ["of nothing but zeros", Buffer.alloc(5000), "no column “Name”"],
  ])("refuses a file %s in plain words", async (_what, file, words) => {
    await expect(read(file)).rejects.toMatchObject({
      kind: "invalid",
      message: expect.stringContaining(words),
    });
  });
});

test("a plan knows what it does: another one has another seal", () => {
  const line = (name: string, weekly: string) => {
    const form = checkExpert(typedExpert({ name, kind: "person", weekly }, "UTC"));
    if (!form.ok) throw new Error("The form should be right.");
    return planOf([{ line: 2, name, ok: true, fields: form.value, slug: undefined, match: undefined }]);
  };
  expect(sealOf(line("Ana", "1"))).toBe(sealOf(line("Ana", "1")));
  expect(sealOf(line("Ana", "1"))).not.toBe(sealOf(line("Ana", "2")));
});

describe("the pages", () => {
  let booth: Booth;
  let agent: Awaited<ReturnType<Booth["organizer"]>>;
  beforeEach(async () => {
    booth = await openBooth();
    agent = await booth.organizer();
  });
  afterEach(() => booth.close());
  const send = (file: string | Buffer) =>
    agent
      .post("/experts/import?event=winter-camp")
      .attach("file", Buffer.from(file as string), "experts.csv");
  const sealIn = (html: string) => ({
    content: /name="content" value="([^"]*)"/.exec(html)?.[1] ?? "",
    seal: /name="seal" value="([^"]*)"/.exec(html)?.[1] ?? "",
  });
  const confirm = ({ content, seal }: { content: string; seal: string }) =>
    agent.post("/experts/import?event=winter-camp").field("content", content).field("seal", seal);

  test("a file is shown first and written when that is confirmed", async () => {
    await agent.get("/experts/import").expect(200);
    const shown = await send('Name,Topics,Pet\n"<b>Ana</b>",storage,cat\nBob,No such!,dog\n').expect(200);
    expect(shown.text).toContain("&lt;b&gt;Ana");
    expect(shown.text).toContain("“No such!” is not known here.");
    expect(shown.text).toContain("<strong>Pet</strong>");
    expect(await listExperts(booth.db.read)).toEqual([]);
    const done = await confirm(sealIn(shown.text)).expect(303);
    expect(done.headers.location).toBe("/experts?event=winter-camp&added=1&changed=0");
    expect((await agent.get(done.headers.location as string)).text).toContain("<strong>1</strong> added");
    expect(await listExperts(booth.db.read)).toMatchObject([{ name: "<b>Ana</b>", topics: ["storage"] }]);
    // Confirmed once more, by going back: what it would do now is shown, and it is nothing.
    const again = await confirm(sealIn(shown.text)).expect(409);
    expect(again.text).toContain("changed meanwhile");
    expect(await listExperts(booth.db.read)).toHaveLength(1);
  });

  test("a long file comes through whole", async () => {
    const lines = Array.from(
      { length: 5000 },
      (_, index) => `Expert ${index},"${"topic-".repeat(10)}${index}"`,
    );
    const shown = await send(`Name,Topics\n${lines.join("\n")}`).expect(200);
    expect(shown.text).toContain("Bring in 5,000 experts");
    await confirm(sealIn(shown.text)).expect(303);
    expect(await filedExperts(booth.db.read)).toHaveLength(5000);
  });

  test("what cannot be read comes back in plain words", async () => {
    expect((await send(Buffer.alloc(10_000_000, 120)).expect(422)).text).toContain("larger than 2 MB");
    expect((await send("Surname\nAna\n").expect(422)).text).toContain("no column “Name”");
    const nothing = await agent.post("/experts/import").field("seal", "").expect(422);
    expect(nothing.text).toContain("Please choose a file.");
    await agent.post("/experts/import").type("form").send({ content: "%%%", seal: "x" }).expect(422);
  });

  test("the list goes out as CSV, with the webhooks' addresses only where they are asked for", async () => {
    const chat = {
      name: "Chat",
      kind: "chat" as const,
      address: "https://c.example",
      topics: ["storage", "upgrade"],
    };
    await booth.db.write((writer) =>
      addExpert(writer, { ...chat, reachedBy: "webhook", webhook: "https://c.example/hooks/secret" }, NOON),
    );
    const plain = await agent.get("/experts.csv").expect(200);
    expect(plain.headers["content-disposition"]).toBe("attachment; filename=experts.csv");
    expect(plain.type).toBe("text/csv");
    const [head, row] = readCsv(plain.text);
    expect(head).toEqual(COLUMNS.filter(({ key }) => key !== "webhook").map(({ heading }) => heading));
    expect(row).toContain("storage; upgrade");
    expect(plain.text).not.toContain("secret");
    // What is not in the file stays as it is.
    expect((await send(plain.text)).text).toContain("All of it is here already.");
    const whole = await agent.get("/experts.csv?webhooks=yes").expect(200);
    expect(readCsv(whole.text)[1]).toContain("https://c.example/hooks/secret");
  });
});
