/** Recordings of HiveMind's reference, by `protocol`: what each vector's `op` says is done by our own functions and machines. */
import type { Core } from '../core/core.ts';
import { nodeCrypto } from '../core/legacy/node-crypto.ts';
import { openEnvelopeNow, sealedLimit } from '../core/legacy/rsa-envelope.ts';
import { HandfastError } from '../errors.ts';
import { credentialsOf, targetOf, tokenOf } from '../protocols/hivemind/authorization.ts';
import { openBinary, openText, sealBinary, sealText } from '../protocols/hivemind/channel.ts';
import { bytesOfHex, ENCODINGS, type Encoding, isEncoding } from '../protocols/hivemind/encodings.ts';
import { type BinaryFrame, readFrame, writeFrame } from '../protocols/hivemind/frames.ts';
import { createHsub, keyJob, matchHsub } from '../protocols/hivemind/hsub.ts';
import { LIMITS } from '../protocols/hivemind/limits.ts';
import { type MessageParts, readJson, readMessage, writeMessage } from '../protocols/hivemind/message.ts';
import { type CipherName, checkKey, isCipherName } from '../protocols/hivemind/sealing.ts';
import type { JsonObject } from '../wire/json.ts';
import { strictText, utf8 } from '../wire/text.ts';
import { join } from '../wire/writer.ts';
import { check, checkHex, checkSame, type Given, type Runner } from './hivemind-checks.ts';
import { replayPassword, replayPreshared, replayRsa } from './hivemind-replay.ts';
import { v3Runners } from './hivemind-v3.ts';
import { codeOf, type Document, fail, hex, type Outcome, pass, type VectorKind } from './kinds.ts';

export const hivemindKind: VectorKind = {
  name: 'HiveMind recordings',
  matches: (document) => document.protocol === 'hivemind' && Array.isArray(document.vectors),
  *run(document, core) {
    if (document.format !== 1) yield fail('file', `format ${document.format} is not known`);
    const keys = (document.keys ?? {}) as Given['keys'];
    for (const vector of document.vectors as Document[]) yield outcomeOf(vector, keys, core);
  },
};

function outcomeOf(vector: Document, keys: Given['keys'], core: Core): Outcome {
  const id = String(vector.id);
  const run = Object.hasOwn(RUNNERS, String(vector.op)) ? RUNNERS[String(vector.op)] : undefined;
  if (!run) return fail(id, `unknown op ${vector.op}`);
  try {
    run({ input: vector.input as Given['input'], expect: vector.expect as Given['expect'], keys }, core);
    return pass(id);
  } catch (error) {
    return fail(id, (error as Error).message);
  }
}

