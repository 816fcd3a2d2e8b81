import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { allRoutes } from "../src/app";
import { SETTINGS } from "../src/config";
import type { Deps } from "../src/deps";
import { COLUMNS } from "../src/experts/files/rules";
import { FILTER_NAMES } from "../src/exports/form";
import { type Column, COLUMNS as EXPORTED, FORMATS, LIST_NAMES } from "../src/exports/rules";
import { METRICS } from "../src/metrics";
import { checkVisit, contactForm, sentVisitForm } from "../src/visits/form";
import { PROGRAM } from "./support/program";

const ROOT = path.resolve(__dirname, "..");
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const README = read("README.md");

/** The rows of the first table after a heading: their cells, without code marks. */
function tableAfter(text: string, heading: string): string[][] {
  const from = text.indexOf(heading);
  if (from < 0) throw new Error(`There is no heading “${heading}”.`);
  const rows: string[][] = [];
  for (const line of text.slice(from).split("\n").slice(1)) {
    if (line.startsWith("|"))
      rows.push(
        line
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim().replaceAll("`", "")),
      );
    else if (rows.length > 0) break;
  }
  return rows.slice(2);
}

test("the README names every command, and no other", () => {
  const help = execFileSync(process.execPath, [PROGRAM, "--help"], { encoding: "utf8" });
  const commands = help.split("Commands:")[1]!.split("\n\n")[0]!;
  const known = [...commands.matchAll(/^ {2}([a-z]+)/gm)]
    .map((found) => found[1])
    .filter((name) => name !== "help");
  const named = tableAfter(README, "## Commands").map((cells) => cells[0]!.split(" ")[0]);
  expect(named.sort()).toEqual(known.sort());
});

test("the README and --help name every setting, with the same meaning, and no other", () => {
  expect(tableAfter(README, "## Settings")).toEqual(
    SETTINGS.map(({ name, meaning, standard }) => [name, meaning, standard]),
  );
  const help = execFileSync(process.execPath, [PROGRAM, "--help"], { encoding: "utf8" });
  for (const { name, meaning } of SETTINGS) expect(help).toMatch(new RegExp(`${name} +${meaning}`));
});

describe("addresses", () => {
  const routes = allRoutes({ config: {} } as Deps).map((route) => ({
    address: `${route.method.toUpperCase()} ${route.path}`,
    who: route.who,
  }));

  test("docs/addresses.md names every address with who may use it, and no other", () => {
    const named = tableAfter(read("docs/addresses.md"), "# Addresses").map(([address, who]) => ({
      address,
      who,
    }));
    const order = (a: { address?: string }, b: { address?: string }) => (a.address! < b.address! ? -1 : 1);
    expect(named.sort(order)).toEqual(routes.sort(order));
  });

  test("the README's addresses are there", () => {
    const known = routes.map((route) => route.address);
    for (const [address] of tableAfter(README, "## Addresses")) expect(known).toContain(address);
  });
});

test("docs/running.md names every metric with its meaning and labels, in their order, and no other", async () => {
  const declared = METRICS.map(([name, meaning, labels]) => [name, meaning, labels.join(", ")]);
  expect(tableAfter(read("docs/running.md"), "## Metrics")).toEqual(declared);
});

test("the README's tree names every part of src, and no other", () => {
  const tree = README.split("## The house")[1]!.split("```")[1]!;
  const named = [...tree.split("views/")[0]!.matchAll(/^ {2}([a-z.]+)\/? /gm)].map((found) => found[1]);
  expect(named.sort()).toEqual(readdirSync(path.join(ROOT, "src")).sort());
});

describe("docs/protocol.md", () => {
  const protocol = read("docs/protocol.md");

  test("names every field of a visit, and no other", () => {
    const named = tableAfter(protocol, "# The tablets' protocol").flatMap(([fields]) => fields!.split(", "));
    expect(named.sort()).toEqual(Object.keys(sentVisitForm.shape).sort());
    for (const field of Object.keys(contactForm.shape)) expect(protocol).toContain(`\`${field}\``);
  });

  test("shows a visit that passes the checks, with every field", () => {
    const example = JSON.parse(protocol.split("```json\n")[1]!.split("```")[0]!).visits[0];
    expect(checkVisit(example)).toMatchObject({ ok: true });
    expect(Object.keys(example).sort()).toEqual(Object.keys(sentVisitForm.shape).sort());
  });
});

