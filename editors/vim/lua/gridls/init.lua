-- What the commands call, and what makes them: see plugin/gridls.vim.
local client = require('gridls.client')
local ghost = require('gridls.ghost')
local status = require('gridls.status')
local units = require('gridls.units')

local M = {}

local function lines(first, last)
  return { start = { line = first - 1, character = 0 }, ['end'] = { line = last, character = 0 } }
end

local function can_change()
  if vim.bo.modifiable and not vim.bo.readonly then
    return true
  end
  status.warn('this buffer cannot be changed')
  return false
end

local function explain(args)
  local bufnr = vim.api.nvim_get_current_buf()
  local cursor = vim.api.nvim_win_get_cursor(0)
  local line = vim.api.nvim_get_current_line()
  local first, last = args.line1, args.line2
  local place = args.range == 0 and ':' .. cursor[1] or first == last and ':' .. first
    or (':%d-%d'):format(first, last)
  local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(bufnr), ':t')
  client.when_ready(function()
    if not client.attach_or_say(bufnr) then
      return
    end
    local range = lines(first, last)
    if args.range == 0 then
      local here = { line = cursor[1] - 1, character = units.of_byte(line, cursor[2], client.encoding()) }
      range = { start = here, ['end'] = here }
    end
    require('gridls.answer').explain(args.mods, bufnr, range, (name ~= '' and name or '[No Name]') .. place,
      args.args)
  end)
end

local function rewrite(bufnr, first, last, instruction, show_first)
  client.request(bufnr, 'gridls/refactor', {
    textDocument = client.identifier(bufnr),
    range = lines(first, last),
    instruction = instruction,
  }, {
    title = 'rewriting',
    done = function(result)
      require('gridls.edit').apply_rewrite(result, instruction, show_first)
    end,
    failed = status.failed,
  })
end

-- With a bang, a rewrite is shown first, or not where g:gridls_preview says that it is.
local function refactor(args)
  local bufnr = vim.api.nvim_get_current_buf()
  if not can_change() then
    return
  end
  local preview = vim.g.gridls_preview
  local show_first = args.bang ~= (preview ~= nil and preview ~= false and preview ~= 0)
  local function go(instruction)
    if not instruction or instruction == '' then
      return
    end
    client.when_ready(function()
      if client.attach_or_say(bufnr) then
        rewrite(bufnr, args.line1, args.line2, instruction, show_first)
      end
    end)
  end
  if args.args ~= '' then
    go(args.args)
  else
    vim.ui.input({ prompt = 'Rewrite: ' }, go)
  end
end

-- A rewrite of all files of the project that the instruction is about; always shown first.
local function project(args)
  local bufnr = vim.api.nvim_get_current_buf()
  client.when_ready(function()
    if not client.attach_or_say(bufnr) then
      return
    end
    status.say('looking for what to change (:GridlsCancel stops it)')
    client.request(bufnr, 'gridls/refactor', {
      textDocument = client.identifier(bufnr),
      scope = 'workspace',
      instruction = args.args,
    }, {
      title = 'rewriting the project',
      done = function(result)
        require('gridls.edit').apply_rewrite(result, args.args, true)
      end,
      failed = status.failed,
    })
  end)
end

local function fix(args)
  if can_change() then
    local row = args.line2 - 1
    local cursor = vim.api.nvim_win_get_cursor(0)
    require('gridls.fix').fix(vim.api.nvim_get_current_buf(), row,
      cursor[1] - 1 == row and cursor[2] or 0, args.args)
  end
end

local function commit(args)
  local bufnr = vim.api.nvim_get_current_buf()
  if vim.bo.filetype ~= 'gitcommit' then
    status.warn('this is not a commit message; use it where git commit lets you write one')
    return
  end
  client.when_ready(function()
    require('gridls.commit').write(bufnr, args.args)
  end)
end

local function show_status()
  client.when_ready(function()
    client.request(0, 'gridls/status', vim.empty_dict(), {
      done = function(result)
        status.update(result)
        status.tell()
      end,
      failed = status.failed,
    })
  end)
end

local function make_commands()
  local function command(name, action, options)
    vim.api.nvim_create_user_command(name, action, options)
  end
  command('GridlsExplain', explain, { nargs = '*', range = true })
  command('GridlsAsk', function(args)
    client.when_ready(function()
      require('gridls.answer').ask(args.args)
    end)
  end, { nargs = '+' })
  command('GridlsRefactor', refactor, { nargs = '*', range = true, bang = true })
  command('GridlsProject', project, { nargs = '+' })
  command('GridlsFix', fix, { nargs = '*', range = true })
  command('GridlsCommit', commit, { nargs = '*' })
  command('GridlsCancel', function()
    if client.cancel_tasks() == 0 then
      status.say('nothing is running')
    end
  end, { bar = true })
  command('GridlsStatus', show_status, { bar = true })
  command('GridlsToggle', function(args)
    ghost.toggle(args.args)
  end, {
    nargs = '?',
    bar = true,
    complete = function()
      return { 'buffer', 'filetype' }
    end,
  })
