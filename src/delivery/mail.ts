import { isIP } from "node:net";
import { Readable } from "node:stream";
import { domainToASCII } from "node:url";
import parseAddresses from "nodemailer/lib/addressparser";
import MailComposer from "nodemailer/lib/mail-composer";
import SMTPTransport from "nodemailer/lib/smtp-transport";
import type { Config } from "../config";
import type { Instant } from "../database/tables";
import { type Letter, type MailFailure, mailOutcome, type Outcome } from "../messages/rules";

/** How long a mail server may take: to be there, to greet, and for each thing that it is asked (RFC 5321, 4.5.3.2). */
export const PATIENCE = { connect: 30_000, greet: 60_000, answer: 10 * 60_000 };
export type Patience = typeof PATIENCE;

/** What goes around a letter. */
export interface Envelope {
  /** The message's id: the same at each try. */
  id: string;
  /** What follows the @ of Message-IDs. */
  host: string;
  /** What the mail says when it was written: the same at each try. */
  at: Instant;
  /** A file for a mail program to open as a draft. */
  isDraft?: boolean;
}

/** Whose mail it is. */
export type Sender = Pick<Config, "mailFrom">;

/** What Message-IDs end in: the booth's own name where it has one that others know, else that of its mail address. */
export function hostOfMail({ publicUrl, mailFrom }: Pick<Config, "publicUrl" | "mailFrom">): string {
  const named = publicUrl && new URL(publicUrl).hostname;
  if (named && isIP(named.replace(/[[\]]/g, "")) === 0 && named.includes(".")) return named;
  return domainToASCII(senderOf(mailFrom)?.address.split("@").pop() ?? "") || "boothlight.invalid";
}

/** MAIL_FROM as name and address; undefined where it is not set. */
export function senderOf(mailFrom: string | undefined): { name: string; address: string } | undefined {
  const [first] = mailFrom ? parseAddresses(mailFrom, { flatten: true }) : [];
  return first?.address ? { name: first.name, address: first.address } : undefined;
}

/** A mail as it goes over the wire (RFC 5322): headers, plain text first, the same marked up. */
export function composed(
  letter: Letter,
  { id, host, at, isDraft }: Envelope,
  { mailFrom }: Sender,
): Promise<Buffer> {
  const sender = senderOf(mailFrom);
  const from = sender && { name: oneLine(sender.name || letter.from), address: sender.address };
  const to = { name: oneLine(letter.to.name), address: letter.to.address };
  const follows = letter.follows && `<${letter.follows}@${host}>`;
  const mail = new MailComposer({
    ...(from && { from }),
    ...(to.address && { to: [to] }),
    // What somebody answers on a list is for the list too, not for the booth alone.
    ...(from && { replyTo: letter.isPublic && to.address ? [to, from] : [from] }),
    subject: oneLine(letter.subject),
    messageId: `<${id}@${host}>`,
    ...(follows && { inReplyTo: follows, references: follows }),
    date: new Date(at),
    text: wrapped(letter.text),
    html: letter.html,
    headers: {
      "Content-Language": letter.language,
      ...(letter.isAutomatic && { "Auto-Submitted": "auto-generated" }),
      ...(isDraft && { "X-Unsent": "1" }),
    },
    // Nothing in a letter is a file or an address to be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: "\r\n",
  });
  return mail.compile().build();
}

/** A header has one line. Mail programs put whole addresses in the place of a name with an @ or a bracket in it. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}

/** Lines of 76 characters at most, where words allow; what is quoted or an address stays whole. */
export function wrapped(text: string, most = 76): string {
  return text
    .split("\n")
    .flatMap((line) => {
      const indent = /^(\s*)(?:(?:\d+\.|[-*>])\s+)?/.exec(line)?.[0] ?? "";
      const lines: string[] = [];
      let current = "";
      for (const word of line.trimStart().split(" ")) {
        const start = lines.length === 0 ? (/^\s*/.exec(line)?.[0] ?? "") : " ".repeat(indent.length);
        const longer = current === "" ? start + word : `${current} ${word}`;
        if (current.trim() !== "" && longer.length > most) {
          lines.push(current);
          current = " ".repeat(indent.length) + word;
        } else current = longer;
      }
      return [...lines, current];
    })
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Hands mails to a mail server, one at a time. `signal`: do not wait any longer. */
export type Carrier = (letter: Letter, envelope: Envelope, signal?: AbortSignal) => Promise<Outcome>;

/** What takes mails to the server that SMTP_URL names. */
export function mailCarrier(
  { smtpUrl, mailFrom }: { smtpUrl: string; mailFrom: string },
  patience: Patience = PATIENCE,
): Carrier {
  const transport = new SMTPTransport({
    url: smtpUrl,
    connectionTimeout: patience.connect,
    greetingTimeout: patience.greet,
    socketTimeout: patience.answer,
    dnsTimeout: patience.connect,
    ...(wantsSafety(smtpUrl) && { requireTLS: true }),
  });
  return async (letter, envelope, signal) => {
    if (!letter.to.address) return { kind: "refused", reason: "No mail address is known." };
    const mail = await composed(letter, envelope, { mailFrom });
    let wasSent = false;
    // Nothing of it is read before the server has said that it takes it: what is unread has not left the house.
    const source = new Readable({
      read() {
        wasSent = true;
        this.push(mail);
        this.push(null);
      },
    });
    const message = {
      getEnvelope: () => ({ from: senderOf(mailFrom)?.address ?? false, to: [letter.to.address] }),
      messageId: () => `<${envelope.id}@${envelope.host}>`,
      createReadStream: () => source,
    };
    return new Promise((resolve) => {
      transport.send(
        { data: { signal }, message } as unknown as Parameters<typeof transport.send>[0],
        (error) => {
          resolve(error ? mailOutcome(error as MailFailure, wasSent) : { kind: "delivered" });
        },
      );
    });
  };
}

/**
 * Whether a password would go over the network in the clear where somebody makes the server's offer of STARTTLS
 * disappear. Who wants it so says `?ignoreTLS=true`.
 */
function wantsSafety(smtpUrl: string): boolean {
  const url = new URL(smtpUrl);
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const isSaid = ["ignoreTLS", "requireTLS", "opportunisticTLS"].some((name) => url.searchParams.has(name));
  return url.protocol === "smtp:" && url.password !== "" && !isHere && !isSaid;
}
