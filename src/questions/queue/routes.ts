import { type Lists, listsOf } from "../../catalog/store";
import type { Deps } from "../../deps";
import { eventBySlug } from "../../events/store";
import { type Expert, listExperts } from "../../experts/store";
import { show } from "../../http/pages";
import { addressWith, countInWords, oneText, placeText } from "../../http/paging";
import { organizer, type Route } from "../../http/route";
import { searchWords } from "../../visits/rules";
import { rowInWords, STATE_NAMES, STATES } from "../rules";
import { questionRows } from "../store";
import { NONE, type QueueChoice, queueChoice, queueTurn } from "./form";
import { countByState, type QueueFilter, type QueuePlace, queuePage } from "./store";

export function queueRoutes({ db, now }: Deps): Route[] {
  return [
    organizer.get("/events/:slug/questions", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      const choice = queueChoice(req.query);
      const [lists, experts] = await Promise.all([listsOf(db.read, event.id), listExperts(db.read)]);
      const page = await queuePage(db.read, event.id, filterOf(choice, lists, experts), queueTurn(req.query));
      const [rows, counts, [done]] = await Promise.all([
        questionRows(db.read, page.ids),
        countByState(db.read, event.id),
        questionRows(db.read, [oneText(req.query.done)].filter(Boolean)),
      ]);
      const path = `/events/${event.slug}/questions`;
      const address = (change: Record<string, string | undefined>) =>
        addressWith(path, { ...choice, ...change });
      const placed = (place: QueuePlace | undefined) =>
        place && `${place.state}.${place.rank}.${placeText(place)}`;
      const before = oneText(req.query.before);
      const after = oneText(req.query.after);
      show(res, "questions/queue", {
        title: "Questions",
        section: "questions",
        styles: ["questions"],
        event,
        lists,
        choice,
        none: NONE,
        isFiltered: Object.entries(choice).some(([name, value]) => name !== "state" && value !== ""),
        experts,
        states: STATES.map((state) => ({
          state,
          name: STATE_NAMES[state],
          count: countInWords(counts[state]),
          href: address({ state }),
        })),
        all: address({ state: undefined }),
        total: Object.values(counts).reduce((sum, count) => sum + count, 0),
        rows: rows.map((row) => rowInWords(row, event, experts, now())),
        done: done && done.event_id === event.id ? rowInWords(done, event, experts, now()) : undefined,
        here: address({ before, after }),
        path,
        earlier: page.earlier && address({ before: placed(page.earlier) }),
        later: page.later && address({ after: placed(page.later) }),
      });
    }),
  ];
}

function filterOf(choice: QueueChoice, lists: Lists, experts: Expert[]): QueueFilter {
  const idOf = (entries: { id: string; slug: string }[], slug: string) => {
    if (slug === "") return undefined;
    return slug === NONE ? null : (entries.find((entry) => entry.slug === slug)?.id ?? "");
  };
  return {
    state: STATES.find((state) => state === choice.state),
    topicId: idOf(lists.topics, choice.topic),
    expertId: idOf(experts, choice.expert),
    projectId: idOf(lists.projects, choice.project) ?? undefined,
    words: searchWords(choice.search),
  };
}
