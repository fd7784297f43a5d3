-- gcbench: binary trees of several depths, short-lived and long-lived, made from the root down and
-- from the leaves up: records, memory, its reclamation.
local size = 16 -- tests: 4

local function make_leaf() return { left = false, right = false } end

local function fill(depth, node)
  if depth > 0 then
    node.left = make_leaf()
    node.right = make_leaf()
    fill(depth - 1, node.left)
    fill(depth - 1, node.right)
  end
end

local function tree_from_root(depth)
  local root = make_leaf()
  fill(depth, root)
  return root
end

local function tree_from_leaves(depth)
  if depth == 0 then return make_leaf() end
  return { left = tree_from_leaves(depth - 1), right = tree_from_leaves(depth - 1) }
end

local function count_nodes(tree)
  if not tree then return 0 end
  return 1 + count_nodes(tree.left) + count_nodes(tree.right)
end

local function nodes_at(depth) return (1 << (depth + 1)) - 1 end

local function make_trees(depth)
  local total = 0
  for _ = 1, 2 * nodes_at(size) // nodes_at(depth) do
    total = total + count_nodes(tree_from_root(depth)) + count_nodes(tree_from_leaves(depth))
  end
  return total
end

local function finish(right, result)
  print("gcbench " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local long_lived, long_vector = tree_from_root(size), {}
for i = 1, 100000 do long_vector[i] = 0.5 end
local difference = 0
for depth = 2, size, 2 do
  difference = difference + make_trees(depth)
    - 2 * nodes_at(depth) * (2 * nodes_at(size) // nodes_at(depth))
end
difference = difference + count_nodes(long_lived) - nodes_at(size)
finish(difference == 0 and long_vector[100000] == 0.5, difference)
