-- matrix: which of many matrices of 1 and -1 are the same but for the order and the signs of their
-- rows and columns: short lists, higher-order procedures, comparisons.
local size = 60 -- tests: 2

local side = 5

local function next_random(seed) return (seed * 3877 + 29573) % 139968 end

local function random_matrix(seed)
  local rows = {}
  for row = side, 1, -1 do
    local line = {}
    for column = side, 1, -1 do
      line[column] = seed < 69984 and 1 or -1
      seed = next_random(seed)
    end
    rows[row] = line
  end
  return rows, seed
end

local function for_each_order(use, items, done)
  done = done or 0
  if done == #items then return use(items) end
  for i = done + 1, #items do
    items[done + 1], items[i] = items[i], items[done + 1]
    for_each_order(use, items, done + 1)
    items[done + 1], items[i] = items[i], items[done + 1]
  end
end

local function multiplied(signs, row)
  local result = {}
  for i = 1, #row do result[i] = signs[i] * row[i] end
  return result
end

local function with_sign_at(place, row)
  local sign, result = row[place], {}
  for i = 1, #row do result[i] = sign * row[i] end
  return result
end

local function transposed(rows)
  local columns = {}
  for i = 1, side do
    local column = {}
    for j = 1, side do column[j] = rows[j][i] end
    columns[i] = column
  end
  return columns
end

-- Positive if one list of numbers comes after another of the same length, zero if it is the same.
local function compared(one, other)
  for i = 1, #one do
    if one[i] ~= other[i] then return one[i] - other[i] end
  end
  return 0
end

local function in_order(columns)
  for i = 2, #columns do
    local column, j = columns[i], i
    while j > 1 and compared(column, columns[j - 1]) > 0 do
      columns[j] = columns[j - 1]
      j = j - 1
    end
    columns[j] = column
  end
  return columns
end

local function normalized(rows, place)
  local signs, result = rows[1], {}
  for i = 1, #rows do result[i] = with_sign_at(place, multiplied(signs, rows[i])) end
  return in_order(transposed(result))
end

local function matrix_compared(one, other)
  for i = 1, #one do
    local difference = compared(one[i], other[i])
    if difference ~= 0 then return difference end
  end
  return 0
end

local function canonical(rows)
  local best
  for_each_order(function(ordered)
    for place = 1, side do
      local form = normalized(ordered, place)
      if not best or matrix_compared(form, best) > 0 then best = form end
    end
  end, rows)
  return best
end

local function finish(right, result)
  print("matrix " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local found, seed = {}, 7
for _ = 1, size do
  local rows
  rows, seed = random_matrix(seed)
  local form, is_new = canonical(rows), true
  for _, other in ipairs(found) do
    if matrix_compared(form, other) == 0 then is_new = false end
  end
  if is_new then found[#found + 1] = form end
end
local known = { [2] = 2, [60] = 21 }
finish(#found == known[size], #found)
