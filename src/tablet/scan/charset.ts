/**
 * Bytes of a code or a card → text. UTF-8 where they are that; else the character set that is named, else the one that
 * Western phones and mail programs use without naming it.
 */
export function decodeBytes(bytes: Uint8Array, named?: string): string {
  const decoders = [named, bomOf(bytes), "utf-8"].map((name) => decoderOf(name));
  for (const decoder of decoders) {
    if (!decoder) continue;
    try {
      return decoder.decode(bytes);
    } catch {
      // Not in this one: the next.
    }
  }
  return new TextDecoder("windows-1252").decode(bytes);
}

/**
 * What a code's reader says of it → its text. The reader guesses where the code names no character set; what the bytes
 * themselves, or the card in them, say is surer than the guess.
 */
export function textOfCode(code: { text: string; bytes: Uint8Array; hasECI: boolean }): string {
  if (code.hasECI || code.bytes.every((byte) => byte < 0x80)) return code.text || decodeBytes(code.bytes);
  const named = namedIn(code.bytes);
  if (isUtf8(code.bytes) || named || bomOf(code.bytes)) return decodeBytes(code.bytes, named);
  return code.text || decodeBytes(code.bytes);
}

/** The character set that a card names for text that is not quoted-printable. */
export function namedIn(bytes: Uint8Array): string | undefined {
  if (isUtf8(bytes)) return undefined;
  const ascii = new TextDecoder("windows-1252").decode(bytes);
  return /;CHARSET="?([\w.-]+)/i.exec(ascii)?.[1];
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function bomOf([first, second]: Uint8Array): string | undefined {
  if (first === 0xfe && second === 0xff) return "utf-16be";
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return undefined;
}

function decoderOf(name: string | undefined): InstanceType<typeof TextDecoder> | undefined {
  if (!name) return undefined;
  try {
    return new TextDecoder(name, { fatal: true });
  } catch {
    return undefined; // no such character set
  }
}
