import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A bad network between a tablet and the booth: a proxy that loses requests and answers, and delays the rest. */
export interface Network {
  /** http://127.0.0.1:PORT: the booth as it is seen through the network. */
  address: string;
  /** How bad it is from now on. It begins as a good network. */
  become(weather: Weather): void;
  /** What it has done so far. A lost answer is one to a request that the booth has dealt with. */
  counts: { passed: number; lostRequests: number; lostAnswers: number };
  close(): Promise<void>;
}

export interface Weather {
  /** The share of requests that never reach the booth, 0 to 1. */
  losesRequests: number;
  /** The share of answers, of those requests that do, that never reach the tablet. */
  losesAnswers: number;
  /** The longest that anything is held back, in milliseconds. */
  delays: number;
}

export const GOOD: Weather = { losesRequests: 0, losesAnswers: 0, delays: 0 };
export const BAD: Weather = { losesRequests: 0.3, losesAnswers: 0.3, delays: 150 };

/** Opens a proxy before `target` (http://…). The same seed gives the same luck, request by request. */
export async function openProxy(target: string, seed: number): Promise<Network> {
  const luck = random(seed);
  const counts = { passed: 0, lostRequests: 0, lostAnswers: 0 };
  let weather = GOOD;
  const server = createServer((req, res) => void pass(req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    become: (next) => {
      weather = next;
    },
    counts,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };

  async function pass(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { losesRequests, losesAnswers, delays } = weather;
    // All three are drawn for each request, so that what becomes of one does not shift the luck of the next.
    const [isRequestLost, isAnswerLost, delay] = [
      luck() < losesRequests,
      luck() < losesAnswers,
      luck() * delays,
    ];
    const body = await wholeOf(req).catch(() => undefined);
    await pause(delay / 2);
    if (isRequestLost || body === undefined) {
      counts.lostRequests += 1;
      return void req.socket.destroy();
    }
    const answer = await ask(req, body).catch(() => undefined);
    await pause(delay / 2);
    if (isAnswerLost || !answer) {
      counts.lostAnswers += 1;
      return void req.socket.destroy();
    }
    counts.passed += 1;
    res.writeHead(answer.status, answer.headers).end(answer.body);
  }

  /** The booth's whole answer: by then it has dealt with the request. */
  function ask(req: IncomingMessage, body: Buffer) {
    return new Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }>(
      (resolve, reject) => {
        const { method, url, headers } = req;
        const asked = request(new URL(url as string, target), { method, headers }, (answer) => {
          wholeOf(answer).then(
            (whole) =>
              resolve({ status: answer.statusCode as number, headers: ownHeaders(answer), body: whole }),
            reject,
          );
        });
        asked.on("error", reject);
        asked.end(body);
      },
    );
  }
}

/** The body is passed on whole: how it was cut into pieces, and whether the connection stays, is not. */
function ownHeaders({ headers }: IncomingMessage): IncomingMessage["headers"] {
  const { "transfer-encoding": _pieces, connection: _connection, "keep-alive": _kept, ...own } = headers;
  return own;
}

async function wholeOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Numbers from 0 up to 1, the same for the same seed: mulberry32. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));
