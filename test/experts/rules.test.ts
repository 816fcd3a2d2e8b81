import { DateTime } from "luxon";
import { checkExpert, typedExpert } from "../../src/experts/form";
import {
  awayInWords,
  byTopic,
  differences,
  dueAt,
  isAway,
  languagesToChoose,
  loadOf,
  narrowed,
  oneUp,
  shortened,
  thinTopics,
  unanswered,
} from "../../src/experts/rules";

const expert = (name: string, ...topics: string[]) => ({ id: name, name, topics });
const names = (experts: { name: string }[]) => experts.map((each) => each.name);

describe("who answers on what", () => {
  test("who names a topic first comes first, then by name; everybody else follows by name", () => {
    const experts = [
      expert("Zoë", "storage"),
      expert("Kai", "backup", "storage"),
      expert("Ada", "storage"),
      expert("Lou", "networking"),
      expert("Élodie"),
    ];
    const { onTopic, others } = byTopic(experts, "storage");
    expect(names(onTopic)).toEqual(["Ada", "Zoë", "Kai"]);
    expect(names(others)).toEqual(["Élodie", "Lou"]);
  });

  test("without a topic nobody is likelier", () => {
    const { onTopic, others } = byTopic([expert("Kai", "storage")], undefined);
    expect(onTopic).toEqual([]);
    expect(names(others)).toEqual(["Kai"]);
  });

  test("topics on which nobody answers are named", () => {
    const topics = [{ slug: "storage" }, { slug: "backup" }];
    expect(unanswered(topics, [expert("Kai", "storage")])).toEqual([{ slug: "backup" }]);
  });

  test("a topic is thin where all who answer on it cannot, and says why", () => {
    const experts = [
      expert("Kai", "storage", "backup"),
      expert("Lou", "storage"),
      expert("Zoë", "upgrade", "backup"),
    ];
    const topics = ["storage", "backup", "upgrade", "networking"].map((slug) => ({ slug }));
    const away = (...them: string[]) =>
      thinTopics(topics, experts, ({ name }) => (them.includes(name) ? "is away" : undefined));
    expect(away("Kai")).toEqual([]);
    expect(away("Zoë")).toEqual([{ topic: { slug: "upgrade" }, why: "Zoë is away" }]);
    expect(away("Kai", "Lou")).toEqual([
      { topic: { slug: "storage" }, why: "2 experts, all away or with their hands full" },
    ]);
  });

  test("a topic goes one place up, and the first one stays", () => {
    expect(oneUp(["a", "b", "c"], "c")).toEqual(["a", "c", "b"]);
    expect(oneUp(["a", "b", "c"], "a")).toEqual(["a", "b", "c"]);
    expect(oneUp(["a", "b", "c"], "gone")).toEqual(["a", "b", "c"]);
  });

  test("a list is narrowed down by name or address without accents, by topic and by kind", () => {
    const all = [
      { ...expert("João", "storage"), kind: "person" as const, address: "jp@example.org" },
      { ...expert("Forum", "storage"), kind: "forum" as const, address: "https://forum.example.org" },
    ];
    const by = (choice: object) => names(narrowed(all, { search: "", topic: "", kind: "", ...choice }));
    expect(by({})).toEqual(["João", "Forum"]);
    expect(by({ search: "joao" })).toEqual(["João"]);
    expect(by({ search: "EXAMPLE.org", kind: "forum" })).toEqual(["Forum"]);
    expect(by({ topic: "backup" })).toEqual([]);
  });
});

