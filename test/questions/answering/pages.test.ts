import { uuidv7 } from "uuidv7";
import { allRoutes } from "../../../src/app";
import { renewLink, revokeLink } from "../../../src/experts/links/store";
import { expertById } from "../../../src/experts/store";
import { mergeQuestions } from "../../../src/questions/merging/store";
import { activityOfQuestion, questionById } from "../../../src/questions/store";
import { deleteVisit } from "../../../src/visits/store";
import { type Booth, openBooth, type Tablet } from "../../support/booth";
import { contentOf } from "../../support/catalogue";
import { ENGINES, NOON } from "../../support/databases";
import { anExpert, asked, type Holder, ORGANIZER, steps } from "../../support/holding";

let booth: Booth;
let tablet: Tablet;
let kai: Holder;
let lou: Holder;

async function open(options: Parameters<typeof openBooth>[0] = {}): Promise<void> {
  booth = await openBooth(options);
  tablet = await booth.tablet("Ada");
  kai = await anExpert(booth, "Kai", { topics: ["storage"] });
  lou = await anExpert(booth, "Lou", { topics: ["networking"] });
}
afterEach(() => booth.close());

const get = (path: string) => booth.nobody().get(path);
const post = (path: string, body: object) => booth.nobody().post(path).type("form").send(body);
const pageOf = (holder: Holder, id: string) => `${holder.link}/questions/${id}`;

async function askedOf(holder: Holder, text = "Which disk?", given: Parameters<typeof asked>[2] = {}) {
  const id = await asked(tablet, text, given);
  await steps(booth, id, "routed", { to: holder });
  return id;
}
const standing = async (id: string) => {
  const { state, expert, answer, version } = await questionById(booth.db.read, id);
  return { state, expert, answer, version };
};
const lastStep = async (id: string) => {
  const [{ step, actor, actor_kind, expert, note }] = (await activityOfQuestion(booth.db.read, id)) as [
    Awaited<ReturnType<typeof activityOfQuestion>>[number],
  ];
  return { step, actor, actor_kind, expert, note };
};

