/** Making a client never blocks the event loop. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';

import { Client, TokenManager } from '../lib/index.js';
import { Emulator } from './emulator.js';
import { failureOf, identity, stuckSource } from './support.js';

/** Longest time, in milliseconds, that the event loop was not turning during the work. */
async function longestStall(work: () => Promise<unknown>): Promise<number> {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  await work();
  longest = Math.max(longest, performance.now() - last);
  clearInterval(timer);
  return longest;
}

/** One repeat is allowed: other work of this machine can stall a process too. */
async function turns(work: () => Promise<unknown>, prepare = () => Promise.resolve()): Promise<void> {
  await prepare();
  let stall = await longestStall(work);
  if (stall > 20) {
    await prepare();
    stall = await longestStall(work);
  }
  assert.ok(stall <= 20, `the event loop stood still for ${stall} ms`);
}

test('B04 the event loop turns while the server takes 2 s', async () => {
  await using emulator = await Emulator.start();
  const request = JSON.stringify(emulator.request({ connectionTimeout: 5000, requestTimeout: 5000 }));
  const connect = async () => {
    const started = performance.now();
    const client = await Client.connect(request);
    assert.ok(performance.now() - started > 1500, 'the server did not stall');
    assert.equal(await client.execute(['PING']), 'PONG');
    client.close();
  };
  await turns(connect, () => emulator.fault('stall', { milliseconds: 2000 }));
});

test('B04 the event loop turns while the source takes 2 s', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  Object.assign(process.env, stuckSource((silent.address() as AddressInfo).port));
  const { accessKey: _, ...chain } = identity;
  await turns(async () => {
    using manager = new TokenManager({ elastiCache: chain, refresh: { sourceTimeout: '2s' } });
    assert.equal((await failureOf(() => manager.token())).code, 'credentials-pending');
    assert.equal((await failureOf(manager.tokenAsync())).code, 'credentials-timeout');
  });
  silent.close();
});