test("every link and picture in the docs leads somewhere", () => {
  const files = [
    "README.md",
    ...readdirSync(path.join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md"))
      .map((file) => path.join("docs", file)),
  ];
  const dead = files.flatMap((file) =>
    [...read(file).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map((found) => found[1]!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(path.join(ROOT, path.dirname(file), target)))
      .map((target) => `${file}: ${target}`),
  );
  expect(dead).toEqual([]);
});

test("docs/experts-file.md names every column of the file, in their order, and no other", () => {
  const declared = COLUMNS.map(({ heading, key, meaning }) => [heading, key, meaning]);
  expect(tableAfter(read("docs/experts-file.md"), "## Columns")).toEqual(declared);
});

test.each(LIST_NAMES)("docs/exports.md names every column of %s, in their order, and no other", (list) => {
  const declared = (EXPORTED[list] as Column<never>[]).map(({ heading, key, meaning }) => [
    heading,
    key,
    meaning,
  ]);
  expect(tableAfter(read("docs/exports.md"), `## Columns of ${list}`)).toEqual(declared);
});

test("docs/exports.md names every list with its formats, and every filter, and no other", () => {
  const text = read("docs/exports.md");
  const named = tableAfter(text, "# Exports").map(([list, , formats]) => [list, formats!.split(", ").sort()]);
  const zipped = (list: string) => (list === "follow-ups" ? [".zip"] : []);
  expect(named).toEqual(
    LIST_NAMES.map((list) => [
      list,
      [...FORMATS[list].map((format) => `.${format}`), ...zipped(list)].sort(),
    ]),
  );
  const filters = tableAfter(text, "## What a list is narrowed down to").map(([parameter]) => parameter);
  expect(filters).toEqual([...FILTER_NAMES, "why"]);
});

describe("docs/security.md", () => {
  const text = read("docs/security.md");
  const named = [...text.matchAll(/\[([^\]]+)\]\(\.\.\/(test\/[^)]+)\)/g)].map(([, name, file]) => ({
    name: name!.replace(/\s+/g, " "),
    file: file!,
  }));

  test("names tests that are there, word for word", () => {
    expect(named.length).toBeGreaterThan(30);
    const missing = named.filter(({ name, file }) => {
      const titles = [...read(file).matchAll(/"((?:[^"\\\n]|\\.)*)"|`([^`]*)`/g)].map(
        (found) => found[1] ?? found[2],
      );
      return !titles.some((title) => title === name || [`%s ${name}`, `%s: ${name}`].includes(title ?? ""));
    });
    expect(missing).toEqual([]);
  });

  test("says of every address that is not the organizer's alone what it shows of visitors", () => {
    const declared = allRoutes({ config: {} } as Deps)
      .filter(({ who }) => who !== "organizer")
      .map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    const listed = tableAfter(text, "## What staff and visitors are shown").flatMap(([addresses]) =>
      addresses!.split(", "),
    );
    expect(listed.sort()).toEqual(declared.sort());
  });
});

describe("docs/dependencies.md", () => {
  const text = read("docs/dependencies.md");
  const { dependencies, devDependencies } = JSON.parse(read("package.json"));
  const { packages } = JSON.parse(read("package-lock.json")) as {
    packages: Record<
      string,
      { version: string; integrity?: string; license?: string; hasInstallScript?: boolean; dev?: boolean }
    >;
  };
  const locked = (name: string) => packages[`node_modules/${name}`];

  test.each([
    ["With the program", dependencies],
    ["For building and testing alone", devDependencies],
  ])("lists every part: %s, with its licence, and no other", (heading, declared) => {
    const listed = tableAfter(text, `## ${heading}`).map(([name, , licence]) => [name, licence]);
    expect(listed.sort()).toEqual(
      Object.keys(declared)
        .map((name) => [name, locked(name)?.license])
        .sort(),
    );
  });

  test("every package is locked with the hash of what it is, and none comes from elsewhere than a registry", () => {
    const loose = Object.entries(packages).filter(
      ([place, { integrity }]) => place !== "" && !/^sha512-[\w+/]{86}==/.test(integrity ?? ""),
    );
    expect(loose.map(([place]) => place)).toEqual([]);
    const ranges = Object.values({ ...dependencies, ...devDependencies }) as string[];
    expect(ranges.filter((range) => !/^\^?\d+\.\d+\.\d+$/.test(range))).toEqual([]);
  });

  test("lists every package that runs a script when it is installed, and no other", () => {
    const running = Object.entries(packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([place, { dev }]) => [place.replace(/^.*node_modules\//, ""), dev ? "no" : "yes"]);
    const listed = tableAfter(text, "## Scripts that run when it is installed");
    expect(listed.map(([name, ours]) => [name, ours]).sort()).toEqual(running.sort());
  });

  test("speaks of the versions that are locked", () => {
    for (const [, name, version] of text.matchAll(
      /\| ([a-z-]+) (?:\(of exceljs\) )?before [^|]*\| we have ([\d.]+)/g,
    )) {
      const versions = Object.entries(packages)
        .filter(([place]) => place.endsWith(`node_modules/${name}`))
        .map(([, each]) => each.version);
      expect([name, versions]).toEqual([name, expect.arrayContaining([version!.replace(/\.$/, "")])]);
    }
  });
});
