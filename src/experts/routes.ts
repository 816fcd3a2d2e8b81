import type { Deps } from "../deps";
import type { Route } from "../http/route";

export function expertRoutes(_deps: Deps): Route[] {
  return [];
}
