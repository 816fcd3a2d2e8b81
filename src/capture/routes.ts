import type { Deps } from "../deps";
import type { Route } from "../http/route";

export function captureRoutes(_deps: Deps): Route[] {
  return [];
}
