"""The Redis scripts of the outbox. All keys of one call share a hash tag: they roll back together.

An alert stays in the stream `out` until it is delivered or given up, so the stream's length is the
number of undelivered alerts. It is new, pending in the group `dispatch` (its first try), or named in
`retry` (a set by the time it is due) with its tries so far in `tries`.
"""

GROUP = "dispatch"
"""Consumer group, and its only consumer: who holds an alert does not matter, only for how long."""

TAKE = """
-- KEYS out, retry, tries   ARGV now, end of lease, lease in ms, count
-- Up to count alerts each: left behind by somebody who crashed, new, due for another try.
redis.pcall('XGROUP', 'CREATE', KEYS[1], 'dispatch', '0', 'MKSTREAM')
local taken = {}
local function take(entry)
    if entry then taken[#taken + 1] = {entry[1], entry[2], redis.call('HGET', KEYS[3], entry[1])} end
end
local left = redis.call('XAUTOCLAIM', KEYS[1], 'dispatch', 'dispatch', ARGV[3], '0-0', 'COUNT', ARGV[4])
for _, entry in ipairs(left[2]) do take(entry) end
local new = redis.call('XREADGROUP', 'GROUP', 'dispatch', 'dispatch', 'COUNT', ARGV[4], 'STREAMS', KEYS[1], '>')
if new then for _, entry in ipairs(new[1][2]) do take(entry) end end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[4])) do
    local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
    if entry then redis.call('ZADD', KEYS[2], ARGV[2], id) else redis.call('ZREM', KEYS[2], id) end
    take(entry)
end
return taken
"""

TRY_AGAIN = """
-- KEYS out, retry, tries   ARGV id, due, tries
-- Out of the group last: at no point is the alert in neither place.
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
redis.call('XACK', KEYS[1], 'dispatch', ARGV[1])
return 1
"""

FINISH = """
-- KEYS out, retry, tries, dead   ARGV id, (field, value)... of the dead letter; none = delivered
local entry = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not entry then return 0 end
if #ARGV > 1 then
    local letter = entry[2]
    for i = 2, #ARGV do letter[#letter + 1] = ARGV[i] end
    redis.call('XADD', KEYS[4], '*', unpack(letter))
end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('XACK', KEYS[1], 'dispatch', ARGV[1])
return redis.call('XDEL', KEYS[1], ARGV[1])
"""

HOLD = """
-- KEYS out, retry   ARGV idle ms, due, id...
-- Makes alerts in hand look as if taken so long ago: 0 keeps them, a long time gives them back.
for i = 3, #ARGV do
    redis.call('XCLAIM', KEYS[1], 'dispatch', 'dispatch', 0, ARGV[i], 'IDLE', ARGV[1], 'JUSTID')
    redis.call('ZADD', KEYS[2], 'XX', ARGV[2], ARGV[i])
end
"""

HURRY = """
-- KEYS retry   ARGV now, end of lease, count
-- Alerts due before the end of a lease may be in somebody's hands, and come by themselves.
local waiting = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[2], '+inf', 'LIMIT', 0, ARGV[3])
for _, id in ipairs(waiting) do redis.call('ZADD', KEYS[1], ARGV[1], id) end
return #waiting
"""

REVIVE = """
-- KEYS dead, out   ARGV id, type, alert
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', 'type', ARGV[2], 'alert', ARGV[3])
return redis.call('XDEL', KEYS[1], ARGV[1])
"""
