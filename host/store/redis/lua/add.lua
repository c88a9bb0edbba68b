-- ARGV: key, delta, floor, ceiling, ttl, most keys, most bytes. Returns a word,
-- the number, and whether it changed.
sweep(20)
local key, at, value = ARGV[1], 0, 0
local text = get(key)
if text then
  value = string.match(text, '^%-?%d+$') and tonumber(text)
  if not value or math.abs(value) > 9007199254740991 or int(value) ~= text then return {'invalid', '0', '0'} end
  at = tonumber(redis.call('ZSCORE', due, key) or '0')
elseif ARGV[5] ~= '0' then
  at = now + tonumber(ARGV[5])
end
local after = value + tonumber(ARGV[2])
if after < tonumber(ARGV[3]) or after > tonumber(ARGV[4]) then return {'', int(value), '0'} end
if not put(key, int(after), at, tonumber(ARGV[6]), tonumber(ARGV[7])) then return {'quota', '0', '0'} end
return {'', int(after), '1'}
