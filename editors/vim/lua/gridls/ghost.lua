-- Ghost text: what the daemon offers at the cursor, shown by extmarks and not part of the text until
-- it is accepted.
local client = require('gridls.client')
local fit = require('gridls.fit')
local status = require('gridls.status')
local units = require('gridls.units')

local M = {}

local INVOKED, AUTOMATIC = 1, 2
local namespace = vim.api.nvim_create_namespace('gridls_ghost')

-- { bufnr, row, index, items }; row counts from 0.
local offer = nil
local ticket = nil
local last_place = nil

-- ---- on and off ----------------------------------------------------------------------------------

local function is_enabled(bufnr)
  return vim.g.gridls_enabled ~= false and vim.g.gridls_enabled ~= 0
    and vim.b[bufnr].gridls_enabled ~= false and vim.b[bufnr].gridls_enabled ~= 0
    and not vim.tbl_contains(vim.g.gridls_disabled_filetypes or {}, vim.bo[bufnr].filetype)
end

-- Neovim's own inline completion (0.12), where the person has turned it on, asks the daemon itself.
local function is_left_to_neovim(bufnr)
  local own = vim.lsp.inline_completion
  return own ~= nil and own.is_enabled({ bufnr = bufnr, client_id = client.id() })
end

local function toggled(value)
  return value == false or value == 0
end

function M.toggle(scope)
  if scope == 'buffer' then
    vim.b.gridls_enabled = toggled(vim.b.gridls_enabled)
    status.say('ghost text is ' .. (vim.b.gridls_enabled and 'on' or 'off') .. ' in this buffer')
  elseif scope == 'filetype' then
    local disabled, kept = vim.g.gridls_disabled_filetypes or {}, {}
    local filetype = vim.bo.filetype
    for _, name in ipairs(disabled) do
      if name ~= filetype then
        table.insert(kept, name)
      end
    end
    local off = #kept == #disabled
    if off then
      table.insert(kept, filetype)
    end
    vim.g.gridls_disabled_filetypes = kept
    status.say(('ghost text is %s in %s texts'):format(off and 'off' or 'on', filetype))
  elseif scope == '' then
    vim.g.gridls_enabled = toggled(vim.g.gridls_enabled)
    status.say('ghost text is ' .. (vim.g.gridls_enabled and 'on' or 'off'))
  else
    status.warn(scope .. ' is neither "buffer" nor "filetype"')
  end
  M.dismiss()
end

-- ---- the place -----------------------------------------------------------------------------------

local function place()
  local cursor = vim.api.nvim_win_get_cursor(0)
  return { bufnr = vim.api.nvim_get_current_buf(), row = cursor[1] - 1, column = cursor[2],
    line = vim.api.nvim_get_current_line() }
end

-- Not in replace mode, nor while an entry of the completion menu is inserted and may still be replaced.
local function can_show()
  return vim.fn.mode() == 'i' and vim.bo.modifiable and not vim.o.paste
    and (vim.fn.pumvisible() == 0 or vim.fn.complete_info({ 'selected' }).selected == -1)
end

-- Whether what is offered fits the text as it is; another candidate may where the shown one does not.
local function agrees()
  local here = place()
  if not offer or offer.bufnr ~= here.bufnr or offer.row ~= here.row then
    return false
  end
  for i = 0, #offer.items - 1 do
    local index = (offer.index - 1 + i) % #offer.items + 1
    if fit.rest(offer.items[index], here.line, here.column) ~= '' then
      offer.index = index
      return true
    end
  end
  return false
end

function M.is_visible()
  return offer ~= nil and can_show() and agrees()
end

-- ---- showing -------------------------------------------------------------------------------------

local function erase()
  if offer and vim.api.nvim_buf_is_valid(offer.bufnr) then
    vim.api.nvim_buf_clear_namespace(offer.bufnr, namespace, 0, -1)
  end
end

local function clear()
  erase()
  offer = nil
end

-- Virtual text shows a tab as it likes.
local function expand(text, column)
  local shown = ''
  for piece, tab in text:gmatch('([^\t]*)(\t?)') do
    shown = shown .. piece
    if tab ~= '' then
      local width = column + vim.fn.strdisplaywidth(shown)
      shown = shown .. (' '):rep(vim.bo.tabstop - width % vim.bo.tabstop)
    end
  end
  return shown
end

local function draw_inline(row, column, text)
  if text == '' then
    return
  end
  local shown = expand(text, vim.fn.virtcol({ row + 1, column + 1 }, true)[1] - 1)
  vim.api.nvim_buf_set_extmark(0, namespace, row, column, {
    virt_text = { { shown, 'GridlsGhost' } },
    virt_text_pos = 'inline',
  })
end

