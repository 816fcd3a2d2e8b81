/** An answered question as somebody meets it who has one like it: without what tells who asked. */
export interface Answered {
  id: string;
  text: string;
  /** Markdown, or the address of a public thread. */
  answer: string;
}

/** The first of each question that was asked together with others: the same answer is offered once. */
export function eachOnce<Row extends { id: string; merged_into: string | null }>(
  rows: Row[],
  most: number,
): Row[] {
  const seen = new Set<string>();
  return rows
    .filter((row) => {
      const head = row.merged_into ?? row.id;
      if (seen.has(head)) return false;
      seen.add(head);
      return true;
    })
    .slice(0, most);
}
