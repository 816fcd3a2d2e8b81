import type { Deps } from "../../deps";
import { Problem } from "../../errors";
import { oneText } from "../../http/paging";
import { type Route, type StaffCaller, staff } from "../../http/route";
import { markdownToHtml } from "../../markdown";
import { visitForStaff } from "../../visits/store";
import type { Taker } from "../rules";
import { THE_ORGANIZER } from "../steps/store";
import { questionById } from "../store";
import { answeredLike, answerWith } from "./store";

/** As many as somebody reads while a visitor waits. */
const MOST = 3;
/** Less says nothing yet. */
const SHORTEST = 8;

export function similarRoutes({ db, suggester, now }: Deps): Route[] {
  return [
    staff.get("/api/similar", async (req, res) => {
      const text = oneText(req.query.text, 1000);
      const found =
        text.length < SHORTEST ? [] : await answeredLike(db.read, suggester, text, { most: MOST });
      res.json({
        similar: found.map(({ id, text: asked, answer }) => ({
          id,
          text: asked,
          answer: markdownToHtml(answer),
        })),
      });
    }),

    staff.post("/api/questions/:id/same", async (req, res, caller) => {
      const question = await questionById(db.read, req.params.id as string).catch(notHere);
      await visitForStaff(db.read, question.visit_id, caller);
      const as = oneText(req.body?.as);
      if (!as) throw new Problem("malformed", "refused.form");
      await db.write((writer) => answerWith(writer, question.id, as, { by: takerOf(caller), now: now() }));
      res.json({ id: question.id, as });
    }),
  ];
}

function takerOf(caller: StaffCaller): Taker {
  return caller.kind === "organizer" ? THE_ORGANIZER : { kind: "staff", name: caller.staffName };
}

/** What a tablet asks for may not have arrived yet: it is told so in its language. */
function notHere(): never {
  throw new Problem("missing", "refused.not-here");
}
