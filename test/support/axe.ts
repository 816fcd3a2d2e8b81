import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/**
 * What is wrong with a page, as it stands, for somebody who cannot see well, use a mouse, or has a small screen. `colours`: with
 * its colours alone, for another look of a page of which the rest was looked at.
 */
export async function complaintsAbout(page: Page, about: "all" | "colours" = "all"): Promise<string[]> {
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(AXE);
  const only = about === "colours" ? `, runOnly: ["color-contrast", "link-in-text-block"]` : "";
  const found = (await page.evaluate(`axe.run({ resultTypes: ["violations"]${only} })`)) as {
    violations: { id: string; nodes: { html: string }[] }[];
  };
  const complaints = found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`);
  const wider = await page.evaluate(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  if ((wider as number) > 0) complaints.push(`scrolls sideways by ${wider}px`);
  return complaints;
}
