// Builds the addon and puts it beside package.json, where lib/native.ts looks for it.
// `node native.mjs --release` for one that is to be shipped.

import { execFileSync } from 'node:child_process';
import { copyFileSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const release = process.argv.includes('--release');
const target = process.env.CARGO_TARGET_DIR ?? `${root}target`;
const file =
  { win32: 'keyrotor_node.dll', darwin: 'libkeyrotor_node.dylib' }[process.platform] ?? 'libkeyrotor_node.so';
const addon = fileURLToPath(new URL('keyrotor.node', import.meta.url));

const args = ['build', '--locked', '--package', 'keyrotor-node', ...(release ? ['--release'] : [])];
execFileSync('cargo', args, { cwd: root, stdio: 'inherit' });
// Put in place in one step: a process that has the old one loaded keeps it.
copyFileSync(`${target}/${release ? 'release' : 'debug'}/${file}`, `${addon}.new`);
renameSync(`${addon}.new`, addon);