const RUNNERS: Readonly<Record<string, Runner>> = {
  create_hsub({ input, expect }, core) {
    checkSame('hsub', createHsub(core, input.password, hex(input.iv_hex), input.hex_digits), expect.hsub);
  },
  match_hsub({ input, expect }, core) {
    const iv = matchHsub(core, input.hsub, input.password);
    checkSame('match', typeof iv !== 'string', expect.match);
    if (typeof iv !== 'string') checkHex('iv', iv, expect.iv_hex);
  },
  password_handshake({ input, expect }, core) {
    const sides = (['client', 'server'] as const).map((side) => ({
      side,
      iv: hex(input[`${side}_iv_hex`]),
      password: input[`${side}_password`] as string,
    }));
    sides.forEach(({ side, iv, password }, i) => {
      const hsub = createHsub(core, password, iv, input.envelope_hex_digits);
      checkSame(`${side} envelope`, hsub, expect[`${side}_envelope`]);
      const other = sides[1 - i];
      checkSame(`${other.side} accepts`, typeof matchHsub(core, hsub, other.password) !== 'string', expect[`${other.side}_accepts`]);
      if (!expect.key_hex) return;
      const { password: bytes, salt, iterations, length } = keyJob(password, iv, other.iv);
      checkHex('salt', salt, expect.salt_hex);
      checkHex('key', new Uint8Array(nodeCrypto().pbkdf2Sync(bytes, salt, iterations, length, 'sha256')), expect.key_hex);
    });
  },
  password_handshake_reflected({ input, expect }, core) {
    const iv = hex(input.client_iv_hex);
    const own = createHsub(core, input.client_password, iv);
    checkSame('envelope', own, expect.client_envelope);
    const read = matchHsub(core, own, input.client_password);
    check(typeof read !== 'string' && core.equal(read, iv), 'the reflected nonce is not known again');
  },
  rsa_full({ input, expect, keys }) {
    const toB = opened(keys, input.a_key, input.b_key, input.a_envelope);
    const toA = opened(keys, input.b_key, input.a_key, input.b_envelope);
    checkHex('b decrypts', toB, expect.b_decrypts_hex);
    checkHex('a decrypts', toA, expect.a_decrypts_hex);
    checkHex(
      'key',
      toA.map((byte, i) => byte ^ hex(input.a_own_secret_hex)[i]),
      expect.session_key_hex,
    );
  },
  rsa_half({ input, expect, keys }) {
    checkHex('key', opened(keys, input.sender_key, input.receiver_key, input.envelope), expect.session_key_hex);
  },
  rsa_verify({ input, keys }) {
    checkSame('verifies', openWith(keys, input.sender_key, input.receiver_key, input.envelope), 'forged');
  },
  rsa_mixed_sizes({ input, expect, keys }) {
    checkHex('secret', opened(keys, input.sender_key, input.receiver_key, input.envelope), expect.secret_hex);
  },
  encrypt_json({ input, expect }, core) {
    const agreed = { core, cipher: input.cipher as CipherName, encoding: input.encoding as Encoding };
    const key = checkKey(agreed.cipher, keyOf(input));
    const text = strictText(sealText(agreed, key, hex(input.nonce_hex), utf8(input.plaintext)))!;
    checkSame('frame', text, expect.frame_text);
    checkSame('plaintext', textOf(openText(agreed, key, JSON.parse(text))), input.plaintext);
  },
  decrypt_json({ input, expect }, core) {
    let plaintext: string | undefined;
    try {
      const { cipher, encoding } = input;
      if (isCipherName(cipher) && isEncoding(encoding)) {
        const frame = readJson(utf8(input.frame_text), LIMITS.sealedText, 'a frame');
        plaintext = textOf(openText({ core, cipher, encoding }, checkKey(cipher, keyOf(input)), frame as JsonObject));
      }
    } catch (error) {
      if (!(error instanceof HandfastError)) throw error;
    }
    checkSame('plaintext', plaintext, expect.plaintext);
  },
  encrypt_binary({ input, expect }, core) {
    const agreed = { core, cipher: input.cipher as CipherName };
    const sealed = sealBinary(agreed, hex(input.key_hex), hex(input.nonce_hex), hex(input.plaintext_hex));
    checkHex('frame', sealed, expect.frame_hex);
    checkHex('plaintext', openBinary(agreed, hex(input.key_hex), sealed), input.plaintext_hex);
  },
  encode_all({ input, expect }) {
    for (const [name, text] of Object.entries(expect.encoded as Record<Encoding, string>)) {
      checkSame(name, ENCODINGS[name as Encoding].encode(hex(input.data_hex)), text);
      checkHex(`${name} back`, ENCODINGS[name as Encoding].decode(text), input.data_hex);
    }
  },
  serialize_text({ input, expect }) {
    const text = writeMessage({ ...(JSON.parse(expect.text) as object), ...(input.fields as object) } as MessageParts);
    checkSame('text', strictText(text), expect.text);
    const read = readMessage(utf8(expect.text), LIMITS.json);
    if (read instanceof HandfastError) throw read;
    checkSame('object', read, expect.object);
  },
  binary_frame({ input, expect }) {
    const payload = input.payload_hex === undefined ? utf8(input.payload_text) : hex(input.payload_hex);
    const frame: BinaryFrame = { kind: input.msg_type, meta: input.metadata, binType: input.bin_type, payload };
    if (input.type_code === null) {
      // The recording relabels what has no number; we refuse to write it, and read the label.
      checkSame(
        'refused',
        codeOf(() => writeFrame(frame, input)),
        'HF_BAD_ARGUMENT',
      );
      checkSame('decoded', decoded(hex(expect.frame_hex)), expect.decoded);
      return;
    }
    const written = writeFrame(frame, input);
    if (!input.compressed) checkHex('frame', written, expect.frame_hex);
    for (const bytes of [hex(expect.frame_hex), written]) checkSame('decoded', decoded(bytes), expect.decoded);
  },
  binary_decode({ input }) {
    const frame = readFrame(hex(input.frame_hex), LIMITS.json.bytes);
    const read = frame instanceof HandfastError ? frame : readJson(frame.payload, LIMITS.json, 'a payload');
    check(read instanceof HandfastError, 'was read');
  },
  binary_encode_limit({ input, expect }) {
    let refused = false;
    try {
      writeFrame({ kind: input.msg_type, meta: input.metadata, binType: 0, payload: utf8(input.payload_text) }, input);
    } catch (error) {
      refused = error instanceof HandfastError;
    }
    checkSame('refused', refused, expect.error !== null);
  },
  authorization({ input, expect }) {
    const credentials = { userAgent: input.useragent, accessKey: input.access_key };
    checkSame('token', tokenOf(credentials), expect.token);
    checkSame('target', targetOf(credentials), expect.http_request_target);
    checkSame('read', credentialsOf(expect.http_request_target), credentials);
  },
  intercom_open({ input, expect, keys }) {
    const decode = ENCODINGS['JSON-B64'].decode;
    const publicKey = keys[input.sender_key].public;
    const { private: privateKey } = keys[input.receiver_key];
    const plaintext = openEnvelopeNow({
      privateKey,
      publicKey,
      ciphertext: decode(input.payload.ciphertext)!,
      signature: decode(input.payload.signature)!,
    });
    checkSame('plaintext', typeof plaintext === 'string' ? plaintext : strictText(plaintext), expect.plaintext);
  },
  intercom_limit({ input, expect, keys }) {
    checkSame('limit', sealedLimit(keys[input.receiver_key].public), expect.max_plaintext_length);
    check(input.plaintext_length > expect.max_plaintext_length, 'would fit');
  },
  replay_session: replayPassword,
  replay_rsa: replayRsa,
  replay_psk: replayPreshared,
  ...v3Runners,
};

