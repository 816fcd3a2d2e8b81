import type { Deps } from "../deps";
import type { Route } from "../http/route";

export function eventRoutes(_deps: Deps): Route[] {
  return [];
}
