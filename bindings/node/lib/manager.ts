/** The token manager. */

import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';

import type { Callbacks } from './callbacks.js';
import { Credential } from './credential.js';
import type { TokenManagerOptions, TokenManagerRequestJson } from './credentials.js';
import { guarded, type KeyrotorError } from './errors.js';
import { host } from './host.js';
import { native, type CredentialInfo, type NativeManager } from './native.js';
import { managerRequest } from './request.js';
import { statusOf, type Status, type TokenEvent } from './status.js';
import { Watches } from './watches.js';

/** The events of a manager. */
export interface TokenManagerEvents {
  /** The current credential at once, then each newer one. */
  token: [credential: Credential];
  /** A round of fetching failed. Emitted only where somebody listens. */
  error: [error: KeyrotorError];
  /** The last refresh failed: `degraded` while the token is still valid, `expired` after it. */
  stale: [event: TokenEvent];
  /** The first refresh that succeeds after a failure. */
  recovered: [event: TokenEvent];
}

/**
 * Keeps one identity's token fresh.
 *
 * Nothing runs before the first use: no thread, no file, no network. From then on it refreshes in the background
 * and never stops trying. It keeps no process alive; call {@link close} to end it earlier.
 *
 * @example
 * const manager = new TokenManager({ elastiCache: { clusterName: 'my-cache', username: 'app', region: 'eu-west-1' } });
 * const token = await manager.tokenAsync();
 */
export class TokenManager extends EventEmitter<TokenManagerEvents> {
  readonly #native: NativeManager;
  readonly #watches: Watches;

  /**
   * From native options, from the JSON of a `TokenManagerRequest` as an object or a text, or from its protobuf bytes.
   * `callbacks` are the functions that the request names.
   *
   * @throws {ConfigError} with the path of the field that is wrong.
   */
  constructor(
    request: TokenManagerOptions | TokenManagerRequestJson | string | Uint8Array,
    { callbacks }: { callbacks?: Callbacks } = {},
  ) {
    super();
    const { bytes, encoding, functions } = managerRequest(request, callbacks);
    this.#native = guarded(() => new native.NativeManager(bytes, encoding, host().native, functions.infos()));
    functions.keepWith(this.#native);
    this.#watches = new Watches(this, this.#native);
  }

  /**
   * The token, without waiting: a cached one, or one signed on the spot where the cloud's keys are at hand.
   *
   * @throws {CredentialsError} with `code` `credentials-pending` where one must be fetched first: the fetch is under
   * way, and {@link tokenAsync} waits for it. Else the source's own error.
   */
  token(): string {
    return guarded(() => this.#native.token());
  }

  /** Like {@link token}, waiting for a fetch where one is needed, at most for the source's budget. */
  async tokenAsync(): Promise<string> {
    return (await this.credentialAsync()).secret;
  }

  /** The token with its user, times and generation; otherwise like {@link token}. */
  credential(): Credential {
    return new Credential(guarded(() => this.#native.credential()));
  }

  /** The token with its user, times and generation; otherwise like {@link tokenAsync}. */
  async credentialAsync(): Promise<Credential> {
    const fetching = host().call<CredentialInfo>((host, ticket) => {
      this.#native.credentialAsync(host, ticket);
    });
    return new Credential(await fetching);
  }

  /**
   * Fetches a new token now, whatever the age of the current one; a fetch that is under way is joined. On failure
   * the current token stays.
   */
  async refresh(): Promise<Credential> {
    const fetching = host().call<CredentialInfo>((host, ticket) => {
      this.#native.refresh(host, ticket);
    });
    return new Credential(await fetching);
  }

  /**
   * Tells the manager that a server refused this generation: it is not handed out again, and a new one is fetched
   * at once, later ones with growing pauses.
   */
  reject(generation: number): void {
    guarded(() => {
      this.#native.reject(generation);
    });
  }

  /** Tells the manager that a server took this generation, which ends the pauses after refusals. */
  accept(generation: number): void {
    guarded(() => {
      this.#native.accept(generation);
    });
  }

  /** Begins with the first fetch, for whoever wants it done before the first call. Harmless when repeated. */
  start(): void {
    guarded(() => {
      this.#native.start();
    });
  }

  /** How it stands, without touching anything. */
  status(): Status {
    return statusOf(guarded(() => this.#native.status()));
  }

  /** Ends the background work; whoever waits gets a {@link ClosedError}. Harmless when repeated. */
  close(): void {
    this.#watches.end();
    guarded(() => {
      this.#native.close();
    });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  toJSON(): { source: string; state: string; generation: number } {
    const { source, state, generation } = this.status();
    return { source, state, generation };
  }

  override toString(): string {
    const { source, state, generation } = this.status();
    return `TokenManager(${source}, ${state}, generation ${generation})`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
