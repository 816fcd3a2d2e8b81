import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import { ZipFile } from "yazl";
import type { Deps } from "../../deps";
import { type FieldProblem, Problem } from "../../errors";
import { momentInWords } from "../../events/rules";
import { type Event, eventBySlug } from "../../events/store";
import { show, textOfAsset } from "../../http/pages";
import { oneText } from "../../http/paging";
import { organizer, type Route, wantsJson } from "../../http/route";
import { articleToHtml } from "../../markdown";
import { markPersonal } from "../../questions/personal/rules";
import { draftOf, GROUPS, markupOf, type Offer } from "./draft/rules";
import { checkWriteUp, shownVersion, type TypedWriteUp, typedOf, typedWriteUp } from "./form";
import { chartsOf, drawn, inSentences, isEmpty, lightColours, standalone } from "./pictures/rules";
import {
  changesSince,
  fileNameOf,
  GENERATORS,
  inWords,
  markdownFile,
  packedFor,
  picturesIn,
  type WriteUp,
} from "./rules";
import {
  keepText,
  keptText,
  keptTexts,
  keptWriteUp,
  publishWriteUp,
  reopenWriteUp,
  replaceText,
  saveWriteUp,
  type WriteUpState,
  writeUpOf,
} from "./store";

const GENERATOR_NAMES = { hugo: "Hugo", jekyll: "Jekyll", middleman: "Middleman" } as const;
/** So much of what looks personal is pointed out. */
const MOST_POINTED_OUT = 10;
const WHY_KEPT = {
  afresh: "before it was started afresh",
  conflict: "typed while another window saved",
  replaced: "before another one was brought back",
} as const;

