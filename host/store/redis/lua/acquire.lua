-- ARGV: lease, node, ttl, then key, cost, max of each limit. Returns the key
-- that is full, or ''.
local lease, node = ARGV[1], ARGV[2]
renew(node, tonumber(ARGV[3]))
local old = owner(lease)
local mine, limits = {}, {}
if old and redis.call('ZSCORE', nodes, old) + 0 > now then
  for cost, key in string.gmatch(redis.call('HGET', held(old), lease), '(%d+) ([^\n]+)') do
    mine[key] = tonumber(cost)
  end
end
for i = 4, #ARGV, 3 do
  local key, cost, most = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  if used(key) - (mine[key] or 0) + tonumber(cost) > most then return key end
  limits[#limits + 1] = key
  limits[#limits + 1] = cost
end
if old then leave(old, lease) end
join(node, lease, limits)
return ''
