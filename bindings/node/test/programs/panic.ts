/** Panics in the addon, on both threads, and goes on. */

import assert from 'node:assert/strict';

import { TokenManager } from '../../lib/index.js';
import { guarded } from '../../lib/errors.js';
import { host } from '../../lib/host.js';
import { native } from '../../lib/native.js';
import { failureOf, identity } from '../support.js';

const { rehearsePanic, rehearsePanicInBackground } = native;
assert.ok(rehearsePanic && rehearsePanicInBackground, 'the tests want a debug build of the addon');

const here = await failureOf(() => {
  guarded(rehearsePanic);
});
assert.deepEqual([here.code, here.number, here.name], ['internal', 700, 'InternalError']);
const there = await failureOf(host().call(rehearsePanicInBackground));
assert.deepEqual([there.code, there.number], ['internal', 700]);

const manager = new TokenManager({ elastiCache: identity });
assert.ok(await manager.tokenAsync());
console.log('alive');
