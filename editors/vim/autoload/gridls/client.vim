vim9script

# The daemon's process and the JSON-RPC on its pipes: start, requests, progress, restart, end.

import autoload 'gridls/document.vim'
import autoload 'gridls/edit.vim'
import autoload 'gridls/ghost.vim'
import autoload 'gridls/status.vim'

# One more try after each of these; a daemon that keeps ending is then left alone.
const RESTART_DELAYS_MS = [200, 1000, 4000, 16000]
const HEALTHY_AFTER_S = 60
const SHUTDOWN_TIMEOUT_MS = 300

const METHOD_NOT_FOUND = -32601
const REQUEST_FAILED = -32803

var state = 'stopped'               # stopped, starting, ready, waiting (to start again), failed
var process: job = null_job
var generation = 0                  # callbacks of an earlier process are known by it
var capabilities: dict<any> = {}
var waiting: list<func> = []        # what to do once the daemon is ready
var last_stderr = ''
var started_at = 0
var deaths = 0
var restart_timer = 0

var tickets = 0
# Ticket -> { id, on, title }; and id -> ticket.
var requests: dict<dict<any>> = {}
var ticket_of_id: dict<string> = {}

export def State(): string
  return state
enddef

export def IsReady(): bool
  return state == 'ready'
enddef

export def Capability(name: string): any
  return get(capabilities, name, null)
enddef

# ---- start and end ------------------------------------------------------------------------------

# Starts the daemon unless it runs or is about to. One that could not be started is tried again only
# when a person asks for something.
export def Start(by_hand = false)
  if state == 'starting' || state == 'ready' || (!by_hand && state != 'stopped')
    return
  endif
  if by_hand
    deaths = 0
  endif
  Launch()
enddef

# Runs `Callback` as soon as the daemon is ready; never, with a message, if it does not get there.
export def WhenReady(Callback: func)
  if state == 'ready'
    Callback()
    return
  endif
  waiting->add(Callback)
  Start(true)
enddef

def Launch()
  timer_stop(restart_timer)
  final command = get(g:, 'gridls_command', ['gridls'])
  if type(command) != v:t_list || empty(command) || type(command[0]) != v:t_string
    GiveUp('g:gridls_command must be a list of strings')
    return
  endif
  const argv = [expand(command[0], true)] + command[1 :]
  if !executable(argv[0])
    GiveUp($'there is no program {string(argv[0])}; see :help gridls-install')
    return
  endif
  generation += 1
  const mine = generation
  state = 'starting'
  last_stderr = ''
  started_at = localtime()
  process = job_start(argv, {
    in_mode: 'lsp',
    out_mode: 'lsp',
    err_mode: 'nl',
    # Without it a daemon that does not read for a while stops the whole of Vim.
    noblock: 1,
    out_cb: (_, message) => {
      if mine == generation
        OnMessage(message)
      endif
    },
    err_cb: (_, line) => {
      last_stderr = line
    },
    exit_cb: (_, code) => {
      if mine == generation
        OnExit(code)
      endif
    },
    stoponexit: 'term',
  })
  if job_status(process) != 'run'
    GiveUp($'{argv[0]} cannot be started')
    return
  endif
  Send('initialize', InitializeParams(), {
    Result: (result) => OnInitialized(result),
    Error: (error) => {
      Stop()
      GiveUp($'the daemon refuses to start: {get(error, "message", "")}')
    },
  })
enddef

def InitializeParams(): dict<any>
  final root = document.FirstRoot()
  return {
    processId: getpid(),
    clientInfo: {name: 'Vim', version: printf('%d.%d', v:version / 100, v:version % 100)},
    locale: substitute(matchstr(v:lang, '^\a\+_\a\+'), '_', '-', ''),
    rootUri: root.uri,
    workspaceFolders: [root],
    initializationOptions: Settings(),
    capabilities: {
      general: {positionEncodings: ['utf-8', 'utf-16']},
      textDocument: {
        synchronization: {didSave: true},
        inlineCompletion: {dynamicRegistration: false},
        codeAction: {
          codeActionLiteralSupport: {codeActionKind: {valueSet: ['quickfix']}},
          dataSupport: true,
          disabledSupport: true,
          resolveSupport: {properties: ['edit']},
        },
      },
      workspace: {
        applyEdit: true,
        workspaceEdit: {documentChanges: true},
        configuration: true,
        workspaceFolders: true,
      },
      window: {workDoneProgress: true, showDocument: {support: true}},
    },
  }
