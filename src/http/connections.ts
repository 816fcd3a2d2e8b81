import type { Server, ServerOptions } from "node:http";
import type { Socket } from "node:net";
import { isLoopback } from "./addresses";

/** How long a connection may take, and how many there may be. */
export interface ConnectionLimits {
  /** Milliseconds within which a request's head has to be there. */
  headWithin: number;
  /** Milliseconds within which all of a request has to be there: 4 MB over a poor Wi-Fi, or a large file by cable. */
  requestWithin: number;
  /** Milliseconds for which a connection is kept that asks for nothing. */
  idleFor: number;
  /** Milliseconds after which a connection ends on which nothing moves, such as a client that reads nothing. */
  movesWithin: number;
  /** How often all of this is looked after, in milliseconds. */
  lookEvery: number;
  /** Connections at a time: of one address, and in all. */
  mostOfOne: number;
  most: number;
}

/** A tablet has six connections at most; a room behind one address has dozens of them. */
export const CONNECTION_LIMITS: ConnectionLimits = {
  headWithin: 15_000,
  requestWithin: 120_000,
  idleFor: 15_000,
  // Longer than anything takes that the laptop has to think about: a PDF has a minute.
  movesWithin: 150_000,
  lookEvery: 5000,
  mostOfOne: 250,
  most: 2000,
};

/** Options of a server, HTTP or HTTPS, that keeps to the limits. */
export function connectionOptions(limits: ConnectionLimits = CONNECTION_LIMITS): ServerOptions {
  return {
    headersTimeout: limits.headWithin,
    requestTimeout: limits.requestWithin,
    keepAliveTimeout: limits.idleFor,
    connectionsCheckingInterval: limits.lookEvery,
    // Node's own, said here because a tablet's cookies and the longest address have to fit.
    maxHeaderSize: 16 * 1024,
  };
}

/**
 * Has a server keep to the limits that are no options. `isBehindProxy`: then one address is everybody's. What comes from
 * the laptop itself is not counted, so that nobody else can shut out the organizer there.
 */
export function limitConnections(
  server: Server,
  {
    isBehindProxy = false,
    limits = CONNECTION_LIMITS,
  }: { isBehindProxy?: boolean; limits?: ConnectionLimits } = {},
): void {
  const open = new Map<string, number>();
  server.maxConnections = limits.most;
  server.maxHeadersCount = 100;
  server.setTimeout(limits.movesWithin);
  if (isBehindProxy) return;
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
    if (isLoopback(address)) return;
    const count = (open.get(address) ?? 0) + 1;
    if (count > limits.mostOfOne) return void socket.destroy();
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
  });
}
