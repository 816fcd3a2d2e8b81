#!/usr/bin/env node
// The command `boothlight`, from a checkout: sets up what is missing, then runs the built program.
import { spawn } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { built, installed, ROOT, say } from "./set-up.mjs";

if (Number(process.versions.node.split(".")[0]) < 20) {
  say(`Boothlight needs Node 20 or newer; this is ${process.version}.`);
  process.exit(1);
}
installed();
built();
const program = spawn(process.execPath, [path.join(ROOT, "dist/main.js"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
// The program stops by itself, in its own time: this one only passes the word on and waits. Once, and as SIGTERM: a
// terminal sends Ctrl+C to both, npm sends it again, and a second one would not wait for requests under way.
let isTold = false;
const stop = () => {
  if (!isTold) program.kill("SIGTERM");
  isTold = true;
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
// Told to stop, npm ends the shell between it and this one, and the shell tells nobody: it is gone, that is all.
const shell = process.ppid;
if (process.env.npm_lifecycle_event) setInterval(() => process.ppid !== shell && stop(), 250).unref();
program.on("exit", (code, signal) => process.exit(code ?? 128 + os.constants.signals[signal]));
