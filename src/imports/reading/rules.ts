import { setImmediate as nextTurn } from "node:timers/promises";

/** The bytes of a file from its beginning, each time that it is called. */
export type Source = () => AsyncIterable<Uint8Array>;

/** What is read of bytes in memory before others have a turn. */
const PIECE = 1024 * 1024;

/** Bytes in memory as a source. */
export function sourceOf(bytes: Uint8Array): Source {
  return async function* pieces() {
    for (let from = 0; from < bytes.length; from += PIECE) {
      yield bytes.subarray(from, from + PIECE);
      await nextTurn();
    }
  };
}

/** A field of the object that a JSON text is; of a list that is taken apart, one of its records, or that it begins. */
export type Part =
  | { field: string; value: unknown }
  | { field: string; begins: true }
  | { field: string; record: unknown };

/**
 * Reads a JSON text whose lists may be larger than memory: gives the fields of its object in their order, those in `apart`
 * record by record. Holds one record at a time, or one field. What is no object comes as a field without a name.
 * Throws a SyntaxError where it is no JSON in UTF-8; what came before has been given then.
 */
export async function* partsOf(source: Source, apart: readonly string[]): AsyncGenerator<Part> {
  const text = new Text(source());
  try {
    yield* partsIn(text, apart);
  } finally {
    await text.close();
  }
}

async function* partsIn(text: Text, apart: readonly string[]): AsyncGenerator<Part> {
  if ((await text.next()) !== "{") {
    yield { field: "", value: JSON.parse(await text.value()) };
  } else {
    text.step();
    for (let isFirst = true; (await text.next()) !== "}"; isFirst = false) {
      if (!isFirst) await text.take(",");
      const field: unknown = JSON.parse(await text.value());
      if (typeof field !== "string") throw new SyntaxError("A field has no name.");
      await text.take(":");
      if (apart.includes(field) && (await text.next()) === "[") {
        yield { field, begins: true };
        text.step();
        for (let isFirstRecord = true; (await text.next()) !== "]"; isFirstRecord = false) {
          if (!isFirstRecord) await text.take(",");
          yield { field, record: JSON.parse(await text.value()) };
        }
        text.step();
      } else {
        yield { field, value: JSON.parse(await text.value()) };
      }
    }
    text.step();
  }
  if ((await text.next()) !== undefined) throw new SyntaxError("There is something after the end.");
}

const BLANK = /[^ \t\r\n]/g;
const MARK = /["{}[\],:]/g;

/** Text that comes piece by piece, and what of it has not been read. */
class Text {
  readonly #pieces: AsyncIterator<Uint8Array>;
  // It takes off a byte order mark, which some editors write.
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #text = "";
  #at = 0;
  #isWhole = false;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next character that is no blank; undefined at the end. It is not read yet. */
  async next(): Promise<string | undefined> {
    do {
      BLANK.lastIndex = this.#at;
      const found = BLANK.exec(this.#text);
      this.#at = found ? found.index : this.#text.length;
      if (found) return found[0];
    } while (await this.#more());
    return undefined;
  }

  /** Reads the character that `next` gave. */
  step(): void {
    this.#at += 1;
  }

  /** Reads a character that has to be there. */
  async take(mark: string): Promise<void> {
    if ((await this.next()) !== mark) throw new SyntaxError(`There should be a ${mark}.`);
    this.step();
  }

  /** Reads a value as it is written: as far as its brackets, its quote or the next mark. Whether it is one is not looked at. */
  async value(): Promise<string> {
    await this.next();
    let depth = 0;
    /** How far it was looked at, counted from where it begins: that moves as more comes. */
    let seen = 0;
    for (;;) {
      MARK.lastIndex = this.#at + seen;
      const found = MARK.exec(this.#text);
      if (!found) {
        seen = this.#text.length - this.#at;
        if (await this.#more()) continue;
        return this.#read(seen);
      }
      const place = found.index - this.#at;
      const mark = found[0];
      if (mark === '"') {
        seen = await this.#afterQuote(place);
        if (depth === 0) return this.#read(seen);
      } else if (mark === "{" || mark === "[") {
        depth += 1;
        seen = place + 1;
      } else if (depth === 0) {
        return this.#read(place);
      } else {
        if (mark === "}" || mark === "]") depth -= 1;
        seen = place + 1;
        if (depth === 0) return this.#read(seen);
      }
    }
  }

  /** Where the string ends that begins at this place; both are counted from where the value begins. */
  async #afterQuote(place: number): Promise<number> {
    let from = place + 1;
    for (;;) {
      const end = this.#text.indexOf('"', this.#at + from);
      if (end < 0) {
        from = this.#text.length - this.#at;
        if (!(await this.#more())) throw new SyntaxError("A text has no end.");
        continue;
      }
      let before = end - 1;
      while (this.#text[before] === "\\") before -= 1;
      from = end + 1 - this.#at;
      if ((end - before) % 2 === 1) return from;
    }
  }

  #read(length: number): string {
    const value = this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  #decoded(piece: Uint8Array | undefined): string {
    try {
      return this.#decoder.decode(piece, { stream: piece !== undefined });
    } catch {
      throw new SyntaxError("This is not UTF-8.");
    }
  }

  /** Lets go of where the pieces come from. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  /** Takes the next piece in. Gives whether there was one. */
  async #more(): Promise<boolean> {
    if (this.#isWhole) return false;
    const { value, done } = await this.#pieces.next();
    this.#isWhole = done === true;
    const more = this.#decoded(done ? undefined : value);
    this.#text = this.#text.slice(this.#at) + more;
    this.#at = 0;
    return !this.#isWhole || more !== "";
  }
}
