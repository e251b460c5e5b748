"""The Redis scripts. Only absolute writes, the position last: half a script run twice does no harm.

All keys of one call share a hash tag, so they lie on one node of a cluster and roll back together.
"""

CLAIM = """
-- KEYS owner   ARGV token
-- Fences the former owner at once: from here on its commits are refused.
redis.call('HSET', KEYS[1], 'token', ARGV[1])
return redis.call('HGET', KEYS[1], 'position')
"""

BEGIN = """
-- KEYS owner   ARGV token, position
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
if redis.call('HGET', KEYS[1], 'position') then return 'mismatch' end
redis.call('HSET', KEYS[1], 'position', ARGV[2])
return 'ok'
"""

APPLY = """
-- KEYS owner, outbox, sources, sets...
-- ARGV token, base, next, outbox limit, #sources, (source, mark)..., #alerts, (type, alert)..., (value, ttl)...
local owner = redis.call('HMGET', KEYS[1], 'token', 'position')
if owner[1] ~= ARGV[1] then return 'fenced' end
if tonumber(owner[2] or '-1') >= tonumber(ARGV[3]) then return 'done' end
if owner[2] ~= ARGV[2] then return 'mismatch' end
local at = 5
local sources = tonumber(ARGV[at]); at = at + 1
local alerts_at = at + 2 * sources
local alerts = tonumber(ARGV[alerts_at])
if alerts > 0 and redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[4]) then return 'full' end
local sets_at = alerts_at + 1 + 2 * alerts
for i = 4, #KEYS do
    local ttl = ARGV[sets_at + 1]
    if ttl == '0' then redis.call('SET', KEYS[i], ARGV[sets_at])
    else redis.call('SET', KEYS[i], ARGV[sets_at], 'EX', ttl) end
    sets_at = sets_at + 2
end
for i = alerts_at + 1, alerts_at + 2 * alerts, 2 do
    redis.call('XADD', KEYS[2], '*', 'type', ARGV[i], 'alert', ARGV[i + 1])
end
if sources > 0 then redis.call('HSET', KEYS[3], unpack(ARGV, at, at + 2 * sources - 1)) end
redis.call('HSET', KEYS[1], 'position', ARGV[3])
return 'ok'
"""

SIGHT = """
-- KEYS marks, entities...   ARGV #marks, (source, known)..., (nonce read, value, ttl)...
-- Answers 'older' when a mark is below what was known: the shard was rolled back; nothing is written.
-- Else writes each record that nobody has changed since it was read; answers the places of the others.
-- A value begins with a nonce of 8 bytes, so a call that is repeated finds its own writing.
local marks = tonumber(ARGV[1])
local at = 2
for _ = 1, marks do
    local stored = tonumber(redis.call('HGET', KEYS[1], ARGV[at]) or '-1')
    if stored < tonumber(ARGV[at + 1]) then return {'older'} end
    at = at + 2
end
local answer = {'ok'}
for i = 2, #KEYS do
    local nonce = redis.call('GETRANGE', KEYS[i], 0, 7)
    if nonce == ARGV[at] then redis.call('SET', KEYS[i], ARGV[at + 1], 'EX', ARGV[at + 2])
    elseif nonce ~= string.sub(ARGV[at + 1], 1, 8) then answer[#answer + 1] = i - 2
    end
    at = at + 3
end
return answer
"""

CONFIRM = """
-- KEYS marks   ARGV (source, position)...
-- Everything of the source below the position is in the log. A mark never falls.
for i = 1, #ARGV, 2 do
    local stored = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '-1')
    if stored < tonumber(ARGV[i + 1]) then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
return 'ok'
"""
