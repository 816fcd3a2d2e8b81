import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import QRCode from "qrcode";
import { hasEverSignedIn, inviteToSignIn } from "./access/store";
import { createApp } from "./app";
import { watchLaptop } from "./backups/check/store";
import { Backups } from "./backups/store";
import { keepBeforeUpgrade } from "./backups/upgrade/store";
import type { Config } from "./config";
import { openDatabase } from "./database/open";
import { StorageTrouble } from "./database/trouble";
import { openWays, startDelivery } from "./delivery/loop";
import type { Deps } from "./deps";
import { isLoopback, type Network, reachableAddresses, secureAddresses } from "./http/addresses";
import { type Announcement, announce } from "./http/announce";
import { connectionOptions, limitConnections } from "./http/connections";
import { type SecureServer, secureServer } from "./http/secure";
import { Jobs } from "./jobs";
import { openLog } from "./log";
import { Metrics } from "./metrics";
import { expire, forgetErased } from "./privacy/retention/store";
import { letterOf } from "./questions/letters/store";
import { suggester } from "./questions/suggestions/store";
import { watchQuestions } from "./questions/watch/store";
import { clearPrints } from "./reports/printing/store";
import { beginRun, VERSION } from "./run";
import { endOnFault, outliveTerminal, stopWhenAsked } from "./stop";

/** Seconds between two looks at the questions: whose time ran out, what is certain, who was not told. */
const WATCH_EVERY = 20;
/** Seconds between two looks whether the laptop's addresses changed or its certificate runs out. */
const CERTIFICATE_EVERY = 30;
/** Seconds between two looks for what broken-off prints left. */
const CLEAR_EVERY = 6 * 3600;
/** Seconds between two looks whether a backup is due, or the place for them is back. */
const BACKUP_LOOK_EVERY = 30;
/** Seconds after which a backup is broken off: a large one to a slow stick takes minutes. */
const BACKUP_LIMIT = 1800;
/** The last backup, when the program stops, gets this long, in milliseconds: a part of what all of the stop gets. */
const LAST_BACKUP_WITHIN = 5000;

const AFTER_CRASH =
  "Boothlight stopped unexpectedly and was started again. All that was acknowledged is here.";
/** Seconds between two looks at what has had its time: days are what counts, and a laptop may wake up on another one. */
const EXPIRE_EVERY = 3600;

/** What is only asked of some runs. */
interface Asked {
  /** Fills the database before the first request. */
  prepare?: (deps: Deps) => Promise<void>;
  /** Whether messages go out. Left out: yes. */
  delivers?: boolean;
}

/**
 * Runs the booth until the program is asked to stop.
 * Throws where the database cannot be opened or the port is taken.
 */
export async function serve(config: Config, { prepare, delivers = true }: Asked = {}): Promise<void> {
  outliveTerminal();
  const { log, file: logFile, end: endLog } = openLog(config);
  endOnFault(log, endLog);
  const db = await openDatabase(config, Date.now(), keepBeforeUpgrade(config, Date.now));
  const run = await beginRun(config.dataDir, Date.now());
  const network: Network = { port: config.port };
  const stopping = new AbortController();
  const deps: Deps = {
    db,
    config,
    log,
    network,
    suggester: suggester(),
    stopping: stopping.signal,
    jobs: new Jobs({ log, now: Date.now }),
    metrics: new Metrics(),
    run: { ...run, logFile },
    now: Date.now,
  };
  const backups = new Backups(deps);
  deps.backups = backups;
  const app = createApp(deps);
  const server = createServer(connectionOptions(), app);
  limitConnections(server, { isBehindProxy: config.publicUrl !== undefined });
  let https: SecureDoor = {};
  let background: { end(): Promise<void> };
  try {
    await prepare?.(deps);
    network.port = await listen(server, { name: "PORT", port: config.port, host: config.host });
    https = await openSecurely(app, deps, network);
    background = await startJobs(deps, network, { secure: https.secure, delivers });
  } catch (error) {
    server.close();
    https.secure?.server.close();
    await deps.jobs.stop();
    await db.close();
    await endLog();
    throw error;
  }
  stopWhenAsked({
    servers: [server, ...(https.secure ? [https.secure.server] : [])],
    stopping,
    log,
    close: async () => {
      await background.end();
      await backups.lookAtLast(LAST_BACKUP_WITHIN);
      await db.close();
    },
    last: endLog,
  });
  log.info({ version: VERSION, isAfterCrash: run.isAfterCrash }, "running");
  if (run.isAfterCrash) console.log(AFTER_CRASH);
  await sayWhere(deps, network, https.without);
}

