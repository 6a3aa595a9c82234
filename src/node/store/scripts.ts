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

/** Ends bans whose time is over. */
const PRUNE = `
for _, key in ipairs(redis.call('ZRANGEBYSCORE', k .. 'bans-until', '-inf', num(now))) do
  redis.call('HDEL', k .. 'bans', key)
  redis.call('ZREM', k .. 'bans-until', key)
  redis.call('ZREM', k .. 'bans-automatic', key)
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

  // block, ms for each, ms of the burst, most
  enter: `
local paid = math.max(now, tonumber(redis.call('ZSCORE', k .. 'rates', ARGV[1]) or now)) + ARGV[2]
local wait = paid - now - ARGV[3]
if wait <= 0 then
  redis.call('ZADD', k .. 'rates', num(paid), ARGV[1])
  redis.call('ZREMRANGEBYSCORE', k .. 'rates', '-inf', num(now))
  redis.call('ZREMRANGEBYRANK', k .. 'rates', 0, -1 - ARGV[4])
  redis.call('PEXPIRE', k .. 'rates', 3600000)
end
return { num(math.max(0, wait)), version() }`,

  version: 'return version()',

  bans: `${PRUNE}
local rows = redis.call('HGETALL', k .. 'bans')
table.insert(rows, 1, version())
table.insert(rows, 2, num(now))
return rows`,

  // most, then of each: key, text, ago ms, left ms or -1, reason, 1 for automatic
  ban: `${PRUNE}
for i = 2, #ARGV, 6 do
  local key, automatic = ARGV[i], ARGV[i + 5] == '1'
  local known = redis.call('HEXISTS', k .. 'bans', key) == 1
  if not (automatic and known) then
    if not known and redis.call('HLEN', k .. 'bans') >= tonumber(ARGV[1]) then
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
  end
end
return 1`,

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

  // life, process, peer, peer's life, id, page, bit, ms, memory ms, pages
  claim: `
if redis.call('GET', k .. 'life') ~= ARGV[1] then return { 'past' } end
if redis.call('HEXISTS', k .. 'bans', ARGV[3]) == 1 then
  local till = redis.call('ZSCORE', k .. 'bans-until', ARGV[3])
  if not till or tonumber(till) > now then return { 'banned' } end
end
local taken = k .. 'taken:' .. ARGV[3] .. ':' .. ARGV[4]
local pages, page = taken .. ':pages', taken .. ':' .. ARGV[6]
local request = k .. 'request:' .. ARGV[3] .. ':' .. ARGV[4] .. ':' .. ARGV[5]
local gone = redis.call('GET', taken .. ':gone')
local again = gone and tonumber(ARGV[6]) <= tonumber(gone)
if not again then
  again = redis.call('SETBIT', page, ARGV[7], 1) == 1
  redis.call('PEXPIRE', page, ARGV[9])
  if redis.call('ZADD', pages, ARGV[6], ARGV[6]) == 1 and redis.call('ZCARD', pages) > tonumber(ARGV[10]) then
    local lowest = redis.call('ZPOPMIN', pages)[1]
    redis.call('DEL', taken .. ':' .. lowest)
    redis.call('SET', taken .. ':gone', lowest, 'PX', ARGV[9])
  end
  redis.call('PEXPIRE', pages, ARGV[9])
end
if gone then redis.call('PEXPIRE', taken .. ':gone', ARGV[9]) end
if not again then
  redis.call('SET', request, 'r' .. ARGV[2], 'PX', ARGV[8])
  return { 'mine' }
end
local known = redis.call('GET', request)
if not known then return { 'lost' } end
if string.sub(known, 1, 1) == 'a' then return { 'answer', string.sub(known, 2) } end
local by = string.sub(known, 2)
if by ~= ARGV[2] and alive(by) then return { 'elsewhere' } end
return { 'lost' }`,

  // process, peer, peer's life, id, answer or nothing
  answer: `
local request = k .. 'request:' .. ARGV[2] .. ':' .. ARGV[3] .. ':' .. ARGV[4]
if redis.call('GET', request) ~= 'r' .. ARGV[1] then return 0 end
if ARGV[5] then redis.call('SET', request, 'a' .. ARGV[5], 'KEEPTTL') else redis.call('DEL', request) end
return 1`,

  // peer:life:id of each
  confirm: `
for _, name in ipairs(ARGV) do redis.call('UNLINK', k .. 'request:' .. name) end
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

  // process, peer
  release: `
if redis.call('HGET', k .. 'held', ARGV[2]) == ARGV[1] then redis.call('HDEL', k .. 'held', ARGV[2]) end
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
