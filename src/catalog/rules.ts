import type { Instant } from "../database/tables";
import { freeSlug, slugOf } from "../events/rules";
import type { ListName } from "./store";

/** An entry before it has a row: what a form, a file or another event says of it. */
export interface NewEntry {
  slug: string;
  name: string;
  /** Topics alone: words that point to the topic. */
  keywords?: string[];
  /** Giveaways alone: pieces, null where nobody counted. */
  shipped?: number | null;
  arrived?: number | null;
  /** Giveaways alone: when the last piece went. */
  ranOutAt?: Instant | null;
  /** No longer offered, still counted. */
  hidden?: boolean | null;
}

/** Gives each entry a slug from its name that no other entry has. */
export function withSlugs<E extends { name: string }>(
  list: ListName,
  entries: E[],
  taken: Iterable<string> = [],
): (E & { slug: string })[] {
  const slugs = new Set(taken);
  return entries.map((entry) => {
    // A name in a script that leaves no letters for an address: "topic", "topic-2", …
    const slug = freeSlug(slugOf(entry.name) || list.replace(/s$/, ""), (each) => slugs.has(each));
    slugs.add(slug);
    return { ...entry, slug };
  });
}

/** The order of the list after one entry has changed places with its neighbour. Ids; an unknown id changes nothing. */
export function moved(ids: string[], id: string, direction: "up" | "down"): string[] {
  const from = ids.indexOf(id);
  const to = direction === "up" ? from - 1 : from + 1;
  if (from < 0 || to < 0 || to >= ids.length) return ids;
  const order = [...ids];
  [order[from], order[to]] = [order[to] as string, order[from] as string];
  return order;
}

const topic = (name: string, ...keywords: string[]) => ({ name, keywords });
const entries = (...names: string[]) => names.map((name) => ({ name }));

/**
 * Lists that any open-source booth can start from. The keywords are parts of words as visitors use them,
 * so "install" also finds "installing"; what only some projects have (storage, drivers, …) each adds itself.
 */
export const SENSIBLE_LISTS = {
  topics: withSlugs("topics", [
    topic("Getting started", "start", "beginner", "tutorial", "first", "try", "demo", "learn"),
    topic("Installation", "install", "setup", "package", "download", "requirements", "dependency"),
    topic("Upgrade", "upgrade", "update", "version", "release notes", "compatible", "downgrade"),
    topic("Configuration", "config", "setting", "option", "customize", "default"),
    topic("Moving in", "migrate", "migration", "convert", "import", "switch", "replace", "coming from"),
    topic("Performance", "slow", "fast", "performance", "scale", "memory", "benchmark", "latency"),
    topic("Security", "security", "vulnerability", "cve", "encrypt", "certificate", "audit"),
    topic("Sign-in and permissions", "login", "password", "ldap", "sso", "permission", "role", "token"),
    topic("Backup and recovery", "backup", "restore", "recovery", "export", "lost", "snapshot"),
    topic("Containers and cloud", "container", "docker", "podman", "kubernetes", "cloud", "helm", "image"),
    topic("Integration and API", "api", "integrate", "plugin", "extension", "webhook", "script", "automate"),
    topic("Hardware and platforms", "hardware", "arm", "gpu", "raspberry", "windows", "mac", "driver"),
    topic("Something is broken", "bug", "crash", "error", "fails", "broken", "hang", "workaround"),
    topic("Documentation", "documentation", "docs", "manual", "guide", "example", "outdated"),
    topic("Roadmap and features", "roadmap", "feature", "planned", "when", "support for", "missing"),
    topic(
      "Contributing",
      "contribute",
      "patch",
      "pull request",
      "translate",
      "first issue",
      "mentor",
      "join",
    ),
    topic(
      "Community and events",
      "community",
      "meetup",
      "conference",
      "mailing list",
      "forum",
      "chat",
      "talk",
    ),
    topic("Licence and cost", "license", "licence", "price", "cost", "free", "commercial", "subscription"),
    topic("Support and training", "support", "training", "consulting", "course", "certified", "company"),
  ]),
  platforms: withSlugs(
    "platforms",
    entries(
      "Nothing yet",
      "A commercial product",
      "A hosted service",
      "Another open-source project",
      "Something home-grown",
      "An older version of ours",
    ),
  ),
  remarks: withSlugs(
    "remarks",
    entries(
      "Getting started is easier these days",
      "The documentation helped",
      "The documentation is out of date",
      "Got help from the community",
      "Did not know that it is free",
      "Did not know that it exists",
      "Did not know that it is still developed",
      "Runs it in production",
      "Would like to contribute",
      "Hard to get past the management",
    ),
  ),
  giveaways: withSlugs("giveaways", entries("Flier", "Sticker", "T-shirt")),
} satisfies Partial<Record<ListName, NewEntry[]>>;
