import { rmSync } from "node:fs";
import { Agent } from "node:http";
import request from "supertest";
import { pairDevice } from "../../src/access/store";
import { openDatabase } from "../../src/database/open";
import type { SentVisit } from "../../src/visits/form";
import { addEvent, aVisit, openBooth } from "../support/booth";
import { NOON, temporaryFolder } from "../support/databases";
import { type Program, startProgram } from "../support/program";

/** Posts a batch; gives the statuses, or undefined where no answer came. */
async function post(
  address: string,
  token: string,
  visits: SentVisit[],
  agent: Agent,
): Promise<Map<string, string> | undefined> {
  try {
    const answer = await request(address)
      .post("/api/visits")
      .agent(agent)
      .set("Authorization", `Bearer ${token}`)
      .send({ sentAt: new Date().toISOString(), visits });
    if (answer.status !== 200) return undefined;
    return new Map(
      answer.body.results.map((result: { id: string; status: string }) => [result.id, result.status]),
    );
  } catch {
    return undefined;
  }
}

function shuffled<T>(items: T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

test("1,000 visits sent twice, in random order and overlapping batches, over ten connections, are exactly 1,000", async () => {
  const booth = await openBooth();
  const tablet = await booth.tablet();
  const visits = Array.from({ length: 1000 }, (_, index) =>
    aVisit({
      happenedAt: new Date(NOON - index * 1000).toISOString(),
      questions: index % 3 ? [] : [{ text: `Why ${index}?` }],
    }),
  );
  const batches = [shuffled(visits), shuffled(visits)].flatMap((order) => {
    const cut: SentVisit[][] = [];
    // Each batch of 40 begins with the last ten of the one before.
    for (let from = 0; from < order.length; from += 30)
      cut.push(order.slice(Math.max(0, from - 10), from + 30));
    return cut;
  });
  const waiting = shuffled(batches);
  const counts: Record<string, number> = {};
  const connections = Array.from({ length: 10 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let batch = waiting.pop(); batch; batch = waiting.pop()) {
      const statuses = await post(booth.address, tablet.token, batch, agent);
      for (const status of statuses?.values() ?? ["no answer"]) counts[status] = (counts[status] ?? 0) + 1;
    }
    agent.destroy();
  });
  await Promise.all(connections);
  const sent = batches.reduce((sum, batch) => sum + batch.length, 0);
  expect(counts).toEqual({ recorded: 1000, replayed: sent - 1000 });
  const ids = (await booth.db.read.selectFrom("visits").select("id").execute()).map((row) => row.id);
  expect(ids.sort()).toEqual(visits.map((visit) => visit.id).sort());
  expect(await booth.db.read.selectFrom("questions").select("id").execute()).toHaveLength(334);
  await booth.close();
});

test("a program killed in the middle has kept every visit that it acknowledged, and takes the rest afterwards", async () => {
  const dataDir = temporaryFolder();
  const token = await prepare(dataDir);
  const visits = Array.from({ length: 1000 }, (_, index) => aVisit({ note: `visit ${index}` }));
  const acknowledged = new Set<string>();
  let program: Program = await startProgram(dataDir);

  const waiting = [...visits];
  const senders = Array.from({ length: 10 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let batch = waiting.splice(0, 5); batch.length > 0; batch = waiting.splice(0, 5)) {
      const statuses = await post(program.address, token, batch, agent);
      if (!statuses) break;
      for (const id of statuses.keys()) acknowledged.add(id);
      if (acknowledged.size > 300) program.process.kill("SIGKILL");
    }
    agent.destroy();
  });
  await Promise.all(senders);
  await program.kill();
  expect(acknowledged.size).toBeGreaterThan(300);
  expect(acknowledged.size).toBeLessThan(1000);

  program = await startProgram(dataDir);
  const kept = await idsIn(dataDir);
  expect([...acknowledged].filter((id) => !kept.has(id))).toEqual([]);

  const agent = new Agent({ keepAlive: true });
  const statuses = await post(program.address, token, visits, agent);
  agent.destroy();
  const replayed = visits.filter((visit) => statuses?.get(visit.id) === "replayed").map((visit) => visit.id);
  expect(new Set(replayed)).toEqual(kept);
  expect((await idsIn(dataDir)).size).toBe(1000);
  await program.kill();
  rmSync(dataDir, { recursive: true });
});

/** A data folder with an event and a paired device; gives the device's token. */
async function prepare(dataDir: string): Promise<string> {
  const db = await openDatabase({ dataDir }, NOON);
  const eventId = await addEvent(db);
  const { token } = await db.write((writer) =>
    pairDevice(writer, { eventId, boothId: null }, "Ada", Date.now()),
  );
  await db.close();
  return token;
}

async function idsIn(dataDir: string): Promise<Set<string>> {
  const db = await openDatabase({ dataDir }, NOON);
  const rows = await db.read.selectFrom("visits").select("id").execute();
  await db.close();
  return new Set(rows.map((row) => row.id));
}
