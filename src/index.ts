/** handfast: authenticated handshakes and encrypted sessions between peers. */
import './core/choose.ts';

export type { CoreChosen } from './core/choose.ts';
export { Identity, type IdentityOptions, type IdentitySource } from './core/identity.ts';
export { type SignatureAlgorithm, type SignedMessage, type VerifyManyOptions, verifyMany } from './core/verify/many.ts';
export * from './errors.ts';
export { AllowList } from './node/bans/allow.ts';
export type { Ban, BanOptions } from './node/bans/bans.ts';
export type { ChargeLimits } from './node/bans/charges.ts';
export type { Carriers, DialOptions, Listening } from './node/carriers.ts';
export type { NodeLife, PeerBan, PeerCharge } from './node/diagnostics.ts';
export type { NodeEvents, Warning } from './node/events.ts';
export type { GossipLimits } from './node/gossip/limits.ts';
export type { GossipMessage } from './node/gossip/message.ts';
export { type ClientFileOptions, HiveMindClientFile } from './node/hivemind-clients.ts';
export { HiveMindHub, type HubMessage, type HubOptions } from './node/hivemind-hub.ts';
export {
  HiveMindIntercom,
  type IntercomOptions,
  type OpenedIntercom,
  type SealedIntercom,
  type SealOptions,
} from './node/hivemind-intercom.ts';
export { keyLogFile } from './node/key-log-file.ts';
export { type ConnectToOptions, createNode, type Node } from './node/node.ts';
export type { GivenPeer, NodeLimits, NodeOptions } from './node/options.ts';
export type { PeerSnapshot } from './node/peers.ts';
export type { Handler, HandlerLimits, RequestMessage } from './node/requests/handlers.ts';
export type { RequestLimits, RequestOptions } from './node/requests/requests.ts';
export type { ByCode, NodeStatus } from './node/status.ts';
export { memoryStore } from './node/store/memory.ts';
export { type Channel, PrimaryStore, primaryStore } from './node/store/primary.ts';
export { type RedisStoreOptions, redisStore } from './node/store/redis.ts';
export type { WithoutStore } from './node/store/shared.ts';
export type { Store } from './node/store/store.ts';
export type { SubscribeOptions, Subscription } from './node/subscription.ts';
export type { KeyLog } from './protocols/handfast/key-log.ts';
export type { HandfastOptions } from './protocols/handfast/settings.ts';
export { handshakeKeyOfWords, type LwstcpOptions, SessionKeyMemory } from './protocols/lwstcp/index.ts';
export type { Peer, Refusal } from './protocols/machine.ts';
export { Cluster, type SlotOptions, Slots, XrplIdentity, type XrplOptions } from './protocols/xrpl/index.ts';
export * from './transport/index.ts';
