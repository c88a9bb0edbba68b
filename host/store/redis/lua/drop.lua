-- ARGV: node, leases that it holds no longer. Returns how many there were.
local n = 0
for i = 2, #ARGV do n = n + leave(ARGV[1], ARGV[i]) end
return n
