-- fibfp: the doubly recursive Fibonacci function on floats: calls and boxed numbers.
local size = 33. -- tests: 12.

local function fib(n)
  if n < 2. then return n end
  return fib(n - 1.) + fib(n - 2.)
end

local function fib_by_adding(n)
  local this, next = 0., 1.
  for _ = 1, n do this, next = next, this + next end
  return this
end

local function finish(right, result)
  print("fibfp " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local result = fib(size)
finish(result == fib_by_adding(size), result)
