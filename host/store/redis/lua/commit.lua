-- ARGV: id, used. Returns '' and the balance, or a word.
if not known then return {'notfound'} end
local id, want = 'c' .. ARGV[1], tonumber(ARGV[2])
local state, granted, used = find(id)
if state == 'corrupt' then return redis.error_reply('CORRUPT reservation') end
if not state then return {'notfound'} end
if state == 'canceled' then return {'settled'} end
if state == 'committed' and used ~= want then return {'conflict'} end
if state == 'committed' then return balance() end
if amount - want < -MOST then return {'invalid'} end
if want > 0 then book('commit', -want, ARGV[1]) end
if state == 'open' then reserved = reserved - granted end
settle(id, 'committed', granted, want, SETTLED)
save()
return balance()
