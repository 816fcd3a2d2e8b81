import { simpleParser } from "mailparser";
import { uuidv7 } from "uuidv7";
import { CLAIM } from "../../src/messages/rules";
import { expireClaims } from "../../src/messages/store";
import { addAnswerer, ask, deliver, messagesOf, SOON, step } from "../support/asking";
import { type Booth, openBooth } from "../support/booth";
import { NOON } from "../support/databases";
import { openPostOffice, type PostOffice, refusal } from "../support/post-office";

let office: PostOffice;
let booth: Booth;
let clock: number;
beforeEach(async () => {
  office = await openPostOffice();
  booth = await openBooth({
    config: { smtpUrl: office.url, mailFrom: "booth@camp.example", publicUrl: "https://booth.camp.example" },
  });
  clock = NOON;
});
afterEach(async () => {
  await booth.close();
  await office.goAway();
});

const wait = (by: number) => {
  clock += by;
  booth.setClock(clock);
};

async function routeOne(text = "Which disk?", given: Parameters<typeof ask>[2] = {}) {
  const kai = await addAnswerer(booth);
  const id = await ask(booth, text, { topic: "storage", ...given });
  await step(booth, id, "routed", { expertId: kai });
  wait(SOON);
  return { kai, id };
}

test("a question that is routed arrives at the expert, once", async () => {
  await routeOne("Which disk?");
  expect(await deliver(booth)).toEqual([{ kind: "delivered" }]);
  expect(await deliver(booth)).toEqual([]);
  expect(office.raw).toHaveLength(1);
  expect(office.recipients).toEqual(["kai@experts.example"]);
  const [message] = await messagesOf(booth);
  const mail = await simpleParser(office.raw[0] as string);
  expect(mail.subject).toBe("[Winter Camp] Question about Storage: Which disk?");
  expect(mail.messageId).toBe(`<${message?.id}@booth.camp.example>`);
  expect(message).toMatchObject({ state: "delivered", attempts: 1, left_at: clock, delivered_at: clock });
});
