/** Noise, revision 34, as a building block: handshakes of the patterns NN, KK, XX and IK with pre-shared keys anywhere, and the ciphers they lead to. docs/protocols/noise.md. */
export { NoiseCipher } from './cipher.ts';
export { NoiseHandshake, type NoiseOptions, type NoiseSplit, type NoiseStep } from './handshake.ts';
export { type NoiseCipherName, type NoiseHashName, type NoiseName, parseNoiseName } from './patterns.ts';
