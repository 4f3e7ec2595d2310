-- The daemon as a client of vim.lsp: start, requests with tokens, restart, end.
local status = require('gridls.status')

local M = {}

-- One more try after each of these; a daemon that keeps ending is then left alone.
local RESTART_DELAYS_MS = { 200, 1000, 4000, 16000 }
local HEALTHY_AFTER_S = 60
local REQUEST_FAILED, REQUEST_CANCELLED = -32803, -32800

local state = 'stopped' -- stopped, starting, ready, waiting (to start again), failed
local client = nil
local waiting = {} -- what to do once the daemon is ready
local running = {} -- ticket -> { id, title, partial }
local tickets = 0
local deaths, started_at = 0, 0
local roots = {}
local versions = {} -- buffer -> changedtick of the last change that was sent
local filetypes = {} -- buffer -> under which the daemon knows it

function M.state()
  return state
end

-- Of the client of vim.lsp; nil while there is none.
function M.id()
  return client and client.id
end

function M.encoding()
  return client and client.offset_encoding or 'utf-16'
end

-- From 0.11 on these are methods.
local function call(name, ...)
  if vim.fn.has('nvim-0.11') == 1 then
    return client[name](client, ...)
  end
  return client[name](...)
end

-- ---- roots ---------------------------------------------------------------------------------------

-- The repository that a file is in, else the current directory.
local function root_of(bufnr)
  local name = vim.api.nvim_buf_get_name(bufnr)
  local folder = name == '' and vim.fn.getcwd() or vim.fn.fnamemodify(name, ':p:h')
  while vim.fn.isdirectory(folder .. '/.git') == 0 and vim.fn.filereadable(folder .. '/.git') == 0 do
    local parent = vim.fn.fnamemodify(folder, ':h')
    if parent == folder then
      return vim.fn.getcwd()
    end
    folder = parent
  end
  return folder
end

local function folder_of(path)
  return { uri = vim.uri_from_fname(path), name = vim.fn.fnamemodify(path, ':t') }
end

local function add_root(bufnr)
  local root = root_of(bufnr)
  if not vim.tbl_contains(roots, root) then
    table.insert(roots, root)
    M.notify('workspace/didChangeWorkspaceFolders', { event = { added = { folder_of(root) }, removed = {} } })
  end
end

-- ---- start and end -------------------------------------------------------------------------------

local function give_up(why)
  state = 'failed'
  waiting = {}
  status.warn(why)
end

-- The daemon is gone: so are its requests.
local function forget(next_state)
  state = next_state
  client = nil
  versions = {}
  local lost = running
  running = {}
  for _, request in pairs(lost) do
    if request.failed then
      request.failed({ code = REQUEST_FAILED, message = 'the daemon has ended' })
    end
  end
  vim.cmd('redrawstatus!')
end

local launch

local function on_exit(code, signal)
  if state == 'stopped' then
    return
  elseif code == 0 and signal == 0 then
    -- A person has had vim.lsp stop it, or start it anew.
    forget('stopped')
    return
  end
  local how = signal ~= 0 and 'signal ' .. signal or 'exit status ' .. code
  if os.time() - started_at >= HEALTHY_AFTER_S then
    deaths = 0
  end
  forget('waiting')
  if deaths >= #RESTART_DELAYS_MS then
    give_up(('the daemon keeps ending (%s); :GridlsStatus starts it again'):format(how))
    return
  end
  if deaths == 0 then
    status.warn(('the daemon has ended and is started again (%s)'):format(how))
  end
  deaths = deaths + 1
  vim.defer_fn(function()
    if state == 'waiting' then
      launch()
    end
  end, RESTART_DELAYS_MS[deaths])
end

local function on_progress(error, result, context, config)
  local value = result and result.value
  if type(value) == 'table' and value.kind == 'partial' then
    local request = running[tostring(result.token):match('^partial%-(%d+)$') or '']
    if request and request.partial then
      request.partial(value)
    end
    return
  end
  return vim.lsp.handlers['$/progress'](error, result, context, config)
end

