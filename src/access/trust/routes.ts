import type { Request, Response } from "express";
import type { Deps } from "../../deps";
import { Problem } from "../../errors";
import { secureAddresses } from "../../http/addresses";
import { languageOf, sayIn } from "../../http/languages";
import { show } from "../../http/pages";
import { anyone, type Caller, type Route } from "../../http/route";
import { ownPath } from "../form";
import { fileNameFor, fingerprintRows, SYSTEMS, securePlaces, systemOf } from "./rules";

/** How a device comes to trust the laptop, so that its browser gives it all that needs a secure connection. */
export function trustRoutes(deps: Deps): Route[] {
  const { config } = deps;
  const authorityNow = () => deps.network?.https?.authority;

  return [
    anyone.get("/trust", (req, res, caller) => {
      const next = ownPath(req.query.next);
      const places = placesFor(req, caller);
      const authority = config.publicUrl ? undefined : authorityNow();
      const language = languageOf(req);
      const own = systemOf(req.get("user-agent"));
      allowConnections(res, places);
      show(res, "access/trust", {
        title: sayIn(language)("trust.title"),
        language,
        here: next === "/" ? "/trust" : `/trust?next=${encodeURIComponent(next)}`,
        styles: ["access"],
        scripts: ["trust"],
        width: "narrow",
        next,
        places,
        isSecure: req.secure,
        isPaired: caller.kind === "device",
        authority: authority && {
          name: authority.name,
          file: fileNameFor(authority.name),
          fingerprint: fingerprintRows(authority.fingerprint),
        },
        systems: [own, ...SYSTEMS.filter((each) => each !== own)],
      });
    }),

    anyone.get("/trust/certificate", (_req, res) => {
      const authority = authorityNow();
      if (!authority) throw new Problem("missing", "trust.no-certificate");
      // What makes Android keep it as a certificate, and an iPad offer it as a profile.
      res.attachment(fileNameFor(authority.name)).type("application/x-x509-ca-cert").send(authority.der);
    }),

    // The page that asks came over HTTP: to a browser that is another site. There is nothing to read here.
    anyone.get("/trust/check", (_req, res) => {
      res.set("Access-Control-Allow-Origin", "*").json({ status: "ok" });
    }),
  ];

  function placesFor(req: Request, caller: Caller): string[] {
    const { network } = deps;
    const others = secureAddresses(config, network ?? {});
    if (config.publicUrl || !network) return others;
    return securePlaces({ host: req.hostname, isPaired: caller.kind === "device" }, network, others);
  }
}

/** Lets this one page ask these addresses too, beside its own. */
function allowConnections(res: Response, places: string[]): void {
  // An address of IPv6 cannot be named in a policy (CSP3, section 2.3.1).
  const sources = places.map((place) => (place.includes("[") ? "https:" : place));
  const policy = res.get("Content-Security-Policy");
  res.set("Content-Security-Policy", `${policy};connect-src ${["'self'", ...sources].join(" ")}`);
}
