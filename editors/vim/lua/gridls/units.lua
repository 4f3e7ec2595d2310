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

-- The lines of a text with LSP's edits in it, which do not overlap.
function M.edit(before, edits, encoding)
  local starts, size = {}, 0
  for i, line in ipairs(before) do
    starts[i], size = size, size + #line + 1
  end
  local function offset(position)
    local line = before[position.line + 1]
    return line and starts[position.line + 1] + M.to_byte(line, position.character, encoding) or size
  end
  local changes = {}
  for i, edit in ipairs(edits) do
    table.insert(changes, { start = offset(edit.range.start), stop = offset(edit.range['end']),
      text = edit.newText:gsub('\r\n?', '\n'), order = i })
  end
  table.sort(changes, function(a, b)
    return a.start < b.start or a.start == b.start and a.order < b.order
  end)
  local text, pieces, at = table.concat(before, '\n') .. '\n', {}, 0
  for _, change in ipairs(changes) do
    table.insert(pieces, text:sub(at + 1, change.start) .. change.text)
    at = change.stop
  end
  text = table.concat(pieces) .. text:sub(at + 1)
  return vim.split(text:sub(-1) == '\n' and text:sub(1, -2) or text, '\n', { plain = true })
end

return M
