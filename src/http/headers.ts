import type { RequestHandler, Response } from "express";
import helmet from "helmet";
import { isLoopback } from "./addresses";

/** What a page may not ask of a device, whatever gets into it. The camera is the capture page's alone. */
const FORBIDDEN = [
  "accelerometer",
  "autoplay",
  "browsing-topics",
  "display-capture",
  "geolocation",
  "gyroscope",
  "hid",
  "magnetometer",
  "microphone",
  "midi",
  "payment",
  "serial",
  "usb",
  "xr-spatial-tracking",
];

const NOTHING = ["camera", ...FORBIDDEN].map((feature) => `${feature}=()`).join(", ");
const CAMERA = NOTHING.replace("camera=()", "camera=(self)");

/** The headers that every answer has. */
export function securityHeaders(): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: {
        directives: {
          defaultSrc: ["'self'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'", "data:"],
          fontSrc: ["'self'"],
          objectSrc: ["'none'"],
          frameSrc: ["'none'"],
          workerSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
          // On a booth's own network there may be no HTTPS to upgrade to.
          upgradeInsecureRequests: null,
        },
      },
      // Stricter, browsers would send forms without saying where they come from, which is what refuses foreign ones.
      referrerPolicy: { policy: "same-origin" },
      xFrameOptions: { action: "deny" },
      // Over HTTP browsers refuse these two, and say so in the console of every page.
      crossOriginOpenerPolicy: false,
      originAgentCluster: false,
      // For good, for the whole laptop and without a way back: a tablet that does not trust the certificate were locked out.
      strictTransportSecurity: false,
    }),
    (req, res, next) => {
      if (req.secure || isLoopback(req.hostname)) {
        res.set("Cross-Origin-Opener-Policy", "same-origin");
        res.set("Origin-Agent-Cluster", "?1");
      }
      // Nothing here is for a search engine, private links least of all.
      res.set("X-Robots-Tag", "noindex, nofollow");
      res.set("Permissions-Policy", NOTHING);
      next();
    },
  ];
}

/** Lets this one page use the camera: it reads badges. */
export function letUseCamera(res: Response): void {
  res.set("Permissions-Policy", CAMERA);
}