local function on_ready(started)
  client = started
  state = 'ready'
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    M.attach(vim.api.nvim_win_get_buf(window))
  end
  local callbacks = waiting
  waiting = {}
  for _, callback in ipairs(callbacks) do
    callback()
  end
  require('gridls.ghost').changed()
end

local function capabilities()
  local own = vim.lsp.protocol.make_client_capabilities()
  own.textDocument.inlineCompletion = { dynamicRegistration = false }
  return own
end

-- What vim.lsp takes for a command. It is not told how the daemon has ended: it would say so beside us,
-- in a message so long that the editor waits for a key.
local function run(command)
  return function(dispatchers)
    local ended = dispatchers.on_exit
    return vim.lsp.rpc.start(command, vim.tbl_extend('force', dispatchers, {
      on_exit = function(code, signal)
        ended(0, 0)
        vim.schedule(function()
          on_exit(code, signal)
        end)
      end,
    }))
  end
end

function launch()
  local command = vim.g.gridls_command or { 'gridls' }
  if type(command) ~= 'table' or type(command[1]) ~= 'string' then
    give_up('g:gridls_command must be a list of strings')
    return
  end
  command = vim.list_extend({ vim.fn.expand(command[1]) }, command, 2)
  if vim.fn.executable(command[1]) == 0 then
    give_up(("there is no program '%s'; see :help gridls-install"):format(command[1]))
    return
  end
  state = 'starting'
  started_at = os.time()
  roots = { root_of(vim.api.nvim_get_current_buf()) }
  local settings = vim.g.gridls_settings or vim.empty_dict()
  local config = {
    name = 'gridls',
    cmd = run(command),
    root_dir = roots[1],
    workspace_folders = { folder_of(roots[1]) },
    init_options = settings,
    settings = { gridls = settings },
    capabilities = capabilities(),
    -- What is asked must be about the text as it is.
    flags = { debounce_text_changes = 0, allow_incremental_sync = true },
    handlers = {
      ['$/progress'] = on_progress,
      ['gridls/status'] = function(_, result)
        status.update(result)
      end,
    },
    on_init = vim.schedule_wrap(on_ready),
  }
  local started, why
  if vim.fn.has('nvim-0.11') == 1 then
    started, why = pcall(vim.lsp.start, config, { attach = false })
  else
    started, why = pcall(vim.lsp.start_client, config)
  end
  if not started then
    give_up(why)
  end
end

-- Starts the daemon unless it runs or is about to. One that could not be started is tried again only
-- when a person asks for something.
function M.start(by_hand)
  if state == 'starting' or state == 'ready' or (not by_hand and state ~= 'stopped') then
    return
  end
  if by_hand then
    deaths = 0
  end
  launch()
end

-- Runs `callback` as soon as the daemon is ready; never, with a message, if it does not get there.
function M.when_ready(callback)
  if state == 'ready' then
    callback()
    return
  end
  table.insert(waiting, callback)
  M.start(true)
end

function M.stop()
  if client then
    state = 'stopped'
    call('stop')
  end
end

-- ---- texts ---------------------------------------------------------------------------------------

-- Makes a text known to the daemon, unless it is, and says whether it is now. Texts without a name are
-- one and the same to vim.lsp.
function M.attach(bufnr)
  if state ~= 'ready' or not vim.api.nvim_buf_is_loaded(bufnr) then
    return false
  end
  local buftype = vim.bo[bufnr].buftype
  if (buftype ~= '' and buftype ~= 'acwrite') or vim.bo[bufnr].binary
      or vim.api.nvim_buf_get_name(bufnr) == '' then
    return false
  end
  if versions[bufnr] then
    return true
  end
  add_root(bufnr)
  vim.lsp.buf_attach_client(bufnr, client.id)
  versions[bufnr] = 0
  filetypes[bufnr] = vim.bo[bufnr].filetype
  vim.api.nvim_buf_attach(bufnr, false, {
    on_lines = function(_, _, tick)
      if not versions[bufnr] then
        return true
      end
      versions[bufnr] = tick
    end,
    on_detach = function()
      versions[bufnr] = nil
    end,
    on_reload = function()
      versions[bufnr] = nil
    end,
  })
  return true
