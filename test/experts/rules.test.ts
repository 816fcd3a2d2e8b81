import { checkExpert, typedExpert } from "../../src/experts/form";
import { byTopic, unanswered } from "../../src/experts/rules";

const expert = (name: string, ...topics: string[]) => ({ id: name, name, topics });
const names = (experts: { name: string }[]) => experts.map((each) => each.name);

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

const typed = typedExpert({ name: "Kai", kind: "person" }, "UTC");

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
  ["chat", "javascript:alert(1)"],
  ["chat", "kai@example.org"],
])("a %s may not have the address “%s”", (kind, address) => {
  const form = checkExpert({ ...typed, kind, address });
  expect(form.ok || form.problems.map((problem) => problem.field)).toEqual(["address"]);
});

test("every wrong field is reported at once", () => {
  const form = checkExpert({ ...typed, name: " ", kind: "oracle", topics: [""] });
  expect(form.ok || form.problems.map((problem) => problem.field).sort()).toEqual([
    "kind",
    "name",
    "topics.0",
  ]);
});
