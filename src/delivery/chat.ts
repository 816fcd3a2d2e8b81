import { request as requestPlain } from "node:http";
import { request as requestSecurely } from "node:https";
import { chatBody, chatOutcome, type Letter, type Outcome, silentChat } from "../messages/rules";

/** How long a chat may take, all in all. */
export const CHAT_PATIENCE = 30_000;

/** Posts a letter at a chat's webhook. Follows no redirect: what stands there was given by whoever runs the chat. */
export async function postToChat(
  webhook: string,
  letter: Pick<Letter, "subject" | "text">,
  { patience = CHAT_PATIENCE, signal }: { patience?: number; signal?: AbortSignal } = {},
): Promise<Outcome> {
  if (!URL.canParse(webhook)) return silentChat("ERR_INVALID_URL", false);
  const { protocol } = new URL(webhook);
  if (protocol !== "https:" && protocol !== "http:") return silentChat("ERR_INVALID_PROTOCOL", false);
  const body = chatBody(webhook, letter);
  return new Promise((resolve) => {
    let wasSent = false;
    const request = (protocol === "https:" ? requestSecurely : requestPlain)(webhook, {
      method: "POST",
      headers: {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": Buffer.byteLength(body),
        "User-Agent": "Boothlight",
      },
      // A connection of its own: one that was kept may be gone, and then nobody knows what arrived.
      agent: false,
      signal: AbortSignal.any([AbortSignal.timeout(patience), ...(signal ? [signal] : [])]),
    });
    request.once("error", (error: NodeJS.ErrnoException) => resolve(silentChat(error.code, wasSent)));
    request.once("response", (response) => {
      response.resume();
      const { statusCode = 0, headers } = response;
      resolve(chatOutcome(statusCode, headers["retry-after"]));
      // Nobody reads what else it says.
      response.once("error", () => {});
    });
    // Nothing is written before the connection stands.
    request.once("socket", (socket) => {
      socket.once(protocol === "https:" ? "secureConnect" : "connect", () => {
        wasSent = true;
        request.end(body);
      });
    });
  });
}
