import type { Request } from "express";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import { eventBySlug } from "../events/store";
import { documentOf, show } from "../http/pages";
import { organizer, type Route } from "../http/route";
import { checkFilters, checkPaper } from "./form";
import { asPrinted } from "./page/rules";
import { reportPage } from "./page/store";
import { browserOf, printed } from "./printing/store";
import { figuresOf } from "./store";

export function reportRoutes({ db, config, now }: Deps): Route[] {
  return [
    organizer.get("/events/:slug/report", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      const page = await reportPage(db.read, event, filtersOf(req), now());
      show(res, "reports/report", {
        ...page,
        title: "Report",
        section: "report",
        styles: ["reports"],
        canMakePdf: browserOf(config) !== undefined,
      });
    }),

    organizer.get("/events/:slug/report.pdf", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      const { paper, ...query } = req.query;
      const form = checkPaper({ paper });
      if (!form.ok) throw refused(form.problems);
      const page = await reportPage(db.read, event, filtersOf({ query }), now());
      const pdf = await printed(
        await documentOf("reports/printed", asPrinted(page, form.value.paper)),
        config,
      );
      res
        .type("application/pdf")
        .set("Content-Disposition", `attachment; filename="${event.slug}.pdf"`)
        .send(pdf);
    }),

    organizer.get("/events/:slug/report.json", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      res.json(await figuresOf(db.read, event, filtersOf(req)));
    }),
  ];
}

function filtersOf({ query }: Pick<Request, "query">) {
  const form = checkFilters(query);
  if (!form.ok) throw refused(form.problems);
  return form.value;
}

function refused(problems: FieldProblem[]): Problem {
  return new Problem("invalid", "This report cannot be made as asked.", problems);
}
