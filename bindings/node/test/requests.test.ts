/** The same request in every form: native options, JSON, and bytes of a protobuf library that is not ours. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { create, createFileRegistry, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

import {
  Client,
  connectionRequestFromGlide,
  fileDescriptorSet,
  TokenManager,
  type ClientOptions,
  type TokenManagerOptions,
} from '../lib/index.js';
import { Emulator } from './emulator.js';
import { failureOf, identity } from './support.js';

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet));

/** The bytes of a message, made by @bufbuild/protobuf from the schema that the package brings. */
function bytesOf(message: string, fields: object): Uint8Array {
  const schema = registry.getMessage(`keyrotor.v1.${message}`);
  assert.ok(schema);
  return toBinary(schema, create(schema, fields as MessageInitShape<typeof schema>));
}

let emulator: Emulator;
before(async () => {
  emulator = await Emulator.start();
});
after(() => emulator.stop());

async function whoami(request: Parameters<typeof Client.connect>[0]): Promise<unknown> {
  await using client = await Client.connect(request);
  return await client.execute(['ACL', 'WHOAMI']);
}

test('B02 C01 native options, a JSON object, JSON text and protobuf bytes connect alike', async () => {
  const { accessKey, ...rest } = identity;
  const options: ClientOptions = {
    addresses: [{ host: 'localhost', port: emulator.port }],
    tlsMode: 'SecureTls',
    rootCerts: [emulator.ca],
    credentials: { elastiCache: identity },
  };
  const bytes = bytesOf('ConnectionRequest', {
    addresses: [{ host: 'localhost', port: emulator.port }],
    tlsMode: 1,
    rootCerts: [Uint8Array.from(emulator.ca)],
    authenticationInfo: { credentials: { case: 'iamCredentials', value: { ...rest, accessKey } } },
  });
  const object = emulator.request() as unknown as ClientOptions;
  for (const request of [options, object, JSON.stringify(object), bytes]) {
    assert.equal(await whoami(request), 'iam-user-01');
  }
});

test('T01 a manager of protobuf bytes signs for what they say', async () => {
  const bytes = bytesOf('TokenManagerRequest', {
    authenticationInfo: { credentials: { case: 'iamCredentials', value: { ...identity, serviceType: 1 } } },
  });
  using manager = new TokenManager(bytes);
  assert.match(await manager.tokenAsync(), /^my-cluster\/\?Action=connect&User=iam-user-01&.*memorydb/);
  assert.equal(manager.status().source, 'memorydb-iam');
});

test('the native names stand for the arms of the oneof', () => {
  const access = {
    accessKey: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    region: 'eu-west-1',
  };
  const each: [TokenManagerOptions, string][] = [
    [{ elastiCache: identity }, 'elasticache-iam'],
    [{ elastiCache: { ...identity, serverless: true } }, 'elasticache-serverless-iam'],
    [{ memoryDb: identity }, 'memorydb-iam'],
    [
      { rds: { host: 'db.abc.eu-west-1.rds.amazonaws.com', port: 5432, username: 'app', ...access } },
      'rds-iam',
    ],
    [{ dsql: { host: 'abc.dsql.eu-west-1.on.aws', admin: true, ...access } }, 'dsql-iam'],
    [{ password: { username: 'app', password: 'hunter2' } }, 'password'],
  ];
  for (const [options, source] of each) {
    using manager = new TokenManager(options);
    assert.equal(manager.status().source, source);
    assert.equal(manager.status().state, 'idle');
  }
});

test('a password needs no fetch', () => {
  using manager = new TokenManager({ password: { username: 'app', password: 'hunter2' } });
  assert.equal(manager.token(), 'hunter2');
  const credential = manager.credential();
  assert.deepEqual([credential.user, credential.expiresAt, credential.generation], ['app', null, 1]);
});

test('B02 mistakes in native options are the core’s to find', async () => {
  const both = { elastiCache: identity, memoryDb: identity };
  const cases: [object, string, string][] = [
    [
      { elastiCache: { ...identity, username: undefined } },
      'config-missing',
      'authentication_info.iam_credentials.username',
    ],
    [
      { elastiCache: { ...identity, regoin: 'x' } },
      'config-unknown-field',
      'authentication_info.iam_credentials.regoin',
    ],
    [{ elasticCache: identity }, 'config-unknown-field', 'elasticCache'],
    [both, 'config-duplicate', 'authentication_info.iam_credentials'],
    [{ ...both, authenticationInfo: {} }, 'config-duplicate', 'authentication_info'],
    [
      { elastiCache: { ...identity, tokenLifeSeconds: NaN } },
      'config-malformed',
      'authentication_info.iam_credentials.token_life_seconds',
    ],
  ];
  for (const [options, code, field] of cases) {
    const error = await failureOf(() => new TokenManager(options));
    assert.equal(error.code, code, error.message);
    assert.equal(error.field, field);
  }
  const error = await failureOf(
    Client.connect({ addresses: [{ host: 'localhost' }], credentials: {} as never }),
  );
  assert.deepEqual([error.code, error.field], ['config-missing', 'authentication_info']);
});

test('what is no request at all is refused before it reaches the core', async () => {
  for (const request of [null, undefined, 42, true, [], { elastiCache: { region: () => 'x' } }]) {
    const error = await failureOf(() => new TokenManager(request as never));
    assert.deepEqual([error.code, error.number, error.name], ['argument-invalid', 505, 'RequestError']);
  }
});

test('a request of GLIDE’s is converted, and refused where it is not', async () => {
  // addresses { host: "localhost" port: 6379 }, tls_mode: SecureTls, authentication_info in GLIDE's layout.
  const glide = Buffer.from(
    '0a0e0a096c6f63616c686f737410eb3110013a110a0770617373313233120675736572' + '2d31',
    'hex',
  );
  const refused = await failureOf(Client.connect(glide));
  assert.equal(refused.code, 'config-glide-layout');
  const schema = registry.getMessage('keyrotor.v1.ConnectionRequest');
  assert.ok(schema);
  const converted = fromBinary(schema, connectionRequestFromGlide(glide)) as unknown as {
    authenticationInfo: { credentials: { case: string; value: { username: string; password: string } } };
  };
  const { credentials } = converted.authenticationInfo;
  assert.equal(credentials.case, 'serverCredentials');
  assert.deepEqual([credentials.value.username, credentials.value.password], ['user-1', 'pass123']);
  assert.equal(
    (await failureOf(() => connectionRequestFromGlide(Buffer.from('ff', 'hex')))).code,
    'config-malformed',
  );
});
