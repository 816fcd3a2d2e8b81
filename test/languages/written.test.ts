import { textsOf, wordsInCode, wordsInView } from "../support/words";

/** What staff and visitors meet. The organizer's desk is written in English, in its views. */
const VIEWS = Object.entries(textsOf("views", ".ejs")).filter(
  ([file]) =>
    /^views\/(capture|settings)\//.test(file) ||
    /^views\/slips\/(answer|code|field|how|nothing|slip)\.ejs$/.test(file) ||
    /^views\/asking\/(form|closed|asked)\.ejs$/.test(file) ||
    /^views\/privacy\/(field|gone|notice|nothing|own|own-code|sections|take-out)\.ejs$/.test(file) ||
    /^views\/reports\/wall(-picture)?\.ejs$/.test(file) ||
    /^views\/access\/(sign-in|confirm-pairing|trust)/.test(file) ||
    /^views\/shared\/(error|layout|category|problem)\.ejs$/.test(file),
);
const CODE = Object.entries(textsOf("src/tablet", ".ts")).filter(
  ([file]) =>
    !file.endsWith(".d.ts") &&
    // These belong to the organizer's desk, and to experts' pages.
    !/^src\/tablet\/(pages\/(pair|desk|expert|lock|queue|answering|write-up)|(lock|queue)\/\w+)\.ts$/.test(
      file,
    ) &&
    // What a code says that has no field goes into the visit's note, and what is kept has one language whoever scans.
    !/^src\/tablet\/scan\/(code|contact|mecard|vcard)\.ts$/.test(file),
);

/** Written in views, and the same in every language. */
const NAMES = ["Boothlight", "·    · Boothlight", "CA", "SHA-256"];
/** In the code of views: values of attributes, names of fields. */
const VALUES = ["checked", "overviewGiven", "light dark", "(prefers-contrast: more)"];
/** Written in code, and never shown: what parts of the program tell one another. */
const NOT_SHOWN: Record<string, string[]> = {
  "src/tablet/live/figures.ts": ["(prefers-reduced-motion: reduce)"],
  "src/tablet/pages/capture.ts": ["not undone"],
  "src/tablet/scan/dialog.ts": ['<svg class="icon" aria-hidden="true" focusable="false"'],
  "src/tablet/scan/reader.ts": ["reading failed:"],
  "src/tablet/scan/reading.ts": ["Plain", "Aztec", "Codabar"],
  "src/tablet/sender.ts": ["go on", "no answer", "no network", "not undone"],
  "src/tablet/settings.ts": ["(prefers-contrast: more)"],
  "src/tablet/shell.ts": ["keep the rest", "take over"],
  "src/tablet/visitor/dialog.ts": ["slip to-visitor", "slip-code own-code"],
};

test("the scan looks at all that staff and visitors meet", () => {
  expect(VIEWS.map(([file]) => file)).toEqual(
    expect.arrayContaining([
      "views/capture/capture.ejs",
      "views/capture/details.ejs",
      "views/access/sign-in.ejs",
      "views/access/trust.ejs",
      "views/shared/error.ejs",
    ]),
  );
  expect(CODE.length).toBeGreaterThan(15);
});

test.each(VIEWS)("%s takes its words from the messages", (_file, text) => {
  expect(wordsInView(text).filter((words) => ![...NAMES, ...VALUES].includes(words))).toEqual([]);
});

test.each(CODE)("%s takes its words from the messages", (file, text) => {
  expect(wordsInCode(text).filter((words) => !NOT_SHOWN[file]?.includes(words))).toEqual([]);
});

test("what is named as never shown is still there", () => {
  const found = new Set(CODE.flatMap(([file, text]) => wordsInCode(text).map((words) => `${file} ${words}`)));
  const named = Object.entries(NOT_SHOWN).flatMap(([file, all]) => all.map((words) => `${file} ${words}`));
  expect(named.filter((each) => !found.has(each))).toEqual([]);
});

test.each([
  ["between tags", "<p>Nothing waits</p>", ["Nothing waits"]],
  ["one word between tags", "<button>\n  Save\n</button>", ["Save"]],
  ["beside what is said", "<p><%= page.say('capture.undo') %> it</p>", ["it"]],
  ["in a label for screen readers", '<button aria-label="Close"></button>', ["Close"]],
  ["half in a label", '<input placeholder="<%= page.name %> or else">', ["or else"]],
  ["in the code of a view", "<%= page.count ? 'Some wait' : '' %>", ["Some wait"]],
  ["in a list in the code of a view", "<% const fields = [['name', 'Name']]; %>", ["Name"]],
  ["nowhere", "<p class=\"soft\"><%= page.say('capture.undo') %></p><%# A comment. %>", []],
  ["not in an address", "<a href=\"/capture<%= page.query %>\" data-show-last><%- page.icon('x') %></a>", []],
])("words that were forgotten in a view are found: %s", (_where, view, words) => {
  expect(wordsInView(view)).toEqual(words);
});

test.each([
  ["put into an element", 'place.textContent = "waiting";', ["waiting"]],
  ["put together", "place.textContent = `$" + "{count} waiting`;", ["waiting"]],
  ["one of two", 'place.textContent = isBad ? "bad" : say("standing.all-sent");', ["bad"]],
  ["given to an element", 'place.append("soon");', ["soon"]],
  ["for screen readers", 'button.setAttribute("aria-label", `Question $' + "{number}`);", ["Question"]],
  ["kept for later", 'const NAMES = { new: "New" };', ["New"]],
  ["given on", 'announce("Not on the disk", visit);', ["Not on the disk"]],
  ["given to what makes elements", 'make("p", { textContent: "ready" });', ["ready"]],
  ["nowhere", 'place.textContent = say("standing.waiting", { count, why: say("standing.full") });', []],
  ["not in a selector", 'form.querySelector("input[type=radio], textarea").closest("label");', []],
  ["not in what goes wrong inside", 'throw new Error("There is no such store.");', []],
  ["not in a name", 'import { say } from "./The words";', []],
])("words that were forgotten in the tablet's code are found: %s", (_where, code, words) => {
  expect(wordsInCode(code)).toEqual(words);
});
