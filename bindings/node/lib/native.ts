/** The addon: where it is looked for, and what it offers. Not API. */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface ErrorInfo {
  number: number;
  code: string;
  message: string;
  retryable: boolean;
  field?: string;
  serverText?: string;
  source?: string;
  /** What a function of JavaScript's threw. */
  thrown?: { function: number; question: number };
}

export interface FunctionInfo {
  name: string;
  number: number;
}

export interface QuestionInfo {
  function: number;
  question: number;
  wantsKeys: boolean;
}

export interface AnswerInfo {
  name: string;
  secret: string;
  sessionToken?: string;
  expiresAt?: number;
}

export interface CredentialInfo {
  user: string;
  secret: string;
  issuedAt: number;
  expiresAt?: number;
  generation: number;
}

export interface EventInfo {
  kind: string;
  at?: number;
  source: string;
  generation: number;
  expiresAt?: number;
  error?: ErrorInfo;
}

export interface CountsInfo {
  attempts: number;
  fetched: number;
  failed: number;
  rejected: number;
  subscribers: number;
}

export interface StatusInfo {
  state: string;
  source: string;
  username: string;
  generation: number;
  issuedAt?: number;
  expiresAt?: number;
  nextRefreshAt?: number;
  lastError?: ErrorInfo;
  counts: CountsInfo;
  warnings: string[];
  fallback: boolean;
  identity: string;
}

export interface StatsInfo {
  commands: number;
  failures: number;
  reauths: number;
  reconnects: number;
  inFlight: number;
}

export type Encoding = 'protobuf' | 'json';
export type Decode = 'string' | 'buffer';
export type BatchKind = 'plain' | 'atomic';
export type WireArgument = string | Uint8Array;

/** Makes what native code leaves to JavaScript. */
export interface Makers {
  error(info: ErrorInfo): unknown;
  map(flat: unknown[]): unknown;
  set(items: unknown[]): unknown;
  bigint(digits: string): unknown;
}

export interface NativeHost {
  drain(makers: Makers): unknown[];
  answer(question: number, answer: AnswerInfo): void;
  fail(question: number, kind: string): void;
}

export interface NativeWatch {
  stop(): void;
}

export interface NativeManager {
  start(): void;
  token(): string;
  credential(): CredentialInfo;
  credentialAsync(host: NativeHost, ticket: number): void;
  refresh(host: NativeHost, ticket: number): void;
  reject(generation: number): void;
  accept(generation: number): void;
  watchTokens(host: NativeHost, ticket: number): NativeWatch;
  watchEvents(host: NativeHost, ticket: number): NativeWatch;
  status(): StatusInfo;
  close(): void;
}

export interface NativeClient {
  execute(args: WireArgument[], decode: Decode, host: NativeHost, ticket: number): void;
  executeBatch(
    commands: WireArgument[][],
    kind: BatchKind,
    decode: Decode,
    host: NativeHost,
    ticket: number,
  ): void;
  status(): StatusInfo | null;
  stats(): StatsInfo;
  close(): void;
}

interface Native {
  NativeHost: new (wake: () => void) => NativeHost;
  NativeManager: new (
    request: Uint8Array,
    encoding: Encoding,
    host: NativeHost,
    functions: FunctionInfo[],
  ) => NativeManager;
  connect(
    request: Uint8Array,
    encoding: Encoding,
    functions: FunctionInfo[],
    host: NativeHost,
    ticket: number,
  ): void;
  functionNumber(): number;
  convertGlideRequest(bytes: Uint8Array): Buffer;
  descriptorSet(): Buffer;
  /** In builds with the command; holds the thread until it ends, with its exit status. */
  main?: (args: string[]) => number;
  /** In debug builds. */
  rehearsePanic?: () => void;
  /** In debug builds. */
  rehearsePanicInBackground?: (host: NativeHost, ticket: number) => void;
}

/** Beside package.json, two folders above this file once it is compiled. */
const ADDON = new URL('../../keyrotor.node', import.meta.url);

function load(): Native {
  const path = fileURLToPath(ADDON);
  try {
    return createRequire(import.meta.url)(path) as Native;
  } catch (cause) {
    throw new Error(
      `keyrotor's addon cannot be loaded from ${path} (${process.platform} ${process.arch}, Node ${process.version}). ` +
        'If it is missing, no build of it came with this package: build it with `npm run native`; ' +
        'if it is there, it was built for another platform.',
      { cause },
    );
  }
}

export const native = load();
