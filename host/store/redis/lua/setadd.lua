-- ARGV: set, most keys, most bytes, members. Returns a word and how many are new.
local set = root .. ':m:' .. ARGV[1]
local fresh, bytes, seen = {}, 0, {}
for i = 4, #ARGV do
  local m = ARGV[i]
  if not seen[m] and redis.call('SISMEMBER', set, m) == 0 then
    seen[m] = true
    fresh[#fresh + 1] = m
    bytes = bytes + #ARGV[1] + #m
  end
end
if #fresh == 0 then return {'', '0'} end
if not room(#fresh, bytes, tonumber(ARGV[2]), tonumber(ARGV[3])) then return {'quota', '0'} end
for _, m in ipairs(fresh) do redis.call('SADD', set, m) end
redis.call('HINCRBY', q, 'members', #fresh)
redis.call('HINCRBY', q, 'bytes', bytes)
return {'', int(#fresh)}
