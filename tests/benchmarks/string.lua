-- string: a string that grows by being joined with itself and cut: copying of characters.
local size = 500000 -- tests: 500

local function grown(text) return "123" .. text .. "456" .. text .. "789" end

local function swapped(text)
  local middle = #text // 2
  return text:sub(middle + 1) .. text:sub(1, middle + 1)
end

local function count_of(char, text)
  local code, count = char:byte(), 0
  for i = 1, #text do
    if text:byte(i) == code then count = count + 1 end
  end
  return count
end

local function finish(right, result)
  print("string " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local total = 0
for _ = 1, 10 do
  local text = "abcdef"
  while #text <= size do text = swapped(grown(text)) end
  total = total + #text + count_of("a", text)
end
local known = { [500] = 5340, [500000] = 5570460 }
finish(total == known[size], total)
