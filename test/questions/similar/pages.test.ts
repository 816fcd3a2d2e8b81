import { questionById } from "../../../src/questions/store";
import { visitById } from "../../../src/visits/store";
import { type Booth, openBooth, type Tablet } from "../../support/booth";
import { ENGINES } from "../../support/databases";
import { anExpert, asked, steps } from "../../support/holding";

describe.each(ENGINES)("answers that are known, on %s", (engine) => {
  let booth: Booth;
  let ada: Tablet;
  let bob: Tablet;
  let answered: string;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    [ada, bob] = [await booth.tablet("Ada"), await booth.tablet("Bob")];
    const kai = await anExpert(booth, "Kai", { topics: ["storage"] });
    const contact = { name: "Renée Dubois", email: "renee@visitor.example", consent: ["follow-up" as const] };
    answered = await asked(ada, "Renée Dubois wonders how many disks a thin pool needs", { contact });
    await steps(booth, answered, "routed", { to: kai });
    await steps(booth, answered, "answered", {
      note: "Dear Renée, **two** are enough: renee@visitor.example",
    });
  });
  afterEach(() => booth.close());

  const as = (tablet: Tablet) => ({ Authorization: `Bearer ${tablet.token}` });
  const like = async (text: string) =>
    (await booth.nobody().get("/api/similar").query({ text }).set(as(bob)).expect(200)).body.similar;
  const same = (tablet: Tablet, id: string, other: string) =>
    booth.nobody().post(`/api/questions/${id}/same`).set(as(tablet)).send({ as: other });

  test("are found by what is typed, without who asked", async () => {
    const [found, ...others] = await like("how many disks for thin pools?");
    expect(others).toEqual([]);
    expect(found.id).toBe(answered);
    expect(found.answer).toContain("<strong>two</strong>");
    expect(JSON.stringify(found)).not.toMatch(/Renée|Dubois|renee@/);
    expect(await like("disks")).toEqual([]);
    expect(await like("which train goes to the harbour")).toEqual([]);
    const open = await asked(ada, "Where do lamps go at night in winter?");
    expect(await like("where do lamps go at night")).toEqual([]);
    await steps(booth, open, "closed");
    expect(await like("where do lamps go at night")).toEqual([]);
  });

  test("answer a tablet's own new question, once, and say who noted it", async () => {
    const id = await asked(bob, "How many disks for a thin pool?");
    await same(bob, id, answered).expect(200);
    await same(bob, id, answered).expect(200);
    expect(await questionById(booth.db.read, id)).toMatchObject({
      state: "answered",
      expert: "Kai",
      merged_into: answered,
    });
    const steps = await booth.db.read
      .selectFrom("activity")
      .select(["step", "actor", "actor_kind"])
      .where("question_id", "=", id)
      .execute();
    expect(steps).toEqual([{ step: "put together", actor: "Bob", actor_kind: "staff" }]);
    // Who asked now is told as well.
    const { visit_id } = await questionById(booth.db.read, id);
    const told = await booth.db.read
      .selectFrom("messages")
      .select("visit_id")
      .where("kind", "=", "answer")
      .execute();
    expect(told.map((each) => each.visit_id)).toContain((await visitById(booth.db.read, visit_id)).id);
  });

  test("answer nobody else's question, none that is on its way, and with none that has no answer", async () => {
    const id = await asked(bob, "How many disks for a thin pool?");
    await same(ada, id, answered).expect(404);
    await same(bob, id, "01890000-0000-7000-8000-000000000000").expect(404);
    const open = await asked(bob, "Which cable?");
    await same(bob, id, open).expect(409);
    await steps(booth, id, "closed");
    await same(bob, id, answered).expect(409);
    expect(await questionById(booth.db.read, id)).toMatchObject({ state: "closed", merged_into: null });
  });
});
