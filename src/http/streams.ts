import type { Request, Response } from "express";
import { Problem } from "../errors";

/** What a browser holds open to be told of changes: server-sent events (https://html.spec.whatwg.org/#server-sent-events). */
export interface EventStream {
  /**
   * Sends a message: one line of text. To whoever has not read the last one yet only the newest is sent, once they have.
   */
  send(text: string): void;
  /** Ends it; the browser comes back by itself. */
  end(): void;
}

/** Milliseconds after which a browser comes back when the connection broke. */
const COME_BACK_AFTER = 3000;
/** Seconds between two signs of life. */
const BEAT_EVERY = 15;
/** Who reads nothing for so many seconds is gone, whatever the connection says. */
const READS_WITHIN = 30;

/** Whether a request asks for a stream, and not for what it would say first. */
export function wantsStream(req: Request): boolean {
  return (
    req.method === "GET" && req.accepts(["application/json", "text/event-stream"]) === "text/event-stream"
  );
}

/** What is live, and how somebody listens to it. */
export interface Live {
  /** What a page shows of it now: one line of text. */
  make: () => Promise<string>;
  /** As many listen as may, or the program stops. */
  isFull: boolean;
  /** Has a stream told of it from now on; gives what ends that. */
  listen: (stream: EventStream) => () => void;
}

/** Tells of what a page shows: once, or as a stream where that is asked for. Throws `unavailable` where no more may listen. */
export async function tell(req: Request, res: Response, { make, isFull, listen }: Live): Promise<void> {
  if (!wantsStream(req)) return void res.type("application/json").send(await make());
  if (isFull) throw new Problem("unavailable", "refused.too-many-listen");
  let leave = () => {};
  const stream = openStream(res, () => leave());
  leave = listen(stream);
}

/**
 * Answers with a stream of events. It never holds more than two messages in memory, however slowly it is read; who reads
 * nothing for `readsWithin` seconds is let go. `onEnd` is called once, when it has ended from either side.
 */
export function openStream(
  res: Response,
  onEnd: () => void,
  { readsWithin = READS_WITHIN }: { readsWithin?: number } = {},
): EventStream {
  let next: string | undefined;
  let waitsToBeRead: NodeJS.Timeout | undefined;
  let isOver = false;

  const write = (text: string) => {
    if (isOver || res.write(text)) return;
    waitsToBeRead ??= setTimeout(() => res.destroy(), readsWithin * 1000).unref();
  };
  // An event and no comment: pages cannot see comments, and have to notice a connection that is dead without a word.
  const beat = setInterval(() => {
    if (!waitsToBeRead) write("event: beat\ndata: .\n\n");
  }, BEAT_EVERY * 1000).unref();
  res.on("drain", () => {
    clearTimeout(waitsToBeRead);
    waitsToBeRead = undefined;
    if (next === undefined) return;
    const text = next;
    next = undefined;
    write(text);
  });
  const close = () => {
    isOver = true;
    clearInterval(beat);
    clearTimeout(waitsToBeRead);
    onEnd();
  };
  res.on("close", close);
  // Whoever left before all was looked up for them is not told of any more.
  if (res.closed) setImmediate(close);

  res.status(200).set({
    "Content-Type": "text/event-stream; charset=utf-8",
    // What compresses on the way would hold messages back until there is enough to compress.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    // Nothing else comes on this connection, and the program can stop without waiting for it.
    Connection: "close",
  });
  write(`retry: ${COME_BACK_AFTER}\n\n`);
  return {
    send(text) {
      if (isOver) return;
      const message = `data: ${text}\n\n`;
      if (waitsToBeRead) next = message;
      else write(message);
    },
    end() {
      // What somebody does not read would keep the program from stopping.
      if (waitsToBeRead) res.destroy();
      else if (!isOver) res.end();
      isOver = true;
    },
  };
}
