/** What the queue's page asks the laptop. */

/** A question that something was done with, as it stands now. */
export interface Done {
  id: string;
  version: number;
  state: string;
  priority: string;
  topic: string | null;
  mergedInto: string | null;
  /** "Routed to Kai" */
  words: string;
  /** How it is taken back, as the laptop wants to hear it. */
  undo?: string;
  /** Another question that changed with it. */
  also?: { id: string; version: number };
}

export interface Outcome {
  done: Done[];
  notDone: { id: string; text: string; why: string }[];
  /** Why nothing at all was done. */
  message?: string;
}

const AWAY = "The laptop cannot be reached. Nothing was changed.";

/** Does something with several questions; see `POST /questions/bulk` and its undo. */
export async function ask(address: string, body: URLSearchParams): Promise<Outcome> {
  const nothing = { done: [], notDone: [] };
  const answer = await fetch(address, {
    method: "POST",
    body,
    headers: { Accept: "application/json" },
  }).catch(() => undefined);
  if (!answer) return { ...nothing, message: AWAY };
  const said = await answer.json().catch(() => undefined);
  if (said?.done) return said;
  return { ...nothing, message: said?.message ?? "That did not work. Please load this page again." };
}

export interface Change {
  id: string;
  version: number;
  isThere: boolean;
  /** "routed to Kai" */
  words: string;
}

/** What changed since an instant of the laptop's clock; undefined where it cannot be reached. */
export async function changesSince(
  path: string,
  since: number,
): Promise<{ at: number; changes: Change[] } | undefined> {
  const answer = await fetch(`${path}/changes?since=${since}`, {
    headers: { Accept: "application/json" },
  }).catch(() => undefined);
  return answer?.ok ? answer.json().catch(() => undefined) : undefined;
}

export interface Suggestion {
  slug: string;
  name: string;
  reason: string;
}

/** Who could take these questions, by their ids, the likeliest first; none where the laptop cannot be reached. */
export async function suggestionsFor(ids: string[]): Promise<Record<string, Suggestion[]>> {
  const query = new URLSearchParams(ids.map((id) => ["id", id]));
  const answer = await fetch(`/questions/suggestions?${query}`, {
    headers: { Accept: "application/json" },
  }).catch(() => undefined);
  const said = answer?.ok ? await answer.json().catch(() => undefined) : undefined;
  return said?.suggestions ?? {};
}
