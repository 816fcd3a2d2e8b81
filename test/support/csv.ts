/**
 * Reads CSV by RFC 4180, without the library that wrote it. Takes the text with its byte order mark.
 * Throws where a line ends with anything but CRLF, or a quote is not closed.
 */
export function readCsv(text: string): string[][] {
  if (!text.startsWith("\uFEFF")) throw new Error("The byte order mark is missing.");
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 1;
  while (at < text.length) {
    let cell = "";
    if (text[at] === '"') {
      at += 1;
      for (;;) {
        const quote = text.indexOf('"', at);
        if (quote < 0) throw new Error("A quote is not closed.");
        cell += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at += 1;
      }
    } else {
      const end = text.slice(at).search(/[,"\r\n]/);
      cell = text.slice(at, at + end);
      at += end;
    }
    row.push(cell);
    if (text[at] === ",") at += 1;
    else if (text.startsWith("\r\n", at)) {
      rows.push(row);
      row = [];
      at += 2;
    } else
      throw new Error(
        `Neither a comma nor the end of a line at ${at}: ${JSON.stringify(text.slice(at - 60, at + 20))}`,
      );
  }
  return rows;
}
