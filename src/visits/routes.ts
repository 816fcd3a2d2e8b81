import { listsOf } from "../catalog/store";
import type { Deps } from "../deps";
import { Problem } from "../errors";
import { type Route, type StaffCaller, staff } from "../http/route";
import { checkBatch } from "./form";
import { clockOffset } from "./rules";
import {
  asSent,
  deleteVisit,
  deviceOfVisit,
  eventOfStaff,
  fullVisits,
  ownVisitIds,
  placeOf,
  recordVisits,
} from "./store";

/** How many of its last visits a device is shown. */
const LAST_VISITS = 50;

export function visitRoutes(deps: Deps): Route[] {
  const { db, now } = deps;

  return [
    staff.post("/api/visits", async (req, res, caller) => {
      const receivedAt = now();
      const batch = checkBatch(req.body);
      if (!batch.ok) throw new Problem("invalid", "This is not a batch of visits.", batch.problems);
      const event = await eventOfStaff(db.read, caller, req.query.event, receivedAt);
      const arrival = {
        event,
        lists: await listsOf(db.read, event.id),
        ...placeOf(caller),
        receivedAt,
        clockOffset: clockOffset(batch.value.sentAt, receivedAt),
      };
      res.json({ results: await recordVisits(db, arrival, batch.value.visits) });
    }),

    staff.get("/api/visits", async (req, res, caller) => {
      const event = await eventOfStaff(db.read, caller, req.query.event, now());
      const ids = await ownVisitIds(db.read, event.id, placeOf(caller).deviceId, LAST_VISITS);
      const [visits, lists] = await Promise.all([fullVisits(db.read, ids), listsOf(db.read, event.id)]);
      res.json({ visits: visits.map((visit) => asSent(visit, lists)) });
    }),

    staff.delete("/api/visits/:id", async (req, res, caller) => {
      const id = req.params.id as string;
      await mayChange(deps, caller, id);
      await db.write((writer) => deleteVisit(writer, id, placeOf(caller).staffName, now()));
      res.status(204).end();
    }),
  ];
}

/** A device changes its own visits, the organizer all. An id that is not there yet is nobody's. */
async function mayChange({ db }: Deps, caller: StaffCaller, visitId: string): Promise<void> {
  if (caller.kind === "organizer") return;
  const device = await deviceOfVisit(db.read, visitId);
  if (device !== undefined && device !== caller.id) {
    throw new Problem("forbidden", "This visit was logged on another tablet. The organizer can change it.");
  }
}
