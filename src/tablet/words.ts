import { type Language, type Messages, speaker } from "../languages/say";

/** The language of the page. */
export const language = document.documentElement.lang as Language;

const messages = document.querySelector("[data-messages]")?.textContent ?? "{}";

/** Words in the language of the page, which brings its messages along. */
export const say = speaker(language, JSON.parse(messages) as Messages);

/** The time of day where the event is, with the day where it is not today: the tablet may be set to another zone. */
export function timeOf(at: string | number, timeZone: string | undefined): string {
  const [then, now] = [new Date(at), new Date()];
  const day = (date: Date) => date.toLocaleDateString(language, { timeZone });
  const isToday = day(then) === day(now);
  return then.toLocaleString(language, {
    hour: "2-digit",
    minute: "2-digit",
    ...(!isToday && { day: "numeric", month: "short" }),
    // As the laptop writes them.
    hourCycle: "h23",
    timeZone,
  });
}
