-- puzzle: Baskett's packing of eighteen bricks into a cube of side five: vectors and loops.
local size = 80 -- tests: 1

local side = 8
local cell_count = side * side * side
local function cell(i, j, k) return i + side * (j + side * k) end

local function shape(class, width, height, depth)
  local cells = {}
  for k = 0, depth - 1 do
    for j = 0, height - 1 do
      for i = 0, width - 1 do cells[#cells + 1] = cell(i, j, k) end
    end
  end
  return { class = class, cells = cells }
end

local shapes = {
  shape(0, 4, 2, 1), shape(0, 2, 1, 4), shape(0, 1, 4, 2),
  shape(0, 2, 4, 1), shape(0, 4, 1, 2), shape(0, 1, 2, 4),
  shape(1, 3, 1, 1), shape(1, 1, 3, 1), shape(1, 1, 1, 3),
  shape(2, 2, 2, 1), shape(2, 2, 1, 2), shape(2, 1, 2, 2),
  shape(3, 2, 2, 2),
}

local taken, left_in_class, trials

local function prepare()
  trials, taken = 0, {}
  for i = 0, cell_count - 1 do taken[i] = true end
  for k = 1, 5 do
    for j = 1, 5 do
      for i = 1, 5 do taken[cell(i, j, k)] = false end
    end
  end
  left_in_class = { [0] = 13, 3, 1, 1 }
end

local function fits(cells, place)
  for i = 1, #cells do
    if taken[place + cells[i]] then return false end
  end
  return true
end

local function fill(cells, place, value)
  for i = 1, #cells do taken[place + cells[i]] = value end
end

local function put(brick, place)
  fill(brick.cells, place, true)
  left_in_class[brick.class] = left_in_class[brick.class] - 1
  while place < cell_count do
    if not taken[place] then return place end
    place = place + 1
  end
  return nil
end

local function take(brick, place)
  fill(brick.cells, place, false)
  left_in_class[brick.class] = left_in_class[brick.class] + 1
end

local function solve(place)
  trials = trials + 1
  for i = 1, #shapes do
    local brick = shapes[i]
    if left_in_class[brick.class] > 0 and fits(brick.cells, place) then
      local next = put(brick, place)
      if not next or solve(next) then return true end
      take(brick, place)
    end
  end
  return false
end

local function finish(right, result)
  print("puzzle " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local result
for _ = 1, size do
  prepare()
  result = solve(put(shapes[1], cell(1, 1, 1))) and trials
end
finish(result == 2004, result)
