/** The part of the QR package that draws nothing: `data` has one byte a square, row by row, 1 where it is dark. */
declare module "qrcode/lib/core/qrcode" {
  export function create(
    text: string,
    options: { errorCorrectionLevel: "L" | "M" | "Q" | "H" },
  ): { modules: { size: number; data: Uint8Array } };
}
