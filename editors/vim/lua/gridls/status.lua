-- Messages, and what the statusline and :GridlsStatus say.
local M = {}

local MESSAGE_MS = 5000
local REQUEST_CANCELLED, CONTENT_MODIFIED = -32800, -32801

local latest = {}
local last_warning = ''

-- One line, cut to what fits: a longer one would stop the person until a key is pressed.
local function fit(text)
  text = text:gsub('%s+', ' ')
  if vim.fn.strdisplaywidth(text) <= vim.v.echospace then
    return text
  end
  return vim.fn.matchstr(text, ([[.*\%%<%dv]]):format(vim.v.echospace)) .. '…'
end

-- In insert mode "-- INSERT --" is written over a message at once: it is shown above that for a while.
local function show_over_mode(text, highlight)
  if not vim.fn.mode():match('^[iR]') or not vim.o.showmode then
    return
  end
  local width = math.min(vim.fn.strdisplaywidth(text) + 2, vim.o.columns)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, { ' ' .. text })
  local window = vim.api.nvim_open_win(buffer, false, {
    relative = 'editor',
    row = vim.o.lines - vim.o.cmdheight - 1,
    col = vim.o.columns - width,
    width = width,
    height = 1,
    style = 'minimal',
    border = 'none',
    focusable = false,
  })
  vim.wo[window].winhighlight = 'NormalFloat:' .. highlight
  local function close()
    if vim.api.nvim_win_is_valid(window) then
      vim.api.nvim_win_close(window, true)
    end
    if vim.api.nvim_buf_is_valid(buffer) then
      vim.api.nvim_buf_delete(buffer, { force = true })
    end
  end
  vim.api.nvim_create_autocmd('InsertLeave', { once = true, callback = close })
  vim.defer_fn(close, MESSAGE_MS)
end

local function show(text, level)
  text = fit('gridls: ' .. text)
  vim.notify(text, level)
  show_over_mode(text, level == vim.log.levels.WARN and 'WarningMsg' or 'Normal')
end

function M.say(text)
  show(text, vim.log.levels.INFO)
end

function M.warn(text)
  last_warning = text
  show(text, vim.log.levels.WARN)
end

-- What went wrong and what to do, of an error of the daemon.
function M.sentence(error)
  local message = error.message or 'the request failed'
  local hint = type(error.data) == 'table' and error.data.hint or ''
  if type(hint) ~= 'string' or hint == '' or message:find(hint, 1, true) then
    return message
  end
  return message .. ' ' .. hint
end

-- Why a request that a person made has failed.
function M.failed(error)
  if error.code == REQUEST_CANCELLED then
    M.say('cancelled')
  elseif error.code == CONTENT_MODIFIED then
    M.warn('the text has changed meanwhile, so nothing was done')
  else
    M.warn(M.sentence(error))
  end
end

function M.is_cancelled(error)
  return error.code == REQUEST_CANCELLED
end

-- A gridls/status notification, or the answer to the request of the same name.
function M.update(value)
  latest = type(value) == 'table' and value or {}
  vim.cmd('redrawstatus!')
end

-- For 'statusline': what runs, whether ghost text is paused, that there is no key.
function M.line()
  local client = require('gridls.client')
  if client.state() ~= 'ready' then
    return client.state() == 'failed' and 'gridls: off' or ''
  end
  local title = client.running_title()
  if title then
    return 'gridls: ' .. title .. '…'
  end
  local shown = {
    working = 'gridls…',
    limited = 'gridls: paused',
    offline = 'gridls: offline',
    unconfigured = 'gridls: no key',
  }
  return shown[latest.state] or 'gridls'
end

local function summary()
  local parts = { latest.state or 'ready' }
  if latest.message and latest.message ~= '' then
    table.insert(parts, latest.message)
  end
  local usage = latest.usage or {}
  if (usage.requests or 0) > 0 then
    table.insert(parts, ('%d request%s, %d tokens sent, %d received'):format(usage.requests,
      usage.requests == 1 and '' or 's', usage.promptTokens or 0, usage.completionTokens or 0))
  end
  if last_warning ~= '' and not parts[#parts]:find(last_warning, 1, true) then
    table.insert(parts, 'last message: ' .. last_warning)
  end
  return table.concat(parts, '; ')
end

-- What a person has asked to see, whole.
function M.tell()
  vim.notify('gridls: ' .. summary(), vim.log.levels.INFO)
end

return M
