import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, listen } from 'handfast';

// One key for all devices: that is how LightweightSecureTCP is. It keeps readings from who only listens, and no more than that, so handfast wants to hear that you know.
const handshakeKey = randomBytes(32);
const common = { protocol: 'lwstcp', host: '127.0.0.1', handshakeKey, allowInsecure: true };

// The sensor listens, as such devices do: whoever has the key gets a reading as it is taken.
const sensor = await listen({ ...common, port: 0 });
sensor.on('handshakeError', (error, address) => console.log(`the sensor refused ${address ? 'somebody' : 'nobody'}: ${error.code}`));
sensor.on('session', async (session) => {
  const readings = [21.5, 21.6, 21.8, 21.7, 21.5];
  try {
    for (const celsius of readings) await session.send(Buffer.from(JSON.stringify({ celsius })));
    await session.close();
  } catch (error) {
    // Whoever listened has gone: the next one gets readings anew.
    console.log(`the sensor lost its listener: ${error.code}`);
  }
});

// Somebody with another key is found out by the sensor, which hangs up without a word.
const refused = once(sensor, 'handshakeError');
try {
  await connect({ ...common, port: sensor.address.port, handshakeKey: randomBytes(32) });
} catch (error) {
  console.log('with another key:', error.code);
}
await refused;

// The collector. Nothing in the protocol guards a message against change, so what comes is looked at before it is believed.
const session = await connect({ ...common, port: sensor.address.port });
let count = 0;
let sum = 0;
for await (const message of session) {
  const celsius = celsiusOf(message.text());
  if (celsius === undefined) continue;
  console.log('reading:', celsius);
  count++;
  sum += celsius;
}
console.log(`${count} readings, ${(sum / count).toFixed(2)} on average`);
await sensor.close();

function celsiusOf(text) {
  try {
    const { celsius } = JSON.parse(text);
    return typeof celsius === 'number' && celsius > -60 && celsius < 100 ? celsius : undefined;
  } catch {
    return undefined;
  }
}
