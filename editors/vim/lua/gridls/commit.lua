-- Writes a commit message into the buffer that git has opened for it, never over what is typed.
local client = require('gridls.client')
local edit = require('gridls.edit')
local status = require('gridls.status')

local M = {}

local namespace = vim.api.nvim_create_namespace('gridls_commit')

local function get(bufnr, first, stop)
  return vim.api.nvim_buf_get_lines(bufnr, first, stop, false)
end

-- How many lines at the top are the person's own, without blank ones at their end.
local function typed_lines(bufnr)
  local comment = vim.bo[bufnr].commentstring:match('^(%S+)%s*%%s') or '#'
  local count = 0
  for index, line in ipairs(get(bufnr, 0, -1)) do
    if line:sub(1, #comment) == comment then
      break
    elseif line:match('%S') then
      count = index
    end
  end
  return count
end

local function insert(bufnr, row, lines)
  vim.api.nvim_buf_set_lines(bufnr, row, row, false, lines)
end

-- Finds the place: the top where nothing is written yet, else after what is. A text that begins with a
-- line end stands apart from what is typed, any other goes on with its last line.
local function begin(writing)
  local bufnr = writing.bufnr
  local typed = typed_lines(bufnr)
  local after = get(bufnr, typed, typed + 1)[1] or '#'
  edit.carry(bufnr, {})
  if typed > 0 and writing.text:sub(1, 1) ~= '\n' then
    if after:match('%S') then
      insert(bufnr, typed, { '' })
    end
    writing.first = typed - 1
    writing.prefix = get(bufnr, typed - 1, typed)[1]
    writing.lines = { writing.prefix }
    return
  elseif typed > 0 then
    insert(bufnr, typed, after:match('%S') and { '', '' } or { '' })
    writing.first = typed + 1
  else
    if after:match('%S') then
      insert(bufnr, 0, { '' })
    end
    writing.first = 0
  end
  insert(bufnr, writing.first, { '' })
  writing.lines = { '' }
end

-- Whether the message stands in the buffer as it was written, wherever it has moved to.
local function find(writing)
  local place = vim.api.nvim_buf_get_extmark_by_id(writing.bufnr, namespace, writing.mark, {})
  if not place[1] then
    return false
  end
  writing.first = place[1]
  return vim.deep_equal(get(writing.bufnr, place[1], place[1] + #writing.lines), writing.lines)
end

-- Brings the message in the buffer up to what has come so far.
local function update(writing)
  local bufnr = writing.bufnr
  if writing.given_up or not vim.api.nvim_buf_is_loaded(bufnr) or not writing.text:match('%S') then
    return
  end
  if #writing.lines == 0 then
    begin(writing)
  elseif not find(writing) then
    writing.given_up = true
    client.cancel(writing.ticket)
    status.warn('you have changed the message, so the rest of it is left out')
    return
  elseif vim.api.nvim_buf_get_changedtick(bufnr) == writing.tick then
    vim.api.nvim_buf_call(bufnr, function()
      vim.cmd('silent! undojoin')
    end)
  end
  local text = writing.prefix == '' and vim.trim(writing.text)
    or writing.prefix .. writing.text:gsub('%s+$', '')
  local lines = vim.split((text:gsub('\r', '')), '\n', { plain = true })
  vim.api.nvim_buf_set_lines(bufnr, writing.first, writing.first + #writing.lines, false, lines)
  writing.lines = lines
  writing.mark = vim.api.nvim_buf_set_extmark(bufnr, namespace, writing.first, 0, { id = writing.mark })
  writing.tick = vim.api.nvim_buf_get_changedtick(bufnr)
end

function M.write(bufnr, hint)
  if not client.attach_or_say(bufnr) then
    return
  end
  local writing = { bufnr = bufnr, text = '', lines = {}, prefix = '', first = 0 }
  writing.ticket = client.request(bufnr, 'gridls/commitMessage', {
    textDocument = client.identifier(bufnr),
    hint = hint ~= '' and hint or nil,
  }, {
    title = 'writing the message',
    partial = function(value)
      writing.text = writing.text .. (value.text or '')
      update(writing)
    end,
    done = function(result)
      writing.text = writing.text .. (result.text or '')
      update(writing)
    end,
    failed = function(error)
      if not writing.given_up then
        status.failed(error)
      end
    end,
  })
end

return M
