/** Uses something and leaves it open: this program must end by itself. */

import { Client, TokenManager } from '../../lib/index.js';
import { identity } from '../support.js';

const [, , what, request = ''] = process.argv;
const manager = new TokenManager({ elastiCache: identity });

switch (what) {
  case 'manager':
    await manager.refresh();
    console.log('used');
    break;
  case 'listeners':
    for (const name of ['error', 'stale', 'recovered'] as const) manager.on(name, () => undefined);
    manager.on('token', () => undefined);
    await manager.refresh();
    console.log('used');
    break;
  case 'client': {
    const client = await Client.connect(request);
    await client.execute(['PING']);
    console.log('used');
    break;
  }
  case 'waiting':
    void Client.connect(request)
      .then(client => client.execute(['PING']))
      .then(() => {
        console.log('answered after the end of the program');
      });
    break;
}