describe.each(ENGINES)("on %s, an expert", (engine) => {
  beforeEach(() => open({ engine }));

  test("sees what waits for them, the most urgent first, and nothing else", async () => {
    const [later, high, theirs, free] = [
      await asked(tablet, "Later?"),
      await asked(tablet, "Sooner?"),
      await asked(tablet, "For Lou?"),
      await asked(tablet, "For nobody?"),
    ];
    await steps(booth, later, "routed", { to: kai });
    await steps(booth, high, "routed", { to: kai, now: NOON - 9 * 86_400_000 });
    await steps(booth, theirs, "routed", { to: lou });
    const { text } = await get(kai.link).expect(200);
    expect(text).toContain("2 questions wait for you");
    expect(text.indexOf("Sooner?")).toBeGreaterThan(0);
    expect(text.indexOf("Sooner?")).toBeLessThan(text.indexOf("Later?"));
    expect(text).toContain("Was awaited by");
    expect(text).toContain("Please answer by Wed 7 Feb");
    for (const words of ["For Lou?", "For nobody?", theirs, free]) expect(text).not.toContain(words);
  });

  test("says to be on it, answers, and puts the answer right", async () => {
    const id = await askedOf(kai);
    const claimed = await post(`${pageOf(kai, id)}/claim`, { version: 2 }).expect(303);
    await post(`${pageOf(kai, id)}/claim`, { version: 2 }).expect(303);
    expect((await get(claimed.headers.location as string).expect(200)).text).toContain("You are on it");
    expect(await lastStep(id)).toMatchObject({ step: "claimed", actor: "Kai", actor_kind: "expert" });

    const answer = "**Any.**\r\nReally.";
    const answered = await post(`${pageOf(kai, id)}/answer`, { version: 3, answer }).expect(303);
    expect(await standing(id)).toMatchObject({
      state: "answered",
      expert: "Kai",
      answer: "**Any.**\nReally.",
    });
    expect((await get(answered.headers.location as string).expect(200)).text).toContain("Thank you!");
    const { text } = await get(pageOf(kai, id)).expect(200);
    expect(text).toContain("<strong>Any.</strong><br>\nReally.");

    await post(`${pageOf(kai, id)}/answer`, { version: 4, answer: "An SSD." }).expect(303);
    expect(await standing(id)).toMatchObject({ state: "answered", expert: "Kai", answer: "An SSD." });
    const told = await booth.db.read
      .selectFrom("messages")
      .select("kind")
      .where("kind", "=", "answer")
      .execute();
    expect(told).toEqual([{ kind: "answer" }]);
  });

  test("passes on to somebody else, who reads why", async () => {
    const id = await askedOf(kai);
    const passed = await post(`${pageOf(kai, id)}/passing`, {
      version: 2,
      expert: "lou",
      note: "More of a network thing",
    }).expect(303);
    expect((await get(passed.headers.location as string).expect(200)).text).toContain("Passed on to Lou");
    expect(await standing(id)).toMatchObject({ state: "routed", expert: "Lou" });
    const { text } = await get(pageOf(lou, id)).expect(200);
    expect(text).toContain("Passed on to you by Kai");
    expect(text).toContain("More of a network thing");
    await get(pageOf(kai, id)).expect(404);
  });

  test("gives back with a reason: it stands in the organizer's queue again", async () => {
    const id = await askedOf(kai);
    await post(`${pageOf(kai, id)}/return`, { version: 2, note: "No time" }).expect(303);
    expect(await standing(id)).toMatchObject({ state: "open", expert: null });
    expect(await lastStep(id)).toEqual({
      step: "given back",
      actor: "Kai",
      actor_kind: "expert",
      expert: "Kai",
      note: "No time",
    });
    expect((await get(`${kai.link}?done=returned`)).text).toContain("Nothing waits for you.");
  });

  test("says how much they can take, and when they are away", async () => {
    const time = async () => {
      const { weekly, away_from, away_until, revision } = await expertById(booth.db.read, kai.id);
      return { weekly, away_from, away_until, revision };
    };
    await post(`${kai.link}/capacity`, { weekly: "3" }).expect(303);
    expect(await time()).toEqual({ weekly: 3, away_from: null, away_until: null, revision: 2 });
    const { text } = await get(kai.link);
    expect(text).toContain("up to 3 a week");
    expect(text).toMatch(/value="2"[\s\S]*I can take fewer[\s\S]*value="5"[\s\S]*I can take more/);

    const away = { awayFrom: "2024-02-05", awayUntil: "2024-02-09" };
    await post(`${kai.link}/capacity`, away).expect(303);
    expect(await time()).toMatchObject({ weekly: 3, away_from: "2024-02-05", away_until: "2024-02-09" });
    expect((await get(kai.link)).text).toContain("You are away from Mon 5 Feb 2024");
    const wrong = { awayFrom: "2024-02-07", awayUntil: "2024-02-06" };
    const { text: again } = await post(`${kai.link}/capacity`, wrong).expect(422);
    expect(again).toContain("The last day comes before the first.");
    expect(again).toContain('value="2024-02-07"');
    await post(`${kai.link}/capacity`, { awayFrom: "", awayUntil: "" }).expect(303);
    expect(await time()).toMatchObject({ weekly: 3, away_from: null, away_until: null });
  });

  test("is led to the question that theirs is asked together with, and sees how many asked it", async () => {
    const [head, member, third] = [
      await askedOf(kai, "Which disk?"),
      await askedOf(kai, "What disk?", {
        contact: { name: "Sam", email: "sam@visitor.example", consent: [] },
      }),
      await asked(tablet, "Disks?", { contact: { name: "Ann", phone: "+32 2 555", consent: ["follow-up"] } }),
    ];
    await booth.db.write((writer) =>
      mergeQuestions(
        writer,
        { id: head, version: 2 },
        [
          { id: member, version: 2 },
          { id: third, version: 1 },
        ],
        { by: ORGANIZER, now: NOON },
      ),
    );
    const list = await get(kai.link).expect(200);
    expect(list.text).toContain("One question waits for you");
    expect(list.text).toContain("2 more asked it");
    const led = await get(pageOf(kai, member)).expect(303);
    expect(led.headers.location).toBe(pageOf(kai, head));
    const { text } = await get(pageOf(kai, head)).expect(200);
    expect(text).toContain("renee@<wbr>visitor.example");
    expect(text).toContain("+32 2 555");
    expect(text).not.toContain("Sam");
    await get(pageOf(lou, member)).expect(404);

    const late = await post(`${pageOf(kai, member)}/answer`, { version: 2, answer: "An SSD." }).expect(409);
    expect(late.text).toContain("asked together with another one");
    expect(late.text).toMatch(/<textarea[^>]* data-typed[^>]*>\nAn SSD\.<\/textarea>/);
    const version = /name="version" value="(\d+)"/.exec(late.text)?.[1];
    await post(`${pageOf(kai, head)}/answer`, { version, answer: "An SSD." }).expect(303);
    expect(await standing(third)).toMatchObject({ state: "answered", answer: "An SSD." });
  });

  test("keeps what they wrote where somebody was faster", async () => {
    const id = await askedOf(kai);
    await steps(booth, id, "passed on", { to: lou });
    const late = await post(`${pageOf(kai, id)}/answer`, { version: 2, answer: "An <SSD>." }).expect(409);
    expect(late.text).toContain("This question is not with you any more");
    expect(late.text).toContain("Somebody else has it now.");
    expect(late.text).toContain("An &lt;SSD&gt;.");
    expect(late.text).not.toContain("Lou");
    expect(await standing(id)).toMatchObject({ state: "routed", expert: "Lou", answer: null });
  });

  test("is told where the question changed but stayed, and can send the same words again", async () => {
    const id = await askedOf(kai);
    await steps(booth, id, "answered", { note: "By the organizer" });
    const late = await post(`${pageOf(kai, id)}/answer`, { version: 2, answer: "By Kai" }).expect(409);
    expect(late.text).toContain("answered by somebody else a moment ago");
    expect(late.text).toContain("By the organizer");
    expect(late.text).toMatch(/<textarea[^>]* data-typed[^>]*>\nBy Kai<\/textarea>/);
    expect(await standing(id)).toMatchObject({ answer: "By the organizer" });
    await post(`${pageOf(kai, id)}/answer`, { version: 3, answer: "By Kai" }).expect(303);
    expect(await standing(id)).toMatchObject({ answer: "By Kai" });
  });

  test("who had a question and asks for it is told what is told of one that never was", async () => {
    const [had, never] = [await askedOf(kai), await askedOf(lou)];
    await steps(booth, had, "given back");
    const words = async (path: string) => {
      const answer = await get(path).expect(404);
      return answer.text;
    };
    const ofNone = await words(pageOf(kai, uuidv7()));
    for (const id of [had, never]) expect(await words(pageOf(kai, id))).toBe(ofNone);
    expect(ofNone).toContain(`href="${kai.link}"`);
  });
});

