import type { Deps } from "../deps";
import type { Route } from "../http/route";

export function questionRoutes(_deps: Deps): Route[] {
  return [];
}