export function writeUpRoutes({ db, now }: Deps): Route[] {
  const eventOf = (req: Request) => eventBySlug(db.read, req.params.slug as string);
  const pageOf = (event: Event) => `/events/${event.slug}/write-up`;

  return [
    organizer.get("/events/:slug/write-up", async (req, res) => {
      await showWriteUp(res, await eventOf(req));
    }),

    organizer.post("/events/:slug/write-up", async (req, res) => {
      const event = await eventOf(req);
      if (!(await save(req, res, event))) return;
      if (!wantsJson(req)) return res.redirect(303, pageOf(event));
      const state = await writeUpOf(db.read, event);
      res.json({
        version: state.kept?.version,
        saved: savedInWords(state.kept, event, now()),
        preview: previewOf(state),
        remarks: remarksOn(state),
      });
    }),

    organizer.post("/events/:slug/write-up/publication", async (req, res) => {
      const event = await eventOf(req);
      const version = await save(req, res, event);
      if (!version) return;
      const state = await writeUpOf(db.read, event);
      const { used, text } = state.filled;
      const published = {
        values: Object.fromEntries(used),
        pictures: Object.fromEntries(picturesOf(state, picturesIn(text), lightOfPages())),
      };
      // A second press finds it published.
      if (state.kept?.publishedAt == null) {
        await db.write((writer) => publishWriteUp(writer, event, version, published, now()));
      }
      res.redirect(303, pageOf(event));
    }),

    organizer.post("/events/:slug/write-up/publication/end", async (req, res) => {
      const event = await eventOf(req);
      await db.write((writer) => reopenWriteUp(writer, event));
      res.redirect(303, pageOf(event));
    }),

    organizer.post("/events/:slug/write-up/afresh", async (req, res) => {
      const event = await eventOf(req);
      // What was typed and not saved yet is put aside with the rest.
      if (!(await save(req, res, event))) return;
      const { offers } = await writeUpOf(db.read, event);
      await db.write((writer) =>
        replaceText(writer, event, draftOf(offers), { reason: "afresh", now: now() }),
      );
      res.redirect(303, pageOf(event));
    }),

    organizer.post("/events/:slug/write-up/texts/:id/return", async (req, res) => {
      const event = await eventOf(req);
      await db.write(async (writer) => {
        const { text } = await keptText(writer, event, req.params.id as string);
        await replaceText(writer, event, text, { reason: "replaced", now: now() });
      });
      res.redirect(303, pageOf(event));
    }),

    organizer.get("/events/:slug/write-up.zip", async (req, res) => {
      const event = await eventOf(req);
      const generator = GENERATORS.find((each) => each === (oneText(req.query.for) || "hugo"));
      if (!generator) {
        throw new Problem("invalid", "It can be packed for Hugo, Jekyll or Middleman.", [
          { field: "for", message: `One of ${GENERATORS.join(", ")}.` },
        ]);
      }
      const state = await writeUpOf(db.read, event);
      const { page, charts, text } = packedFor(generator, state.front, state.filled.text, event.slug);
      const zip = new ZipFile();
      const mtime = new Date(state.kept?.publishedAt ?? state.kept?.changedAt ?? now());
      zip.addBuffer(Buffer.from(text), page, { mtime });
      const names = picturesIn(state.filled.text);
      const pictures = state.kept?.published
        ? Object.entries(state.kept.published.pictures)
        : picturesOf(state, names, lightOfPages());
      for (const [name, svg] of pictures) zip.addBuffer(Buffer.from(svg), `${charts}/${name}.svg`, { mtime });
      zip.end();
      res.attachment(`${fileNameOf(state.front, event.slug)}-${generator}.zip`);
      await pipeline(zip.outputStream, res).catch((error) => {
        // Whoever closed the window before the end has what they wanted.
        if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
      });
    }),

    organizer.get("/events/:slug/report.md", async (req, res) => {
      const event = await eventOf(req);
      const { front, filled } = await writeUpOf(db.read, event);
      res
        .type("text/markdown; charset=utf-8")
        .set("Content-Disposition", `inline; filename="${event.slug}.md"`)
        .send(markdownFile(front, filled.text));
    }),
  ];

  /**
   * Keeps what was typed; gives its version. Where that cannot be, it answers by itself, with everything that was typed, and
   * gives nothing.
   */
  async function save(req: Request, res: Response, event: Event): Promise<number | undefined> {
    const seen = shownVersion(req.body);
    const typed = typedWriteUp(req.body);
    const form = checkWriteUp(req.body);
    if (!form.ok) {
      if (wantsJson(req)) {
        res.status(422).json({ message: "This cannot be saved as it is.", problems: form.problems });
      } else {
        await showWriteUp(res.status(422), event, { typed, version: seen, problems: form.problems });
      }
      return undefined;
    }
    try {
      return await db.write(async (writer) => {
        // The other window's text was shown: saving over it was decided, and it can be brought back all the same.
        if (oneText(req.body.over) === "yes") {
          const kept = await keptWriteUp(writer, event);
          const isOther = kept?.version === seen && kept.text !== form.value.text;
          if (isOther) await keepText(writer, event, kept.text, { reason: "conflict", now: now() });
        }
        return saveWriteUp(writer, event, seen, form.value, now());
      });
    } catch (error) {
      if (!(error instanceof Problem) || error.kind !== "conflict") throw error;
      if (wantsJson(req)) {
        res.status(409).json({ message: error.message });
        return undefined;
      }
      await db.write((writer) =>
        keepText(writer, event, form.value.text, { reason: "conflict", now: now() }),
      );
      await showWriteUp(res.status(409), event, { typed, conflict: error.message });
      return undefined;
    }
  }

  async function showWriteUp(
    res: Response,
    event: Event,
    form: { typed?: TypedWriteUp; version?: number; problems?: FieldProblem[]; conflict?: string } = {},
  ): Promise<void> {
    const isKept = (await keptWriteUp(db.read, event))?.publishedAt != null;
    // Of a published text the page shows what was published; what was typed meanwhile is among the texts below.
    const typed = isKept ? undefined : form.typed;
    const state = await writeUpOf(db.read, event, typed?.text);
    const { kept } = state;
    const at = (instant: number) => momentInWords(instant, event.time_zone, now());
    show(res, "reports/write-up", {
      title: "Write-up",
      section: "report",
      styles: ["reports", "markdown", "write-up"],
      scripts: ["write-up"],
      event,
      version: form.version ?? kept?.version ?? 0,
      typed: typed ?? typedOf({ front: state.front, text: state.text }),
      problems: form.problems ?? [],
      conflict: form.conflict,
      theirs: form.conflict && typed ? kept?.text : undefined,
      saved: savedInWords(kept, event, now()),
      isDraft: !kept,
      published: kept?.publishedAt == null ? undefined : at(kept.publishedAt),
      changes: changesOf(state),
      preview: previewOf(state),
      remarks: remarksOn(state),
      groups: groupsOf(state.offers),
      keptTexts: (await keptTexts(db.read, event)).map(({ id, text, kept_at, reason }) => ({
        id,
        at: at(kept_at),
        why: WHY_KEPT[reason],
        text,
      })),
      generators: GENERATORS.map((generator) => ({ generator, name: GENERATOR_NAMES[generator] })),
    });
  }
}

