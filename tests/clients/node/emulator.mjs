// Runs `keyrotor emulate` with a configuration, and asks its control API.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../../target', import.meta.url));
const BINARY = join(target, 'debug', 'keyrotor');

export const REGION = 'eu-west-1';
export const KEY = 'AKIDEXAMPLE';
export const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
export const USER = 'iam-user-01';
export const CLUSTER = 'my-cluster';

/** A configuration of these sections, with the key and region that the tests use. */
export const common = sections => ({ region: REGION, keys: [{ id: KEY, secret: SECRET }], ...sections });

/** The section of a cache with one user. */
export const cache = settings => ({ cluster: CLUSTER, users: [USER], ...settings });

export class Emulator {
  #process;

  /** Starts an emulator that ends with the test `t`. */
  static async start(t, config = common({ cache: cache() })) {
    const emulator = new Emulator();
    const folder = mkdtempSync(join(tmpdir(), 'keyrotor-clients-'));
    const file = join(folder, 'emulator.json');
    writeFileSync(file, JSON.stringify(config));
    const options = ['emulate', '--config', file, '--control', '127.0.0.1:0', '--json'];
    emulator.#process = spawn(BINARY, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => emulator.stop());
    const lines = createInterface({ input: emulator.#process.stdout });
    const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
    rmSync(folder, { recursive: true });
    if (!line) throw new Error('the emulator ended at once');
    emulator.ready = JSON.parse(line);
    emulator.control = emulator.ready.control;
    emulator.ca = readFileSync(emulator.ready.ca);
    return emulator;
  }

  /** The cache's port. */
  get port() {
    return Number(this.ready.address.split(':').at(-1));
  }

  /** Breaks something: `path` is that of the control API, as in `faults/kill`. */
  fault(path, body = {}) {
    return this.ask(path, { method: 'POST', body: JSON.stringify(body) });
  }

  /** What the emulator saw so far. */
  record() {
    return this.ask('record');
  }

  async ask(path, options) {
    const response = await fetch(`http://${this.control}/${path}`, options);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async stop() {
    if (this.#process.exitCode !== null) return;
    this.#process.kill();
    await once(this.#process, 'exit');
  }
}
