import type request from "supertest";
import { hashPassphrase, isPassphrase, SESSION_LASTS, SIGN_IN_ADDRESS_LASTS } from "../../src/access/rules";
import { hasEverSignedIn, inviteToSignIn, keptPassphrase, setPassphrase } from "../../src/access/store";
import { SESSION_COOKIE } from "../../src/http/cookies";
import { type Booth, openBooth, PASSPHRASE } from "../support/booth";
import { contentOf } from "../support/catalogue";
import { ENGINES, NOON } from "../support/databases";

const CHOSEN = "the lamp in the hall";

let booth: Booth;
afterEach(() => booth.close());

const open = async (config: Parameters<typeof openBooth>[0] = {}) => {
  booth = await openBooth(config);
};
/** A booth on its first day: nobody has set a passphrase. */
const openFresh = () => open({ config: { organizerPassphrase: undefined } });
const signIn = (passphrase: string, more: object = {}) =>
  booth
    .nobody()
    .post("/session")
    .type("form")
    .send({ passphrase, ...more });
const newCode = () => booth.db.write((writer) => inviteToSignIn(writer, NOON));
const choose = (code: string, passphrase = CHOSEN, again = passphrase) =>
  booth.nobody().post(`/sign-in/${code}`).type("form").send({ passphrase, again });
const cookiesOf = (answer: request.Response) => (answer.get("Set-Cookie") ?? []).join("\n");

