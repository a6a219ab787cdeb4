/** `keyrotor emulate` as a child of the test process. */

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { folder } from './authority.js';
import { Control } from './control.js';

/** The cache's section of a configuration file; what is left out has the command's defaults. */
export interface CacheSection {
  service?: 'elasticache' | 'memorydb' | 'azure';
  serverless?: boolean;
  cluster?: string;
  region?: string;
  users?: string[];
  /** Seconds. */
  token_life?: number;
  /** Seconds. */
  session_limit?: number;
  [setting: string]: unknown;
}

/** What stands in a configuration file. */
export interface EmulatorConfig {
  cache?: CacheSection;
  [section: string]: unknown;
}

export interface StartOptions {
  /** Further options of `keyrotor emulate`. */
  args?: string[];
}

interface Ready {
  address: string | null;
  ca: string;
  control: string | null;
  environment: Record<string, string>;
  unset: string[];
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

const COMMAND = fileURLToPath(new URL('../cli.js', import.meta.url));

/**
 * A cache that checks tokens, from {@link Emulator.start} to {@link Emulator.stop}. Refused logins are explained on
 * standard error. It keeps no process alive, and ends with the one that started it, whatever becomes of that.
 *
 * ```js
 * await using emulator = await Emulator.start({ cache: { users: ['app'] } });
 * const restore = emulator.apply(); // Now process.env makes your application use it.
 * ```
 */
export class Emulator extends Control {
  readonly #child: Child;
  readonly #ready: Ready;

  private constructor(child: Child, ready: Ready) {
    super(ready.control ?? '');
    this.#child = child;
    this.#ready = ready;
  }

  /** Starts one, and resolves when it takes logins. It needs a `redis-server` or `valkey-server` on the PATH. */
  static async start(config: EmulatorConfig = { cache: {} }, options: StartOptions = {}): Promise<Emulator> {
    const given = options.args ?? [];
    const keeps = 'ca_dir' in config || given.includes('--ca-dir');
    const args = [
      'emulate',
      '--json',
      '--until-eof',
      '--config',
      JSON.stringify(config),
      ...(keeps ? [] : ['--ca-dir', folder()]),
      ...given,
    ];
    // Its input is a pipe that nobody writes to: its end is ours. A terminal's Ctrl-C is for the tests alone.
    const child = spawn(process.execPath, [COMMAND, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    const lines = createInterface(child.stdout);
    const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown];
    lines.close();
    if (typeof line !== 'string') {
      throw new Error(`keyrotor emulate ended with ${String(line)}; standard error says why`);
    }
    for (const held of [child, child.stdin, child.stdout]) unref(held);
    return new Emulator(child, JSON.parse(line) as Ready);
  }

  /** `host:port` of the cache. */
  get address(): string {
    return this.#ready.address ?? '';
  }

  /** The cache's host; its certificate holds for it, and for `localhost`. */
  get host(): string {
    return this.address.slice(0, this.address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  }

  /** The cache's port. */
  get port(): number {
    return Number(this.address.split(':').at(-1));
  }

  /** The file with the authority that clients must trust, in PEM; one for all emulators of this process. */
  get ca(): string {
    return this.#ready.ca;
  }

  /** The variables that make an application use it; `unset` lists those that must not be there. */
  get environment(): Record<string, string> {
    return { ...this.#ready.environment };
  }

  /** The variables that must not be there beside `environment`. */
  get unset(): string[] {
    return [...this.#ready.unset];
  }

  /**
   * Has these variables name this emulator, and returns what takes that back. A process that runs already has read
   * its `NODE_EXTRA_CA_CERTS`: in it, give clients {@link ca}.
   */
  apply(variables: NodeJS.ProcessEnv = process.env): () => void {
    const names = [...Object.keys(this.#ready.environment), ...this.unset];
    const before = new Map(names.map(name => [name, variables[name]]));
    for (const name of names) set(variables, name, this.#ready.environment[name]);
    return () => {
      for (const [name, value] of before) set(variables, name, value);
    };
  }

  /** Ends it, with its connections, its server and its files. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.ref();
    const gone = once(this.#child, 'exit');
    this.#child.kill();
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Pipes of a child are sockets, which their types do not say. */
function unref(held: object): void {
  (held as { unref?: () => void }).unref?.();
}

function set(variables: NodeJS.ProcessEnv, name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(variables, name);
  else variables[name] = value;
}
