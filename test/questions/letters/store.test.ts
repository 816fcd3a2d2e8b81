import { worded } from "../../../src/questions/letters/store";
import { mergeQuestions } from "../../../src/questions/merging/store";
import { bindSlip } from "../../../src/visits/slips/store";
import { deleteVisit } from "../../../src/visits/store";
import { addAnswerer, ask, messagesOf, step } from "../../support/asking";
import { type Booth, openBooth } from "../../support/booth";
import { ENGINES, NOON } from "../../support/databases";

const zoe = { name: "Zoë", email: "zoe@visitor.example" };
const willing = { ...zoe, consent: ["follow-up" as const] };

describe.each(ENGINES)("the words of messages on %s", (engine) => {
  let booth: Booth;
  let kai: string;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    kai = await addAnswerer(booth);
  });
  afterEach(() => booth.close());

  /** Each message as it would go now; undefined where it has nothing to tell. */
  const letters = async (publicUrl?: string) => {
    const found = [];
    for (const message of await messagesOf(booth)) {
      found.push((await worded(booth.db, message, { publicUrl, now: NOON }))?.letter);
    }
    return found;
  };
  const route = async (text: string, given: Parameters<typeof ask>[2] = {}) => {
    const id = await ask(booth, text, given);
    await step(booth, id, "routed", { expertId: kai });
    return id;
  };
  const shown = (id: string) =>
    booth.db.read
      .selectFrom("questions")
      .select(["id", "version"])
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
  const by = { kind: "organizer" as const, name: "organizer" };

  test("what comes together in a message is told in it, and what the expert has no more drops out", async () => {
    await route("First");
    const second = await route("Second");
    expect((await letters())[0]?.text).toMatch(/1\. First[\s\S]+2\. Second/);
    await step(booth, second, "given back");
    const [letter, ...others] = await letters();
    expect(others).toEqual([]);
    expect(letter?.text).toContain("First");
    expect(letter?.text).not.toContain("Second");
  });

  test("a message has nothing to tell where its questions were answered, or lie in the bin", async () => {
    const answered = await route("First");
    const binned = await route("Second");
    await step(booth, answered, "answered", { note: "Yes." });
    const { visit_id } = await booth.db.read
      .selectFrom("questions")
      .select("visit_id")
      .where("id", "=", binned)
      .executeTakeFirstOrThrow();
    await booth.db.write((writer) => deleteVisit(writer, visit_id, "organizer", NOON));
    expect(await letters()).toEqual([undefined]);
  });

  test("the private link is in it where others can open it, and only for a person", async () => {
    await route("First");
    const list = await addAnswerer(booth, {
      kind: "mailing-list",
      name: "List",
      address: "list@lists.example",
    });
    await step(booth, await ask(booth, "Second"), "routed", { expertId: list });
    expect((await letters()).every((letter) => !letter?.text.includes("/x/"))).toBe(true);
    const [toKai, toList] = await letters("https://booth.example");
    expect(toKai?.text).toMatch(/https:\/\/booth\.example\/x\/[\w-]{54}\n/);
    expect(toList?.text).not.toContain("https://booth.example");
    await booth.db.write((writer) => writer.updateTable("experts").set({ link_open: 0 }).execute());
    expect((await letters("https://booth.example"))[0]?.text).not.toContain("/x/");
  });

  test("contact details are in it where the visitor agreed, and no longer where they do not", async () => {
    const id = await route("First", { contact: willing });
    expect((await letters())[0]?.text).toContain("zoe@visitor.example");
    await booth.db.write((writer) => writer.deleteFrom("contact_consents").execute());
    expect((await letters())[0]?.text).not.toContain("zoe@visitor.example");
    expect(id).toBeTruthy();
  });

  test("a question that several asked is told once, with how many asked it", async () => {
    const head = await route("First", { contact: willing });
    const member = await ask(booth, "The first, in other words");
    const [into, other] = [await shown(head), await shown(member)];
    await booth.db.write((writer) => mergeQuestions(writer, into, [other], { by, now: NOON }));
    const [letter] = await letters();
    expect(letter?.text).toContain("Asked by: 2 visitors");
    expect(letter?.text).toContain("In other words: The first, in other words");
    expect(letter?.subject).toContain("Question: First");
  });

  test("an answer goes to each who asked and agreed, each with their own question, in their language", async () => {
    const head = await ask(booth, "First", { contact: willing });
    const member = await ask(booth, "Zweite", {
      contact: { name: "Bob", email: "bob@other.example", consent: ["follow-up"] },
    });
    const silent = await ask(booth, "Third", { contact: zoe });
    const all = [await shown(head), await shown(member), await shown(silent)] as const;
    await booth.db.write((writer) => mergeQuestions(writer, all[0], [all[1], all[2]], { by, now: NOON }));
    await booth.db.write(async (writer) => {
      await writer.deleteFrom("slips").where("question_id", "=", member).execute();
      await bindSlip(writer, { code: "2345678923", questionId: member, now: NOON, language: "de" });
    });
    await step(booth, head, "answered", { note: "Any **disk**." });
    const found = (await letters("https://booth.example")).sort((a, b) =>
      (a?.to.address ?? "") < (b?.to.address ?? "") ? -1 : 1,
    );
    expect(found.map((letter) => letter?.to.address)).toEqual(["bob@other.example", "zoe@visitor.example"]);
    expect(found[0]).toMatchObject({ language: "de", subject: "Deine Frage bei Winter Camp: die Antwort" });
    expect(found[0]?.text).toContain("> Zweite");
    expect(found[0]?.text).toContain("https://booth.example/s/234-567-8923");
    expect(found[0]?.text).not.toContain("First");
    expect(found[1]).toMatchObject({ language: "en" });
    expect(found[1]?.text).toContain("> First");
  });

  test("an answer does not go to who no longer wants it, or to whom it was taken back", async () => {
    const id = await ask(booth, "First", { contact: willing });
    await step(booth, id, "answered", { note: "Any." });
    expect((await letters())[0]?.text).toContain("Any.");
    await step(booth, id, "reopened");
    expect(await letters()).toEqual([undefined]);
    await step(booth, id, "answered", { note: "All." });
    await booth.db.write((writer) => writer.deleteFrom("contact_consents").execute());
    expect((await letters()).filter(Boolean)).toEqual([]);
  });

  test("who is told that their time ran out is not told of what is with them again", async () => {
    const id = await route("First");
    await step(booth, id, "timed out");
    const late = () => letters().then((all) => all.filter(Boolean).map((letter) => letter?.subject));
    expect(await late()).toEqual(["[Winter Camp] A question went back to the organizers"]);
    await step(booth, id, "routed", { expertId: kai });
    expect(await late()).toEqual(["[Winter Camp] Question: First"]);
  });
});
