import type { ErrorRequestHandler, Request, Response } from "express";
import type { Logger } from "pino";
import { uuidv7 } from "uuidv7";
import { Problem, type ProblemKind } from "../errors";
import { show } from "./pages";
import { wantsJson } from "./route";

const TITLES: Record<ProblemKind, string> = {
  malformed: "That did not come through whole",
  "sign-in": "Please sign in",
  forbidden: "Not from here",
  missing: "Nothing here",
  conflict: "Somebody was faster",
  gone: "No longer here",
  "too-large": "Too much at once",
  unreadable: "That is in a form we cannot read",
  invalid: "Something needs mending",
  "too-many": "A moment, please",
  unavailable: "Not just now",
};

/** For addresses that no route answers. */
export function nothingHere(): never {
  throw new Problem("missing", "There is no such page. It may have moved, or the address has a slip in it.");
}

/**
 * The last step of every request that failed. What the caller can mend is said in plain words; anything else
 * is a fault with an id, and the log has the same id. The log holds addresses and codes, never what was typed.
 */
export function answerProblems(log: Logger): ErrorRequestHandler {
  return (error: unknown, req: Request, res: Response, _next) => {
    const problem = error instanceof Problem ? error : fromExpress(error);
    const id = uuidv7();
    if (problem && !res.headersSent) {
      log.info({ id, method: req.method, route: req.route?.path, problem: problem.kind }, "refused");
      return answer(req, res, problem.status, {
        id,
        problem: problem.kind,
        title: TITLES[problem.kind],
        message: problem.message,
        fields: problem.fields,
      });
    }
    const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
    log.error(
      { id, method: req.method, route: req.route?.path, name, code, frames: framesOf(error) },
      "fault",
    );
    // Half an answer is out: cut it off, so that nobody takes it for a whole one.
    if (res.headersSent) return void res.destroy();
    answer(req, res, 500, {
      id,
      problem: "fault",
      title: "That went wrong on our side",
      message:
        "Nothing that was saved before is lost. Please try again; if it comes back, tell the organizer this number.",
      fields: [],
    });
  };
}

/** Where an error was thrown. Without its message: that may quote what was typed, over several lines. */
function framesOf(error: unknown): string[] | undefined {
  if (!(error instanceof Error)) return undefined;
  const stack = error.stack ?? "";
  const quoted = stack.indexOf(error.message);
  return stack
    .slice(quoted < 0 ? 0 : quoted + error.message.length)
    .split("\n")
    .filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line))
    .map((line) => line.trim());
}

interface Answer {
  id: string;
  problem: string;
  title: string;
  message: string;
  fields: Problem["fields"];
}

function answer(req: Request, res: Response, status: number, body: Answer): void {
  res.status(status);
  if (wantsJson(req)) res.json(body);
  // After signing in, people go on where they wanted to be.
  else show(res, "shared/error", { ...body, width: "narrow", next: req.method === "GET" && req.originalUrl });
}

/** Express and its body parsers throw errors of their own for bad requests. */
function fromExpress(error: unknown): Problem | undefined {
  const { status, type, code } = (error ?? {}) as { status?: unknown; type?: string; code?: string };
  if (code === "LIMIT_FILE_SIZE" || status === 413) {
    return new Problem("too-large", "This is more than fits in one go. Please send it in smaller parts.");
  }
  if (typeof code === "string" && code.startsWith("LIMIT_")) {
    return new Problem("malformed", "The form could not be read. Please send it again.");
  }
  if (typeof status !== "number" || status < 400 || status >= 500) return undefined;
  if (type === "entity.parse.failed") return new Problem("malformed", "This is not valid JSON.");
  if (status === 415)
    return new Problem("unreadable", "The request could not be read. Please send it as UTF-8.");
  if (status === 404) return new Problem("missing", "There is no such page.");
  return new Problem("malformed", "The request could not be read.");
}
