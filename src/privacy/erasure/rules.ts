import type { ErasedKind } from "../../database/tables";
import type { Person } from "../mentions/rules";

const KINDS: Record<ErasedKind, true> = {
  visit: true,
  "deleted-visit": true,
  "visitor-question": true,
  "asked-of-visit": true,
  device: true,
  "staff-of-visit": true,
  "staff-of-event": true,
  expert: true,
};

/** Whether something is what is kept of an erasure, as this version knows them: it may come from a file that anybody wrote. */
export function isErasure(each: { kind: unknown; id: unknown; erasedAt: unknown; why?: unknown }): boolean {
  const { kind, id, erasedAt, why = "asked" } = each;
  return (
    typeof kind === "string" &&
    Object.hasOwn(KINDS, kind) &&
    typeof id === "string" &&
    // PostgreSQL takes no zero character; no id is that long.
    /^[\w-]{1,100}$/.test(id) &&
    Number.isSafeInteger(erasedAt) &&
    (why === "asked" || why === "expired")
  );
}

/** In the place of the name of an expert who was erased. Their questions still tell that they were with somebody. */
export const ERASED_EXPERT = "an expert who was erased";
/** In the place of a staff member's name: "Staff 1". What each of them logged goes on counting by itself. */
const NAMELESS = /^Staff \d+$/;

/** Whether a name of the booth's staff tells nobody's any more. */
export function isNameless(name: string): boolean {
  return NAMELESS.test(name);
}

/** The first such name that none of these is. */
export function nextNameless(names: string[]): string {
  for (let number = 1; ; number++) if (!names.includes(`Staff ${number}`)) return `Staff ${number}`;
}

/** Whom texts may mention where they mean an expert. A list, forum or chat is nobody by its name. */
export function peopleOfExpert(expert: {
  name: string;
  kind: string;
  address: string;
  webhook: string;
}): Person[] {
  const isMail = /^[^\s/]+@[^\s/]+$/.test(expert.address);
  const person = {
    name: expert.name,
    email: isMail ? expert.address : null,
    website: isMail ? null : expert.address || null,
  };
  return [person, ...(expert.webhook ? [{ website: expert.webhook }] : [])];
}