enddef

def OnInitialized(result: any)
  capabilities = result->get('capabilities', {})
  state = 'ready'
  Notify('initialized', {})
  document.Connected(get(capabilities, 'positionEncoding', 'utf-16'))
  final callbacks = waiting
  waiting = []
  for Callback in callbacks
    Callback()
  endfor
  ghost.Connected()
  redrawstatus!
enddef

# Ends the daemon in order. Vim sends SIGTERM on its exit, should this not have been enough.
export def Stop()
  timer_stop(restart_timer)
  if process != null_job && job_status(process) == 'run'
    generation += 1
    ch_evalexpr(process, {method: 'shutdown', params: {}}, {timeout: SHUTDOWN_TIMEOUT_MS})
    ch_sendexpr(process, {method: 'exit', params: {}})
  endif
  Forget('stopped')
enddef

def OnExit(code: number)
  const reason = last_stderr != '' ? last_stderr : $'exit status {code}'
  if localtime() - started_at >= HEALTHY_AFTER_S
    deaths = 0
  endif
  Forget('waiting')
  if deaths >= len(RESTART_DELAYS_MS)
    GiveUp($'the daemon keeps ending ({reason}); :GridlsStatus starts it again')
    return
  endif
  if deaths == 0
    status.Warn($'the daemon has ended and is started again ({reason})')
  endif
  restart_timer = timer_start(RESTART_DELAYS_MS[deaths], (_) => Launch())
  deaths += 1
enddef

def GiveUp(why: string)
  Forget('failed')
  waiting = []
  status.Warn(why)
enddef

# The daemon is gone: so are its requests and what it knew of our texts.
def Forget(next: string)
  state = next
  capabilities = {}
  final lost = requests
  requests = {}
  ticket_of_id = {}
  document.Disconnected()
  status.Forget()
  for request in values(lost)
    CallBack(request, 'Error', {code: REQUEST_FAILED, message: 'the daemon has ended'})
  endfor
enddef

# ---- what we say --------------------------------------------------------------------------------

export def Notify(method: string, params: dict<any>)
  if state == 'ready'
    ch_sendexpr(process, {method: method, params: params})
  endif
enddef

# Sends a request. `on` may hold the functions Result(result), Error(error) and Partial(value), and
# a `title` where this is work that a person has asked for and may cancel. Returns a ticket, or 0
# where the daemon is not ready: then Error has been called.
export def Request(method: string, params: dict<any>, on: dict<any>): number
  if state != 'ready'
    CallBack({on: on}, 'Error', {code: REQUEST_FAILED, message: 'the daemon is not running'})
    return 0
  endif
  return Send(method, params, on)
enddef

def Send(method: string, params: dict<any>, on: dict<any>): number
  tickets += 1
  const ticket = string(tickets)
  final tokens = has_key(on, 'Partial') ? {partialResultToken: $'partial-{ticket}'} : {}
  const sent = ch_sendexpr(process, {method: method, params: extendnew(params, tokens)},
    {callback: (_, reply) => OnReply(ticket, reply)})
  requests[ticket] = {id: sent.id, on: on}
  ticket_of_id[sent.id] = ticket
  if has_key(on, 'title')
    redrawstatus!
  endif
  return tickets
enddef

# Asks the daemon to end a request; its Error is still called, with code -32800.
export def Cancel(ticket: number)
  final request = get(requests, string(ticket), {})
  if !empty(request)
    Notify('$/cancelRequest', {id: request.id})
  endif
enddef

# Cancels a request whose outcome no longer matters: nothing of it is called again.
export def Abandon(ticket: number)
  if has_key(requests, string(ticket))
    Cancel(ticket)
    requests[string(ticket)].on = {}
  endif
enddef

# Leaves a request to the one that replaces it: the daemon ends it then, and may go on with its call.
export def Replace(ticket: number)
  if has_key(requests, string(ticket))
    requests[string(ticket)].on = {}
  endif
