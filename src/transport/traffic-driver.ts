/**
 * Drives the traffic of one session: feeds it with bytes, messages, time and the results of work, and does what it asks, until both directions are done.
 * Calls into it never interleave, and nothing that goes wrong in here escapes: it ends the session.
 */
import type { Core } from '../core/core.ts';
import type { Slab } from '../core/slab.ts';
import { HandfastError } from '../errors.ts';
import {
  type CloseCode,
  discardAnswers,
  type MessageAbout,
  type Millis,
  type Received,
  type Refusal,
  type Traffic,
  type TrafficOutput,
  type Work,
  type WorkAnswer,
} from '../protocols/machine.ts';
import { join } from '../wire/writer.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';
import { type Cancel, type Clock, paced } from './clock.ts';
import type { Arrived, Ended, HandshakeResult } from './handshake.ts';
import { Inbound } from './inbound.ts';
import { brokenOff, endCarrier } from './linger.ts';
import { Outbound, type Outgoing } from './outbound.ts';
import { OutboundWriter } from './outbound-writer.ts';

/** What a session is told. */
export interface TrafficEvents {
  /** Messages came. @param slab where those of `places` lie; absent where there is none. @param size bytes that they came in, where they have memory of their own. */
  received(received: Received, slab: Slab | undefined, size: number): void;
  /** A chunk or a message was taken, whatever came of it. */
  taken(now: Millis): void;
  /** The other side is done. Once. */
  peerDone(): void;
  event(name: string, detail: Readonly<Record<string, unknown>>): void;
  /** The one end; nothing more is sent or received. */
  ended(why: Error | undefined): void;
  /** The carrier is gone; after `ended`. */
  gone(): void;
}

export class TrafficDriver implements CarrierEvents {
  readonly #events: TrafficEvents;
  readonly #traffic: Traffic;
  readonly #carrier: Carrier;
  readonly #clock: Clock;
  readonly #core: Core;
  readonly #workbench: HandshakeResult['workbench'];
  /** Both are made when they are needed: not every session has anything to say. */
  #inbound: Inbound | undefined;
  #outbound: Outgoing | undefined;
  /** Each `send` of the traffic is a write of its own. */
  readonly #singly: boolean;
  #reading = true;
  /** Work is outstanding; what comes meanwhile is kept, and so is an end. */
  #working = false;
  #kept: Arrived[] = [];
  #keptBytes = 0;
  /** Bytes of the traffic's own that the other side has not taken: answers to pings. */
  #ownBytes = 0;
  #armedAt: Millis = Number.POSITIVE_INFINITY;
  #disarm: Cancel = () => {};
  #ended: Ended | undefined;
  #endGiven = false;
  #peerDone = false;
  /** The traffic was told that this side is done. */
  #saidClose = false;
  #over = false;

  constructor({ opened, carrier, clock, workbench }: HandshakeResult, core: Core, events: TrafficEvents) {
    const { traffic } = opened;
    this.#events = events;
    this.#traffic = traffic;
    this.#carrier = carrier;
    this.#clock = clock;
    this.#core = core;
    this.#workbench = workbench;
    this.#singly = carrier.borders === true || traffic.writer?.singly === true;
  }

  /** Both directions are done; keys are wiped, the carrier is on its way out. */
  get over(): boolean {
    return this.#over;
  }

