import { readFileSync } from "node:fs";
import path from "node:path";
import { CATEGORY_SERIES, STATE_SERIES, stackedRows } from "../../../src/reports/charts/rules";
import { lightColours, standalone } from "../../../src/reports/write-up/pictures/rules";

const TOKENS = readFileSync(path.resolve(__dirname, "../../../public/styles/tokens.css"), "utf8");

test("the light colours are read from the pages' tokens", () => {
  expect(lightColours(TOKENS)).toMatchObject({
    ink: "#17202e",
    existing: "#0b5a8f",
    "curious-ink": "#1d1503",
  });
  expect(lightColours("--a: light-dark(#fff, #000); --b: 1rem; --c:#123456 ;")).toEqual({
    a: "#fff",
    c: "#123456",
  });
});

test("a picture says everything by itself: title, description, colours, what they mean, and its size", () => {
  for (const series of [CATEGORY_SERIES, STATE_SERIES]) {
    const bars = [{ name: "Tom & <Jerry>\u0001", values: { existing: 3, new: 40, open: 12 } }];
    const svg = standalone(stackedRows(bars, series, 540), lightColours(TOKENS), {
      title: "Days & <nights>",
      desc: "Fri: 3\u0000 & more",
      series,
    });
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="560" height="\d+" viewBox="0 0 560 \d+"/,
    );
    expect(svg).toContain("<title>Days &amp; &lt;nights&gt;</title>");
    expect(svg).toContain("<desc>Fri: 3  &amp; more</desc>");
    expect(svg).toContain('<rect width="100%" height="100%" fill="#ffffff"/>');
    for (const { name, mark } of series) expect(svg).toMatch(new RegExp(`>${mark}</text>.*>${name}</text>`));
    expect(svg).not.toMatch(/var\(--|ecmeta|\p{Cc}(?<!\n)/u);
    expect(svg.match(/<svg/g)).toHaveLength(1);
  }
});

test("a colour that the tokens do not have, or a chart without a size, is a fault of the program", () => {
  const words = { title: "", desc: "", series: [] };
  expect(() => standalone('<svg viewBox="0 0 1 1"><path fill="var(--none)"/></svg>', {}, words)).toThrow(
    "--",
  );
  expect(() => standalone("<svg></svg>", {}, words)).toThrow("size");
});
