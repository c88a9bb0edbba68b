-- Shared by the account scripts. KEYS[1] is P:{a:ACCOUNT}.
local root = KEYS[1]
local res, due, list = root .. ':res', root .. ':due', root .. ':ledger'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local SETTLED, EXPIRED, BOOKED, KEEP, MOST = @settled@, @expired@, @booked@, @keep@, @most@

local function int(x) return string.format('%.0f', x) end

local amount, reserved, folded, first, next_ = 0, 0, 0, 0, 0
local known = redis.call('EXISTS', root) == 1
if known then
  local f = redis.call('HMGET', root, 'amount', 'reserved', 'folded', 'first', 'next')
  for i = 1, 5 do
    f[i] = f[i] and tonumber(f[i])
    if not f[i] then return redis.error_reply('CORRUPT account') end
  end
  amount, reserved, folded, first, next_ = f[1], f[2], f[3], f[4], f[5]
end

local function save()
  redis.call('HSET', root, 'amount', int(amount), 'reserved', int(reserved), 'folded', int(folded),
    'first', int(first), 'next', int(next_))
end

local function balance()
  return {'', int(amount), int(reserved), int(folded), int(first), int(next_)}
end

-- find returns state, granted and used of a reservation, or nil.
local function find(id)
  local text = redis.call('HGET', res, id)
  if not text then return nil end
  local state, granted, used = string.match(text, '^(%l+) (%d+) (%-?%d+) %d+$')
  if not state then return 'corrupt' end
  return state, tonumber(granted), tonumber(used)
end

local function settle(id, state, granted, used, keep)
  local at = int(now + keep)
  redis.call('HSET', res, id, state .. ' ' .. int(granted) .. ' ' .. int(used) .. ' ' .. at)
  redis.call('ZADD', due, at, id)
end

local function book(kind, change, id)
  -- The oldest entries beyond KEEP are folded into one sum.
  while next_ - first >= KEEP do
    local text = redis.call('LPOP', list)
    local dropped = text and string.match(text, '^%d+ %l+ (%-?%d+) ')
    if not dropped then break end
    folded = folded + tonumber(dropped)
    first = first + 1
  end
  amount = amount + change
  redis.call('RPUSH', list, int(now) .. ' ' .. kind .. ' ' .. int(change) .. ' ' .. id)
  next_ = next_ + 1
end

-- What is overdue: open reservations expire, settled ones are forgotten.
if known then
  local over = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, 1000)
  for _, id in ipairs(over) do
    local state, granted, used = find(id)
    if state == 'open' then
      reserved = reserved - granted
      settle(id, 'expired', granted, used, EXPIRED)
    else
      redis.call('HDEL', res, id)
      redis.call('ZREM', due, id)
    end
  end
  if #over > 0 then save() end
end
