-- ARGV: key, value, ttl, most keys, most bytes. Returns a word.
sweep(20)
local at = 0
if ARGV[3] ~= '0' then at = now + tonumber(ARGV[3]) end
if put(ARGV[1], ARGV[2], at, tonumber(ARGV[4]), tonumber(ARGV[5])) then return '' end
return 'quota'
