-- ARGV: set, members. Returns a word and how many were there.
local set, n, bytes = root .. ':m:' .. ARGV[1], 0, 0
for i = 2, #ARGV do
  if redis.call('SREM', set, ARGV[i]) == 1 then
    n = n + 1
    bytes = bytes + #ARGV[1] + #ARGV[i]
  end
end
if n > 0 then
  redis.call('HINCRBY', q, 'members', -n)
  redis.call('HINCRBY', q, 'bytes', -bytes)
end
return {'', int(n)}
