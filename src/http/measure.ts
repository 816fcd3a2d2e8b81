import type { Request, RequestHandler } from "express";
import type { Metrics } from "../metrics";

/** Counts each request and how long it took, by the route that answered it: never by its address, which may hold a code. */
export function measured(metrics: Metrics | undefined): RequestHandler {
  return (req, res, next) => {
    const from = performance.now();
    if (metrics) {
      res.once("close", () => {
        // A stream lasts as long as somebody looks at the page.
        if (String(res.getHeader("Content-Type")).startsWith("text/event-stream")) return;
        const status = res.writableFinished ? res.statusCode : undefined;
        metrics.countRequest(req.method, routeOf(req), status, (performance.now() - from) / 1000);
      });
    }
    next();
  };
}

/** The route as it is declared. Where none answered: files of the program, or nothing that there is. */
function routeOf(req: Request): string {
  if (req.route) return [req.route.path].flat().join(" ");
  return /^\/(capture\/)?assets\//.test(req.originalUrl) ? "assets" : "none";
}
