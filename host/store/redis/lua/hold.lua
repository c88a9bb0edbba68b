-- ARGV: node, then for each lease: lease, number of limits, key and cost of each.
-- Holds them whatever the limits say. Returns how many were not held like that.
local node, i, n = ARGV[1], 2, 0
while i <= #ARGV do
  local lease, count, limits, text = ARGV[i], tonumber(ARGV[i + 1]), {}, {}
  for j = i + 2, i + 1 + 2 * count, 2 do
    limits[#limits + 1], limits[#limits + 2] = ARGV[j], ARGV[j + 1]
    text[#text + 1] = ARGV[j + 1] .. ' ' .. ARGV[j]
  end
  i = i + 2 + 2 * count
  if redis.call('HGET', held(node), lease) ~= table.concat(text, '\n') then
    local old = owner(lease)
    if old then leave(old, lease) end
    join(node, lease, limits)
    n = n + 1
  end
end
return n
