/** The client. */

import { inspect } from 'node:util';

import { Batch, type BatchOptions } from './batch.js';
import type { Callbacks } from './callbacks.js';
import { wire, type Argument, type DecodeOptions, type Reply } from './command.js';
import type { ClientOptions, ConnectionRequestJson } from './connection.js';
import { guarded } from './errors.js';
import { host } from './host.js';
import { native, type NativeClient } from './native.js';
import { connectionRequest } from './request.js';
import { statusOf, type ClientStats, type Status } from './status.js';

/**
 * A Redis and Valkey client of one server, logged in for as long as it lives.
 *
 * All commands share one connection, which logs in again before the server's lease ends and is replaced when it is
 * lost. A command that was in flight when the connection was lost fails with `network-disconnected`: whether it ran
 * is not known, and it is never sent twice unless the server said that it did not run. A client keeps no process
 * alive; a command that waits for its reply does.
 *
 * @example
 * const client = await Client.connect({
 *   addresses: [{ host: 'my-cache.example.com' }],
 *   tlsMode: 'SecureTls',
 *   credentials: { elastiCache: { clusterName: 'my-cache', username: 'app', region: 'eu-west-1' } },
 * });
 * await client.execute(['SET', 'key', 'value']);
 */
export class Client {
  readonly #native: NativeClient;

  private constructor(native: NativeClient) {
    this.#native = native;
  }

  /**
   * Connects and logs in; a failure leaves nothing behind. Takes native options, the JSON of a `ConnectionRequest`
   * as an object or a text, or its protobuf bytes. `callbacks` are the functions that the request names.
   *
   * @throws {ConfigError} for the request, {@link CredentialsError} for the token, {@link NetworkError} on the way to
   * the server, {@link AuthError} where it refused the login, with its own words in `serverText`.
   */
  static async connect(
    request: ClientOptions | ConnectionRequestJson | string | Uint8Array,
    { callbacks }: { callbacks?: Callbacks } = {},
  ): Promise<Client> {
    const { bytes, encoding, functions } = connectionRequest(request, callbacks);
    const connecting = host().call<NativeClient>((host, ticket) => {
      native.connect(bytes, encoding, functions.infos(), host, ticket);
    });
    const made = await connecting;
    functions.keepWith(made);
    return new Client(made);
  }

  /**
   * Sends a command and waits for its reply, for as long as the request's timeout allows.
   *
   * @throws {ServerError} with the server's text in `serverText` where the server answered with an error;
   * {@link AuthError} at once while no login can be made; {@link NetworkError}, {@link RequestError},
   * {@link ClosedError}.
   */
  async execute(command: readonly Argument[], options: DecodeOptions = {}): Promise<Reply> {
    const args = wire(command);
    return host().call<Reply>((host, ticket) => {
      this.#native.execute(args, options.decode ?? 'string', host, ticket);
    });
  }

  /** Commands that are sent together; `atomic` ones run as a transaction. */
  batch(options: BatchOptions = {}): Batch {
    return new Batch(this.#native, options);
  }

  /** How the login's token stands; `null` where the client does not log in. */
  status(): Status | null {
    const info = guarded(() => this.#native.status());
    return info ? statusOf(info) : null;
  }

  /** What happened so far. */
  stats(): ClientStats {
    return guarded(() => this.#native.stats());
  }

  /** Closes the connection and ends all background work. Harmless when repeated. */
  close(): void {
    guarded(() => {
      this.#native.close();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  toJSON(): ClientStats {
    return this.stats();
  }

  toString(): string {
    const { commands, failures, reauths, reconnects } = this.stats();
    return `Client(commands ${commands}, failures ${failures}, reauths ${reauths}, reconnects ${reconnects})`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
