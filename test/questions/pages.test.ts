import { uuidv7 } from "uuidv7";
import { addExpert } from "../../src/experts/store";
import { questionById } from "../../src/questions/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { NOON } from "../support/databases";

type Agent = Awaited<ReturnType<Booth["organizer"]>>;

let booth: Booth;
let tablet: Tablet;
let agent: Agent;
beforeEach(async () => {
  booth = await openBooth();
  tablet = await booth.tablet("Ada");
  agent = await booth.organizer();
  await expert("Kai", ["storage"]);
  await expert("Lou", ["networking"]);
});
afterEach(() => booth.close());

const expert = (name: string, topics: string[], hidden = false) =>
  booth.db.write((writer) => addExpert(writer, { name, kind: "person", address: "", topics, hidden }, NOON));

async function ask(text = "Which disk?", topic: string | undefined = "storage"): Promise<string> {
  const id = uuidv7();
  await tablet.send(
    aVisit({
      platform: "vmware",
      note: "Forty hosts",
      contact: {
        name: "Renée",
        organization: "ACME",
        email: "renee@visitor.example",
        consent: ["follow-up"],
      },
      questions: [{ id, text, topic }],
    }),
  );
  return id;
}

const post = (path: string, body: object) => agent.post(path).type("form").send(body);
const open = { version: "1" };
const queue = "/events/winter-camp/questions";
const standing = async (id: string) => {
  const { state, expert: name, answer } = await questionById(booth.db.read, id);
  return { state, expert: name, answer };
};

test("the queue shows the question with who asked, and who could answer on top of the list", async () => {
  const id = await ask("Which <disk>?");
  const { text } = await agent.get(queue).expect(200);
  expect(text).toContain("Which &lt;disk&gt;?");
  expect(text).toContain("Renée, ACME");
  expect(text).toContain("from VMware");
  expect(text).toContain("3 Feb, 12:00");
  const row = text.slice(
    text.indexOf(`data-question="${id}"`),
    text.indexOf("</li>", text.indexOf(`data-question="${id}"`)),
  );
  expect(row).toContain('name="expert" value="kai"');
  expect(row).toContain("Route to Kai");
  // What the suggestions say of it; where they take longer than the page waits, that they answer on it.
  expect(row).toMatch(/Storage: chosen as its topic|answers on Storage/);
  expect(row).toContain("Somebody else");
  const select = (await agent.get(`/questions/${id}`).expect(200)).text;
  expect(select.indexOf("Answers on this topic")).toBeLessThan(select.indexOf(">Kai<"));
  expect(select.indexOf("Everybody else")).toBeLessThan(select.indexOf(">Lou<"));
  expect(select).toContain('value="kai" class="primary"');
});

test("routing from the queue leads back to the same page of it, and says so", async () => {
  const id = await ask();
  const back = `${queue}?topic=storage`;
  const routed = await post(`/questions/${id}/routing`, { ...open, expert: "lou", back }).expect(303);
  expect(routed.headers.location).toBe(`${back}&done=${id}`);
  expect((await agent.get(routed.headers.location as string).expect(200)).text).toContain("Routed to Lou");
  expect(await standing(id)).toEqual({ state: "routed", expert: "Lou", answer: null });
});

test("a question goes its whole way: routed, passed on, given back, answered, closed, opened again", async () => {
  const id = await ask();
  const version = async () => (await questionById(booth.db.read, id)).version;
  await post(`/questions/${id}/routing`, { ...open, expert: "lou" }).expect(303);
  await post(`/questions/${id}/routing`, { version: await version(), expert: "kai" }).expect(303);
  await post(`/questions/${id}/return`, { version: await version(), note: "Not mine" }).expect(303);
  await post(`/questions/${id}/answer`, { version: await version(), answer: "Any.\r\nReally." }).expect(303);
  expect(await standing(id)).toEqual({ state: "answered", expert: null, answer: "Any.\nReally." });
  await post(`/questions/${id}/closing`, { version: await version() }).expect(303);
  await post(`/questions/${id}/reopening`, { version: await version() }).expect(303);
  expect(await standing(id)).toEqual({ state: "open", expert: null, answer: null });
  const { text } = await agent.get(`/questions/${id}`).expect(200);
  for (const words of [
    "Routed to Lou",
    "Passed on to Kai",
    "Given back for Kai",
    "Not mine",
    "Any.\nReally.",
    "Closed",
    "Opened again",
  ]) {
    expect(text).toContain(words);
  }
});

test("one question's page has the context that an answer needs", async () => {
  const id = await ask();
  const { text } = await agent.get(`/questions/${id}`).expect(200);
  for (const words of [
    "Which disk?",
    "VMware",
    "Forty hosts",
    "renee@<wbr>visitor.example",
    "May be written to about this",
  ]) {
    expect(text).toContain(words);
  }
});

