import type { ErrorRequestHandler, Request, Response } from "express";
import type { Logger } from "pino";
import { uuidv7 } from "uuidv7";
import { StorageTrouble, troubleIn } from "../database/trouble";
import { Problem } from "../errors";
import type { Language } from "../languages/say";
import { SESSION_COOKIE, secretsOf } from "./cookies";
import { languageOf, sayIn } from "./languages";
import { show } from "./pages";
import { wantsJson } from "./route";

/** For addresses that no route answers. */
export function nothingHere(): never {
  throw new Problem("missing", "refused.no-page");
}

/**
 * The last step of every request that failed. What the caller can mend is said in plain words; anything else
 * is a fault with an id, and the log has the same id. The log holds addresses and codes, never what was typed.
 */
export function answerProblems(log: Logger): ErrorRequestHandler {
  return (error: unknown, req: Request, res: Response, _next) => {
    const problem = error instanceof Problem ? error : (fromDatabase(error) ?? fromExpress(error));
    const id = uuidv7();
    if (problem && !res.headersSent) {
      log.info({ id, method: req.method, route: req.route?.path, problem: problem.kind }, "refused");
      const language = languageOfAnswer(req, res);
      const say = sayIn(language);
      return answer(req, res, problem.status, {
        id,
        problem: problem.kind,
        title: say(`refused.title-${problem.kind}`),
        message: problem.in(say),
        fields: problem.fields,
        ...(problem instanceof StorageTrouble && { trouble: problem.trouble }),
        language,
      });
    }
    log.error(
      { id, method: req.method, route: req.route?.path, ...kindOf(error), frames: framesOf(error) },
      "fault",
    );
    // Half an answer is out: cut it off, so that nobody takes it for a whole one.
    if (res.headersSent) return void res.destroy();
    const language = languageOfAnswer(req, res);
    const say = sayIn(language);
    answer(req, res, 500, {
      id,
      problem: "fault",
      title: say("refused.title-fault"),
      message: say("refused.fault"),
      fields: [],
      language,
    });
  };
}

/** Staff and visitors are told in the language of their device; the organizer's desk speaks English. */
function languageOfAnswer(req: Request, res: Response): Language {
  const { caller } = res.locals;
  // Where no route was found, or none could be looked for, nobody has asked who it is.
  const isOrganizer = caller
    ? ["organizer", "locked"].includes(caller.kind)
    : secretsOf(req, SESSION_COOKIE).length > 0;
  return isOrganizer ? "en" : languageOf(req);
}

/** What kind of error it is: its name, and the code of it or of what it was made from. No words that somebody typed. */
export function kindOf(error: unknown): { name?: unknown; code?: unknown } {
  const { name, code, cause } = (error ?? {}) as {
    name?: unknown;
    code?: unknown;
    cause?: { code?: unknown };
  };
  return { name, code: code ?? cause?.code };
}

/** Where an error was thrown. Without its message: that may quote what was typed, over several lines. */
export function framesOf(error: unknown): string[] | undefined {
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
  /** Why the laptop cannot save or read: a tablet says it in words of its own. */
  trouble?: string;
  language: Language;
}

function answer(req: Request, res: Response, status: number, body: Answer): void {
  res.status(status);
  // A file that was to be saved has become a page to read.
  for (const name of ["Content-Type", "Content-Disposition"]) res.removeHeader(name);
  const { language, ...told } = body;
  if (wantsJson(req)) res.json(told);
  else if (isOfLockedOrganizer(req, res, body)) showLocked(req, res, body);
  // After signing in, people go on where they wanted to be.
  else show(res, "shared/error", { ...body, width: "narrow", next: req.method === "GET" && req.originalUrl });
}

/** A query that failed because the database cannot be read. What writes comes through the door, which has said so already. */
function fromDatabase(error: unknown): Problem | undefined {
  const trouble = troubleIn(error);
  return trouble && new StorageTrouble(trouble, "read", error);
}

function isOfLockedOrganizer(req: Request, res: Response, { problem }: Answer): boolean {
  const { caller, unlocking } = res.locals;
  if (unlocking) return true;
  const isPaired = caller?.kind === "device" || caller?.kind === "unpaired";
  return problem === "sign-in" && !isPaired && secretsOf(req, SESSION_COOKIE).length > 0;
}

/**
 * For an organizer whose session was locked or ran out: a field for the passphrase, and behind it what was on its way.
 * A form goes on to where it was meant for, with everything that was typed.
 */
function showLocked(req: Request, res: Response, { message, id }: Answer): void {
  const isForm = req.method === "POST" && !!req.is("application/x-www-form-urlencoded");
  const isSignIn = req.path.startsWith("/session");
  show(res, "shared/locked", {
    title: "Locked",
    styles: ["lock"],
    bare: true,
    width: "narrow",
    id,
    message,
    form:
      isForm && !isSignIn && isObject(req.body)
        ? { action: req.originalUrl, fields: fieldsOf(req.body) }
        : undefined,
    hasFile: !!req.is("multipart/form-data"),
    next: req.method === "GET" ? req.originalUrl : "/",
  });
}

function isObject(body: unknown): body is Record<string, unknown> {
  return typeof body === "object" && body !== null;
}

/** The fields of a form as they were sent, those with several values several times. */
function fieldsOf(body: Record<string, unknown>): { name: string; value: string }[] {
  return Object.entries(body).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => (typeof value === "string" ? { name, value } : [])),
  );
}

/** Express and its body parsers throw errors of their own for bad requests. */
function fromExpress(error: unknown): Problem | undefined {
  const { status, type, code } = (error ?? {}) as { status?: unknown; type?: string; code?: string };
  if (code === "LIMIT_FILE_SIZE" || status === 413) {
    return new Problem("too-large", "refused.too-large");
  }
  if (typeof code === "string" && code.startsWith("LIMIT_")) {
    return new Problem("malformed", "refused.form");
  }
  if (typeof status !== "number" || status < 400 || status >= 500) return undefined;
  if (type === "entity.parse.failed") return new Problem("malformed", "refused.json");
  if (status === 415) return new Problem("unreadable", "refused.charset");
  if (status === 404) return new Problem("missing", "refused.no-page");
  return new Problem("malformed", "refused.unreadable");
}
