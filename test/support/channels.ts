/** Subscribes to channels of node:diagnostics_channel for the length of one test. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';

export interface Told {
  readonly channel: string;
  readonly message: Record<string, unknown>;
}

/** @param names without their `handfast:`. @returns what is told on them from now on, in order. */
export function listenTo(...names: string[]): Told[] {
  const told: Told[] = [];
  for (const name of names) {
    const channel = `handfast:${name}`;
    const hear = (message: unknown): void => void told.push({ channel: name, message: message as Told['message'] });
    subscribe(channel, hear);
    onTestFinished(() => void unsubscribe(channel, hear));
  }
  return told;
}
