/** Managers whose logins a function gives: this program must end by itself. */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { TokenManager, type Login } from '../../lib/index.js';

const how = process.argv[2] ?? '';

/** Holds the manager that calls it. */
class Holder {
  readonly manager: TokenManager;

  constructor(fails: boolean) {
    const callback = (): Login => {
      if (fails) throw new Error(`of ${String(this.manager.status().generation)}`);
      return { user: 'app', secret: 'hunter2' };
    };
    this.manager = new TokenManager({ callback, refresh: { retry: { maxAttempts: 1 } } });
  }
}

async function used(fails: boolean): Promise<WeakRef<Holder>> {
  const holder = new Holder(fails);
  await holder.manager.tokenAsync().catch((error: unknown) => {
    assert.ok(fails, String(error));
  });
  return new WeakRef(holder);
}

switch (how) {
  case 'idle': {
    const manager = new TokenManager({
      callback: () => ({ user: 'app', secret: 'hunter2', expiresAt: Date.now() + 3_600_000 }),
    });
    await manager.tokenAsync();
    break;
  }
  case 'hanging':
    new TokenManager({ callback: () => new Promise(() => undefined) }).start();
    break;
  case 'waiting': {
    const callback = async (): Promise<Login> => {
      await sleep(100);
      return { user: 'app', secret: 'hunter2' };
    };
    await new TokenManager({ callback }).tokenAsync();
    break;
  }
  case 'collected':
    for (const fails of [false, true]) {
      const gone = await used(fails);
      const end = performance.now() + 20_000;
      while (gone.deref()) {
        assert.ok(performance.now() < end, `still there, fails: ${String(fails)}`);
        // Who was looked at stays until the end of this turn.
        await sleep(10);
        globalThis.gc?.();
      }
    }
    break;
}
console.log(how);
