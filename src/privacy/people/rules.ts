import type { Person } from "../mentions/rules";

/** Somebody who left details, once a visit. */
export interface Left {
  visitId: string;
  person: Person;
}

/** What two records have in common that nobody shares with another: the mail address, the phone number. */
function signsOf({ email, phone }: Person): string[] {
  const digits = phone?.replace(/\D/g, "").replace(/^0+/, "").slice(-9) ?? "";
  return [
    ...(email ? [`@${email.trim().toLowerCase()}`] : []),
    ...(digits.length >= 7 ? [`#${digits}`] : []),
  ];
}

/** Whether two records are of one person, as far as their mail addresses and phone numbers tell. */
export function isSamePerson(one: Person, other: Person): boolean {
  const signs = new Set(signsOf(one));
  return signsOf(other).some((sign) => signs.has(sign));
}

/** Records by person, in the order given: those with the same mail address or phone number are together. */
export function byPerson<Row extends { person: Person }>(rows: Row[]): Row[][] {
  const groups: { rows: Row[]; signs: Set<string> }[] = [];
  for (const row of rows) {
    const signs = signsOf(row.person);
    const same = groups.filter((group) => signs.some((sign) => group.signs.has(sign)));
    const [first, ...more] = same;
    if (!first) {
      groups.push({ rows: [row], signs: new Set(signs) });
      continue;
    }
    first.rows.push(row);
    for (const sign of signs) first.signs.add(sign);
    // This one tells that two that were taken for different people are one.
    for (const other of more) {
      first.rows.push(...other.rows);
      for (const sign of other.signs) first.signs.add(sign);
      groups.splice(groups.indexOf(other), 1);
    }
  }
  return groups.map((group) => group.rows);
}

/** Somebody in a line: "Zoë Müller, Light Ltd, zoe@example.org". Empty where nothing is known of them. */
export function inALine({ name, organization, email, phone, handle, badge, website }: Person): string {
  const reached = email || phone || handle || website || (badge && `badge ${badge}`);
  return [name, organization, reached].filter(Boolean).join(", ");
}

/** What to call somebody on a page. */
export function callOf(person: Person): string {
  return (
    person.name || person.email || person.handle || person.phone || person.organization || "this visitor"
  );
}
