/**
 * What Redis does in one step: a script for each call of the contract that touches more than one thing. Each gets the name that all keys begin with as KEYS[1], and what else it needs as ARGV. Time is Redis's own.
 * Numbers go as text with all their digits: Redis would cut them to whole ones.
 *
 * Three things are kept in sorted sets of which each score says everything: of attempts, when they will be paid for; of balances, their logarithm at time 0; of message ids, their end.
 */
const NOW = `
local k = KEYS[1]
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local function num(x) return string.format('%.17g', x) end
local function version() return (redis.call('GET', k .. 'life') or '') .. ':' .. (redis.call('GET', k .. 'changes') or '0') end
local function alive(p) return p and redis.call('EXISTS', k .. 'process:' .. p) == 1 end
`;

/** The process ARGV[1] may let peers in by the bans of the version that it is given, for so many milliseconds. */
const TRUST = `
redis.call('ZREMRANGEBYSCORE', k .. 'trusted', '-inf', num(now))
redis.call('ZADD', k .. 'trusted', num(now + ARGV[2]), ARGV[1])
redis.call('PEXPIRE', k .. 'trusted', ARGV[2])
`;

/** Ends bans whose time is over. */
const PRUNE = `
for _, key in ipairs(redis.call('ZRANGEBYSCORE', k .. 'bans-until', '-inf', num(now))) do
  redis.call('HDEL', k .. 'bans', key)
  redis.call('ZREM', k .. 'bans-until', key)
  redis.call('ZREM', k .. 'bans-automatic', key)
end
`;

/** What is known of peers' requests: who is banned, and the pages of bits that say which were taken. */
const TAKEN = `
local answers = {}
local current = redis.call('GET', k .. 'life') == ARGV[1]
local checked, pages = {}, {}
local function banned(peer)
  if checked[peer] == nil then
    checked[peer] = redis.call('HEXISTS', k .. 'bans', peer) == 1
    local till = checked[peer] and redis.call('ZSCORE', k .. 'bans-until', peer)
    if till and tonumber(till) <= now then checked[peer] = false end
  end
  return checked[peer]
end
local function page_of(taken, page, most)
  local name = taken .. ':' .. page
  if not pages[name] then
    local gone = redis.call('GET', taken .. ':gone')
    if gone then redis.call('PEXPIRE', taken .. ':gone', ARGV[3]) end
    if gone and tonumber(page) <= tonumber(gone) then return nil end
    if redis.call('ZADD', taken .. ':pages', page, page) == 1 and redis.call('ZCARD', taken .. ':pages') > tonumber(most) then
      local lowest = redis.call('ZPOPMIN', taken .. ':pages')[1]
      redis.call('DEL', taken .. ':' .. lowest)
      redis.call('SET', taken .. ':gone', lowest, 'PX', ARGV[3])
      pages[taken .. ':' .. lowest] = nil
      if lowest == page then return nil end
    end
    pages[name] = taken
  end
  return name
end
local function keep_pages(ms)
  for name, taken in pairs(pages) do
    redis.call('PEXPIRE', name, ms)
    redis.call('PEXPIRE', taken .. ':pages', ms)
  end
end
`;

