/** Workers side by side, each with a client of its own: they share keyrotor's thread, and no reply. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { isMainThread, parentPort, threadId, Worker, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

import { Client, TokenManager } from '../../lib/index.js';
import { identity, keyrotorThreads } from '../support.js';

const WORKERS = 4;
const ROUNDS = 20;
const AT_ONCE = 25;

/** Each worker counts a key of its own: a reply that belongs to another would show. */
async function work(request: string): Promise<void> {
  const key = `beside-${threadId}`;
  const manager = new TokenManager({ elastiCache: identity });
  await using client = await Client.connect(request);
  for (let round = 0; round < ROUNDS; round++) {
    const counted = Array.from({ length: AT_ONCE }, () => client.execute(['INCR', key]));
    const [replies] = await Promise.all([Promise.all(counted), manager.refresh()]);
    const before = round * AT_ONCE;
    assert.deepEqual(
      replies,
      counted.map((_, index) => before + index + 1),
    );
    assert.equal(await client.execute(['GET', key]), String(before + AT_ONCE));
  }
  parentPort?.postMessage(keyrotorThreads().length);
  // The others are still at it, perhaps: nobody goes before all have counted.
  await once(parentPort ?? assert.fail(), 'message');
  parentPort?.close();
  manager.close();
}

async function beside(request: string): Promise<void> {
  await using own = await Client.connect(request);
  const withOne = keyrotorThreads().length;
  const file = fileURLToPath(import.meta.url);
  const workers = Array.from({ length: WORKERS }, () => new Worker(file, { workerData: request }));
  const counted = await Promise.all(workers.map(worker => once(worker, 'message') as Promise<[number]>));
  for (const [threads] of counted)
    assert.ok(threads <= withOne, `${threads} threads, ${withOne} with one client`);
  assert.equal(await own.execute(['PING']), 'PONG');
  const gone = workers.map(worker => once(worker, 'exit'));
  for (const worker of workers) worker.postMessage('go');
  for (const [status] of await Promise.all(gone)) assert.equal(status, 0);
  assert.equal(await own.execute(['PING']), 'PONG');
  console.log('undisturbed');
}

if (isMainThread) await beside(process.argv[2] ?? '');
else await work(workerData as string);
