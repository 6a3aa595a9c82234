-- handfast/1 for Wireshark and tshark: what stands in clear of its handshake and records and, with a key log
-- (unsafeKeyLog, --unsafe-key-log FILE), what is sealed. The bytes are those of docs/protocols/handfast.md.
--
--   tshark -X lua_script:handfast.lua -o handfast.key_log:keys.log -r capture.pcap -O handfast
--
-- It needs to have seen the beginning of a connection: counters are not sent, so that they have to be counted.
-- It deciphers by itself, since the Lua of Wireshark 4.0 has no ciphers, and checks no tags: that what it shows was not changed on its way, the two sides have found out, not this.

local handfast = Proto("handfast", "handfast/1")

local FRAMES = { [0x01] = "hello", [0x02] = "reply", [0x03] = "finish", [0x04] = "sealed refusal", [0x7f] = "refusal in clear" }
local KINDS = {
  [0x00] = "OPEN", [0x01] = "DIRECT", [0x02] = "RESPONSE", [0x03] = "ERROR", [0x04] = "BROADCAST", [0x05] = "PING",
  [0x06] = "PONG", [0x07] = "CLOSE", [0x08] = "IHAVE", [0x09] = "IWANT", [0x0a] = "DATA",
}
local SUITES = { [1] = "chacha20-poly1305", [2] = "aes-256-gcm" }
local EXTENSIONS = { [0x0001] = "agent", [0x0002] = "node", [0x0003] = "boot" }
local CODES = {
  [0x0000] = "CLOSED", [0x0101] = "MALFORMED", [0x0102] = "TOO_LARGE", [0x0103] = "OUT_OF_TURN", [0x0104] = "BAD_TAG",
  [0x0105] = "WEAK_KEY", [0x0106] = "UNSUPPORTED_EXTENSION", [0x0107] = "HANDSHAKE_TIMEOUT", [0x0201] = "WRONG_NETWORK",
  [0x0202] = "PROTOCOL_MISMATCH", [0x0203] = "SUITE_MISMATCH", [0x0204] = "EXPIRED_TIMESTAMP", [0x0205] = "FUTURE_TIMESTAMP",
  [0x0206] = "INVALID_ID", [0x0207] = "INVALID_SIGNATURE", [0x0208] = "SELF_CONNECTION", [0x0209] = "UNEXPECTED_PEER",
  [0x020a] = "BANNED", [0x020b] = "UNKNOWN_NODE", [0x020c] = "NOT_ALLOWED", [0x0301] = "TOO_MANY_CONNECTIONS",
  [0x0302] = "RATE_LIMITED", [0x0303] = "DUPLICATE_CONNECTION", [0x0304] = "SHUTTING_DOWN", [0x0305] = "PING_TIMEOUT",
  [0x0306] = "INTERNAL", [0x0401] = "NO_HANDLER", [0x0402] = "HANDLER_FAILED", [0x0403] = "BUSY",
  [0x0404] = "DEADLINE_EXCEEDED", [0x0405] = "ANSWER_TOO_LARGE", [0x0406] = "ANSWER_LOST",
}
local LARGEST_HELLO = 2048
local LARGEST_RECORD = 16778240
local TAG = 16
local REKEY_EVERY = 65536
-- Of a record: what matters stands in front, and Lua is no cipher's friend.
local MOST_DECRYPTED = 4096

