-- tak: Takeuchi's function: calls with three arguments, each itself a call.
local size = 300 -- tests: 1

local function tak(x, y, z)
  if y < x then
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
  end
  return z
end

local function finish(right, result)
  print("tak " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local sum = 0
for _ = 1, size do sum = sum + tak(18, 12, 6) end
finish(sum == 7 * size, sum)
