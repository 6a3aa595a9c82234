export function interrupt(options: {
  at: number;
  how: 'cut' | 'cut-inside' | 'full';
  cut: () => Promise<never>;
}): Promise<{ counts: { calls: number }; restore: () => void }>;
