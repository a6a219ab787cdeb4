/** The package as those who install it see it. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Emulator, ROOT } from './emulator.js';
import { node } from './support.js';

const HERE = fileURLToPath(new URL('bindings/node', ROOT));

/** A folder of a stranger's, with the package installed and this file in it. */
async function strangers(file: string, text: string, env: Record<string, string> = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'keyrotor-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(HERE, join(folder, 'node_modules', 'keyrotor'));
    symlinkSync(join(HERE, 'node_modules', 'redis'), join(folder, 'node_modules', 'redis'));
    writeFileSync(join(folder, file), text);
    const { code, stdout, stderr } = await node([file], env, folder);
    assert.equal(code, 0, stderr);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const USE = "const m = new TokenManager({ password: { password: 'x' } }); console.log(m.token()); m.close();";

test('it can be imported', async () => {
  assert.equal(await strangers('a.mjs', `import { TokenManager } from 'keyrotor'; ${USE}`), 'x\n');
});

test('it can be required', async () => {
  assert.equal(await strangers('a.cjs', `const { TokenManager } = require('keyrotor'); ${USE}`), 'x\n');
});

test('it has the version of the workspace, and depends on nothing', () => {
  const manifest = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8')) as Record<string, unknown>;
  const version = /\[workspace\.package\][^[]*?version = "([^"]+)"/.exec(
    readFileSync(new URL('Cargo.toml', ROOT), 'utf8'),
  );
  assert.equal(manifest['version'], version?.[1]);
  assert.equal(manifest['dependencies'], undefined);
  for (const pinned of Object.values(manifest['devDependencies'] as Record<string, string>))
    assert.match(pinned, /^\d/);
});

test('the lockfile names no registry', () => {
  const lock = readFileSync(join(HERE, 'package-lock.json'), 'utf8');
  assert.ok(!lock.includes('"resolved"'));
});

test('the programs of the README run as they stand', async () => {
  const readme = readFileSync(join(HERE, 'README.md'), 'utf8');
  const programs = [...readme.matchAll(/```js\n\/\/ (\S+)\n(.*?)```/gs)];
  const emulate = /keyrotor emulate (.*?) --json/s
    .exec(readme)?.[1]
    ?.replaceAll('\\\n', ' ')
    .trim()
    .split(/\s+/);
  assert.ok(emulate);
  await using emulator = await Emulator.start([], emulate);
  const env = {
    CACHE_PORT: String(emulator.port),
    CACHE_CA: emulator.caFile,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'not-a-secret',
  };
  const outputs: string[] = [];
  for (const [, file = '', text = ''] of programs) outputs.push(await strangers(file, text, env));
  assert.match(outputs[0] ?? '', /^hello\nfresh 20\d\d-/);
  assert.equal(outputs[1], 'app\n');
  assert.equal(outputs[2], 'orders 0\n');
});

test('the tests of the page on CI pass', async () => {
  const page = readFileSync(new URL('tests/emulator/docs/ci.md', ROOT), 'utf8');
  const [, file = '', text = ''] = /```js\n\/\/ (\S+)\n(.*?)```/s.exec(page) ?? [];
  assert.equal(file, 'app.test.mjs');
  assert.match(await strangers(file, text, { NODE_TEST_CONTEXT: '' }), /pass 2\b/);
});

test('the demo program connects, counts and ends', async () => {
  await using emulator = await Emulator.start();
  const { create, createFileRegistry, fromBinary, toBinary, fromJson } = await import('@bufbuild/protobuf');
  const { FileDescriptorSetSchema } = await import('@bufbuild/protobuf/wkt');
  const { fileDescriptorSet } = await import('../lib/index.js');
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet));
  const schema = registry.getMessage('keyrotor.v1.ConnectionRequest');
  assert.ok(schema && create(schema));
  const folder = mkdtempSync(join(tmpdir(), 'keyrotor-'));
  const file = join(folder, 'request.bin');
  writeFileSync(file, toBinary(schema, fromJson(schema, emulator.request())));
  const { code, stdout, stderr } = await node([join(HERE, 'examples/demo.mjs'), file, '1']);
  rmSync(folder, { recursive: true });
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trimEnd().split('\n').length, 1);
  const { commands, ...rest } = JSON.parse(stdout) as Record<string, number>;
  assert.ok((commands ?? 0) > 100);
  assert.deepEqual(rest, { host: 'node', failures: 0, rotations: 0, reauths: 0, reconnects: 0 });
  const failed = await node([join(HERE, 'examples/demo.mjs'), file, '1']);
  assert.equal(failed.code, 1);
});
