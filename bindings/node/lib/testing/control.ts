/** The control API of a running emulator. */

import { login, type Login, type LoginEntry } from './login.js';

/** What can be broken, and with what. Left out or `null`: all of them, until `clear()`. */
export interface Faults {
  /** WRONGPASS: for the next `count` logins; `current` and `token_sha256` aim at one token. */
  refuse: { count?: number | null; current?: boolean; token_sha256?: string };
  /** Closes connections. */
  kill: { connection?: number };
  /** NOAUTH on connections, until they log in again. */
  forget: { connection?: number };
  /** Holds replies back, once. */
  stall: { milliseconds: number };
  /** First logins: `ERR service is not available`. */
  unavailable: { milliseconds?: number | null };
  /** Later logins: `ERR Exceeded limit of IAM Authentication requests`. */
  throttle: { milliseconds?: number | null };
  /** Later logins: `ERR IAM Authentication service is not available`. */
  'iam-outage': { milliseconds?: number | null };
  /** `false` closes new connections at once. */
  listen: { open: boolean };
  /** Kills the server behind and starts it anew, empty. */
  'restart-backend': object;
}

/** All that the emulator saw, in the control API's own names. Never a token. */
export interface EmulatorRecord {
  totals: {
    connections: number;
    logins_accepted: number;
    logins_refused: number;
    relogins: number;
    session_limit_cuts: number;
    commands: number;
    commands_refused: number;
  };
  logins: LoginEntry[];
  connections: { id: number; client_name: string | null; closed: string | null; why: string | null }[];
}

/**
 * What a running emulator saw, and how to break it. For one that somebody else has started, with
 * `keyrotor emulate -- npm test` for example: `new Control(process.env.KEYROTOR_CONTROL)`.
 */
export class Control {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address.startsWith('http') ? address : `http://${address}`;
  }

  /** All that it saw. */
  async record(): Promise<EmulatorRecord> {
    return (await this.ask('/record')) as EmulatorRecord;
  }

  /** The newest logins, at most 10,000, the last one last. */
  async logins(): Promise<Login[]> {
    return (await this.record()).logins.map(login);
  }

  /** Breaks something, as outages and revocations do; it is in force when the promise resolves. */
  async fault<Name extends keyof Faults>(
    name: Name,
    ...[body]: object extends Faults[Name] ? [body?: Faults[Name]] : [body: Faults[Name]]
  ): Promise<unknown> {
    return this.ask(`/faults/${name}`, body ?? {});
  }

  /** Ends all faults. */
  async clear(): Promise<void> {
    await this.ask('/faults/clear', {});
  }

  /** A request to the control API: GET, or POST where there is a body. */
  async ask(path: string, body?: object): Promise<unknown> {
    const response = await fetch(
      this.#address + path,
      body ? { method: 'POST', body: JSON.stringify(body) } : {},
    );
    const answer = (await response.json()) as { error?: string };
    if (answer.error) throw new Error(`${path}: ${response.status} ${answer.error}`);
    return answer;
  }
}
