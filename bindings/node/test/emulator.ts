/** The emulator of these tests, and the requests that lead to it. */

import { readFileSync } from 'node:fs';

import { Emulator as Running } from '../lib/testing/index.js';

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type JsonObject = Record<string, Json>;

/** The repository, seen from dist/test. */
export const ROOT = new URL('../../../../', import.meta.url);

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, ROOT), 'utf8'));
}

export const base = readJson('tests/scenarios/base.json') as { emulator: string[]; request: JsonObject };

/** An emulator with the arguments of `base.json`. */
export class Emulator {
  readonly port: number;
  readonly caFile: string;
  readonly ca: Buffer;
  readonly #running: Running;

  private constructor(running: Running) {
    this.#running = running;
    this.port = running.port;
    this.caFile = running.ca;
    this.ca = readFileSync(running.ca);
  }

  static async start(more: string[] = [], identity = base.emulator): Promise<Emulator> {
    return new Emulator(await Running.start({ cache: {} }, { args: [...identity, ...more] }));
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async fault(name: string, body: JsonObject = {}): Promise<void> {
    await this.#running.ask(`/faults/${name}`, body);
  }

  /** What stands at a dotted path of what it saw. */
  async record(path: string): Promise<unknown> {
    let value: unknown = await this.#running.record();
    for (const name of path.split('.')) value = (value as JsonObject | undefined)?.[name];
    return value;
  }

  /** The base's request for this emulator, with a merge patch over it. */
  request(patch: JsonObject = {}): JsonObject {
    return this.#filled(merged(base.request, patch)) as JsonObject;
  }

  #filled(value: Json): Json {
    if (value === '$PORT') return this.port;
    if (value === '$CA') return this.ca.toString('base64');
    if (value === '$OTHER_CA') {
      return readFileSync(new URL('tests/scenarios/other-ca.pem', ROOT)).toString('base64');
    }
    if (Array.isArray(value)) return value.map(item => this.#filled(item));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, this.#filled(member)]));
    }
    return value;
  }
}

/** A JSON merge patch, RFC 7396. */
function merged(target: Json | undefined, patch: Json): Json {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: JsonObject =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, name);
    else result[name] = merged(result[name], value);
  }
  return result;
}
