import { check, Problem } from "../../errors";
import { type Rescue, rescuedForm, rescueForm } from "../../visits/form";

const NOTHING = "Nothing was brought in.";
const NEWEST = 1;

/** Reads a rescue file. Throws a Problem that says what else it is, or what is wrong with it as a whole. */
export function readRescueFile(bytes: Uint8Array): Rescue {
  let file: unknown;
  try {
    file = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Problem(
      "invalid",
      `This file cannot be read: it is no rescue file, or it did not come through whole. ${NOTHING}`,
    );
  }
  const { boothlight, version, format } = (file ?? {}) as Record<string, unknown>;
  if (format === "boothlight-event") {
    throw new Problem("invalid", `This is an event file. Import it on the page of all events. ${NOTHING}`);
  }
  if (boothlight !== "rescue") {
    throw new Problem(
      "invalid",
      `This is not a rescue file. A tablet saves one by “Save rescue file”; its name begins with “boothlight-rescue”. ${NOTHING}`,
    );
  }
  if (typeof version === "number" && version > NEWEST) {
    throw new Problem(
      "invalid",
      `This rescue file is of version ${version}, and this program reads version ${NEWEST}. ${NOTHING} Update Boothlight first.`,
    );
  }
  const checked = check(rescueForm, file);
  if (checked.ok) return checked.value;
  throw new Problem("invalid", `This rescue file is damaged. ${NOTHING}`, checked.problems);
}

/** One record of a rescue file. */
export const checkRescued = (record: unknown) => check(rescuedForm, record);
