/** What a manager tells its listeners, and only while there are any. Not API. */

import { AsyncResource } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';

import { Credential } from './credential.js';
import { errorOf, guarded } from './errors.js';
import { host } from './host.js';
import type { TokenManagerEvents } from './manager.js';
import type { CredentialInfo, EventInfo, NativeHost, NativeManager, NativeWatch } from './native.js';
import { eventOf } from './status.js';

type Emitter = EventEmitter<TokenManagerEvents>;
type Name = keyof TokenManagerEvents;
type Listener = (...items: unknown[]) => void;

interface Running {
  ticket: number;
  watch: NativeWatch;
}

const EVENTS: readonly Name[] = ['error', 'stale', 'recovered'];

export class Watches {
  readonly #emitter: Emitter;
  readonly #native: NativeManager;
  #tokens: Running | undefined;
  #events: Running | undefined;
  #latest: Credential | undefined;

  constructor(emitter: Emitter, native: NativeManager) {
    this.#emitter = emitter;
    this.#native = native;
    // These two are Node's own events, which its types leave out where an emitter lists its events.
    const plain = emitter as unknown as EventEmitter;
    plain.on('newListener', (name: Name, listener: Listener) => {
      this.#added(name, listener);
    });
    plain.on('removeListener', (name: Name) => {
      this.#removed(name);
    });
  }

  /** Ends all of them; listeners stay, and hear nothing more. */
  end(): void {
    stop(this.#tokens);
    stop(this.#events);
    this.#tokens = this.#events = this.#latest = undefined;
  }

  #added(name: Name, listener: Listener): void {
    if (name === 'token') {
      this.#tokens ??= run(
        (host, ticket) => this.#native.watchTokens(host, ticket),
        item => {
          this.#latest = new Credential(item as CredentialInfo);
          this.#emit('token', this.#latest);
        },
      );
      if (this.#latest) this.#catchUp(listener);
    } else if (EVENTS.includes(name)) {
      this.#events ??= run(
        (host, ticket) => this.#native.watchEvents(host, ticket),
        item => {
          this.#happened(item as EventInfo);
        },
      );
    }
  }

  /** Who comes later than the token sees it too. */
  #catchUp(listener: Listener): void {
    queueMicrotask(() => {
      const listeners = this.#emitter.rawListeners('token') as (Listener & { listener?: Listener })[];
      const added = listeners.findLast(raw => raw === listener || raw.listener === listener);
      if (added && this.#latest) call(this.#emitter, added, this.#latest);
    });
  }

  #removed(name: Name): void {
    if (name === 'token' && this.#emitter.listenerCount('token') === 0) {
      stop(this.#tokens);
      this.#tokens = this.#latest = undefined;
    } else if (EVENTS.every(event => this.#emitter.listenerCount(event) === 0)) {
      stop(this.#events);
      this.#events = undefined;
    }
  }

  #happened(info: EventInfo): void {
    switch (info.kind) {
      case 'EVENT_FETCH_FAILED':
        if (info.error) this.#emit('error', errorOf(info.error));
        break;
      case 'EVENT_DEGRADED':
      case 'EVENT_EXPIRED':
        this.#emit('stale', eventOf(info));
        break;
      case 'EVENT_RECOVERED':
        this.#emit('recovered', eventOf(info));
        break;
    }
  }

  /** Like `emit`, but a listener that throws keeps nobody else from hearing. */
  #emit(name: Name, item: unknown): void {
    for (const listener of this.#emitter.rawListeners(name)) call(this.#emitter, listener as Listener, item);
  }
}

function call(emitter: Emitter, listener: Listener, item: unknown): void {
  try {
    Reflect.apply(listener, emitter, [item]);
  } catch (thrown) {
    // As with any event of Node's, it is the process's affair; but the others hear first.
    process.nextTick(() => {
      throw thrown;
    });
  }
}

function run(
  begin: (host: NativeHost, ticket: number) => NativeWatch,
  take: (item: unknown) => void,
): Running {
  // Listeners run in the async context of whoever began to listen, not of whoever used keyrotor first.
  const ticket = host().stream(AsyncResource.bind(take));
  try {
    return { ticket, watch: guarded(() => begin(host().native, ticket)) };
  } catch (error) {
    host().forget(ticket);
    throw error;
  }
}

function stop(running: Running | undefined): void {
  if (!running) return;
  host().forget(running.ticket);
  running.watch.stop();
}
