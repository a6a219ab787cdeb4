/** `keyrotor emulate`: a local cache that really checks tokens, with a real server behind it. */

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type JsonObject = Record<string, Json>;

/** The repository, seen from dist/test. */
export const ROOT = new URL('../../../../', import.meta.url);

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, ROOT), 'utf8'));
}

export const base = readJson('tests/scenarios/base.json') as { emulator: string[]; request: JsonObject };

const BINARY = process.env['KEYROTOR_BIN'] ?? fileURLToPath(new URL('target/debug/keyrotor', ROOT));

interface Ready {
  address: string;
  ca: string;
  control: string;
}

export class Emulator {
  readonly port: number;
  readonly caFile: string;
  readonly ca: Buffer;
  readonly #child: ChildProcess;
  readonly #control: string;

  private constructor(child: ChildProcess, ready: Ready) {
    this.#child = child;
    this.port = Number(ready.address.split(':').at(-1));
    this.caFile = ready.ca;
    this.ca = readFileSync(ready.ca);
    this.#control = ready.control.startsWith('http') ? ready.control : `http://${ready.control}`;
  }

  static async start(more: string[] = [], identity = base.emulator): Promise<Emulator> {
    const args = ['emulate', ...identity, ...more, '--control', '127.0.0.1:0', '--json'];
    const child = spawn(BINARY, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await Promise.race([
      once(createInterface(child.stdout), 'line'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`keyrotor emulate ended with ${String(code)}`);
      }),
    ])) as [string];
    return new Emulator(child, JSON.parse(line) as Ready);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async fault(name: string, body: JsonObject = {}): Promise<void> {
    const answer = await fetch(`${this.#control}/faults/${name}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 200, await answer.text());
  }

  /** What stands at a dotted path of what it saw. */
  async record(path: string): Promise<unknown> {
    const answer = await fetch(`${this.#control}/record`);
    let value = (await answer.json()) as Record<string, unknown> | undefined;
    for (const name of path.split('.')) value = value?.[name] as Record<string, unknown> | undefined;
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
