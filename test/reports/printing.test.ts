import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { printArguments } from "../../src/reports/printing/rules";
import { browserOf, clearPrints, printed } from "../../src/reports/printing/store";

const folder = mkdtempSync(path.join(os.tmpdir(), "boothlight test "));
// The place of this test's temporary files: others print at the same time. Jest's environment is not the process's own.
jest.spyOn(os, "tmpdir").mockReturnValue(folder);
afterAll(() => rmSync(folder, { recursive: true }));

const left = () => readdirSync(folder).filter((name) => name.startsWith("boothlight-print-"));

/** A program that stands for a browser, as a shell script. */
function browser(name: string, script: string): { chromePath: string; dataDir: string } {
  const chromePath = path.join(folder, name);
  writeFileSync(chromePath, `#!/bin/sh\n${script}\n`);
  chmodSync(chromePath, 0o700);
  return { chromePath, dataDir: folder };
}

test("a browser prints without its own lines, with a profile that is nobody else's, and in its sandbox but for root", () => {
  const files = { page: "file:///p.html", pdf: "/t/p.pdf", profile: "/t/profile" };
  const options = printArguments(files, { isRoot: false });
  expect(options).toEqual(
    expect.arrayContaining(["--headless", "--print-to-pdf=/t/p.pdf", "--no-pdf-header-footer"]),
  );
  expect(options).toContain("--user-data-dir=/t/profile");
  expect(options.at(-1)).toBe("file:///p.html");
  expect(options).not.toContain("--no-sandbox");
  expect(printArguments(files, { isRoot: true })).toContain("--no-sandbox");
});

test("the browser that CHROME_PATH names is the one that is used", () => {
  expect(browserOf({ chromePath: "/my/chrome" })).toBe("/my/chrome");
});

test("what is printed can be read by its owner alone, and is gone afterwards", async () => {
  const seen = path.join(folder, "seen");
  const script = `for each in "$@"; do case "$each" in --print-to-pdf=*) pdf="\${each#*=}"; esac; done
    dir="$(dirname "$pdf")"
    ls -ld "$dir" | cut -c1-10 > "${seen}"
    ls -l "$dir/report.html" | cut -c1-10 >> "${seen}"
    cat "$dir/report.html" >> "${seen}"
    printf '%%PDF-1.4\\n%%%%EOF\\n' > "$pdf"`;
  const pdf = await printed("<p>Private</p>", browser("good", script));
  expect(pdf.toString()).toBe("%PDF-1.4\n%%EOF\n");
  expect(readFileSync(seen, "utf8")).toBe("drwx------\n-rw-------\n<p>Private</p>");
  expect(left()).toEqual([]);
});

test.each([
  ["is not there", { chromePath: "/no/such/chrome", dataDir: "." }, "it cannot be started: ENOENT"],
  ["fails", browser("fails", "exit 3"), "it ended with an error"],
  ["writes nothing", browser("nothing", "exit 0"), "it wrote no PDF"],
])("a browser that %s is said, with what to do", async (_what, config, why) => {
  await expect(printed("<p>", config)).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringMatching(new RegExp(`${why}\\. .*print it from there, or set CHROME_PATH`)),
  });
  expect(left()).toEqual([]);
});

test("a browser that gets stuck is ended with all that it started, and the next one is not held up", async () => {
  const child = path.join(folder, "child");
  const stuck = browser("stuck", `sleep 300 & echo $! > "${child}"; wait`);
  const next = browser("next", "exit 0");
  const [first, second] = await Promise.allSettled([printed("<p>", stuck, 500), printed("<p>", next)]);
  expect(first).toMatchObject({
    reason: { message: expect.stringContaining("not done within 0.5 seconds") },
  });
  expect(second).toMatchObject({ reason: { message: expect.stringContaining("wrote no PDF") } });
  const pid = Number(readFileSync(child, "utf8"));
  // A zombie is gone as well: whoever is its parent now has not looked yet.
  const state = () => {
    try {
      return readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[2];
    } catch {
      return "gone";
    }
  };
  expect(["gone", "Z"]).toContain(state());
  expect(left()).toEqual([]);
});

test("what a print left behind that a crash ended is cleared away, and one that is under way is not", async () => {
  const now = Date.now();
  const aPrint = (age: number) => {
    const place = mkdtempSync(path.join(folder, "boothlight-print-"));
    writeFileSync(path.join(place, "report.html"), "<p>Private</p>");
    utimesSync(place, (now - age) / 1000, (now - age) / 1000);
    return path.basename(place);
  };
  const [underWay] = [aPrint(60_000), aPrint(2 * 3_600_000)];
  expect(await clearPrints({ dataDir: path.join(folder, "not-there") }, now)).toBe(1);
  expect(left()).toEqual([underWay]);
});