describe("a passphrase", () => {
  test("is kept as a scrypt hash that only the same words fit, and nowhere in clear", async () => {
    await openFresh();
    await choose(await newCode()).expect(303);
    const kept = await keptPassphrase(booth.db.read);
    expect(kept).toMatch(/^scrypt\$131072\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(JSON.stringify(await contentOf(booth.db))).not.toContain(CHOSEN);
    expect(await isPassphrase(CHOSEN, kept as string)).toBe(true);
    expect(await isPassphrase(`${CHOSEN}!`, kept as string)).toBe(false);
  });

  test("has another hash each time, so that nobody sees that two are the same", async () => {
    await openFresh();
    expect(await hashPassphrase(CHOSEN)).not.toBe(await hashPassphrase(CHOSEN));
  });

  test("is the same whichever way a keyboard makes its accents", async () => {
    await openFresh();
    await choose(await newCode(), "zwölf kühle Köche".normalize("NFD")).expect(303);
    await signIn("zwölf kühle Köche".normalize("NFC")).expect(303);
  });

  test("from ORGANIZER_PASSPHRASE counts instead of the one that was set", async () => {
    await open();
    const hash = await hashPassphrase(CHOSEN);
    await booth.db.write((writer) => setPassphrase(writer, hash));
    await signIn(CHOSEN).expect(401);
    await signIn(PASSPHRASE).expect(303);
  });

  test("that is wrong brings the page back and says so beside the field", async () => {
    await open();
    const answer = await signIn("no idea at all").expect(401);
    expect(answer.text).toContain('id="problem-passphrase"');
    expect(answer.text).toContain("That is not the passphrase.");
    expect(answer.text).not.toContain("no idea at all");
    expect(cookiesOf(answer)).toBe("");
  });

  test("that is missing brings the page back, and programs a problem", async () => {
    await open();
    expect((await signIn("").expect(422)).text).toContain("Please type the passphrase.");
    const answer = await booth.nobody().post("/session").set("Accept", "application/json").send({});
    expect(answer.status).toBe(422);
    expect(answer.body.fields).toEqual([{ field: "passphrase", message: "This is missing." }]);
  });

  test("that nobody has set yet is asked for at the laptop", async () => {
    await openFresh();
    const page = await signIn(CHOSEN, { next: "/devices" }).expect(401);
    expect(page.text).toContain("the sign-in address that the laptop printed");
    expect(page.text).toMatch(/name="passphrase"[^>]*aria-invalid="true"/s);
    expect(page.text).toContain('name="next" value="/devices"');
    const program = await booth
      .nobody()
      .post("/session")
      .set("Accept", "application/json")
      .send({ passphrase: CHOSEN });
    expect(program.status).toBe(401);
    expect(program.body.message).toContain("No passphrase has been set yet.");
  });
});

describe("the first sign-in's address", () => {
  test("asks for a passphrase, typed twice, and signs in with it from then on", async () => {
    await openFresh();
    const code = await newCode();
    const page = await booth.nobody().get(`/sign-in/${code}`).expect(200);
    expect(page.text).toContain('name="passphrase"');
    expect(page.text).toContain('name="again"');
    const answer = await choose(code).expect(303);
    expect(answer.get("Location")).toBe("/");
    const cookie = cookiesOf(answer).split(";")[0] as string;
    await booth.nobody().get("/events").set("Cookie", cookie).expect(200);
    await signIn(CHOSEN).expect(303);
  });

  test.each([
    ["short", "short", "At least 8 characters"],
    [CHOSEN, "another lamp", "This is not the same as above."],
  ])("asks again where %s and %s were typed, and is not used up", async (passphrase, again, words) => {
    await openFresh();
    const code = await newCode();
    const answer = await choose(code, passphrase, again).expect(422);
    expect(answer.text).toContain(words);
    expect(answer.text).toContain(`action="/sign-in/${code}"`);
    expect(await keptPassphrase(booth.db.read)).toBeUndefined();
    await choose(code).expect(303);
  });

  test("works once", async () => {
    await openFresh();
    const code = await newCode();
    await choose(code).expect(303);
    for (const page of [
      await booth.nobody().get(`/sign-in/${code}`).expect(410),
      await choose(code).expect(410),
    ]) {
      expect(page.text).toContain(
        "Sign in with the passphrase; if there is none yet, start Boothlight again",
      );
      expect(page.text).toContain('action="/session"');
      expect(page.text).not.toMatch(/pairs one device|aria-invalid/);
    }
    const program = await choose(code).set("Accept", "application/json").expect(410);
    expect(program.body.message).toContain("used already");
  });

  test("works for one of two who open it at the same time", async () => {
    await openFresh();
    const code = await newCode();
    const answers = await Promise.all([choose(code, "first come words"), choose(code, "second come words")]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([303, 410]);
    const winner = answers[0]?.status === 303 ? "first come words" : "second come words";
    await signIn(winner).expect(303);
  });

  test("works for a day", async () => {
    await openFresh();
    const code = await newCode();
    booth.setClock(NOON + SIGN_IN_ADDRESS_LASTS);
    await booth.nobody().get(`/sign-in/${code}`).expect(410);
    await choose(code).expect(410);
    booth.setClock(NOON + SIGN_IN_ADDRESS_LASTS - 1);
    await choose(code).expect(303);
  });

  test("that was printed earlier works no longer once a passphrase is set", async () => {
    await openFresh();
    const [earlier, code] = [await newCode(), await newCode()];
    await choose(code).expect(303);
    await choose(earlier, "words of somebody else").expect(410);
    await signIn(CHOSEN).expect(303);
  });

  test("asks for nothing where ORGANIZER_PASSPHRASE is set", async () => {
    await open();
    const code = await newCode();
    const page = await booth.nobody().get(`/sign-in/${code}`).expect(200);
    expect(page.text).not.toContain('name="passphrase"');
    expect(cookiesOf(await booth.nobody().post(`/sign-in/${code}`).expect(303))).toContain(SESSION_COOKIE);
  });

  test("changes nothing when it is only opened", async () => {
    await openFresh();
    const code = await newCode();
    const before = await contentOf(booth.db);
    await booth.nobody().get(`/sign-in/${code}`).expect(200);
    expect(await contentOf(booth.db)).toEqual(before);
  });
});

describe("a session", () => {
  beforeEach(() => open());

  test("is a cookie that scripts and other sites cannot use, and that the database knows as a hash", async () => {
    const cookie = cookiesOf(await signIn(PASSPHRASE));
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Lax/);
    expect(cookie).toMatch(/Path=\//);
    expect(cookie).not.toMatch(/Secure/);
    const token = new RegExp(`${SESSION_COOKIE}=([^;]+)`).exec(cookie)?.[1] as string;
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(JSON.stringify(await contentOf(booth.db))).not.toContain(token);
  });

  test("ends after a week", async () => {
    const organizer = await booth.organizer();
    booth.setClock(NOON + SESSION_LASTS - 1);
    await organizer.get("/events").expect(200);
    booth.setClock(NOON + SESSION_LASTS);
    await organizer.get("/events").expect(401);
  });

  test("ends when the organizer signs out, also for a copy of the cookie", async () => {
    const cookie = cookiesOf(await signIn(PASSPHRASE)).split(";")[0] as string;
    const out = await booth.nobody().post("/session/end").set("Cookie", cookie).expect(303);
    expect(cookiesOf(out)).toMatch(new RegExp(`${SESSION_COOKIE}=;.*Expires=Thu, 01 Jan 1970`));
    await booth.nobody().get("/events").set("Cookie", cookie).expect(401);
  });

  test("of somebody else goes on when one signs out", async () => {
    const [one, other] = [await booth.organizer(), await booth.organizer()];
    await one.post("/session/end").expect(303);
    await other.get("/events").expect(200);
  });

  test("ends when a new passphrase is set", async () => {
    const organizer = await booth.organizer();
    await booth.db.write((writer) => setPassphrase(writer, "scrypt$1$1$1$x$x"));
    await organizer.get("/events").expect(401);
  });

  test.each(['j:{"a":1}', "j:[1]", "s:x", "%00", "x".repeat(4000), "' OR 1=1 --"])(
    "is not opened by the cookie %s",
    async (value) => {
      const cookie = `${SESSION_COOKIE}=${value}`;
      await booth.nobody().get("/events").set("Cookie", cookie).expect(401);
      await booth.nobody().get("/capture").set("Cookie", `boothlight_device=${value}`).expect(401);
    },
  );
});

describe.each(ENGINES)("the first sign-in on %s", (engine) => {
  test("is remembered, also where the passphrase is a setting and the session has ended", async () => {
    await open({ engine });
    expect(await hasEverSignedIn(booth.db.read)).toBe(false);
    await signIn("no words of mine").expect(401);
    expect(await hasEverSignedIn(booth.db.read)).toBe(false);
    const organizer = await booth.organizer();
    await organizer.post("/session/end").expect(303);
    expect(await hasEverSignedIn(booth.db.read)).toBe(true);
    await booth.organizer();
  });

  test("is over when a passphrase has been kept", async () => {
    await open({ engine });
    await booth.db.write((writer) => setPassphrase(writer, "scrypt$1$1$1$x$x"));
    expect(await hasEverSignedIn(booth.db.read)).toBe(true);
  });
});

describe("behind a proxy", () => {
  test("cookies go over HTTPS alone where the page came that way", async () => {
    await open({ config: { publicUrl: "https://booth.example.org" } });
    const proxied = await signIn(PASSPHRASE).set("X-Forwarded-Proto", "https");
    expect(cookiesOf(proxied)).toMatch(/; Secure/);
  });

  test("that PUBLIC_URL does not speak of, its word counts nothing", async () => {
    await open();
    const claimed = await signIn(PASSPHRASE).set("X-Forwarded-Proto", "https");
    expect(cookiesOf(claimed)).not.toMatch(/; Secure/);
  });
});

describe("where signing in leads", () => {
  beforeEach(() => open());

  test.each(["/events/winter-camp/report?x=1#y", "/", "/devices"])(
    "is the page asked for: %s",
    async (next) => {
      expect((await signIn(PASSPHRASE, { next })).get("Location")).toBe(next);
    },
  );

  test.each([
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/ /evil.example",
    "/ok\r\nSet-Cookie: a=b",
    "evil.example",
    `/${"x".repeat(600)}`,
    "",
  ])("is never another site: %j", async (next) => {
    expect((await signIn(PASSPHRASE, { next })).get("Location")).toBe("/");
    const page = await booth
      .nobody()
      .get(`/sign-in?next=${encodeURIComponent(next)}`)
      .expect(200);
    expect(page.text).toContain('name="next" value="/"');
    const again = await signIn("wrong words", { next });
    expect(again.text).toContain('name="next" value="/"');
  });

  test("is the first page where two are named", async () => {
    const answer = await booth
      .nobody()
      .post("/session")
      .type("form")
      .send(`passphrase=${encodeURIComponent(PASSPHRASE)}&next=/a&next=/b`);
    expect(answer.get("Location")).toBe("/");
  });

  test("is offered by a page that asks to sign in", async () => {
    const page = await booth.nobody().get("/events/winter-camp/visits?q=nfs").expect(401);
    expect(page.text).toContain('href="/sign-in?next=%2Fevents%2Fwinter-camp%2Fvisits%3Fq%3Dnfs"');
  });
});
