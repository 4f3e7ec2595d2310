-- Windows into which explanations are written while they come, and follow-up questions about them.
local client = require('gridls.client')
local status = require('gridls.status')

local M = {}

-- Buffer -> { ticket, conversation, source }.
local answers = {}
local latest, opened = nil, 0

-- Adds to the end: the first line goes on where the text stopped.
local function write(buffer, text)
  if text == '' or not vim.api.nvim_buf_is_loaded(buffer) then
    return
  end
  local lines = vim.split((text:gsub('\r\n?', '\n')), '\n', { plain = true })
  local last = vim.api.nvim_buf_get_lines(buffer, -2, -1, false)[1] or ''
  lines[1] = last .. lines[1]
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, -2, -1, false, lines)
  vim.bo[buffer].modifiable = false
end

local function file_of(source, name)
  local own = vim.api.nvim_buf_get_name(source)
  if name == vim.fn.fnamemodify(own, ':t') then
    return own
  end
  for _, folder in ipairs({ vim.fn.getcwd(), vim.fn.fnamemodify(own, ':h') }) do
    local path = name:match('^[/~]') and vim.fn.expand(name) or folder .. '/' .. name
    if vim.fn.filereadable(path) == 1 then
      return path
    end
  end
  return nil
end

-- Goes to the place under the cursor, as "src/x.c:12", in the window that the question came from.
local function follow(buffer)
  local name, line = vim.fn.expand('<cWORD>'):match('([%w_./~+-]+):?(%d*)')
  local path = name and file_of(answers[buffer].source, name)
  if not path then
    status.warn('there is no name of a file under the cursor')
    return
  end
  local windows = vim.fn.win_findbuf(answers[buffer].source)
  if windows[1] then
    vim.fn.win_gotoid(windows[1])
  else
    vim.cmd('new')
  end
  vim.cmd('drop ' .. vim.fn.fnameescape(path))
  if line ~= '' then
    vim.fn.cursor(tonumber(line), 1)
    vim.cmd('normal! zvzz')
  end
end

local function open(mods, title)
  opened = opened + 1
  local from = vim.api.nvim_get_current_win()
  vim.cmd((mods ~= '' and mods or vim.o.columns >= 160 and 'botright vertical' or 'botright') .. ' new')
  local buffer = vim.api.nvim_get_current_buf()
  for name, value in pairs({ buftype = 'nofile', bufhidden = 'wipe', swapfile = false, buflisted = false,
    modeline = false, undolevels = -1 }) do
    vim.bo[buffer][name] = value
  end
  vim.cmd('silent noautocmd file ' .. vim.fn.fnameescape(('gridls://%d/%s'):format(opened, title)))
  vim.cmd('setlocal nonumber norelativenumber nolist nospell wrap linebreak')
  vim.bo[buffer].filetype = 'markdown'
  vim.bo[buffer].modifiable = false
  vim.wo.statusline = "%{luaeval('require(\"gridls.answer\").title()')}"
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buffer, silent = true })
  vim.keymap.set('n', 'gf', function() follow(buffer) end, { buffer = buffer })
  for _, key in ipairs({ 'i', 'a', 'o', '<CR>' }) do
    vim.keymap.set('n', key, ':GridlsAsk<Space>', { buffer = buffer })
  end
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = buffer,
    callback = function()
      -- Whoever closes the window does not want the answer.
      client.abandon(answers[buffer] and answers[buffer].ticket)
      answers[buffer] = nil
    end,
  })
  vim.api.nvim_set_current_win(from)
  return buffer
end

-- For the window's own statusline.
function M.title()
  local buffer = vim.api.nvim_get_current_buf()
  local title = vim.api.nvim_buf_get_name(buffer):match('gridls://%d+/(.*)$') or ''
  local answer = answers[buffer]
  return 'gridls: ' .. title .. (answer and answer.ticket and ' … (q closes and stops)'
    or ' (i asks on, q closes)')
end

local function send(buffer, params, question)
  local answer = answers[buffer]
  if question ~= '' then
    params.question = question
  end
  answer.ticket = client.request(answer.source, 'gridls/explain', params, {
    title = 'explaining',
    partial = function(value)
      write(buffer, value.text or '')
    end,
    done = function(result)
      answer.ticket = nil
      answer.conversation = result.conversation
      write(buffer, result.text or '')
      if result.finishReason == 'length' then
        write(buffer, '\n\n[cut off: the answer has reached its token limit]')
      end
    end,
    failed = function(error)
      answer.ticket = nil
      write(buffer, '\n\n[' .. (status.is_cancelled(error) and 'cancelled' or status.sentence(error)) .. ']')
    end,
  })
end

function M.explain(mods, source, range, title, question)
  local buffer = open(mods, title)
  answers[buffer] = { source = source }
  latest = buffer
  write(buffer, '# ' .. title .. '\n\n' .. (question ~= '' and '> ' .. question .. '\n\n' or ''))
  send(buffer, { textDocument = client.identifier(source), range = range }, question)
end

-- Asks on in the answer at hand: the one of this window, else the latest.
function M.ask(question)
  local buffer = vim.api.nvim_get_current_buf()
  buffer = answers[buffer] and buffer or latest
  local answer = answers[buffer]
  if not answer then
    status.warn('there is no answer to ask about; begin with :GridlsExplain')
  elseif answer.ticket then
    status.warn('the last answer is still being written')
  elseif not answer.conversation or answer.conversation == vim.NIL then
    status.warn('this answer has failed, so there is nothing to ask about')
  else
    write(buffer, '\n\n## ' .. question .. '\n\n')
    send(buffer, { conversation = answer.conversation }, question)
  end
end

return M
