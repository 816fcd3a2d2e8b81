import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Deps } from "../../deps";
import { Problem } from "../../errors";
import { chosenEvent } from "../../events/store";
import { oneText } from "../../http/paging";
import { organizer, type Route } from "../../http/route";
import { ORGANIZER } from "../../visits/store";
import { takeEventFile } from "./store";

/** The longest reason that is kept. */
const LONGEST_REASON = 500;

/** The whole event, to take along. */
export function eventFileRoutes({ db, now }: Deps): Route[] {
  return [
    organizer.get("/exports/event.json", async (req, res) => {
      const event = await chosenEvent(db.read, req.query.event, now());
      if (!event) throw new Problem("missing", "There is no event yet. Set one up first.");
      res.attachment(`${event.slug}.json`);
      // Somebody asks what it would be, and takes nothing.
      if (req.method === "HEAD") return void res.end();
      const reason = oneText(req.query.why, LONGEST_REASON);
      const text = takeEventFile(db, event, { actor: ORGANIZER, reason, now: now() });
      await pipeline(Readable.from(text), res).catch((error) => {
        // Whoever closed the window before the end has what they wanted.
        if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
      });
    }),
  ];
}