describe("being away", () => {
  test.each([
    [null, null, "2024-02-03", false],
    ["2024-02-03", "2024-02-05", "2024-02-02", false],
    ["2024-02-03", "2024-02-05", "2024-02-03", true],
    ["2024-02-03", "2024-02-05", "2024-02-05", true],
    ["2024-02-03", "2024-02-05", "2024-02-06", false],
    [null, "2024-02-05", "1999-01-01", true],
    [null, "2024-02-05", "2024-02-06", false],
    ["2024-02-03", null, "2024-02-02", false],
    ["2024-02-03", null, "2050-01-01", true],
  ])("from %s to %s, on %s: %s", (away_from, away_until, day, is) => {
    expect(isAway({ away_from, away_until }, day)).toBe(is);
  });

  test.each([
    ["2024-02-01", "2024-05-03", "away until 3 May", true],
    ["2024-02-01", "2025-01-07", "away until 7 Jan 2025", true],
    ["2024-02-01", null, "away, nobody knows until when", true],
    [null, "2024-02-03", "away until 3 Feb", true],
    ["2024-03-01", "2024-03-08", "away from 1 Mar to 8 Mar", false],
    ["2024-03-01", "2024-03-01", "away on 1 Mar", false],
    ["2024-03-01", null, "away from 1 Mar", false],
  ])("from %s to %s is “%s” on 3 February", (away_from, away_until, text, isNow) => {
    expect(awayInWords({ away_from, away_until }, "2024-02-03")).toEqual({ text, isNow });
  });

  test("an absence that is over is not told", () => {
    expect(awayInWords({ away_from: "2024-01-01", away_until: "2024-02-02" }, "2024-02-03")).toBeUndefined();
    expect(awayInWords({ away_from: null, away_until: "2024-02-02" }, "2024-02-03")).toBeUndefined();
    expect(awayInWords({ away_from: null, away_until: null }, "2024-02-03")).toBeUndefined();
  });
});

describe("when a question should be answered", () => {
  const due = (
    asked: string,
    { zone = "UTC", priority = "high" as "high" | "normal" | "low", from = "", until = "" } = {},
  ) => {
    const holder = { time_zone: zone, away_from: from || null, away_until: until || null };
    const at = dueAt(holder, priority, Date.parse(asked));
    return DateTime.fromMillis(at, { zone }).toISO({ suppressMilliseconds: true, suppressSeconds: true });
  };

  test("at the end of the working day that its priority gives; the day on which it came does not count", () => {
    // 5 February 2024 is a Monday.
    expect(due("2024-02-05T10:00Z")).toBe("2024-02-07T00:00Z");
    expect(due("2024-02-05T10:00Z", { priority: "normal" })).toBe("2024-02-09T00:00Z");
    expect(due("2024-02-05T10:00Z", { priority: "low" })).toBe("2024-02-20T00:00Z");
  });

  test("weekends do not count", () => {
    expect(due("2024-02-02T10:00Z")).toBe("2024-02-06T00:00Z");
    expect(due("2024-02-03T10:00Z")).toBe("2024-02-06T00:00Z");
    expect(due("2024-02-04T23:59Z")).toBe("2024-02-06T00:00Z");
  });

  test("days are those of the expert's own zone", () => {
    // Sunday evening in Europe is Monday morning in Tokyo, and it is Tuesday that counts there.
    expect(due("2024-02-04T20:00Z", { zone: "Asia/Tokyo" })).toBe("2024-02-07T00:00+09:00");
    expect(due("2024-02-05T04:00Z", { zone: "America/Los_Angeles" })).toBe("2024-02-06T00:00-08:00");
  });

  test("the clocks going forward or back moves no day", () => {
    // 31 March 2024 has 23 hours in Brussels, 27 October 25.
    expect(due("2024-03-29T10:00Z", { zone: "Europe/Brussels" })).toBe("2024-04-02T00:00+02:00");
    expect(due("2024-10-25T10:00Z", { zone: "Europe/Brussels" })).toBe("2024-10-29T00:00+01:00");
  });

  test("days away in between do not count, whichever end is open", () => {
    const tuesdayToThursday = { from: "2024-02-06", until: "2024-02-08" };
    expect(due("2024-02-05T10:00Z", tuesdayToThursday)).toBe("2024-02-10T00:00Z");
    expect(due("2024-02-05T10:00Z", { priority: "normal", ...tuesdayToThursday })).toBe("2024-02-14T00:00Z");
    expect(due("2024-02-05T10:00Z", { until: "2024-02-07" })).toBe("2024-02-09T00:00Z");
    expect(due("2024-02-05T10:00Z", { from: "2024-02-08" })).toBe("2024-02-07T00:00Z");
  });

  test("somebody who is away for good has a last day too", () => {
    const at = Date.parse(due("2024-02-05T10:00Z", { from: "2024-02-01" }) as string);
    expect(at).toBeGreaterThan(Date.parse("2025-01-01"));
  });
});

