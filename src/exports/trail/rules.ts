import type { ContactExportsTable } from "../../database/tables";

const PURPOSES = { "follow-up": "to follow up", news: "for news" };

/** Somebody's taking of contact details, as the organizer reads it. */
export function takingInWords({ list, format, filters, purpose }: ContactExportsTable) {
  const narrowed = [...new URLSearchParams(filters)].filter(
    ([name]) => name !== "event" && name !== "consent",
  );
  return {
    what: `${list[0]?.toUpperCase()}${list.slice(1)} (${format.toUpperCase()})`,
    narrowed: narrowed
      .map(([name, value]) => (name === "by" ? `a file for each ${value}` : `${name}: ${value}`))
      .join(", "),
    purpose: purpose === null ? "everything, with all details" : PURPOSES[purpose],
  };
}
