-- ARGV: first number wanted, how many. Returns the first number given, then the
-- entries.
local from, n = tonumber(ARGV[1]), tonumber(ARGV[2])
if from < first then from = first end
local out = {int(from)}
for _, e in ipairs(redis.call('LRANGE', list, int(from - first), int(from - first + n - 1))) do out[#out + 1] = e end
return out
