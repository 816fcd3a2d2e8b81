import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { NOON } from "../support/databases";

let booth: Booth;
let tablet: Tablet;
beforeEach(async () => {
  booth = await openBooth();
  tablet = await booth.tablet();
});
afterEach(() => booth.close());

const ID = "018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a55";
const send = (address: string, body: object) =>
  booth.nobody().post(address).set("Authorization", `Bearer ${tablet.token}`).type("form").send(body);
const visits = () => booth.db.read.selectFrom("visits").selectAll().orderBy("id").execute();
const versions = () =>
  booth.db.read.selectFrom("visit_conflicts").selectAll().where("resolved_at", "is", null).execute();
const notesBeside = async () => (await versions()).map((row) => JSON.parse(row.payload).note);
const revisionOn = (page: string) => /name="revision" value="(\d*)"/.exec(page)?.[1];

/** What the organizer does with the visit, whose revision is 1, on a page of their own. */
async function noteOfOrganizer(note: string): Promise<void> {
  const organizer = await booth.organizer();
  const page = await organizer.get(`/visits/${ID}`).expect(200);
  const time = /name="time"[^>]*value="([^"]+)"/.exec(page.text)?.[1];
  await organizer
    .post(`/visits/${ID}`)
    .type("form")
    .send({ revision: "1", category: "new", people: "1", time, note })
    .expect(303);
}

describe("a plain form for a new visit", () => {
  test("that is sent twice, a second apart, is one visit without a second version", async () => {
    await send("/capture/visits", { id: ID, category: "new" }).expect(303);
    booth.setClock(NOON + 1000);
    await send("/capture/visits", { id: ID, category: "new" }).expect(303);
    expect(await visits()).toHaveLength(1);
    expect(await versions()).toHaveLength(0);
  });

  test("on a page that somebody went back to is another visit", async () => {
    await send("/capture/visits", { id: ID, category: "new" }).expect(303);
    booth.setClock(NOON + 60_000);
    const answer = await send("/capture/visits", { id: ID, category: "curious" }).expect(303);
    expect((await visits()).map((visit) => visit.category).sort()).toEqual(["curious", "new"]);
    expect(answer.headers.location).not.toContain(ID);
    expect(await versions()).toHaveLength(0);
  });

  test("on a page that somebody went back to after an undo counts", async () => {
    await send("/capture/visits", { id: ID, category: "new" }).expect(303);
    await send(`/capture/visits/${ID}/deletion`, {}).expect(303);
    booth.setClock(NOON + 60_000);
    await send("/capture/visits", { id: ID, category: "new" }).expect(303);
    expect((await visits()).filter((visit) => visit.deleted_at === null)).toHaveLength(1);
  });

  test("never touches a visit of somebody else's", async () => {
    const other = await booth.tablet("Bea");
    await other.send(aVisit({ id: ID, note: "Bea's" }));
    await send("/capture/visits", { id: ID, category: "new" }).expect(303);
    expect((await visits()).map((visit) => visit.staff_name).sort()).toEqual(["Ada", "Bea"]);
    expect(await versions()).toHaveLength(0);
  });
});

describe("a plain form about a visit", () => {
  beforeEach(async () => {
    await send("/capture/visits", { id: ID, category: "new" }).expect(303);
  });

  test("that was refused is no new version when it is sent again, mended", async () => {
    await noteOfOrganizer("laptop");
    const edit = { category: "new", note: "laptop", "contact.email": "ada at example" };
    const refused = await send(`/capture/visits/${ID}`, { ...edit, revision: "2" }).expect(422);
    const revision = revisionOn(refused.text);
    await send(`/capture/visits/${ID}`, { ...edit, revision, "contact.email": "ada@v.example" }).expect(303);
    expect(await versions()).toHaveLength(0);
  });

  test("that was sent again after the organizer had changed the visit does not take the organizer's words away", async () => {
    await noteOfOrganizer("laptop");
    const edit = { category: "new", note: "tablet" };
    const refused = await send(`/capture/visits/${ID}`, { ...edit, revision: "1" }).expect(409);
    await send(`/capture/visits/${ID}`, {
      ...edit,
      note: "tablet again",
      revision: revisionOn(refused.text),
    });
    const kept = [(await visits())[0]?.note, ...(await notesBeside())];
    expect(kept).toEqual(expect.arrayContaining(["laptop", "tablet", "tablet again"]));
  });
});
