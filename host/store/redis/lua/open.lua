-- Returns id and reservation of what is open.
local out = {}
local all = redis.call('HGETALL', res)
for i = 1, #all, 2 do
  if string.sub(all[i + 1], 1, 5) == 'open ' then
    out[#out + 1] = all[i]
    out[#out + 1] = all[i + 1]
  end
end
return out
