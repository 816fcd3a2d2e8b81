import os from "node:os";
import { PAIRING_LASTS, SEEN_EVERY } from "../../src/access/rules";
import { inviteToPair, inviteToSignIn } from "../../src/access/store";
import { DEVICE_COOKIE } from "../../src/http/cookies";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { contentOf } from "../support/catalogue";
import { NOON } from "../support/databases";

let booth: Booth;
beforeEach(async () => {
  booth = await openBooth();
});
afterEach(() => booth.close());

const newCode = () =>
  booth.db.write((writer) => inviteToPair(writer, { eventId: booth.eventId, boothId: null }, NOON));
const pair = (code: string, name?: string) =>
  booth.nobody().post(`/pair/${code}`).type("form").send({ name }).redirects(0);
const pairByProgram = (code: string, name: unknown) =>
  booth.nobody().post(`/pair/${code}`).set("Accept", "application/json").send({ name });
const devices = () => booth.db.read.selectFrom("devices").selectAll().execute();
const withToken = (token: string) => ({ Authorization: `Bearer ${token}` });

/** The path in the address that the organizer's page shows. */
async function codeOnThePage(query = ""): Promise<string> {
  const organizer = await booth.organizer();
  const page = await organizer.get(`/pair${query}`).expect(200);
  const address = /href="([^"]+)" data-pairing-address/.exec(page.text)?.[1] as string;
  expect(page.text).toContain("<svg");
  return new URL(address).pathname;
}

