import * as z from "zod";
import type { ExpertKind } from "../database/tables";
import { type Checked, check } from "../errors";
import { someWords, words } from "../text";
import { EMAIL } from "../visits/form";

export const KINDS = ["person", "mailing-list", "forum", "chat"] as const satisfies ExpertKind[];

/** People and mailing lists are written to; forums and chats are opened. */
const isWrittenTo = (kind: ExpertKind) => kind === "person" || kind === "mailing-list";

const expertForm = z
  .object({
    name: words(120).min(1, "Please give a name."),
    kind: z.enum(KINDS, "Please say what it is."),
    address: words(500),
    topics: z.array(someWords(80)).max(200),
    hidden: z.boolean(),
  })
  .superRefine(({ kind, address }, context) => {
    const message = problemWithAddress(kind, address);
    if (message) context.addIssue({ code: "custom", path: ["address"], message });
  });

function problemWithAddress(kind: ExpertKind, address: string): string | undefined {
  if (isWrittenTo(kind)) {
    return address === "" || EMAIL.test(address) ? undefined : "This does not look like a mail address.";
  }
  if (address === "") return "Please give the address of its page: https://…";
  const isPage = URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
  return isPage ? undefined : "This should be an address that starts with https:// or http://.";
}

/** What the organizer says of an expert. Topics are slugs, the first named first. */
export type ExpertFields = z.output<typeof expertForm>;

/** The form as it was typed: text for every field, so that it can stand in the page again. */
export interface TypedExpert {
  name: string;
  kind: string;
  address: string;
  topics: string[];
  hidden: boolean;
}

export function typedExpert(body: Record<string, unknown> | undefined): TypedExpert {
  const one = (value: unknown) => (typeof value === "string" ? value : "");
  const topics = [body?.topics].flat().filter((topic) => typeof topic === "string");
  return {
    name: one(body?.name),
    kind: one(body?.kind),
    address: one(body?.address),
    topics: [...new Set(topics)],
    hidden: body?.hidden === "yes",
  };
}

export const checkExpert = (typed: TypedExpert): Checked<ExpertFields> => check(expertForm, typed);
