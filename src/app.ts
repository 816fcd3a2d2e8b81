import type { ServerResponse } from "node:http";
import path from "node:path";
import compression from "compression";
import cookieParser from "cookie-parser";
import express, { type Express, type RequestHandler } from "express";
import { accessRoutes, callerOf, showSignIn, unlockWithForms } from "./access/routes";
import { trustRoutes } from "./access/trust/routes";
import { urgentOf } from "./backups/check/store";
import { laptopRoutes } from "./backups/laptop/routes";
import { backupRoutes } from "./backups/routes";
import { offlineRoutes } from "./capture/offline/routes";
import { capturePage, captureRoutes } from "./capture/routes";
import { catalogRoutes } from "./catalog/routes";
import type { Deps } from "./deps";
import { Problem } from "./errors";
import { eventRoutes } from "./events/routes";
import { expertFileRoutes } from "./experts/files/routes";
import { expertRoutes } from "./experts/routes";
import { exportRoutes } from "./exports/routes";
import { cookieOf, SESSION_COOKIE } from "./http/cookies";
import { answerProblems, nothingHere } from "./http/faults";
import { securityHeaders } from "./http/headers";
import { readBodies, refuseBrokenAddresses } from "./http/input";
import { limitRequests, slowGuesses } from "./http/limits";
import { measured } from "./http/measure";
import { refuseForeignWrites } from "./http/origin";
import { setUpViews } from "./http/pages";
import { anyone, LOCKED, mount, type Route } from "./http/route";
import { importRoutes } from "./imports/routes";
import { eventFileRoutes } from "./imports/writing/routes";
import { countForOrganizer } from "./messages/store";
import { noticeRoutes } from "./privacy/notice/routes";
import { ownPageRoutes } from "./privacy/own/routes";
import { peopleRoutes } from "./privacy/people/routes";
import { remindOfExpiry, retentionRoutes } from "./privacy/retention/routes";
import { textRoutes } from "./privacy/texts/routes";
import { answeringRoutes } from "./questions/answering/routes";
import { askingRoutes } from "./questions/asking/routes";
import { byItselfRoutes } from "./questions/by-itself/routes";
import { letterRoutes } from "./questions/letters/routes";
import { queueRoutes } from "./questions/queue/routes";
import { questionRoutes } from "./questions/routes";
import { keepSearchable } from "./questions/search/store";
import { similarRoutes } from "./questions/similar/routes";
import { slipRoutes } from "./questions/slips/routes";
import { compareRoutes } from "./reports/compare/routes";
import { liveRoutes, todayPage } from "./reports/live/routes";
import { reportRoutes } from "./reports/routes";
import { writeUpRoutes } from "./reports/write-up/routes";
import { settingsRoutes } from "./settings/routes";
import { visitRoutes } from "./visits/routes";
import { readCode, readOwnCode } from "./visits/slips/rules";

/** Every address of the program, feature by feature, in the order in which they are tried. */
export function allRoutes(deps: Deps): Route[] {
  return [
    // First, because each route before is looked at with each visit that a tablet sends.
    ...visitRoutes(deps),
    anyone.get("/", (req, res, caller) => {
      if (caller.kind === "locked") throw new Problem("sign-in", LOCKED);
      if (caller.kind === "organizer") return todayPage(deps)(req, res);
      if (caller.kind === "device") return capturePage(deps)(req, res, caller);
      showSignIn(deps, req, res);
    }),
    ...accessRoutes(deps),
    ...trustRoutes(deps),
    ...settingsRoutes(),
    // Before events: /events/new and /events/import are no event's page.
    ...importRoutes(deps),
    ...eventRoutes(deps),
    ...catalogRoutes(deps),
    ...captureRoutes(deps),
    ...offlineRoutes(),
    // Before experts: /experts/import is nobody's page.
    ...expertFileRoutes(deps),
    ...expertRoutes(deps),
    ...queueRoutes(deps),
    ...byItselfRoutes(deps),
    ...similarRoutes(deps),
    ...questionRoutes(deps),
    ...answeringRoutes(deps),
    ...slipRoutes(deps),
    ...askingRoutes(deps),
    ...letterRoutes(deps),
    ...exportRoutes(deps),
    ...liveRoutes(deps),
    ...eventFileRoutes(deps),
    ...reportRoutes(deps),
    ...compareRoutes(deps),
    ...writeUpRoutes(deps),
    ...laptopRoutes(deps),
    ...backupRoutes(deps),
    ...peopleRoutes(deps),
    ...textRoutes(deps),
    ...retentionRoutes(deps),
    ...noticeRoutes(deps),
    ...ownPageRoutes(deps),
  ];
}

