/** The three entries of the package that hold a core, for tests that must say the same of each. */
import * as chosen from '../../src/core/choose.ts';
import * as pure from '../../src/core/pure.ts';
import { native } from './cores.ts';

export type CoreModule = typeof pure;

// By a computed name: the module throws where there is no addon, and then must not be loaded.
const nativeModule = '../../src/core/native.ts';

export const subjects: readonly { readonly name: string; readonly module: CoreModule | undefined }[] = [
  { name: 'handfast/pure', module: pure },
  { name: 'handfast/core', module: chosen },
  { name: 'handfast/native', module: native ? ((await import(/* @vite-ignore */ nativeModule)) as CoreModule) : undefined },
];
