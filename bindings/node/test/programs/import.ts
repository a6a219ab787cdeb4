/** Counts threads and descriptors around the import, the construction and the first use. */

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { counts } from './counts.js';

// Node's own threads and descriptors are there before the count: its pool, and its loaders of both kinds.
await Promise.all(Array.from({ length: 16 }, () => readFile('/proc/self/stat')));
await import('node:http');
createRequire(import.meta.url);
readFileSync('/proc/self/stat');

const before = counts();
const { TokenManager } = await import('../../lib/index.js');
const imported = counts();
const accessKey = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const elastiCache = { clusterName: 'my-cluster', username: 'app', region: 'eu-west-1', accessKey };
const managers = [new TokenManager({ elastiCache }), new TokenManager({ elastiCache })];
const constructed = counts();
for (const manager of managers) await manager.tokenAsync();
const used = counts();
for (const manager of managers) manager.close();
process.stdout.write(JSON.stringify({ before, imported, constructed, used }));
