import http from "node:http";
import net from "node:net";
import os from "node:os";

/** One request: what is not said of it is as the route wants it. */
export interface Shot {
  /** What is odd about it, for the message of a failure. */
  about: string;
  method?: string;
  /** The target as it stands in the request's first line. */
  target?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** The whole request, byte by byte, in place of all of these. */
  raw?: (request: { target: string; headers: Record<string, string> }) => string | Buffer;
  /** The rest of it, made only where it is sent: there are many of these, and some are large. */
  make?: () => Partial<Shot>;
  /** Whether it is sent to each route, whatever the lots say, where the database is the one that takes less. */
  isSure?: boolean;
  /** Whether it is all right that the connection ends without an answer. */
  mayHangUp?: boolean;
}

export interface Answer {
  /** 0: the connection ended without one. */
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

/** More than that is not read of an answer. */
const MOST_READ = 3_000_000;
/** Milliseconds after which a connection that says nothing is given up: a fault. A busy machine takes long for a passphrase. */
const WAITS = 100_000;
/** Milliseconds that a stream is listened to. */
const STREAM_FOR = 50;

let sent = 0;
/** So many addresses back, nothing is under way any more. */
const AGENTS = 100;

/** Fewer than the failed tries that one address has, whatever they are of. */
const REQUESTS_AN_ADDRESS = 8;

/** Another of the laptop's own addresses every few requests, so that none is slowed down as a guess. */
function nextAddress(): string | undefined {
  const number = Math.floor(sent++ / REQUESTS_AN_ADDRESS);
  // Only Linux has all of 127.0.0.0/8 without being told; elsewhere some are told that they guess.
  return os.platform() === "linux"
    ? `127.${1 + (number >> 16)}.${(number >> 8) & 255}.${number & 255 || 1}`
    : undefined;
}

const agents = new Map<string, http.Agent>();
/** Connections that are used again, for as many requests as one end of a connection may have. */
function agentFrom(local = "127.0.0.1"): http.Agent {
  let agent = agents.get(local);
  if (!agent) {
    const [oldest] = agents.keys();
    // Its connections have been used up long ago.
    if (oldest && agents.size > AGENTS) {
      agents.get(oldest)?.destroy();
      agents.delete(oldest);
    }
    agent = new http.Agent({ keepAlive: true, localAddress: local, maxSockets: 16 });
    agents.set(local, agent);
  }
  return agent;
}

/** Closes the connections that are kept to be used again. */
export function hangUp(): void {
  for (const agent of agents.values()) agent.destroy();
  agents.clear();
}

/** Sends a request. What goes wrong on the way is an answer of status 0 that says so. */
export function send(port: number, asked: Shot): Promise<Answer> {
  const shot = { ...asked, ...asked.make?.() };
  const local = nextAddress();
  const headers = { "Accept-Encoding": "identity", ...shot.headers };
  const target = shot.target ?? "/";
  return shot.raw
    ? sendRaw(port, shot.raw({ target, headers: { Host: `127.0.0.1:${port}`, ...headers } }), local)
    : sendHttp(port, { ...shot, headers, target }, local);
}

function sendHttp(port: number, shot: Shot, local?: string): Promise<Answer> {
  return new Promise((resolve) => {
    const asked = http.request({
      port,
      host: "127.0.0.1",
      method: shot.method ?? "GET",
      path: shot.target,
      headers: {
        ...(shot.body !== undefined && { "Content-Length": String(Buffer.byteLength(shot.body)) }),
        ...shot.headers,
      },
      agent: agentFrom(local),
      timeout: WAITS,
    });
    asked.on("timeout", () => asked.destroy(new Error("nothing was said for long")));
    asked.on("error", (error) => {
      // The server closed a connection that was not used for long just when it was used again: nothing was read of this.
      if (asked.reusedSocket && !shot.mayHangUp && error.message === "socket hang up") {
        return resolve(sendHttp(port, shot, local));
      }
      resolve({ status: 0, headers: {}, text: error.message });
    });
    asked.on("response", (answer) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const whole = () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text: Buffer.concat(chunks).toString(),
        });
      const isStream = answer.headers["content-type"]?.startsWith("text/event-stream");
      answer.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        const leave = () => {
          whole();
          asked.destroy();
        };
        if (isStream) setTimeout(leave, STREAM_FOR);
        else if (length >= MOST_READ) leave();
      });
      answer.on("end", whole);
      answer.on("close", whole);
    });
    asked.end(shot.body);
  });
}

function sendRaw(port: number, bytes: string | Buffer, local?: string): Promise<Answer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = net.connect({ port, host: "127.0.0.1", ...(local && { localAddress: local }) });
    const done = () => {
      clearTimeout(patience);
      socket.destroy();
      const text = Buffer.concat(chunks).toString();
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0);
      resolve({ status, headers: {}, text });
    };
    // Whoever sends half a request waits for the rest; the test does not.
    const patience = setTimeout(done, 400);
    socket.on("connect", () => socket.end(bytes));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", done);
    socket.on("close", done);
  });
}

/** A whole request as text, with headers that no client would send. */
export const requestText = (first: string, headers: Record<string, string>, ...rest: string[]): string =>
  [
    first,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "Connection: close",
    ...rest,
  ].join("\r\n");
