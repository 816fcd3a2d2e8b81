import type { Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import type { Event } from "../../events/store";
import { listExperts } from "../../experts/store";
import { type FigureFilters, narrowFigures, ranked } from "../rules";
import { reportOf } from "../store";
import { quotesOf, unansweredOf, wordsOfQuestions } from "../voices/store";
import { MOST_QUOTED, pageOf, type ReportPage } from "./rules";

/**
 * The report of an event as it is shown and printed, narrowed down by `filters`. Costs about the same however many visits
 * there are. Throws `invalid` where a filter names what is not there.
 */
export async function reportPage(
  read: Reader,
  event: Event,
  filters: FigureFilters,
  at: Instant,
): Promise<ReportPage> {
  const report = await reportOf(read, event, filters);
  const { lists, figures } = report;
  const narrowed = narrowFigures(filters, lists);
  const remarks = ranked(figures.remark).map(([slug]) => slug);
  const voices = {
    quotes: await quotesOf(read, event, { narrowed, lists, remarks: remarks.slice(0, MOST_QUOTED) }),
    unanswered: figures.questions > 0 ? await unansweredOf(read, event, narrowed) : [],
    words: await wordsOfQuestions(
      read,
      event,
      report.mostAsked.map(({ questionId }) => questionId),
    ),
    experts: await listExperts(read),
  };
  return pageOf(report, voices, filters, at);
}
