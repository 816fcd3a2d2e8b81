// Sends visits to a server, each in a request of its own, and sends back how that went. In a process of its own, so that who
// sends and who is measured share no event loop.
import autocannon from "autocannon";
import { visitWithQuestion } from "./visits.mjs";

process.once("message", async ({ address, token, connections, amount, first, projects, topics }) => {
  // Made beforehand: the generator shall not be what is measured.
  const bodies = Array.from({ length: amount }, (_, index) => {
    const visits = [visitWithQuestion(first + index, projects, topics)];
    return JSON.stringify({ sentAt: new Date().toISOString(), visits });
  });
  let sent = 0;
  let recorded = 0;
  const times = [];
  const begin = performance.now();
  let end = begin;
  const run = autocannon({
    url: `${address}/api/visits`,
    connections,
    amount,
    method: "POST",
    // Who is slow is told so by its figures, and not by what is given up.
    timeout: 120,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    requests: [
      {
        setupRequest: (request) => ({ ...request, body: bodies[sent++ % amount] }),
        onResponse: (status, body) => {
          if (status === 200 && body.includes('"recorded"')) recorded++;
        },
      },
    ],
  });
  // Its own figures are rounded: times to milliseconds, the whole to seconds.
  run.on("response", (_client, _status, _bytes, time) => {
    times.push(time);
    end = performance.now();
  });
  await run;
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.ceil(times.length * share) - 1];
  process.send({ seconds: (end - begin) / 1000, recorded, median: at(0.5), p99: at(0.99) });
  process.disconnect();
});
