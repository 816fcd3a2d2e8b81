import type { Instant } from "../database/tables";

/** How long a message waits before it goes, so that a slip of the finger can be undone. */
export const GRACE = 2 * 60_000;
/** How long it waits at most while more is put into it. */
export const MOST_GRACE = 10 * 60_000;
/** A try that said nothing for so long has ended with its program: somebody else may send the message. */
export const CLAIM = 45_000;

/** When a message goes that is put together from `createdAt` on, and to which something was added at `now`. */
export function goesAt(createdAt: Instant, now: Instant): Instant {
  return Math.min(now + GRACE, Math.max(createdAt + MOST_GRACE, now));
}

/** How often a try that takes longer says that it is still under way. */
export const RENEWAL = 15_000;

const MINUTE = 60_000;
/** After the first, second … try that brought nothing; after more of them, the last one each time. */
const PAUSES = [MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE];

/** How long to wait after so many tries. Never for good: what cannot be sent today may be tomorrow. */
export function pauseAfter(attempts: number): number {
  return PAUSES[Math.max(0, Math.min(attempts, PAUSES.length) - 1)] as number;
}

/** What is to be delivered, as it goes now. */
export interface Letter {
  /** Who gets it, with their mail address and their chat's webhook. Empty is not known: then it can only go by hand. */
  to: { name: string; address: string; webhook: string };
  /** Whose name it comes under. */
  from: string;
  subject: string;
  /** Plain text, each paragraph a line. */
  text: string;
  /** The same, marked up. */
  html: string;
  language: string;
  /** Whether the program writes by its own decision (RFC 3834). */
  isAutomatic: boolean;
  /** Whether it goes where everybody reads it. */
  isPublic: boolean;
  /** The message that this one follows up: the first about the same question to the same recipient. */
  follows: string | undefined;
  /** The ids of the questions that it tells of. */
  about: string[];
}

/** What became of a try. The reason is in plain words, without personal data: it is shown, and it is logged. */
export type Outcome =
  /** The other side has it. */
  | { kind: "delivered" }
  /** It has it not, and will not take it as it is. */
  | { kind: "refused"; reason: string }
  /** It has it not now. `after`: the pause that it asked for; `isAway`: nothing else would get through either. */
  | { kind: "later"; reason: string; after?: number; isAway?: boolean }
  /** Nobody knows: it was sent, and no answer came. */
  | { kind: "unknown"; reason: string };

/** What a mail server's answer, or its silence, came with. */
export interface MailFailure {
  /** As nodemailer names it, such as ECONNECTION. */
  code?: string;
  /** What the system said below that, such as ECONNREFUSED. */
  originalCode?: string;
  /** The command that was answered. */
  command?: string;
  responseCode?: number;
  /** The answer in full. It may hold addresses: nothing of it is repeated but its number. */
  response?: string;
}

const REFUSED_MAIL: Record<string, string> = {
  "5.1.1": "there is no such mailbox",
  "5.1.2": "there is no such mail domain",
  "5.1.3": "this is no mail address",
  "5.1.10": "this domain takes no mail",
  "5.2.1": "the mailbox is closed",
  "5.2.2": "the mailbox is full",
  "5.3.4": "the mail is too large",
};

/**
 * What became of a mail. `wasSent`: the mail itself was handed to the connection, so without an answer nobody knows.
 * A server that does not take us at all says nothing of this mail: that is tried again until the settings are right.
 */
export function mailOutcome(failure: MailFailure, wasSent: boolean): Outcome {
  const { responseCode, response = "" } = failure;
  const command = failure.command?.split(/[ :]/)[0]?.toUpperCase() ?? "";
  if (responseCode !== undefined && responseCode >= 400 && responseCode < 600) {
    const detail = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
    const number = detail ? `${responseCode}, ${detail}` : String(responseCode);
    const isAboutThis =
      wasSent || command === "RCPT" || command === "DATA" || /^5\.1\.[1-46-9]/.test(detail ?? "");
    if (failure.code === "EAUTH" || responseCode === 530 || responseCode === 535) {
      return away(`The mail server does not accept the sign-in of SMTP_URL (${number}).`);
    }
    // RFC 5321, 3.8: 421 is the server's good-bye, whatever was asked. 503 is a quarrel about the order of commands.
    if (responseCode === 421) return away(`The mail server has no time just now (${number}).`);
    if (!isAboutThis) {
      return away(
        command === "MAIL"
          ? `The mail server does not take mail from MAIL_FROM (${number}).`
          : `The mail server does not take mail from this laptop (${number}).`,
      );
    }
    if (responseCode < 500 || responseCode === 503) {
      return { kind: "later", reason: `The mail server asked to try again later (${number}).` };
    }
    const why = detail && REFUSED_MAIL[detail];
    return {
      kind: "refused",
      reason: `The mail server refused it${why ? `: ${why}` : ""} (${number}).`,
    };
  }
  if (failure.code === "EENVELOPE") return { kind: "refused", reason: "This is no mail address." };
  if (failure.code === "EMESSAGE" && !wasSent) {
    return { kind: "refused", reason: "The mail is larger than the mail server takes." };
  }
  if (wasSent) {
    return { kind: "unknown", reason: "The connection broke before the mail server said that it has it." };
  }
  return away(
    `${SILENT_MAIL[failure.originalCode ?? ""] ?? SILENT_MAIL[failure.code ?? ""] ?? "The mail server cannot be reached"}.`,
  );
}

