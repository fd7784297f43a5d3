-- ack: Ackermann's function of 3 and n: deep recursion.
local size = 10 -- tests: 3

local function ack(m, n)
  if m == 0 then return n + 1 end
  if n == 0 then return ack(m - 1, 1) end
  return ack(m - 1, (ack(m, n - 1)))
end

local function finish(right, result)
  print("ack " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local result = ack(3, size)
finish(result == (1 << (size + 3)) - 3, result)
