import { lwstcpTransport, roundTripsTransport } from './lib/peers/lwstcp.mjs';
import { cut, loopback } from './lib/transport.mjs';

const a = await loopback(process.argv[2] === 'bare' ? roundTripsTransport() : await lwstcpTransport('native'));
for (let i = 0; i < 4000; i++) await cut(await a.open());
process.exit(0);
