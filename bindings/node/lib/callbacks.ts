/** Functions of yours that give credentials: what they may answer, and how the core asks them. */

import { AsyncResource } from 'node:async_hooks';

import type { AccessKey } from './credentials.js';
import { argumentInvalid } from './errors.js';
import { host } from './host.js';
import { native, type AnswerInfo, type FunctionInfo, type QuestionInfo } from './native.js';
import { keptBy } from './thrown.js';

/** When a secret ends: a Date, or milliseconds since 1970. Unset or `null`: it does not. */
export type Expiry = Date | number | null | undefined;

/** What to log in with. */
export interface Login {
  user: string;
  secret: string;
  expiresAt?: Expiry;
}

/** AWS keys, and when they end. */
export interface TemporaryKey extends AccessKey {
  expiresAt?: Expiry;
}

/**
 * Gives logins. It runs on the JavaScript thread that handed it over, one call at a time, and keeps no process alive
 * while nobody waits for its answer. What it throws is the `cause` of the error, and it is asked again; a call that
 * outlasts the source's budget is not waited for, and the next question waits for it.
 *
 * Managers and clients of one thread that are given the same function share its answers.
 */
export type LoginFunction = () => Login | Promise<Login>;

/** Gives the AWS keys that sign; otherwise like a {@link LoginFunction}. */
export type KeyFunction = () => TemporaryKey | Promise<TemporaryKey>;

/** Functions by the names that a request calls them by. */
export type Callbacks = Readonly<Record<string, LoginFunction | KeyFunction>>;

type AnyFunction = LoginFunction | KeyFunction;

/** One function, the same for all who hand it over. The core knows it by its number, and so keeps it from nobody. */
class HostFunction {
  readonly number = native.functionNumber();
  readonly #thrown = keptBy(this.number);
  readonly #run: AnyFunction;
  #running: Promise<unknown> | undefined;

  constructor(run: AnyFunction) {
    // It runs in the async context of whoever handed it over first.
    this.#run = AsyncResource.bind(run);
  }

  async answer({ question, wantsKeys }: QuestionInfo): Promise<void> {
    try {
      this.#running ??= this.#call();
      const answer = await this.#running;
      host().native.answer(question, wantsKeys ? keyInfo(answer) : loginInfo(answer));
    } catch (thrown) {
      this.#thrown.keep(question, thrown);
      host().native.fail(question, kindOf(thrown));
    }
  }

  /** Never ends before it is noted as running, even where the function throws at once. */
  #call(): Promise<unknown> {
    const called = Promise.resolve().then(() => this.#run());
    return called.finally(() => (this.#running = undefined));
  }
}

const known = new WeakMap<AnyFunction, HostFunction>();
const byNumber = new Map<number, WeakRef<HostFunction>>();
const collected = new FinalizationRegistry<number>(number => byNumber.delete(number));

function hostFunction(run: unknown): HostFunction {
  if (typeof run !== 'function') throw argumentInvalid(`a callback is a function, not ${typeName(run)}`);
  const there = known.get(run as AnyFunction);
  if (there) return there;
  const made = new HostFunction(run as AnyFunction);
  known.set(run as AnyFunction, made);
  byNumber.set(made.number, new WeakRef(made));
  collected.register(made, made.number);
  return made;
}

const keptWith = new WeakMap<object, Functions>();

/** @internal The functions that a request names. */
export class Functions {
  readonly #byName = new Map<string, HostFunction>();

  constructor(callbacks: Callbacks = {}) {
    for (const [name, run] of Object.entries(callbacks)) this.#byName.set(name, hostFunction(run));
  }

  /** The name that this function gets in the request. */
  named(run: AnyFunction): string {
    const it = hostFunction(run);
    let name = run.name || 'callback';
    while ((this.#byName.get(name) ?? it) !== it) name += '_';
    this.#byName.set(name, it);
    return name;
  }

  /** Keeps them for as long as whoever was made by the request: the core knows them by number only. */
  keepWith(owner: object): void {
    keptWith.set(owner, this);
  }

  /** As native code takes them. */
  infos(): FunctionInfo[] {
    if (this.#byName.size > 0) host().answerWith(asked);
    return [...this.#byName].map(([name, { number }]) => ({ name, number }));
  }
}

function asked(question: QuestionInfo): void {
  const it = byNumber.get(question.function)?.deref();
  if (it) void it.answer(question);
  else host().native.fail(question.question, 'nothing, for it is gone with those who used it');
}

function loginInfo(answer: unknown): AnswerInfo {
  const { user, secret, expiresAt } = fieldsOf(answer);
  if (typeof user !== 'string' || typeof secret !== 'string')
    throw wrong('{ user, secret }, both strings', answer);
  return { name: user, secret, ...endOf(expiresAt) };
}

function keyInfo(answer: unknown): AnswerInfo {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = fieldsOf(answer);
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string')
    throw wrong('{ accessKeyId, secretAccessKey }, both strings', answer);
  if (sessionToken !== undefined && typeof sessionToken !== 'string')
    throw new TypeError(`sessionToken is a string, not ${typeName(sessionToken)}`);
  const session = sessionToken === undefined ? {} : { sessionToken };
  return { name: accessKeyId, secret: secretAccessKey, ...session, ...endOf(expiresAt) };
}

function fieldsOf(answer: unknown): Record<string, unknown> {
  return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};
}

function endOf(expiresAt: unknown): { expiresAt?: number } {
  if (expiresAt === undefined || expiresAt === null) return {};
  const end = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt;
  if (typeof end !== 'number')
    throw new TypeError(`expiresAt is a Date or milliseconds since 1970, not ${typeName(end)}`);
  return { expiresAt: end };
}

/** The types alone: the values may be secrets. */
function wrong(expected: string, answer: unknown): TypeError {
  const types = Object.entries(fieldsOf(answer)).map(([name, value]) => `${name}: ${typeName(value)}`);
  const shape = types.length > 0 ? `{ ${types.join(', ')} }` : typeName(answer);
  return new TypeError(`${expected}, is expected, not ${shape}`);
}

function typeName(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

function kindOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.constructor.name : typeName(thrown);
}
