-- ARGV: id. Returns a word.
if not known then return {'notfound'} end
local id = 'c' .. ARGV[1]
local state, granted = find(id)
if state == 'corrupt' then return redis.error_reply('CORRUPT reservation') end
if state == 'committed' then return {'settled'} end
if state == 'canceled' then return {''} end
if state == 'open' then reserved = reserved - granted end
settle(id, 'canceled', granted or 0, 0, SETTLED)
save()
return {''}
