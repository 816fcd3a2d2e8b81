/**
 * All that is kept, and what erasure does with it: each table with each column, and each kind of file. A test compares this list
 * with the database that the migrations make, and another one fills what is listed here with somebody's details and erases them:
 * who adds a place for words says here whose they may be.
 */

/** Whose details a place may hold. */
export type Who = "visitor" | "staff" | "expert" | "organizer";

/**
 * What becomes of it when they are erased. `deleted`: the row goes; `emptied`: the value does, or something that tells nobody's name stands there; `redacted`: what is theirs in it is
 * left out; `follows`: it is made anew from what it is made of; `stays`: it is nobody's details by itself.
 */
export type Treatment = "deleted" | "emptied" | "redacted" | "follows" | "stays";

interface Personal {
  of: Who[];
  treated: Treatment;
  /** Why it stays, or what else is to be known. */
  why?: string;
  /** No words that could be read in it: a hash, a secret, a setting. */
  isUnreadable?: true;
}

interface Table {
  /** Columns that hold nobody's details: ids, instants, counts, choices of a list. */
  nobodys: string;
  personal?: Record<string, Personal>;
  /** Which engine alone has the table. */
  engine?: "sqlite" | "postgres";
}

const deleted = (...of: Who[]): Personal => ({ of, treated: "deleted" });
const redacted = (...of: Who[]): Personal => ({ of, treated: "redacted" });
const follows = (...of: Who[]): Personal => ({ of, treated: "follows" });
const emptied = (...of: Who[]): Personal => ({ of, treated: "emptied" });
const hidden = (personal: Personal): Personal => ({ ...personal, isUnreadable: true });
/** What people of the booth write in passing: it may be about anybody. */
const anybody = redacted("visitor", "staff", "expert");

/** Who answers for what is kept says so to everybody: see the notice. */
const organizers: Personal = {
  of: ["organizer"],
  treated: "stays",
  why: "Visitors have to be able to reach whoever is responsible.",
};

