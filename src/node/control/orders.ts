/** What each order of the control socket does with the node. Lists come item by item, so that no line grows with them. */
import { HandfastError } from '../../errors.ts';
import type { ControlledBan, ControlledMessage, ControlledNode, ControlledRequest } from './controlled.ts';
import type { Answers, BanLine, Heard, Items, OrderName, StatusAnswer } from './messages.ts';

type Order = Readonly<Record<string, unknown>>;
type Obey<Name extends OrderName> = (
  node: ControlledNode,
  order: Order,
  signal: AbortSignal,
) => Name extends keyof Items ? AsyncGenerator<Items[Name]> : Promise<Answers[Name]>;

/** @throws (by rejection) HF_BAD_ARGUMENT for fields of the order, and what the node throws. */
export const ORDERS: { readonly [Name in OrderName]: Obey<Name> } = {
  async request(node, order, signal) {
    const options: ControlledRequest = { signal };
    if (order.topic !== undefined) options.topic = text(order, 'topic');
    if (order.deadlineMs !== undefined) options.deadlineMs = milliseconds(order, 'deadlineMs');
    if (order.idempotent !== undefined) options.idempotent = order.idempotent === true;
    const answer = await node.request(text(order, 'peer'), bytes(order, 'payload'), options);
    return { payload: base64(answer) };
  },

  async broadcast(node, order) {
    const peers = (await node.peers()).length;
    const message = await node.broadcast(text(order, 'topic'), bytes(order, 'payload'));
    return { message: hex(message), peers };
  },

  async *subscribe(node, order, signal) {
    const subscription = node.subscribe(text(order, 'topic'), { signal });
    for await (const message of subscription) yield heard(message, subscription.dropped);
  },

  async *peers(node) {
    for (const { id, address, direction, since, latencyMs, info, received, sent } of await node.peers()) {
      yield { id, address, direction, since, latencyMs, info, received: { ...received }, sent: { ...sent } };
    }
  },

  async status(node) {
    return (await node.status()) as StatusAnswer;
  },

  async ban(node, order) {
    const options: { ms?: number; reason?: string } = {};
    if (order.ms !== undefined) options.ms = milliseconds(order, 'ms');
    if (order.reason !== undefined) options.reason = text(order, 'reason');
    const ban = await node.ban(text(order, 'subject'), options);
    await everywhere(node);
    return banLine(ban);
  },

  async unban(node, order) {
    const found = await node.unban(text(order, 'subject'));
    await everywhere(node);
    return { found };
  },

  async *bans(node) {
    for (const ban of await node.bans()) yield banLine(ban);
  },
};

/** A ban is told of as made once it holds wherever the identity answers. */
async function everywhere(node: ControlledNode): Promise<void> {
  try {
    await node.stored();
  } catch (cause) {
    if (!(cause instanceof HandfastError)) throw cause;
    const { codeName, message } = cause;
    throw new HandfastError(codeName, `${message}. It holds in this process, and in the others once they can be told`, { cause });
  }
}

function heard({ id, origin, topic, bytes: payload, timestamp }: ControlledMessage, dropped: number): Heard {
  return { message: hex(id), origin, topic, payload: base64(payload), timestamp, dropped };
}

function banLine({ subject, until, since, reason, automatic }: ControlledBan): BanLine {
  return { subject, until, since, reason, automatic };
}

function text(order: Order, name: string): string {
  const value = order[name];
  if (typeof value !== 'string') throw new HandfastError('BAD_ARGUMENT', `${name}: expected text`);
  return value;
}

function milliseconds(order: Order, name: string): number {
  const value = order[name];
  if (!Number.isSafeInteger(value) || (value as number) < 1) throw new HandfastError('BAD_ARGUMENT', `${name}: expected an integer from 1`);
  return value as number;
}

function bytes(order: Order, name: string): Uint8Array {
  const value = text(order, name);
  if (value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value))
    throw new HandfastError('BAD_ARGUMENT', `${name}: expected base64, padded`);
  return new Uint8Array(Buffer.from(value, 'base64'));
}

const base64 = (value: Uint8Array): string => Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
const hex = (value: Uint8Array): string => Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex');