local function draw()
  erase()
  local here = place()
  local item = offer.items[offer.index]
  local lines = vim.split(fit.rest(item, here.line, here.column), '\n', { plain = true })
  -- What stands after the cursor and is part of the candidate stays where it is, with ghost text on
  -- both sides of it.
  local kept = here.line:sub(here.column + 1, #here.line - #item.tail)
  local at = kept ~= '' and lines[1]:find(kept, 1, true) or nil
  if at then
    draw_inline(here.row, here.column, lines[1]:sub(1, at - 1))
    draw_inline(here.row, here.column + #kept, lines[1]:sub(at + #kept))
  else
    draw_inline(here.row, here.column, lines[1])
  end
  local below = {}
  for i = 2, math.min(#lines, math.max(vim.api.nvim_win_get_height(0) - 1, 2)) do
    table.insert(below, { { expand(lines[i], 0), 'GridlsGhost' } })
  end
  if #below > 0 then
    vim.api.nvim_buf_set_extmark(0, namespace, here.row, 0, { virt_lines = below })
  end
end

-- ---- asking --------------------------------------------------------------------------------------

-- Takes items that were made for the place `asked`.
local function take(asked, items)
  local before = offer
  clear()
  local here = place()
  if here.bufnr ~= asked.bufnr or here.row ~= asked.row or not can_show() then
    return
  end
  local usable = {}
  for _, item in ipairs(items) do
    local start, stop = asked.column, asked.column
    local range = item.range
    if type(range) == 'table' then
      start = units.to_byte(asked.line, range.start.character, client.encoding())
      stop = units.to_byte(asked.line, range['end'].character, client.encoding())
    end
    local same_line = type(range) ~= 'table'
      or (range.start.line == asked.row and range['end'].line == asked.row)
    if same_line and type(item.insertText) == 'string' then
      table.insert(usable,
        { text = item.insertText, head = asked.line:sub(1, start), tail = asked.line:sub(stop + 1) })
    end
  end
  if #usable == 0 then
    return
  end
  -- A later piece of the stream must not throw the user back from the candidate that was chosen.
  local same = before and #before.items == #usable
  offer = { bufnr = asked.bufnr, row = asked.row, index = same and before.index or 1, items = usable }
  if agrees() then
    draw()
  else
    offer = nil
  end
end

-- A new request makes the daemon end the one before it.
local function ask(kind)
  local asked = place()
  if not client.attach(asked.bufnr) then
    return
  end
  client.replace(ticket)
  local streamed = false
  ticket = client.request(asked.bufnr, 'gridls/inlineCompletion', {
    textDocument = client.identifier(asked.bufnr),
    position = {
      line = asked.row,
      character = units.of_byte(asked.line, asked.column, client.encoding()),
    },
    context = { triggerKind = kind },
  }, {
    partial = function(value)
      streamed = true
      take(asked, { value.item })
    end,
    done = function(result)
      local items = type(result) == 'table' and (result.items or result) or {}
      if not streamed or #items > 0 then
        take(asked, items)
      end
    end,
    failed = function(error)
      clear()
      if kind == INVOKED then
        status.failed(error)
      end
    end,
  })
end

-- ---- events --------------------------------------------------------------------------------------

function M.enter()
  last_place = nil
  local bufnr = vim.api.nvim_get_current_buf()
  if is_enabled(bufnr) and vim.bo[bufnr].buftype == '' then
    -- Not at once: the mode would be shown over a message that says why it cannot be started.
    vim.schedule(client.start)
    client.attach(bufnr)
  end
end

-- The text or the cursor may have changed in insert mode.
function M.changed()
  if vim.fn.mode() ~= 'i' then
    return
  end
  local here = place()
  local now = ('%d %d %d %d'):format(here.bufnr, vim.b.changedtick, here.row, here.column)
  if now == last_place then
    return
  end
  last_place = client.state() == 'ready' and now or nil
  if not can_show() then
    M.dismiss()
  elseif agrees() then
    draw()
  else
    clear()
    if is_enabled(here.bufnr) and not is_left_to_neovim(here.bufnr) and vim.fn.reg_executing() == '' then
      ask(AUTOMATIC)
    end
  end
end

function M.suggest()
  if can_show() then
    clear()
    client.when_ready(function()
      ask(INVOKED)
    end)
  end
end

function M.dismiss()
  clear()
  client.abandon(ticket)
end

function M.cycle(step)
  local count = offer and #offer.items or 0
  local here = place()
  for i = 1, count - 1 do
    local index = (offer.index - 1 + step * i) % count + 1
    if fit.rest(offer.items[index], here.line, here.column) ~= '' then
      offer.index = index
      draw()
      return
    end
  end
end

-- Accepts 'all', or the next 'word' or 'line' of what is offered.
function M.accept(part)
  if not M.is_visible() then
    return
  end
  erase()
  local here = place()
  local item = offer.items[offer.index]
  local rest = fit.rest(item, here.line, here.column)
  local text = part == 'word' and fit.word(rest) or part == 'line' and fit.line(rest) or rest
  local accepted = fit.accept(item, here.line, here.column, text)
  vim.api.nvim_buf_set_lines(here.bufnr, here.row, here.row + 1, true, accepted.lines)
  vim.api.nvim_win_set_cursor(0, { here.row + accepted.row + 1, accepted.column })
  if not accepted.item then
    offer = nil
    return
  end
  offer = { bufnr = here.bufnr, row = here.row + accepted.row, index = 1, items = { accepted.item } }
  draw()
end

return M