function keyOf(input: Given['input']): Uint8Array {
  return input.key_hex === undefined ? utf8(input.preshared_key_text) : hex(input.key_hex);
}

function textOf(bytes: Uint8Array | HandfastError): string | undefined {
  return bytes instanceof HandfastError ? undefined : strictText(bytes);
}

function decoded(bytes: Uint8Array): unknown {
  const frame = readFrame(bytes, LIMITS.json.bytes);
  if (frame instanceof HandfastError) throw frame;
  const { kind, meta, binType, payload } = frame;
  const head = { msg_type: kind, metadata: meta, bin_type: binType };
  return kind === 'bin'
    ? { ...head, payload_hex: ENCODINGS['JSON-HEX'].encode(payload) }
    : { ...head, payload: readJson(payload, LIMITS.json, 'a payload') };
}

/** Signature first, as long as the sender's modulus. */
function openWith(keys: Given['keys'], sender: string, receiver: string, envelope: string): Uint8Array | 'forged' | 'unreadable' {
  const publicKey = keys[sender].public;
  const length = nodeCrypto().createPublicKey(publicKey).asymmetricKeyDetails!.modulusLength! / 8;
  const bytes = bytesOfHex(envelope)!;
  return openEnvelopeNow({
    privateKey: keys[receiver].private,
    publicKey,
    signature: bytes.subarray(0, length),
    ciphertext: bytes.subarray(length),
  });
}

function opened(keys: Given['keys'], sender: string, receiver: string, envelope: string): Uint8Array {
  const plaintext = openWith(keys, sender, receiver, envelope);
  if (typeof plaintext === 'string') throw new Error(`the envelope is ${plaintext}`);
  return join([plaintext]);
}
