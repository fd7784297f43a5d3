-- ray: a picture of spheres by casting rays: floats, square roots, small vectors, lists.
local size = 160 -- tests: 8

local function minus(one, other)
  return { one[1] - other[1], one[2] - other[2], one[3] - other[3] }
end

local function plus(one, other)
  return { one[1] + other[1], one[2] + other[2], one[3] + other[3] }
end

local function scaled(factor, point)
  return { factor * point[1], factor * point[2], factor * point[3] }
end

local function dot(one, other)
  return one[1] * other[1] + one[2] * other[2] + one[3] * other[3]
end

local function unit(point) return scaled(1. / math.sqrt(dot(point, point)), point) end

local function make_sphere(x, y, z, radius, brightness)
  return { center = { x, y, z }, radius = radius, brightness = brightness }
end

local world = {}
for i = 23, 0, -1 do
  world[#world + 1] =
    make_sphere(80. * (i // 4 - 2.5), 120. + 60. * (i % 4), -900. - 30. * i, 35., .75)
end
world[#world + 1] = make_sphere(0., -300., -1200., 200., .8)
world[#world + 1] = make_sphere(-80., -150., -1200., 200., .7)
world[#world + 1] = make_sphere(70., -100., -1200., 200., .9)

local eye = { 0., 0., 200. }
local light = unit({ .5, 1., .8 })

local function distance(sphere, from, direction)
  local offset = minus(from, sphere.center)
  local half = dot(offset, direction)
  local rest = dot(offset, offset) - sphere.radius * sphere.radius
  local inside = half * half - rest
  if inside < 0. then return nil end
  local near = -half - math.sqrt(inside)
  return near > .001 and near or nil
end

local function nearest(from, direction)
  local best, best_distance
  for i = 1, #world do
    local this = distance(world[i], from, direction)
    if this and (not best or this < best_distance) then best, best_distance = world[i], this end
  end
  return best, best_distance
end

local function shade(sphere, point)
  local normal = unit(minus(point, sphere.center))
  local facing = math.max(0., dot(normal, light))
  local lit = nearest(point, light) and .5 or 1.
  return 255. * sphere.brightness * (.1 + .9 * facing * lit)
end

local function cast(x, y)
  local direction = unit(minus({ x, y, 0. }, eye))
  local sphere, far = nearest(eye, direction)
  if not sphere then return 0. end
  return shade(sphere, plus(eye, scaled(far, direction)))
end

local function finish(right, result)
  print("ray " .. (right and "ok" or tostring(result)))
  if not right then os.exit(1) end
end

local known = { [8] = 4277, [160] = 1764638 }
local step, sum = 100. / size, 0
for row = 0, size - 1 do
  for column = 0, size - 1 do
    sum = sum + math.floor(cast(step * column - 50., step * row - 50.))
  end
end
finish(sum == known[size], sum)
