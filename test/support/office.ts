import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

/** UTF-8, comma, quotes; every sheet into a file of its own, its cells as they are shown. */
const AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1";

/** What its dialog proposes for a CSV file with a byte order mark: UTF-8, comma. Without a window there is none to ask. */
const FROM_CSV = "--infilter=CSV:44,34,76,1";

/**
 * Has LibreOffice open spreadsheets, all of a kind, and write their sheets as CSV, in one start of it. Gives the folder of
 * what it wrote: `NAME.xlsx` with a sheet "Visits" is `NAME-Visits.csv` there, `NAME.csv` is `NAME-NAME.csv`.
 */
export async function openInOffice(folder: string, kind: "xlsx" | "csv", files: string[]): Promise<string> {
  const out = path.join(folder, `${kind} from the office`);
  mkdirSync(out);
  const soffice = process.env.SOFFICE_PATH ?? "soffice";
  const profile = `-env:UserInstallation=file://${encodeURI(path.join(folder, "profile"))}`;
  try {
    await promisify(execFile)(
      soffice,
      [
        ...["--headless", "--norestore", profile, ...(kind === "csv" ? [FROM_CSV] : [])],
        ...["--convert-to", AS_CSV, "--outdir", out, ...files],
      ],
      { timeout: 120_000 },
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(
      "There is no LibreOffice here. `npm test` installs it where it may; else install it, or set SOFFICE_PATH to its soffice.",
    );
  }
  return out;
}