test("wrong input comes back with what was typed, and nothing is changed", async () => {
  const id = await ask();
  const nobody = await post(`/questions/${id}/routing`, open).expect(422);
  expect(nobody.text).toContain("Please choose who gets it.");
  const unheard = await post(`/questions/${id}/routing`, { ...open, expert: "unheard-of" }).expect(422);
  expect(unheard.text).toContain("There is no such expert any more.");
  await expert("Old hand", ["storage"], true);
  const hidden = await post(`/questions/${id}/routing`, { ...open, expert: "old-hand" }).expect(422);
  expect(hidden.text).toContain("Old hand is no longer offered.");
  const empty = await post(`/questions/${id}/answer`, { ...open, answer: "  " }).expect(422);
  expect(empty.text).toContain("Please say what was answered");
  const long = await post(`/questions/${id}/answer`, { ...open, answer: "x".repeat(5001) }).expect(422);
  expect(long.text).toContain("x".repeat(5001));
  const topic = await post(`/questions/${id}/topic`, { topic: "unheard-of" }).expect(422);
  expect(topic.text).toContain("There is no such topic");
  await post(`/questions/${id}/topic`, {}).expect(422);
  await post(`/questions/${id}/closing`, {}).expect(400);
  await post(`/questions/${id}/closing`, { version: "asleep" }).expect(400);
  expect(await standing(id)).toEqual({ state: "open", expert: null, answer: null });
});

test("passing on to who has it already is refused by name", async () => {
  const id = await ask();
  await post(`/questions/${id}/routing`, { ...open, expert: "kai" }).expect(303);
  const again = await post(`/questions/${id}/routing`, {
    version: "2",
    expert: "kai",
  }).expect(422);
  expect(again.text).toContain("Kai has it already.");
});

test("who is slower is told what happened, and keeps the answer that was typed", async () => {
  const id = await ask();
  await post(`/questions/${id}/routing`, { ...open, expert: "kai" }).expect(303);
  const late = await post(`/questions/${id}/routing`, { ...open, expert: "lou" }).expect(409);
  expect(late.text).toContain("This question was routed by somebody else a moment ago.");
  const answer = await post(`/questions/${id}/answer`, { ...open, answer: "My careful words" }).expect(409);
  expect(answer.text).toContain("My careful words");
  expect(answer.text).toContain(`name="version" value="2"`);
  expect(await standing(id)).toEqual({ state: "routed", expert: "Kai", answer: null });
});

test("a step that the state does not allow is refused", async () => {
  const id = await ask();
  for (const step of ["return", "reopening"]) await post(`/questions/${id}/${step}`, open).expect(409);
  expect(await standing(id)).toEqual({ state: "open", expert: null, answer: null });
});

test("the topic is changed on the question's page", async () => {
  const id = await ask();
  const changed = await post(`/questions/${id}/topic`, { topic: "networking" }).expect(303);
  const { text } = await agent.get(changed.headers.location as string).expect(200);
  expect(text).toContain('value="networking" selected');
  expect(text).toContain("Topic changed");
  await post(`/questions/${id}/topic`, { topic: "" }).expect(303);
  expect((await questionById(booth.db.read, id)).topic).toBeNull();
});

test("filters stay on the way through the pages, and each question is shown once", async () => {
  await tablet.send(
    ...Array.from({ length: 120 }, (_, index) =>
      aVisit({
        happenedAt: new Date(NOON + index * 1000).toISOString(),
        questions: [{ text: `Number ${index}`, topic: "storage" }],
      }),
    ),
  );
  await ask("Something else", "networking");
  const seen: string[] = [];
  let address: string | undefined = `${queue}?topic=storage&expert=-`;
  while (address) {
    const { text }: { text: string } = await agent.get(address).expect(200);
    for (const [, id] of text.matchAll(/class="text"><a href="\/questions\/([0-9a-f-]{36})/g))
      seen.push(id as string);
    address = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
    if (address) expect(address).toContain("topic=storage&expert=-");
  }
  expect(seen).toHaveLength(120);
  expect(new Set(seen).size).toBe(120);
});

test("an empty queue and a search without a hit say what to do; odd addresses show the first page", async () => {
  expect((await agent.get(queue).expect(200)).text).toContain("No question yet.");
  await ask();
  expect((await agent.get(`${queue}?search=nothing`).expect(200)).text).toContain(
    "No question is like that.",
  );
  expect((await agent.get(`${queue}?state=closed`).expect(200)).text).toContain("Nothing here just now.");
  const odd = await agent.get(`${queue}?state=asleep&before=x&after=open.1.zz&done=1`).expect(200);
  expect(odd.text).toContain("Which disk?");
  await agent.get(`/questions/${uuidv7()}`).expect(404);
  await post(`/questions/${uuidv7()}/closing`, open).expect(404);
});
