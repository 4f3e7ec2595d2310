-- :checkhealth gridls
local M = {}

-- Neovim 0.10 took the "report_" off these.
local function report(name)
  local health = vim.health or require('health')
  return health[name] or health['report_' .. name]
end

local function output(command, argument)
  return vim.fn.systemlist(vim.list_extend({ vim.fn.expand(command[1]) },
    vim.list_extend(vim.list_slice(command, 2), { argument })))
end

function M.check()
  report('start')('gridls')
  if vim.fn.has('nvim-0.10') == 1 then
    report('ok')('Neovim is new enough.')
  else
    report('error')('This Neovim is too old; the plugin needs 0.10 or newer.')
    return
  end
  local command = vim.g.gridls_command or { 'gridls' }
  if vim.fn.executable(vim.fn.expand(command[1])) == 0 then
    report('error')(("There is no program '%s'."):format(command[1]),
      { 'Build it and put it on PATH, or set g:gridls_command; see :help gridls-install.' })
    return
  end
  report('ok')('The daemon is ' .. (output(command, '--version')[1] or 'there') .. '.')
  for _, line in ipairs(output(command, 'check')) do
    local word, text = line:match('^(%l+)%s+(.*)$')
    report(word == 'ok' and 'ok' or word == 'problem' and 'error' or 'info')(text or line)
  end
end

return M
