-- fft: the fast Fourier transform there and back again: vectors of floats.
local size = 17 -- tests: 6

local count = 1 << size

local function reverse_bits(reals, imaginaries)
  local j = 0
  for i = 0, count - 1 do
    if i < j then
      reals[i], reals[j] = reals[j], reals[i]
      imaginaries[i], imaginaries[j] = imaginaries[j], imaginaries[i]
    end
    local bit = count // 2
    while bit >= 1 and j >= bit do
      j = j - bit
      bit = bit // 2
    end
    j = j + bit
  end
end

local function transform(reals, imaginaries, sign)
  reverse_bits(reals, imaginaries)
  local half = 1
  while half < count do
    local angle = sign * math.pi / half
    for offset = 0, half - 1 do
      local cosine, sine = math.cos(angle * offset), math.sin(angle * offset)
      for i = offset, count - 1, 2 * half do
        local j = i + half
        local real, imaginary = reals[j], imaginaries[j]
        local turned_real = real * cosine - imaginary * sine
        local turned_imaginary = real * sine + imaginary * cosine
        reals[j] = reals[i] - turned_real
        imaginaries[j] = imaginaries[i] - turned_imaginary
        reals[i] = reals[i] + turned_real
        imaginaries[i] = imaginaries[i] + turned_imaginary
      end
    end
    half = half * 2
  end
end

local function sample(i) return math.sin(.37 * i) + .5 * math.cos(1.1 * i) end

local function energy(reals, imaginaries)
  local sum = 0.
  for i = 0, count - 1 do
    sum = sum + reals[i] * reals[i] + imaginaries[i] * imaginaries[i]
  end
  return sum
end

local function finish(right, result)
  print("fft " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local reals, imaginaries = {}, {}
for i = 0, count - 1 do reals[i], imaginaries[i] = sample(i), 0. end
local before = energy(reals, imaginaries)
transform(reals, imaginaries, -1.)
local after = energy(reals, imaginaries) / count
transform(reals, imaginaries, 1.)
local largest = 0.
for i = 0, count - 1 do
  largest = math.max(largest, math.abs(reals[i] / count - sample(i)))
end
finish(largest < 1e-9 and math.abs(after - before) < before * 1e-9, largest)
