/** Sides of SDMP for tests, and a second implementation of either side that a test may make lie, written on node:crypto alone. */
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Core } from '../../src/core/core.ts';
import { FfdhKeyPair } from '../../src/core/legacy/ffdh.ts';
import type { Peer, Refusal, Role, Work, WorkAnswer } from '../../src/protocols/machine.ts';
import { groupOf } from '../../src/protocols/sdmp/groups.ts';
import { SdmpIdentity, type SdmpOptions, SdmpPeers, sdmp } from '../../src/protocols/sdmp/index.ts';
import { Side } from './machines.ts';

export const NOW = 1_700_000_000_000;

const document = JSON.parse(readFileSync(new URL('../vectors/sdmp.json', import.meta.url), 'utf8'));

export type KeyName = 'spec-node' | 'spec-alice-node' | 'spec-bob' | 'spec-alice' | 'impl-example-keys';
export const privatePem = (name: KeyName): string => document.keys[name].private_pem;
export const publicPem = (name: KeyName): string => document.keys[name].public_pem;
/** Who dials and who listens, unless a test says otherwise. */
export const NAMES: Readonly<Record<Role, KeyName>> = { initiator: 'spec-node', responder: 'spec-alice-node' };
export const other = (role: Role): Role => (role === 'initiator' ? 'responder' : 'initiator');

/** The same on both cores: nothing but its fingerprints is computed by one. */
const identities = new Map<KeyName, SdmpIdentity>();
export function identityOf(name: KeyName, core: Core): SdmpIdentity {
  let identity = identities.get(name);
  if (!identity) {
    identity = SdmpIdentity.from(privatePem(name), { core });
    identities.set(name, identity);
  }
  return identity;
}

export interface SideChanges extends Partial<Omit<SdmpOptions, 'core'>> {
  judge?: (peer: Peer) => Refusal | undefined;
  work?: (work: Work) => WorkAnswer | undefined;
  borders?: boolean;
}

/** A side whose work is done at once, and counted in `ops`. */
export class SdmpSide extends Side {
  readonly ops: string[];
  readonly borders: boolean;

  constructor(core: Core, role: Role, { judge, work, borders = false, ...changes }: SideChanges = {}) {
    const ops: string[] = [];
    const machine = sdmp[role]({
      core,
      identity: identityOf(NAMES[role], core),
      peers: new SdmpPeers([publicPem(NAMES[other(role)])], { core }),
      group: 'ffdhe2048',
      ...changes,
    });
    super({
      core,
      machine,
      now: NOW,
      ...(judge && { judge }),
      work: (item) => {
        ops.push(item.op);
        return work?.(item) ?? answerNow(item);
      },
    });
    this.ops = ops;
    this.borders = borders;
  }

  begin(): this {
    this.feed({ kind: 'start', now: this.now, borders: this.borders });
    return this;
  }

  /** One object, as the carrier brings it. */
  hear(object: string | Uint8Array): void {
    const data = Buffer.from(object);
    if (this.borders) this.message(data, true);
    else this.bytes(Buffer.concat([data, Buffer.from('\n')]));
  }

  /** What was sent since the last call. */
  said(): string {
    return Buffer.from(this.take()).toString();
  }

  at(): string {
    return (this.state as { at: string }).at;
  }
}

/** Work done at once, as the workbench does it later. */
export function answerNow(work: Work): WorkAnswer {
  switch (work.op) {
    case 'ffdh-keygen':
      return { op: work.op, keyPair: new FfdhKeyPair(work) };
    case 'ffdh-derive':
      return { op: work.op, shared: work.keyPair.derive(work.publicKey) };
    case 'rsa-sign':
      return { op: work.op, signature: new Uint8Array(crypto.sign(work.hash, work.message, work.key.handle)) };
    case 'rsa-verify':
      return { op: work.op, valid: crypto.verify(work.hash, work.message, work.key.handle, work.signature) };
    default:
      throw new Error(`no such work in this protocol: ${work.op}`);
  }
}

const b64u = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url');
const sha512 = (bytes: Uint8Array | string): Buffer => crypto.createHash('sha512').update(bytes).digest();
type Json = Record<string, unknown>;

export const fingerprint = (pem: string): string => b64u(sha512(pem.trimEnd().replaceAll('\n', '\\n')));
/** The older form: one line of base64. */
export const aliasOf = (pem: string): string => b64u(sha512(pem.replace(/-----[A-Z ]+-----|\n/g, '')));
export const container = (schema: string, value: unknown, property = schema): Json => ({
  sdmp: { version: '0.12.0', schemas: [schema] },
  [property]: value,
});
export const refusal = (status: string): string => JSON.stringify(container('response', { status, identifier: '' }));
export const message = (text: string): string => JSON.stringify(container('message', text));