describe("load", () => {
  test.each([
    [null, 50, 80, { share: null, isFull: false }],
    [4, 1, 2, { share: 0.5, isFull: false }],
    [4, 3, 1, { share: 0.75, isFull: false }],
    [4, 0, 4, { share: 1, isFull: true }],
    [4, 6, 2, { share: 1.5, isFull: true }],
    [0, 0, 0, { share: 1, isFull: true }],
  ])("of %s a week, with %i now and %i of the last days", (weekly, held, week, is) => {
    expect(loadOf(weekly, { held, week })).toEqual(is);
  });
});

test("a webhook's address is shown so that nobody can use it", () => {
  expect(shortened("https://chat.example.org/hooks/0123456789abcdefx7Qa")).toBe("chat.example.org/…x7Qa");
  expect(shortened("https://chat.example.org/hooks/short")).toBe("chat.example.org/…");
  expect(shortened("")).toBe("");
});

test("languages have their own names and the English ones, each once", () => {
  const languages = languagesToChoose();
  expect(languages).toContainEqual({ code: "de", own: "Deutsch", english: "German" });
  expect(languages).toContainEqual({ code: "ja", own: "日本語", english: "Japanese" });
  expect(languages.filter(({ code, english }) => code === english)).toEqual([]);
  expect(new Set(languages.map(({ english }) => english)).size).toBe(languages.length);
});

