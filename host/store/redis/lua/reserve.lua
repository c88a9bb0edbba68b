-- ARGV: id, want, ttl. Returns a word and what was granted.
if not known then return {'notfound', '0'} end
local id = 'c' .. ARGV[1]
local state, granted = find(id)
if state == 'corrupt' then return redis.error_reply('CORRUPT reservation') end
if state == 'open' then return {'', int(granted)} end
if state then return {'settled', int(granted)} end
granted = math.min(tonumber(ARGV[2]), amount - reserved)
if granted <= 0 then return {'', '0'} end
settle(id, 'open', granted, 0, tonumber(ARGV[3]))
reserved = reserved + granted
save()
return {'', int(granted)}
