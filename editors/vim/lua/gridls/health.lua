-- :checkhealth gridls
local M = {}

-- Neovim 0.10 took the "report_" off these.
local function report(name)
  local health = vim.health or require('health')
  return health[name] or health['report_' .. name]
end

local function first_line(command, more)
  local lines = vim.fn.systemlist(vim.list_extend(vim.deepcopy(command), more))
  return vim.v.shell_error, lines
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
  local _, version = first_line(command, { '--version' })
  report('ok')('The daemon is ' .. (version[1] or 'there') .. '.')
  local code, lines = first_line(command, { 'check' })
  for _, line in ipairs(lines) do
    report(code == 0 and 'ok' or 'info')(line)
  end
  if code ~= 0 then
    report('warn')('`gridls check` says that something is missing; see the lines above.')
  end
end

return M
