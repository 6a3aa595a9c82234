// @ts-check
/** The second process of the case with wrong passwords: so many clients at once, by the library or by bare WebSockets. Answers each message of its parent by one. */
import { WebSocket } from 'ws';
import { HOST } from './transport.mjs';

/** @type {Record<string, (port: number) => Promise<unknown>>} each resolves once its client was refused. */
const CLIENTS = {
  async hivemind(port) {
    const { connect } = await import('handfast');
    const options = { protocol: 'hivemind', accessKey: 'bench', password: 'another password altogether', host: HOST, port };
    await connect(/** @type {any} */ (options)).then(
      (session) => {
        session.destroy();
        throw new Error('a wrong password was let in');
      },
      () => {},
    );
  },
  bare: (port) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://${HOST}:${port}/`, { perMessageDeflate: false });
      socket.on('error', () => {});
      socket.on('close', resolve);
      let heard = 0;
      socket.on('message', () => ++heard === 2 && socket.send('x'.repeat(330)));
    }),
};

process.on('message', async (/** @type {{ kind: string, port: number, count: number }} */ { kind, port, count }) => {
  try {
    await Promise.all(Array.from({ length: count }, () => CLIENTS[kind](port)));
    process.send?.({});
  } catch (error) {
    process.send?.({ error: /** @type {Error} */ (error).message });
  }
});
process.on('disconnect', () => process.exit());