/** Each table with each of its columns. */
export const TABLES: Record<string, Table> = {
  activity: {
    nobodys: "id question_id visit_id at step expert_id actor_kind undoes",
    personal: { actor: emptied("staff", "expert"), note: anybody, before: anybody },
  },
  booths: { nobodys: "id event_id slug name position hidden" },
  // The words are those of the booth, as they were shown.
  contact_consents: { nobodys: "visit_id purpose given_at words language given_by" },
  contact_exports: {
    nobodys: "id event_id at actor list format purpose contacts",
    personal: { filters: anybody, reason: anybody },
  },
  contacts: {
    nobodys: "visit_id",
    personal: {
      name: deleted("visitor"),
      organization: deleted("visitor"),
      role: deleted("visitor"),
      email: deleted("visitor"),
      phone: deleted("visitor"),
      handle: deleted("visitor"),
      website: deleted("visitor"),
      badge: deleted("visitor"),
      // Somebody else may be named in it, too.
      note: redacted("visitor", "staff", "expert"),
    },
  },
  controllers: {
    nobodys: "event_id",
    personal: { name: organizers, reach: organizers, link: organizers },
  },
  devices: {
    nobodys:
      "id event_id booth_id paired_at last_seen_at unpaired_at waiting waiting_since rescued standing_at",
    personal: { staff_name: emptied("staff"), token_hash: hidden(emptied("staff")) },
  },
  erased_contacts: { nobodys: "visit_id what" },
  erasures: { nobodys: "kind id erased_at why" },
  events: { nobodys: "id slug name venue time_zone starts_on ends_on created_at routes_itself" },
  expert_projects: { nobodys: "expert_id project_slug" },
  expert_topics: { nobodys: "expert_id topic_slug position" },
  experts: {
    nobodys: "id kind hidden created_at revision link_number link_open reached_by weekly",
    personal: {
      slug: emptied("expert"),
      name: emptied("expert"),
      address: emptied("expert"),
      webhook: emptied("expert"),
      languages: hidden(emptied("expert")),
      time_zone: hidden(emptied("expert")),
      away_from: hidden(emptied("expert")),
      away_until: hidden(emptied("expert")),
    },
  },
  giveaways: { nobodys: "id event_id slug name shipped arrived position hidden ran_out_at" },
  gone_visits: { nobodys: "visit_id gone_at" },
  invitations: { nobodys: "code_hash purpose event_id booth_id created_at expires_at used_at" },
  journal: { nobodys: "id event_id at", personal: { text: anybody } },
  kept_alike: { nobodys: "event_id likeness questions" },
  kept_asked: { nobodys: "likeness cell questions" },
  kept_cells: { nobodys: "id event_id day category project_id booth_id" },
  kept_figures: { nobodys: "cell what hour visits people", personal: { key: follows("staff") } },
  kept_made: { nobodys: "version" },
  message_steps: { nobodys: "message_id activity_id question_id" },
  messages: {
    nobodys:
      "id kind via expert_id visit_id state created_at due_at attempts claimed_until tried_at left_at delivered_at problem",
    personal: { text: anybody },
  },
  migrations: { nobodys: "name ran_at" },
  platforms: {
    nobodys: "id event_id position hidden",
    personal: { name: anybody, slug: hidden(redacted("visitor", "staff", "expert")) },
  },
  projects: { nobodys: "id event_id slug name position hidden" },
  questions: {
    nobodys:
      "id event_id visit_id position topic_id state expert_id asked_at hidden version priority rank due_at claimed_at merged_into project_id changed_at routed_at answered_at brought",
    personal: {
      text: anybody,
      answer: anybody,
      // Of what a question is about; without its words it tells nothing, and it changes with them.
      likeness: hidden(follows("visitor")),
    },
  },
  remarks: {
    nobodys: "id event_id position hidden",
    personal: { name: anybody, slug: hidden(redacted("visitor", "staff", "expert")) },
  },
  retentions: {
    nobodys: "event_id days until seen_at told_since expired_at expired",
    personal: { reason: anybody },
  },
  saved_views: { nobodys: "id event_id created_at", personal: { name: anybody, query: anybody } },
  search_documents: {
    nobodys: "number question_id",
    engine: "sqlite",
  },
  "search_documents of PostgreSQL": {
    nobodys: "question_id",
    personal: { words: follows("visitor", "staff", "expert") },
    engine: "postgres",
  },
  search_made: { nobodys: "version" },
  search_waiting: { nobodys: "question_id" },
  search_words: {
    nobodys: "",
    personal: {
      asked: follows("visitor", "staff", "expert"),
      around: follows("visitor", "staff", "expert"),
    },
    engine: "sqlite",
  },
  search_words_config: { nobodys: "k v", engine: "sqlite" },
  search_words_content: {
    nobodys: "id",
    personal: { c0: follows("visitor", "staff", "expert"), c1: follows("visitor", "staff", "expert") },
    engine: "sqlite",
  },
  search_words_data: {
    nobodys: "id",
    // Words as FTS5 packs them: only their ends where they begin alike.
    personal: { block: hidden(follows("visitor", "staff", "expert")) },
    engine: "sqlite",
  },
  search_words_docsize: { nobodys: "id sz", engine: "sqlite" },
  search_words_idx: {
    nobodys: "segid pgno",
    personal: { term: hidden(follows("visitor", "staff", "expert")) },
    engine: "sqlite",
  },
  sessions: { nobodys: "token_hash created_at expires_at used_at locked_at" },
  settings: {
    nobodys: "name",
    personal: {
      value: {
        of: ["organizer"],
        treated: "stays",
        why: "The hash of the passphrase and the secret of the experts' links: the laptop's, nobody's by name.",
        isUnreadable: true,
      },
    },
  },
  slips: {
    nobodys: "question_id made_at language",
    // Whoever has the paper is the visitor. Where details only expire, an answer can still be read with it.
    personal: { code: hidden(deleted("visitor")) },
  },
  staff_names: { nobodys: "event_id", personal: { name: emptied("staff") } },
  texts_to_look_at: { nobodys: "place id event_id reason since" },
  topics: { nobodys: "id event_id slug name keywords position hidden" },
  visit_conflicts: {
    nobodys: "id visit_id revision device_id received_at resolved_at chosen",
    personal: { payload: anybody, content_hash: hidden(deleted("visitor")) },
  },
  visit_giveaways: { nobodys: "visit_id giveaway_id" },
  visit_remarks: { nobodys: "visit_id remark_id" },
  visit_revisions: {
    nobodys: "visit_id revision",
    personal: { content_hash: hidden(deleted("visitor")) },
  },
  visit_texts: { nobodys: "visit_id", personal: { text: follows("visitor", "staff", "expert") } },
  visit_topics: { nobodys: "visit_id topic_id" },
  visitor_questions: {
    nobodys: "id event_id topic_id language asked_at refused_at",
    personal: { text: anybody, contact: anybody, code: hidden(deleted("visitor")) },
  },
  visitor_codes: {
    nobodys: "visit_id question_id",
    personal: { code: hidden(deleted("visitor")) },
  },
  visits: {
    nobodys:
      "id event_id booth_id project_id platform_id device_id revision revised_by category happened_at said_at clock_offset received_at local_day local_hour people interest overview_given deleted_at",
    personal: {
      staff_name: emptied("staff"),
      content_hash: hidden(emptied("visitor")),
      note: anybody,
    },
  },
  wall_links: { nobodys: "event_id token made_at" },
  write_up_texts: { nobodys: "id event_id kept_at reason", personal: { text: anybody } },
  write_ups: {
    nobodys: "event_id version changed_at published_at",
    personal: { front: anybody, text: anybody, published: anybody },
  },
};