describe("a pairing code", () => {
  test("from the organizer's page pairs a tablet with the booth that was chosen", async () => {
    const path = await codeOnThePage("?event=winter-camp&booth=lounge");
    const page = await booth.nobody().get(path).expect(200);
    expect(page.text).toContain("Winter Camp");
    expect(page.text).toContain("Lounge");
    const answer = await booth.nobody().post(path).type("form").send({ name: " Ada " }).expect(303);
    expect(answer.get("Location")).toBe("/");
    const cookie = answer.get("Set-Cookie")?.[0] as string;
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Lax/);
    const [device] = await devices();
    expect(device?.staff_name).toBe("Ada");
    const lounge = await booth.db.read
      .selectFrom("booths")
      .select("id")
      .where("slug", "=", "lounge")
      .executeTakeFirst();
    expect(device?.booth_id).toBe(lounge?.id);
    const capture = await booth.nobody().get("/").set("Cookie", cookie).expect(200);
    expect(capture.text).toContain("Ada");
  });

  test("points to the laptop's address that was chosen, and to no other's", async () => {
    await booth.close();
    booth = await openBooth({ config: { host: "" } });
    const wifi = { address: "192.168.1.5", family: "IPv4", internal: false } as os.NetworkInterfaceInfo;
    const networks = { wlan0: [wifi], eth1: [{ ...wifi, address: "10.0.0.3" }] };
    const mock = jest.spyOn(os, "networkInterfaces").mockReturnValue(networks);
    const organizer = await booth.organizer();
    const shown = async (query: string) => {
      const { text } = await organizer.get(`/pair${query}`).expect(200);
      return new URL(/href="([^"]+)" data-pairing-address/.exec(text)?.[1] as string).origin;
    };
    const { text } = await organizer.get("/pair").expect(200);
    const offered = [...text.matchAll(/href="([^"]*&amp;address=[^"]+)"/g)].map((found) =>
      (found[1] as string).replaceAll("&amp;", "&").replace("/pair", ""),
    );
    expect(offered).toHaveLength(2);
    const first = await shown("");
    expect(first).toMatch(/^http:\/\/192\.168\.1\.5:\d+$/);
    expect(await shown(offered[0] as string)).toBe(first);
    expect(await shown(offered[1] as string)).toBe(first.replace("192.168.1.5", "10.0.0.3"));
    expect(await shown("?address=http://evil.example")).toBe(first);
    expect(await shown("?address=http://evil.example&address=http://10.0.0.3")).toBe(first);
    mock.mockRestore();
  });

  test("points to PUBLIC_URL where that is set", async () => {
    await booth.close();
    booth = await openBooth({ config: { publicUrl: "https://booth.example.org" } });
    const organizer = await booth.organizer();
    expect((await organizer.get("/pair")).text).toMatch(/https:\/\/booth\.example\.org\/pair\/[a-z2-9]{20}"/);
  });

  test("can be typed: it has no letters that look like one another, and no signs", async () => {
    const codes = await Promise.all(Array.from({ length: 20 }, newCode));
    for (const code of codes) expect(code).toMatch(/^[a-hjkmnp-z2-9]{20}$/);
    expect(new Set(codes).size).toBe(20);
  });

  test("gives programs the token", async () => {
    const { body } = await pairByProgram(await newCode(), "Ada").expect(201);
    expect(body).toEqual({ id: expect.any(String), token: expect.stringMatching(/^[\w-]{32}$/) });
    await booth
      .nobody()
      .get("/api/visits")
      .set(withToken(body.token))
      .expect(200, { visits: [], platforms: {} });
  });

  test("is not used up by opening it", async () => {
    const code = await newCode();
    const before = await contentOf(booth.db);
    for (let times = 0; times < 3; times++) await booth.nobody().get(`/pair/${code}`).expect(200);
    expect(await contentOf(booth.db)).toEqual(before);
    await pair(code, "Ada").expect(303);
  });

  test("works once", async () => {
    const code = await newCode();
    await pair(code, "Ada").expect(303);
    expect((await pair(code, "Bob").expect(410)).text).toContain("used already");
    await booth.nobody().get(`/pair/${code}`).expect(410);
    expect(await devices()).toHaveLength(1);
  });

  test("pairs one of two who press the button at the same time", async () => {
    const code = await newCode();
    const answers = await Promise.all([pairByProgram(code, "Ada"), pairByProgram(code, "Bob")]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 410]);
    expect(await devices()).toHaveLength(1);
  });

  test("works for ten minutes", async () => {
    const code = await newCode();
    booth.setClock(NOON + PAIRING_LASTS);
    await booth.nobody().get(`/pair/${code}`).expect(410);
    await pair(code, "Ada").expect(410);
    booth.setClock(NOON + PAIRING_LASTS - 1);
    await pair(code, "Ada").expect(303);
    expect(PAIRING_LASTS).toBe(600_000);
  });

  test("asks for a name, and keeps what was typed where it is too long", async () => {
    const code = await newCode();
    for (const nobody of ["", "   ", "\0"]) {
      const empty = await pair(code, nobody).expect(422);
      expect(empty.text).toContain("Please say who uses this tablet.");
      expect(empty.text).toMatch(/id="name"[^>]*aria-invalid="true"/);
    }
    const long = `Ada "${"a".repeat(70)}" <b>`;
    const answer = await pair(code, long).expect(422);
    expect(answer.text).toContain("60 characters at most");
    expect(answer.text).toContain(`value="Ada &#34;${"a".repeat(70)}&#34; &lt;b&gt;"`);
    const program = await pairByProgram(code, 7).expect(422);
    expect(program.body.fields).toEqual([{ field: "name", message: "This should be text." }]);
    expect(await devices()).toEqual([]);
    await pair(code, "Ada").expect(303);
  });

  test("pairs nobody by the name that the laptop's own visits have", async () => {
    const code = await newCode();
    for (const name of ["organizer", " ORGANIZER"]) {
      expect((await pair(code, name).expect(422)).text).toContain("This name is the organizer&#39;s.");
    }
    expect(await devices()).toEqual([]);
  });

  test("signs nobody in, and a sign-in address pairs nothing", async () => {
    const code = await newCode();
    await booth.nobody().post(`/sign-in/${code}`).expect(410);
    const signIn = await booth.db.write((writer) => inviteToSignIn(writer, NOON));
    await pair(signIn, "Ada").expect(410);
  });

  test("and a device's token are kept as hashes alone", async () => {
    const code = await newCode();
    const { body } = await pairByProgram(code, "Ada");
    const content = JSON.stringify(await contentOf(booth.db));
    expect(content).not.toContain(code);
    expect(content).not.toContain(body.token);
  });
});

