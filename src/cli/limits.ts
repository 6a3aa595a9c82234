/** The limits that hold unless a caller sets something else, read from where they are set. */
import type { Core } from '../core/core.ts';
import { Identity } from '../core/identity.ts';
import { CHARGE_DEFAULTS } from '../node/bans/charges.ts';
import { CONTROL_LIMITS } from '../node/control/control.ts';
import { gossipLimits } from '../node/gossip/limits.ts';
import { nodeSettings } from '../node/options.ts';
import { HANDLER_DEFAULTS } from '../node/requests/callers.ts';
import { REQUEST_DEFAULTS } from '../node/requests/requests.ts';
import { LIMITS } from '../protocols/handfast/limits.ts';
import { admissionLimits } from '../transport/limits.ts';
import { UNREAD } from '../transport/unread.ts';

/** In bytes, milliseconds and counts. */
export function limitsInForce(core: Core): Record<string, number> {
  return { ...ofSessions(), ...ofNodes(core) };
}

function ofSessions(): Record<string, number> {
  const admission = admissionLimits();
  return {
    handshakeDeadlineMs: LIMITS.deadlineMs,
    clockWindowMs: LIMITS.clockWindowMs,
    helloBytes: LIMITS.hello,
    handshakeFrameBytes: LIMITS.handshakeFrame,
    messageBytes: LIMITS.message,
    unreadMessages: UNREAD.messages,
    unreadBytes: UNREAD.bytes,
    halfOpen: admission.halfOpen,
    halfOpenPerAddress: admission.halfOpenPerAddress,
    handshakesPerSecond: admission.handshakesPerSecond,
    handshakeBurst: admission.handshakeBurst,
    sessions: admission.sessions,
    pingMs: LIMITS.pingMs,
    silenceMs: LIMITS.silenceMs,
    rekeyEveryRecords: LIMITS.rekeyEvery,
  };
}

function ofNodes(core: Core): Record<string, number> {
  const identity = Identity.generate({ core });
  const { peerLimits, limits } = nodeSettings({ identity, network: 'limits', core });
  identity.wipe();
  const gossip = gossipLimits(core);
  return {
    peers: peerLimits.maxPeers,
    dialsAtOnce: limits.dials,
    outgoingPerPeerBytes: limits.outgoingBytes,
    requestsInFlight: REQUEST_DEFAULTS.inFlight,
    requestsInFlightPerPeer: REQUEST_DEFAULTS.inFlightPerPeer,
    handlersRunning: HANDLER_DEFAULTS.inProgress,
    handlersRunningPerPeer: HANDLER_DEFAULTS.inProgressPerPeer,
    answersHeldBytes: HANDLER_DEFAULTS.answerBytes,
    broadcastsReadPerSecond: gossip.perSecond,
    broadcastsSentPerSecond: gossip.publishedPerSecond,
    broadcastIds: gossip.messages,
    broadcastsKeptBytes: gossip.storeBytes,
    chargesBeforeWarning: CHARGE_DEFAULTS.warn,
    chargesBeforeBan: CHARGE_DEFAULTS.drop,
    banForChargesMs: CHARGE_DEFAULTS.banMs,
    controlClients: CONTROL_LIMITS.clients,
    controlLineBytes: CONTROL_LIMITS.lineBytes,
  };
}
