/** Several commands in one piece. */

import { wire, type Argument, type DecodeOptions, type Reply } from './command.js';
import { host } from './host.js';
import type { NativeClient } from './native.js';

/** How the commands of a batch belong together. */
export interface BatchOptions extends DecodeOptions {
  /** Between MULTI and EXEC. Unset: false. */
  atomic?: boolean;
}

/** A way to send commands together; it may be used again and again. */
export class Batch {
  readonly #native: NativeClient;
  readonly #options: BatchOptions;

  /** @internal */
  constructor(native: NativeClient, options: BatchOptions) {
    this.#native = native;
    this.#options = options;
  }

  /**
   * Sends the commands in one piece and waits for all replies. An error of the server to one command stands, as a
   * {@link ServerError}, in the place of its reply; of an aborted transaction it is thrown.
   */
  async execute(commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
    const args = commands.map(wire);
    const { atomic = false, decode = 'string' } = this.#options;
    return host().call<Reply[]>((host, ticket) => {
      this.#native.executeBatch(args, atomic ? 'atomic' : 'plain', decode, host, ticket);
    });
  }
}
