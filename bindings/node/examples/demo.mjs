// Counts for a while and says what went wrong: `node demo.mjs REQUEST_FILE SECONDS`.
// REQUEST_FILE holds the protobuf bytes of a keyrotor.v1.ConnectionRequest.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from 'keyrotor';

const [, , requestFile, seconds] = process.argv;
if (!requestFile || !(Number(seconds) > 0)) {
  console.error('usage: node demo.mjs REQUEST_FILE SECONDS');
  process.exit(1);
}

const client = await Client.connect(readFileSync(requestFile)).catch(error => {
  console.error(`${error.code}: ${error.message}`);
  process.exit(1);
});

await client.execute(['CLIENT', 'SETNAME', 'demo-node']);

let commands = 0;
let failures = 0;
let previous;
const end = performance.now() + Number(seconds) * 1000;
while (performance.now() < end) {
  commands += 1;
  try {
    const reply = await client.execute(['INCR', 'demo:node']);
    if (previous !== undefined && reply !== previous + 1) failures += 1;
    previous = reply;
  } catch {
    failures += 1;
  }
  await sleep(1);
}

const rotations = (client.status()?.generation ?? 1) - 1;
const { reauths, reconnects } = client.stats();
console.log(JSON.stringify({ host: 'node', commands, failures, rotations, reauths, reconnects }));
client.close();
