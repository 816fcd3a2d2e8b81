import type { Reader } from "../../src/database/open";
import type { Event } from "../../src/events/store";
import type { FigureFilters, Figures } from "../../src/reports/rules";

type Counts = Record<string, number>;

/** An event's figures as somebody counts them who has every row before them: nothing of it is shared with the program. */
export async function countedByHand(
  read: Reader,
  event: Event,
  filters: FigureFilters = {},
): Promise<Figures> {
  const slugs = new Map<string, string>();
  for (const table of ["booths", "projects", "topics", "platforms", "remarks", "giveaways"] as const) {
    for (const { id, slug } of await read.selectFrom(table).select(["id", "slug"]).execute())
      slugs.set(id, slug);
  }
  for (const { id, slug } of await read.selectFrom("experts").select(["id", "slug"]).execute())
    slugs.set(id, slug);
  const named = (id: string | null) => (id === null ? "(none)" : (slugs.get(id) as string));
  const isWanted = (asked: string | undefined, has: string) => asked === undefined || asked === has;
  const visits = (await read.selectFrom("visits").selectAll().where("event_id", "=", event.id).execute())
    .filter((visit) => visit.deleted_at === null)
    .filter((visit) => isWanted(filters.day, visit.local_day) && isWanted(filters.category, visit.category))
    .filter((visit) => isWanted(filters.booth, named(visit.booth_id)))
    .filter((visit) => isWanted(filters.project, named(visit.project_id)));
  const ids = new Set(visits.map((visit) => visit.id));
  const ofThese = <Row extends { visit_id: string }>(rows: Row[]) =>
    rows.filter((row) => ids.has(row.visit_id));
  const topics = ofThese(await read.selectFrom("visit_topics").selectAll().execute());
  const remarks = ofThese(await read.selectFrom("visit_remarks").selectAll().execute());
  const giveaways = ofThese(await read.selectFrom("visit_giveaways").selectAll().execute());
  const contacts = ofThese(await read.selectFrom("contacts").selectAll().execute());
  const consents = ofThese(await read.selectFrom("contact_consents").selectAll().execute());
  const questions = ofThese(await read.selectFrom("questions").selectAll().execute());

  const add = (counts: Counts, key: string, number = 1) => {
    counts[key] = (counts[key] ?? 0) + number;
  };
  const addTo = (table: Record<string, Counts>, outer: string, inner: string) => {
    table[outer] ??= {};
    add(table[outer], inner);
  };
  const counts = (): Counts => ({});
  const table = (): Record<string, Counts> => ({});
  const figures: Figures = {
    event: {
      slug: event.slug,
      name: event.name,
      venue: event.venue,
      timeZone: event.time_zone,
      startsOn: event.starts_on,
      endsOn: event.ends_on,
    },
    visits: visits.length,
    people: visits.reduce((sum, visit) => sum + visit.people, 0),
    category: counts(),
    day: counts(),
    hour: counts(),
    project: counts(),
    platform: counts(),
    remark: counts(),
    giveaway: counts(),
    topicOfQuestion: counts(),
    questions: questions.length,
    visitsWithContact: contacts.length,
    overviewGiven: visits.filter((visit) => visit.overview_given === 1).length,
    interest: counts(),
    booth: counts(),
    peopleByDay: counts(),
    dayByCategory: table(),
    hourByCategory: table(),
    hourByDay: table(),
    boothByCategory: table(),
    projectByCategory: table(),
    platformByCategory: table(),
    interestByCategory: table(),
    questionsByState: counts(),
    questionsByTimesAsked: counts(),
    stateByTopic: table(),
    topicOfVisit: counts(),
    consent: counts(),
    interestByPlatform: table(),
    staff: counts(),
    shifts: [],
    stateByExpert: table(),
    expertByProject: table(),
    medianToRoute: median(questions, "routed_at"),
    medianToAnswer: median(questions, "answered_at"),
  };
  for (const visit of visits) {
    const { category, local_day: day, local_hour: hour, interest } = visit;
    add(figures.category, category);
    add(figures.day, day);
    add(figures.hour, String(hour));
    add(figures.peopleByDay, day, visit.people);
    addTo(figures.dayByCategory, day, category);
    addTo(figures.hourByCategory, String(hour), category);
    addTo(figures.hourByDay, day, String(hour));
    if (visit.booth_id) {
      add(figures.booth, named(visit.booth_id));
      addTo(figures.boothByCategory, named(visit.booth_id), category);
    }
    if (visit.project_id) {
      add(figures.project, named(visit.project_id));
      addTo(figures.projectByCategory, named(visit.project_id), category);
    }
    if (visit.platform_id) {
      add(figures.platform, named(visit.platform_id));
      addTo(figures.platformByCategory, named(visit.platform_id), category);
      if (interest) addTo(figures.interestByPlatform, named(visit.platform_id), String(interest));
    }
    if (interest) {
      add(figures.interest, String(interest));
      addTo(figures.interestByCategory, String(interest), category);
    }
    const staff = visit.staff_name;
    if (staff !== null) {
      add(figures.staff, staff);
      const known = figures.shifts.find((shift) => shift.staff === staff && shift.day === day);
      const shift = known ?? { staff, day, from: hour, to: hour, visits: 0 };
      if (!known) figures.shifts.push(shift);
      Object.assign(shift, {
        from: Math.min(shift.from, hour),
        to: Math.max(shift.to, hour),
        visits: shift.visits + 1,
      });
    }
  }
  for (const { topic_id } of topics) add(figures.topicOfVisit, named(topic_id));
  for (const { remark_id } of remarks) add(figures.remark, named(remark_id));
  for (const { giveaway_id } of giveaways) add(figures.giveaway, named(giveaway_id));
  for (const { purpose } of consents) add(figures.consent, purpose);
  const alike: Counts = {};
  const projectOf = new Map(visits.map((visit) => [visit.id, visit.project_id]));
  for (const question of questions) {
    add(figures.topicOfQuestion, named(question.topic_id));
    add(figures.questionsByState, question.state);
    addTo(figures.stateByTopic, named(question.topic_id), question.state);
    if (question.likeness) add(alike, question.likeness);
    if (question.expert_id) {
      addTo(figures.stateByExpert, named(question.expert_id), question.state);
      addTo(
        figures.expertByProject,
        named(projectOf.get(question.visit_id) ?? null),
        named(question.expert_id),
      );
    }
  }
  if (Object.keys(filters).length === 0) {
    for (const times of Object.values(alike)) add(figures.questionsByTimesAsked, String(times));
  }
  const order = (shift: { day: string; from: number; staff: string }) => [shift.day, shift.from, shift.staff];
  figures.shifts.sort((a, b) => {
    const [x, y] = [order(a), order(b)];
    const different = x.findIndex((each, index) => each !== y[index]);
    return different < 0 ? 0 : (x[different] as string) < (y[different] as string) ? -1 : 1;
  });
  return figures;
}

/** The lower one in the middle, as exact as the program keeps it. */
function median(
  questions: { asked_at: number; routed_at: number | null; answered_at: number | null }[],
  until: "routed_at" | "answered_at",
): { questions: number; minutes: number | null } {
  const minutes = questions
    .flatMap((question) => {
      const end = question[until];
      return end === null ? [] : [Math.max(0, Math.floor((end - question.asked_at) / 60_000))];
    })
    .map((exact) => {
      const steps = [
        [15, 1],
        [60, 5],
        [180, 15],
        [720, 60],
        [2 * 1440, 240],
        [7 * 1440, 720],
        [30 * 1440, 1440],
        [Infinity, 7 * 1440],
      ] as const;
      const [, step] = steps.find(([below]) => exact < below) ?? [0, 1];
      return Math.floor(exact / step) * step;
    })
    .sort((a, b) => a - b);
  return { questions: minutes.length, minutes: minutes[Math.ceil(minutes.length / 2) - 1] ?? null };
}
