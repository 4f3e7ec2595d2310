-- What of an offer still fits the line, and the parts of it that can be accepted. Pure.
--
-- An item is { text, head, tail }: `text` stands between the unchanged beginning and end of the line,
-- replacing whatever is between them now. Bytes count from 0.
local M = {}

-- What is still to come at the cursor; '' where the item no longer fits.
function M.rest(item, line, cursor)
  local start, stop = #item.head, #line - #item.tail
  if cursor < start or stop < cursor or line:sub(1, start) ~= item.head
      or line:sub(stop + 1) ~= item.tail then
    return ''
  end
  local typed = line:sub(start + 1, cursor)
  return item.text:sub(1, #typed) == typed and item.text:sub(#typed + 1) or ''
end

-- The next word, with what parts it from the cursor: letters, digits and what is beyond ASCII; or
-- else a run of signs.
function M.word(rest)
  local blanks, after = rest:match('^(%s*)(.*)$')
  local word = after:match('^[%w_\128-\255]+') or after:match('^[^%w_%s\128-\255]+') or ''
  return blanks .. word
end

-- The rest of this line, or the next one.
function M.line(rest)
  return rest:match('^\n*[^\n]*')
end

-- The lines that the buffer gets where `text`, a part of the rest of `item`, is accepted, and what of
-- the item is left: { lines, row, column, item or nil }; row counts from the cursor's line.
function M.accept(item, line, cursor, text)
  local rest = M.rest(item, line, cursor)
  local whole = text == rest
  local lines = vim.split(line:sub(1, cursor) .. text, '\n', { plain = true })
  local column = #lines[#lines]
  local left = nil
  if not whole then
    left = { text = rest:sub(#text + 1), head = lines[#lines], tail = item.tail }
  end
  -- Only the whole candidate replaces what stands after the cursor.
  lines[#lines] = lines[#lines] .. (whole and item.tail or line:sub(cursor + 1))
  return { lines = lines, row = #lines - 1, column = column, item = left }
end

return M
