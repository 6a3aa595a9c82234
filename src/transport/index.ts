/** Sessions with peers, over TCP or any stream: what the package shows of this layer. */
export type { Carrier, CarrierEvents, RemoteAddress } from './carrier.ts';
export type { DialOverOptions, OverOptions } from './carriers.ts';
export { type Clock, systemClock } from './clock.ts';
export { type CommonOptions, type ConnectOptions, connect } from './connect.ts';
export type { HandshakeEnd, HandshakeFailure, HandshakeStart, HandshakeSubject, SessionClose, SessionOpen } from './diagnostics.ts';
export { carrierOf } from './duplex.ts';
export type { HandshakeStep, Judge } from './handshake.ts';
export { type AdmissionLimits, addressBlock, admissionLimits } from './limits.ts';
export { type ListenLimits, type ListenOptions, listen, Server } from './listen.ts';
export { type MemoryPair, type MemoryPairOptions, memoryPair } from './memory.ts';
export { Message, type MessageBatch } from './message.ts';
export type { Allow, Bans, Room } from './policy.ts';
export { type CloseOptions, type MessageCount, type SendOptions, Session, type SessionInfo, type SessionLimits } from './session.ts';
export type { StreamOptions } from './stream.ts';
export type { TlsOptions } from './tls.ts';
export { type Customer, Workbench, type WorkbenchOptions } from './workbench.ts';
