import { randomBytes } from "node:crypto";
import type { Writer } from "../../database/door";
import type { Database, Reader } from "../../database/open";
import type { Flag } from "../../database/tables";
import { Problem } from "../../errors";
import { type Expert, expertById } from "../store";
import { idInToken, isLinkOf, type LinkHolder, linkToken } from "./rules";

const SECRET = "link-secret";

/** The path of an expert's private link. Undefined where it was revoked. */
export async function linkOf(
  db: Database,
  expert: LinkHolder & { link_open: Flag },
): Promise<string | undefined> {
  if (!expert.link_open) return undefined;
  const secret = (await keptSecret(db.read)) ?? (await db.write(madeSecret));
  return `/x/${linkToken(secret, expert)}`;
}

/** The same, for a page that only shows it: undefined also where no link has been made on this laptop yet. */
export async function madeLinkOf(
  read: Reader,
  expert: LinkHolder & { link_open: Flag },
): Promise<string | undefined> {
  const secret = expert.link_open ? await keptSecret(read) : undefined;
  return secret && `/x/${linkToken(secret, expert)}`;
}

/**
 * The expert whose private link this is. Throws `missing` where there is none: a link that was renewed, revoked or
 * made up, all in the same words.
 */
export async function expertOfLink(read: Reader, token: string): Promise<Expert> {
  const secret = await keptSecret(read);
  const id = idInToken(token);
  const known =
    secret && id
      ? await read.selectFrom("experts").select("id").where("id", "=", id).executeTakeFirst()
      : undefined;
  const expert = known && (await expertById(read, known.id));
  if (!secret || !expert?.link_open || !isLinkOf(secret, expert, token)) {
    throw new Problem("missing", "refused.no-link");
  }
  return expert;
}

/** Makes the links that an expert had worthless, and a new one good. */
export async function renewLink(writer: Writer, expertId: string): Promise<void> {
  if ((await keptSecret(writer)) === undefined) await madeSecret(writer);
  await writer
    .updateTable("experts")
    .set(({ eb }) => ({ link_number: eb("link_number", "+", 1), link_open: 1 }))
    .where("id", "=", expertId)
    .execute();
}

/** Makes an expert's link worthless, until it is renewed. */
export async function revokeLink(writer: Writer, expertId: string): Promise<void> {
  await writer
    .updateTable("experts")
    .set(({ eb }) => ({ link_number: eb("link_number", "+", 1), link_open: 0 }))
    .where("id", "=", expertId)
    .execute();
}

async function keptSecret(read: Reader): Promise<string | undefined> {
  const row = await read.selectFrom("settings").select("value").where("name", "=", SECRET).executeTakeFirst();
  return row?.value;
}

/** Makes the secret that links are sealed with, once. */
async function madeSecret(writer: Writer): Promise<string> {
  await writer
    .insertInto("settings")
    .values({ name: SECRET, value: randomBytes(32).toString("base64url") })
    .onConflict((known) => known.doNothing())
    .execute();
  return (await keptSecret(writer)) as string;
}
