/** Both ends of a channel between two processes, in one: what goes over it is copied as node:cluster copies it. */
import { EventEmitter } from 'node:events';
import type { Channel } from '../../src/node/store/primary.ts';

export interface ChannelPair {
  readonly primary: Channel;
  readonly worker: Channel;
  /** Swallows what the primary says. */
  deaf: boolean;
  disconnect(): void;
}

export function channelPair(): ChannelPair {
  const [primary, worker] = [new EventEmitter(), new EventEmitter()];
  let gone = false;
  const sends = (to: EventEmitter, heard: () => boolean) => (message: unknown, done: (error: Error | null) => void) => {
    if (gone) done(new Error('channel closed'));
    else if (heard()) setImmediate(() => to.emit('message', structuredClone(message)));
  };
  const pair: ChannelPair = {
    deaf: false,
    primary: Object.assign(primary, { send: sends(worker, () => !pair.deaf) }) as never,
    worker: Object.assign(worker, { send: sends(primary, () => true) }) as never,
    disconnect() {
      gone = true;
      primary.emit('disconnect');
      worker.emit('disconnect');
    },
  };
  return pair;
}
