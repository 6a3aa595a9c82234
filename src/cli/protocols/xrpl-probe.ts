/** What a probe of an XRPL peer reports, and what its failures usually mean. */
import { type HandfastError, printable } from '../../errors.ts';
import type { Found, ProbeForm } from './protocol.ts';

export const xrplProbe: ProbeForm = {
  facts({ peer, info, error }) {
    const rows: string[][] = peer ? [['node key', `${peer.id} (proved: it signed this TLS session)`]] : [];
    if (info) rows.push(...factsOf(info));
    const elsewhere = redirectsOf(error);
    if (elsewhere.length > 0) rows.push(['try instead', elsewhere.join(', ')]);
    return rows;
  },
  json: ({ error }) => (redirectsOf(error).length > 0 ? { redirects: redirectsOf(error) } : {}),
  advice,
};

function factsOf(info: NonNullable<Found['info']>): string[][] {
  const rows = [
    ['TLS', `${info.tlsVersion}, ${info.cipher}`],
    ['protocol', String(info.protocolVersion)],
    ['server', info.agent === undefined ? 'not said' : `${printable(String(info.agent))} (its own words)`],
    ['network', info.networkId === undefined ? 'not said' : networkName(Number(info.networkId))],
    ['clock', info.clockOffsetS === undefined ? 'not said' : clock(Number(info.clockOffsetS))],
    ['features', info.features ? String(info.features) : 'none'],
    ['closed ledger', info.closedLedger === undefined ? 'not said' : String(info.closedLedger)],
  ];
  if (info.previousLedger !== undefined) rows.push(['previous ledger', String(info.previousLedger)]);
  if (info.serverDomain !== undefined) rows.push(['domain', `${printable(String(info.serverDomain))} (claimed, not proved)`]);
  rows.push(['crawl', info.crawl ? 'public' : 'private']);
  return rows;
}

function networkName(id: number): string {
  const name = ['main', 'testnet', 'devnet'][id];
  return name === undefined ? String(id) : `${id} (${name})`;
}

function clock(offsetS: number): string {
  if (offsetS === 0) return 'in step with ours';
  return `${Math.abs(offsetS)} s ${offsetS > 0 ? 'ahead of' : 'behind'} ours; 20 s are tolerated`;
}

function redirectsOf(error: HandfastError | undefined): readonly string[] {
  return (error as { redirects?: readonly string[] } | undefined)?.redirects ?? [];
}

function advice({ error, steps }: Found): string | undefined {
  if (!error) return undefined;
  const asked = steps.some(({ what, direction }) => what === 'request' && direction === 'sent');
  if (error.code === 'HF_TRUNCATED') {
    return asked
      ? 'It hung up on our request without a word: usually it limits our address after too many attempts (wait some minutes), or takes no peers'
      : 'It hung up during TLS: no XRPL peer port is there. Nodes have it at 51235 or 2459; 443, 5005 and 6006 are for clients';
  }
  if (error.code === 'HF_INVALID_SIGNATURE')
    return 'The two ends signed different TLS sessions: something between them ends TLS (a proxy, a load balancer, an inspecting firewall). Peers must be reached directly';
  if (error.code === 'HF_TOO_MANY_CONNECTIONS' && redirectsOf(error).length === 0)
    return 'It is full and named no other node: try again later';
  return ADVICE[error.code];
}

const ADVICE: Readonly<Record<string, string>> = {
  HF_CONNECT_FAILED: 'Check host and port (peers listen at 51235 or 2459), and that no firewall stands between',
  HF_HANDSHAKE_TIMEOUT: 'It takes connections and does not answer: overloaded, or no XRPL peer port. Nodes have it at 51235 or 2459',
  HF_TOO_MANY_CONNECTIONS: 'It is full, which is usual for public nodes, and names others: probe one of them',
  HF_REFUSED: 'It answers HTTP but takes no peers here: no peer port, or too many connections from this address already',
  HF_WRONG_NETWORK: 'Leave --network away to be told which network it is on; 0 is main, 1 testnet, 2 devnet',
  HF_EXPIRED_TIMESTAMP: 'A clock is more than 20 s off: compare `date -u` on both machines and switch on time synchronisation',
  HF_FUTURE_TIMESTAMP: 'A clock is more than 20 s off: compare `date -u` on both machines and switch on time synchronisation',
  HF_INVALID_ID: 'What it sent is no secp256k1 node key: the other side is broken or no XRPL peer',
  HF_SELF_CONNECTION: 'It uses the same node key as we do: give each node its own with handfast keygen --protocol xrpl',
  HF_ADDRESS_MISMATCH: 'One side is configured with a public address that is not its own: compare [overlay] public_ip with the real one',
  HF_PROTOCOL_MISMATCH: 'It speaks neither XRPL/2.1 nor XRPL/2.2: update it',
  HF_DUPLICATE_CONNECTION: 'It has a connection with this node key already: probe with a new key, without --identity',
  HF_MALFORMED: 'What answers there is no XRPL peer, or something between changes what it says: peers listen at 51235 or 2459',
};
