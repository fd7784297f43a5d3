-- nqueens: in how many ways n queens stand on a board: short lists of small integers.
local size = 11 -- tests: 6

-- Lists are linked tables, as in the Scheme program.
local function cons(first, rest) return { first, rest } end

local function append(list, tail)
  if not list then return tail end
  return cons(list[1], append(list[2], tail))
end

local function safe(row, distance, queens)
  while queens do
    local other = queens[1]
    if other == row + distance or other == row - distance then return false end
    distance, queens = distance + 1, queens[2]
  end
  return true
end

local function ways(untried, refused, queens)
  if not untried then return refused and 0 or 1 end
  local row, rest = untried[1], untried[2]
  local count = 0
  if safe(row, 1, queens) then
    count = ways(append(rest, refused), nil, cons(row, queens))
  end
  if rest then count = count + ways(rest, cons(row, refused), queens) end
  return count
end

local function finish(right, result)
  print("nqueens " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local rows
for i = 1, size do rows = cons(i, rows) end
local known = { [4] = 2, [5] = 10, [6] = 4, [7] = 40, [8] = 92, [9] = 352, [10] = 724, [11] = 2680 }
local result = ways(rows, nil, nil)
finish(result == known[size], result)
