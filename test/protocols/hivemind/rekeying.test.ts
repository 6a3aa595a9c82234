/** Another key in mid-session, from either side. */

import { describe, expect, it } from 'vitest';
import { runLegacy } from '../../../src/core/legacy/jobs.ts';
import { openText } from '../../../src/protocols/hivemind/channel.ts';
import { createHsub } from '../../../src/protocols/hivemind/hsub.ts';
import type { HiveMindClient, HiveMindOptions } from '../../../src/protocols/hivemind/index.ts';
import { TIMES } from '../../../src/protocols/hivemind/limits.ts';
import type { TrafficOutput } from '../../../src/protocols/machine.ts';
import { shownText, utf8 } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';
import { ACCESS_KEY, endingOf, openPair, PASSWORD, receive, textMessage, utterance, write } from '../../support/hivemind.ts';
import type { Side } from '../../support/machines.ts';

const PSK = '0123456789abcdef0123456789abcdef';
const json = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(shownText(bytes));
/** With a pre-shared key, a test can write what a peer would. */
const preshared = (client: Partial<HiveMindClient> = {}): { slave: HiveMindOptions; master: HiveMindOptions } => ({
  slave: { password: undefined, presharedKey: PSK },
  master: { clients: [{ accessKey: ACCESS_KEY, presharedKey: PSK, ...client }] },
});

