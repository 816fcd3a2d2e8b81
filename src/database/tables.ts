/**
 * The tables as Kysely sees them. What each table and column means is said where it is declared,
 * in `db/migrations/`.
 */
import type { Generated } from "kysely";

/** UTC milliseconds. */
export type Instant = number;
/** 1 is yes, 0 is no: both engines have it. */
export type Flag = 0 | 1;

export type Category = "existing" | "curious" | "new";
export type QuestionState = "open" | "routed" | "answered" | "closed";
export type ExpertKind = "person" | "mailing-list" | "forum" | "chat";
export type Purpose = "follow-up" | "news";
/** Whose hand ticked a consent. */
export type ConsentGiver = "staff" | "visitor";
export type Priority = "high" | "normal" | "low";
export type ActorKind = "organizer" | "staff" | "expert" | "visitor" | "program";
/** How somebody is told. */
export type Way = "mail" | "webhook" | "hand";
export type MessageKind = "routing" | "digest" | "time-out" | "answer";
export type MessageState =
  | "held"
  | "waiting"
  | "sending"
  | "delivered"
  | "failed"
  | "uncertain"
  | "cancelled";

export interface SettingsTable {
  name: string;
  value: string;
}

export interface EventsTable {
  id: string;
  slug: string;
  name: string;
  venue: string;
  time_zone: string;
  starts_on: string;
  ends_on: string;
  created_at: Instant;
  routes_itself: Generated<Flag>;
}

/** What all lists that staff pick from have in common. */
export interface EntryTable {
  id: string;
  event_id: string;
  slug: string;
  name: string;
  position: number;
  hidden: Generated<Flag>;
}

export interface TopicsTable extends EntryTable {
  keywords: Generated<string>;
}

export interface GiveawaysTable extends EntryTable {
  shipped: number | null;
  arrived: number | null;
  ran_out_at: Instant | null;
}

export interface JournalTable {
  id: string;
  event_id: string;
  at: Instant;
  text: string;
}

export interface SessionsTable {
  token_hash: string;
  created_at: Instant;
  expires_at: Instant;
  used_at: Instant;
  locked_at: Instant | null;
}

export interface InvitationsTable {
  code_hash: string;
  purpose: "sign-in" | "pairing";
  event_id: string | null;
  booth_id: string | null;
  created_at: Instant;
  expires_at: Instant;
  used_at: Instant | null;
}

export interface DevicesTable {
  id: string;
  event_id: string;
  booth_id: string | null;
  staff_name: string;
  token_hash: string;
  paired_at: Instant;
  last_seen_at: Instant;
  unpaired_at: Instant | null;
  waiting: number | null;
  waiting_since: Instant | null;
  rescued: Generated<Flag>;
  standing_at: Instant | null;
}

export interface VisitsTable {
  id: string;
  event_id: string;
  booth_id: string | null;
  project_id: string | null;
  platform_id: string | null;
  device_id: string | null;
  staff_name: string | null;
  revision: number;
  revised_by: string | null;
  content_hash: string;
  category: Category;
  happened_at: Instant;
  said_at: Instant;
  clock_offset: Generated<number>;
  received_at: Instant;
  local_day: string;
  local_hour: number;
  people: Generated<number>;
  interest: number | null;
  overview_given: Flag | null;
  note: string | null;
  deleted_at: Instant | null;
}

export interface VisitTextsTable {
  visit_id: string;
  text: string;
}

export interface VisitRevisionsTable {
  visit_id: string;
  revision: number;
  content_hash: string;
}

export interface VisitConflictsTable {
  id: string;
  visit_id: string;
  revision: number;
  content_hash: string;
  payload: string;
  device_id: string | null;
  received_at: Instant;
  resolved_at: Instant | null;
  chosen: Generated<Flag | null>;
}

export interface ContactsTable {
  visit_id: string;
  name: string | null;
  organization: string | null;
  role: string | null;
  email: string | null;
  phone: string | null;
  handle: string | null;
  website: string | null;
  badge: string | null;
  note: string | null;
}

export interface ContactConsentsTable {
  visit_id: string;
  purpose: Purpose;
  given_at: Instant;
  words: string | null;
  language: string | null;
  given_by: ConsentGiver | null;
}

export interface VisitorCodesTable {
  code: string;
  visit_id: string | null;
  question_id: string | null;
}

export interface ControllersTable {
  event_id: string;
  name: string;
  reach: string;
  link: Generated<string>;
}

export interface ExpertsTable {
  id: string;
  slug: string;
  name: string;
  kind: ExpertKind;
  address: Generated<string>;
  hidden: Generated<Flag>;
  created_at: Instant;
  languages: Generated<string>;
  time_zone: Generated<string>;
  weekly: number | null;
  away_from: string | null;
  away_until: string | null;
  reached_by: Generated<Way>;
  webhook: Generated<string>;
  revision: Generated<number>;
  link_number: Generated<number>;
  link_open: Generated<Flag>;
}

export interface ExpertTopicsTable {
  expert_id: string;
  topic_slug: string;
  position: number;
}

export interface QuestionsTable {
  id: string;
  event_id: string;
  visit_id: string;
  position: number;
  text: string;
  topic_id: string | null;
  state: Generated<QuestionState>;
  expert_id: string | null;
  answer: string | null;
  asked_at: Instant;
  hidden: Generated<Flag>;
  version: Generated<number>;
  priority: Generated<Priority>;
  rank: Generated<number>;
  due_at: Instant | null;
  claimed_at: Instant | null;
  merged_into: string | null;
  project_id: string | null;
  changed_at: Generated<Instant>;
  routed_at: Instant | null;
  answered_at: Instant | null;
  likeness: string | null;
  brought: Generated<Flag>;
}

