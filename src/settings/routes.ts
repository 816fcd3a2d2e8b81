import { ownPath } from "../access/form";
import { Problem } from "../errors";
import { keepChoices } from "../http/choices";
import { languageOf, sayIn } from "../http/languages";
import { anyone, type Route, wantsJson } from "../http/route";
import { checkSettings } from "./form";

/** What a device is set to: its language and its look, for whoever holds it. */
export function settingsRoutes(): Route[] {
  return [
    anyone.post("/settings", (req, res) => {
      const form = checkSettings(req.body, sayIn(languageOf(req)));
      if (!form.ok) throw new Problem("invalid", "refused.settings", form.problems);
      keepChoices(res, form.value);
      if (wantsJson(req)) res.status(204).end();
      else res.redirect(303, ownPath(form.value.next));
    }),
  ];
}