describe.each(cores)('HiveMind sessions under another key, on the $name core', (core) => {
  const agreed = { core, cipher: 'AES-GCM', encoding: 'JSON-HEX' } as const;

  describe('another key in mid-session', () => {
    /** Passes on what outputs send, and does their work, until nothing is left. */
    async function settle(from: Side, to: Side, outputs: readonly TrafficOutput[]): Promise<string[]> {
      const events: string[] = [];
      const run = async (self: Side, other: Side, all: readonly TrafficOutput[]): Promise<void> => {
        for (const output of all) {
          if (output.kind === 'event') events.push(`${self === from ? 'from' : 'to'} ${output.name}`);
          else if (output.kind === 'send')
            await run(other, self, receive(other, { data: output.data, text: output.text === true }).outputs);
          else if (output.kind === 'work') {
            const answers = await Promise.all(output.items.map((item) => runLegacy(item as Parameters<typeof runLegacy>[0])));
            await run(self, other, self.opened!.traffic.answered!(answers, self.now));
          } else if (output.kind === 'ended') events.push(`${self === from ? 'from' : 'to'} ${output.why?.code}`);
        }
      };
      await run(from, to, outputs);
      return events;
    }

    it('the slave takes one after 24 hours; what it sealed before it had the answer still opens', async () => {
      const { slave, master } = await openPair({ core });
      const { traffic } = slave.opened!;
      expect(traffic.deadline).toBe(slave.now + TIMES.keyMs);
      slave.now = traffic.deadline;
      master.now = slave.now;
      const late = write(slave, utterance('late'));
      const shakes = traffic.tick(slave.now);
      expect(shakes.map((each) => each.kind === 'send' && each.text && shownText(each.data).includes('"ciphertext"'))).toEqual([true]);
      const between = write(slave, utterance('between'));
      expect((await settle(slave, master, shakes)).sort()).toEqual(['from rekeyed', 'to rekeyed']);
      expect(receive(master, late).own).toHaveLength(1);
      expect(receive(master, between).own).toHaveLength(1);
      expect(receive(master, write(slave, utterance('after'))).own).toHaveLength(1);
      expect(receive(slave, write(master, { type: 'speak' })).own).toHaveLength(1);
      expect(traffic.deadline).toBe(slave.now + TIMES.keyMs);
      // The first under the new key ends the old one.
      expect(endingOf(receive(master, late).outputs)).toEqual({ code: 'HF_BAD_TAG', close: 1008 });
    });

    it('what was sealed under the key before opens for 30 s, and not for longer', async () => {
      for (const late of [-1, 0]) {
        const { slave, master } = await openPair({ core });
        const { traffic } = slave.opened!;
        slave.now = traffic.deadline;
        master.now = slave.now;
        const old = write(slave, utterance('late'));
        await settle(slave, master, traffic.tick(slave.now));
        master.now += 30_000 + late;
        const { own, outputs } = receive(master, old);
        expect([own?.length ?? 0, endingOf(outputs)?.code]).toEqual(late < 0 ? [1, undefined] : [0, 'HF_BAD_TAG']);
      }
    });

    it('a master asks when its slave has not', async () => {
      const { slave, master } = await openPair({ core });
      const { traffic } = master.opened!;
      expect(traffic.deadline).toBeGreaterThan(slave.opened!.traffic.deadline);
      master.now = traffic.deadline;
      slave.now = master.now;
      const events = await settle(master, slave, traffic.tick(master.now));
      expect(events.sort()).toEqual(['from rekeyed', 'to rekeyed']);
      expect(receive(master, write(slave, utterance('after'))).own).toHaveLength(1);
    });

    it('a handshake in clear is taken too, as the reference has it, but the answer is sealed', async () => {
      const { master } = await openPair({
        core,
        ...preshared({ password: PASSWORD }),
        slave: { presharedKey: PSK, password: undefined },
      });
      const { outputs } = receive(
        master,
        textMessage({ msg_type: 'shake', payload: { envelope: createHsub(core, PASSWORD, core.random(8)) } }),
      );
      expect(outputs.map(({ kind }) => kind)).toEqual(['work']);
      const answers = await Promise.all((outputs[0] as unknown as { items: [] }).items.map((item) => runLegacy(item)));
      const [answer] = master.opened!.traffic.answered!(answers, master.now);
      const opened = openText(agreed, utf8(PSK), JSON.parse(shownText((answer as { data: Uint8Array }).data)));
      expect(json(opened as Uint8Array)).toMatchObject({ msg_type: 'shake', payload: { encoding: 'JSON-HEX', cipher: 'AES-GCM' } });
    });

    it('a wrong envelope, or handshakes one after the other, end the session', async () => {
      const { master } = await openPair({ core });
      expect(
        endingOf(
          receive(master, textMessage({ msg_type: 'shake', payload: { envelope: createHsub(core, 'x', new Uint8Array(8)) } })).outputs,
        ),
      ).toEqual({
        code: 'HF_WRONG_KEY',
        close: 1008,
      });
      const again = await openPair({ core });
      const shake = textMessage({
        msg_type: 'shake',
        payload: { envelope: createHsub(core, PASSWORD, core.random(8)), encodings: ['JSON-HEX'], ciphers: ['AES-GCM'] },
      });
      const { outputs } = receive(again.master, shake);
      const answers = await Promise.all((outputs[0] as unknown as { items: [] }).items.map((item) => runLegacy(item)));
      again.master.opened!.traffic.answered!(answers, again.master.now);
      expect(endingOf(receive(again.master, shake).outputs)).toEqual({ code: 'HF_RATE_LIMITED', close: 1013 });
    });

    it('an answer to a handshake that the slave did not begin ends the session', async () => {
      const { slave } = await openPair({ core });
      const answer = textMessage({ msg_type: 'shake', payload: { envelope: createHsub(core, PASSWORD, core.random(8)) } });
      expect(endingOf(receive(slave, answer).outputs)).toEqual({ code: 'HF_OUT_OF_TURN', close: 1008 });
    });

    it('greetings of a master that has not heard of our pre-shared key yet change nothing', async () => {
      const { slave } = await openPair({ core, ...preshared() });
      expect(receive(slave, textMessage({ msg_type: 'hello', payload: {} })).outputs).toEqual([]);
      expect(receive(slave, textMessage({ msg_type: 'shake', payload: { password: true } })).outputs).toEqual([]);
      slave.now += 10_000;
      expect(endingOf(receive(slave, textMessage({ msg_type: 'hello', payload: {} })).outputs)?.code).toBe('HF_OUT_OF_TURN');
    });
  });
});
