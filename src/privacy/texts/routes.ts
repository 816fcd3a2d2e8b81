import type { Request, Response } from "express";
import type { Deps } from "../../deps";
import { Problem } from "../../errors";
import { dayInWords, localTime } from "../../events/rules";
import { listEvents } from "../../events/store";
import { show } from "../../http/pages";
import { addressWith, oneText } from "../../http/paging";
import { organizer, type Route } from "../../http/route";
import { checkEdits, sealOf } from "../people/form";
import { writeEdits } from "../people/store";
import { forgetErased } from "../retention/store";
import { countTexts, dropLost, markLookedAt, textsToLookAt } from "./store";

const REASONS = {
  theirs: "They said it, or it was said of them.",
  name: "A name in it may be theirs.",
  redacted: "Something was left out of it: read whether it still makes sense.",
};

/** The page of the texts in which somebody who was erased may still be named. */
export function textRoutes(deps: Deps): Route[] {
  const { db, now, log } = deps;

  return [
    organizer.get("/texts-to-look-at", (req, res) => showTexts(req, res)),

    organizer.post("/texts-to-look-at", async (req, res) => {
      const edits = checkEdits(req.body);
      if (!edits.ok || edits.value.length !== 1) {
        throw new Problem("malformed", "The form did not come through whole. Please go back.");
      }
      const [edit] = edits.value;
      try {
        await db.write(async (writer) => {
          await writeEdits(writer, edits.value, now());
          await markLookedAt(writer, edit?.place ?? "", edit?.id ?? "");
          await dropLost(writer);
        });
      } catch (error) {
        if (!(error instanceof Problem) || error.kind !== "conflict") throw error;
        return showTexts(req, res.status(409), error.message, edit?.text);
      }
      await forgetErased(deps).catch(() => log.warn("what was erased is still in the database's files"));
      res.redirect(303, addressWith("/texts-to-look-at", { saved: "yes" }));
    }),
  ];

  async function showTexts(req: Request, res: Response, problem?: string, typed?: string): Promise<void> {
    const [events, texts, count] = await Promise.all([
      listEvents(db.read),
      textsToLookAt(db.read),
      countTexts(db.read),
    ]);
    show(res, "privacy/texts", {
      title: "Texts to look at",
      section: "events",
      styles: ["privacy"],
      width: "narrow",
      count,
      problem,
      saved: oneText(req.query.saved) === "yes",
      texts: texts.map((text) => {
        const event = events.find(({ id }) => id === text.eventId);
        const isTyped = typed !== undefined && text.place === req.body.place && text.id === req.body.id;
        return {
          ...text,
          text: isTyped ? typed : text.text,
          seal: sealOf(text.text),
          event: event?.name,
          since: dayInWords(localTime(text.since, event?.time_zone ?? "UTC").day),
          why: REASONS[text.reason],
          link: text.visitId === null ? undefined : `/visits/${text.visitId}`,
        };
      }),
    });
  }
}
