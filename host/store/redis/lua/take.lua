-- KEYS[1]: the rate. ARGV: microseconds each, burst, n. Returns microseconds to
-- wait, or 0.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local century = 100 * 365 * 86400 * 1000000
local each = tonumber(ARGV[1])
local depth, cost = math.min(each * ARGV[2], century), math.min(each * ARGV[3], century)
local full = tonumber(redis.call('GET', KEYS[1]) or '0')
if not full then return redis.error_reply('CORRUPT rate') end
if full < now then full = now end
local after = full + cost
local wait = after - now - depth
-- A burst that was asked for at once leaves a rounding error.
if wait > 1 then return string.format('%.0f', math.ceil(wait)) end
local life = math.ceil((after - now) / 1000)
if life < 1 then life = 1 end
redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', string.format('%.0f', life))
return '0'