export interface ActivityTable {
  id: string;
  question_id: string | null;
  visit_id: string | null;
  at: Instant;
  actor: string;
  step: string;
  expert_id: string | null;
  note: string | null;
  actor_kind: Generated<ActorKind>;
  before: string | null;
  undoes: string | null;
}

export interface MessagesTable {
  id: string;
  kind: MessageKind;
  via: Way;
  expert_id: string | null;
  visit_id: string | null;
  state: MessageState;
  text: string | null;
  created_at: Instant;
  due_at: Instant;
  attempts: Generated<number>;
  claimed_until: Instant | null;
  tried_at: Instant | null;
  left_at: Instant | null;
  delivered_at: Instant | null;
  problem: string | null;
}

export interface SlipsTable {
  code: string;
  question_id: string;
  made_at: Instant;
  language: string | null;
}

export interface VisitorQuestionsTable {
  id: string;
  event_id: string;
  code: string;
  text: string;
  topic_id: string | null;
  contact: string | null;
  language: string;
  asked_at: Instant;
  refused_at: Instant | null;
}

export interface SavedViewsTable {
  id: string;
  event_id: string | null;
  name: string;
  query: string;
  created_at: Instant;
}

export interface WriteUpsTable {
  event_id: string;
  version: number;
  front: string;
  text: string;
  changed_at: Instant;
  published_at: Instant | null;
  published: string | null;
}

export interface WriteUpTextsTable {
  id: string;
  event_id: string;
  text: string;
  kept_at: Instant;
  reason: "afresh" | "conflict" | "replaced";
}

export interface ContactExportsTable {
  id: string;
  event_id: string;
  at: Instant;
  actor: string;
  list: string;
  format: string;
  filters: string;
  purpose: Purpose | null;
  reason: string;
  contacts: number | null;
}

/** What can be erased, and stays so. */
export type ErasedKind =
  | "visit"
  | "deleted-visit"
  | "visitor-question"
  | "asked-of-visit"
  | "device"
  | "staff-of-visit"
  | "staff-of-event"
  | "expert";

export interface ErasuresTable {
  kind: ErasedKind;
  id: string;
  erased_at: Instant;
  why: "asked" | "expired";
}

export interface TextsToLookAtTable {
  place: string;
  id: string;
  event_id: string | null;
  reason: "theirs" | "name" | "redacted";
  since: Instant;
}

export interface RetentionsTable {
  event_id: string;
  days: Generated<number>;
  until: Generated<string | null>;
  reason: Generated<string>;
  seen_at: Generated<Instant | null>;
  told_since: Generated<Instant | null>;
  expired_at: Generated<Instant | null>;
  expired: Generated<number>;
}

/** What is counted under; `""`: none. */
export interface KeptCellsTable {
  id: Generated<number>;
  event_id: string;
  day: string;
  category: Category;
  project_id: string;
  booth_id: string;
}

export interface KeptFiguresTable {
  cell: number;
  what: string;
  key: string;
  hour: number;
  visits: number;
  people: number;
}

export interface Tables {
  settings: SettingsTable;
  events: EventsTable;
  booths: EntryTable;
  projects: EntryTable;
  topics: TopicsTable;
  platforms: EntryTable;
  remarks: EntryTable;
  giveaways: GiveawaysTable;
  journal: JournalTable;
  sessions: SessionsTable;
  invitations: InvitationsTable;
  devices: DevicesTable;
  staff_names: { event_id: string; name: string };
  visits: VisitsTable;
  visit_topics: { visit_id: string; topic_id: string };
  visit_remarks: { visit_id: string; remark_id: string };
  visit_giveaways: { visit_id: string; giveaway_id: string };
  visit_texts: VisitTextsTable;
  visit_revisions: VisitRevisionsTable;
  visit_conflicts: VisitConflictsTable;
  gone_visits: { visit_id: string; gone_at: Instant };
  contacts: ContactsTable;
  contact_consents: ContactConsentsTable;
  visitor_codes: VisitorCodesTable;
  controllers: ControllersTable;
  experts: ExpertsTable;
  expert_topics: ExpertTopicsTable;
  questions: QuestionsTable;
  expert_projects: { expert_id: string; project_slug: string };
  activity: ActivityTable;
  messages: MessagesTable;
  message_steps: { message_id: string; activity_id: string; question_id: string };
  slips: SlipsTable;
  visitor_questions: VisitorQuestionsTable;
  saved_views: SavedViewsTable;
  write_ups: WriteUpsTable;
  write_up_texts: WriteUpTextsTable;
  contact_exports: ContactExportsTable;
  wall_links: { event_id: string; token: string; made_at: Instant };
  erasures: ErasuresTable;
  erased_contacts: { visit_id: string; what: "contact" | Purpose };
  texts_to_look_at: TextsToLookAtTable;
  retentions: RetentionsTable;
  /** Made by `search.ts`, which explains it. */
  search_waiting: { question_id: string };
  /** Made by `figures.ts`, which explains these. */
  kept_cells: KeptCellsTable;
  kept_figures: KeptFiguresTable;
  kept_asked: { likeness: string; cell: number; questions: number };
  kept_alike: { event_id: string; likeness: string; questions: number };
}
