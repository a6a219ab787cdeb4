/** The scenarios that every language runs. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client, KeyrotorError } from '../lib/index.js';
import { Emulator, readJson, ROOT, type JsonObject } from './emulator.js';

type Step = Record<string, unknown>;

interface Scenario {
  promises: string[];
  about: string;
  emulator?: string[];
  environment?: Record<string, string | null>;
  request?: JsonObject;
  steps: Step[];
}

interface ExpectedError {
  error?: string;
  field?: string;
  server_text?: string;
  source?: string;
  retryable?: boolean;
  message?: string[];
}

class Run {
  client: Client | undefined;

  constructor(
    readonly emulator: Emulator,
    readonly request: JsonObject,
  ) {}

  get connected(): Client {
    assert.ok(this.client, 'the scenario did not connect');
    return this.client;
  }

  async step(step: Step): Promise<void> {
    const handlers: Record<string, () => unknown> = {
      connect: () => this.connect(step['connect'] as ExpectedError),
      execute: () => this.execute(step['execute'] as string[], step),
      eventually: () => this.eventually(step['eventually'] as string[], step),
      traffic: () =>
        this.traffic(step['traffic'] as string, step['seconds'] as number, step['failures'] as number),
      fault: () => this.emulator.fault(step['fault'] as string, step['body'] as JsonObject),
      status: () => {
        this.status(step['status'] as Step);
      },
      record: () => this.record(step['record'] as string, step),
      close: () => {
        this.connected.close();
      },
    };
    const kinds = Object.keys(step).filter(name => name in handlers);
    const handler = handlers[kinds[0] ?? ''];
    assert.ok(handler && kinds.length === 1, `unknown step ${JSON.stringify(step)}`);
    await handler();
  }

  async connect(expected: ExpectedError): Promise<void> {
    const connecting = Client.connect(JSON.stringify(this.request));
    if (expected.error === undefined) {
      this.client = await connecting;
      return;
    }
    const error = await failure(connecting);
    assert.equal(error.code, expected.error, error.message);
    if (expected.field !== undefined) assert.equal(error.field, expected.field);
    if (expected.server_text !== undefined) assert.equal(error.serverText, expected.server_text);
    if (expected.source !== undefined) assert.equal(error.source, expected.source);
    if (expected.retryable !== undefined) assert.equal(error.retryable, expected.retryable);
    for (const text of expected.message ?? [])
      assert.ok(error.message.includes(text), `${text} in ${error.message}`);
  }

  async execute(command: string[], step: Step): Promise<void> {
    const executing = this.connected.execute(command);
    if (step['error'] !== undefined) assert.equal((await failure(executing)).code, step['error']);
    else assert.deepEqual(await executing, step['reply']);
  }

  async eventually(command: string[], step: Step): Promise<void> {
    const end = Date.now() + (step['seconds'] as number) * 1000;
    for (;;) {
      try {
        assert.deepEqual(await this.connected.execute(command), step['reply']);
        return;
      } catch (error) {
        if (!(error instanceof KeyrotorError) || Date.now() > end) throw error;
      }
      await sleep(20);
    }
  }

  async traffic(key: string, seconds: number, allowed: number): Promise<void> {
    const end = Date.now() + seconds * 1000;
    const failures: unknown[] = [];
    let last = 0;
    while (Date.now() < end) {
      try {
        const reply = (await this.connected.execute(['INCR', key])) as number;
        assert.ok(reply > last, `${reply} after ${last}`);
        last = reply;
      } catch (error) {
        failures.push(error);
      }
      await sleep(1);
    }
    assert.ok(last > 100, `only ${last} commands`);
    assert.ok(failures.length <= allowed, `${failures.length} failures, such as ${String(failures[0])}`);
  }

  status(expected: Step): void {
    const status = this.connected.status();
    assert.ok(status);
    if (expected['state']) assert.ok((expected['state'] as string[]).includes(status.state), status.state);
    if (expected['source']) assert.equal(status.source, expected['source']);
    assert.ok(status.generation >= ((expected['generation_at_least'] as number | undefined) ?? 0));
  }

  async record(path: string, step: Step): Promise<void> {
    const found = (await this.emulator.record(path)) as number;
    if (step['equals'] !== undefined) assert.equal(found, step['equals'], path);
    if (step['at_least'] !== undefined)
      assert.ok(found >= (step['at_least'] as number), `${path} is ${found}`);
    if (step['at_most'] !== undefined) assert.ok(found <= (step['at_most'] as number), `${path} is ${found}`);
  }
}

async function failure(promise: Promise<unknown>): Promise<KeyrotorError> {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof KeyrotorError, 'an error was expected');
  return error;
}

function setEnvironment(variables: Record<string, string | null>): () => void {
  const before = Object.keys(variables).map(name => [name, process.env[name]] as const);
  const set = (name: string, value: string | null | undefined) => {
    if (value === null || value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(variables)) set(name, value);
  return () => {
    for (const [name, value] of before) set(name, value);
  };
}

const folder = new URL('tests/scenarios/', ROOT);
const names = readdirSync(folder).filter(name => name.endsWith('.json') && name !== 'base.json');
assert.ok(names.length >= 11, 'the scenarios are missing');

for (const name of names) {
  const scenario = readJson(`tests/scenarios/${name}`) as Scenario;
  test(`${scenario.promises.join(' ')} ${name}: ${scenario.about}`, async () => {
    const restore = setEnvironment(scenario.environment ?? {});
    const emulator = await Emulator.start(scenario.emulator);
    const run = new Run(emulator, emulator.request(scenario.request));
    try {
      for (const step of scenario.steps) await run.step(step);
    } finally {
      run.client?.close();
      await emulator.stop();
      restore();
    }
  });
}
