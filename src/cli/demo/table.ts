/** The benchmark at the end of the demo: both cores in one process each way, 20 seconds in all. */
import type { Report } from './report.ts';

export async function playTable(_report: Report, _signal: AbortSignal): Promise<void> {}
