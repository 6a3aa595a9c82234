// @ts-check
/** Every suite by name, in the order in which they run. Another suite is another file and another line here. */
export const SUITES = {
  primitives: new URL('./primitives.mjs', import.meta.url).href,
  lanes: new URL('./lanes.mjs', import.meta.url).href,
  aead: new URL('./aead.mjs', import.meta.url).href,
  handshake: new URL('./handshake.mjs', import.meta.url).href,
  message: new URL('./message.mjs', import.meta.url).href,
  storm: new URL('./storm.mjs', import.meta.url).href,
  gossip: new URL('./gossip.mjs', import.meta.url).href,
  node: new URL('./node.mjs', import.meta.url).href,
  shared: new URL('./shared.mjs', import.meta.url).href,
  xrpl: new URL('./xrpl.mjs', import.meta.url).href,
  lwstcp: new URL('./lwstcp.mjs', import.meta.url).href,
  sdmp: new URL('./sdmp.mjs', import.meta.url).href,
  hivemind: new URL('./hivemind.mjs', import.meta.url).href,
  adapters: new URL('./adapters.mjs', import.meta.url).href,
  memory: new URL('./memory.mjs', import.meta.url).href,
};
