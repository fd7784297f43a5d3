-- triangl: the triangular board of fifteen pegs, one jumping over another: vectors, search.
local size = 13 -- tests: 5

local function cell(row, column) return row * (row + 1) // 2 + column end

local from, over, to = {}, {}, {}
local ways = { { 0, 1 }, { 0, -1 }, { 1, 0 }, { -1, 0 }, { 1, 1 }, { -1, -1 } }
for row = 0, 4 do
  for column = 0, row do
    for _, way in ipairs(ways) do
      local last_row, last_column = row + 2 * way[1], column + 2 * way[2]
      if 0 <= last_row and last_row <= 4 and 0 <= last_column and last_column <= last_row then
        from[#from + 1] = cell(row, column)
        over[#over + 1] = cell(row + way[1], column + way[2])
        to[#to + 1] = cell(last_row, last_column)
      end
    end
  end
end

local board = {}
for i = 0, 14 do board[i] = 1 end

local function games(depth)
  if depth == 0 then return 1 end
  local count = 0
  for i = 1, #from do
    local a, b, c = from[i], over[i], to[i]
    if board[a] == 1 and board[b] == 1 and board[c] == 0 then
      board[a], board[b], board[c] = 0, 0, 1
      count = count + games(depth - 1)
      board[a], board[b], board[c] = 1, 1, 0
    end
  end
  return count
end

local function finish(right, result)
  print("triangl " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

board[4] = 0
local known = { [1] = 2, [5] = 532, [13] = 1550 }
local result = games(size)
finish(result == known[size], result)
