/**
 * Whether a broadcast had a way to a life of a node: sessions that both sides had, long enough, one after the other, while who had the message still kept it. Where there was one, nothing
 * explains that it did not come.
 */

/** A session carries what is pushed, or announced a second later and asked for, within this time, on a busy machine too. */
const CARRIED_MS = 5_000;
/** As long as a node keeps a message for others: see `storeMs` of gossip. */
const KEPT_MS = 10_000;

/**
 * @param lives with `name`, `began`, `over` and `sessions`: `{ kind: '+' | '-', peer, port, at }` in order; `port` is where the other side came from, for those that came in.
 * @param quiet when connections were silent, by that port: `{ port, from, to }`.
 * @returns ways between lives, both directions: `{ one, other, from, to }`.
 */
export function waysBetween(lives, quiet) {
  const silences = new Map();
  for (const each of quiet) silences.set(each.port, [...(silences.get(each.port) ?? []), each]);
  const views = lives.map((life) => viewOf(life));
  const ways = [];
  lives.forEach((one, i) => {
    lives.forEach((other, j) => {
      if (j <= i || one.name === other.name) return;
      for (const here of views[i].filter(({ peer }) => peer === other.name)) {
        for (const there of views[j].filter(({ peer }) => peer === one.name)) {
          const times = { from: Math.max(here.from, there.from), to: Math.min(here.to, there.to) };
          const cuts = [here.port, there.port].flatMap((port) => silences.get(port) ?? []);
          for (const { from, to } of without(times, cuts)) ways.push({ one, other, from, to });
        }
      }
    });
  });
  return ways;
}

/**
 * @param takes whether a life takes the message in and passes it on.
 * @returns lives that must have it, with the time by which.
 */
export function reached(origin, at, ways, takes) {
  // A message may have come sooner than it had to, and is then let go of sooner.
  const soonest = spread(origin, at, ways, takes, ({ from, to }, has) => (has <= to ? Math.max(has, from) : undefined));
  return spread(origin, at, ways, takes, ({ from, to }, has, life) => {
    const begin = Math.max(has, from);
    return Math.min(to, soonest.get(life) + KEPT_MS) - begin >= CARRIED_MS ? begin + CARRIED_MS : undefined;
  });
}

/** Each life's time, the least that ways lead to. @param over the time at the far end of a way, or undefined. */
function spread(origin, at, ways, takes, over) {
  const times = new Map([[origin, at]]);
  for (let changed = true; changed; ) {
    changed = false;
    for (const way of ways) {
      for (const [near, far] of [
        [way.one, way.other],
        [way.other, way.one],
      ]) {
        if (!times.has(near) || !takes(far)) continue;
        const time = over(way, times.get(near), near);
        if (time === undefined || time >= (times.get(far) ?? Number.POSITIVE_INFINITY)) continue;
        times.set(far, time);
        changed = true;
      }
    }
  }
  return times;
}

/** Sessions as one side saw them. */
function viewOf({ sessions, over }) {
  const seen = [];
  for (const { kind, peer, port, at } of sessions) {
    if (kind === '+') seen.push({ peer, port, from: at, to: over });
    // With two at a time for a moment, the one that goes is the older one.
    else {
      const gone = seen.find((each) => each.peer === peer && each.to === over && (port === undefined || each.port === port));
      if (gone) gone.to = at;
    }
  }
  return seen;
}

/** What of a time is left without some others. */
function without(times, cuts) {
  let left = [times];
  for (const { from, to } of cuts) {
    left = left.flatMap((each) => [
      { from: each.from, to: Math.min(each.to, from) },
      { from: Math.max(each.from, to), to: each.to },
    ]);
  }
  return left.filter((each) => each.from < each.to);
}
