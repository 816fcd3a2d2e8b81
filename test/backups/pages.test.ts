import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Backups, backupsIn } from "../../src/backups/store";
import { openDatabase } from "../../src/database/open";
import { type Booth, openBooth } from "../support/booth";
import { NOON, temporaryFolder } from "../support/databases";

let folder: string;
let dataDir: string;
let stick: string;
let booth: Booth;
let organizer: Awaited<ReturnType<Booth["organizer"]>>;
beforeAll(async () => {
  folder = temporaryFolder();
  dataDir = path.join(folder, "data");
  stick = path.join(folder, "a stick");
  mkdirSync(stick);
  booth = await openBooth({ db: await openDatabase({ dataDir }, NOON), config: { dataDir } });
  booth.deps.backups = new Backups(booth.deps);
  organizer = await booth.organizer();
});
afterAll(async () => {
  await booth.close();
  rmSync(folder, { recursive: true });
});

const post = (address: string, form: Record<string, string> = {}) =>
  organizer.post(address).type("form").send(form);
const page = async () => (await organizer.get("/backups").expect(200)).text;

test("before the first one the page says so, and “Back up now” makes it", async () => {
  expect(await page()).toContain("No backup lies there yet");
  await post("/backups").expect(303);
  const text = await page();
  expect(text).toContain("1 backup ");
  expect(text).toContain("It lies on the same disk as the data");
});

test("a folder that cannot be used comes back as it was typed, with the reason", async () => {
  writeFileSync(path.join(folder, "file"), "");
  for (const [other, reason] of [
    ["relative/folder", "Type the whole path"],
    ["", "Choose a place"],
    ["/tmp/with\nlines", "Type the whole path"],
    [path.resolve(__dirname, "../../public"), "Not inside the folder of the program"],
    [path.join(dataDir, "certificates"), "Not among the data itself"],
    [path.join(folder, "file"), "This is no folder"],
    ["/media/nobody/STICK", "is the stick plugged in?"],
    [path.join(folder, "mistyped", "backups"), "Is it spelled right"],
  ] as const) {
    const { text, status } = await post("/backups/place", { place: "other", other });
    expect({ other, status }).toEqual({ other, status: 422 });
    expect(text).toContain(reason);
    expect(text).toContain(other.split("\n")[0]);
  }
  expect(await page()).toContain(path.join(dataDir, "backups"));
});

test("a folder that can be used is, from then on, and a backup is made there at once", async () => {
  await post("/backups/place", { place: "other", other: stick }).expect(303);
  expect(await backupsIn(stick)).toHaveLength(1);
  const text = await page();
  expect(text).toContain("All is backed up");
  expect(text).toContain(`restore &#34;${stick}&#34;`);
  await post("/backups/place", { place: "beside" }).expect(303);
  expect(await page()).toContain("on the same disk");
});

test("a passphrase that is short or differs is refused, and never comes back in the page", async () => {
  const short = await post("/backups/encryption", { passphrase: "short", again: "short" }).expect(422);
  expect(short.text).toContain("At least 8 characters");
  const typed = { passphrase: "four words are good", again: "five words are good" };
  const different = await post("/backups/encryption", typed).expect(422);
  expect(different.text).toContain("not the same as above");
  expect(different.text).not.toContain("words are good");
  expect(readdirSync(path.join(dataDir, "backups")).some((name) => name.endsWith(".age"))).toBe(false);
});

test("what the settings say is shown, and counts over the page", async () => {
  Object.assign(booth.deps.config, { backupDir: stick, backupPassphrase: "four words are good" });
  const text = await page();
  expect(text).toContain("BACKUP_DIR");
  expect(text).toContain("BACKUP_PASSPHRASE");
  expect(text).not.toContain("four words");
  await post("/backups/place", { place: "beside" }).expect(409);
  await post("/backups/encryption/end").expect(409);
  Object.assign(booth.deps.config, { backupDir: undefined, backupPassphrase: undefined });
});
