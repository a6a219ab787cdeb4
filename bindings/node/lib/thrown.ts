/**
 * What functions have thrown, for the errors about it. Not API. It is kept here and not in the core, where nothing
 * would see that a stack may hold on to whoever holds the manager.
 */

/** Errors that may still be on their way. */
const KEPT = 8;

/** What one function has thrown of late, by question. */
class Thrown {
  readonly #latest = new Map<number, unknown>();

  keep(question: number, thrown: unknown): void {
    this.#latest.set(question, thrown);
    for (const oldest of this.#latest.keys()) {
      if (this.#latest.size <= KEPT) break;
      this.#latest.delete(oldest);
    }
  }

  get(question: number): unknown {
    return this.#latest.get(question);
  }
}

const byFunction = new Map<number, WeakRef<Thrown>>();
const collected = new FinalizationRegistry<number>(number => byFunction.delete(number));

/** The place of this function's failures; it lives as long as the function holds it. */
export function keptBy(number: number): Thrown {
  const thrown = new Thrown();
  byFunction.set(number, new WeakRef(thrown));
  collected.register(thrown, number);
  return thrown;
}

/** What the function threw in place of an answer, unless that is long past. */
export function thrownBy(info: { function: number; question: number }): unknown {
  return byFunction.get(info.function)?.deref()?.get(info.question);
}
