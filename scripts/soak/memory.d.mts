export function memoryNow(): Promise<{ bytes: number; heapUsed: number; external: number; rss: number }>;
export function growth(samples: readonly { ms: number; bytes: number }[]): number;
