// Plays a booth's day in minutes: tablets that log, what they ask in between, a Wi-Fi that goes away and comes back, and the
// organizer's pages. In a process of its own; sends back what was acknowledged and how long everything took.
import { setTimeout as pause } from "node:timers/promises";
import { visitWithQuestion } from "./visits.mjs";

process.once("message", async (task) => {
  process.send(await play(task));
  process.disconnect();
});

/** Seconds between two visits of a tablet, on average, and between two looks at how the day goes. */
const VISIT_EVERY = 20;
const TODAY_EVERY = 30;
/** One answer in so many is lost on the way: the tablet sends again. */
const LOST_ANSWERS = 50;

async function play({ address, tokens, session, seconds, projects, topics }) {
  const start = performance.now();
  const at = () => (performance.now() - start) / 1000 / seconds;
  const isOver = () => at() >= 1;
  // For a fifth of the time nobody reaches the laptop; then all come back at once.
  const isAway = () => at() > 0.4 && at() < 0.6;
  const times = { visits: [], burst: [], asked: [], pages: [] };
  const acknowledged = new Map();
  const faults = [];
  const ending = new AbortController();
  let events = 0;
  let made = 0;

  const timed = async (list, page, options) => {
    const begin = performance.now();
    const answer = await fetch(`${address}${page}`, options);
    const text = await answer.text();
    list.push(performance.now() - begin);
    if (!answer.ok) throw new Error(`${page} answered ${answer.status}: ${text.slice(0, 200)}`);
    return text;
  };

  async function tablet(token) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const outbox = new Map();
    const send = async (list = times.visits) => {
      const visits = [...outbox.values()];
      if (visits.length === 0) return;
      const body = JSON.stringify({ sentAt: new Date().toISOString(), visits });
      const text = await timed(list, "/api/visits?event=fair", { method: "POST", headers, body });
      if (made % LOST_ANSWERS === 0) return;
      for (const [index, { id, status, problems }] of JSON.parse(text).results.entries()) {
        if (!["recorded", "updated", "replayed"].includes(status))
          faults.push(`${status} ${JSON.stringify(problems)}`);
        acknowledged.set(id, visits[index].revision);
        if (outbox.get(id)?.revision === visits[index].revision) outbox.delete(id);
      }
    };
    const standing = () => {
      const waiting = outbox.size;
      const since = waiting ? [...outbox.values()][0].happenedAt : null;
      const body = JSON.stringify({ waiting, since, rescued: false, sentAt: new Date().toISOString() });
      return timed(times.asked, "/api/standing", { method: "POST", headers, body });
    };
    const logs = async () => {
      while (!isOver()) {
        await pause(VISIT_EVERY * 1000 * (0.5 + Math.random()));
        // The tap is a visit by itself; what is said after it is its next revision.
        const { questions, ...visit } = visitWithQuestion(made++, projects, topics);
        outbox.set(visit.id, visit);
        if (!isAway()) await send();
        if (Math.random() < 0.5) continue;
        await pause(3000);
        outbox.set(visit.id, { ...visit, revision: 2, questions });
        if (!isAway()) await send();
      }
    };
    const looks = async () => {
      await pause(TODAY_EVERY * 1000 * Math.random());
      while (!isOver()) {
        if (!isAway()) {
          await timed(times.asked, "/api/today?event=fair", { headers });
          await standing();
        }
        await pause(TODAY_EVERY * 1000);
      }
    };
    const comesBack = async () => {
      await pause(seconds * 600 + Math.random() * 500);
      await send(times.burst);
    };
    await Promise.all([logs(), looks(), comesBack()]);
    while (outbox.size > 0) {
      made++;
      await send();
    }
  }

  const organizer = { cookie: session };
  async function page(address, every) {
    while (!isOver()) {
      await timed(times.pages, address, { headers: organizer });
      await pause(every * 1000);
    }
  }
  async function listen(address) {
    const headers = { ...organizer, accept: "text/event-stream" };
    const answer = await fetch(new URL(address), { headers, signal: ending.signal });
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}.`);
    try {
      for await (const _ of answer.body) events++;
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  const live = Array.from({ length: 4 }, () => listen(`${address}/events/fair/live`));
  await Promise.all([
    ...tokens.map(tablet),
    page("/events/fair/questions", 15),
    page("/events/fair/report", 20),
    page("/events/fair/visits", 20),
    page("/", 20),
  ]);
  ending.abort();
  await Promise.all(live);
  return { acknowledged: [...acknowledged], faults, times, made, events };
}
