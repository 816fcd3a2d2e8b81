import { checkFigures } from "../../database/figures";
import type { Deps } from "../../deps";
import type { Finding } from "./rules";

/** Checks what can be wrong with the laptop and its data. Takes long where there is much: all figures are counted afresh. */
export async function findingsOf({ db }: Deps): Promise<Finding[]> {
  return [...(await figures(db))];
}

async function figures({ read }: Deps["db"]): Promise<Finding[]> {
  const differences = await checkFigures(read);
  if (differences.length === 0)
    return [
      { of: "figures", verdict: "good", words: "The figures that are kept are those that counting gives." },
    ];
  return differences.map(({ what, kept, counted }) => ({
    of: "figures",
    verdict: "bad",
    words: `The figures of “${what}” differ: ${kept} are kept where ${counted} are counted.`,
    advice: "boothlight check --mend counts all anew.",
  }));
}
