/** Options of `handfast listen --protocol handfast`, apart from the node that they set up: to know an option nobody has to load one. */
import type { Options } from './command.ts';
import { KEY_LOG_OPTION } from './key-log.ts';
import { PASSPHRASE_OPTION } from './passphrase.ts';

export const NODE_OPTIONS: Options = {
  identity: { type: 'string', value: 'FILE', help: 'Who this node is; handfast keygen makes one.' },
  network: { type: 'string', value: 'NAME', help: 'The network; both sides must name the same.' },
  connect: {
    type: 'string',
    multiple: true,
    value: '[ID@]HOST:PORT',
    help: 'Dial this node, and again whenever it is gone; may be repeated. With ID@ nobody else is taken for it.',
  },
  allow: { type: 'string', multiple: true, value: 'ID', help: 'Let this id in; may be repeated. Without it everybody is let in.' },
  bans: { type: 'string', value: 'FILE', help: 'Keep bans in this file, over restarts.' },
  'max-peers': { type: 'string', value: 'N', help: 'Sessions at a time, of each process; 64 unless given.' },
  processes: {
    type: 'string',
    value: 'N',
    help: 'So many processes that answer as one: one address, one view of peers, bans and broadcasts; 1 unless given.',
  },
  store: {
    type: 'string',
    value: 'redis://HOST:PORT',
    help: 'Share bans, attempts, requests and broadcasts through this Redis with every other node of the same identity. Without it the processes of this command share them through the first one.',
  },
  handle: {
    type: 'string',
    multiple: true,
    value: '[TOPIC=]echo|print',
    help: 'What becomes of requests of TOPIC, or of those without one: answer with the same bytes, or print them and answer with none; echo for those without one. May be repeated.',
  },
  subscribe: { type: 'string', multiple: true, value: 'TOPIC', help: 'Print broadcasts of this topic; may be repeated.' },
  control: {
    type: 'string',
    value: 'PATH',
    help: 'Where the control socket is, in a directory that only you can write to. By default in $XDG_RUNTIME_DIR/handfast or, without that, in .handfast beside the identity file.',
  },
  'no-control': { type: 'boolean', help: 'No control socket.' },
  'unsafe-key-log': KEY_LOG_OPTION,
  'passphrase-file': PASSPHRASE_OPTION,
};
