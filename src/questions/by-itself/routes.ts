import { ownPath } from "../../access/form";
import type { Deps } from "../../deps";
import { eventBySlug } from "../../events/store";
import { organizer, type Route } from "../../http/route";
import { letRouteItself } from "./store";

export function byItselfRoutes({ db }: Deps): Route[] {
  return [
    organizer.post("/events/:slug/routing", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      await letRouteItself(db, event.id, req.body?.itself === "yes");
      res.redirect(303, ownPath(req.body?.back) ?? `/events/${event.slug}/questions`);
    }),
  ];
}