describe("the form", () => {
  const typed = typedExpert({ name: "Kai", kind: "person" }, "UTC");
  const fieldsWrong = (given: object) => {
    const form = checkExpert({ ...typed, ...given });
    return form.ok ? [] : form.problems.map((problem) => problem.field).sort();
  };

  test.each([
    ["person", ""],
    ["person", "kai@example.org"],
    ["mailing-list", "users@lists.example.org"],
    ["mailing-list", ""],
    ["forum", "https://forum.example.org/c/storage"],
    ["chat", "http://chat.example.org/#/room"],
  ])("a %s may have the address “%s”", (kind, address) => {
    expect(checkExpert({ ...typed, kind, address })).toMatchObject({ ok: true, value: { kind, address } });
  });

  test.each([
    ["person", "https://example.org"],
    ["mailing-list", "users at lists"],
    ["forum", ""],
    ["forum", "forum.example.org"],
    ["forum", "https://forum.example.org/a b"],
    ["chat", "javascript:alert(1)"],
    ["chat", "kai@example.org"],
  ])("a %s may not have the address “%s”", (kind, address) => {
    expect(fieldsWrong({ kind, address })).toEqual(["address"]);
  });

  test.each([
    ["person by mail", { reachedBy: "mail", address: "kai@example.org" }],
    ["list by mail", { kind: "mailing-list", reachedBy: "mail", address: "u@lists.example.org" }],
    ["person by a webhook", { reachedBy: "webhook", webhook: "https://hooks.example.org/x" }],
    [
      "chat by a webhook",
      { kind: "chat", address: "https://c.example", reachedBy: "webhook", webhook: "http://c.example/x" },
    ],
    ["forum by hand", { kind: "forum", address: "https://f.example", reachedBy: "hand" }],
  ])("a %s can be reached", (_who, given) => {
    expect(fieldsWrong(given)).toEqual([]);
  });

  test.each([
    ["person without an address by mail", { reachedBy: "mail" }, ["address"]],
    ["forum by mail", { kind: "forum", address: "https://f.example", reachedBy: "mail" }, ["reachedBy"]],
    ["chat by mail", { kind: "chat", address: "https://c.example", reachedBy: "mail" }, ["reachedBy"]],
    ["person by a webhook that is not given", { reachedBy: "webhook" }, ["webhook"]],
    [
      "person by a webhook that is a mail address",
      { reachedBy: "webhook", webhook: "a@b.example" },
      ["webhook"],
    ],
    ["person by pigeon", { reachedBy: "pigeon" }, ["reachedBy"]],
  ])("a %s cannot", (_who, given, fields) => {
    expect(fieldsWrong(given)).toEqual(fields);
  });

  test("a kept webhook counts where none is typed, and is forgotten where nobody is reached by it", () => {
    const kept = "https://hooks.example.org/kept";
    const value = (given: object) => {
      const form = checkExpert({ ...typed, ...given }, kept);
      return form.ok && form.value.webhook;
    };
    expect(value({ reachedBy: "webhook" })).toBe(kept);
    expect(value({ reachedBy: "webhook", webhook: "https://hooks.example.org/new" })).toBe(
      "https://hooks.example.org/new",
    );
    expect(value({ reachedBy: "hand" })).toBe("");
  });

  test("either end of an absence may be open, and the last day is not before the first", () => {
    expect(fieldsWrong({ awayFrom: "2026-05-03" })).toEqual([]);
    expect(fieldsWrong({ awayUntil: "2026-05-03" })).toEqual([]);
    expect(fieldsWrong({ awayFrom: "2026-05-03", awayUntil: "2026-05-03" })).toEqual([]);
    expect(fieldsWrong({ awayFrom: "2026-05-03", awayUntil: "2026-05-02" })).toEqual(["awayUntil"]);
    expect(fieldsWrong({ awayFrom: "2026-02-30" })).toEqual(["awayFrom"]);
  });

  test.each([
    ["", null],
    ["0", 0],
    ["12", 12],
  ])("“%s” questions a week are %s", (weekly, count) => {
    expect(checkExpert({ ...typed, weekly })).toMatchObject({ ok: true, value: { weekly: count } });
  });

  test.each([["-1"], ["1.5"], ["many"], ["1001"], ["99999999"]])(
    "“%s” questions a week are none",
    (weekly) => {
      expect(fieldsWrong({ weekly })).toEqual(["weekly"]);
    },
  );

  test("every wrong field is reported at once", () => {
    const wrong = {
      ...{ name: " ", kind: "oracle", topics: ["", "No Slug"], languages: ["xx"], timeZone: "Mars/Phobos" },
      ...{ weekly: "x", awayFrom: "x", reachedBy: "webhook", webhook: "x" },
    };
    expect(fieldsWrong(wrong)).toEqual([
      ...["awayFrom", "kind", "languages.0", "name", "timeZone", "topics.0", "topics.1", "webhook", "weekly"],
    ]);
  });

  test("a name stands in one line", () => {
    expect(checkExpert({ ...typed, name: " Kai\r\n\tBerg " })).toMatchObject({
      ok: true,
      value: { name: "Kai Berg" },
    });
  });

  test("what differs between two versions is told in words, and a secret is not", () => {
    const form = checkExpert(typed);
    if (!form.ok) throw new Error("The form should be right.");
    const before = form.value;
    const hook = "https://hooks.example.org/0123456789abcdefghij";
    expect(
      differences(
        { ...before, webhook: `${hook}1234` },
        { ...before, webhook: `${hook}x1234`, weekly: 3, languages: ["de"] },
      ),
    ).toEqual([
      { field: "webhook", label: "Webhook", before: "hooks.example.org/…1234", after: "another address" },
      { field: "languages", label: "Languages", before: "whatever is asked", after: "German" },
      { field: "weekly", label: "Questions a week", before: "as many as come", after: "3" },
    ]);
    expect(differences(before, { ...before })).toEqual([]);
  });
});
