import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { writeOut } from "../src/output";
import { temporaryFolder } from "./support/databases";

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder, "list.csv");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function* pieces(...texts: (string | Error)[]): AsyncGenerator<string> {
  for (const text of texts) {
    if (text instanceof Error) throw text;
    yield text;
    // Nothing is there under its name before all of it is.
    expect(existsSync(file) && readFileSync(file, "utf8")).not.toContain(text);
  }
}

test("a file is there when all of it is, for its owner alone", async () => {
  writeFileSync(file, "of last year", { mode: 0o644 });
  expect(await writeOut(pieces("one\n", "two\n"), file)).toBe(true);
  expect(readFileSync(file, "utf8")).toBe("one\ntwo\n");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["list.csv"]);
});

test("what fails leaves what was there before, and nothing beside it", async () => {
  writeFileSync(file, "of last year");
  await expect(writeOut(pieces("one\n", new Error("The disk is gone.")), file)).rejects.toThrow("The disk");
  expect(readFileSync(file, "utf8")).toBe("of last year");
  expect(readdirSync(folder)).toEqual(["list.csv"]);
});

test("a file that cannot be written is told in a line", async () => {
  const nowhere = path.join(folder, "no such folder", "list.csv");
  await expect(writeOut(["one"], nowhere)).rejects.toThrow(`${nowhere} cannot be written: ENOENT.`);
  mkdirSync(file);
  await expect(writeOut(["one"], file)).rejects.toThrow(`${file} cannot be written: EISDIR.`);
  expect(readdirSync(folder)).toEqual(["list.csv"]);
});
