import type { Request, Response } from "express";
import type { Deps } from "../../deps";
import { Problem } from "../../errors";
import { namedToday } from "../../events/rules";
import { chosenEvent } from "../../events/store";
import { show } from "../../http/pages";
import { addressWith, oneText } from "../../http/paging";
import { organizer, type Route } from "../../http/route";
import { upload } from "../../http/upload";
import { csvHead, csvLines } from "../../sheets";
import { COLUMNS, columnsToWrite, sealOf } from "./rules";
import { bringIn, filedExperts, planImport } from "./store";

/** Lines of each kind that the preview shows; all of them are brought in. */
const MOST_SHOWN = 200;

/** The directory as a CSV file, and back. */
export function expertFileRoutes({ db, now }: Deps): Route[] {
  return [
    organizer.get("/experts.csv", async (req, res) => {
      const columns = columnsToWrite(req.query.webhooks === "yes");
      const rows = (await filedExperts(db.read)).map((expert) => columns.map((column) => column.get(expert)));
      res.attachment("experts.csv");
      res.send(csvHead(columns.map(({ heading }) => heading)) + csvLines(rows));
    }),

    organizer.get("/experts/import", (req, res) => showChoice(req, res)),

    // First with a file, which is shown and not brought in; then with what was shown, and the seal on it.
    organizer.post("/experts/import", async (req, res) => {
      const file = await upload(req, res, { largestField: LARGEST_FIELD });
      const content = oneText(req.body?.content, LARGEST_FIELD);
      const bytes = content ? Buffer.from(content, "base64") : file.bytes;
      try {
        if (file.isTooLarge)
          throw new Problem("invalid", "This file is far too large for a list of experts.");
        if (!bytes) throw new Problem("invalid", "Please choose a file.");
        const seal = oneText(req.body?.seal);
        if (!seal) return await showPlan(req, res, bytes);
        const { added, changed } = await bringIn(db, bytes, ownZone(), seal, now());
        res.redirect(
          303,
          addressWith("/experts", {
            event: oneText(req.query.event),
            added: String(added.length),
            changed: String(changed.length),
          }),
        );
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.kind === "conflict" && bytes) {
          return showPlan(req, res.status(409), bytes, error.message);
        }
        return showChoice(req, res.status(422), error.message);
      }
    }),
  ];

  async function showChoice(req: Request, res: Response, problem?: string): Promise<void> {
    const event = await chosenEvent(db.read, oneText(req.query.event), now());
    show(res, "experts/import", {
      title: "Experts from a file",
      section: "experts",
      styles: ["events", "experts"],
      width: "narrow",
      event,
      query: event ? `?event=${encodeURIComponent(event.slug)}` : "",
      columns: COLUMNS,
      problems: problem ? [{ field: "file", message: problem }] : [],
    });
  }

  async function showPlan(req: Request, res: Response, bytes: Uint8Array, notice?: string): Promise<void> {
    const { file, plan } = await planImport(db.read, bytes, ownZone());
    const event = await chosenEvent(db.read, oneText(req.query.event), now());
    show(res, "experts/preview", {
      title: "What this file would do",
      section: "experts",
      styles: ["experts"],
      event,
      query: event ? `?event=${encodeURIComponent(event.slug)}` : "",
      notice,
      isGuess: file.isGuess,
      unknown: file.unknown,
      plan,
      most: MOST_SHOWN,
      content: Buffer.from(bytes).toString("base64"),
      seal: sealOf(plan),
    });
  }
}

/** Room for the largest file that is read, in base64. */
const LARGEST_FIELD = 3 * 1024 * 1024;

function ownZone(): string {
  return namedToday(Intl.DateTimeFormat().resolvedOptions().timeZone);
}
