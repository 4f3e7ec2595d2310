-- Applies edits of the daemon: only to the text that they were made for, and as one undo step.
local client = require('gridls.client')
local status = require('gridls.status')
local units = require('gridls.units')

local M = {}

local CHANGED = 'the text has changed meanwhile, so nothing was done'

-- { bufnr, edits } for each text that a WorkspaceEdit changes; or nil and why not.
local function plan(workspace_edit)
  local steps = {}
  local changes = workspace_edit.documentChanges
  if not changes then
    changes = {}
    for uri, edits in pairs(workspace_edit.changes or {}) do
      table.insert(changes, { textDocument = { uri = uri }, edits = edits })
    end
  end
  for _, change in ipairs(changes) do
    if not change.edits then
      return nil, 'files are not made, renamed or deleted here'
    end
    local bufnr = vim.uri_to_bufnr(change.textDocument.uri)
    vim.fn.bufload(bufnr)
    if not vim.bo[bufnr].modifiable or vim.bo[bufnr].readonly then
      return nil, 'the buffer cannot be changed'
    end
    if not client.is_current(bufnr, change.textDocument.version) then
      return nil, CHANGED
    end
    table.insert(steps, { bufnr = bufnr, edits = change.edits })
  end
  return steps
end

-- The edits of a step as hunks of whole lines, { first, stop, lines }: lines [first, stop), counted
-- from 0, become `lines`. From the top down.
local function hunks_of(step)
  local before = vim.api.nvim_buf_get_lines(step.bufnr, 0, -1, true)
  local after = units.edit(before, step.edits, client.encoding())
  local diff = vim.text and vim.text.diff or vim.diff
  local found = diff(table.concat(before, '\n') .. '\n', table.concat(after, '\n') .. '\n',
    { result_type = 'indices' })
  local hunks = {}
  for _, hunk in ipairs(found) do
    local start, count, new_start, new_count = unpack(hunk)
    -- Of no lines, the one before them is named.
    local first = count == 0 and start or start - 1
    local new_first = new_count == 0 and new_start or new_start - 1
    table.insert(hunks, {
      first = first,
      stop = first + count,
      lines = vim.list_slice(after, new_first + 1, new_first + new_count),
    })
  end
  return hunks
end

-- Makes hunks, which go from the top down, one undo step. The cursor stays on its line.
function M.carry(bufnr, hunks)
  vim.api.nvim_buf_call(bufnr, function()
    -- Ends the undo step of what was typed before.
    vim.cmd('let &l:undolevels = &l:undolevels')
  end)
  for i = #hunks, 1, -1 do
    vim.api.nvim_buf_set_lines(bufnr, hunks[i].first, hunks[i].stop, true, hunks[i].lines)
  end
end

-- The edit of a gridls/refactor result or of a code action; shown first where the person wants that.
function M.apply_rewrite(result, title, show_first)
  if type(result) ~= 'table' or type(result.edit) ~= 'table' then
    status.say('there is nothing to change')
    return
  end
  local steps, fault = plan(result.edit)
  if not steps then
    status.warn(fault)
    return
  end
  for _, step in ipairs(steps) do
    step.hunks = hunks_of(step)
  end
  if show_first then
    require('gridls.preview').show(steps, title)
    return
  end
  for _, step in ipairs(steps) do
    M.carry(step.bufnr, step.hunks)
  end
  status.say('done; u undoes it')
end

return M
