/** Errors: each code's class, and the attributes that every language has. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';

import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

import * as keyrotor from '../lib/index.js';
import { errorOf } from '../lib/errors.js';
import { failureOf, identity } from './support.js';

/** By the prefix of the code's name. */
const CLASSES: [prefix: RegExp, name: string][] = [
  [/^config-/, 'ConfigError'],
  [/^credentials-/, 'CredentialsError'],
  [/^auth-/, 'AuthError'],
  [/^network-/, 'NetworkError'],
  [/^server-error$/, 'ServerError'],
  [/^(request-|command-|argument-|protocol$)/, 'RequestError'],
  [/^(closed|cancelled)$/, 'ClosedError'],
  [/^internal$/, 'InternalError'],
];

test('B02 every code of the schema has its class', () => {
  const files = fromBinary(FileDescriptorSetSchema, keyrotor.fileDescriptorSet).file;
  const codes = files.flatMap(file => file.enumType).find(type => type.name === 'Code')?.value ?? [];
  assert.ok(codes.length > 35);
  for (const { name, number } of codes) {
    if (number === 0) continue;
    const code = name.replace('CODE_', '').toLowerCase().replaceAll('_', '-');
    const error = errorOf({ number, code, message: 'text', retryable: false });
    const expected = CLASSES.find(([prefix]) => prefix.test(code))?.[1];
    assert.equal(error.name, expected, code);
    assert.equal(error.constructor, keyrotor[expected as 'ConfigError']);
    assert.ok(error instanceof keyrotor.KeyrotorError && error instanceof Error);
  }
});

test('B02 an error has the attributes of every language', async () => {
  const error = await failureOf(
    () => new keyrotor.TokenManager({ elastiCache: { ...identity, clusterName: '' } }),
  );
  const { code, number, name, retryable, field, serverText, source } = error;
  assert.deepEqual(
    { code, number, name, retryable, field, serverText, source },
    {
      code: 'config-missing',
      number: 104,
      name: 'ConfigError',
      retryable: false,
      field: 'authentication_info.iam_credentials.cluster_name',
      serverText: undefined,
      source: undefined,
    },
  );
  assert.deepEqual(error.toJSON(), { name, code, number, message: error.message, retryable, field });
  assert.ok(inspect(error).startsWith('ConfigError: authentication_info.iam_credentials.cluster_name'));
  assert.match(error.stack ?? '', /errors\.test/);
});

test('B02 a server that is not there is a retryable error of the network', async () => {
  const error = await failureOf(keyrotor.Client.connect('{"addresses": [{"host": "localhost", "port": 1}]}'));
  assert.equal(error.code, 'network-connect', error.message);
  assert.equal(error.retryable, true);
});
