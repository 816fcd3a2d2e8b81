import { createHash } from "node:crypto";
import * as z from "zod";
import { type Checked, check } from "../../errors";
import { words } from "../../text";
import type { Erased } from "../erasure/store";
import { isPlace, type PlaceName } from "../mentions/rules";

/** More than anybody has visited. */
const MOST = 100;
const uuid = z.guid().transform((text) => text.toLowerCase());

const several = <Form extends z.ZodType>(form: Form) =>
  z.preprocess(
    (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]),
    z.array(form).max(MOST),
  );

const chosen = z.object({
  visit: several(uuid),
  asked: several(uuid),
  device: several(uuid),
  logger: several(uuid),
  expert: several(uuid),
});

/** Who is chosen to be erased, by an address or a form. */
export function chosenFrom(input: unknown): Erased[] {
  const checked = check(chosen, input ?? {});
  if (!checked.ok) return [];
  const { visit, asked, device, logger, expert } = checked.value;
  const of = (kind: Erased["kind"], ids: string[]) => [...new Set(ids)].map((id) => ({ kind, id }));
  return [
    ...of("visit", visit),
    ...of("visitor-question", asked),
    ...of("device", device),
    ...of("staff-of-visit", logger),
    ...of("expert", expert),
  ];
}

/** The names under which an address has them. */
export const FIELDS = {
  visit: "visit",
  "deleted-visit": "visit",
  "visitor-question": "asked",
  "asked-of-visit": "",
  device: "device",
  "staff-of-visit": "logger",
  "staff-of-event": "",
  expert: "expert",
} as const satisfies Record<Erased["kind"], string>;

/** What tells whether a text is still the one that was read. */
export const sealOf = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** A text as the organizer left it. */
export interface Edited {
  place: PlaceName;
  id: string;
  /** Of the text that they read. */
  seal: string;
  text: string;
}

/** Texts that a form can bring. */
export const MOST_TEXTS = 450;
const edits = z
  .object({
    place: z.preprocess(asList, z.array(z.string().refine(isPlace)).max(MOST_TEXTS)),
    id: z.preprocess(asList, z.array(words(100)).max(MOST_TEXTS)),
    seal: z.preprocess(asList, z.array(words(16)).max(MOST_TEXTS)),
    text: z.preprocess(asList, z.array(words(200_000)).max(MOST_TEXTS)),
  })
  .refine(
    ({ place, id, seal, text }) => new Set([place, id, seal, text].map((list) => list.length)).size === 1,
  )
  .transform(({ place, id, seal, text }): Edited[] =>
    place.map((each, index) => ({
      place: each as PlaceName,
      id: id[index] as string,
      seal: seal[index] as string,
      text: (text[index] as string).replaceAll("\r\n", "\n"),
    })),
  );

function asList(value: unknown): unknown {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** The texts that came with a form, in the order in which they stood in it. */
export const checkEdits = (body: unknown): Checked<Edited[]> => check(edits, body);
