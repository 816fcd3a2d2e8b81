import type { Response } from "express";
import { assetOf, assetsOf, textOfAsset } from "../../http/pages";
import { anyone, type Route } from "../../http/route";

/** Icons of an installed page: file, size in pixels, what a system may do with it. */
const ICONS = [
  ["icons/icon-192.png", 192, "any"],
  ["icons/icon-512.png", 512, "any"],
  ["icons/maskable-512.png", 512, "maskable"],
] as const;

/** What a device needs to start the capture page without network. Both are the same for everybody. */
export function offlineRoutes(): Route[] {
  return [
    anyone.get("/service-worker.js", (_req, res) => {
      const told = { build: res.app.locals.build, rest: loadedOnDemand(res) };
      res
        .type("text/javascript")
        .send(`self.boothlight=${JSON.stringify(told)};\n${textOfAsset("built/service-worker.js")}`);
    }),

    anyone.get("/manifest.webmanifest", (_req, res) => {
      res.type("application/manifest+json").json({
        id: "/capture",
        name: "Boothlight",
        short_name: "Boothlight",
        start_url: "/capture",
        scope: "/capture",
        display: "standalone",
        // As the ground of the tokens, in the light.
        background_color: "#f6f4ef",
        theme_color: "#f6f4ef",
        icons: [
          { src: assetOf(res, "icon.svg"), sizes: "any", type: "image/svg+xml", purpose: "any" },
          ...ICONS.map(([file, size, purpose]) => ({
            src: assetOf(res, file),
            sizes: `${size}x${size}`,
            type: "image/png",
            purpose,
          })),
        ],
      });
    }),
  ];
}

/** The scanner with its parts and what draws slips: too large for every page, wanted once a badge or a slip is. */
function loadedOnDemand(res: Response): string[] {
  const parts = assetsOf(res).filter((file) =>
    /^(built|styles)\/(scan|zxing|slip).*\.(js|wasm|css|json)$/.test(file),
  );
  // As the page asks for them: see views/capture/capture.ejs.
  return parts.map((file) => (file.endsWith("-worker.js") ? "/capture" : "") + assetOf(res, file));
}
