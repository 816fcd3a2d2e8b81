import { forgetEverything } from "../install";
import { forgetLastWords, lastWords } from "../last-words";
import { Outbox } from "../outbox";
import { isRescued, keepDevice, saveRescueFile } from "../rescue";
import { Sender, type Standing } from "../sender";
import { standingInWords } from "../standing";
import { Today } from "../today";
import { say, timeOf } from "../words";

/**
 * The page of a tablet whose event is over. What waits on it goes to the laptop as long as that takes it, and into a
 * rescue file at any time.
 */
const find = <E extends HTMLElement>(selector: string) => document.querySelector(selector) as E;
const { over: phase, event = "", zone } = find("[data-over]").dataset;
const delivers = phase === "delivers";
const rescue = find<HTMLButtonElement>("[data-rescue]");
let standing: Standing = { kind: "done" };

const outbox = await Outbox.open(show);
const today = new Today({
  outbox,
  sphere: [],
  address: "/api/today",
  first: undefined,
  near: (answer, clocks) => {
    void keepDevice(outbox, answer.device, clocks);
    if (standing.kind === "away") sender.send();
  },
  over: () => {},
});
const sender = new Sender(
  outbox,
  (now) => {
    standing = now;
    show();
  },
  show,
  () => today.clocks(),
);
for (const { event, visit, seen } of lastWords()) {
  // What the capture page had not put on the disk when it was left.
  await outbox.put(event, visit, { now: Date.now(), seen });
  if (outbox.isOnDisk(visit.id)) forgetLastWords(visit.id);
}
if (delivers) {
  sender.send();
  today.start();
}
show();

rescue.addEventListener("click", async () => {
  await saveRescueFile(outbox, event, Date.now());
  find("[data-waiting]").textContent = say("rescue.saved");
  await today.tellNow(true);
});

find<HTMLFormElement>("[data-unpair]").addEventListener("submit", (submit) => {
  submit.preventDefault();
  void unpair(submit.target as HTMLFormElement);
});

function show(): void {
  const waiting = outbox.all();
  find("[data-waiting]").textContent =
    waiting.length === 0
      ? say("over.nothing-waits")
      : delivers
        ? standingInWords(
            { waiting, twoVersions: 0, notOnDisk: 0, trouble: outbox.trouble, standing },
            (at) => timeOf(at, zone),
          ).words
        : say("over.waits", { count: waiting.length });
  find("[data-rescue-part]").hidden = waiting.length === 0;
  void today.tellNow(isRescued(outbox));
}

/** Ends the pairing, and takes everything off the tablet. Not while something here is in no rescue file. */
async function unpair(form: HTMLFormElement): Promise<void> {
  const count = outbox.all().length;
  if (count > 0 && !isRescued(outbox)) {
    const refused = find("[data-unpair-refused]");
    refused.textContent = say("tablet.unpair-refused", { count });
    refused.hidden = false;
    return;
  }
  await today.tellNow(true);
  await outbox.forgetEverything();
  await forgetEverything();
  form.submit();
}
