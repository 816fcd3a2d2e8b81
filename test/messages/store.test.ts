import { uuidv7 } from "uuidv7";
import { CLAIM, GRACE, pauseAfter } from "../../src/messages/rules";
import {
  cancelMessage,
  claimDue,
  countForOrganizer,
  enqueueDigest,
  expireClaims,
  hasten,
  mailHost,
  markSentByHand,
  renewClaim,
  sendNow,
  settle,
} from "../../src/messages/store";
import { undoStep } from "../../src/questions/steps/store";
import { addAnswerer, ask, messagesOf, SOON, step } from "../support/asking";
import { type Booth, openBooth } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

describe.each(ENGINES)("messages on %s", (engine) => {
  let booth: Booth;
  let kai: string;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    kai = await addAnswerer(booth);
  });
  afterEach(() => booth.close());

  const write: Booth["db"]["write"] = (work) => booth.db.write(work);
  const claim = (now: number, via: "mail" | "webhook" = "mail") =>
    write((writer) => claimDue(writer, via, now));
  const route = async (text = "Which disk?", expertId = kai) => {
    const id = await ask(booth, text);
    return { id, activityId: await step(booth, id, "routed", { expertId }) };
  };
  const only = async () => {
    const [message, ...others] = await messagesOf(booth);
    expect(others).toEqual([]);
    return message as NonNullable<typeof message>;
  };
  async function undo(id: string, activityId: string) {
    const { version } = await booth.db.read
      .selectFrom("questions")
      .select("version")
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    const by = { kind: "organizer" as const, name: "organizer" };
    return write((writer) =>
      undoStep(writer, id, { step: activityId, shown: version, by, now: booth.deps.now() }),
    );
  }

  test("what is not due is not given out, and what is due is given out once", async () => {
    await route();
    expect(await claim(NOON + GRACE - 1)).toBeUndefined();
    const claimed = await claim(NOON + GRACE);
    expect(claimed).toMatchObject({
      state: "sending",
      attempts: 1,
      left_at: NOON + GRACE,
      mayHaveLeft: false,
    });
    expect(await claim(NOON + GRACE)).toBeUndefined();
    expect(await claim(NOON + GRACE, "webhook")).toBeUndefined();
  });

  test("of two that ask at once, one gets it", async () => {
    await route();
    const both = await Promise.all([claim(NOON + SOON), claim(NOON + SOON)]);
    expect(both.filter(Boolean)).toHaveLength(1);
  });

  test("the one that waits longest goes first", async () => {
    const lou = await addAnswerer(booth);
    await route("First", lou);
    booth.setClock(NOON + 1000);
    await route("Second");
    expect((await claim(NOON + SOON))?.expert_id).toBe(lou);
    expect((await claim(NOON + SOON))?.expert_id).toBe(kai);
  });

  test("a claim that is renewed is nobody else's; one that ran out is, and the first sender's failure counts no more", async () => {
    await route();
    const first = await claim(NOON + SOON);
    if (!first) throw new Error("nothing was due");
    await write((writer) => renewClaim(writer, first, NOON + SOON + CLAIM - 1));
    await write((writer) => expireClaims(writer, "mail", NOON + SOON + CLAIM));
    expect(await claim(NOON + SOON + CLAIM)).toBeUndefined();
    const later = NOON + SOON + 2 * CLAIM;
    await write((writer) => expireClaims(writer, "mail", later));
    expect(await only()).toMatchObject({
      state: "waiting",
      left_at: NOON + SOON,
      problem: "Boothlight was stopped while this was under way.",
    });
    const second = await claim(later);
    expect(second).toMatchObject({ id: first.id, attempts: 2, left_at: NOON + SOON, mayHaveLeft: true });
    await write((writer) => settle(writer, first, { kind: "refused", reason: "No." }, later));
    expect(await only()).toMatchObject({ state: "sending", attempts: 2 });
    // That it arrived is true, whoever says so.
    await write((writer) => settle(writer, first, { kind: "delivered" }, later));
    expect(await only()).toMatchObject({ state: "delivered", delivered_at: later });
    await write((writer) => settle(writer, second as typeof first, { kind: "later", reason: "?" }, later));
    expect(await only()).toMatchObject({ state: "delivered", delivered_at: later, problem: null });
  });

  test("pauses grow up to an hour, and end never", () => {
    expect([1, 2, 3, 4, 5, 100].map((tries) => pauseAfter(tries) / 60_000)).toEqual([1, 5, 15, 60, 60, 60]);
  });

  test("a step whose message certainly has not left can be taken back, one whose message may have cannot", async () => {
    const { id, activityId } = await route();
    const first = await claim(NOON + SOON);
    if (!first) throw new Error("nothing was due");
    await expect(undo(id, activityId)).rejects.toThrow("has gone out");
    await write((writer) => settle(writer, first, { kind: "later", reason: "Away." }, NOON + SOON));
    await undo(id, activityId);
    expect(await only()).toMatchObject({ state: "cancelled" });
  });

  test("where nobody knows, a step cannot be taken back any more, whatever later tries bring", async () => {
    const { id, activityId } = await route();
    let now = NOON + SOON;
    for (const kind of ["unknown", "later", "refused"] as const) {
      const claimed = await claim(now);
      if (!claimed) throw new Error("nothing was due");
      await write((writer) => settle(writer, claimed, { kind, reason: "?" }, now));
      await expect(undo(id, activityId)).rejects.toThrow("has gone out");
      now += 24 * 60 * 60_000;
    }
    expect(await only()).toMatchObject({ state: "failed", left_at: NOON + SOON });
  });

  test("a step that comes while a message is under way gets a message of its own", async () => {
    await route("First");
    await claim(NOON + GRACE);
    booth.setClock(NOON + GRACE);
    await route("Second");
    expect((await messagesOf(booth)).map(({ state }) => state)).toEqual(["sending", "waiting"]);
  });

  test("a chat's message that was under way when the program ended waits for the organizer", async () => {
    const chat = await addAnswerer(booth, { reached_by: "webhook", webhook: "https://chat.example/hook" });
    await route("Which disk?", chat);
    await claim(NOON + SOON, "webhook");
    await write((writer) => expireClaims(writer, "webhook", NOON + SOON + CLAIM));
    expect(await only()).toMatchObject({ state: "uncertain", left_at: NOON + SOON });
    expect(await countForOrganizer(booth.db.read, 10)).toBe(1);
    const { id } = await only();
    await write((writer) => markSentByHand(writer, id, NOON + SOON + CLAIM));
    expect(await only()).toMatchObject({ state: "delivered", left_at: NOON + SOON });
  });

  test("what was tried in vain while the server was away goes when it is back; what waits for its time does not", async () => {
    await route("Tried");
    const first = await claim(NOON + SOON);
    if (!first) throw new Error("nothing was due");
    await write((writer) => settle(writer, first, { kind: "later", reason: "Away." }, NOON + SOON));
    booth.setClock(NOON + SOON);
    await route("Fresh", await addAnswerer(booth));
    await write((writer) => hasten(writer, "mail", NOON + SOON, NOON + SOON + 1));
    expect((await messagesOf(booth)).map(({ due_at }) => due_at - NOON - SOON)).toEqual([1, GRACE]);
  });

  test("the organizer's steps are refused where the message is under way or has arrived", async () => {
    await route();
    const claimed = await claim(NOON + SOON);
    if (!claimed) throw new Error("nothing was due");
    const steps = [
      () => write((writer) => sendNow(writer, claimed.id, { now: NOON })),
      () => write((writer) => cancelMessage(writer, claimed.id)),
      () => write((writer) => markSentByHand(writer, claimed.id, NOON)),
    ];
    for (const each of steps) await expect(each()).rejects.toMatchObject({ kind: "conflict" });
    await write((writer) => settle(writer, claimed, { kind: "delivered" }, NOON + SOON));
    for (const each of steps) await expect(each()).rejects.toMatchObject({ kind: "conflict" });
    await expect(write((writer) => markSentByHand(writer, uuidv7(), NOON))).rejects.toMatchObject({
      kind: "missing",
    });
  });

  test("the end of Message-IDs is the one that was used first", async () => {
    expect(await write((writer) => mailHost(writer, "one.example"))).toBe("one.example");
    expect(await write((writer) => mailHost(writer, "two.example"))).toBe("one.example");
  });

  describe("a digest", () => {
    const digest = (now = NOON) =>
      write((writer) => enqueueDigest(writer, { expertId: kai, via: "mail", isHeld: false, now }));

    test("goes at once, takes along what waits, and what comes before it has gone", async () => {
      await route("First");
      const id = await digest();
      await route("Second");
      expect(await messagesOf(booth)).toMatchObject([
        { kind: "routing", state: "cancelled", problem: "It went along with a digest." },
        { kind: "digest", state: "waiting", due_at: NOON },
      ]);
      const steps = await booth.db.read
        .selectFrom("message_steps")
        .select("question_id")
        .where("message_id", "=", id as string)
        .execute();
      expect(steps).toHaveLength(2);
    });

    test("is no longer needed where every step that it tells of was taken back", async () => {
      const { id, activityId } = await route();
      await digest();
      await undo(id, activityId);
      expect((await messagesOf(booth)).map(({ state }) => state)).toEqual(["cancelled", "cancelled"]);
    });

    test("that has left keeps its steps from being taken back", async () => {
      const { id, activityId } = await route();
      await digest();
      await claim(NOON);
      await expect(undo(id, activityId)).rejects.toThrow("has gone out");
    });

    test("is none where nothing is with the expert", async () => {
      const { id } = await route();
      await step(booth, id, "given back");
      expect(await digest()).toBeUndefined();
    });
  });
});
