import type { Language, Say } from "../../languages/say";
import { dayInFull } from "../../questions/slips/rules";
import type { ControllerFields } from "./form";

/** Papers that the notice is printed on: a sheet for the wall, or a card for the table. */
export const PAPERS = ["a4", "letter", "card"] as const;
export type Paper = (typeof PAPERS)[number];

/** A part of the notice: what it is about, and what is said of it. `list`: several things that each stand by themselves. */
export interface Section {
  title: string;
  text?: string;
  list?: string[];
  /** Where more is to be read. */
  link?: { words: string; address: string };
}

/** A day, YYYY-MM-DD, as visitors read it. */
export const dayForVisitors = (day: string, language: Language): string =>
  dayInFull(Date.parse(`${day}T12:00:00Z`), "UTC", language);

/**
 * What visitors are told about their details, part by part. `until`: the last day on which they are kept, YYYY-MM-DD;
 * `controller`: who is responsible, as far as somebody has said.
 */
export function noticeOf(
  say: Say,
  language: Language,
  { until, controller }: { until: string; controller: ControllerFields | undefined },
): Section[] {
  return [
    { title: say("privacy.everybody"), text: say("privacy.everybody-what") },
    { title: say("privacy.left"), text: say("privacy.left-what") },
    {
      title: say("privacy.why"),
      list: [say("own.use-follow-up"), say("own.use-news")],
      text: say("privacy.why-what"),
    },
    { title: say("privacy.who-gets"), text: say("privacy.who-gets-what") },
    { title: say("privacy.where"), text: say("privacy.where-what") },
    {
      title: say("privacy.how-long"),
      text: say("privacy.how-long-what", { day: dayForVisitors(until, language) }),
    },
    { title: say("privacy.rights"), text: `${say("privacy.rights-what")} ${say("privacy.complain")}` },
    controller
      ? {
          title: say("privacy.responsible"),
          text: `${controller.name}\n${controller.reach}`,
          // Whatever brought it here: no page leads to anything but a web address.
          link: /^https?:\/\//i.test(controller.link)
            ? { words: say("privacy.responsible-link"), address: controller.link }
            : undefined,
        }
      : { title: say("privacy.responsible"), text: say("privacy.responsible-unset") },
  ];
}