/** Starts what is done in the background, each a job; `end` stops all of it. */
async function startJobs(
  deps: Deps,
  network: Network,
  { secure, delivers }: { secure: SecureServer | undefined; delivers: boolean },
): Promise<{ end(): Promise<void> }> {
  const { jobs } = deps;
  const certificate =
    secure &&
    jobs.start({
      name: "certificate",
      owner: "http",
      what: "Makes another certificate where the laptop’s addresses changed or the one it has runs out",
      every: CERTIFICATE_EVERY,
      limit: 60,
      work: () => secure.look(),
    });
  const announcement = announceOn(deps, network, () => certificate?.soon());
  const delivery = delivers ? await deliver(deps) : undefined;
  deps.delivery = delivery;
  const seen = new Map<string, number>();
  jobs.start({
    name: "questions",
    owner: "questions",
    what: "Brings back questions whose time ran out, routes what is certain, tells who was not told",
    every: WATCH_EVERY,
    limit: 120,
    work: () => watchQuestions(deps, seen),
  });
  watchLaptop(deps);
  jobs.start({
    name: "retention",
    owner: "privacy",
    what: "Lets contact details go whose time is over, and visits that lie in the bin for long",
    every: EXPIRE_EVERY,
    limit: 1800,
    work: (signal) => expire(deps, signal),
  });
  jobs.start({
    name: "erasure",
    owner: "privacy",
    what: "Sees to it that what was erased is gone from the database's files",
    every: 60,
    limit: 60,
    work: () => forgetErased(deps),
  });
  jobs.start({
    name: "prints",
    owner: "reports",
    what: "Clears away what the making of a PDF left behind where it was broken off",
    every: CLEAR_EVERY,
    limit: 60,
    work: () => clearPrints(deps.config, deps.now()),
  });
  jobs.start({
    name: "backup",
    owner: "backups",
    what: "Makes a backup every ten minutes while something changes, and thins out older ones",
    every: BACKUP_LOOK_EVERY,
    limit: BACKUP_LIMIT,
    work: async (signal) => deps.backups?.look(signal),
  });
  return {
    end: async () => void (await Promise.all([announcement?.end(), delivery?.stop(), jobs.stop()])),
  };
}

/** Brings messages on their way, in the words that their questions give them then. */
async function deliver(deps: Deps) {
  const { db, config, now } = deps;
  return startDelivery(deps, await openWays(deps), (message) =>
    letterOf(db, message, { publicUrl: config.publicUrl, now: now() }),
  );
}

/** HTTPS, or why the booth does without; neither where it is switched off. */
interface SecureDoor {
  secure?: SecureServer;
  without?: string;
}

/** Opens HTTPS. Throws an Error of one line where it cannot be opened and somebody asked for it by a setting. */
async function openSecurely(
  app: RequestListener,
  { config, log, now }: Deps,
  network: Network,
): Promise<SecureDoor> {
  const { httpsPort: port, host, isHttpsPortChosen, certificate } = config;
  if (port === undefined) return {};
  let isCertified = false;
  try {
    const secure = await secureServer(app, { config, network, log, now });
    isCertified = true;
    limitConnections(secure.server, { isBehindProxy: config.publicUrl !== undefined });
    await secure.listen(() => listen(secure.server, { name: "HTTPS_PORT", port, host }));
    return { secure };
  } catch (error) {
    if (isHttpsPortChosen || (certificate && !isCertified)) throw error;
    return { without: error instanceof Error ? error.message : String(error) };
  }
}

/** Gives the laptop its name on the network, where any other device is there to hear it. `onName`: it has another one. */
function announceOn(
  { config, log, jobs }: Deps,
  network: Network,
  onName: () => void,
): Announcement | undefined {
  if (isLoopback(config.host)) return undefined;
  const isEverywhere = ["", "0.0.0.0", "::"].includes(config.host);
  const host = isEverywhere ? undefined : config.host;
  return announce({ port: network.port, host, log, jobs }, (name) => {
    network.localName = name;
    if (name) log.info(`The laptop is ${name} on its network.`);
    onName();
  });
}

/** Opens a server; gives its port. Throws an Error of one line where it cannot, naming the setting that mends it. */
function listen(
  server: Server,
  { name, port, host }: { name: string; port: number; host: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const another = name === "PORT" ? 8080 : 8443;
    const reasons: Record<string, string> = {
      EADDRINUSE: `port ${port} is in use. Stop what uses it, or set ${name} to another one.`,
      EACCES: `port ${port} is for the system alone. Set ${name} to another one, such as ${another}.`,
      EADDRNOTAVAIL: `HOST ${host} is no address of this laptop.`,
      ENOTFOUND: `HOST ${host} is no address of this laptop.`,
    };
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason = reasons[error.code ?? ""];
      reject(reason ? new Error(reason) : error);
    });
    server.listen({ port, ...(host && { host }) }, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Trouble with the disk is no reason not to run: what is there can be read, and it may pass. */
function inWords(error: unknown): StorageTrouble {
  if (error instanceof StorageTrouble) return error;
  throw error;
}

/** Prints where to open Boothlight; until the organizer has signed in once, also an address that does so. */
async function sayWhere({ db, config, now }: Deps, network: Network, withoutHttps?: string): Promise<void> {
  const { port } = network;
  const [address] = reachableAddresses({ ...config, port });
  const [secureAddress] = secureAddresses(config, network);
  const lines = ["", "Boothlight is running.", "", `  On this laptop:  http://localhost:${port}`];
  if (!address.includes("//localhost")) lines.push(`  On the network:  ${address}`);
  if (secureAddress && secureAddress !== address) {
    lines.push(`  Over HTTPS:      ${secureAddress}`);
    if (network.https?.authority)
      lines.push(`                   Tablets learn to trust it at ${address}/trust`);
  }
  if (withoutHttps) lines.push(`  Without HTTPS:   ${withoutHttps}`);
  lines.push("", await QRCode.toString(address, { type: "terminal", small: true }));
  if (!(await hasEverSignedIn(db.read))) {
    const code = await db.write((writer) => inviteToSignIn(writer, now())).catch(inWords);
    lines.push(
      ...(code instanceof StorageTrouble
        ? [`  ${code.message}`]
        : [
            "  Organizer, sign in here. This address works once, within a day:",
            `  http://localhost:${port}/sign-in/${code}`,
          ]),
      "",
    );
  }
  lines.push("  Stop with Ctrl+C.", "");
  console.log(lines.join("\n"));
}
