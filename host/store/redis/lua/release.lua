-- ARGV: lease.
local node = owner(ARGV[1])
if node then return leave(node, ARGV[1]) end
return 0
