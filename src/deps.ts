import type { Logger } from "pino";
import type { LaptopWatch } from "./backups/check/store";
import type { Backups } from "./backups/store";
import type { Config } from "./config";
import type { Database } from "./database/open";
import type { Instant } from "./database/tables";
import type { Delivery } from "./delivery/loop";
import type { Network } from "./http/addresses";
import type { Jobs } from "./jobs";
import type { Metrics } from "./metrics";
import type { Suggester } from "./questions/suggestions/store";
import type { Run } from "./run";

/** What features are given instead of reaching for it: made once in `main.ts`, made anew by each test. */
export interface Deps {
  db: Database;
  config: Config;
  log: Logger;
  /** How devices reach the laptop at this moment; left out, by HTTP alone. */
  network?: Network;
  /** Proposes experts for questions, and learns whom they went to. */
  suggester: Suggester;
  /** What brings messages on their way; left out, they wait. */
  delivery?: Delivery;
  /** What is known of the laptop: its disk, its clock and so on; left out, nobody looks after it. */
  laptop?: LaptopWatch;
  /** What makes backups; left out, nobody looks whether one is due. */
  backups?: Backups;
  /** What is done again and again while the booth runs. */
  jobs: Jobs;
  /** What is counted while it runs; left out, nothing is. */
  metrics?: Metrics;
  /** The run that is under way; left out, as where a command works, there is none. */
  run?: Run;
  /** Aborted when the program is asked to stop: what stays open by itself ends then. */
  stopping?: AbortSignal;
  /** The laptop's clock. */
  now: () => Instant;
}
