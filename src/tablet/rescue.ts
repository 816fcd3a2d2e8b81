import type { RescueFile } from "../visits/form";
import type { Clocks } from "./clock";
import type { Outbox, Waiting } from "./outbox";

/** What the tablet knows of itself from the laptop. */
export interface Device {
  id: string;
  staffName: string;
}

/** Names of what the outbox keeps. */
const RESCUED = "rescued";
const CLOCKS = "clocks";
const DEVICE = "device";

/** Notes what an answer of the laptop says of this tablet and its clock. */
export async function keepDevice(outbox: Outbox, device: Device | null, clocks: Clocks): Promise<void> {
  await outbox.keep(DEVICE, device);
  await outbox.keep(CLOCKS, clocks);
}

/** What the laptop's last word said of the clocks. */
export function keptClocks(outbox: Outbox): Clocks | undefined {
  return outbox.kept<Clocks>(CLOCKS);
}

export function keptDevice(outbox: Outbox): Device | undefined {
  return outbox.kept<Device | null>(DEVICE) ?? undefined;
}

/** Whether all that waits is in a rescue file that was saved. */
export function isRescued(outbox: Outbox): boolean {
  const saved = outbox.kept<Record<string, string>>(RESCUED) ?? {};
  return outbox.all().every((entry) => saved[entry.id] === entry.stamp);
}

/** Saves what waits as a file on the tablet, where its owner finds downloads: one for each event. */
export async function saveRescueFile(outbox: Outbox, event: string, now: number): Promise<void> {
  const entries = outbox.all();
  const savedAt = new Date(now).toISOString();
  const events = new Set(entries.map((entry) => entry.event));
  if (events.size === 0) events.add(event);
  for (const each of events) {
    const file: RescueFile = {
      boothlight: "rescue",
      version: 1,
      savedAt,
      clockOffset: keptClocks(outbox)?.offset ?? null,
      event: each,
      device: keptDevice(outbox) ?? null,
      waiting: entries.filter((entry) => entry.event === each).map(asRescued),
    };
    download(`boothlight-rescue-${each}-${savedAt.slice(0, 16).replace(/[:T]/g, "-")}.json`, file);
  }
  await outbox.keep(RESCUED, Object.fromEntries(entries.map((entry) => [entry.id, entry.stamp])));
}

function asRescued(entry: Waiting): RescueFile["waiting"][number] {
  return {
    visit: entry.visit,
    undone: entry.undone,
    others: entry.others ?? [],
    draft: entry.draft?.visit,
    since: new Date(entry.since).toISOString(),
  };
}

function download(name: string, content: unknown): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }));
  link.download = name;
  link.click();
  // The browser reads it in its own time.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
