-- primes: Eratosthenes' sieve over a list, each prime making the list anew.
local size = 40000 -- tests: 100

local function interval(from, to)
  local list
  for n = to, from, -1 do list = { n, list } end
  return list
end

-- A new list, made from its front.
local function without_multiples(n, numbers)
  local head = {}
  local last = head
  while numbers do
    if numbers[1] % n ~= 0 then
      local pair = { numbers[1] }
      last[2] = pair
      last = pair
    end
    numbers = numbers[2]
  end
  return head[2]
end

local function finish(right, result)
  print("primes " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local count, numbers = 0, interval(2, size)
while numbers do
  count = count + 1
  numbers = without_multiples(numbers[1], numbers[2])
end
local known = { [100] = 25, [1000] = 168, [10000] = 1229, [40000] = 4203 }
finish(count == known[size], count)
