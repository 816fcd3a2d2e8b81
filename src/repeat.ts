import type { Logger } from "pino";

/** Work that is done again and again while the booth runs. */
export interface Repeated {
  /** Does it as soon as what is under way is done. */
  soon(): void;
  /** Waits for what is under way; nothing begins after it. */
  stop(): Promise<void>;
}

/**
 * Does `work` at once and then every `seconds`, one at a time. What it throws is told in the log by its name and code, and
 * the next time comes all the same.
 */
export function repeat(name: string, seconds: number, work: () => Promise<unknown>, log: Logger): Repeated {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isStopped = false;
  let isAskedAgain = false;
  const run = async () => {
    clearTimeout(timer);
    do {
      isAskedAgain = false;
      await work().catch((error: unknown) => {
        const { name: kind, code } = (error ?? {}) as { name?: unknown; code?: unknown };
        log.error({ job: name, name: kind, code }, "a job failed");
      });
    } while (isAskedAgain && !isStopped);
    running = undefined;
    if (!isStopped) timer = setTimeout(start, seconds * 1000).unref();
  };
  const start = () => {
    running ??= run();
  };
  start();
  return {
    soon() {
      isAskedAgain = true;
      if (!isStopped) start();
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
