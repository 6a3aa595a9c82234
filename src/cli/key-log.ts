/** `--unsafe-key-log`: keys of sessions in a file, for a dissector. */
import { keyLogFile } from '../node/key-log-file.ts';
import type { KeyLog } from '../protocols/handfast/key-log.ts';
import type { Call, Option } from './command.ts';

export const KEY_LOG_OPTION: Option = {
  type: 'string',
  value: 'FILE',
  help: 'Append the keys of all sessions to FILE: whoever reads it reads what is said. For Wireshark, with docs/observability/handfast.lua; never on a network that matters.',
};

/** @throws what `keyLogFile` throws. */
export function keyLogOf(call: Call): KeyLog | undefined {
  const file = call.text('unsafe-key-log');
  return file === undefined ? undefined : keyLogFile(file);
}
