import type { Logger } from "pino";
import type { Config } from "./config";
import type { Database } from "./database/open";
import type { Instant } from "./database/tables";

/** What features are given instead of reaching for it: made once in `main.ts`, made anew by each test. */
export interface Deps {
  db: Database;
  config: Config;
  log: Logger;
  /** The laptop's clock. */
  now: () => Instant;
}
