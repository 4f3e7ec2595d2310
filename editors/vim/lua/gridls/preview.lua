-- A rewrite shown as a diff before it is applied: taken or left, hunk by hunk or all at once.
local edit = require('gridls.edit')
local status = require('gridls.status')

local M = {}

local CONTEXT = 3
local namespace = vim.api.nvim_create_namespace('gridls_preview')
local opened = 0

-- Buffer -> hunks that are still open: { bufnr, mark, below, before, lines, shown }. Where the mark
-- stands in the text, or one line below it, the lines `before` are to become `lines`.
local previews = {}

local function shown(bufnr, hunk)
  local first = math.max(hunk.first - CONTEXT, 0)
  local function lines(from, to)
    return vim.api.nvim_buf_get_lines(bufnr, from, to, false)
  end
  local above, below = lines(first, hunk.first), lines(hunk.stop, hunk.stop + CONTEXT)
  local same = #above + #below
  local out = { ('@@ -%d,%d +%d,%d @@ %s'):format(first + 1, hunk.stop - hunk.first + same, first + 1,
    #hunk.lines + same, vim.fn.fnamemodify(vim.api.nvim_buf_get_name(bufnr), ':t')) }
  local function add(sign, some)
    for _, line in ipairs(some) do
      table.insert(out, sign .. line)
    end
  end
  add(' ', above)
  add('-', lines(hunk.first, hunk.stop))
  add('+', hunk.lines)
  add(' ', below)
  return out
end

local function track(bufnr, hunk)
  local below = hunk.first >= vim.api.nvim_buf_line_count(bufnr) and 1 or 0
  return {
    bufnr = bufnr,
    mark = vim.api.nvim_buf_set_extmark(bufnr, namespace, hunk.first - below, 0, {}),
    below = below,
    before = vim.api.nvim_buf_get_lines(bufnr, hunk.first, hunk.stop, false),
    lines = hunk.lines,
    shown = shown(bufnr, hunk),
  }
end

local function untrack(hunk)
  if vim.api.nvim_buf_is_valid(hunk.bufnr) then
    vim.api.nvim_buf_del_extmark(hunk.bufnr, namespace, hunk.mark)
  end
end

-- The hunk as lines of the text as it is now; nil where those lines have changed.
local function find(hunk)
  if not vim.api.nvim_buf_is_loaded(hunk.bufnr) then
    return nil
  end
  local place = vim.api.nvim_buf_get_extmark_by_id(hunk.bufnr, namespace, hunk.mark, {})
  if not place[1] then
    return nil
  end
  local first = place[1] + hunk.below
  local stop = first + #hunk.before
  if not vim.deep_equal(vim.api.nvim_buf_get_lines(hunk.bufnr, first, stop, false), hunk.before) then
    return nil
  end
  return { first = first, stop = stop, lines = hunk.lines }
end

local function draw(buffer)
  local lines = {}
  for _, hunk in ipairs(previews[buffer]) do
    vim.list_extend(lines, hunk.shown)
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
end

-- The index of the hunk that the cursor is in.
local function current(buffer)
  local left = vim.api.nvim_win_get_cursor(0)[1]
  for index, hunk in ipairs(previews[buffer]) do
    left = left - #hunk.shown
    if left <= 0 then
      return index
    end
  end
  return #previews[buffer]
end

local function drop(buffer, index)
  untrack(table.remove(previews[buffer], index))
  if #previews[buffer] == 0 then
    vim.cmd('close')
  else
    draw(buffer)
  end
end

local function take(buffer)
  local index = current(buffer)
  local hunk = previews[buffer][index]
  local found = find(hunk)
  if not found then
    status.warn('these lines have changed meanwhile, so this hunk cannot be taken')
    return
  end
  edit.carry(hunk.bufnr, { found })
  drop(buffer, index)
end

-- All that is left, in one undo step for each text; or nothing.
local function take_all(buffer)
  local texts = {}
  for _, hunk in ipairs(previews[buffer]) do
    local found = find(hunk)
    if not found then
      status.warn('these lines have changed meanwhile; take the other hunks one by one')
      return
    end
    texts[hunk.bufnr] = texts[hunk.bufnr] or {}
    table.insert(texts[hunk.bufnr], found)
  end
  vim.cmd('close')
  for bufnr, hunks in pairs(texts) do
    edit.carry(bufnr, hunks)
  end
  status.say('done; u undoes it')
end

local function open(title)
  opened = opened + 1
  vim.cmd(vim.o.columns >= 160 and 'botright vertical new' or 'botright new')
  local buffer = vim.api.nvim_get_current_buf()
  for name, value in pairs({ buftype = 'nofile', bufhidden = 'wipe', swapfile = false, buflisted = false,
    modeline = false, undolevels = -1 }) do
    vim.bo[buffer][name] = value
  end
  vim.cmd('silent noautocmd file ' .. vim.fn.fnameescape(('gridls://preview-%d/%s'):format(opened, title)))
  vim.bo[buffer].filetype = 'diff'
  vim.cmd('setlocal nonumber norelativenumber nolist nospell nowrap')
  vim.wo.statusline = 'gridls: a takes the hunk, r leaves it, A takes all, q leaves the rest'
  local function map(key, action)
    vim.keymap.set('n', key, action, { buffer = buffer, nowait = true, silent = true })
  end
  map('a', function() take(buffer) end)
  map('r', function() drop(buffer, current(buffer)) end)
  map('A', function() take_all(buffer) end)
  map('q', '<Cmd>close<CR>')
  map(']c', function() vim.fn.search('^@@', 'W') end)
  map('[c', function() vim.fn.search('^@@', 'bW') end)
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = buffer,
    callback = function()
      for _, hunk in ipairs(previews[buffer] or {}) do
        untrack(hunk)
      end
      previews[buffer] = nil
    end,
  })
  return buffer
end

-- Shows steps, { bufnr, hunks } each, made for the texts as they are now.
function M.show(steps, title)
  local hunks = {}
  for _, step in ipairs(steps) do
    for _, hunk in ipairs(step.hunks) do
      table.insert(hunks, track(step.bufnr, hunk))
    end
  end
  if #hunks == 0 then
    status.say('there is nothing to change')
    return
  end
  local buffer = open(title)
  previews[buffer] = hunks
  draw(buffer)
end

return M