local f = {
  sender = ProtoField.string("handfast.sender", "Sender"),
  length = ProtoField.uint32("handfast.length", "Length"),
  frame = ProtoField.uint8("handfast.frame", "Frame", base.HEX, FRAMES),
  versions = ProtoField.bytes("handfast.versions", "Versions offered"),
  suites = ProtoField.bytes("handfast.suites", "Suites offered"),
  tag = ProtoField.bytes("handfast.network_tag", "Network tag"),
  network = ProtoField.string("handfast.network", "Network"),
  ephemeral = ProtoField.bytes("handfast.ephemeral", "Ephemeral key"),
  version = ProtoField.uint8("handfast.version", "Version"),
  suite = ProtoField.uint8("handfast.suite", "Suite", base.HEX, SUITES),
  extension = ProtoField.uint16("handfast.extension", "Extension", base.HEX, EXTENSIONS),
  extension_value = ProtoField.bytes("handfast.extension.value", "Value"),
  sealed = ProtoField.bytes("handfast.sealed", "Sealed"),
  code = ProtoField.uint16("handfast.code", "Code", base.HEX, CODES),
  reason = ProtoField.string("handfast.reason", "Reason", base.UNICODE),
  id = ProtoField.string("handfast.id", "Id"),
  timestamp = ProtoField.absolute_time("handfast.timestamp", "Timestamp", base.UTC),
  signature = ProtoField.bytes("handfast.signature", "Signature"),
  counter = ProtoField.uint64("handfast.counter", "Counter"),
  decrypted = ProtoField.bool("handfast.decrypted", "Decrypted"),
  kind = ProtoField.uint8("handfast.kind", "Record", base.HEX, KINDS),
  largest = ProtoField.uint32("handfast.largest_record", "Largest record accepted"),
  agent = ProtoField.string("handfast.agent", "Agent", base.UNICODE),
  boot = ProtoField.bytes("handfast.boot", "Boot id"),
  request = ProtoField.uint64("handfast.request", "Request", base.HEX),
  left = ProtoField.uint32("handfast.milliseconds_left", "Milliseconds left"),
  topic = ProtoField.string("handfast.topic", "Topic", base.UNICODE),
  payload = ProtoField.bytes("handfast.payload", "Payload"),
  hops = ProtoField.uint8("handfast.hops", "Hops left"),
  sequence = ProtoField.uint64("handfast.sequence", "Sequence"),
  number = ProtoField.uint64("handfast.ping", "Number", base.HEX),
  message = ProtoField.bytes("handfast.message_id", "Message id"),
}
handfast.fields = f

local not_decrypted = ProtoExpert.new("handfast.not_decrypted", "What the key log makes of this is no record", expert.group.DECRYPTION, expert.severity.WARN)
local malformed = ProtoExpert.new("handfast.malformed", "Not laid out as handfast/1 says", expert.group.MALFORMED, expert.severity.ERROR)
handfast.experts = { not_decrypted, malformed }
handfast.prefs.key_log = Pref.string("Key log", "", "A file that unsafeKeyLog or --unsafe-key-log of handfast has written")
handfast.prefs.port = Pref.uint("TCP port", 7600, "Where nodes listen; other ports are known by the first message")

-- Ciphers: only the stream of each, since nothing is checked. Keys, nonces and texts are strings of bytes. -----------

-- Lua 5.1 has it elsewhere.
local unpacked = table.unpack or unpack
local band, bxor, rol, tobit, rshift = bit.band, bit.bxor, bit.rol, bit.tobit, bit.rshift

local function word_le(text, at)
  local a, b, c, d = text:byte(at, at + 3)
  return tobit(a + b * 256 + c * 65536 + d * 16777216)
end

local function bytes_le(word)
  return string.char(band(word, 255), band(rshift(word, 8), 255), band(rshift(word, 16), 255), rshift(word, 24) % 256)
end

-- RFC 8439, section 2.3.
local function chacha_block(key, nonce, number)
  local start = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }
  for i = 0, 7 do start[5 + i] = word_le(key, 1 + 4 * i) end
  start[13] = number
  for i = 0, 2 do start[14 + i] = word_le(nonce, 1 + 4 * i) end
  local x = {}
  for i = 1, 16 do x[i] = start[i] end
  local function quarter(a, b, c, d)
    x[a] = tobit(x[a] + x[b]); x[d] = rol(bxor(x[d], x[a]), 16)
    x[c] = tobit(x[c] + x[d]); x[b] = rol(bxor(x[b], x[c]), 12)
    x[a] = tobit(x[a] + x[b]); x[d] = rol(bxor(x[d], x[a]), 8)
    x[c] = tobit(x[c] + x[d]); x[b] = rol(bxor(x[b], x[c]), 7)
  end
  for _ = 1, 10 do
    quarter(1, 5, 9, 13); quarter(2, 6, 10, 14); quarter(3, 7, 11, 15); quarter(4, 8, 12, 16)
    quarter(1, 6, 11, 16); quarter(2, 7, 12, 13); quarter(3, 8, 9, 14); quarter(4, 5, 10, 15)
  end
  local out = {}
  for i = 1, 16 do out[i] = bytes_le(tobit(x[i] + start[i])) end
  return table.concat(out)
end

-- FIPS 197; the table of substitutions is made from its definition.
local function double(value) return value < 128 and value * 2 or bxor(value * 2, 0x11b) end

