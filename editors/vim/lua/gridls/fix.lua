-- Fixes what a diagnostic says: the one of vim.diagnostic at the cursor, or what a person says.
local client = require('gridls.client')
local edit = require('gridls.edit')
local status = require('gridls.status')
local units = require('gridls.units')

local M = {}

-- The one that the cursor is in, or that begins closest to it.
local function nearest(bufnr, row, column)
  local best, best_distance = nil, math.huge
  for _, found in ipairs(vim.diagnostic.get(bufnr)) do
    local last = math.max(found.end_lnum or found.lnum, found.lnum)
    if found.lnum <= row and row <= last then
      local within = found.col <= column and column < (found.end_col or found.col + 1)
      local distance = within and -1 or math.abs(found.col - column)
      if distance < best_distance then
        best, best_distance = found, distance
      end
    end
  end
  return best
end

local function position(bufnr, row, byte)
  local line = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ''
  return { line = row, character = units.of_byte(line, byte, client.encoding()) }
end

local function to_lsp(bufnr, found)
  return {
    range = {
      start = position(bufnr, found.lnum, found.col),
      ['end'] = position(bufnr, found.end_lnum or found.lnum, found.end_col or found.col),
    },
    message = found.message,
    severity = found.severity,
    source = found.source,
    code = found.code,
  }
end

local function resolve(bufnr, action)
  if not action or action.disabled then
    status.warn(action and action.disabled.reason or 'nothing can be done about this diagnostic')
    return
  end
  status.say(action.title .. ' … (:GridlsCancel stops it)')
  client.request(bufnr, 'codeAction/resolve', action, {
    title = 'fixing',
    done = function(result)
      edit.apply_rewrite(result, action.title, vim.g.gridls_preview)
    end,
    failed = status.failed,
  })
end

local function ask(bufnr, diagnostic)
  client.request(bufnr, 'textDocument/codeAction', {
    textDocument = client.identifier(bufnr),
    range = diagnostic.range,
    context = { diagnostics = { diagnostic }, only = { 'quickfix' } },
  }, {
    done = function(actions)
      for _, action in ipairs(type(actions) == 'table' and actions or {}) do
        if (action.kind or ''):match('^quickfix') then
          resolve(bufnr, action)
          return
        end
      end
      resolve(bufnr, nil)
    end,
    failed = status.failed,
  })
end

-- `row` counts from 0.
function M.fix(bufnr, row, column, message)
  local found = nearest(bufnr, row, column)
  if message ~= '' then
    local line = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ''
    found = { lnum = row, col = 0, end_col = #line, message = message, severity = 1 }
  end
  if not found then
    status.warn('there is no diagnostic on this line; say what is wrong: :GridlsFix {message}')
    return
  end
  client.when_ready(function()
    if client.attach_or_say(bufnr) then
      ask(bufnr, to_lsp(bufnr, found))
    end
  end)
end

return M
