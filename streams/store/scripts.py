"""The Redis scripts. Only absolute writes, the position last: half a script run twice does no harm.

All keys of one call share a hash tag, so they lie on one node of a cluster and roll back together.
"""

CLAIM = """
-- KEYS owner, sources, keys...   ARGV token
-- Fences the former owner at once: from here on its commits are refused.
-- Answers the position, and what is stored at that position.
redis.call('HSET', KEYS[1], 'token', ARGV[1])
local values = {}
for i = 3, #KEYS do values[i - 2] = redis.call('GET', KEYS[i]) end
return {redis.call('HGET', KEYS[1], 'position'), redis.call('HGETALL', KEYS[2]), values}
"""

BEGIN = """
-- KEYS owner   ARGV token, position
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
if redis.call('HGET', KEYS[1], 'position') then return 'mismatch' end
redis.call('HSET', KEYS[1], 'position', ARGV[2])
return 'ok'
"""

LOAD = """
-- KEYS owner, keys...   ARGV token, position
-- Values as they are at the position. Who is fenced, or finds another position, would mix two times.
local owner = redis.call('HMGET', KEYS[1], 'token', 'position')
if owner[1] ~= ARGV[1] then return 'fenced' end
if (owner[2] or '-1') ~= ARGV[2] then return 'mismatch' end
if #KEYS == 1 then return {} end
return redis.call('MGET', unpack(KEYS, 2))
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
-- KEYS marks, entities...   ARGV nonce, nonce before, #marks, (source, known)..., (nonce read, value, ttl)...
-- Answers 'older' when a mark is below what was known, or when what the batch wrote here before (no nonce: nothing)
-- is gone: the shard was rolled back; nothing is written.
-- Else writes each record that nobody has changed since it was read; answers the places of the others.
-- A value begins with a nonce of 8 bytes, so a call that is repeated finds its own writing; the marks keep
-- it as well, so that `confirm` finds out whether the writing is still there.
local before = ARGV[2]
local marks = tonumber(ARGV[3])
local at = 4
for _ = 1, marks do
    local stored = tonumber(redis.call('HGET', KEYS[1], ARGV[at]) or '-1')
    if stored < tonumber(ARGV[at + 1]) then return {'older'} end
    if before ~= '' then
        local noted = redis.call('HGET', KEYS[1], ARGV[at] .. '#')
        if noted ~= before and noted ~= ARGV[1] then return {'older'} end
    end
    at = at + 2
end
for i = 4, at - 2, 2 do redis.call('HSET', KEYS[1], ARGV[i] .. '#', ARGV[1]) end
local answer = {'ok'}
for i = 2, #KEYS do
    local nonce = redis.call('GETRANGE', KEYS[i], 0, 7)
    if nonce == ARGV[at] then redis.call('SET', KEYS[i], ARGV[at + 1], 'EX', ARGV[at + 2])
    elseif nonce ~= ARGV[1] then answer[#answer + 1] = i - 2
    end
    at = at + 3
end
return answer
"""

CONFIRM = """
-- KEYS marks   ARGV nonce, (source, known, position)...
-- Everything of the source below the position is in the log. A mark never falls.
-- Answers 'older' when a mark is below what was known, or when what was written under the nonce is gone
-- (no nonce: nothing was written to this shard); then no mark is moved.
for i = 2, #ARGV, 3 do
    local stored = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '-1')
    if stored < tonumber(ARGV[i + 1]) then return 'older' end
    if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], ARGV[i] .. '#') ~= ARGV[1] then return 'older' end
end
for i = 2, #ARGV, 3 do
    local stored = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '-1')
    if stored < tonumber(ARGV[i + 2]) then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2]) end
end
return 'ok'
"""
