import type { Server, ServerResponse } from "node:http";
import type { Logger } from "pino";

/** Requests under way get this long to finish, in milliseconds. */
const REQUESTS_WITHIN = 5000;
/** All of a stop gets this long: a mail server that does not answer is waited for, and a last backup to a slow stick. */
const STOP_WITHIN = 45_000;
/** How often is looked for connections that nothing comes on any more. */
const LOOK_EVERY = 50;
/** Milliseconds in which the same signal twice is one: it may come by more than one way. */
const SAME_SIGNAL = 300;
/** After so long people are told what is waited for. */
const SAY_AFTER = 1000;

/** The exit code where the program had to end by a fault of its own (EX_SOFTWARE of sysexits.h): whoever watches it starts it again. */
export const FAULT = 70;

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

interface Stop {
  servers: Server[];
  /** Aborted when the program is asked to stop: what is open by itself ends then. */
  stopping: AbortController;
  log: Logger;
  /** Ends all that runs in the background, then what it needs. */
  close: () => Promise<void>;
  /** What comes last, also where something did not end in time: the log is written. */
  last: () => Promise<void>;
}

/**
 * Stops the program when it is asked to, once: what is open by itself ends, requests under way finish, and each connection
 * with the answer that is under way on it, then `close` runs. Who asks again does not want to wait, and does not: what was
 * acknowledged is on disk. The exit code is 0; 70 where something did not end in time; 128 and the signal's number where it
 * was not waited for.
 */
export function stopWhenAsked({ servers, stopping, log, close, last }: Stop): void {
  const underWay = new Set<ServerResponse>();
  for (const server of servers) {
    server.prependListener("request", (_req, res) => {
      underWay.add(res);
      res.once("close", () => underWay.delete(res));
      if (stopping.signal.aborted) leaveAfter(res);
    });
  }

  const finishRequests = async () => {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const res of underWay) leaveAfter(res);
    const sweep = () => {
      for (const server of servers) server.closeIdleConnections();
    };
    sweep();
    // The answer that was under way may have said that the connection stays open.
    const sweeping = setInterval(sweep, LOOK_EVERY);
    const impatience = setTimeout(() => {
      log.warn({ requests: underWay.size }, "requests did not finish in time and were cut off");
      for (const server of servers) server.closeAllConnections();
    }, REQUESTS_WITHIN);
    await Promise.all(closed);
    clearInterval(sweeping);
    clearTimeout(impatience);
  };

  const stop = async () => {
    log.info("asked to stop");
    const late = setTimeout(async () => {
      log.fatal("not everything ended in time");
      await last();
      process.exit(FAULT);
    }, STOP_WITHIN);
    const telling = setTimeout(() => {
      process.stdout.write("\nStopping: what is under way is finished first. Ctrl+C again stops at once.\n");
    }, SAY_AFTER);
    await finishRequests();
    await close();
    log.info("stopped");
    await last();
    clearTimeout(telling);
    clearTimeout(late);
    // It ends by itself, for nothing is left to do. Should a library think otherwise, it ends all the same.
    setTimeout(() => process.exit(), SAY_AFTER).unref();
  };

  const askedAt = new Map<string, number>();
  const asked = (signal: keyof typeof SIGNALS) => {
    const before = askedAt.get(signal);
    askedAt.set(signal, before ?? performance.now());
    // Two different ones are the same wish: a terminal says it one way, whoever started the program another.
    if (before !== undefined && performance.now() - before > SAME_SIGNAL) process.exit(128 + SIGNALS[signal]);
    if (stopping.signal.aborted) return;
    stopping.abort();
    stop().catch((error: unknown) => {
      log.fatal({ error }, "could not stop in order");
      void last().then(() => process.exit(FAULT));
    });
  };
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    process.on(signal, () => asked(signal));
  }
}

/** Has the connection end with this answer, so that nothing more is asked on it. */
function leaveAfter(res: ServerResponse): void {
  if (!res.headersSent) res.setHeader("Connection", "close");
}

/**
 * A fault that nobody took care of ends the program, with exit code 70: what it would do from then on nobody knows, and what
 * was acknowledged is on disk. The log has the fault's kind and place, without its words. `last`: the log is written.
 */
export function endOnFault(log: Logger, last: () => Promise<void>): void {
  let isEnding = false;
  const end = (error: unknown) => {
    if (isEnding) return;
    isEnding = true;
    log.fatal({ error }, "Boothlight has to end, by a fault of its own");
    void last().finally(() => process.exit(FAULT));
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

/** A terminal that was closed, or a program that reads no more of what is printed, ends nothing. */
export function outliveTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}
