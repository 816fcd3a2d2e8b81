import { rmSync } from "node:fs";
import { CrashingBooth, type TroubleOfARound } from "../support/crash";
import { temporaryFolder } from "../support/databases";
import { openDisk, type SmallDisk, whyNoDisks } from "../support/small-disk";

/** `npm run bench -- crash` has 200 of them. */
const ROUNDS: TroubleOfARound[] = [
  "none",
  "as it starts",
  "held by another",
  "backup",
  "none",
  "as it starts",
];

let booth: CrashingBooth | undefined;
let disk: SmallDisk | undefined;
let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await booth?.end();
  disk?.remove();
  disk = undefined;
  rmSync(folder, { recursive: true });
});

test("killed at any moment while ten devices log visits, it has all that it acknowledged, whole and once", async () => {
  booth = await CrashingBooth.open(folder);
  let acknowledged = 0;
  for (const trouble of ROUNDS) {
    const round = await booth.crash(trouble);
    expect({ trouble, faults: round.faults.slice(0, 5) }).toEqual({ trouble, faults: [] });
    acknowledged = round.acknowledged;
  }
  expect(acknowledged).toBeGreaterThan(50);
  expect(await booth.close()).toEqual([]);
});

const why = whyNoDisks();
const onADisk = why ? test.skip : test;
const skipped = why ? ` (skipped: ${why})` : "";

onADisk(`killed while its disk is full, it has all that it acknowledged${skipped}`, async () => {
  disk = openDisk(16);
  booth = await CrashingBooth.open(disk.folder, {}, disk);
  let refused = 0;
  for (const passes of [true, false]) {
    const { faults, ...found } = await booth.crash("disk full", { passes });
    expect(faults.slice(0, 5)).toEqual([]);
    refused += found.refused;
  }
  expect(refused).toBeGreaterThan(0);
  expect(await booth.close()).toEqual([]);
});
