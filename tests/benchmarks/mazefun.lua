-- mazefun: mazes dug without any mutation: matrices are lists of rows, made anew at each step.
local size = 500 -- tests: 2

local side = 11

local function next_random(seed) return (seed * 3877 + 29573) % 139968 end

local function all_caves()
  local caves = {}
  for row = 0, side - 1 do
    local line = {}
    for column = 0, side - 1 do line[column + 1] = row * side + column end
    caves[row + 1] = line
  end
  return caves
end

local function matrix_map(f, matrix)
  local result = {}
  for i, row in ipairs(matrix) do
    local line = {}
    for j, value in ipairs(row) do line[j] = f(value) end
    result[i] = line
  end
  return result
end

local function all_walls()
  local walls
  for row = 0, side - 1 do
    for column = 0, side - 1 do
      if row + 1 < side then walls = { { row, column, row + 1, column }, walls } end
      if column + 1 < side then walls = { { row, column, row, column + 1 }, walls } end
    end
  end
  return walls
end

local function without_place(list, place)
  if place == 0 then return list[2] end
  return { list[1], without_place(list[2], place - 1) }
end

local function list_ref(list, place)
  for _ = 1, place do list = list[2] end
  return list[1]
end

local function shuffled(items, seed)
  local left, list = 0, items
  while list do left, list = left + 1, list[2] end
  local result
  while left > 0 do
    local place = seed % left
    result = { list_ref(items, place), result }
    items = without_place(items, place)
    left, seed = left - 1, next_random(seed)
  end
  return result
end

local function dig(walls)
  local caves, broken = all_caves(), nil
  while walls do
    local wall = walls[1]
    local one, other = caves[wall[1] + 1][wall[2] + 1], caves[wall[3] + 1][wall[4] + 1]
    if one ~= other then
      caves = matrix_map(function(cave) return cave == other and one or cave end, caves)
      broken = { wall, broken }
    end
    walls = walls[2]
  end
  return broken
end

local function fingerprint(walls)
  local sum, count = 0, 0
  while walls do
    for _, number in ipairs(walls[1]) do sum = (sum * 31 + number) % 1000003 end
    walls, count = walls[2], count + 1
  end
  return sum, count
end

local function finish(right, result)
  print("mazefun " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local walls, seed, total = all_walls(), 42, 0
for _ = 1, size do
  local sum, count = fingerprint(dig(shuffled(walls, seed)))
  if count ~= side * side - 1 then finish(false, count) end
  total, seed = (total * 31 + sum) % 1000003, next_random(seed)
end
local known = { [2] = 76140, [500] = 867234 }
finish(total == known[size], total)
