-- sum: the sum of the integers up to n, again and again: one tight loop.
local size = 2000 -- tests: 2

local function sum_to(n)
  local i, sum = n, 0
  while i >= 0 do
    sum = i + sum
    i = i - 1
  end
  return sum
end

local function finish(right, result)
  print("sum " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local total = 0
for _ = 1, size do total = total + sum_to(10000) end
finish(total == 50005000 * size, total)
