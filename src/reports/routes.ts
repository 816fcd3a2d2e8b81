import type { Deps } from "../deps";
import type { Route } from "../http/route";

export function reportRoutes(_deps: Deps): Route[] {
  return [];
}
