import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import pino from "pino";
import QRCode from "qrcode";
import { hasEverSignedIn, inviteToSignIn } from "./access/store";
import { createApp } from "./app";
import type { Config } from "./config";
import { openDatabase } from "./database/open";
import type { Deps } from "./deps";
import { reachableAddresses } from "./http/addresses";

/** Requests under way get this long to finish when the program is asked to stop. */
const STOP_WITHIN = 5000;

/**
 * Runs the booth until the program is asked to stop. `prepare` fills the database before the first request.
 * Throws where the database cannot be opened or the port is taken.
 */
export async function serve(config: Config, prepare?: (deps: Deps) => Promise<void>): Promise<void> {
  const log = pino({ level: config.logLevel }, pino.destination(2));
  const db = await openDatabase(config, Date.now());
  const deps: Deps = { db, config, log, now: Date.now };
  const server = createServer(createApp(deps));
  try {
    await prepare?.(deps);
    await listen(server, config);
  } catch (error) {
    await db.close();
    throw error;
  }
  let isStopping = false;
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => server.closeAllConnections(), STOP_WITHIN).unref();
    server.close(async () => {
      await db.close();
      log.flush();
    });
    server.closeIdleConnections();
  };
  // Once each: who presses Ctrl+C a second time does not want to wait.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  await sayWhere(deps, (server.address() as AddressInfo).port);
}

function listen(server: Server, { port, host }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    const reasons: Record<string, string> = {
      EADDRINUSE: `port ${port} is in use. Stop what uses it, or set PORT to another one.`,
      EACCES: `port ${port} is for the system alone. Set PORT to another one, such as 8080.`,
      EADDRNOTAVAIL: `HOST ${host} is no address of this laptop.`,
      ENOTFOUND: `HOST ${host} is no address of this laptop.`,
    };
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason = reasons[error.code ?? ""];
      reject(reason ? new Error(reason) : error);
    });
    server.listen({ port, ...(host && { host }) }, resolve);
  });
}

/** Prints where to open Boothlight; until the organizer has signed in once, also an address that does so. */
async function sayWhere({ db, config, now }: Deps, port: number): Promise<void> {
  const [address] = reachableAddresses({ ...config, port });
  const lines = ["", "Boothlight is running.", "", `  On this laptop:  http://localhost:${port}`];
  if (!address.includes("//localhost")) lines.push(`  On the network:  ${address}`);
  lines.push("", await QRCode.toString(address, { type: "terminal", small: true }));
  if (!(await hasEverSignedIn(db.read))) {
    const code = await db.write((writer) => inviteToSignIn(writer, now()));
    lines.push(
      "  Organizer, sign in here. This address works once, within a day:",
      `  http://localhost:${port}/sign-in/${code}`,
      "",
    );
  }
  lines.push("  Stop with Ctrl+C.", "");
  console.log(lines.join("\n"));
}
