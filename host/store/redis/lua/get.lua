-- ARGV: key. Returns the value or nil.
return get(ARGV[1])