describe("a private link", () => {
  beforeEach(() => open({ config: { publicUrl: "http://booth.example.org" } }));

  /** From an address of its own, so that wrong tries are not slowed down. */
  let from = 0;
  const ask = (method: "get" | "post", path: string, body?: object) => {
    from += 1;
    const asking = booth
      .nobody()
      [method](path)
      .set("X-Forwarded-For", `10.0.${from >> 8}.${from & 255}`);
    return body ? asking.type("form").send(body) : asking;
  };
  const forms = { answer: "Mine", note: "Mine", expert: "kai", version: 2, weekly: "1" };

  test("does nothing with the question of another expert, as if there were none", async () => {
    const id = await askedOf(lou);
    await asked(tablet, "For nobody?");
    const before = await contentOf(booth.db);
    for (const action of ["claim", "preview", "answer", "passing", "return"]) {
      const theirs = await ask("post", `${pageOf(kai, id)}/${action}`, forms);
      const none = await ask("post", `${pageOf(kai, uuidv7())}/${action}`, forms);
      expect([action, theirs.status, theirs.text]).toEqual([action, 404, none.text]);
      expect(theirs.text.includes("Mine")).toBe(action !== "claim");
    }
    expect(await contentOf(booth.db)).toEqual(before);
  });

  test("opens nothing of the organizer's or the staff's, and gives no cookie", async () => {
    const id = await askedOf(kai);
    const page = await ask("get", pageOf(kai, id));
    expect(page.headers["set-cookie"]).toBeUndefined();
    const token = kai.link.slice(3);
    for (const route of allRoutes(booth.deps).filter(({ who }) => who !== "anyone")) {
      const path = route.path.replace(/questions\/:id/, `questions/${id}`).replace(/:\w+/g, "winter-camp");
      const { status } = await booth
        .nobody()
        [route.method](`${path}?token=${token}`)
        .set("Authorization", `Bearer ${token}`)
        .set("Referer", booth.address + kai.link);
      expect([route.path, status]).toEqual([route.path, 401]);
    }
  });

  test("answers, renewed or revoked, like one that was made up", async () => {
    const id = await askedOf(kai);
    const madeUp = `/x/${"A".repeat(54)}`;
    await booth.db.write((writer) => renewLink(writer, kai.id));
    await booth.db.write((writer) => revokeLink(writer, lou.id));
    const before = await contentOf(booth.db);
    for (const rest of ["", `/questions/${id}`]) {
      for (const link of [kai.link, lou.link, madeUp, "/x/short", `${madeUp}x`]) {
        const { status, text } = await ask("get", link + rest);
        expect(status).toBe(404);
        expect(text).toContain("This link is no longer good.");
      }
    }
    for (const rest of ["/capacity", `/questions/${id}/answer`]) {
      for (const link of [kai.link, madeUp]) expect((await ask("post", link + rest, forms)).status).toBe(404);
    }
    expect(await contentOf(booth.db)).toEqual(before);
  });

  test("is kept in no cache and by no search engine, and told to no other site", async () => {
    const id = await askedOf(kai);
    await steps(booth, id, "answered", { note: "See https://lists.example.org/thread/1" });
    for (const path of [kai.link, pageOf(kai, id), pageOf(kai, uuidv7()), "/x/made-up"]) {
      const { headers, text } = await ask("get", path);
      expect(headers["cache-control"]).toBe("no-store");
      expect(headers["x-robots-tag"]).toBe("noindex, nofollow");
      expect(headers["referrer-policy"]).toBe("same-origin");
      for (const [link] of text.matchAll(/<a [^>]*href="https?:[^>]*>/g))
        expect(link).toContain("noreferrer");
    }
    expect((await ask("get", pageOf(kai, id))).text).toContain('href="https://lists.example.org/thread/1"');
    expect(booth.logged.join("\n")).not.toContain(kai.link.slice(3));
  });

  test("that a mail scanner opens changes nothing", async () => {
    const id = await askedOf(kai);
    const before = await contentOf(booth.db);
    for (const path of [kai.link, pageOf(kai, id)]) {
      await ask("get", path).expect(200);
      await booth.nobody().head(path).expect(200);
    }
    for (const action of ["claim", "answer", "return", "passing", "preview"]) {
      await ask("get", `${pageOf(kai, id)}/${action}`).expect(404);
    }
    expect(await contentOf(booth.db)).toEqual(before);
  });
});

describe("the page", () => {
  beforeEach(() => open());

  test("has what an answer needs, and contact details only of those who agreed", async () => {
    const id = await askedOf(kai, "Which <disk>?", { note: "Forty hosts", project: "lantern", people: 2 });
    const { text } = await get(pageOf(kai, id)).expect(200);
    for (const words of ["Which &lt;disk&gt;?", "Storage", "Lantern", "VMware", "Forty hosts", "2 people"]) {
      expect(text).toContain(words);
    }
    expect(text).toContain("3 Feb, 12:00, Winter Camp");
    expect(text).toContain("renee@<wbr>visitor.example");
    const quiet = {
      contact: { name: "Quincy", email: "quincy@visitor.example", consent: ["news" as const] },
    };
    const other = await askedOf(kai, "And which case?", quiet);
    expect((await get(pageOf(kai, other))).text).not.toMatch(/quincy/i);
  });

  test("of a forum or a list has no contact details and no notes about visitors", async () => {
    for (const kind of ["forum", "mailing-list", "chat"] as const) {
      const place = await anExpert(booth, `Lantern ${kind}`, { kind });
      const id = await askedOf(place, "Which disk?", { note: "Renée from the library" });
      const { text } = await get(pageOf(place, id)).expect(200);
      expect(text).toContain("Which disk?");
      expect(text).not.toMatch(/renée|visitor\.example|library/i);
      expect((await get(place.link)).text).toContain(`One question waits for Lantern ${kind}`);
    }
  });

  test("shows how an answer will look before it is sent, and keeps nothing of it", async () => {
    const id = await askedOf(kai);
    const before = await contentOf(booth.db);
    const typed = { version: 2, answer: "Use **two**\n\n<script>alert(1)</script>" };
    const { text } = await post(`${pageOf(kai, id)}/preview`, typed).expect(200);
    expect(text).toContain("Use <strong>two</strong>");
    expect(text).toContain("Use **two**\n\n&lt;script&gt;");
    expect(text).not.toContain("<script>alert");
    expect(await contentOf(booth.db)).toEqual(before);
  });

  test("that was looked at first still notices what happened in between", async () => {
    const id = await askedOf(kai);
    await steps(booth, id, "answered", { note: "By the organizer" });
    const { text } = await post(`${pageOf(kai, id)}/preview`, { version: 2, answer: "By Kai" }).expect(200);
    const version = /name="version" value="(\d+)"/.exec(text)?.[1];
    await post(`${pageOf(kai, id)}/answer`, { version, answer: "By Kai" }).expect(409);
    expect(await standing(id)).toMatchObject({ answer: "By the organizer" });
  });

  test("takes the address of a thread for an answer", async () => {
    const id = await askedOf(kai);
    const answer = "https://lists.example.org/thread/1?a=b&c=*d*";
    await post(`${pageOf(kai, id)}/answer`, { version: 2, answer }).expect(303);
    const { text } = await get(pageOf(kai, id)).expect(200);
    expect(text).toContain("It is answered here");
    expect(text).toContain('href="https://lists.example.org/thread/1?a=b&amp;c=*d*"');
  });

  test("comes back with what was typed where something is missing", async () => {
    const id = await askedOf(kai);
    const at = pageOf(kai, id);
    expect((await post(`${at}/answer`, { version: 2, answer: " " }).expect(422)).text).toContain(
      "Please say what was answered",
    );
    const long = "x".repeat(5001);
    expect((await post(`${at}/answer`, { version: 2, answer: long }).expect(422)).text).toContain(long);
    const hidden = await anExpert(booth, "Old hand", { hidden: true });
    for (const expert of ["", "kai", "unheard-of", "old-hand"]) {
      const { text } = await post(`${at}/passing`, { version: 2, expert, note: "For you" }).expect(422);
      expect(text).toMatch(/Please choose (who gets it|somebody from the list)\./);
      expect(text).toContain(">For you</textarea>");
    }
    expect((await get(at)).text).not.toContain(hidden.name);
    expect(await standing(id)).toMatchObject({ state: "routed", expert: "Kai", version: 2 });
  });

  test("sent twice is one answer, and nobody is told twice", async () => {
    const id = await askedOf(kai);
    const sent = { version: 2, answer: "An SSD." };
    const twice = [1, 2].map(() => post(`${pageOf(kai, id)}/answer`, sent).expect(303));
    await Promise.all(twice);
    await post(`${pageOf(kai, id)}/answer`, sent).expect(303);
    const answers = (await activityOfQuestion(booth.db.read, id)).filter(({ step }) => step === "answered");
    expect(answers).toHaveLength(1);
  });

  test("of a question that was closed, or whose visit is in the bin, is there no more", async () => {
    const [closed, binned] = [await askedOf(kai, "Closed?"), await askedOf(kai, "Binned?")];
    await steps(booth, closed, "closed");
    const { visit_id } = await questionById(booth.db.read, binned);
    await booth.db.write((writer) => deleteVisit(writer, visit_id, "organizer", NOON));
    const { text } = await get(kai.link).expect(200);
    expect(text).toContain("Nothing waits for you.");
    for (const id of [closed, binned]) await get(pageOf(kai, id)).expect(404);
    const late = await post(`${pageOf(kai, binned)}/answer`, { version: 2, answer: "Late" }).expect(409);
    expect(late.text).toContain("taken out of the booth’s questions");
    expect(late.text).toContain("Late");
  });

  test("says that an absent expert is away, to whom a question might be passed", async () => {
    const id = await askedOf(kai);
    await post(`${lou.link}/capacity`, { awayFrom: "2024-02-01", awayUntil: "" }).expect(303);
    expect((await get(pageOf(kai, id))).text).toContain(">Lou (away)</option>");
  });

  test("guessed links are slowed down, good ones are not", async () => {
    for (let times = 0; times < 50; times++) await get(kai.link).expect(200);
    const statuses = new Set<number>();
    for (let tries = 0; tries < 41; tries++) {
      statuses.add((await get(`/x/${"A".repeat(54)}/questions/${uuidv7()}`)).status);
    }
    expect([...statuses]).toEqual([404, 429]);
  });
});

test("the organizer's page tells who answered, and shows Markdown", async () => {
  await open();
  const id = await askedOf(kai);
  await post(`${pageOf(kai, id)}/answer`, { version: 2, answer: "Use **two**." }).expect(303);
  const late = await askedOf(lou, "Which cable?");
  await steps(booth, late, "timed out", { by: { kind: "program", name: "Boothlight" } });
  const organizer = await booth.organizer();
  const page = async (of: string) =>
    (await organizer.get(`/questions/${of}`).expect(200)).text.replace(/<\/?(strong|span)[^>]*>/g, "");
  expect(await page(id)).toMatch(/Answered by Kai[\s\S]*Routed to Kai by the organizer/);
  expect((await organizer.get(`/questions/${id}`)).text).toContain("<p>Use <strong>two</strong>.</p>");
  expect(await page(late)).toContain("Came back unanswered from Lou by Boothlight");
});
