-- Lets the lease last for another TTL, if it is still the request's: 1, or 0 if it is not. Its keys
-- are those of the locks alone, not those of their lines: while a slot of a cluster is on its way, a
-- call of several keys is refused that are not all there.

return renew(ARGV[1], KEYS, tonumber(ARGV[2])) and 1 or 0
