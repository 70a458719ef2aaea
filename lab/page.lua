-- SPDX-License-Identifier: Apache-2.0
-- The targets' pages. What they wait for costs no processor, so that workers are what runs short.
-- Request number n takes the same time whoever asks, so that variants face the same work.
-- least_ms, most_ms and letters are set before this text.

local body = string.rep('abcdefghijklmnopqrstuvwxyz', letters // 26 + 1):sub(1, letters)

-- 0 to 1, evenly spread, without a pattern from one n to the next.
local function fraction(n)
  local x = n * 0x9E3779B97F4A7C15
  x = (x ~ (x >> 32)) * 0x94D049BB133111EB
  x = x ~ (x >> 29)
  return (x >> 11) / (1 << 53)
end

function page(r)
  local n = tonumber(string.match(r.args or '', 'n=(%d+)') or '0')
  r.usleep(1000 * (least_ms + (most_ms - least_ms) * fraction(n)))
  r.content_type = 'text/plain'
  r:write('n=' .. n .. '\n' .. body)
  return apache2.OK
end

function health(r)
  r.usleep(5000)
  r.content_type = 'text/plain'
  r:write('ok')
  return apache2.OK
end
