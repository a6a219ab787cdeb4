/** Nothing aborts or unwinds into Node. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Client, connectionRequestFromGlide, KeyrotorError, TokenManager } from '../lib/index.js';
import { guarded } from '../lib/errors.js';
import { native } from '../lib/native.js';
import { ROOT } from './emulator.js';
import { failureOf, program } from './support.js';

/** Numbers that look random and are the same in each run (xorshift). */
function* dice(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

test('B01 any bytes are a request or an error', async () => {
  const next = dice(20_250_615);
  const roll = (below: number): number => next.next().value % below;
  const valid = Buffer.from(
    '0a2f122d0a0a6d792d636c7573746572120b69616d2d757365722d30311a0965752d776573742d31b206040a01411201',
    'hex',
  );
  let errors = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes =
      round % 2 ? Buffer.from(Array.from({ length: roll(64) }, () => roll(256))) : Buffer.from(valid);
    if (bytes.length > 0) bytes[roll(bytes.length)] = roll(256);
    for (const request of [bytes, bytes.toString('latin1')]) {
      try {
        new TokenManager(request).close();
      } catch (error) {
        assert.ok(error instanceof KeyrotorError && error.code.startsWith('config-'), String(error));
        errors++;
      }
    }
    if (round % 10 === 1) {
      const error = await failureOf(Client.connect(bytes.subarray(0, 24)));
      assert.match(error.code, /^config-/);
      try {
        connectionRequestFromGlide(bytes);
      } catch (error) {
        assert.ok(error instanceof KeyrotorError && error.code.startsWith('config-'), String(error));
      }
    }
  }
  assert.ok(errors > 3000, `only ${errors} were refused`);
});

test('B01 JSON as deep as one likes is an error', async () => {
  const deep = '{"authenticationInfo":'.repeat(100_000);
  assert.equal((await failureOf(() => new TokenManager(deep))).code, 'config-malformed');
});

test('B01 a panic becomes an error, and the process lives', async () => {
  const { code, stdout, stderr } = await program('panic');
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'alive\n');
  assert.match(stderr, /panicked at .*\s+rehearsed/);
});

test('B01 native code that is called in a wrong way throws', async () => {
  const Wrong = native.NativeManager as unknown as new (...args: unknown[]) => unknown;
  for (const args of [[], ['text', 'json'], [Buffer.from('{}'), 'yaml'], [{}, 'json']]) {
    assert.equal((await failureOf(() => guarded(() => new Wrong(...args)))).code, 'internal');
  }
});

test('B01 every function of the addon catches panics', () => {
  const folder = new URL('bindings/node/src/', ROOT);
  let functions = 0;
  for (const file of readdirSync(folder)) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    // The attribute, then others, then what it stands on.
    for (const [, attribute, item] of text.matchAll(
      /#\[napi(\([^\]]*\))?\]\s*(?:#\[[^\]]*\]\s*)*(pub [^\n]*|impl [^\n]*)/g,
    )) {
      if (!item?.startsWith('pub fn') && !item?.startsWith('pub async fn')) continue;
      functions++;
      assert.match(attribute ?? '', /catch_unwind/, `${file}: ${item}`);
    }
  }
  assert.ok(functions >= 22, `only ${functions} functions were found`);
});
