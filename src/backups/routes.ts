import { readdir } from "node:fs/promises";
import type { Request, Response } from "express";
import { checkNewPassphrase } from "../access/form";
import type { Instant } from "../database/tables";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import { dayInWords, localTime, momentInWords } from "../events/rules";
import { chosenEvent } from "../events/store";
import { show } from "../http/pages";
import { organizer, type Route } from "../http/route";
import { checkPlace } from "./form";
import { checkedFolder, offers } from "./places/store";
import { agoInWords, ON_POSTGRES, sizeInWords, stepInWords } from "./rules";
import { Backups, backupFinding, type Lying, type UnderWay } from "./store";

/** How long an answer waits for a backup that was asked for, in milliseconds: most are done by then. */
const SEE_WITHIN = 3000;
/** What the form says in the place of a folder: beside the data. */
const BESIDE = "beside";

export function backupRoutes(deps: Deps): Route[] {
  const { db, config, now } = deps;
  const backups = deps.backups ?? new Backups(deps);

  return [
    organizer.get("/backups", (req, res) => showBackups(req, res)),

    organizer.post("/backups", async (_req, res) => {
      refuseOnPostgres();
      await backUpSoon();
      res.redirect(303, "/backups");
    }),

    organizer.post("/backups/place", async (req, res) => {
      refuseOnPostgres();
      if (config.backupDir)
        throw new Problem("conflict", "BACKUP_DIR says where backups go: as long as it is set, it counts.");
      if (req.body?.place === BESIDE) await kept(() => backups.choosePlace(undefined));
      else {
        const form = checkPlace(req.body);
        if (!form.ok) return showBackups(req, res.status(422), { problems: form.problems });
        try {
          const folder = await checkedFolder(form.value.place, config.dataDir);
          await kept(() => backups.choosePlace(folder));
        } catch (error) {
          if (!(error instanceof Problem) || error.kind !== "invalid") throw error;
          return showBackups(req, res.status(422), { problems: error.fields });
        }
      }
      await backUpSoon();
      res.redirect(303, "/backups");
    }),

    organizer.post("/backups/encryption", async (req, res) => {
      refuseOnPostgres();
      refuseBesideSetting();
      const form = checkNewPassphrase(req.body);
      if (!form.ok) return showBackups(req, res.status(422), { problems: form.problems });
      await kept(() => backups.encrypt(form.value.passphrase));
      await backUpSoon();
      res.redirect(303, "/backups");
    }),

    organizer.post("/backups/encryption/end", async (_req, res) => {
      refuseOnPostgres();
      refuseBesideSetting();
      await kept(() => backups.encrypt(undefined));
      await backUpSoon();
      res.redirect(303, "/backups");
    }),
  ];

  function refuseOnPostgres(): void {
    if (db.engine === "postgres") throw new Problem("conflict", ON_POSTGRES);
  }

  function refuseBesideSetting(): void {
    if (config.backupPassphrase)
      throw new Problem("conflict", "BACKUP_PASSPHRASE opens backups: as long as it is set, it counts.");
  }

  /** Keeps what was chosen. Throws a Problem where the laptop's disk does not take it. */
  async function kept(keep: () => Promise<void>): Promise<void> {
    try {
      await keep();
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem("conflict", "The laptop’s disk did not take that: is it full? Nothing was changed.");
    }
  }

  /** Begins a backup and waits a little for it. What goes wrong is on the page. */
  async function backUpSoon(): Promise<void> {
    let waited: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      waited = setTimeout(resolve, SEE_WITHIN);
    });
    await Promise.race([backups.backUp({ anyway: true }).catch(() => {}), patience]);
    clearTimeout(waited);
  }

  async function showBackups(
    req: Request,
    res: Response,
    { problems = [] }: { problems?: FieldProblem[] } = {},
  ): Promise<void> {
    const event = await chosenEvent(db.read, req.query.event, now());
    const zone = event?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    const frame = {
      title: "Backups",
      section: "laptop" as const,
      styles: ["backups"],
      scripts: ["backups"],
      event,
    };
    if (db.engine === "postgres") return show(res, "backups/postgres", { ...frame, words: ON_POSTGRES });
    const [view, finding, sticks, aside] = await Promise.all([
      backups.view(),
      backupFinding({ ...deps, backups }),
      offers(config.dataDir),
      movedAside(),
    ]);
    const { place, kept, standing, backups: lying } = view;
    const last = kept.last[place.folder];
    const typed = req.method === "POST" ? (req.body ?? {}) : {};
    show(res, "backups/backups", {
      ...frame,
      finding,
      problems,
      typed: { place: oneText(typed.place), other: oneText(typed.other) },
      underWay: backups.underWay && underWayInWords(backups.underWay),
      place: {
        ...place,
        ...standing,
        room: standing.room === undefined ? undefined : sizeInWords(standing.room),
      },
      isSet: { place: config.backupDir !== undefined, passphrase: config.backupPassphrase !== undefined },
      isEncrypted: kept.encryption !== undefined || config.backupPassphrase !== undefined,
      last: last && {
        at: momentInWords(last.at, zone, now()),
        ago: agoInWords(now() - last.at),
        size: sizeInWords(last.size),
        isEncrypted: last.recipient !== undefined,
      },
      offers: sticks.map((each) => ({ ...each, room: sizeInWords(each.room) })),
      groups: grouped(lying, zone, now()),
      total: lying.length,
      size: sizeInWords(lying.reduce((sum, each) => sum + each.size, 0)),
      aside,
      beside: BESIDE,
    });
  }

  async function movedAside(): Promise<string[]> {
    const names = await readdir(config.dataDir).catch(() => []);
    return names.filter((name) => name.startsWith("data-before-restore-")).sort();
  }
}

const oneText = (value: unknown) => (typeof value === "string" ? value : undefined);

function underWayInWords({ step, done, of }: UnderWay) {
  const isKnown = done !== undefined && of !== undefined && of > 0;
  return { words: stepInWords(step), share: isKnown ? Math.round((100 * done) / of) : undefined };
}

/** For so long backups are listed by day, in milliseconds; older ones, of which there is one a day, by month. */
const BY_DAY_FOR = 48 * 3_600_000;

/** Backups as the page lists them, the newest first. */
function grouped(lying: Lying[], zone: string, now: Instant) {
  const groups = new Map<string, Lying[]>();
  for (const each of lying) {
    const { day } = localTime(each.at, zone);
    // "Thu 26 Nov 2026", or "Nov 2026".
    const name =
      now - each.at <= BY_DAY_FOR
        ? dayInWords(day)
        : dayInWords(`${day.slice(0, 7)}-01`)
            .split(" ")
            .slice(2)
            .join(" ");
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  return [...groups].map(([name, all]) => ({
    name,
    backups: all.map(({ name: file, at, size, isEncrypted, isBeforeUpgrade }) => {
      const moment = momentInWords(at, zone);
      const time = now - at <= BY_DAY_FOR ? moment.split(", ")[1] : moment;
      return { file, time, size: sizeInWords(size), isEncrypted, isBeforeUpgrade };
    }),
  }));
}
