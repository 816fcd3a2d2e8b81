import type { AddressInfo } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

/** Where a mail server can be held up or refuse, in the order in which a mail passes. */
export type Stage = "connect" | "from" | "to" | "data" | "kept" | "answered";

/** What happens at a stage: refuse by throwing `refusal(…)`, hang by not resolving. */
type Happening = (office: PostOffice) => unknown;

/** A real mail server, with the mailboxes behind it. */
export interface PostOffice {
  /** What SMTP_URL is. */
  url: string;
  port: number;
  /** Every mail that was taken to its end, also the same one twice, as it came. */
  raw: string[];
  /** Who it was for, by the envelope. */
  recipients: string[];
  /** The user names that signed in. */
  signedIn: string[];
  /** How many connections there were. */
  connections: number;
  /** What happens at a stage, from now on; `undefined`: nothing. */
  at: Partial<Record<Stage, Happening>>;
  /** What stands in the mailboxes: a mail whose Message-ID is there already is dropped, as mailboxes do. */
  mailbox(): Promise<ParsedMail[]>;
  /** Cuts every connection. */
  cut(): void;
  /** Nothing listens at its address any more. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

/** An answer that refuses: code, and what the server says. */
export function refusal(code: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode: code });
}

/** Never answers. */
export const silence = () => new Promise<never>(() => {});

/** Opens a mail server that takes everything, until it is told otherwise. `options`: as smtp-server takes them. */
export async function openPostOffice(options: SMTPServerOptions = {}): Promise<PostOffice> {
  let server: SMTPServer;
  const office: PostOffice = {
    url: "",
    port: 0,
    raw: [],
    recipients: [],
    signedIn: [],
    connections: 0,
    at: {},
    async mailbox() {
      const mails = await Promise.all(office.raw.map((mail) => simpleParser(mail)));
      return [...new Map(mails.map((mail) => [mail.messageId, mail])).values()];
    },
    cut() {
      for (const connection of server.connections) {
        (connection as unknown as { _socket: { destroy(): void } })._socket.destroy();
      }
    },
    async goAway() {
      office.cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
    comeBack: () => open(office.port),
  };
  const happens = (stage: Stage, done: (error?: Error | null) => void) => {
    Promise.resolve()
      .then(() => office.at[stage]?.(office))
      .then(
        () => done(),
        (error) => done(error),
      );
  };

  async function open(port: number): Promise<void> {
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      closeTimeout: 100,
      logger: false,
      ...options,
      onConnect(_session, done) {
        office.connections += 1;
        happens("connect", done);
      },
      onAuth(auth, _session, done) {
        if (auth.username !== "booth" || auth.password !== "secret") {
          return done(refusal(535, "5.7.8 Error: authentication failed"));
        }
        office.signedIn.push(auth.username);
        done(null, { user: auth.username });
      },
      onMailFrom: (_address, _session, done) => happens("from", done),
      onRcptTo(address, _session, done) {
        happens("to", (error) => {
          if (!error) office.recipients.push(address.address);
          done(error);
        });
      },
      onData(stream, _session, done) {
        happens("data", (error) => {
          const chunks: Buffer[] = [];
          stream.on("data", (chunk) => chunks.push(chunk));
          stream.on("end", () => {
            if (error) return done(error);
            happens("kept", (refused) => {
              if (refused) return done(refused);
              office.raw.push(Buffer.concat(chunks).toString());
              happens("answered", (late) => done(late));
            });
          });
        });
      },
    });
    // A connection that is cut is an error of its own.
    server.on("error", () => {});
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    office.port = (server.server.address() as AddressInfo).port;
    office.url = `smtp${options.secure ? "s" : ""}://127.0.0.1:${office.port}`;
  }

  await open(0);
  return office;
}