function savedInWords(kept: WriteUp | undefined, event: Event, now: number): string {
  return kept
    ? `Saved ${momentInWords(kept.changedAt, event.time_zone, now)}`
    : "A draft from the log: it is kept from your first change on.";
}

/** What is otherwise than when the text went out. */
function changesOf({ kept, offers, values }: WriteUpState): { label: string; was?: string; is?: string }[] {
  if (!kept?.published) return [];
  return changesSince(kept.published, values).map(({ target, was, is }) => {
    const label = offers.find((offer) => offer.target === target)?.label ?? target;
    // A table says nothing in one line.
    if (target.startsWith("block:")) return { label };
    const words = (value: string | undefined) => inWords(value || "nothing");
    return { label, was: words(was), is: words(is) };
  });
}

/** What the organizer should look at: slips of the finger, and what looks personal. */
function remarksOn({ filled }: WriteUpState): string[] {
  const found = markPersonal(filled.text).flatMap(({ is, text }) => (is === "plain" ? [] : text.trim()));
  const personal = [...new Set(found)].slice(0, MOST_POINTED_OUT).map((each) => `“${each}”`);
  return [
    ...filled.unknown
      .slice(0, MOST_POINTED_OUT)
      .map((target) => `The log knows nothing of ${target}: the words of this link stay as they are.`),
    ...(personal.length > 0
      ? [`This looks personal: ${personal.join(", ")}. Is it meant to be read by everybody?`]
      : []),
  ];
}

/** What can be linked, with what would be put into the text. What says nothing, or nought of a list, is left out. */
function groupsOf(offers: Offer[]) {
  const isOfList = /^figure:(project|platform|remark|topic|giveaway)-/;
  return GROUPS.map((group) => ({
    group,
    offers: offers
      .filter((offer) => offer.group === group && offer.value !== "")
      .filter(({ target, value }) => value !== "0" || !isOfList.test(target))
      .map((offer) => ({
        label: offer.label,
        value: offer.target.startsWith("block:") ? "" : inWords(offer.value),
        markup: offer.target.startsWith("quote:") ? `> ${markupOf(offer)}` : markupOf(offer),
        isApart: /^(block|quote):/.test(offer.target),
      })),
  })).filter((each) => each.offers.length > 0);
}

/** The pictures of some charts; for any viewer with the `colours` of the tokens, else in those of the page. */
function picturesOf(
  { report }: WriteUpState,
  names: string[],
  colours?: Record<string, string>,
): [name: string, svg: string][] {
  return chartsOf(report).flatMap((chart): [string, string][] => {
    if (!names.includes(chart.name) || isEmpty(chart)) return [];
    const { title, series } = chart;
    const desc = inSentences(chart);
    return [[chart.name, standalone(drawn(chart), colours, { title, desc, series })]];
  });
}

let light: Record<string, string> | undefined;
/** The colours of light pages, read once. */
function lightOfPages(): Record<string, string> {
  light ??= lightColours(textOfAsset("styles/tokens.css"));
  return light;
}

/** Pictures show as what they are: pages load none by address. A character that nobody types stands for each until then. */
const MARK = "\uE000";

function previewOf(state: WriteUpState): string {
  const { text } = state.filled;
  const pictures = new Map(
    state.kept?.published && state.kept.publishedAt !== null
      ? Object.entries(state.kept.published.pictures)
      : picturesOf(state, picturesIn(text)),
  );
  const marked = text
    .replaceAll(MARK, "")
    .replace(/!\[(?:\\.|[^\\\]])*\]\(charts\/([a-z-]+)\.svg\)/g, (all, name: string) =>
      pictures.has(name) ? `${MARK}${name}${MARK}` : all,
    );
  // In an attribute, such as a link's title, a picture would end it.
  return articleToHtml(marked).replace(
    new RegExp(`<[^>]*>|${MARK}([a-z-]+)${MARK}`, "g"),
    (all, name: string | undefined) =>
      name === undefined
        ? all.replaceAll(MARK, "")
        : `<span class="chart">${pictures.get(name) ?? ""}</span>`,
  );
}
