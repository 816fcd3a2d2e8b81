import { uuidv7 } from "uuidv7";
import { allRoutes } from "../../src/app";
import { newCode } from "../../src/visits/slips/rules";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { NOON } from "../support/databases";

/** What visitors left, on Ada's tablet and by themselves, and whom the organizer knows: nobody else's business. */
const SECRETS = [
  "Zenobia",
  "zenobia@visitor.example",
  "+32 470 99 88 77",
  "Secret Lamps NV",
  "@zenobia",
  "badge-4711",
  "wears a red hat",
  "Quentin",
  "quentin@visitor.example",
  "grace@expert.example",
];

let booth: Booth;
let bob: Tablet;
let values: Record<string, string>;
const theirs = aVisit({
  note: "She wears a red hat",
  contact: {
    name: "Zenobia",
    email: "zenobia@visitor.example",
    phone: "+32 470 99 88 77",
    organization: "Secret Lamps NV",
    handle: "@zenobia",
    badge: "badge-4711",
    consent: ["follow-up"],
  },
  questions: [
    {
      id: uuidv7(),
      text: "Does it run on Zenobia's lamp? Write to zenobia@visitor.example",
      slip: newCode(),
    },
  ],
});
const own = aVisit({
  contact: { name: "Bruno", email: "bruno@visitor.example", consent: [] },
  questions: [{ id: uuidv7(), text: "Where is the talk?", slip: newCode() }],
});

beforeAll(async () => {
  booth = await openBooth();
  const ada = await booth.tablet("Ada");
  bob = await booth.tablet("Bob");
  await ada.send(theirs);
  await bob.send(own);
  const asked = uuidv7();
  await booth.db.write(async (writer) => {
    await writer
      .insertInto("experts")
      .values({
        id: uuidv7(),
        slug: "grace",
        name: "Grace",
        kind: "person",
        address: "grace@expert.example",
        created_at: NOON,
      })
      .execute();
    await writer
      .insertInto("visitor_questions")
      .values({
        id: asked,
        event_id: booth.eventId,
        code: newCode(),
        text: "Is anybody there?",
        topic_id: null,
        contact: JSON.stringify({
          name: "Quentin",
          email: "quentin@visitor.example",
          consent: ["follow-up"],
        }),
        language: "en",
        asked_at: NOON,
        refused_at: null,
      })
      .execute();
    await writer
      .updateTable("questions")
      .set({ state: "answered", answer: "Yes, dear Zenobia: zenobia@visitor.example will hear more." })
      .where("visit_id", "=", theirs.id)
      .execute();
  });
  values = {
    visits: theirs.id,
    questions: theirs.questions?.[0]?.id as string,
    asked,
    s: theirs.questions?.[0]?.slip as string,
  };
});
afterAll(() => booth.close());

const asBob = (method: "get" | "post" | "delete", address: string) =>
  booth.nobody()[method](address).set("Authorization", `Bearer ${bob.token}`).redirects(0);
const found = (text: string) => SECRETS.filter((secret) => text.includes(secret));
const filled = (path: string, of = values) =>
  path.replace(/(\w+)\/:\w+/g, (_all, before: string) => `${before}/${of[before] ?? "winter-camp"}`);
const QUERY = "?text=Does+it+run+on+a+lamp%3F&code=&event=winter-camp";

test("no page and no answer for a tablet holds anything that a visitor left elsewhere", async () => {
  const told: string[] = [];
  let answers = 0;
  for (const { method, path, who } of allRoutes(booth.deps)) {
    if (who === "organizer" || path === "/pairing/end") continue;
    for (const accept of ["text/html", "application/json"]) {
      const asked = asBob(method, filled(path) + QUERY).set("Accept", accept);
      const { status, text, headers } = await (method === "post"
        ? asked.type("form").send({ name: "" })
        : asked);
      if (status < 300) answers += 1;
      const leaks = found((text ?? "") + JSON.stringify(headers));
      if (leaks.length > 0) told.push(`${method} ${path}: ${leaks.join(", ")}`);
    }
  }
  expect(told).toEqual([]);
  expect(answers).toBeGreaterThan(20);
});

test("a tablet is shown what it logged itself, so that it can be put right", async () => {
  const { text } = await asBob("get", "/api/visits").expect(200);
  expect(text).toContain("bruno@visitor.example");
  expect((await asBob("get", `/capture?visit=${own.id}`).expect(200)).text).toContain(
    "bruno@visitor.example",
  );
});

test("whoever sends another tablet's visit is not told what the laptop has of it", async () => {
  const { body } = await asBob("post", "/api/visits").send({
    visits: [
      { ...theirs, note: "guess", contact: undefined, questions: [] },
      { ...theirs, revision: 7, base: 7, contact: undefined, questions: [], note: "later" },
    ],
  });
  expect(body.results.map((result: { id: string }) => result.id)).toEqual([theirs.id, theirs.id]);
  expect(found(JSON.stringify(body))).toEqual([]);
});

test("questions that were answered before are offered without who asked them", async () => {
  const { body } = await asBob("get", "/api/similar?text=Does+it+run+on+my+lamp%3F+Write").expect(200);
  expect(found(JSON.stringify(body))).toEqual([]);
});
