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
  return (error: unknown, req: Request, res: Response, next) => {
    if (res.headersSent) return next(error);
    const problem = error instanceof Problem ? error : fromExpress(error);
    const id = uuidv7();
    if (problem) {
      log.info({ id, method: req.method, route: req.route?.path, problem: problem.kind }, "refused");
      return answer(req, res, problem.status, {
        id,
        problem: problem.kind,
        title: TITLES[problem.kind],
        message: problem.message,
        fields: problem.fields,
      });
    }
    const fault = error as { name?: string; code?: string; stack?: string };
    // The message itself may quote what was typed; the stack's frames and the code do not.
    const frames = fault.stack?.split("\n").filter((line) => line.trimStart().startsWith("at "));
    log.error(
      { id, method: req.method, route: req.route?.path, name: fault.name, code: fault.code, frames },
      "fault",
    );
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
  else show(res, "shared/error", { ...body, width: "narrow" });
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
  if (status === 404) return new Problem("missing", "There is no such page.");
  return new Problem("malformed", "The request could not be read.");
}
