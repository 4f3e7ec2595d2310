-- Bytes of a line and the units in which positions count. Pure; bytes count from 0.
local M = {}

-- The length of the character at a byte (counted from 1), and what it takes in UTF-16.
local function character(line, at)
  local byte = line:byte(at)
  if byte < 0xC0 then
    return 1, 1
  elseif byte < 0xE0 then
    return 2, 1
  elseif byte < 0xF0 then
    return 3, 1
  end
  return 4, 2
end

-- How many units the first `byte` bytes of a line take.
function M.of_byte(line, byte, encoding)
  if encoding == 'utf-8' then
    return math.min(byte, #line)
  end
  local units, at = 0, 1
  while at <= math.min(byte, #line) do
    local length, utf16 = character(line, at)
    units = units + (encoding == 'utf-16' and utf16 or 1)
    at = at + length
  end
  return units
end

-- The byte at which so many units end; the line's length where it has fewer.
function M.to_byte(line, units, encoding)
  if encoding == 'utf-8' then
    return math.min(units, #line)
  end
  local at = 1
  while units > 0 and at <= #line do
    local length, utf16 = character(line, at)
    units = units - (encoding == 'utf-16' and utf16 or 1)
    if units < 0 then
      break
    end
    at = at + length
  end
  return math.min(at - 1, #line)
end

return M