/** Plays a role by hand: each object may be changed before it is sent. */
export class Scripted {
  readonly role: Role;
  readonly name: KeyName;
  readonly #dh: crypto.DiffieHellman;
  readonly #prime: Buffer;
  /** What was sent in clear. */
  session = '';
  key: Buffer = Buffer.alloc(32);

  constructor(role: Role, { name = NAMES[role], group = 'ffdhe2048' as 'ffdhe2048' | 'modp2048' } = {}) {
    this.role = role;
    this.name = name;
    this.#prime = Buffer.from(groupOf(group).prime);
    this.#dh = crypto.createDiffieHellman(this.#prime, 2);
    this.#dh.generateKeys();
  }

  get publicKey(): Buffer {
    return Buffer.concat([Buffer.alloc(this.#prime.length), this.#dh.getPublicKey()]).subarray(-this.#prime.length);
  }

  connection(): { g: unknown; p: unknown; N: unknown } {
    return { g: 2, p: b64u(this.#prime), N: b64u(this.publicKey) };
  }

  /** The session object. */
  offer(change: (object: Json) => void = () => {}): string {
    const object = container('connection', this.connection());
    change(object);
    this.session = JSON.stringify(object);
    return this.session;
  }

  /** Reads the other side's session object. */
  derive(text: string): this {
    const { connection } = JSON.parse(text);
    const shared = this.#dh.computeSecret(Buffer.from(connection.N, 'base64url'));
    this.key = sha512(Buffer.concat([Buffer.alloc(this.#prime.length), shared]).subarray(-this.#prime.length)).subarray(0, 32);
    return this;
  }

  /** The signature object; `input` is what is signed. */
  proof({
    payload = b64u(this.session),
    kid = fingerprint(publicPem(this.name)),
    alg = 'HS512',
    input = (text: string, _header: string) => text,
  } = {}): Json {
    const header = b64u(JSON.stringify({ alg, kid }));
    return container('signature', {
      identifier: b64u(sha512(payload)),
      payload,
      signatures: [
        { protected: header, signature: b64u(crypto.sign('sha512', Buffer.from(input(payload, header)), privatePem(this.name))) },
      ],
    });
  }

  encrypted(plaintext: string | Uint8Array | Json, { iv = crypto.randomBytes(16), key = this.key, pad = true } = {}): Json {
    const text = typeof plaintext === 'string' || plaintext instanceof Uint8Array ? plaintext : JSON.stringify(plaintext);
    const cipher = crypto.createCipheriv('aes-256-cbc', key, iv).setAutoPadding(pad);
    return container('encrypted', { iv: b64u(iv), payload: b64u(Buffer.concat([cipher.update(text), cipher.final()])), recipients: [] });
  }

  seal(plaintext: string | Uint8Array | Json): string {
    return JSON.stringify(this.encrypted(plaintext));
  }

  /** Sealed with another key. What it opens to is chance, and in one of 256 cases ends as a plaintext may: another one is drawn then. */
  sealedWith(key: Buffer, plaintext: string | Json): string {
    for (;;) {
      const sealed = this.encrypted(plaintext, { key });
      const last = this.opened(sealed).at(-1)!;
      if (last > 16 && last !== '}'.charCodeAt(0)) return JSON.stringify(sealed);
    }
  }

  /** With whatever stands behind the plaintext. */
  opened(sealed: Json): Buffer {
    const { iv, payload } = sealed.encrypted as { iv: string; payload: string };
    const decipher = crypto.createDecipheriv('aes-256-cbc', this.key, Buffer.from(iv, 'base64url')).setAutoPadding(false);
    return Buffer.concat([decipher.update(Buffer.from(payload, 'base64url')), decipher.final()]);
  }

  decrypt(text: string): string {
    const { iv, payload } = JSON.parse(text).encrypted;
    const decipher = crypto.createDecipheriv('aes-256-cbc', this.key, Buffer.from(iv, 'base64url'));
    return Buffer.concat([decipher.update(Buffer.from(payload, 'base64url')), decipher.final()]).toString();
  }
}

/** A side that stands right before the stage: `session` waits for a session object, `proof` for a proof, `open` is in session. */
export function standing(
  core: Core,
  role: Role,
  stage: 'session' | 'proof' | 'open',
  changes: SideChanges = {},
): { side: SdmpSide; peer: Scripted } {
  const side = new SdmpSide(core, role, changes).begin();
  const peer = new Scripted(other(role));
  if (stage === 'session') {
    if (role === 'initiator') peer.derive(side.said());
    return { side, peer };
  }
  if (role === 'initiator') {
    peer.derive(side.said());
    side.hear(peer.offer());
    side.said();
  } else {
    side.hear(peer.offer());
    peer.derive(side.said());
  }
  if (stage === 'open') {
    side.hear(peer.seal(peer.proof()));
    side.said();
  }
  return { side, peer };
}
