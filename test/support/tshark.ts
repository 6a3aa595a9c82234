/** Runs tshark with the dissector of docs/observability, where tshark is installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcap } from './pcap.ts';

const DISSECTOR = join(import.meta.dirname, '../../docs/observability/handfast.lua');

/** Its version, or why there is none; for the titles of skipped tests. */
export const tshark: { readonly version: string | undefined; readonly why: string } = (() => {
  const { stdout, error } = spawnSync('tshark', ['-v'], { encoding: 'utf8', timeout: 30_000 });
  const version = /^TShark \(Wireshark\) (\S+)/.exec(stdout ?? '')?.[1];
  return { version, why: version ? '' : `tshark is not installed${error ? ` (${error.message})` : ''}` };
})();

/** One frame or record as it was shown: names without `handfast.`, in order, repeated ones under each other. */
export interface Dissected {
  readonly shown: string;
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

/** @param keyLog lines. @returns every frame of handfast/1 in a capture, in order; and what tshark wrote besides. */
export function dissected(capture: Uint8Array, { keyLog, twice = false }: { keyLog?: string; twice?: boolean } = {}): Dissected[] {
  const folder = mkdtempSync(join(tmpdir(), 'handfast-test-'));
  try {
    writeFileSync(join(folder, 'capture.pcap'), capture);
    const args = ['-X', `lua_script:${DISSECTOR}`, '-r', join(folder, 'capture.pcap'), '-T', 'pdml'];
    if (twice) args.push('-2');
    if (keyLog !== undefined) {
      writeFileSync(join(folder, 'keys.log'), keyLog);
      args.push('-o', `handfast.key_log:${join(folder, 'keys.log')}`);
    }
    const { stdout, stderr, status } = spawnSync('tshark', args, { encoding: 'utf8', timeout: 60_000, maxBuffer: 256 * 1024 * 1024 });
    if (status !== 0 || /Lua/.test(stderr)) throw new Error(`tshark failed (${status}): ${stderr}`);
    if (/Lua Error/.test(stdout)) throw new Error(/Lua Error[^"]*/.exec(stdout)![0]);
    return [...stdout.matchAll(/<proto name="handfast" showname="([^"]*)"[^>]*>(.*?)<\/proto>/gs)].map(([, shown, body]) => {
      const fields: Record<string, string[]> = {};
      for (const [, name, about] of body.matchAll(/<field name="(?:handfast\.)?([^"]*)"([^>]*)>/g)) {
        const show = /\bshow="([^"]*)"/.exec(about)?.[1] ?? '';
        fields[name] = [...(fields[name] ?? []), plain(show)];
      }
      return { shown: plain(shown), fields };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs Lua in tshark, with the dissector's own functions as `d`. @returns what it printed behind `told `. */
export function run(script: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'handfast-test-'));
  try {
    writeFileSync(join(folder, 'script.lua'), `local d = dofile(${JSON.stringify(DISSECTOR)})\n${script}\n`);
    writeFileSync(join(folder, 'empty.pcap'), pcap([]));
    const args = ['-X', `lua_script:${join(folder, 'script.lua')}`, '-r', join(folder, 'empty.pcap')];
    const { stdout, stderr, status } = spawnSync('tshark', args, { encoding: 'utf8', timeout: 60_000 });
    if (status !== 0 || /Lua/.test(stderr)) throw new Error(`tshark failed (${status}): ${stderr}`);
    return [...stdout.matchAll(/^told (.*)$/gm)].map(([, told]) => told.trim());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function plain(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" })[name]!);
}
