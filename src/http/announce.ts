import { createSocket } from "node:dgram";
import { isIPv4 } from "node:net";
import type { CiaoService, Responder } from "@homebridge/ciao";
import type { Logger } from "pino";
import type { Jobs } from "../jobs";
import { WANTED_NAME } from "./addresses";

/** How many Boothlights one network can tell apart. */
const MOST_NAMES = 20;
/** Seconds between two looks whether the laptop has its name: it may have had no network yet. */
const LOOK_EVERY = 60;
/** Seconds that looking for a name may take: each that another has costs a few. */
const LIMIT = 120;

export interface Announcement {
  /** Takes leave of the network. Never fails; waits a second at the most. */
  end(): Promise<void>;
}

/** What announces, as the library makes it. `host`: the address that it keeps to; left out, all. */
export type MakeResponder = (host?: string) => Promise<Responder>;

const responderOfLibrary: MakeResponder = async (host) => {
  await tryMulticast(host);
  // Most of what is loaded here is needed by nobody who waits for the booth to open.
  const { getResponder } = await import("@homebridge/ciao");
  return getResponder(host ? { interface: [host] } : {});
};

const PORT = 5353;
const GROUPS = { udp4: "224.0.0.251", udp6: "ff02::fb" } as const;
const IN_WORDS: Record<string, string> = {
  EADDRINUSE: `another program keeps port ${PORT} to itself`,
  EINVAL: "there is no network",
  ENODEV: "there is no network",
  ENETUNREACH: "there is no network",
  EADDRNOTAVAIL: "there is no such address",
};

/** Throws where nobody would hear an announcement: the library says so on the console alone, and at length. */
async function tryMulticast(host?: string): Promise<void> {
  const families = isIPv4(host ?? "") ? (["udp4"] as const) : (["udp4", "udp6"] as const);
  const attempts = families.map(
    (type) =>
      new Promise<void>((resolve, reject) => {
        const socket = createSocket({ type, reuseAddr: true });
        const done = (error?: NodeJS.ErrnoException) => {
          socket.close();
          const reason = IN_WORDS[error?.code ?? ""] ?? error?.code ?? error?.message;
          if (error) reject(Object.assign(new Error(reason), { code: error.code }));
          else resolve();
        };
        socket.once("error", done);
        socket.bind(PORT, () => {
          try {
            socket.addMembership(GROUPS[type], type === "udp4" ? host : undefined);
            done();
          } catch (error) {
            done(error as NodeJS.ErrnoException);
          }
        });
      }),
  );
  const results = await Promise.allSettled(attempts);
  if (results.every(({ status }) => status === "rejected"))
    throw (results[0] as PromiseRejectedResult).reason;
}

/**
 * Announces the laptop on its network by mDNS (RFC 6762), as boothlight.local; where another has that name, as
 * boothlight-2.local and so on. `nameTaken` hears which it is, again when it changes, and undefined when it is lost.
 * Returns at once: the work is a job. What goes wrong is one line in the log, and tried again every minute.
 */
export function announce(
  { port, host, log, jobs }: { port: number; host?: string; log: Logger; jobs: Jobs },
  nameTaken: (name: string | undefined) => void,
  makeResponder: MakeResponder = responderOfLibrary,
): Announcement {
  let responder: Responder | undefined;
  let service: CiaoService | undefined;
  let isEnding = false;
  let isWarned = false;

  const warn = (error: unknown) => {
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ");
    if (!isWarned) {
      log.warn(
        `The laptop cannot be announced as ${WANTED_NAME}: ${reason}. Its addresses work all the same.`,
      );
    }
    isWarned = true;
  };

  /** Takes the first name that nobody on the network has. */
  const takeName = async () => {
    responder ??= await makeResponder(host);
    for (let number = 1; number <= MOST_NAMES && !isEnding; number++) {
      const wanted = number === 1 ? WANTED_NAME : WANTED_NAME.replace(".", `-${number}.`);
      const found = await advertise(responder, wanted);
      if (found) return found;
    }
    return undefined;
  };

  /** Announces under a name; undefined where another has it. The library would add "-(2)", which no address can have. */
  const advertise = async (by: Responder, wanted: string) => {
    const candidate = by.createService({
      name: wanted.replace(/\.local$/, "").replace(/^b/, "B"),
      type: "http",
      hostname: wanted,
      port,
      txt: { path: "/" },
      ...(host && { restrictedAddresses: [host] }),
    });
    candidate.on("hostname-change", () => {
      // Two networks that each had one may have become one network.
      if (candidate === service) void candidate.destroy().catch(warn).then(restart);
    });
    // Without a listener the library says on the console that there should be one.
    candidate.on("name-change", () => {});
    await candidate.advertise();
    const has = candidate.getHostname().replace(/\.$/, "").toLowerCase();
    if (has === wanted) return candidate;
    await candidate.destroy();
    return undefined;
  };

  const restart = () => {
    service = undefined;
    nameTaken(undefined);
    job.soon();
  };

  const haveName = async () => {
    if (service || isEnding) return;
    try {
      service = await takeName();
    } catch (error) {
      if (isEnding) return;
      warn(error);
      throw error;
    }
    if (!service || isEnding) return;
    isWarned = false;
    nameTaken(service.getHostname().replace(/\.$/, "").toLowerCase());
  };

  const job = jobs.start({
    name: "name on the network",
    owner: "http",
    what: `Keeps the name ${WANTED_NAME} for the laptop on its network`,
    every: LOOK_EVERY,
    limit: LIMIT,
    work: haveName,
  });
  return {
    async end() {
      isEnding = true;
      void job.stop();
      let waited: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        waited = setTimeout(resolve, 1000);
      });
      await Promise.race([responder?.shutdown().catch(() => {}), patience]);
      clearTimeout(waited);
    },
  };
}
