import { readFileSync } from "node:fs";
import request from "supertest";
import { inviteToPair, setLockAfter } from "../../src/access/store";
import { DEVICE_COOKIE, SESSION_COOKIE } from "../../src/http/cookies";
import { PASSPHRASE } from "../support/booth";
import { NOON } from "../support/databases";
import { openTrustedBooth, type TrustedBooth } from "../support/trusted";

let booth: TrustedBooth;
beforeEach(async () => {
  booth = await openTrustedBooth();
});
afterEach(() => booth.close());

type Scheme = "http" | "https";

/** A browser's jar as RFC 6265bis has it: no port, HTTP sees nothing that is Secure and writes over none of it. */
class Jar {
  #cookies = new Map<string, { value: string; secure: boolean }>();

  async ask(scheme: Scheme, method: "get" | "post", path: string, body: object = {}) {
    const agent =
      scheme === "http"
        ? request(booth.server)
        : request.agent(booth.secure.server, { ca: readFileSync(booth.authorityFile) });
    const sent = [...this.#cookies]
      .filter(([, { secure }]) => scheme === "https" || !secure)
      .map(([name, { value }]) => `${name}=${value}`);
    const asked = agent[method](path).set("Cookie", sent.join("; ")).redirects(0);
    const answer = await (method === "post" ? asked.type("form").send(body) : asked);
    for (const line of answer.get("Set-Cookie") ?? []) this.#keep(scheme, line);
    return answer;
  }

  #keep(scheme: Scheme, line: string): void {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    const secure = /; Secure/i.test(line);
    if (scheme === "http" && (secure || this.#cookies.get(name)?.secure)) return;
    if (name.startsWith("__Host-")) expect(line).toMatch(/; Path=\/.*; Secure/i);
    if (/Expires=Thu, 01 Jan 1970/.test(line)) this.#cookies.delete(name);
    else this.#cookies.set(name, { value, secure });
  }

  names(): string[] {
    return [...this.#cookies.keys()].sort();
  }

  valueOf(name: string): string | undefined {
    return this.#cookies.get(name)?.value;
  }

  /** Pairs the device for somebody. */
  async pair(scheme: Scheme, name: string): Promise<void> {
    const place = { eventId: booth.eventId, boothId: null };
    const code = await booth.db.write((writer) => inviteToPair(writer, place, NOON));
    expect((await this.ask(scheme, "post", `/pair/${code}`, { name })).status).toBe(303);
  }

  /** For whom the device is paired there; undefined where it is not. */
  async pairedFor(scheme: Scheme): Promise<string | undefined> {
    const answer = await this.ask(scheme, "get", "/capture");
    if (answer.status !== 200) return undefined;
    return ["Ada", "Bob"].find((name) => answer.text.includes(name));
  }

  async signIn(scheme: Scheme): Promise<void> {
    expect((await this.ask(scheme, "post", "/session", { passphrase: PASSPHRASE })).status).toBe(303);
  }

  async isSignedIn(scheme: Scheme): Promise<boolean> {
    return (await this.ask(scheme, "get", "/events")).status === 200;
  }
}

let jar: Jar;
beforeEach(() => {
  jar = new Jar();
});

describe("a tablet", () => {
  test("that was paired over HTTP goes on over HTTPS", async () => {
    await jar.pair("http", "Ada");
    expect(await jar.pairedFor("https")).toBe("Ada");
    expect(jar.names()).toEqual([DEVICE_COOKIE]);
  });

  test("that was paired over HTTPS can be paired over HTTP too, which may not write over that", async () => {
    await jar.pair("https", "Ada");
    expect(await jar.pairedFor("http")).toBeUndefined();
    await jar.pair("http", "Bob");
    expect(await jar.pairedFor("http")).toBe("Bob");
    expect(await jar.pairedFor("https")).toBe("Ada");
  });

  test("that is paired anew over HTTPS is paired so there, and stays what it was over HTTP", async () => {
    await jar.pair("http", "Ada");
    await jar.pair("https", "Bob");
    expect([await jar.pairedFor("https"), await jar.pairedFor("http")]).toEqual(["Bob", "Ada"]);
  });

  test("whose pairing of HTTPS was ended goes on with the one that it has over HTTP", async () => {
    await jar.pair("https", "Ada");
    await jar.pair("http", "Bob");
    await booth.db.write((writer) =>
      writer.updateTable("devices").set({ unpaired_at: NOON }).where("staff_name", "=", "Ada").execute(),
    );
    expect(await jar.pairedFor("https")).toBe("Bob");
  });

  test("that ends its pairing over HTTPS keeps the other, where its visits may wait", async () => {
    await jar.pair("http", "Ada");
    await jar.pair("https", "Bob");
    expect((await jar.ask("https", "post", "/pairing/end")).status).toBe(303);
    expect(jar.names()).toEqual([DEVICE_COOKIE]);
    expect(await jar.pairedFor("http")).toBe("Ada");
  });

  test("that was paired over HTTP alone and ends that over HTTPS is paired nowhere", async () => {
    await jar.pair("http", "Ada");
    expect((await jar.ask("https", "post", "/pairing/end")).status).toBe(303);
    expect(jar.names()).toEqual([]);
    expect(await jar.pairedFor("http")).toBeUndefined();
  });
});

describe("the organizer", () => {
  test("who signed in over HTTP is signed in over HTTPS, and the other way round not", async () => {
    await jar.signIn("http");
    expect(await jar.isSignedIn("https")).toBe(true);
    const other = new Jar();
    await other.signIn("https");
    expect(await other.isSignedIn("http")).toBe(false);
  });

  test("who signs out over HTTPS is out everywhere", async () => {
    await jar.signIn("http");
    await jar.signIn("https");
    expect(jar.names()).toEqual([`__Host-${SESSION_COOKIE}`, SESSION_COOKIE]);
    await jar.ask("https", "post", "/session/end");
    expect(jar.names()).toEqual([]);
    expect([await jar.isSignedIn("http"), await jar.isSignedIn("https")]).toEqual([false, false]);
    expect(await booth.db.read.selectFrom("sessions").select("token_hash").execute()).toEqual([]);
  });

  test("who is at work over HTTPS does not open the session that has locked over HTTP", async () => {
    await booth.db.write((writer) => setLockAfter(writer, 15, NOON));
    await jar.signIn("http");
    booth.setClock(NOON + 16 * 60_000);
    await jar.signIn("https");
    booth.setClock(NOON + 20 * 60_000);
    expect((await jar.ask("https", "post", "/session/use")).status).toBe(200);
    expect([await jar.isSignedIn("http"), await jar.isSignedIn("https")]).toEqual([false, true]);
  });

  test("is not signed in over HTTP by the cookie of HTTPS, should it ever come that way", async () => {
    await jar.signIn("https");
    const cookie = `__Host-${SESSION_COOKIE}=${jar.valueOf(`__Host-${SESSION_COOKIE}`)}`;
    await booth.nobody().get("/events").set("Cookie", cookie).expect(401);
    await booth.nobody().get("/events").set("Cookie", cookie.replace("__Host-", "")).expect(200);
  });
});

test("over HTTPS, what a page of plain HTTP at the same host sends is foreign", async () => {
  const agent = request.agent(booth.secure.server, { ca: readFileSync(booth.authorityFile) });
  const { host } = new URL(booth.secureAddress.replace("localhost", "127.0.0.1"));
  const signIn = (origin: string) =>
    agent.post("/session").set("Origin", origin).type("form").send({ passphrase: PASSPHRASE });
  await signIn(`http://${host}`).expect(403);
  await signIn(booth.address).expect(403);
  await signIn(`https://${host}`).expect(303);
});