const SOURCES = {
  // process, life, process ms, life ms
  beat: `
local life = redis.call('GET', k .. 'life')
if not life then life = ARGV[2] end
redis.call('SET', k .. 'life', life, 'PX', ARGV[4])
local known = redis.call('EXISTS', k .. 'process:' .. ARGV[1])
redis.call('SET', k .. 'process:' .. ARGV[1], '1', 'PX', ARGV[3])
redis.call('PEXPIRE', k .. 'held', ARGV[4])
redis.call('PEXPIRE', k .. 'leases', ARGV[4])
return { life, version(), known }`,

  // process, trusted ms, ms for each, ms of the burst, most, blocks
  enter: `${TRUST}
local answers = { version() }
for i = 6, #ARGV do
  local paid = math.max(now, tonumber(redis.call('ZSCORE', k .. 'rates', ARGV[i]) or now)) + ARGV[3]
  local wait = paid - now - ARGV[4]
  if wait <= 0 then redis.call('ZADD', k .. 'rates', num(paid), ARGV[i]) end
  answers[i - 4] = num(math.max(0, wait))
end
redis.call('ZREMRANGEBYSCORE', k .. 'rates', '-inf', num(now))
redis.call('ZREMRANGEBYRANK', k .. 'rates', 0, -1 - ARGV[5])
redis.call('PEXPIRE', k .. 'rates', 3600000)
return answers`,

  version: 'return version()',

  // process, trusted ms
  trust: `${TRUST}
return version()`,

  bans: `${PRUNE}
local rows = redis.call('HGETALL', k .. 'bans')
table.insert(rows, 1, version())
table.insert(rows, 2, num(now))
return rows`,

  // process, most, then of each: key, text, ago ms, left ms or -1, reason, 1 for automatic
  ban: `${PRUNE}
local wait, trusted = 0, 0
for _, process in ipairs(redis.call('ZREVRANGE', k .. 'trusted', 0, 1)) do
  if process ~= ARGV[1] then trusted = math.max(trusted, redis.call('ZSCORE', k .. 'trusted', process) - now) end
end
for i = 3, #ARGV, 6 do
  local key, automatic = ARGV[i], ARGV[i + 5] == '1'
  local known = redis.call('HEXISTS', k .. 'bans', key) == 1
  if not (automatic and known) then
    if not known and redis.call('HLEN', k .. 'bans') >= tonumber(ARGV[2]) then
      local first = redis.call('ZRANGE', k .. 'bans-automatic', 0, 0)[1]
      if not first then return redis.error_reply('FULL as many bans by hand as there may be') end
      redis.call('HDEL', k .. 'bans', first)
      redis.call('ZREM', k .. 'bans-until', first)
      redis.call('ZREM', k .. 'bans-automatic', first)
    end
    local left = tonumber(ARGV[i + 3])
    local till = left < 0 and -1 or now + left
    redis.call('HSET', k .. 'bans', key, cjson.encode({ ARGV[i + 1], num(now - ARGV[i + 2]), num(till), ARGV[i + 4], ARGV[i + 5] }))
    redis.call('ZREM', k .. 'bans-until', key)
    redis.call('ZREM', k .. 'bans-automatic', key)
    if left >= 0 then redis.call('ZADD', k .. 'bans-until', num(till), key) end
    if automatic and left >= 0 then redis.call('ZADD', k .. 'bans-automatic', num(till), key) end
    redis.call('INCR', k .. 'changes')
    wait = math.max(wait, trusted, tonumber(redis.call('ZSCORE', k .. 'reserved', key) or 0) - now)
  end
end
return num(wait)`,

  // keys
  unban: `
for _, key in ipairs(ARGV) do
  if redis.call('HDEL', k .. 'bans', key) == 1 then redis.call('INCR', k .. 'changes') end
  redis.call('ZREM', k .. 'bans-until', key)
  redis.call('ZREM', k .. 'bans-automatic', key)
end
return 1`,

  // key, points, fade ms, most
  charge: `
local fade = tonumber(ARGV[3])
local rank = redis.call('ZSCORE', k .. 'charges', ARGV[1])
local balance = ARGV[2] + (rank and math.exp(rank - now / fade) or 0)
redis.call('ZADD', k .. 'charges', num(math.log(balance) + now / fade), ARGV[1])
redis.call('ZREMRANGEBYSCORE', k .. 'charges', '-inf', num(now / fade))
redis.call('ZREMRANGEBYRANK', k .. 'charges', 0, -1 - ARGV[4])
redis.call('PEXPIRE', k .. 'charges', 3600000)
return num(balance)`,

  // life, process, memory ms, pages, then of each: peer, peer's life, id, page, bit, ms
  claim: `${TAKEN}
local function claimed(peer, life, id, page, bit, ms)
  if not current then return { 'past' } end
  if banned(peer) then return { 'banned' } end
  local taken = k .. 'taken:' .. peer .. ':' .. life
  local name = page_of(taken, page, ARGV[4])
  local request = k .. 'request:' .. peer .. ':' .. life .. ':' .. id
  if name and redis.call('SETBIT', name, bit, 1) == 0 then
    redis.call('SET', request, 'r' .. ARGV[2], 'PX', ms)
    return { 'mine' }
  end
  local known = redis.call('GET', request)
  if known and string.sub(known, 1, 1) == 'a' then return { 'answer', string.sub(known, 2) } end
  local by = known and string.sub(known, 2) or redis.call('GET', taken .. ':owner')
  if by ~= ARGV[2] and alive(by) then return { 'elsewhere', by } end
  return { 'lost' }
end
for i = 5, #ARGV, 6 do answers[(i + 1) / 6] = claimed(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]) end
keep_pages(ARGV[3])
return answers`,

  // life, process, memory ms, pages, reserved ms, then of each: peer, peer's life, page, bit, count
  reserve: `${TAKEN}
local function reserved(peer, life, page, bit, count)
  if not current or banned(peer) then return -1 end
  local taken = k .. 'taken:' .. peer .. ':' .. life
  local owner = redis.call('GET', taken .. ':owner')
  if owner and owner ~= ARGV[2] and alive(owner) then return -1 end
  redis.call('SET', taken .. ':owner', ARGV[2], 'PX', ARGV[3])
  redis.call('ZADD', k .. 'reserved', num(now + ARGV[5]), peer)
  local name = page_of(taken, page, ARGV[4])
  local done = 0
  while name and done < tonumber(count) and redis.call('SETBIT', name, bit + done, 1) == 0 do done = done + 1 end
  return done
end
for i = 6, #ARGV, 5 do answers[(i - 1) / 5] = reserved(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]) end
keep_pages(ARGV[3])
redis.call('ZREMRANGEBYSCORE', k .. 'reserved', '-inf', num(now))
redis.call('PEXPIRE', k .. 'reserved', ARGV[5])
return answers`,

  // life, process, peer, peer's life, 1 for all, parts, then of each part: page, bit, count; then of each request: id, ms
  giveUp: `
if redis.call('GET', k .. 'life') ~= ARGV[1] then return 0 end
local of = ARGV[3] .. ':' .. ARGV[4]
local taken = k .. 'taken:' .. of
local parts = 7 + 3 * ARGV[6]
for i = 7, parts - 1, 3 do
  local name = taken .. ':' .. ARGV[i]
  if redis.call('EXISTS', name) == 1 then
    for bit = tonumber(ARGV[i + 1]), ARGV[i + 1] + ARGV[i + 2] - 1 do redis.call('SETBIT', name, bit, 0) end
  end
end
for i = parts, #ARGV, 2 do redis.call('SET', k .. 'request:' .. of .. ':' .. ARGV[i], 'r' .. ARGV[2], 'PX', ARGV[i + 1], 'NX') end
if ARGV[5] == '1' and redis.call('GET', taken .. ':owner') == ARGV[2] then redis.call('DEL', taken .. ':owner') end
return 1`,

  // process, peer, peer's life, id, ms, answer or nothing
  answer: `
local request = k .. 'request:' .. ARGV[2] .. ':' .. ARGV[3] .. ':' .. ARGV[4]
local known = redis.call('GET', request)
if known and known ~= 'r' .. ARGV[1] then return 0 end
if ARGV[6] then redis.call('SET', request, 'a' .. ARGV[6], 'PX', ARGV[5]) else redis.call('DEL', request) end
return 1`,

  // ms, most, ids
  first: `
local answers = {}
for i = 3, #ARGV do
  local till = redis.call('ZSCORE', k .. 'ids', ARGV[i])
  if till and tonumber(till) > now then answers[i - 2] = 0
  else
    redis.call('ZADD', k .. 'ids', num(now + ARGV[1]), ARGV[i])
    answers[i - 2] = 1
  end
end
redis.call('ZREMRANGEBYSCORE', k .. 'ids', '-inf', num(now))
redis.call('ZREMRANGEBYRANK', k .. 'ids', 0, -1 - ARGV[2])
redis.call('PEXPIRE', k .. 'ids', ARGV[1])
return answers`,

  // process, life ms, peers
  hold: `
for i = 3, #ARGV do redis.call('HSET', k .. 'held', ARGV[i], ARGV[1]) end
redis.call('PEXPIRE', k .. 'held', ARGV[2])
return 1`,

  // process, peers
  release: `
for i = 2, #ARGV do
  if redis.call('HGET', k .. 'held', ARGV[i]) == ARGV[1] then redis.call('HDEL', k .. 'held', ARGV[i]) end
end
return 1`,

  // peer
  holder: `
local by = redis.call('HGET', k .. 'held', ARGV[1])
if alive(by) then return by end
if by then redis.call('HDEL', k .. 'held', ARGV[1]) end
return false`,

  // process
  alive: 'return alive(ARGV[1]) and 1 or 0',

  // process, task, life ms
  lease: `
local by = redis.call('HGET', k .. 'leases', ARGV[2])
if by and by ~= ARGV[1] and alive(by) then return 0 end
redis.call('HSET', k .. 'leases', ARGV[2], ARGV[1])
redis.call('PEXPIRE', k .. 'leases', ARGV[3])
return 1`,

  // process, task
  yield: `
if redis.call('HGET', k .. 'leases', ARGV[2]) == ARGV[1] then redis.call('HDEL', k .. 'leases', ARGV[2]) end
return 1`,

  // process
  leave: `
redis.call('DEL', k .. 'process:' .. ARGV[1])
redis.call('ZREM', k .. 'trusted', ARGV[1])
for _, name in ipairs({ 'held', 'leases' }) do
  local rows = redis.call('HGETALL', k .. name)
  for i = 1, #rows, 2 do if rows[i + 1] == ARGV[1] then redis.call('HDEL', k .. name, rows[i]) end end
end
return 1`,
} as const;

export type ScriptName = keyof typeof SOURCES;

export const SCRIPTS = Object.fromEntries(Object.entries(SOURCES).map(([name, source]) => [name, NOW + source])) as Readonly<
  Record<ScriptName, string>
>;
