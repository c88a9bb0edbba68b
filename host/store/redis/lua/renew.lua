-- ARGV: node, ttl. Returns the number of its leases.
renew(ARGV[1], tonumber(ARGV[2]))
return redis.call('HLEN', held(ARGV[1]))
