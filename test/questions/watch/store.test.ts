import { cancelMessage, claimDue, dropClaimed, enqueueDigest } from "../../../src/messages/store";
import { activityOfQuestion, questionById } from "../../../src/questions/store";
import { bringBackOverdue, tellUntold } from "../../../src/questions/watch/store";
import { deleteVisit, restoreVisit } from "../../../src/visits/store";
import { type Booth, openBooth, type Tablet } from "../../support/booth";
import { ENGINES, NOON } from "../../support/databases";
import { anExpert, asked, type Holder, steps } from "../../support/holding";

const DAY = 24 * 3_600_000;

describe.each(ENGINES)("questions are watched on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  let kai: Holder;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet("Ada");
    kai = await anExpert(booth, "Kai");
    await booth.db.write((writer) => writer.updateTable("experts").set({ reached_by: "mail" }).execute());
  });
  afterEach(() => booth.close());

  const messages = () =>
    booth.db.read
      .selectFrom("messages")
      .select(["kind", "state"])
      .orderBy("created_at")
      .orderBy("id")
      .execute();

  test("one whose time runs out comes back before all others, and who had it is told", async () => {
    const first = await asked(tablet, "Asked first");
    const late = await asked(tablet, "Which disk?");
    await steps(booth, late, "routed", { to: kai });
    const { due_at } = await questionById(booth.db.read, late);
    // Saturday noon in Brussels: the third working day ends on Wednesday night.
    expect(new Date(due_at as number).toISOString()).toBe("2024-02-07T23:00:00.000Z");
    expect(await bringBackOverdue(booth.db, (due_at as number) - 1)).toBe(0);
    expect(await bringBackOverdue(booth.db, due_at as number)).toBe(1);
    expect(await questionById(booth.db.read, late)).toMatchObject({
      state: "open",
      expert_id: null,
      rank: 0,
    });
    expect(await questionById(booth.db.read, first)).toMatchObject({ rank: 2 });
    expect(await activityOfQuestion(booth.db.read, late)).toMatchObject([
      { step: "timed out", expert: "Kai", actor_kind: "program" },
      { step: "routed" },
    ]);
    expect(await messages()).toEqual([
      { kind: "routing", state: "waiting" },
      { kind: "time-out", state: "waiting" },
    ]);
    expect(await bringBackOverdue(booth.db, (due_at as number) + DAY)).toBe(0);
  });

  test("two programs that look at once bring it back once", async () => {
    const id = await asked(tablet, "Which disk?");
    await steps(booth, id, "routed", { to: kai });
    const at = NOON + 30 * DAY;
    const done = await Promise.all([bringBackOverdue(booth.db, at), bringBackOverdue(booth.db, at)]);
    expect(done.sort()).toEqual([0, 1]);
    expect(await activityOfQuestion(booth.db.read, id)).toHaveLength(2);
  });

  test("an answer that comes late is welcome, until somebody else has the question", async () => {
    const lou = await anExpert(booth, "Lou");
    const [one, other] = [await asked(tablet, "Which disk?"), await asked(tablet, "Which cable?")];
    for (const id of [one, other]) await steps(booth, id, "routed", { to: kai });
    await bringBackOverdue(booth.db, NOON + 30 * DAY);
    await steps(booth, other, "routed", { to: lou });
    const by = { kind: "expert" as const, name: "Kai", expertId: kai.id };
    const page = await booth.nobody().get(kai.link).expect(200);
    expect(page.text).toContain("Which disk?");
    expect(page.text).not.toContain("Which cable?");
    const answer = (id: string, version: number) =>
      booth
        .nobody()
        .post(`${kai.link}/questions/${id}/answer`)
        .type("form")
        .send({ version: String(version), answer: "Any." });
    await answer(one, (await questionById(booth.db.read, one)).version).expect(303);
    expect(await questionById(booth.db.read, one)).toMatchObject({
      state: "answered",
      expert: "Kai",
      answer: "Any.",
    });
    await answer(other, (await questionById(booth.db.read, other)).version).expect(409);
    await expect(steps(booth, other, "answered", { by, note: "Any." })).rejects.toMatchObject({
      kind: "conflict",
    });
    expect(await questionById(booth.db.read, other)).toMatchObject({ state: "routed", expert: "Lou" });
  });

  test("who was not told because the question was away is told when it is back", async () => {
    const id = await asked(tablet, "Which disk?");
    await steps(booth, id, "routed", { to: kai });
    const { visit_id } = await questionById(booth.db.read, id);
    await booth.db.write((writer) => deleteVisit(writer, visit_id, "organizer", NOON));
    // Its time came while there was nothing to tell.
    await booth.db.write(async (writer) => {
      const claimed = await claimDue(writer, "mail", NOON + 11 * 60_000);
      await dropClaimed(writer, claimed as NonNullable<typeof claimed>);
    });
    expect(await tellUntold(booth.db, NOON)).toBe(0);
    await booth.db.write((writer) => restoreVisit(writer, visit_id, "organizer", NOON));
    expect(await tellUntold(booth.db, NOON)).toBe(1);
    expect(await tellUntold(booth.db, NOON)).toBe(0);
    expect(await messages()).toEqual([
      { kind: "routing", state: "cancelled" },
      { kind: "routing", state: "waiting" },
    ]);
  });

  test("who the organizer does not want to be told is not told", async () => {
    const id = await asked(tablet, "Which disk?");
    await steps(booth, id, "routed", { to: kai });
    const [message] = await booth.db.read.selectFrom("messages").select("id").execute();
    await booth.db.write((writer) => cancelMessage(writer, message?.id as string));
    expect(await tellUntold(booth.db, NOON)).toBe(0);
  });

  test("who was told by a digest is not told again", async () => {
    const id = await asked(tablet, "Which disk?");
    await steps(booth, id, "routed", { to: kai });
    await booth.db.write((writer) =>
      enqueueDigest(writer, { expertId: kai.id, via: "mail", isHeld: false, now: NOON }),
    );
    expect(await tellUntold(booth.db, NOON)).toBe(0);
  });
});
