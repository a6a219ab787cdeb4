/** Replies of every kind, from a real server. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Client, ServerError, type KeyrotorError, type Reply } from '../lib/index.js';
import { Emulator } from './emulator.js';
import { failureOf } from './support.js';

let emulator: Emulator;
let client: Client;
before(async () => {
  emulator = await Emulator.start();
  client = await Client.connect(emulator.request() as never);
});
after(async () => {
  client.close();
  await emulator.stop();
});

const lua = (script: string): Promise<Reply> => client.execute(['EVAL', script, 0]);

test('arguments are text, bytes and numbers', async () => {
  const bytes = Uint8Array.from([0, 255, 13, 10]);
  await client.execute(['SET', Buffer.from('bytes'), bytes]);
  assert.deepEqual(await client.execute(['GET', 'bytes'], { decode: 'buffer' }), Buffer.from(bytes));
  await client.execute(['SET', 'number', 1.5]);
  assert.equal(await client.execute(['INCRBYFLOAT', 'number', -2n]), '-0.5');
  await client.execute(['SET', 'text', 'a\0bé🦀']);
  assert.equal(await client.execute(['GET', 'text']), 'a\0bé🦀');
  assert.equal(await client.execute(['STRLEN', 'text']), 9);
});

test('a wrong argument is refused before anything is sent', async () => {
  for (const command of [['GET', null], ['GET', {}], ['GET', true], 'GET key', ['GET', undefined]]) {
    const error = await failureOf(client.execute(command as never));
    assert.deepEqual([error.code, error.number], ['argument-invalid', 505]);
  }
  assert.equal((await failureOf(client.execute([]))).code, 'argument-invalid');
  assert.equal((await failureOf(client.execute(['SUBSCRIBE', 'news']))).code, 'command-unsupported');
});

test('text is UTF-8, and other bytes are asked for', async () => {
  await client.execute(['SET', 'raw', Buffer.from('ff41', 'hex')]);
  assert.equal(await client.execute(['GET', 'raw']), '\ufffdA');
  assert.deepEqual(await client.execute(['GET', 'raw'], { decode: 'buffer' }), Buffer.from('ff41', 'hex'));
  assert.deepEqual(await client.execute(['MGET', 'raw', 'none'], { decode: 'buffer' }), [
    Buffer.from('ff41', 'hex'),
    null,
  ]);
});

test('integers are exact', async () => {
  await client.execute(['SET', 'int', '9007199254740990']);
  assert.equal(await client.execute(['INCR', 'int']), 9007199254740991);
  assert.equal(await client.execute(['INCR', 'int']), 9007199254740992n);
  await client.execute(['SET', 'int', '-9223372036854775807']);
  assert.equal(await client.execute(['DECR', 'int']), -9223372036854775808n);
});

test('RESP3 has kinds of its own', async () => {
  await client.execute(['HSET', 'hash', 'a', 1, 'b', 2]);
  assert.deepEqual(
    await client.execute(['HGETALL', 'hash']),
    new Map([
      ['a', '1'],
      ['b', '2'],
    ]),
  );
  await client.execute(['SADD', 'set', 'x', 'y']);
  assert.deepEqual(await client.execute(['SMEMBERS', 'set']), new Set(['x', 'y']));
  await client.execute(['ZADD', 'zset', 1.5, 'm']);
  assert.equal(await client.execute(['ZSCORE', 'zset', 'm']), 1.5);
  assert.equal(await lua('redis.setresp(3); return true'), true);
  assert.equal(await lua('redis.setresp(3); return {double=3.25}'), 3.25);
  assert.equal(
    await lua("return {big_number='1234567999999999999999999999999999999'}"),
    1234567999999999999999999999999999999n,
  );
  assert.equal(await lua("return {verbatim_string={format='txt', string='plain'}}"), 'plain');
  assert.equal(await lua('return false'), null);
  assert.deepEqual(await lua("return {1, {2, 'three'}, {}}"), [1, [2, 'three'], []]);
});

test('B01 an error of the server may hold anything', async () => {
  const error = await failureOf(lua("return redis.error_reply('MYERR \\1\\127 é')"));
  assert.ok(error instanceof ServerError);
  assert.equal(error.serverText, 'MYERR \x01\x7f é');
  assert.equal(error.code, 'server-error');
  assert.equal(error.retryable, false);
  assert.match(error.stack ?? '', /ServerError: the server answered/);
  // The server itself ends its errors at a NUL; it is the rest of the connection that must not suffer.
  assert.match((await failureOf(lua("return redis.error_reply('MY\\0ERR')"))).serverText ?? '', /MY/);
  assert.equal((await failureOf(client.execute(['NO\0SUCH', 'a\0b']))).code, 'server-error');
  assert.equal(await client.execute(['ECHO', 'a\0b']), 'a\0b');
});

test('B01 an error that is no text is an error of its command only', async () => {
  await using other = await Client.connect(emulator.request() as never);
  const error = await failureOf(other.execute(['EVAL', "return redis.error_reply('MYERR \\255')", 0]));
  assert.equal(error.code, 'server-error', error.message);
  assert.equal(await other.execute(['PING']), 'PONG');
  assert.equal(other.stats().reconnects, 0);
});

test('a command that is under way when its client is closed ends', async () => {
  const other = await Client.connect(emulator.request() as never);
  const commands = Array.from({ length: 50 }, () => other.execute(['PING']).catch((error: unknown) => error));
  other.close();
  for (const outcome of await Promise.all(commands)) {
    assert.ok(outcome === 'PONG' || (outcome as KeyrotorError).code !== 'internal', String(outcome));
  }
});

test('an error inside of a reply stands in its place', async () => {
  const reply = (await lua("return {1, redis.error_reply('ERR inside'), 3}")) as Reply[];
  assert.ok(reply[1] instanceof ServerError);
  assert.equal(reply[1].serverText, 'ERR inside');
  assert.deepEqual([reply[0], reply[2]], [1, 3]);
});

test('a batch is answered command by command', async () => {
  const replies = await client.batch().execute([
    ['SET', 'k', 'v'],
    ['INCR', 'k'],
    ['GET', 'k'],
  ]);
  assert.equal(replies[0], 'OK');
  assert.ok(replies[1] instanceof ServerError);
  assert.equal(replies[2], 'v');
  assert.deepEqual(await client.batch().execute([]), []);
  assert.deepEqual(await client.batch({ decode: 'buffer' }).execute([['GET', 'k']]), [Buffer.from('v')]);
});

test('an atomic batch is a transaction', async () => {
  const batch = client.batch({ atomic: true });
  assert.deepEqual(
    await batch.execute([
      ['SET', 'n', 1],
      ['INCR', 'n'],
    ]),
    ['OK', 2],
  );
  const error = await failureOf(batch.execute([['SET', 'n', 5], ['NO-SUCH-COMMAND']]));
  assert.match(error.serverText ?? '', /unknown command/, 'the reason, not EXECABORT');
  assert.equal(await client.execute(['GET', 'n']), '2');
  assert.equal((await failureOf(batch.execute([['WATCH', 'n']]))).code, 'command-unsupported');
});

test('a thousand commands at once are answered in their order', async () => {
  const commands = Array.from({ length: 1000 }, (_, index) => client.execute(['ECHO', index]));
  assert.deepEqual(
    await Promise.all(commands),
    Array.from({ length: 1000 }, (_, index) => String(index)),
  );
  const stats = client.stats();
  assert.ok(stats.commands >= 1000);
  assert.deepEqual([stats.inFlight, stats.failures, stats.reconnects], [0, 0, 0]);
});
