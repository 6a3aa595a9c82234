/** The core used where none is named: `choose.ts` sets it under Node, `browser.ts` sets the pure one. */
import { HandfastError } from '../errors.ts';
import type { Core } from './core.ts';

let chosen: Core | undefined;

export function setDefaultCore(core: Core): void {
  chosen = core;
}

export function defaultCore(): Core {
  if (!chosen) throw new HandfastError('BAD_ARGUMENT', 'no core was named: import handfast or handfast/core first, or pass { core }');
  return chosen;
}
