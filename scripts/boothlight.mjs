#!/usr/bin/env node
// The command `boothlight`, from a checkout: sets up what is missing, then runs the built program, and keeps it running.
import path from "node:path";
import { keepRunning } from "./keep-running.mjs";
import { built, installed, ROOT, say } from "./set-up.mjs";

if (Number(process.versions.node.split(".")[0]) < 20) {
  say(`Boothlight needs Node 20 or newer; this is ${process.version}.`);
  process.exit(1);
}
// A terminal that was closed ends nothing by itself.
process.stderr.on("error", () => {});
installed();
built();
const stop = keepRunning(path.join(ROOT, "dist/main.js"), process.argv.slice(2), { say });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
// Told to stop, npm ends the shell between it and this one, and the shell tells nobody: it is gone, that is all.
const shell = process.ppid;
if (process.env.npm_lifecycle_event) setInterval(() => process.ppid !== shell && stop(), 250).unref();