enddef

export def CancelTasks(): number
  var count = 0
  for [ticket, request] in items(requests)
    if has_key(request.on, 'title')
      Cancel(str2nr(ticket))
      count += 1
    endif
  endfor
  return count
enddef

# What a person waits for, to show it; empty if nothing.
export def RunningTitle(): string
  for request in values(requests)
    if has_key(request.on, 'title')
      return request.on.title
    endif
  endfor
  return ''
enddef

# ---- what we are told ---------------------------------------------------------------------------

def OnReply(ticket: string, reply: dict<any>)
  # Vim takes a request of the daemon for a reply where the ids happen to be equal (vim#13133). The
  # reply itself then comes as an ordinary message.
  if has_key(reply, 'method')
    OnMessage(reply)
    return
  endif
  if !has_key(requests, ticket)
    return
  endif
  final request = remove(requests, ticket)
  if has_key(ticket_of_id, request.id)
    remove(ticket_of_id, request.id)
  endif
  if has_key(reply, 'error')
    CallBack(request, 'Error', reply.error)
  else
    CallBack(request, 'Result', get(reply, 'result', null))
  endif
  if has_key(request.on, 'title')
    redrawstatus!
  endif
enddef

def CallBack(request: dict<any>, name: string, value: any)
  if has_key(request.on, name)
    const Function: func = request.on[name]
    Function(value)
  endif
enddef

def OnMessage(message: any)
  if type(message) != v:t_dict
    return
  endif
  const method = get(message, 'method', '')
  if method == ''
    const ticket = get(ticket_of_id, string(get(message, 'id', '')), '')
    if ticket != ''
      OnReply(ticket, message)
    endif
  elseif has_key(message, 'id')
    Answer(message.id, method, get(message, 'params', {}))
  else
    OnNotification(method, get(message, 'params', {}))
  endif
enddef

def OnNotification(method: string, params: any)
  if method == '$/progress'
    const ticket = matchstr(string(get(params, 'token', '')), '^''partial-\zs\d\+\ze''$')
    if ticket != '' && has_key(requests, ticket)
      CallBack(requests[ticket], 'Partial', params.value)
    endif
  elseif method == 'gridls/status'
    status.Update(params)
  elseif method == 'window/showMessage'
    if get(params, 'type', 3) <= 2
      status.Warn(get(params, 'message', ''))
    else
      status.Say(get(params, 'message', ''))
    endif
  endif
enddef

def Answer(id: any, method: string, params: any)
  var result: any = null
  if method == 'workspace/configuration'
    result = mapnew(get(params, 'items', []), (_, item) => Setting(get(item, 'section', '')))
  elseif method == 'workspace/applyEdit'
    result = edit.Apply(get(params, 'edit', {}))
  elseif method == 'workspace/workspaceFolders'
    result = document.Roots()
  elseif method == 'window/showDocument'
    result = {success: document.Show(params)}
  elseif index(['window/workDoneProgress/create', 'window/showMessageRequest',
      'client/registerCapability', 'client/unregisterCapability'], method) < 0
    Reply({id: id, error: {code: METHOD_NOT_FOUND, message: $'Vim does not know {method}'}})
    return
  endif
  Reply({id: id, result: result})
enddef

def Reply(reply: dict<any>)
  if type(reply.id) != v:t_string
    ch_sendexpr(process, reply)
    return
  endif
  # ch_sendexpr() refuses a string as an id (vim#14091).
  const body = json_encode(extendnew(reply, {jsonrpc: '2.0'}))
  ch_sendraw(process, $"Content-Length: {strlen(body)}\r\n\r\n{body}")
enddef

# ---- settings -----------------------------------------------------------------------------------

def Settings(): dict<any>
  final settings = get(g:, 'gridls_settings', {})
  return type(settings) == v:t_dict ? settings : {}
enddef

def Setting(section: string): any
  if section !~ '^gridls\%(\.\|$\)'
    return null
  endif
  var value: any = Settings()
  for name in split(section, '\.')[1 :]
    if type(value) != v:t_dict || !has_key(value, name)
      return null
    endif
    value = value[name]
  endfor
  return value
enddef