end

-- ---- keys ----------------------------------------------------------------------------------------

-- Gives `key` to `plug` where ghost text is shown, and else to what it did before: the map that it had,
-- of whatever kind, or the key itself.
local function map(key, plug)
  local before = '<Plug>(gridls-before-' .. key:gsub('[<>]', '-') .. ')'
  local old = vim.fn.maparg(key, 'i', false, true)
  if vim.tbl_isempty(old) then
    -- Of the keys that a map gives, only CTRL-] completes an abbreviation.
    vim.keymap.set('i', before, key == '<Tab>' and '<C-]><Tab>' or key, { silent = true })
  elseif old.buffer == 1 then
    return
  else
    vim.api.nvim_set_keymap('i', before, old.callback and '' or old.rhs, {
      callback = old.callback,
      desc = old.desc,
      expr = old.expr == 1,
      noremap = old.noremap == 1,
      nowait = old.nowait == 1,
      replace_keycodes = old.expr == 1 and old.replace_keycodes == 1 or nil,
      silent = old.silent == 1,
    })
  end
  local expression = [[luaeval("require('gridls.ghost').is_visible()") ? "\%s" : "\%s"]]
  vim.api.nvim_set_keymap('i', key, expression:format(plug, before), { expr = true, silent = true })
end

local function make_keys()
  local function plug(mode, name, action)
    vim.keymap.set(mode, '<Plug>(gridls-' .. name .. ')', action, { silent = true })
  end
  -- What is accepted is undone on its own.
  plug('i', 'accept', "<C-G>u<Cmd>lua require('gridls.ghost').accept('all')<CR>")
  plug('i', 'accept-word', function() ghost.accept('word') end)
  plug('i', 'accept-line', function() ghost.accept('line') end)
  plug('i', 'next', function() ghost.cycle(1) end)
  plug('i', 'previous', function() ghost.cycle(-1) end)
  plug('i', 'dismiss', ghost.dismiss)
  plug('i', 'suggest', ghost.suggest)
  plug('n', 'explain', '<Cmd>GridlsExplain<CR>')
  plug('x', 'explain', ':GridlsExplain<CR>')
  plug('x', 'refactor', ':GridlsRefactor<Space>')
  plug('n', 'fix', '<Cmd>GridlsFix<CR>')
  local none = vim.g.gridls_no_maps
  if none and none ~= 0 then
    return
  end
  if not vim.g.gridls_no_tab_map or vim.g.gridls_no_tab_map == 0 then
    map('<Tab>', '<Plug>(gridls-accept)')
  end
  map('<M-Right>', '<Plug>(gridls-accept-word)')
  map('<M-C-Right>', '<Plug>(gridls-accept-line)')
  map('<M-]>', '<Plug>(gridls-next)')
  map('<M-[>', '<Plug>(gridls-previous)')
  map('<C-]>', '<Plug>(gridls-dismiss)')
  if vim.fn.maparg('<M-\\>', 'i') == '' then
    vim.keymap.set('i', '<M-\\>', '<Plug>(gridls-suggest)', { remap = true, silent = true })
  end
end

-- ---- the whole -----------------------------------------------------------------------------------

function M.setup()
  make_commands()
  local function highlight()
    vim.cmd('highlight default GridlsGhost ctermfg=DarkGray guifg=#808080')
  end
  highlight()
  local group = vim.api.nvim_create_augroup('gridls', { clear = true })
  local function on(events, action)
    vim.api.nvim_create_autocmd(events, { group = group, callback = action })
  end
  on('InsertEnter', ghost.enter)
  on({ 'TextChangedI', 'TextChangedP', 'CursorMovedI' }, ghost.changed)
  on({ 'InsertLeave', 'BufLeave' }, ghost.dismiss)
  on({ 'BufEnter', 'BufReadPost' }, function(event) client.attach(event.buf) end)
  on('BufFilePre', function(event) client.detach(event.buf) end)
  on('BufFilePost', function(event) client.attach(event.buf) end)
  on('FileType', function(event) client.filetype_changed(event.buf) end)
  on('VimLeavePre', client.stop)
  on('ColorScheme', highlight)
  -- Only once all plugins are there is it known what a key did before.
  if vim.v.vim_did_enter == 1 then
    make_keys()
  else
    vim.api.nvim_create_autocmd('VimEnter', { group = group, once = true, callback = make_keys })
  end
end

-- For 'statusline': %{v:lua.require'gridls'.statusline()}
M.statusline = status.line

return M
