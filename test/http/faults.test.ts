import { createServer, type Server } from "node:http";
import express, { type RequestHandler } from "express";
import { sql } from "kysely";
import pino from "pino";
import request from "supertest";
import { Problem } from "../../src/errors";
import { answerProblems } from "../../src/http/faults";
import { setUpViews } from "../../src/http/pages";
import { aVisit, type Booth, openBooth } from "../support/booth";

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;

describe("what the caller can mend", () => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth();
  });
  afterEach(() => booth.close());

  const post = (address: string, type: string, body: string | Buffer) =>
    booth.nobody().post(address).set("Content-Type", type).send(body);

  test("an address that leads nowhere shows people a page with a way on", async () => {
    const answer = await booth.nobody().get("/no/such/page").set("Accept", "text/html").expect(404);
    expect(answer.text).toContain("<h1>Nothing here</h1>");
    expect(answer.text).toContain('href="/"');
    expect(answer.text).toMatch(ID);
  });

  test("an address that leads nowhere tells programs so in JSON", async () => {
    for (const asked of [
      booth.nobody().get("/no/such/page").set("Accept", "application/json"),
      booth.nobody().get("/api/no-such-thing"),
      booth.nobody().put("/api/visits"),
    ]) {
      const { body, status } = await asked;
      expect(status).toBe(404);
      expect(body).toMatchObject({ problem: "missing", title: "Nothing here", fields: [] });
      expect(body.id).toMatch(ID);
    }
  });

  test.each([
    ["malformed JSON", "application/json", '{"visits": [', 400, "This is not valid JSON."],
    ["JSON that is a single value", "application/json", '"hello"', 400, "This is not valid JSON."],
    ["a type that nobody reads", "text/plain", "hello", 415, "Please send this as JSON"],
    ["XML", "application/xml", "<visits/>", 415, "Please send this as JSON"],
    ["an unknown character set", "application/json; charset=klingon", "{}", 415, "UTF-8"],
  ])("%s is answered in words", async (_what, type, body, status, words) => {
    const answer = await post("/api/visits", type, body).expect(status);
    expect(answer.body.message).toContain(words);
  });

  test("bytes that claim to be packed are refused", async () => {
    const answer = await post("/api/visits", "application/json", Buffer.from("not gzip")).set(
      "Content-Encoding",
      "gzip",
    );
    expect(answer.status).toBe(400);
  });

  test.each([
    ["/api/visits", "application/json", `{"visits": ["${"x".repeat(4 * 1024 * 1024)}"]}`],
    ["/session", "application/x-www-form-urlencoded", `passphrase=${"x".repeat(256 * 1024)}`],
    ["/session", "application/x-www-form-urlencoded", "a=1&".repeat(2001)],
  ])("%s takes only as much as fits", async (address, type, body) => {
    const answer = await post(address, type, body).set("Accept", "application/json").expect(413);
    expect(answer.body).toMatchObject({ problem: "too-large", title: "Too much at once" });
  });

  test.each(["/pair/%E0%A4%A", "/pair/%00", "/events/%"])(
    "a broken address is said to be so: %s",
    async (address) => {
      await booth.nobody().get(address).expect(400);
    },
  );

  test("an address is shown as text, whatever stands in it", async () => {
    const answer = await booth.nobody().get("/%3Cscript%3Ealert(1)%3C/script%3E?a=<b>").expect(404);
    expect(answer.text).not.toMatch(/<script|<b>/);
  });

  test("is in the log with its number, its kind and its route, and without anything typed", async () => {
    const tablet = await booth.tablet();
    await tablet.send(aVisit());
    const { body } = await post(
      "/api/visits?event=secret-event",
      "application/json",
      '{"name": "Zoë Secret"',
    ).expect(400);
    await booth
      .nobody()
      .post("/session")
      .type("form")
      .send({ passphrase: "a secret of mine", next: "/secret" });
    await booth.nobody().get("/pair/secret-code").expect(410);
    const lines = booth.logged.map((line) => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({ id: body.id, problem: "malformed", method: "POST" }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ problem: "gone", route: "/pair/:code" }));
    expect(booth.logged.join("")).not.toMatch(/secret/i);
  });
});

