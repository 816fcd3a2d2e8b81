import type { Deps } from "../deps";
import type { Route } from "../http/route";

export function importRoutes(_deps: Deps): Route[] {
  return [];
}
