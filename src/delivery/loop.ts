import type { Logger } from "pino";
import type { Config } from "../config";
import type { Database } from "../database/open";
import type { Instant, Way } from "../database/tables";
import { framesOf } from "../http/faults";
import type { Jobs } from "../jobs";
import { type Letter, type Outcome, RENEWAL } from "../messages/rules";
import {
  type Claimed,
  claimDue,
  dropClaimed,
  expireClaims,
  hasten,
  keepTold,
  type Message,
  mailHost,
  renewClaim,
  settle,
} from "../messages/store";
import { postToChat } from "./chat";
import { type Carrier, hostOfMail, mailCarrier } from "./mail";

/** What a message says now. Undefined where there is nothing left to tell. */
export type Wording = (message: Message) => Promise<Letter | undefined>;

/** Ways that need nobody's hand. */
type OwnWay = Exclude<Way, "hand">;
/** Brings a letter on its way. `signal`: do not wait any longer. */
type Carry = (letter: Letter, claimed: Claimed, signal: AbortSignal) => Promise<Outcome>;
export type Carriers = Partial<Record<OwnWay, Carry>>;

/** How often is looked whether something is due, in seconds. */
const LOOK_EVERY = 3;
/** How long one look may take, in seconds: many messages, each of which may wait long for a slow server. */
const LIMIT = 600;
/** What the loops do, in words for the organizer. */
const WHAT: Record<OwnWay, string> = {
  mail: "Hands mail to the mail server",
  webhook: "Posts messages to chats",
};
/** How long a way that is blocked is left alone. */
const REST = 60_000;

/** What is under way gets this long to end when the program is asked to stop. */
const STOP_WITHIN = 8000;

/** Why nothing goes on a way at the moment. */
export interface Trouble {
  reason: string;
  since: Instant;
  /** When it is tried again. */
  until: Instant;
}

/** Delivery as the pages see it. */
export interface Delivery {
  /** The ways that it takes. */
  readonly ways: readonly OwnWay[];
  /** Why mail does not go at the moment, where it is not for one mail's sake. */
  trouble(via: OwnWay): Trouble | undefined;
  /** Looks at once, also where a way was left alone. Resolves when what is due has been tried. */
  look(): Promise<void>;
}

export interface DeliveryDeps {
  db: Database;
  log: Logger;
  now: () => Instant;
}

/** The ways that the settings open. */
export async function openWays({ db, config }: { db: Database; config: Config }): Promise<Carriers> {
  const webhook: Carry = async (letter, _claimed, signal) =>
    letter.to.webhook
      ? postToChat(letter.to.webhook, letter, { signal })
      : { kind: "refused", reason: "No address of a chat is known." };
  const { smtpUrl, mailFrom } = config;
  if (!smtpUrl || !mailFrom) return { webhook };
  const host = await db.write((writer) => mailHost(writer, hostOfMail(config)));
  const carry: Carrier = mailCarrier({ smtpUrl, mailFrom });
  return {
    webhook,
    mail: (letter, { id, left_at }, signal) => carry(letter, { id, host, at: left_at as Instant }, signal),
  };
}

/** Takes the next message that is due, brings it on its way and keeps what became of it. Undefined where none is due. */
export async function deliverNext(
  { db, now, log }: DeliveryDeps,
  via: OwnWay,
  carry: Carry,
  wording: Wording,
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome | undefined> {
  const claimed = await db.write((writer) => claimDue(writer, via, now()));
  if (!claimed) return undefined;
  const renewal = setInterval(() => {
    // Where the disk fails, the claim runs out, and the message counts as one of which nobody knows.
    db.write((writer) => renewClaim(writer, claimed, now())).catch(() => {});
  }, RENEWAL).unref();
  try {
    const outcome = await tried(claimed);
    await db.write((writer) =>
      outcome ? settle(writer, claimed, outcome, now()) : dropClaimed(writer, claimed),
    );
    if (outcome && outcome.kind !== "delivered") log.warn({ message: claimed.id, via }, outcome.reason);
    return outcome ?? { kind: "delivered" };
  } finally {
    clearInterval(renewal);
  }

  async function tried(message: Claimed): Promise<Outcome | undefined> {
    let letter: Awaited<ReturnType<Wording>>;
    try {
      letter = await wording(message);
    } catch (error) {
      const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
      const frames = framesOf(error);
      log.error({ message: message.id, name, code, frames }, "a message could not be put into words");
      return { kind: "later", reason: "Boothlight could not put it into words. The log says why." };
    }
    if (!letter) return undefined;
    await db.write((writer) => keepTold(writer, message, letter.about));
    return carry(letter, message, signal);
  }
}

/**
 * Delivers what is due, on each way one message at a time, until it is stopped. What goes wrong is kept with the
 * message, and logged without anybody's address. `every`: how often is looked, in seconds.
 */
export function startDelivery(
  deps: DeliveryDeps & { jobs: Jobs },
  carriers: Carriers,
  wording: Wording,
  every = LOOK_EVERY,
): Delivery & { stop(): Promise<void> } {
  const { db, now, jobs } = deps;
  const ways = Object.keys(carriers) as OwnWay[];
  const troubles = new Map<OwnWay, Trouble>();
  const turns = new Map<OwnWay, Promise<void>>();
  const stopping = new AbortController();
  let isStopping = false;

  /** Delivers on one way all that is due. */
  const drain = async (via: OwnWay) => {
    if (isStopping) return;
    await db.write((writer) => expireClaims(writer, via, now()));
    for (;;) {
      const trouble = troubles.get(via);
      if (isStopping || (trouble && now() < trouble.until)) return;
      const started = now();
      const outcome = await deliverNext(deps, via, carriers[via] as Carry, wording, stopping.signal);
      if (!outcome) return;
      if (outcome.kind === "later" && outcome.isAway) {
        troubles.set(via, {
          reason: outcome.reason,
          since: trouble?.since ?? started,
          until: now() + REST,
        });
      } else if (trouble) {
        troubles.delete(via);
        await db.write((writer) => hasten(writer, via, trouble.since, now()));
      }
    }
  };
  /** Does something on a way when what is under way there is done. A slow mail server holds up no chat by that. */
  const inTurn = (via: OwnWay, work: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(via) ?? Promise.resolve()).then(work);
    turns.set(
      via,
      turn.catch(() => {}),
    );
    return turn;
  };
  const loops = ways.map((via) =>
    jobs.start({
      name: `delivery by ${via}`,
      owner: "delivery",
      what: WHAT[via],
      every,
      limit: LIMIT,
      work: () => inTurn(via, () => drain(via)),
    }),
  );

  return {
    ways,
    trouble: (via) => troubles.get(via),
    async look() {
      const looks = ways.map((via) =>
        inTurn(via, () => {
          const trouble = troubles.get(via);
          if (trouble) troubles.set(via, { ...trouble, until: 0 });
          return drain(via);
        }),
      );
      await Promise.allSettled(looks);
    },
    async stop() {
      isStopping = true;
      const impatience = setTimeout(() => stopping.abort(), STOP_WITHIN);
      await Promise.all([...loops.map((loop) => loop.stop()), ...turns.values()]);
      clearTimeout(impatience);
    },
  };
}