describe("a paired device", () => {
  test("is asked to be paired anew with words that say for whom it is now", async () => {
    const { body } = await pairByProgram(await newCode(), "Ada");
    const page = await booth
      .nobody()
      .get(`/pair/${await newCode()}`)
      .set(withToken(body.token));
    expect(page.text).toContain("already paired");
    expect(page.text).toContain("Ada");
  });

  test("that is unpaired is out at once, with words that say what to do; its visits stay", async () => {
    const ada = await booth.tablet("Ada");
    const bob = await booth.tablet("Bob");
    await ada.send(aVisit());
    const organizer = await booth.organizer();
    const list = await organizer.get("/devices?event=winter-camp").expect(200);
    expect(list.text).toContain("Ada");
    const answer = await organizer.post(`/devices/${ada.id}/unpairing?event=winter-camp`).expect(303);
    expect(answer.get("Location")).toBe("/devices?event=winter-camp");
    const refused = await booth
      .nobody()
      .post("/api/visits")
      .set(withToken(ada.token))
      .send({ visits: [aVisit()] })
      .expect(401);
    expect(refused.body.message).toContain("no longer paired");
    await booth.nobody().get("/capture").set("Cookie", `${DEVICE_COOKIE}=${ada.token}`).expect(401);
    await bob.send(aVisit());
    expect(await booth.db.read.selectFrom("visits").select("id").execute()).toHaveLength(2);
    const { body } = await organizer.get("/devices").set("Accept", "application/json");
    expect(body.devices.map((device: { staffName: string }) => device.staffName)).toEqual(["Bob"]);
  });

  test("is heard of with its requests, and noted once a minute at the most", async () => {
    const ada = await booth.tablet("Ada");
    const lastSeen = async () => {
      // The note is written beside the answer; this waits until the door has let it through.
      await booth.db.write(async () => {});
      return (await devices())[0]?.last_seen_at;
    };
    const askAt = async (at: number) => {
      booth.setClock(at);
      await booth.nobody().get("/api/visits").set(withToken(ada.token)).expect(200);
    };
    await askAt(NOON + SEEN_EVERY);
    expect(await lastSeen()).toBe(NOON);
    await askAt(NOON + SEEN_EVERY + 1);
    expect(await lastSeen()).toBe(NOON + SEEN_EVERY + 1);
    await askAt(NOON + SEEN_EVERY + 30_000);
    expect(await lastSeen()).toBe(NOON + SEEN_EVERY + 1);
  });

  test("shows the organizer when it was last heard of, in the event's time", async () => {
    await booth.tablet("Ada");
    const organizer = await booth.organizer();
    expect((await organizer.get("/devices")).text).toContain("just now");
    booth.setClock(NOON + 3_600_000);
    expect((await organizer.get("/devices")).text).toMatch(
      /Paired <\/span>3 Feb, 12:00<\/td>\s*<td>[^/]*Heard of <\/span>3 Feb, 12:00<\/td>/,
    );
  });

  test("is shown its name as it was typed, whatever it is", async () => {
    const { body } = await pairByProgram(await newCode(), '<img src=x onerror="alert(1)">');
    const organizer = await booth.organizer();
    for (const page of [
      await organizer.get("/devices"),
      await booth.nobody().get("/").set(withToken(body.token)),
    ]) {
      expect(page.text).toContain("&lt;img src=x onerror=&#34;alert(1)&#34;&gt;");
      expect(page.text).not.toContain("<img");
    }
  });
});

test("a booth without an event tells the organizer who wants to pair to set one up first", async () => {
  await booth.db.write(async (writer) => {
    for (const table of ["booths", "projects", "topics", "platforms", "remarks", "giveaways"] as const) {
      await writer.deleteFrom(table).execute();
    }
    await writer.deleteFrom("events").execute();
  });
  const organizer = await booth.organizer();
  for (const page of ["/pair", "/devices"]) {
    const answer = await organizer.get(page).expect(200);
    expect(answer.text).toContain("Set up an event first; then tablets can be paired with it.");
    expect(answer.text).toContain('href="/events/new"');
  }
});