  get heldBytes(): number {
    return (this.#inbound?.heldBytes ?? 0) + (this.#outbound?.pendingBytes ?? 0) + this.#ownBytes + this.#keptBytes;
  }

  /** Takes the carrier over, and what the handshake left. Called once. */
  begin({ opened, arrived, heardEnd }: HandshakeResult): void {
    this.#carrier.attach(this);
    if (opened.rest.length > 0) this.#data(opened.rest, this.#clock.now());
    for (const { data, now, text } of arrived) this.#data(data, now, text);
    if (heardEnd) this.#end(heardEnd);
    if (this.#over) return;
    this.#resume();
    this.#rearm();
  }

  data(bytes: Uint8Array): void {
    this.#data(bytes, this.#clock.now());
  }

  room(): Slab | undefined {
    return this.#inbound?.room(this.#reading && !this.#working);
  }

  message(data: Uint8Array, text: boolean): void {
    this.#data(data, this.#clock.now(), text);
  }

  end(close?: CloseCode): void {
    // Known at once: whoever ends this side meanwhile need not wait to hear of it.
    const ended = { now: this.#clock.now(), close };
    this.#ended = ended;
    paced(this.#clock, () => this.#end(ended));
  }

  drained(): void {
    this.#outbound?.flush();
  }

  closed(error?: Error): void {
    paced(this.#clock, () => this.finish(brokenOff('the connection broke off', error), 0));
  }

  send(payload: Uint8Array, about: MessageAbout, signal: AbortSignal | undefined): Promise<void> {
    return this.#outgoing().send(payload, about, signal);
  }

  /** Says that this side is done, once all that waits to be sent was. */
  close(refusal: Refusal | undefined): void {
    const sayClose = (): void => {
      if (this.#over || this.#saidClose) return;
      this.#saidClose = true;
      this.#guarded(() => this.#obey(this.#traffic.close(this.#clock.now(), refusal)));
    };
    if (this.#outbound) this.#outbound.whenSealed(sayClose);
    else sayClose();
  }

  /** Whether more is read from the carrier; time in which it is not is not held against the other side. */
  reading(on: boolean, now: Millis): void {
    this.#reading = on;
    if (!on) this.#carrier.pause();
    this.#guarded(() => this.#traffic.reading(on, now));
    if (on) this.#resume();
  }

  /** The one end of every session: keys wiped, memory given back, the carrier seen out. */
  finish(why: Error | undefined, lingerMs: number | 'cut', close?: CloseCode): void {
    if (this.#over) return;
    this.#over = true;
    this.#disarm();
    this.#kept = [];
    this.#keptBytes = 0;
    this.#inbound?.release();
    this.#outbound?.fail(() => new HandfastError('CLOSED', 'the session ended before the message left', { cause: why }));
    this.#traffic.wipe();
    this.#events.ended(why);
    endCarrier(this.#carrier, this.#clock, { lingerMs, heardEnd: this.#ended !== undefined, close }, () => this.#events.gone());
  }

  #incoming(): Inbound {
    this.#inbound ??= new Inbound(this.#core, this.#traffic);
    return this.#inbound;
  }

  #outgoing(): Outgoing {
    this.#outbound ??= this.#newOutbound();
    return this.#outbound;
  }

  /** By itself: a function that makes functions has a cost each time it is called, whether it makes them or not. */
  #newOutbound(): Outgoing {
    const traffic = this.#traffic;
    const { writer } = traffic;
    const [carrier, clock, core] = [this.#carrier, this.#clock, this.#core];
    const sealed = (error?: unknown): void => (error ? this.#fail(error) : this.#rearm());
    // Written out: what is added to a copy of an object has a shape of its own in each session.
    return writer ? new OutboundWriter({ carrier, clock, sealed, writer }) : new Outbound({ carrier, clock, sealed, core, traffic });
  }

  #resume(): void {
    if (!this.#over && this.#reading && !this.#working && this.#ownBytes <= OWN_BYTES) this.#carrier.resume();
  }

  /** @param text of a message that a carrier kept whole; absent for bytes of a stream. */
  #data(bytes: Uint8Array, now: Millis, text?: boolean): void {
    if (this.#over) return;
    if (this.#working) {
      this.#keep(bytes, now, text);
      return;
    }
    // As `guarded`, without a function made for each chunk.
    try {
      this.#take(bytes, now, text);
    } catch (error) {
      this.#fail(error);
    }
    this.#rearm();
  }

  #take(bytes: Uint8Array, now: Millis, text?: boolean): void {
    if (text === undefined || !this.#traffic.openMessage) this.#incoming().take(bytes, now, this.#received);
    else {
      const received = this.#traffic.openMessage(bytes, text, now);
      if (received.own && received.own.length > 0) this.#events.received(received, undefined, bytes.length);
      this.#obey(received.outputs);
    }
    if (!this.#over) this.#events.taken(now);
  }

  readonly #received = (slab: Slab, received: Received): void => {
    if (received.count > 0 || received.own?.length) this.#events.received(received, slab, slab.size);
    this.#obey(received.outputs);
  };

  #keep(data: Uint8Array, now: Millis, text: boolean | undefined): void {
    if (data.length === 0 && text === undefined) return;
    // As in the handshake: one message of any size, and a piece or two of a stream that was paused.
    const held = text === undefined ? this.#keptBytes + data.length : this.#keptBytes;
    // Not by `slice`, which of a Buffer is a view.
    this.#kept.push({ data: new Uint8Array(data), now, text });
    this.#keptBytes += data.length;
    if (held > KEPT_BYTES || this.#kept.length > KEPT_PIECES) {
      this.#fail(new HandfastError('TOO_LARGE', `more than ${KEPT_BYTES} bytes came while the session was at work`));
    }
  }

  #end(ended: Ended): void {
    this.#ended ??= ended;
    if (this.#working || this.#over || this.#endGiven) return;
    this.#endGiven = true;
    // What waits to leave goes before the traffic's own last word.
    this.#outbound?.flush();
    if (!this.#over) this.#guarded(() => this.#obey(this.#traffic.end(this.#clock.now(), ended.close)));
  }

  #obey(outputs: readonly TrafficOutput[]): void {
    if (outputs.length === 0 || this.#over) return;
    // What is sent leaves as one write where that is allowed, and before anything ends.
    this.#write(outputs);
    for (const output of outputs) {
      switch (output.kind) {
        case 'send':
          break;
        case 'ended':
          this.finish(output.why, output.lingerMs, output.close);
          break;
        case 'work':
          this.#work(output.items);
          break;
        case 'event':
          this.#events.event(output.name, output.detail);
          break;
        case 'peer-done':
          if (this.#peerDone) break;
          this.#peerDone = true;
          this.#events.peerDone();
      }
      if (this.#over) return;
    }
  }

  #work(items: readonly Work[]): void {
    if (this.#working) throw new HandfastError('INTERNAL', 'the traffic asked for work while work was outstanding');
    this.#working = true;
    this.#incoming().hold();
    this.#carrier.pause();
    // Work may be done at once, in the middle of a call into the traffic.
    this.#workbench.do(items, { wanted: true, answered: (answers) => process.nextTick(() => this.#answered(answers)) });
  }

  #answered(answers: readonly WorkAnswer[]): void {
    if (this.#over) {
      discardAnswers(answers);
      return;
    }
    this.#working = false;
    this.#guarded(() => {
      if (!this.#traffic.answered) throw new HandfastError('INTERNAL', 'the traffic asked for work and takes no answers');
      this.#obey(this.#traffic.answered(answers, this.#clock.now()));
      this.#catchUp();
    });
    if (this.#ended && !this.#working) this.#end(this.#ended);
    this.#resume();
  }

  /** Takes what came while work was outstanding, until there is more work. */
  #catchUp(): void {
    if (this.#over || this.#working) return;
    const now = this.#clock.now();
    this.#incoming().go(now, this.#received);
    while (this.#kept.length > 0 && !this.#over && !this.#working) {
      const { data, text, now } = this.#kept.shift()!;
      this.#keptBytes -= data.length;
      this.#take(data, now, text);
    }
    if (!this.#over) this.#events.taken(now);
  }

  /** Who asks for answers and does not read them is not read either; time goes on for it, unlike when our reader is slow. */
  #write(outputs: readonly TrafficOutput[]): void {
    const parts: Uint8Array[] = [];
    for (const output of outputs) {
      if (output.kind !== 'send') continue;
      if (this.#singly) this.#writeOwn(output.data, output.text);
      else parts.push(output.data);
    }
    if (parts.length > 0) this.#writeOwn(parts.length === 1 ? parts[0] : join(parts));
  }

  #writeOwn(data: Uint8Array, text?: boolean): void {
    this.#ownBytes += data.length;
    if (this.#ownBytes > OWN_BYTES) this.#carrier.pause();
    const written = (): void => {
      const choked = this.#ownBytes > OWN_BYTES;
      this.#ownBytes -= data.length;
      if (choked) this.#resume();
    };
    this.#carrier.write(data, written, text);
  }

  /** Runs something that must not throw, and ends the session if it does. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
    this.#rearm();
  }

  /** A fault on this side: the other is told where that is possible, and the stream ends. */
  #fail(fault: unknown): void {
    if (this.#over) return;
    const why = fault instanceof HandfastError ? fault : new HandfastError('INTERNAL', 'a fault inside the session', { cause: fault });
    let close: CloseCode | undefined;
    try {
      const refusal: Refusal = { code: 'INTERNAL', reason: '' };
      if (!this.#saidClose) {
        this.#saidClose = true;
        const outputs = this.#traffic.close(this.#clock.now(), refusal);
        this.#write(outputs);
        for (const output of outputs) if (output.kind === 'ended') close = output.close;
      }
    } catch {
      // What is broken cannot say so.
    }
    this.finish(why, FAULT_LINGER_MS, close);
  }

  /** One timer, for the earliest moment that matters; it is moved only when that comes nearer. */
  #rearm(): void {
    if (!this.#over && this.#traffic.deadline < this.#armedAt) this.#arm();
  }

  /** By itself, as what makes the other functions is. */
  #arm(): void {
    this.#disarm();
    const at = Math.max(this.#traffic.deadline, this.#clock.now() + 1);
    this.#armedAt = at;
    this.#disarm = this.#clock.at(at, () => {
      this.#armedAt = Number.POSITIVE_INFINITY;
      const now = Math.max(at, this.#clock.now());
      this.#guarded(() => {
        if (this.#traffic.deadline <= now) this.#obey(this.#traffic.tick(now));
      });
    });
  }
}

const OWN_BYTES = 64 * 1024;
// A carrier that is paused may have a piece or two of 64 KiB on the way.
const KEPT_BYTES = 128 * 1024;
const KEPT_PIECES = 4096;
// As long as a refusal lingers in handfast/1.
const FAULT_LINGER_MS = 1_000;
