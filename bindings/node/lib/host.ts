/** This JavaScript thread's end of the queue: promises by ticket, settled many at a time. Not API. */

import { caught, errorOf, guarded } from './errors.js';
import { native, type Makers, type NativeHost, type QuestionInfo } from './native.js';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** What began it, and so whoever owns the functions that it may wait for: they must not be collected meanwhile. */
  begin: unknown;
}

const makers: Makers = {
  error: errorOf,
  map(flat) {
    const map = new Map<unknown, unknown>();
    for (let index = 0; index < flat.length; index += 2) map.set(flat[index], flat[index + 1]);
    return map;
  },
  set: items => new Set(items),
  bigint: BigInt,
};

/** The ticket of questions to functions, which no promise has. */
const QUESTIONS = 0;

class Host {
  readonly native: NativeHost;
  readonly #waiting = new Map<number, Waiting>();
  readonly #streams = new Map<number, (item: unknown) => void>();
  /** The addon keeps no process alive; while a promise is open, this does. */
  readonly #hold = setInterval(() => undefined, 0x7fffffff).unref();
  #tickets = 0;

  constructor() {
    this.native = guarded(
      () =>
        new native.NativeHost(() => {
          this.#drain();
        }),
    );
  }

  /** A promise for what native code says of the ticket. */
  call<T>(begin: (host: NativeHost, ticket: number) => void): Promise<T> {
    const ticket = ++this.#tickets;
    return new Promise<T>((resolve, reject) => {
      try {
        begin(this.native, ticket);
      } catch (thrown) {
        reject(caught(thrown));
        return;
      }
      this.#waiting.set(ticket, { resolve, reject, begin });
      if (this.#waiting.size === 1) this.#hold.ref();
    });
  }

  /** Gives each item that comes under the ticket to `take`, until {@link forget}. Keeps no process alive. */
  stream(take: (item: unknown) => void): number {
    const ticket = ++this.#tickets;
    this.#streams.set(ticket, take);
    return ticket;
  }

  /** Gives the core's questions to `answer`. Keeps no process alive. */
  answerWith(answer: (question: QuestionInfo) => void): void {
    this.#streams.set(QUESTIONS, item => {
      answer(item as QuestionInfo);
    });
  }

  forget(ticket: number): void {
    this.#streams.delete(ticket);
  }

  #drain(): void {
    const flat = this.native.drain(makers);
    for (let index = 0; index < flat.length; index += 3) {
      const ticket = flat[index] as number;
      this.#settle(ticket, flat[index + 1] as boolean, flat[index + 2]);
    }
  }

  #settle(ticket: number, failed: boolean, value: unknown): void {
    const waiting = this.#waiting.get(ticket);
    if (!waiting) {
      this.#streams.get(ticket)?.(value);
      return;
    }
    this.#waiting.delete(ticket);
    if (this.#waiting.size === 0) this.#hold.unref();
    if (failed) waiting.reject(caught(value));
    else waiting.resolve(value);
  }
}

let made: Host | undefined;

/** Made on first use, so that an import starts nothing. */
export function host(): Host {
  return (made ??= new Host());
}
