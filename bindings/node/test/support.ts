/** What several tests need: managers for the emulator, child processes, and counts of threads and descriptors. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { KeyrotorError, type ElastiCache } from '../lib/index.js';

export { counts } from './programs/counts.js';

/** The identity that the emulator of these tests knows. */
export const identity: ElastiCache = {
  clusterName: 'my-cluster',
  username: 'iam-user-01',
  region: 'eu-west-1',
  accessKey: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
};

/** No AWS credentials but those of an address that never answers. */
export function stuckSource(port: number): Record<string, string> {
  return {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/credentials`,
    AWS_CONFIG_FILE: '/nonexistent/config',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** The error that this call or promise must fail with. */
export async function failureOf(work: (() => unknown) | Promise<unknown>): Promise<KeyrotorError> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    assert.ok(error instanceof KeyrotorError, `not ours: ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: 'an error was expected' });
}

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
  milliseconds: number;
}

/** Runs a program of `programs/` to its end, at most 30 s. */
export async function program(
  name: string,
  args: string[] = [],
  env: Record<string, string> = {},
  flags: string[] = [],
): Promise<Ended> {
  const path = fileURLToPath(new URL(`./programs/${name}.js`, import.meta.url));
  return node([...flags, path, ...args], env);
}

/** Runs node to its end, at most 30 s. */
export async function node(
  args: string[],
  env: Record<string, string> = {},
  cwd = process.cwd(),
): Promise<Ended> {
  const started = performance.now();
  const options = { timeout: 30_000, env: { ...process.env, ...env }, cwd };
  const ended = await promisify(execFile)(process.execPath, args, options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
  const { code, stdout, stderr } = ended;
  return { code, stdout, stderr, milliseconds: performance.now() - started };
}

/** Names of this process's threads that are keyrotor's. */
export function keyrotorThreads(): string[] {
  const names = readdirSync('/proc/self/task').map(task => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim();
    } catch {
      return '';
    }
  });
  return names.filter(name => name.startsWith('keyrotor'));
}

/** Waits until the condition holds, at most for these milliseconds; what is missing then is said by `what`. */
export async function until(
  condition: () => boolean,
  what: () => string,
  milliseconds = 5000,
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > end) assert.fail(what());
    await sleep(10);
  }
}
