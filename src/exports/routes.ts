import type { Deps } from "../deps";
import type { Route } from "../http/route";

export function exportRoutes(_deps: Deps): Route[] {
  return [];
}
