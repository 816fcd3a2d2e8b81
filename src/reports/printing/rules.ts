/** Papers that a report is printed on. */
export const PAPERS = ["a4", "letter"] as const;
export type Paper = (typeof PAPERS)[number];

/**
 * What Chrome or Chromium is started with to print one file (`page`) into another (`pdf`), with a profile of its own
 * that nobody else uses. `isRoot`: there is no sandbox for root. What the page may do is in the page itself: nothing.
 */
export function printArguments(
  { page, pdf, profile }: { page: string; pdf: string; profile: string },
  { isRoot }: { isRoot: boolean },
): string[] {
  return [
    "--headless",
    `--print-to-pdf=${pdf}`,
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    `--user-data-dir=${profile}`,
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    ...(isRoot ? ["--no-sandbox"] : []),
    page,
  ];
}

/** Whether these bytes are a whole PDF: its first and its last line say so. */
export function isWholePdf(bytes: Buffer): boolean {
  return bytes.subarray(0, 5).toString("latin1") === "%PDF-" && bytes.subarray(-1024).includes("%%EOF");
}