end

-- The same for what a person has asked for, who is told where it cannot be.
function M.attach_or_say(bufnr)
  if M.attach(bufnr) then
    return true
  end
  status.warn(vim.api.nvim_buf_get_name(bufnr) == '' and 'this buffer has no name yet; write it to a file first'
    or 'this buffer holds no text of a file')
  return false
end

-- Before a text gets another name.
function M.detach(bufnr)
  if client and versions[bufnr] then
    versions[bufnr] = nil
    vim.lsp.buf_detach_client(bufnr, client.id)
  end
end

function M.filetype_changed(bufnr)
  if versions[bufnr] and filetypes[bufnr] ~= vim.bo[bufnr].filetype then
    M.detach(bufnr)
    M.attach(bufnr)
  end
end

function M.identifier(bufnr)
  return { uri = vim.uri_from_bufnr(bufnr) }
end

-- Whether an edit for this version is one for the text as it is now.
function M.is_current(bufnr, version)
  local known = (rawget(vim.lsp.util, 'buf_versions') or {})[bufnr] or versions[bufnr]
  return type(version) ~= 'number' or version == known
    or version == vim.api.nvim_buf_get_changedtick(bufnr)
end

-- ---- requests ------------------------------------------------------------------------------------

function M.notify(method, params)
  if client then
    call('notify', method, params)
  end
end

-- Sends a request about a buffer. `on` may hold the functions done(result), failed(error) and
-- partial(value), and a `title` where this is work that a person has asked for and may cancel. Returns
-- a ticket, or nil where the daemon is not ready: then `failed` has been called.
function M.request(bufnr, method, params, on)
  if state ~= 'ready' then
    if on.failed then
      on.failed({ code = REQUEST_FAILED, message = 'the daemon is not running' })
    end
    return nil
  end
  tickets = tickets + 1
  local ticket = tostring(tickets)
  if on.partial then
    params.partialResultToken = 'partial-' .. ticket
  end
  running[ticket] = { title = on.title, partial = on.partial, failed = on.failed }
  local sent, id = call('request', method, params, function(error, result)
    local request = running[ticket]
    running[ticket] = nil
    if not request then
      return
    end
    if on.title then
      vim.cmd('redrawstatus!')
    end
    if error then
      if on.failed then
        on.failed(error)
      end
    elseif on.done then
      on.done(result)
    end
  end, bufnr)
  if not sent then
    running[ticket] = nil
    if on.failed then
      on.failed({ code = REQUEST_FAILED, message = 'the daemon has just ended; try again' })
    end
    return nil
  end
  running[ticket].id = id
  vim.cmd('redrawstatus!')
  return ticket
end

-- Ends a request whose outcome no longer matters: nothing of it is called again.
function M.abandon(ticket)
  local request = ticket and running[ticket]
  if not request then
    return
  end
  running[ticket] = nil
  if request.id and client then
    call('notify', '$/cancelRequest', { id = request.id })
  end
end

-- Leaves a request to the one that replaces it: the daemon ends it then, and may go on with its call.
function M.replace(ticket)
  if ticket then
    running[ticket] = nil
  end
end

-- Ends a request; `failed` is called with code -32800. Not by the daemon's answer, which vim.lsp keeps
-- to itself.
function M.cancel(ticket)
  local request = ticket and running[ticket]
  M.abandon(ticket)
  if request and request.failed then
    request.failed({ code = REQUEST_CANCELLED, message = 'cancelled' })
  end
  vim.cmd('redrawstatus!')
end

-- Cancels all that a person has asked for. Returns how many that were.
function M.cancel_tasks()
  local count = 0
  for ticket, request in pairs(vim.deepcopy(running)) do
    if request.title then
      M.cancel(ticket)
      count = count + 1
    end
  end
  return count
end

-- What a person waits for, to show it; nil if nothing.
function M.running_title()
  for _, request in pairs(running) do
    if request.title then
      return request.title
    end
  end
  return nil
end

return M
