import type { Deps } from "../deps";
import type { Route } from "../http/route";

export function catalogRoutes(_deps: Deps): Route[] {
  return [];
}
