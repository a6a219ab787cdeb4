/** No value of ours shows a secret, however it is printed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';

import { Client, TokenManager, type ClientOptions } from '../lib/index.js';
import { Emulator } from './emulator.js';
import { failureOf, identity } from './support.js';

/** Every way that a value becomes text. */
function texts(value: object): string[] {
  return [
    inspect(value),
    inspect(value, { depth: null, showHidden: true, getters: false }),
    inspect(value, { depth: null, showHidden: true, customInspect: false }),
    inspect({ nested: [value] }, { depth: null }),
    format('%s %o %O %j', value, value, value, value),
    JSON.stringify(value),
    JSON.stringify({ value, own: Object.getOwnPropertyNames(value), entries: Object.entries(value) }),
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- plain status objects are among them
    String(value),
    value instanceof Error ? `${value.message} ${value.stack ?? ''} ${inspect(value.cause)}` : '',
  ];
}

test('T17 nothing that is printed holds a secret', async () => {
  await using emulator = await Emulator.start();
  const secretKey = identity.accessKey?.secretAccessKey ?? '';
  using manager = new TokenManager({ elastiCache: identity });
  manager.on('token', () => undefined);
  const credential = await manager.credentialAsync();
  const signature = /X-Amz-Signature=([0-9a-f]{64})/.exec(credential.secret)?.[1] ?? '';
  assert.equal(signature.length, 64);

  await using client = await Client.connect(emulator.request() as unknown as ClientOptions);
  const wrong = emulator.request({ authenticationInfo: { iamCredentials: { clusterName: 'another' } } });
  const refused = await failureOf(Client.connect(wrong as unknown as ClientOptions));
  const invalid = await failureOf(
    () => new TokenManager({ elastiCache: { ...identity, clusterName: 'a b' } }),
  );
  const misspelt = await failureOf(
    () => new TokenManager({ elastiCache: { ...identity, [secretKey.slice(0, 3)]: secretKey } }),
  );
  const unreadable = await failureOf(() => new TokenManager(`{"authenticationInfo": "${secretKey}"`));
  const password = 'hunter2-hunter2';
  using fixed = new TokenManager({ password: { password } });
  const status = client.status();
  assert.ok(status);

  const values = [
    manager,
    credential,
    client,
    refused,
    invalid,
    misspelt,
    unreadable,
    fixed,
    fixed.credential(),
  ];
  for (const value of [...values, status, manager.status(), client.stats(), client.batch()]) {
    for (const text of texts(value)) {
      for (const secret of [secretKey, signature, password]) {
        assert.ok(!text.includes(secret), `a secret in ${text.replaceAll(secret, '<SECRET>')}`);
      }
    }
  }
  assert.match(inspect(credential), /^Credential\(iam-user-01, \*\*\*, generation 1\)$/);
  assert.equal((JSON.parse(JSON.stringify(credential)) as { secret: string }).secret, '***');
});
