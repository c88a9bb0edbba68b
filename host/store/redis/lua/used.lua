-- ARGV: key.
return string.format('%.0f', used(ARGV[1]))
