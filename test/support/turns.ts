/** Turns of the event loop after which whatever public-key work was asked for is done and heard of: requests wait for each other for up to 16 turns (src/transport/workbench.ts). */
export const TURNS_OF_WORK = 19;