/** The web application. Opens nothing by itself: what it needs is in `deps`. */
export function createApp(deps: Deps): Express {
  keepSearchable(deps.db, (error) => deps.log.error({ error }, "questions could not be indexed"));
  const app = express();
  app.disable("x-powered-by");
  // No page is kept, so none is asked for again by its tag: a hash of each answer would be for nothing.
  app.disable("etag");
  // Should the page of an error fail itself: no stack for visitors to read.
  app.set("env", "production");
  // A reverse proxy is there exactly where PUBLIC_URL says so: its word for the client's address counts only then.
  app.set("trust proxy", deps.config.publicUrl ? "loopback, linklocal, uniquelocal" : false);
  setUpViews(app);

  app.use(measured(deps.metrics));
  app.use(securityHeaders());
  app.use(compressPages());
  app.use(
    // What the capture page's service worker has to look after, as a worker of the page, has to be below /capture.
    ["/assets", "/capture/assets"],
    express.static(path.resolve(__dirname, "../public"), {
      immutable: true,
      maxAge: "1y",
      index: false,
      setHeaders: letReaderCompile,
    }),
  );
  app.use((_req, res, next) => {
    // Pages hold contact details: nothing of them stays in a shared browser's or a proxy's cache.
    res.set("Cache-Control", "no-store");
    next();
  });
  // Before whatever refuses: a refusal is said in the language that was chosen on the device.
  app.use(cookieParser());
  app.use(limitRequests());
  app.use(refuseBrokenAddresses);
  app.use(refuseForeignWrites(deps.config.publicUrl));
  const slowPassphrases = slowGuesses(10, 10, "session");
  app.post("/session", slowPassphrases);
  app.post(["/pair/:code", "/sign-in/:code"], slowGuesses(20, 10, "code"));
  app.get(["/pair/:code", "/sign-in/:code"], slowGuesses(40, 10, "code"));
  app.use("/x", slowGuesses(40, 10, "link"));
  // What is no code at all is said before anything is looked up, so it is no guess.
  app.get(
    "/s/:code",
    slowGuesses(30, 10, "slip", (req) => readCode(String(req.params.code)).kind === "code"),
  );
  app.use(
    "/me/:code",
    slowGuesses(30, 10, "own", (req) => readOwnCode(String(req.params.code)).kind === "code"),
  );
  app.use(readBodies());
  app.use(unlockWithForms(deps, slowPassphrases));
  app.use(countMessages(deps));
  app.use(remindOfExpiry(deps));

  mount(app, allRoutes(deps), callerOf(deps));
  app.use(nothingHere);
  app.use(answerProblems(deps.log));
  return app;
}

/** A hall's Wi-Fi is slow: the capture page with its script is a third of its size this way. What is sent is answered in few words. */
function compressPages(): RequestHandler {
  const compress = compression();
  return (req, res, next) => (req.method === "GET" ? compress(req, res, next) : next());
}

/** More than that is said as that, with a plus. */
const MOST_MESSAGES = 99;

/** The organizer's pages say how many messages ask for a look, and what is wrong with the laptop. */
function countMessages(deps: Deps): RequestHandler {
  return async (req, res, next) => {
    // Only the organizer's pages show it: whose request it is comes out later.
    if (cookieOf(req, SESSION_COOKIE)) {
      res.locals.urgent = urgentOf(deps);
      const count = await countForOrganizer(deps.db.read, MOST_MESSAGES + 1);
      res.locals.messages = count > MOST_MESSAGES ? `${MOST_MESSAGES}+` : count;
    }
    next();
  };
}

/** The worker that reads codes runs WebAssembly. It alone may: a worker has the policy that its own script came with. */
function letReaderCompile(res: ServerResponse, file: string): void {
  if (path.basename(file) !== "scan-worker.js") return;
  const policy = String(res.getHeader("Content-Security-Policy"));
  res.setHeader(
    "Content-Security-Policy",
    policy.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'"),
  );
}
