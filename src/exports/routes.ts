import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { listsOf } from "../catalog/store";
import type { Deps } from "../deps";
import { Problem } from "../errors";
import { chosenEvent, eventBySlug } from "../events/store";
import { show } from "../http/pages";
import { organizer, type Route } from "../http/route";
import { checkFilters } from "./form";
import { FOLLOW_UPS, FORMATS, LIST_NAMES, VISITS } from "./rules";
import { expertsToChoose, exportText, prepareExport } from "./store";

export function exportRoutes({ db, now }: Deps): Route[] {
  const downloads = LIST_NAMES.flatMap((list) =>
    FORMATS[list].map((format) =>
      organizer.get(`/exports/${list}.${format}`, async (req, res) => {
        const filters = checkFilters(req.query);
        if (!filters.ok) throw new Problem("invalid", "This list cannot be made as asked.", filters.problems);
        const event = await chosenEvent(db.read, filters.value.event, now());
        if (!event) throw new Problem("missing", "There is no event yet. Set one up first.");
        const what = await prepareExport(db.read, { list, format, event, filters: filters.value });
        res.attachment(`${list}-${event.slug}.${format}`);
        await pipeline(Readable.from(exportText(db.read, what)), res).catch((error) => {
          // Whoever closed the window before the end has what they wanted.
          if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
        });
      }),
    ),
  );

  return [
    ...downloads,

    organizer.get("/events/:slug/exports", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      show(res, "exports/exports", {
        title: "Lists to take home",
        section: "report",
        styles: ["exports"],
        event,
        lists: await listsOf(db.read, event.id),
        experts: await expertsToChoose(db.read),
        columns: { "follow-ups": FOLLOW_UPS, visits: VISITS },
      });
    }),
  ];
}
