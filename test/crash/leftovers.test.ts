import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openDatabase, sqliteFile } from "../../src/database/open";
import { aVisit, openBooth } from "../support/booth";
import { temporaryFolder } from "../support/databases";
import { type Program, startProgram } from "../support/program";

let folder: string;
let program: Program | undefined;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await program?.kill();
  rmSync(folder, { recursive: true });
});

const at = (...names: string[]) => path.join(folder, ...names);

test("what a power cut left half written takes no repair by hand", async () => {
  const booth = await openBooth({ db: await openDatabase({ dataDir: folder }, Date.now()), now: Date.now });
  await (await booth.tablet()).send(aVisit());
  await booth.close();
  program = await startProgram(folder);
  await program.kill();

  // The certificate was being made anew, and its files have arrived in part.
  for (const name of ["laptop.key.new", "laptop.crt.new"])
    writeFileSync(at("certificates", name), "-----BEGIN");
  truncateSync(at("certificates", "laptop.crt"), 100);
  truncateSync(at("certificates", "laptop.key"), 0);
  // SQLite's own files, of another time or torn, and a journal that had only begun.
  writeFileSync(`${sqliteFile(folder)}-shm`, Buffer.alloc(32_768, 0xa5));
  writeFileSync(`${sqliteFile(folder)}-journal`, "");
  // What others leave beside it.
  writeFileSync(at("running"), "99999999\n");
  writeFileSync(at(".boothlight.db.swp"), "half");
  mkdirSync(at("trying-a1b2c3"));

  program = await startProgram(folder);
  const answer = await fetch(`${program.address}/healthz`);
  expect(answer.status).toBe(200);
  expect(program.printed()).toContain("Over HTTPS:");
  expect(await program.stop()).toBe(0);
  program = undefined;
  const db = await openDatabase({ dataDir: folder }, Date.now());
  expect(await db.read.selectFrom("visits").select("id").execute()).toHaveLength(1);
  await db.close();
});

test("killed at the very first start, at any moment, it starts at the next", async () => {
  // Each time a little later: the file is there with nothing in it, with some of the tables, with all of them.
  for (const after of [100, 200, 300, 400]) {
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    const killed = startProgram(folder, {}, undefined, (child) => {
      setTimeout(() => child.kill("SIGKILL"), after);
    });
    await killed.then(
      (first) => first.kill(),
      () => {},
    );
    program = await startProgram(folder);
    expect((await fetch(`${program.address}/healthz`)).status).toBe(200);
    await program.kill();
  }
});
