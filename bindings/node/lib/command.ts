/** Commands and replies. */

import { argumentInvalid, type KeyrotorError } from './errors.js';
import type { Decode, WireArgument } from './native.js';

/** An argument of a command: text is sent as UTF-8, a number as its decimal digits, bytes as they are. */
export type Argument = string | Uint8Array | number | bigint;

/**
 * A reply. Integers are numbers, or a `bigint` where a number would not be exact; nil is `null`; RESP3's maps and
 * sets are `Map` and `Set`. An error stands where the server put one inside of another reply.
 */
export type Reply =
  | string
  | Buffer
  | number
  | bigint
  | boolean
  | null
  | KeyrotorError
  | Reply[]
  | Map<Reply, Reply>
  | Set<Reply>;

/** How replies are read. */
export interface DecodeOptions {
  /** What bulk strings become. Unset: `string`, UTF-8, where bytes that are not UTF-8 become U+FFFD. */
  decode?: Decode;
}

/** @internal */
export function wire(command: readonly Argument[]): WireArgument[] {
  if (!Array.isArray(command)) throw argumentInvalid('a command is an array, such as ["GET", "key"]');
  return command.map((argument: unknown, index) => {
    if (typeof argument === 'string' || argument instanceof Uint8Array) return argument;
    if (typeof argument === 'number' || typeof argument === 'bigint') return String(argument);
    const found = argument === null ? 'null' : typeof argument;
    throw argumentInvalid(`argument ${index} is ${found}; a string, bytes or a number is expected`);
  });
}
