/** Loaded before a node of the faults: its clock on the wall can be set apart from the machine's, as an administrator would set it. What runs on, `performance.now`, is left alone. */
const { now } = Date;
let setByMs = 0;
Date.now = () => now() + setByMs;
export const setClock = (byMs) => {
  setByMs = byMs;
};
