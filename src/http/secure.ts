import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import os from "node:os";
import path from "node:path";
import type { Logger } from "pino";
import type { Config } from "../config";
import type { Instant } from "../database/tables";
import { type Network, namesToCertify } from "./addresses";
import { certificateFromFiles, localCertificate } from "./certificates";
import { connectionOptions } from "./connections";

/** Milliseconds within which two ends have to agree on how to talk. */
const SHAKES_WITHIN = 15_000;

export interface SecureServer {
  server: Server;
  /** Opens it the way that is given, and lets pages say at which port. */
  listen(open: () => Promise<number>): Promise<void>;
  /**
   * Presents another certificate where the laptop's names or addresses changed, the one it has runs out, or its files
   * are other ones now: for connections from now on, those that stand go on. Throws where that fails: the reason is in the
   * log, once, and the certificate stays.
   */
  look(): Promise<void>;
}

export interface SecureSettings extends Pick<Config, "dataDir" | "host" | "certificate" | "certificateKey"> {}

/**
 * Makes the HTTPS server of the laptop: with the organizer's own certificate where one is set, else with one of the
 * laptop's own authority, which lives in `DATA_DIR/certificates`. Keeps `network.https` true to what it presents.
 * Throws an Error of one line where the files of one's own certificate are wrong, or the folder cannot be written.
 */
export async function secureServer(
  answer: RequestListener,
  {
    config,
    network,
    log,
    now,
  }: { config: SecureSettings; network: Network; log: Logger; now: () => Instant },
): Promise<SecureServer> {
  const load = async () => {
    const { certificate, certificateKey: key } = config;
    if (certificate && key) {
      const own = await certificateFromFiles({ certificate, key });
      return { ...own, authority: undefined, news: [] };
    }
    const names = namesToCertify({ host: config.host, localName: network.localName });
    const folder = path.join(config.dataDir, "certificates");
    return { ...(await localCertificate(folder, { laptop: os.hostname(), names }, now())), names };
  };
  let port: number | undefined;
  let presented = await load();
  /** What the log and the pages say of HTTPS: nothing before it is open. */
  const tell = () => {
    if (port === undefined) return;
    const { names, authority, news } = presented;
    for (const sentence of news) log.info(sentence);
    network.https = { port, names, authority };
  };
  const server = createServer(
    { ...connectionOptions(), handshakeTimeout: SHAKES_WITHIN, ...presented },
    answer,
  );
  let lastFailure = "";
  let looking: Promise<void> = Promise.resolve();

  const look = async () => {
    try {
      const found = await load();
      if (found.cert !== presented.cert || found.key !== presented.key) {
        server.setSecureContext(found);
        if (!found.authority) log.info("The certificate's files changed: the new one is used from now on.");
      }
      presented = found;
      tell();
      lastFailure = "";
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== lastFailure) log.warn(`The certificate stays as it is: ${message}`);
      lastFailure = message;
      throw error;
    }
  };
  /** One look after the other: two at once would make two certificates. */
  const lookInTurn = () => {
    const turn = looking.then(look);
    looking = turn.catch(() => {});
    return turn;
  };
  return {
    server,
    async listen(open) {
      port = await open();
      tell();
    },
    look: lookInTurn,
  };
}