const SILENT_MAIL: Record<string, string> = {
  ECONNREFUSED: "Nothing answers at the mail server's address",
  ENOTFOUND: "The mail server's name is not known here: is the laptop online, and is SMTP_URL right",
  EDNS: "The mail server's name is not known here: is the laptop online, and is SMTP_URL right",
  ECONNRESET: "The mail server closed the connection",
  ECONNECTION: "The mail server closed the connection",
  ETIMEDOUT: "The mail server does not answer",
  ETLS: "No safe connection to the mail server could be made",
  DEPTH_ZERO_SELF_SIGNED_CERT: "The mail server's certificate is not trusted on this laptop",
  SELF_SIGNED_CERT_IN_CHAIN: "The mail server's certificate is not trusted on this laptop",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "The mail server's certificate is not trusted on this laptop",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "The mail server's certificate is not trusted on this laptop",
  CERT_HAS_EXPIRED: "The mail server's certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "The mail server's certificate is for another name",
  EPROTOCOL: "What answers there is no mail server",
  ENOAUTH: "The mail server wants a sign-in, and SMTP_URL has none",
  EAUTH: "The mail server does not offer a way to sign in that is known here",
};

const away = (reason: string): Outcome => ({ kind: "later", reason, isAway: true });

/** What became of a message to a chat, by its answer. `retryAfter`: what the header of that name said. */
export function chatOutcome(status: number, retryAfter?: string): Outcome {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  if (status === 429 || status === 503) {
    const seconds = /^\d{1,6}(\.\d+)?$/.test(retryAfter ?? "") ? Math.ceil(Number(retryAfter)) : undefined;
    return {
      kind: "later",
      reason: `The chat asked to try again later (${status}).`,
      ...(seconds !== undefined && { after: Math.min(seconds, 86_400) * 1000 }),
    };
  }
  if (status >= 500) {
    return {
      kind: "unknown",
      reason: `The chat had trouble of its own (${status}). It may have posted it all the same.`,
    };
  }
  const why: Record<number, string> = {
    401: "its address is not good any more",
    403: "its address is not good any more",
    404: "there is nothing at its address any more",
    410: "there is nothing at its address any more",
    413: "it is too long",
  };
  if (status >= 300 && status < 400) {
    return {
      kind: "refused",
      reason: `The chat's address leads on to another one (${status}). Give the expert that one.`,
    };
  }
  return {
    kind: "refused",
    reason: `The chat refused it${why[status] ? `: ${why[status]}` : ""} (${status}).`,
  };
}

/** What became of a message to a chat that did not answer. `wasSent`: it was handed to the connection. */
export function silentChat(code: string | undefined, wasSent: boolean): Outcome {
  if (wasSent) return { kind: "unknown", reason: "The chat did not say that it has it." };
  if (code === "ERR_INVALID_URL" || code === "ERR_INVALID_PROTOCOL") {
    return { kind: "refused", reason: "The chat's address is no web address." };
  }
  const isUntrusted = /CERT|TLS|SSL/.test(code ?? "");
  return {
    kind: "later",
    reason: isUntrusted ? "No safe connection to the chat could be made." : "The chat cannot be reached.",
  };
}

/** What was under way when the program ended. */
export const INTERRUPTED = "Boothlight was stopped while this was under way.";

/** Discord takes so many characters; what else takes Slack's form takes more than anybody reads. */
const MOST_IN_DISCORD = 2000;
const MOST_IN_CHAT = 12_000;

/**
 * What a chat's webhook is sent. Slack's form, `{text}`, is taken by Slack, Mattermost, Rocket.Chat, Zulip
 * (`/slack_incoming`) and matrix-hookshot; Discord has its own. What a visitor wrote calls nobody: not `@everyone`
 * nor `<!channel>`.
 */
export function chatBody(webhook: string, letter: Pick<Letter, "subject" | "text">): string {
  const words = callingNobody(`**${letter.subject}**\n\n${letter.text}`);
  const host = URL.canParse(webhook) ? new URL(webhook).hostname : "";
  if (/(^|\.)(discord|discordapp)\.com$/.test(host) && !/\/slack\/?$/.test(new URL(webhook).pathname)) {
    return JSON.stringify({ content: shortened(words, MOST_IN_DISCORD), allowed_mentions: { parse: [] } });
  }
  const isSlack = /(^|\.)slack\.com$/.test(host);
  return JSON.stringify({ text: shortened(isSlack ? inSlack(words) : words, MOST_IN_CHAT) });
}

/** Slack's own marks differ: one star for bold, and three characters that stand for themselves only when written out. */
function inSlack(words: string): string {
  return words
    .replace(/^\*\*(.*)\*\*$/m, "*$1*")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

/** A space that nobody sees takes the power from what chats would call people by. */
function callingNobody(words: string): string {
  return words.replace(/(?<![\w.+-])@(?=[\w*])/g, "@\u200b").replace(/<(?=[!@#])/g, "<\u200b");
}

function shortened(words: string, most: number): string {
  if (words.length <= most) return words;
  // Half of a pair of surrogates is no character.
  return `${words.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
