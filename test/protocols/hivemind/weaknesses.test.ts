/** What versions 0 to 2 do not protect from, as docs/protocols/hivemind.md says it. */

import { describe, expect, it } from 'vitest';
import { createHsub, matchHsub } from '../../../src/protocols/hivemind/hsub.ts';
import { shownText } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';
import { openPair, PASSWORD, pairOf, receive, textMessage, utterance, write } from '../../support/hivemind.ts';
import { converseByMessage } from '../../support/machines.ts';

const json = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(shownText(bytes));

describe.each(cores)('the weaknesses of HiveMind, on the $name core', (core) => {
  describe('what versions 0 to 2 do not protect from (docs/protocols/hivemind.md)', () => {
    it('a message sent twice is taken twice', async () => {
      const { slave, master } = await openPair({ core });
      const message = write(slave, utterance('open the door'));
      expect(receive(master, message).own).toHaveLength(1);
      expect(receive(master, message).own).toHaveLength(1);
    });

    it("a side's own message, mirrored, is taken for the other's", async () => {
      const { slave } = await openPair({ core });
      expect(receive(slave, write(slave, utterance('mirrored'))).own).toHaveLength(1);
    });

    it('lists and bounds can be changed on the way, and nobody notices', async () => {
      const pair = pairOf({ core });
      await converseByMessage(pair.slave, pair.master, (message, from) => {
        const value = json(message.data) as { payload?: Record<string, unknown> };
        if (from === 'a' && value.payload?.envelope) return textMessage({ ...value, payload: { ...value.payload, ciphers: ['AES-GCM'] } });
        return message;
      });
      expect([pair.slave.opened?.info.cipher, pair.master.opened?.info.cipher]).toEqual(['AES-GCM', 'AES-GCM']);
    });

    it('the password can be guessed at from one envelope, without the price of its stretching', async () => {
      const seen = createHsub(core, PASSWORD, core.random(8));
      expect(['guess', PASSWORD].filter((guess) => typeof matchHsub(core, seen, guess) !== 'string')).toEqual([PASSWORD]);
    });
  });
});
