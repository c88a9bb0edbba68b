-- Shared by the lease scripts. KEYS[1] is {P:lease}.
local root = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local nodes = root .. ':nodes'

local function held(node) return root .. ':n:' .. node end
local function ones(node, key) return root .. ':c:' .. #node .. ':' .. node .. ':' .. key end
local function more(node, key) return root .. ':x:' .. #node .. ':' .. node .. ':' .. key end

-- live returns the nodes whose leases count.
local function live() return redis.call('ZRANGEBYSCORE', nodes, '(' .. now, '+inf') end

local function renew(node, ttl)
  redis.call('ZADD', nodes, 'GT', string.format('%.0f', now + ttl), node)
end

-- used counts what the live nodes hold of a key.
local function used(key)
  local sum = 0
  for _, node in ipairs(live()) do
    sum = sum + redis.call('SCARD', ones(node, key))
    for _, cost in ipairs(redis.call('HVALS', more(node, key))) do sum = sum + tonumber(cost) end
  end
  return sum
end

local function join(node, lease, limits)
  local text = {}
  for i = 1, #limits, 2 do
    local key, cost = limits[i], limits[i + 1]
    if cost == '1' then
      redis.call('SADD', ones(node, key), lease)
    else
      redis.call('HSET', more(node, key), lease, cost)
    end
    text[#text + 1] = cost .. ' ' .. key
  end
  redis.call('HSET', held(node), lease, table.concat(text, '\n'))
end

local function leave(node, lease)
  local text = redis.call('HGET', held(node), lease)
  if not text then return 0 end
  for cost, key in string.gmatch(text, '(%d+) ([^\n]+)') do
    if cost == '1' then
      redis.call('SREM', ones(node, key), lease)
    else
      redis.call('HDEL', more(node, key), lease)
    end
  end
  return redis.call('HDEL', held(node), lease)
end

-- owner returns the node that has a lease, dead or not.
local function owner(lease)
  for _, node in ipairs(redis.call('ZRANGE', nodes, 0, -1)) do
    if redis.call('HEXISTS', held(node), lease) == 1 then return node end
  end
end
