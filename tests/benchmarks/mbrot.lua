-- mbrot: a picture of Mandelbrot's set: arithmetic on floats in a loop.
local size = 500 -- tests: 10

local most = 64

local function steps(real, imaginary)
  local x, y, count = real, imaginary, 0
  while true do
    local xx, yy = x * x, y * y
    if count == most or xx + yy > 4. then return count end
    x, y, count = xx - yy + real, 2. * x * y + imaginary, count + 1
  end
end

local function picture(side)
  local step, sum = 2.5 / side, 0
  for row = 0, side - 1 do
    local imaginary = -1.25 + row * step
    for column = 0, side - 1 do
      sum = sum + steps(-2. + column * step, imaginary)
    end
  end
  return sum
end

local function finish(right, result)
  print("mbrot " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local known = { [10] = 2199, [500] = 4881276 }
local result = picture(size)
finish(result == known[size], result)
