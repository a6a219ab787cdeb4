/** The vectors that every language reads. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import { Client, KeyrotorError, TokenManager, type TokenManagerOptions } from '../lib/index.js';
import { readJson, ROOT } from './emulator.js';

interface TokenVector {
  id: string;
  service: string;
  region: string;
  expires: number;
  access_key_id: string;
  secret_access_key: string;
  session_token: string | null;
  action: string;
  cluster_name: string | null;
  user: string | null;
  hostname: string | null;
  port: number | null;
  name_valid: boolean;
  token: string;
}

interface RequestCase {
  name: string;
  message: 'ConnectionRequest' | 'TokenManagerRequest';
  json: string | null;
  protobuf: string | null;
  expect: { code: string; field: string | null; retryable: boolean; message: string[] };
}

function options(vector: TokenVector): TokenManagerOptions {
  const { region, user, cluster_name, hostname, port, session_token } = vector;
  const accessKey = {
    accessKeyId: vector.access_key_id,
    secretAccessKey: vector.secret_access_key,
    ...(session_token === null ? {} : { sessionToken: session_token }),
  };
  const cache = { clusterName: cluster_name ?? '', username: user ?? '', region, accessKey };
  const database = { host: hostname ?? '', region, accessKey };
  const made: Record<string, TokenManagerOptions> = {
    elasticache: { elastiCache: cache },
    'elasticache-serverless': { elastiCache: { ...cache, serverless: true } },
    memorydb: { memoryDb: cache },
    rds: { rds: { ...database, port: port ?? 0, username: user ?? '' } },
    dsql: {
      dsql:
        vector.action === 'DbConnectAdmin' ? { ...database, admin: true } : { ...database, username: 'app' },
    },
  };
  const found = made[vector.service];
  assert.ok(found, `an unknown service: ${vector.service}`);
  return found;
}

/** A token's host and parameters, without what the time of signing decides. */
function parameters(token: string): Record<string, string> {
  const url = new URL(`http://${token}`);
  const found = Object.fromEntries(url.searchParams);
  assert.match(found['X-Amz-Signature'] ?? '', /^[0-9a-f]{64}$/);
  assert.match(found['X-Amz-Date'] ?? '', /^\d{8}T\d{6}Z$/);
  const credential = found['X-Amz-Credential']?.replace(/\/\d{8}\//, '/DATE/') ?? '';
  const { 'X-Amz-Signature': _signature, 'X-Amz-Date': _date, ...rest } = found;
  return { ...rest, 'X-Amz-Credential': credential, host: token.slice(0, token.indexOf('/')) };
}

test('T01 every vector of the default life has the same parameters', async () => {
  const { vectors } = readJson('tests/vectors/tokens.json') as { vectors: TokenVector[] };
  const checked = vectors.filter(vector => vector.name_valid && vector.expires === 900);
  assert.ok(checked.length > 30, 'the vectors are missing');
  for (const vector of checked) {
    using manager = new TokenManager(options(vector));
    const expected = parameters(vector.token);
    if (vector.service.startsWith('elasticache')) {
      // Lower-cased before signing, as the service does with names.
      expected['host'] = expected['host']?.toLowerCase() ?? '';
      expected['User'] = expected['User']?.toLowerCase() ?? '';
    }
    const token = await manager.tokenAsync();
    assert.deepEqual(parameters(token), expected, vector.id);
    assert.equal(manager.token(), token);
  }
});

async function refused(
  message: RequestCase['message'],
  request: string | Uint8Array,
): Promise<KeyrotorError> {
  try {
    if (message === 'TokenManagerRequest') new TokenManager(request).close();
    else (await Client.connect(request)).close();
  } catch (error) {
    assert.ok(error instanceof KeyrotorError, String(error));
    return error;
  }
  throw new Error('it was not refused');
}

const { cases } = readJson('tests/vectors/requests.json') as { cases: RequestCase[] };
assert.ok(cases.length > 50, 'the requests are missing');

for (const { name, message, json, protobuf, expect } of cases) {
  test(`B02 a request is refused alike in both forms: ${name}`, async () => {
    assert.ok(json !== null || protobuf !== null);
    const forms = [json, protobuf === null ? null : Uint8Array.from(Buffer.from(protobuf, 'base64'))];
    for (const form of forms) {
      if (form === null) continue;
      const error = await refused(message, form);
      assert.equal(error.code, expect.code, error.message);
      assert.equal(error.field ?? null, expect.field);
      assert.equal(error.retryable, expect.retryable);
      assert.equal(error.name, 'ConfigError');
      for (const text of expect.message)
        assert.ok(error.message.includes(text), `${text} in: ${error.message}`);
    }
  });
}

test('every file of vectors is read', () => {
  assert.deepEqual(readdirSync(new URL('tests/vectors/', ROOT)).sort(), ['requests.json', 'tokens.json']);
});
