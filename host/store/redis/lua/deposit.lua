-- ARGV: kind, id, amount. Returns '' and the balance, or a word.
local kind, id, want = ARGV[1], ARGV[2], tonumber(ARGV[3])
if kind == 'withdrawal' and not known then return {'notfound'} end
local state, _, used = find('d' .. id)
if state == 'corrupt' then return redis.error_reply('CORRUPT deposit') end
if state and used ~= want then return {'conflict'} end
if state then return balance() end
local change = want
if kind == 'set' then change = want - amount end
if kind == 'withdrawal' then
  kind = 'deposit'
  if amount - reserved + want < 0 then return {'short'} end
end
if amount + change > MOST or amount + change < -MOST then return {'invalid'} end
book(kind, change, id)
settle('d' .. id, 'booked', 0, want, BOOKED)
save()
return balance()