describe("a fault of the program", () => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth();
  });
  afterEach(() => booth.close());

  test("has a number that the log has too, and says nothing of what was typed or how it is built", async () => {
    const tablet = await booth.tablet();
    await booth.db.write((writer) => sql`DROP TABLE contact_consents`.execute(writer));
    await booth.db.write((writer) => sql`DROP TABLE contacts`.execute(writer));
    const visit = aVisit({
      note: "met Zoë at the lake",
      contact: { name: "Zoë Zimmer", email: "zoe@example.org", phone: "+32 470 11 22 33" },
      questions: [{ text: "Is my boss watching?" }],
    });
    const answer = await booth
      .nobody()
      .post("/api/visits")
      .set("Authorization", `Bearer ${tablet.token}`)
      .send({ visits: [visit] })
      .expect(500);
    expect(answer.body).toMatchObject({ problem: "fault", title: "That went wrong on our side", fields: [] });
    const line = booth.logged.map((each) => JSON.parse(each)).find((each) => each.id === answer.body.id);
    expect(line).toMatchObject({ level: 50, msg: "fault", method: "POST", route: "/api/visits" });
    expect(line.code).toBe("SQLITE_ERROR");
    expect(answer.text).not.toMatch(/contacts|sqlite|node_modules|\.ts\b|\\n/i);
    for (const typed of ["Zoë", "zoe@", "470", "lake", "boss", tablet.token]) {
      expect(booth.logged.join("")).not.toContain(typed);
      expect(answer.text).not.toContain(typed);
    }
  });

  test("shows people a page with its number", async () => {
    const organizer = await booth.organizer();
    await booth.db.write((writer) => sql`ALTER TABLE devices RENAME TO gone`.execute(writer));
    const page = await organizer.get("/devices").set("Accept", "text/html").expect(500);
    const id = ID.exec(page.text)?.[0] as string;
    expect(page.text).toContain("tell the organizer this number");
    expect(booth.logged.at(-1)).toContain(id);
    expect(page.text).not.toMatch(/no such table|node_modules|devices\.ts/);
  });
});

describe("the last step", () => {
  const logged: string[] = [];
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** A server with one address that does what is given. */
  async function serving(handle: RequestHandler) {
    logged.length = 0;
    const app = express();
    setUpViews(app);
    app.get("/", handle);
    app.use(answerProblems(pino({}, { write: (line: string) => void logged.push(line) })));
    server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return () => request(server).get("/");
  }

  test("leaves an error's message out of the log, even where it looks like a stack", async () => {
    const typed = 'Zoë wrote: "hello\n    at home (Zoë:1:1)\n  at Zoë:2:2"';
    const ask = await serving(() => {
      throw new Error(`could not keep ${typed}`);
    });
    await ask().expect(500);
    expect(logged.join("")).not.toContain("Zoë");
    expect(JSON.parse(logged[0] as string).frames[0]).toMatch(/faults\.test\.ts:\d+:\d+/);
  });

  test.each([
    ["a text", "Zoë"],
    ["nothing", undefined],
    ["an object", { message: "Zoë", stack: "Zoë" }],
    ["null", null],
  ])("copes with %s that was thrown", async (_what, thrown) => {
    const ask = await serving(() => Promise.reject(thrown));
    await ask().expect(500);
    expect(logged).toHaveLength(1);
    expect(logged.join("")).not.toContain("Zoë");
  });

  test("cuts an answer off that fails half way, so that nobody takes it for a whole one", async () => {
    const ask = await serving((_req, res) => {
      res.write("half of a list");
      throw new Error("the disk is gone");
    });
    await expect(ask().then(() => "a whole answer")).rejects.toThrow(/aborted|hang up/);
    expect(JSON.parse(logged[0] as string)).toMatchObject({ level: 50, msg: "fault" });
  });

  test("answers a problem with its kind's status and its fields", async () => {
    const fields = [{ field: "contact.email", message: "This does not look like a mail address." }];
    const ask = await serving(() => {
      throw new Problem("invalid", "Please mend this.", fields);
    });
    const answer = await ask().set("Accept", "text/html");
    expect(answer.status).toBe(422);
    expect(answer.text).toContain("<strong>contact.email</strong>: This does not look like a mail address.");
    expect(JSON.parse(logged[0] as string)).toMatchObject({ level: 30, problem: "invalid" });
  });
});
