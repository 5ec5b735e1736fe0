import { KEPT_SHARE_SLOTS, KEPT_SLOTS } from "../domain/budgets";
import { MINDED_MS, URGENT_MS } from "./budget-memory";

/** The clock of all processes is Redis's; a test may give another. */
const NOW = `
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end`;

/**
 * Decides on one more request, as LocalCount does, and counts it where it is granted: one step for everybody.
 * KEYS: the provider's count, then by window what the account took of it. ARGV: now or 0, the count's name, the account or "", 1 in
 * the background, then by window: seconds, slotMs, shareSlotMs, limit, share, contended, intervalMs, burstMs.
 * Answers "unknown" where the count has another name: it was lost. Else granted, milliseconds to wait, the account only, now, then
 * by window how many requests count.
 */
export const TAKE = `${NOW}
local KEPT, KEPT_SHARE = ${KEPT_SLOTS}, ${KEPT_SHARE_SLOTS}
local key, account, background = KEYS[1], ARGV[3], ARGV[4] == "1"
local class = background and "b" or "i"
local head = redis.call("HMGET", key, "name", "urgent", "minded1", "until1", "minded2", "until2")
if head[1] ~= ARGV[2] then return {"unknown"} end

local function number(text, most)
  local value = tonumber(text) or 0
  if value > most then return most end
  return value
end

-- The counts of the kept slots from the oldest to the present one, and their sum.
local function counted(name, prefix, slot, kept)
  local fields = {}
  for index = 1, kept do fields[index] = prefix .. (slot - kept + index) end
  local counts, total = redis.call("HMGET", name, unpack(fields)), 0
  for index = 1, kept do
    counts[index] = tonumber(counts[index]) or 0
    total = total + counts[index]
  end
  return counts, total
end

local function freeAt(counts, total, limit, slot, slotMs, never)
  for index = 1, #counts do
    total = total - counts[index]
    if counts[index] > 0 and total < limit then return (slot + index) * slotMs end
  end
  return never
end

-- A clock that was set back must not hold anybody for long.
local urgent = number(head[2], now + ${URGENT_MS})
local others = 0
for index = 3, 5, 2 do
  local till = number(head[index + 1], now + ${MINDED_MS})
  if head[index] and head[index] ~= account and till > now and till > others then others = till end
end

local untilMs, accountOnly = background and urgent or 0, false
local everybody = untilMs > now
local totals, slots, paces = {}, {}, {}
local windows = #KEYS - 1
for window = 1, windows do
  local at = 4 + (window - 1) * 8
  local seconds, slotMs, shareSlotMs = ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local limit, share, contended = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6])
  local intervalMs, burstMs = tonumber(ARGV[at + 7]), tonumber(ARGV[at + 8])
  local windowMs = tonumber(seconds) * 1000
  local slot = math.floor(now / slotMs)
  local counts, total = counted(key, seconds .. ":", slot, KEPT)
  totals[window], slots[window] = total, slot
  if total >= limit then
    everybody = true
    untilMs = math.max(untilMs, freeAt(counts, total, limit, slot, slotMs, now + windowMs))
  end
  local paced = number(redis.call("HGET", key, seconds .. ":paced"), now + 2 * windowMs)
  if background and paced - burstMs > now then
    everybody = true
    untilMs = math.max(untilMs, paced - burstMs)
  end
  paces[window] = math.max(now, paced) + intervalMs
  local minds = others > 0
  if not background then minds = total >= contended end
  if account ~= "" and minds then
    local shareSlot = math.floor(now / shareSlotMs)
    local own, taken = counted(KEYS[window + 1], class, shareSlot, KEPT_SHARE)
    if taken >= share then
      accountOnly = true
      local free = freeAt(own, taken, share, shareSlot, shareSlotMs, now + windowMs)
      if background and others < free then free = others end
      untilMs = math.max(untilMs, free)
    end
  end
end

local granted = not (untilMs > now or everybody or accountOnly)
if not granted then
  if not accountOnly then
    if not background then
      redis.call("HSET", key, "urgent", now + ${URGENT_MS})
    elseif account ~= "" then
      if head[3] and head[3] ~= account then redis.call("HSET", key, "minded2", head[3], "until2", head[4]) end
      redis.call("HSET", key, "minded1", account, "until1", now + ${MINDED_MS})
    end
  end
end

local answer = {granted and 1 or 0, math.max(1, math.ceil(untilMs - now)), accountOnly and 1 or 0, now}
local longest = 0
for window = 1, windows do
  local at = 4 + (window - 1) * 8
  local seconds, shareSlotMs = ARGV[at + 1], tonumber(ARGV[at + 3])
  local windowMs, slot = tonumber(seconds) * 1000, slots[window]
  longest = math.max(longest, windowMs)
  if granted then
    totals[window] = totals[window] + 1
    redis.call("HINCRBY", key, seconds .. ":" .. slot, 1)
    local last = tonumber(redis.call("HGET", key, seconds .. ":last")) or (slot - KEPT)
    if last < slot then
      local stale = {}
      for old = last - KEPT + 1, math.min(last, slot - KEPT) do stale[#stale + 1] = seconds .. ":" .. old end
      if #stale > 0 then redis.call("HDEL", key, unpack(stale)) end
      redis.call("HSET", key, seconds .. ":last", slot)
    end
    redis.call("HSET", key, seconds .. ":paced", paces[window])
    if account ~= "" then
      redis.call("HINCRBY", KEYS[window + 1], class .. math.floor(now / shareSlotMs), 1)
      redis.call("PEXPIRE", KEYS[window + 1], math.ceil(windowMs + 2 * shareSlotMs))
    end
  end
  answer[#answer + 1] = totals[window]
end
if granted then redis.call("PEXPIRE", key, math.ceil(longest * 1.02) + 1000) end
return answer`;

