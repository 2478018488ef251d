-- Many reservations and corrections in one atomic step: the arithmetic of buckets.py, said again for the store.
--
-- KEYS: the buckets, each once. ARGV[1]: msgpack of whole numbers: the time in ms (0 = ask the server's clock), then
--   1, n, n times (index in KEYS, kind, amount, limit, period_ms, floor, enforced)          a reservation
--   2, index in KEYS, kind, amount, delta, limit, period_ms, at_ms                          a correction
-- Answer: msgpack of the time, then for each reservation: allowed, the n levels (after if allowed, else as found).

local WINDOW, LEAKY, TOTAL = 0, 1, 2
local DROPS, HOLD = 60000, 3600000
local unpack_, floor_, max_, ceil_ = unpack, math.floor, math.max, math.ceil

local batch = cmsgpack.unpack(ARGV[1])
local now = batch[1]
if now == 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + floor_(tonumber(time[2]) / 1000)
end

local stored = redis.call('MGET', unpack_(KEYS))
local states, keeps = {}, {} -- states: false = absent; keeps: ms to live, for those to be written
for index = 1, #KEYS do
  states[index] = stored[index] and cmsgpack.unpack(stored[index]) or false
end

local hour = floor_(now / HOLD)

local function let_go(state) -- what calls of earlier hours hold of a total
  if hour > state[2] + 1 then
    state[3], state[4] = 0, 0
  elseif hour == state[2] + 1 then
    state[3], state[4] = 0, state[3]
  end
  state[2] = hour
end

local function level_of(state, kind, limit, period, floor)
  if kind == TOTAL then
    if not state then return floor end
    let_go(state)
    return max_(state[1], floor) + state[3] + state[4]
  end
  if not state then return 0 end
  if kind == LEAKY then return max_(0, state[2] - limit * max_(0, now - state[1])) end
  local window = floor_(now / period)
  if state[1] == window then return state[2] end
  if state[3] == window then return state[4] end
  return 0
end

local function write(index, kind, limit, period, level, amount, floor)
  local state = states[index]
  if not state then
    state = {0, 0, 0, 0}
    if kind == WINDOW then state[1] = -1 end
    if kind == TOTAL then state[2] = hour end
    states[index] = state
  end
  if kind == TOTAL then
    let_go(state)
    state[1], state[3], keeps[index] = max_(state[1], floor), state[3] + amount, period
  elseif kind == LEAKY then
    state[1], state[2], keeps[index] = now, level, ceil_(level / max_(1, limit)) + 1000
  else
    local window = floor_(now / period)
    if state[1] ~= window then state[1], state[3], state[4] = window, state[1], state[2] end
    state[2], keeps[index] = level, 2 * period
  end
end

local answer, said = {now}, 1

local function reserve(at, n)
  local levels, allowed = {}, 1
  for ask = 1, n do
    local a = at + 7 * (ask - 1)
    local kind, amount, limit = batch[a + 1], batch[a + 2], batch[a + 3]
    local level = level_of(states[batch[a]], kind, limit, batch[a + 4], batch[a + 5])
    levels[ask] = level
    if batch[a + 6] == 1 then
      if kind == LEAKY then
        if level > limit * DROPS then allowed = 0 end
      elseif level + amount > limit then
        allowed = 0
      end
    end
  end
  said = said + 1
  answer[said] = allowed
  for ask = 1, n do
    local a = at + 7 * (ask - 1)
    local index, kind, amount, limit, period = batch[a], batch[a + 1], batch[a + 2], batch[a + 3], batch[a + 4]
    local level = levels[ask]
    if allowed == 1 then
      level = level + (kind == LEAKY and amount * DROPS or amount)
      write(index, kind, limit, period, level, amount, batch[a + 5])
    elseif kind == LEAKY and states[index] and states[index][1] > now then
      write(index, kind, limit, period, level) -- the clock jumped back: it would not drain until then
    elseif kind == TOTAL and states[index] then
      keeps[index] = period -- likewise
    end
    said = said + 1
    answer[said] = level
  end
end

local function correct(index, kind, amount, delta, limit, period, at)
  local state = states[index]
  if kind == WINDOW then
    if not state then return end
    local window = floor_(at / period)
    if state[1] == window then
      state[2], keeps[index] = max_(0, state[2] + delta), 2 * period
    elseif state[3] == window then
      state[4], keeps[index] = max_(0, state[4] + delta), 2 * period
    end
  elseif kind == LEAKY then
    if not state and delta <= 0 then return end
    write(index, kind, limit, period, max_(0, level_of(state, kind, limit, period, 0) + delta * DROPS))
  else
    local actual, asked = amount + delta, floor_(at / HOLD)
    if not state and actual <= 0 then return end
    state = state or {0, hour, 0, 0}
    let_go(state)
    if asked >= hour then
      state[3] = max_(0, state[3] - amount)
    elseif asked == hour - 1 then
      state[4] = max_(0, state[4] - amount)
    end
    state[1] = max_(0, state[1] + actual)
    states[index], keeps[index] = state, period
  end
end

local at = 2
local last = #batch
while at <= last do
  if batch[at] == 1 then
    local n = batch[at + 1]
    reserve(at + 2, n)
    at = at + 2 + 7 * n
  else
    correct(unpack_(batch, at + 1, at + 7))
    at = at + 8
  end
end

for index, keep in pairs(keeps) do
  redis.call('SET', KEYS[index], cmsgpack.pack(states[index]), 'PX', string.format('%.0f', keep))
end
return cmsgpack.pack(answer)
