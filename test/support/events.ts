import { get, type IncomingMessage } from "node:http";

/** A stream of server-sent events, as a browser holds it open. */
export interface Events {
  answer: IncomingMessage;
  /** The next message that was not asked for yet, as soon as it is there. */
  next(): Promise<Record<string, string>>;
  /** How many messages came that were not asked for. */
  waiting(): number;
  /** How it ended: by a proper end, or cut. */
  ended: Promise<"ended" | "cut">;
  /** Everything that came, as it came. */
  received(): string;
  close(): void;
}

/** Opens a stream; resolves with the head of the answer. */
export function openEvents(address: string, headers: Record<string, string> = {}): Promise<Events> {
  return new Promise((resolve, reject) => {
    const asked = get(
      address,
      { agent: false, headers: { Accept: "text/event-stream", "Accept-Encoding": "gzip, br", ...headers } },
      (answer) => {
        let text = "";
        let read = 0;
        let wake = () => {};
        const messages = () =>
          text
            .split("\n\n")
            .slice(0, -1)
            .filter((block) => /^data: /.test(block));
        answer.setEncoding("utf8");
        answer.on("data", (chunk) => {
          text += chunk;
          wake();
        });
        const ended = new Promise<"ended" | "cut">((end) => {
          answer.on("end", () => end("ended"));
          answer.on("close", () => end("cut"));
        });
        answer.on("error", () => {});
        resolve({
          answer,
          ended,
          received: () => text,
          waiting: () => messages().length - read,
          async next() {
            while (messages().length <= read) {
              await new Promise<void>((come) => {
                wake = come;
              });
            }
            read += 1;
            return JSON.parse((messages()[read - 1] as string).slice("data: ".length));
          },
          close: () => asked.destroy(),
        });
      },
    );
    asked.on("error", reject);
  });
}
