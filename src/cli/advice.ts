/** What to do about an error, for whoever stands in front of it. */
import { type CodeName, HandfastError } from '../errors.ts';

/** One sentence, or nothing where the message says all there is. @param speaks what the command speaks, as a heading says it. */
export function adviceFor(error: unknown, speaks = 'handfast/1'): string | undefined {
  if (error instanceof HandfastError)
    return (OF_CAUSE[causeCode(error)] ?? OWN[ownCode(error)] ?? ADVICE[error.codeName])?.replace('{protocol}', speaks);
  return SYSTEM[(error as NodeJS.ErrnoException | undefined)?.code ?? ''];
}

/** Said where there is no advice; a bad argument is named by its message, and nothing more is to be said of it. */
export function whereToRead(code: string): string | undefined {
  return code === 'HF_BAD_ARGUMENT' ? undefined : `handfast help ${code} says what it means`;
}

const causeCode = ({ code, cause }: HandfastError): string => `${code} ${(cause as NodeJS.ErrnoException | undefined)?.code ?? ''}`;

const ownCode = ({ code, blame, remote }: HandfastError): string => `${blame}${remote ? ' told' : ''} ${code}`;

/** What this side found, or did itself. */
const OWN: Readonly<Record<string, string>> = {
  'caller HF_TOO_LARGE': 'Send less at once; files of any size go over a session: handfast connect --file',
  'caller HF_BANNED': 'This node has banned it: handfast unban lifts the ban',
  'caller HF_UNKNOWN_NODE': 'This node does not let it in: handfast listen --allow does',
};

/** Where the reason of the system changes what to do. */
const OF_CAUSE: Readonly<Record<string, string>> = {
  'HF_LISTEN_FAILED EADDRNOTAVAIL': 'Give --host an address of this machine; 127.0.0.1, 0.0.0.0 and :: always are',
  'HF_LISTEN_FAILED ENOTFOUND': 'Give --host an address of this machine; 127.0.0.1, 0.0.0.0 and :: always are',
  'HF_LISTEN_FAILED EACCES': 'Ports below 1024 need special rights: pick a higher --port',
  'HF_CONNECT_FAILED ENOTFOUND': 'Check how the name is spelled, or give the address',
};

const ADVICE: Partial<Record<CodeName, string>> = {
  MALFORMED: 'What answers there does not speak {protocol}, or something between changes the bytes: check host and port',
  TOO_LARGE: 'What answers there does not speak {protocol} (another service?), or its messages exceed the limit: check host and port',
  BAD_TAG: 'Something between the two changed bytes, or the other side is broken: try from another network',
  HANDSHAKE_TIMEOUT: 'It accepts connections but does not answer in {protocol}: check the port, or that the node is not overloaded',
  WRONG_NETWORK: 'Both sides must name the same --network, letter for letter',
  PROTOCOL_MISMATCH: 'One side is too old: update it',
  SUITE_MISMATCH: 'The two have no cipher, group or handshake in common: update the older one',
  EXPIRED_TIMESTAMP: 'A clock is wrong: compare `date -u` on both machines and switch on time synchronisation',
  FUTURE_TIMESTAMP: 'A clock is wrong: compare `date -u` on both machines and switch on time synchronisation',
  INVALID_ID: 'The other side is broken: its id is not a usable key',
  INVALID_SIGNATURE: 'The other side does not hold the key of the id it claims: do not trust it',
  SELF_CONNECTION: 'Both sides use the same identity file: give each its own with handfast keygen',
  UNEXPECTED_PEER: 'Somebody else answers at this address: check the address and the id given with --peer',
  BANNED: 'The other side has banned this id or address: ask who runs it',
  UNKNOWN_NODE: 'Ask who runs the listener to allow this id: handfast id FILE prints it',
  NOT_ALLOWED: 'Ask who runs the listener why: it may be a rule, or with HiveMind the access key or the password',
  TOO_MANY_CONNECTIONS: 'The other side is full: try again later',
  RATE_LIMITED: 'Too many attempts from this address: wait a few seconds',
  SHUTTING_DOWN: 'Try again when it is back',
  NO_HANDLER: 'Check --topic: the other node handles other ones, or none',
  HANDLER_FAILED: 'Look into the log of the other node; the request may have had effects',
  BUSY: 'It was not handled: try again later',
  DEADLINE_EXCEEDED: 'It may have been handled all the same; --deadline gives it more time',
  ANSWER_TOO_LARGE: 'Ask for less at once',
  ANSWER_LOST: 'It was handled; only its answer is gone',
  PEER_RESTARTED: 'It may have been handled or not; with --idempotent it is asked again',
  NOT_CONNECTED: 'handfast peers lists whom the node is connected to, handfast listen --connect names whom to dial',
  WRONG_KEY: 'Both sides must have the same key or password; with lwstcp the same --rounds too',
  REFUSED: 'It says no more than this: ask who runs it, or see with handfast probe how far the handshake gets',
  TRUNCATED: 'The connection broke or the other process died: look at its log and try again',
  PING_TIMEOUT: 'The other side or the network between went silent: try again',
  CONNECT_FAILED: 'Check that the node is running and that no firewall stands between',
  LISTEN_FAILED: 'Pick another --port, or stop what holds this one',
  NO_NATIVE: 'Set HANDFAST_CORE=pure to do without it',
};

const SYSTEM: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path',
  EACCES: 'Check who may read and write there',
  EISDIR: 'Name a file, not a directory',
  ENOSPC: 'Make room on the disk',
  EROFS: 'The file system is read-only: pick another place',
};