local SBOX = (function()
  local exponent, logarithm, value = {}, {}, 1
  for i = 0, 254 do
    exponent[i], logarithm[value] = value, i
    value = bxor(value, double(value))
  end
  local box = {}
  for i = 0, 255 do
    local inverse = i == 0 and 0 or exponent[(255 - logarithm[i]) % 255]
    local sum = 0x63
    for turn = 0, 4 do sum = bxor(sum, band(inverse * 2 ^ turn, 255) + math.floor(inverse * 2 ^ turn / 256)) end
    box[i] = sum
  end
  return box
end)()

local round_keys_of = {}
local function round_keys(key)
  if round_keys_of[key] then return round_keys_of[key] end
  local w, constant = { key:byte(1, 32) }, 1
  for i = 33, 237, 4 do
    local t = { w[i - 4], w[i - 3], w[i - 2], w[i - 1] }
    if (i - 1) % 32 == 0 then
      t = { bxor(SBOX[t[2]], constant), SBOX[t[3]], SBOX[t[4]], SBOX[t[1]] }
      constant = double(constant)
    elseif (i - 1) % 32 == 16 then
      for j = 1, 4 do t[j] = SBOX[t[j]] end
    end
    for j = 0, 3 do w[i + j] = bxor(w[i - 32 + j], t[j + 1]) end
  end
  round_keys_of[key] = w
  return w
end

local function aes_block(key, block)
  local w, s = round_keys(key), { block:byte(1, 16) }
  for i = 1, 16 do s[i] = bxor(s[i], w[i]) end
  for round = 1, 14 do
    local t = {}
    for column = 0, 3 do
      for row = 0, 3 do t[4 * column + row + 1] = SBOX[s[4 * ((column + row) % 4) + row + 1]] end
    end
    if round < 14 then
      for c = 1, 13, 4 do
        local a, b, d, e = t[c], t[c + 1], t[c + 2], t[c + 3]
        local all = bxor(bxor(a, b), bxor(d, e))
        t[c] = bxor(a, bxor(all, double(bxor(a, b))))
        t[c + 1] = bxor(b, bxor(all, double(bxor(b, d))))
        t[c + 2] = bxor(d, bxor(all, double(bxor(d, e))))
        t[c + 3] = bxor(e, bxor(all, double(bxor(e, a))))
      end
    end
    for i = 1, 16 do s[i] = bxor(t[i], w[16 * round + i]) end
  end
  return string.char(unpacked(s))
end

local function big_endian(value, size)
  local out = {}
  for i = size, 1, -1 do
    out[i] = string.char(value % 256)
    value = math.floor(value / 256)
  end
  return table.concat(out)
end

