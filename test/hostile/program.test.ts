import { readFileSync } from "node:fs";
import { openDatabase } from "../../src/database/open";
import { aVisit, openBooth } from "../support/booth";
import { NOON, temporaryFolder } from "../support/databases";
import { type Program, startProgram } from "../support/program";
import { filled, gatherCast, named, printer, type Who } from "./cast";
import { hangUp, send } from "./client";
import { FAMILIES } from "./families";
import { bodiesOf, encoded } from "./forms";
import { fieldNames, ITS_OWN } from "./names";

/** What a process could end of, or fill its memory with. */
const ROUGH = [
  "transfer",
  "large bodies",
  "content types and encodings",
  "multipart",
  "deep JSON",
  "methods",
];
/** Every so many of them: which ones, changes from route to route. */
const EVERY = 24;
/** Connections at once. */
const AT_ONCE = 8;
/** MB that the program may have taken at most, with ten such bodies under way at once. */
const MOST_MEMORY = 800;

let program: Program | undefined;
afterEach(async () => {
  hangUp();
  await program?.kill();
});

test("the program outlives whatever is sent to it, in bounded memory, and goes on", async () => {
  const dataDir = temporaryFolder();
  const db = await openDatabase({ dataDir }, NOON);
  const cast = await gatherCast({ open: (config) => openBooth({ db, config }) });
  const { port: seedPort } = cast.booth.server.address() as { port: number };
  const bodies = await bodiesOf(cast, seedPort);
  // The program goes by the real clock, and the events are of today by it.
  const today = new Date().toISOString().slice(0, 10);
  await db.write((writer) =>
    writer.updateTable("events").set({ starts_on: today, ends_on: today }).execute(),
  );
  cast.booth.setClock(Date.now());
  const identities = new Map<Who, Record<string, string>>();
  for (const who of ["nobody", "bob", "organizer"] as const) identities.set(who, await cast.identityOf(who));
  hangUp();
  await cast.booth.close();

  program = await startProgram(dataDir, {
    PUBLIC_URL: "http://booth.example.org",
    HTTPS_PORT: "off",
    CHROME_PATH: printer(dataDir),
  });
  const port = Number(new URL(program.address).port);
  const names = fieldNames();
  const faults: string[] = [];
  // Signing out and ending the pairing come last: nobody would be let in after them.
  const routes = [...cast.routes].sort(
    (a, b) => Number(a.path.endsWith("/end")) - Number(b.path.endsWith("/end")),
  );
  const shots = routes.flatMap((route, index) => {
    const who = ITS_OWN[route.who];
    const path = filled(route, cast.own[who] ?? cast.values);
    const body = bodies.get(named(route)) ?? { type: "form" as const, fields: [] };
    const target = route.method === "get" ? `${path}?${encoded(body).body}` : path;
    return ROUGH.flatMap(
      (family) => FAMILIES[family]?.shots({ cast, route, path, target, body, names }) ?? [],
    )
      .filter((_shot, number) => (number + index) % EVERY === 0)
      .map((shot) => ({ route, who, target, shot }));
  });
  const work = async () => {
    for (let next = shots.shift(); next; next = shots.shift()) {
      const { route, who, target, shot } = next;
      const made = { ...shot, ...shot.make?.(), make: undefined };
      const headers = { ...identities.get(who), ...made.headers };
      const answer = await send(port, { method: route.method.toUpperCase(), target, ...made, headers });
      const isRight = answer.status > 0 ? answer.status < 500 : shot.mayHangUp;
      if (!isRight)
        faults.push(
          `${named(route)} for ${who}, ${shot.about}: ${answer.status} ${answer.text.slice(0, 200)}`,
        );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(faults).toEqual([]);
  // What it prints after where to open it is its log, of faults alone.
  expect(
    program
      .printed()
      .split("\n")
      .filter((line) => line.startsWith("{")),
  ).toEqual([]);
  expect(program.process.exitCode).toBeNull();
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${program.process.pid}/status`, "utf8"))?.[1];
  expect(Number(peak) / 1024).toBeLessThan(MOST_MEMORY);

  const visit = aVisit({ happenedAt: new Date().toISOString() });
  const headers = { Authorization: `Bearer ${cast.tokens.eve}`, "Content-Type": "application/json" };
  const body = JSON.stringify({ visits: [visit] });
  const answer = await send(port, { about: "", method: "POST", target: "/api/visits", headers, body });
  expect(JSON.parse(answer.text).results).toEqual([{ id: visit.id, status: "recorded" }]);
  expect(await program.stop()).toBe(0);
});
