-- Shared by the scripts of spaces. KEYS[1] is P:{s:SPACE}.
local root = KEYS[1]
local values, due, q = root .. ':v', root .. ':due', root .. ':q'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function int(x) return string.format('%.0f', x) end

local function get(key)
  local at = redis.call('ZSCORE', due, key)
  if at and tonumber(at) <= now then return false end
  return redis.call('HGET', values, key)
end

local function forget(key)
  local old = redis.call('HGET', values, key)
  if not old then return end
  redis.call('HDEL', values, key)
  redis.call('ZREM', due, key)
  redis.call('HINCRBY', q, 'bytes', -#key - #old)
end

local function sweep(n)
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, n)) do forget(key) end
end

-- room says whether there is room for keys and bytes more.
local function room(keys, bytes, maxkeys, maxbytes)
  local function fits()
    local f = redis.call('HMGET', q, 'bytes', 'members')
    return (keys <= 0 or redis.call('HLEN', values) + (f[2] or 0) + keys <= maxkeys)
      and (bytes <= 0 or (f[1] or 0) + bytes <= maxbytes)
  end
  if fits() then return true end
  sweep(1000)
  return fits()
end

-- put keeps a value until at, or without end when at is 0, if there is room.
local function put(key, value, at, maxkeys, maxbytes)
  local old = redis.call('HGET', values, key)
  local keys, bytes = 1, #key + #value
  if old then keys, bytes = 0, #value - #old end
  if not room(keys, bytes, maxkeys, maxbytes) then return false end
  -- Making room may have forgotten this very key.
  if old and redis.call('HEXISTS', values, key) == 0 then bytes = #key + #value end
  redis.call('HSET', values, key, value)
  redis.call('HINCRBY', q, 'bytes', bytes)
  if at > 0 then
    redis.call('ZADD', due, int(at), key)
  else
    redis.call('ZREM', due, key)
  end
  return true
end
