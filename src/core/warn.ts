/** Warnings to whoever runs this, where there is somebody to tell: once each. */

/** @param code names the warning: `HANDFAST_...`. */
export function warnOnce(code: string, text: string): void {
  if (warned.has(text)) return;
  warned.add(text);
  const { process } = globalThis as { process?: { emitWarning?(text: string, options: { code: string }): void } };
  process?.emitWarning?.(text, { code });
}

const warned = new Set<string>();
