-- ARGV: most leases to remove. Removes leases of dead nodes, and the nodes that
-- have none left. A node that was only cut off adds them again by Reconcile.
-- Returns how many, and whether there are more.
local left, n = tonumber(ARGV[1]), 0
for _, node in ipairs(redis.call('ZRANGEBYSCORE', nodes, '-inf', now)) do
  for _, lease in ipairs(redis.call('HKEYS', held(node))) do
    if left == 0 then return {n, 1} end
    n = n + leave(node, lease)
    left = left - 1
  end
  redis.call('ZREM', nodes, node)
end
return {n, 0}