/**
 * Begins the provider's count anew where it was lost, and brings in what one process knows. What the processes know of a slot counts
 * once, beside what was taken since the count began: the most that one of them was told, or what they took together, whichever is
 * more; the former knows of processes that are gone, the latter of what nobody else was told. KEYS: the provider's count, and what
 * was brought into it. ARGV: now or 0, a name for a new count, milliseconds to keep it, the process, then by slot: its field, how many
 * requests everybody was known to have taken in it, how many of them this process took, and how many it took that were never
 * counted. Answers the count's name and now.
 */
export const JOIN = `${NOW}
local key, brought = KEYS[1], KEYS[2]
local name = redis.call("HGET", key, "name")
if not name then
  name = ARGV[2]
  redis.call("HSET", key, "name", name)
  redis.call("DEL", brought)
end
-- An answer that was lost on its way has the process ask again.
local first = redis.call("HSETNX", brought, "process:" .. ARGV[4], 1) == 1
for at = 5, #ARGV, 4 do
  local field, told, own, untold = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local before = redis.call("HMGET", brought, "told:" .. field, "own:" .. field)
  local mostBefore, ownBefore = tonumber(before[1]) or 0, tonumber(before[2]) or 0
  local most, owned = math.max(mostBefore, told), ownBefore + (first and own or 0)
  if most > mostBefore then redis.call("HSET", brought, "told:" .. field, most) end
  if owned > ownBefore then redis.call("HSET", brought, "own:" .. field, owned) end
  local more = math.max(most, owned) - math.max(mostBefore, ownBefore) + untold
  if more > 0 then redis.call("HINCRBY", key, field, more) end
end
redis.call("PEXPIRE", brought, ARGV[3])
if redis.call("PTTL", key) < tonumber(ARGV[3]) then redis.call("PEXPIRE", key, ARGV[3]) end
return {name, now}`;

/** Says that a process lives, and answers how many do. KEYS: the processes. ARGV: now or 0, the process, milliseconds that it counts for. */
export const ANNOUNCE = `${NOW}
redis.call("ZADD", KEYS[1], now, ARGV[2])
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now - tonumber(ARGV[3]))
redis.call("PEXPIRE", KEYS[1], ARGV[3])
return {redis.call("ZCARD", KEYS[1]), now}`;
