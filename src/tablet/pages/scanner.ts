import { config } from "zod/mini";

// The page's policy forbids code made from text, which the checks would use to be a little faster.
config({ jitless: true });

export { parseCode } from "../scan/code";
export { mergeContact } from "../scan/contact";
export { openScanner, type ScannerOptions, type ScanResult } from "../scan/dialog";