interface FileKind {
  /** Its path below the data folder, or where else it may be. */
  name: RegExp;
  holds: string;
  treated: string;
}

/** Each kind of file that the program writes below its data folder. */
export const FILES: FileKind[] = [
  {
    name: /^boothlight\.db(-wal|-shm|-journal)?$/,
    holds: "everything",
    treated:
      "What is deleted is overwritten with zeros, and the log is emptied within a minute of an erasure.",
  },
  {
    name: /^boothlight-rescued-[^/]*\.db$/,
    holds: "everything that the database held when its file was deleted under the running program",
    treated:
      "It goes when that file is back. Restored, it is rid of who was erased since; its name is told, to be deleted by hand.",
  },
  {
    name: /^backups\/boothlight-[^/]+\.db(\.age)?(\.part-\d+)?$|^backup-under-way-\d+\//,
    holds: "everything, as it was when it was made",
    treated: "Those from before an erasure are deleted a day later; restored, they bring nobody back.",
  },
  {
    name: /^backups\/|^backups\.json$/,
    holds: "where backups go, their keys, what was erased by ids: nobody's details",
    treated: "It stays: by it a backup brings nobody back.",
  },
  {
    name: /^data-before-restore-[^/]+\//,
    holds: "everything, as it was before a backup was put in its place",
    treated: "It stays until the organizer deletes the folder, as restore says.",
  },
  {
    name: /^in-use\.lock|^restore-under-way(\.part-\d+)?$/,
    holds: "that somebody works on the data; while it is replaced, what was erased by ids: nobody's details",
    treated: "It stays.",
  },
  {
    name: /^logs\/boothlight[^/]*\.log/,
    holds: "what the program did, by kinds and ids: nobody's details",
    treated: "It stays until it is put aside for newer ones.",
  },
  {
    name: /^running$/,
    holds: "that the program is running, and since when",
    treated: "It goes when the program stops.",
  },
  {
    name: /^boothlight-print-/,
    holds: "a report while it is printed, which names no visitor",
    treated: "It goes when the PDF is made.",
  },
  {
    name: /^certificates\//,
    holds: "the laptop's certificate and its keys: nobody's details",
    treated: "It stays.",
  },
];

/** What of the program writes files, below `src`, and what they may hold. */
export const WRITERS: Record<string, string> = {
  "backups/places/store.ts": "makes the folder that backups go to",
  "backups/restoring/store.ts": "everything, out of a backup and in the place of what is moved aside",
  "backups/store.ts": "what lies beside backups: how to restore them, keys, what was erased by ids",
  "backups/thread/store.ts": "backups: everything, as it was when they were made",
  "backups/upgrade/store.ts": "a backup before an upgrade: everything, as it was then",
  "database/open.ts": "makes the data folder; the database writes its own files",
  "log.ts": "what the program did, by kinds and ids: nobody's details",
  "run.ts": "that the program is running",
  "database/trouble.ts": "tries whether anything can be made there: an empty folder, for a moment",
  "http/certificates.ts": "the laptop's certificate and its keys",
  "reports/printing/store.ts": "a report while it is printed, which names no visitor",
  "output.ts":
    "what a command was told to write, where it was told to: out of the program's hands from then on",
};