-- The stream that a message under this counter is combined with. Counters as two halves, since one of them is 2^64 - 1.
local function stream(suite, key, high, low, size)
  local out = {}
  for i = 0, math.floor((size - 1) / 64) do
    if suite == 1 then
      local nonce = "\0\0\0\0" .. big_endian(low, 4):reverse() .. big_endian(high, 4):reverse()
      out[#out + 1] = chacha_block(key, nonce, i + 1)
    else
      local nonce = "\0\0\0\0" .. big_endian(high, 4) .. big_endian(low, 4)
      for j = 0, 3 do out[#out + 1] = aes_block(key, nonce .. big_endian(4 * i + j + 2, 4)) end
    end
  end
  return table.concat(out)
end

local function decipher(suite, key, counter, sealed)
  local with = stream(suite, key, math.floor(counter / 2 ^ 32), counter % 2 ^ 32, #sealed)
  local out = {}
  for i = 1, #sealed do out[i] = string.char(bxor(sealed:byte(i), with:byte(i))) end
  return table.concat(out)
end

-- The key log ---------------------------------------------------------------------------------------------------------

local logged, logged_path = {}, nil

local function unhex(text) return (text:gsub("%x%x", function(two) return string.char(tonumber(two, 16)) end)) end

local function read_key_log()
  logged, logged_path = {}, handfast.prefs.key_log
  if logged_path == "" then return end
  local file = io.open(logged_path, "r")
  if not file then return end
  for line in file:lines() do
    local label, name, value = line:match("^HANDFAST_([%u_]+) (%x+) (%x+)%s*$")
    if label and (label == "NETWORK" or #value == 64) then
      logged[name] = logged[name] or {}
      logged[name][label] = unhex(value)
    end
  end
  file:close()
end

-- The log of a connection may be written after its first packets were looked at.
local function keys_of(stream_state)
  if logged_path == nil or logged_path ~= handfast.prefs.key_log or (stream_state.name and not logged[stream_state.name]) then read_key_log() end
  return stream_state.name and logged[stream_state.name] or {}
end

-- The key of a direction as it was at a counter: it is replaced each 65,536 records.
local function key_at(state, keys, label, counter)
  if not keys[label] then return nil end
  local epoch = math.floor(counter / REKEY_EVERY)
  state.epochs = state.epochs or {}
  local epochs = state.epochs[label] or { [0] = keys[label] }
  state.epochs[label] = epochs
  for i = #epochs + 1, epoch do epochs[i] = stream(state.suite, epochs[i - 1], 0xffffffff, 0xffffffff, 32):sub(1, 32) end
  return epochs[epoch]
end

-- Text ------------------------------------------------------------------------------------------------------------------

local ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

-- An id as it is written everywhere: base58 of 00 24 08 01 12 20 and the key.
local function peer_id(key)
  local digits = {}
  for byte in ("\0\36\8\1\18\32" .. key):gmatch(".") do
    local carry = byte:byte()
    for i = 1, #digits do
      carry = carry + digits[i] * 256
      digits[i] = carry % 58
      carry = math.floor(carry / 58)
    end
    while carry > 0 do
      digits[#digits + 1] = carry % 58
      carry = math.floor(carry / 58)
    end
  end
  local out = { "1" }
  for i = #digits, 1, -1 do out[#out + 1] = ALPHABET:sub(digits[i] + 1, digits[i] + 1) end
  return table.concat(out)
end

-- Layouts. Each takes a range and shows what it is; one that is too short for its layout raises an error, which is shown as what it is. --------------------

local function time_of(range)
  local ms = range:uint64():tonumber()
  return NSTime.new(math.floor(ms / 1000), (ms % 1000) * 1000000)
end

local function show_extensions(tree, range)
  local size = range(0, 2):uint()
  local at = 2
  while at < 2 + size do
    local kind, length = range(at, 2):uint(), range(at + 2, 2):uint()
    local entry = tree:add(f.extension, range(at, 2))
    if length > 0 then
      local value = range(at + 4, length)
      if kind == 1 then entry:add(f.agent, value, value:string(ENC_UTF_8))
      elseif kind == 3 then entry:add(f.boot, value)
      else entry:add(f.extension_value, value) end
    end
    at = at + 4 + length
  end
  return 2 + size
end

local function rest(range, from) return from < range:len() and range(from) or nil end

local function show_refusal(tree, range)
  tree:add(f.code, range(0, 2))
  local reason = rest(range, 2)
  if reason then tree:add(f.reason, reason, reason:string(ENC_UTF_8)) end
  return CODES[range(0, 2):uint()] or string.format("0x%04x", range(0, 2):uint())
end

local function show_proof(tree, range)
  local id = peer_id(range(0, 32):raw())
  tree:add(f.id, range(0, 32), id)
  tree:add(f.timestamp, range(32, 8), time_of(range(32, 8)))
  local extensions = show_extensions(tree, range(40))
  tree:add(f.signature, range(40 + extensions, 64))
  return id
end

local function show_payload(tree, range, from)
  local payload = rest(range, from)
  if payload then tree:add(f.payload, payload) end
end

local BODIES = {
  [0x00] = function(tree, body)
    tree:add(f.largest, body(0, 4))
    show_extensions(tree, body(4))
  end,
  [0x01] = function(tree, body)
    tree:add(f.request, body(0, 8))
    tree:add(f.left, body(8, 4))
    local length = body(12, 1):uint()
    if length > 0 then tree:add(f.topic, body(13, length), body(13, length):string(ENC_UTF_8)) end
    show_payload(tree, body, 13 + length)
  end,
  [0x02] = function(tree, body)
    tree:add(f.request, body(0, 8))
    show_payload(tree, body, 8)
  end,
  [0x03] = function(tree, body)
    tree:add(f.request, body(0, 8))
    return show_refusal(tree, body(8))
  end,
  [0x04] = function(tree, body)
    tree:add(f.hops, body(0, 1))
    tree:add(f.id, body(1, 32), peer_id(body(1, 32):raw()))
    tree:add(f.sequence, body(33, 8))
    tree:add(f.timestamp, body(41, 8), time_of(body(41, 8)))
    local length = body(49, 1):uint()
    tree:add(f.topic, body(50, length), body(50, length):string(ENC_UTF_8))
    local size = body(50 + length, 4):uint()
    local at = 54 + length
    -- Of a long record only the front was decrypted.
    if size > 0 then tree:add(f.payload, body(at, math.min(size, body:len() - at))) end
    if at + size + 64 <= body:len() then tree:add(f.signature, body(at + size, 64)) end
  end,
  [0x05] = function(tree, body) tree:add(f.number, body(0, 8)) end,
  [0x07] = show_refusal,
  [0x08] = function(tree, body)
    for at = 0, body:len() - 32, 32 do tree:add(f.message, body(at, 32)) end
  end,
  [0x0a] = function(tree, body) tree:add(f.payload, body) end,
}
BODIES[0x06] = BODIES[0x05]
BODIES[0x09] = BODIES[0x08]

-- What a sealed part holds, in a tab of its own. @returns the range of the plaintext, or nil where its key is not there.
local function opened(tree, state, label, counter, sealed, name)
  local size = sealed:len() - TAG
  local keys = keys_of(state)
  local key = size > 0 and SUITES[state.suite] and key_at(state, keys, label, counter)
  tree:add(f.decrypted, key and true or false):set_generated()
  if not key then return nil end
  local plain = decipher(state.suite, key, counter, sealed(0, math.min(size, MOST_DECRYPTED)):raw())
  return ByteArray.new(plain, true):tvb(name):range()
end

-- Another key than the right one makes something of everything.
local function show_decrypted(tree, layout, plain)
  local well, about = pcall(layout, tree, plain)
  if well then return about end
  tree:add_proto_expert_info(not_decrypted)
end

-- Frames of the handshake -------------------------------------------------------------------------------------------------

local function show_hello(tree, frame, state)
  local n = frame(1, 1):uint()
  tree:add(f.versions, frame(2, n))
  local m = frame(2 + n, 1):uint()
  tree:add(f.suites, frame(3 + n, m))
  local at = 3 + n + m
  local network = keys_of(state).NETWORK
  tree:add(f.tag, frame(at, 16))
  if network then tree:add(f.network, frame(at, 16), network):set_generated() end
  tree:add(f.ephemeral, frame(at + 16, 32))
  show_extensions(tree, frame(at + 48))
end

local function show_frame(tree, frame, state)
  local kind = frame(0, 1):uint()
  tree:add(f.frame, frame(0, 1))
  if kind == 0x01 then
    show_hello(tree, frame, state)
  elseif kind == 0x02 then
    tree:add(f.version, frame(1, 1))
    tree:add(f.suite, frame(2, 1))
    tree:add(f.ephemeral, frame(3, 32))
    local sealed = frame(35 + show_extensions(tree, frame(35)))
    tree:add(f.sealed, sealed)
    local proof = opened(tree, state, "REPLY", 0, sealed, "reply")
    if proof then return show_decrypted(tree, show_proof, proof) end
  elseif kind == 0x03 or kind == 0x04 then
    local sealed = frame(1)
    tree:add(f.sealed, sealed)
    local plain = opened(tree, state, kind == 0x03 and "FINISH" or "REFUSAL", 0, sealed, FRAMES[kind])
    if plain then return show_decrypted(tree, kind == 0x03 and show_proof or show_refusal, plain) end
  elseif kind == 0x7f then
    return show_refusal(tree, frame(1))
  end
end

local function show_record(tree, frame, place)
  local state = place.state
  tree:add(f.counter, UInt64(place.counter)):set_generated()
  tree:add(f.sealed, frame)
  local label = place.sender == "A" and "A_TO_B" or "B_TO_A"
  local plain = opened(tree, state, label, place.counter, frame, "record")
  if not plain then return "record" end
  local kind = plain(0, 1):uint()
  if not KINDS[kind] then
    tree:add_proto_expert_info(not_decrypted)
    return "record"
  end
  tree:add(f.kind, plain(0, 1))
  local about = plain:len() > 1 and show_decrypted(tree, BODIES[kind], plain(1))
  return KINDS[kind] .. (about and " " .. about or "")
end

-- Connections ---------------------------------------------------------------------------------------------------------------

local streams, places, infos = {}, {}, {}
local tcp_stream = Field.new("tcp.stream")

function handfast.init()
  streams, places, round_keys_of, infos = {}, {}, {}, {}
  logged, logged_path = {}, nil
end

-- Which side this frame is from, and the how many it is: decided when it is first seen, as connections only go forward.
local function place_of(tvb, pinfo)
  -- By its own first bytes: what is sealed is never the same twice.
  local key = pinfo.number .. "/" .. tvb:raw(0, math.min(tvb:len(), 40))
  if places[key] then return places[key], key end
  local number = tcp_stream().value
  local sender = tostring(pinfo.src) .. " " .. pinfo.src_port
  local kind = tvb(4, 1):uint()
  local state = streams[number]
  if not state then
    state = { sent = { A = 0, B = 0 } }
    streams[number] = state
  end
  if not state.a and kind == 0x01 then state.a = sender end
  local place = { state = state }
  places[key] = place
  if not state.a then
    -- A refusal may come before the hello; whatever else comes first was not seen from its beginning.
    place.refusal = kind == 0x7f
    return place, key
  end
  place.sender = sender == state.a and "A" or "B"
  local before = state.sent[place.sender]
  state.sent[place.sender] = before + 1
  local frames = place.sender == "A" and 2 or 1
  if before < frames then
    place.handshake = true
    -- Those that are too short are shown as such.
    pcall(function()
      if kind == 0x01 then
        local n = tvb(5, 1):uint()
        local m = tvb(6 + n, 1):uint()
        state.name = tostring(tvb(7 + n + m + 16, 32):bytes()):lower()
      elseif kind == 0x02 then
        state.suite = tvb(6, 1):uint()
      end
    end)
  else
    place.counter = before - frames
  end
  return place, key
end

-- One frame or record. @returns what it is, in words.
local function show_whole(tvb, place, tree)
  local frame = tvb(4)
  if place.sender then tree:add(f.sender, place.sender == "A" and "dialler" or "listener"):set_generated() end
  tree:add(f.length, tvb(0, 4))
  if place.handshake or place.refusal then
    local name = FRAMES[frame(0, 1):uint()] or "unknown frame"
    local well, detail = pcall(show_frame, tree, frame, place.state)
    if not well then
      tree:add_proto_expert_info(malformed)
      return name .. ", malformed"
    end
    return name .. (detail and " " .. detail or "")
  end
  if place.counter then return show_record(tree, frame, place) end
  tree:add(f.sealed, frame)
  return "record of a connection whose beginning was not captured"
end

local function show(tvb, pinfo, root)
  pinfo.cols.protocol = "handfast"
  local tree = root:add(handfast, tvb())
  local about, key = "malformed", ""
  if tvb:len() > 4 then
    local place
    place, key = place_of(tvb, pinfo)
    about = show_whole(tvb, place, tree)
  else
    tree:add_proto_expert_info(malformed)
  end
  tree:append_text(", " .. about)
  -- A packet may hold several, and be looked at again.
  local info = infos[pinfo.number] or { known = {} }
  infos[pinfo.number] = info
  if not info.known[key] then
    info.known[key] = true
    info[#info + 1] = about
  end
  pinfo.cols.info = table.concat(info, ", ")
  return tvb:len()
end

local function length_of(tvb, _, offset) return 4 + tvb(offset, 4):uint() end

function handfast.dissector(tvb, pinfo, root)
  local declared = tvb:len() >= 4 and tvb(0, 4):uint() or 1
  if declared == 0 or declared > LARGEST_RECORD then return 0 end
  dissect_tcp_pdus(tvb, root, 4, length_of, show)
  return tvb:len()
end

-- A whole hello is unlike anything else: lists that rise, and lengths that add up.
local function is_hello(tvb)
  if tvb:len() < 59 or tvb(4, 1):uint() ~= 0x01 then return false end
  local size = tvb(0, 4):uint()
  if size > LARGEST_HELLO or size + 4 ~= tvb:len() then return false end
  local at = 5
  for _ = 1, 2 do
    local n = tvb(at, 1):uint()
    if n < 1 or n > 16 or at + 1 + n + 50 > tvb:len() then return false end
    for i = 2, n do
      if tvb(at + i, 1):uint() <= tvb(at + i - 1, 1):uint() then return false end
    end
    at = at + 1 + n
  end
  return at + 48 + 2 + tvb(at + 48, 2):uint() == tvb:len()
end

handfast:register_heuristic("tcp", function(tvb, pinfo, root)
  if not is_hello(tvb) then return false end
  pinfo.conversation = handfast
  handfast.dissector(tvb, pinfo, root)
  return true
end)

local ports = DissectorTable.get("tcp.port")
local added
local function listen_where_it_says()
  if added then ports:remove(added, handfast) end
  added = handfast.prefs.port
  if added > 0 then ports:add(added, handfast) end
end
handfast.prefs_changed = listen_where_it_says
listen_where_it_says()

-- For scripts that load this one.
return { decipher = decipher, key_at = key_at }
