-- quicksort: a vector of pseudo-random integers sorted in place.
local size = 600000 -- tests: 300

local function random_vector(length)
  local vector, seed = {}, 1
  for i = 1, length do
    vector[i] = seed
    seed = (seed * 16807 + 11) % 2147483647
  end
  return vector
end

local function sort_between(vector, low, high)
  if low >= high then return end
  local pivot = vector[(low + high) // 2]
  local i, j = low, high
  while i <= j do
    while vector[i] < pivot do i = i + 1 end
    while vector[j] > pivot do j = j - 1 end
    if i <= j then
      vector[i], vector[j] = vector[j], vector[i]
      i, j = i + 1, j - 1
    end
  end
  sort_between(vector, low, j)
  sort_between(vector, i, high)
end

local function sum(vector)
  local total = 0
  for i = 1, #vector do total = total + vector[i] end
  return total
end

local function finish(right, result)
  print("quicksort " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local vector = random_vector(size)
local before = sum(vector)
sort_between(vector, 1, size)
local right = sum(vector) == before
for i = 2, size do right = right and vector[i - 1] <= vector[i] end
finish(right, vector[1])
