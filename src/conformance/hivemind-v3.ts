/** Recordings of HiveMind's version 3: the key of a password, and whole sessions of Noise from fixed keys, by our own functions in both roles. */
import type { Core } from '../core/core.ts';
import { argon2idNow } from '../core/legacy/argon2id.ts';
import { nodeCrypto } from '../core/legacy/node-crypto.ts';
import { HandfastError } from '../errors.ts';
import { NoiseChannel } from '../protocols/hivemind/v3-channel.ts';
import { prologueOf } from '../protocols/hivemind/v3-prologue.ts';
import { pskJob } from '../protocols/hivemind/v3-psk.ts';
import { NoiseHandshake, type NoiseSplit, type NoiseStep } from '../protocols/noise/index.ts';
import { utf8 } from '../wire/text.ts';
import { check, checkHex, checkSame, type Runner } from './hivemind-checks.ts';
import { hex } from './kinds.ts';

export const v3Runners: Readonly<Record<string, Runner>> = {
  derive_psk({ input, expect }, core) {
    const job = pskJob(core, input.password, input.node_id);
    checkHex('salt', job.salt, expect.salt_hex);
    checkHex('key', argon2idNow(job), expect.psk_hex);
    const { password, salt, length } = job;
    checkHex('PBKDF2', new Uint8Array(nodeCrypto().pbkdf2Sync(password, salt, 100_000, length, 'sha256')), expect.pbkdf2_fallback_psk_hex);
  },

  noise_session({ input, expect }, core) {
    const name = `Noise_${input.pattern}_${input.suite}`;
    const prologue = prologueOf(input.hello_payload, input.handshake_payload, name);
    checkHex('prologue', prologue, expect.prologue_hex);
    const roles = ['initiator', 'responder'] as const;
    const statics = roles.map((role) => core.guarded.x25519KeyPair(hex(input[`${role}_static_hex`])));
    const handshakes = roles.map((role, i) => {
      checkHex(`${role} key`, statics[i].publicKey, expect[`${role}_static_public_hex`]);
      return new NoiseHandshake({
        core,
        name,
        role,
        prologue,
        staticKey: statics[i],
        remoteStatic: input.pattern === 'KKpsk0' ? statics[1 - i].publicKey : undefined,
        psks: [hex(input.psk_hex)],
        ephemeralSeed: hex(input[`${role}_ephemeral_hex`]),
      });
    });
    const splits: (NoiseSplit | undefined)[] = [];
    const payloads = [input.message1_payload_text, input.message2_payload_text, ''];
    let count = 0;
    for (; handshakes[0].writes !== undefined; count++) {
      const [from, to] = count % 2 === 0 ? [0, 1] : [1, 0];
      const payload = utf8(payloads[count]);
      const written = settled(core, handshakes[from], handshakes[from].write(payload));
      checkHex(`message ${count + 1}`, written.bytes, expect[`message${count + 1}_hex`]);
      const read = settled(core, handshakes[to], handshakes[to].read(written.bytes));
      check(core.equal(read.bytes, payload), `payload ${count + 1} differs`);
      splits[from] = written.split;
      splits[to] = read.split;
    }
    checkSame('messages', count, expect.message3_hex === undefined ? 2 : 3);
    for (const [i, split] of splits.entries()) checkHex(`${roles[i]} hash`, split!.handshakeHash, expect.handshake_hash_hex);
    const channels = splits.map((split) => new NoiseChannel(split!, { binarize: true, limit: 1 << 20, info: {} }));
    for (const each of expect.transport) {
      const [from, to] = each.from === 'initiator' ? channels : [channels[1], channels[0]];
      const plaintext = each.plaintext_hex
        ? hex(each.plaintext_hex)
        : new Uint8Array(each.plaintext_length).fill(hex(each.plaintext_repeat_byte)[0]);
      const form = each.json ? 'json' : 'frame';
      const frames = from.seal(plaintext, form);
      checkSame('frames', frames.length, (each.frames_hex ?? each.frame_lengths).length);
      frames.forEach(({ data }, i) => {
        if (each.frames_hex) checkHex('frame', data, each.frames_hex[i]);
        else {
          checkSame('frame length', data.length, each.frame_lengths[i]);
          checkHex('frame hash', core.hash.sha256(data), each.frames_sha256[i]);
        }
        const opened = to.open(data, false);
        if (i < frames.length - 1) checkSame('piece', opened, 'more');
        else if (opened instanceof HandfastError) throw opened;
        else check(opened !== 'more' && opened.form === form && core.equal(opened.plaintext, plaintext), 'the message differs');
      });
    }
    for (const channel of channels) channel.wipe();
    for (const { secretKey } of statics) secretKey.wipe();
  },
};

function settled(core: Core, side: NoiseHandshake, step: NoiseStep): { bytes: Uint8Array; split: NoiseSplit | undefined } {
  let at = step;
  while ('work' in at) at = side.answered(core.run(at.work));
  if ('why' in at) throw at.why;
  return { bytes: 'message' in at ? at.message : at.payload, split: at.split };
}
