// The one form in which every bench tells what it measured: lines, each a figure beside its limit.

const UNITS = {
  ms: (value) => `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`,
  s: (value) => `${value.toFixed(value < 10 ? 2 : 1)} s`,
  KB: (value) => `${value.toFixed(1)} KB`,
  MB: (value) => `${value.toFixed(0)} MB`,
  "/s": (value) => `${Math.round(value).toLocaleString("en")}/s`,
  "%": (value) => `${(value * 100).toFixed(1)} %`,
  "×": (value) => `${value.toFixed(2)} ×`,
  "": (value) => value.toLocaleString("en"),
};

/**
 * Tells what a bench measured, at its end. A line is `{ name, value, unit, atMost, atLeast, isDetail }`: `unit` one of ms, s,
 * KB, MB, /s, % (of a share of 1), × and none; one of `atMost` and `atLeast` is the limit, none where it only stands beside
 * others; a detail is left out of the table of all benches. Ends the process with 1 where a limit is broken.
 */
export function tell(lines) {
  if (lines.some(isBroken)) process.exitCode = 1;
  if (!process.send) return console.log(inText(lines));
  process.send({ lines: lines.filter(({ isDetail }) => !isDetail) });
  process.disconnect();
}

/** Whether a figure is not within its limit; one that could not be measured is not. */
export function isBroken({ value, atMost, atLeast }) {
  if (atMost !== undefined) return !(value <= atMost);
  return atLeast !== undefined && !(value >= atLeast);
}

const HEAD = ["", "measured", "limit", "of the limit"];

function cellsOf(line) {
  const { name, value, unit = "", atMost, atLeast } = line;
  const limit = atMost ?? atLeast;
  if (limit === undefined) return [name, UNITS[unit](value), "", ""];
  // Of a limit that is zero there is no ratio: it is kept, or it is not.
  const ratio = limit === 0 ? "" : (value / limit).toFixed(2);
  const most = `${atMost === undefined ? "at least" : "at most"} ${UNITS[unit](limit)}`;
  return [name, UNITS[unit](value), most, `${ratio}${isBroken(line) ? " (broken)" : ""}`.trim()];
}

/** Lines as a table for a terminal. */
export function inText(lines) {
  return inColumns([HEAD, ...lines.map(cellsOf)])
    .map((row) => row.join("  ").trimEnd())
    .join("\n");
}

/** Lines as a table in Markdown. */
export function inMarkdown(lines) {
  const [head, ...rows] = inColumns([HEAD, ...lines.map(cellsOf)]);
  const rule = head.map((cell, index) =>
    index === 0 ? "-".repeat(cell.length) : `${"-".repeat(cell.length - 1)}:`,
  );
  return [head, rule, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function inColumns(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))),
  );
}

export const median = (values) => at(values, 0.5);

/** The value that this share of them does not exceed. */
export function at(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
