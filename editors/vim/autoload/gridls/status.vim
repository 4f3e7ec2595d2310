vim9script

# Messages, and what the statusline and :GridlsStatus say.

import autoload 'gridls/client.vim'

const REQUEST_CANCELLED = -32800
const CONTENT_MODIFIED = -32801
const MESSAGE_MS = 5000

# What the daemon said last; empty before it has.
var latest: dict<any> = {}
var last_warning = ''

# One line, cut to what fits: a longer one would stop the user at a hit-enter prompt.
def Fit(text: string): string
  const line = substitute(text, '\_s\+', ' ', 'g')
  if strdisplaywidth(line) <= v:echospace
    return line
  endif
  return matchstr(line, $'.*\%<{v:echospace}v') .. '…'
enddef

export def Say(text: string)
  redraw
  echo Fit($'gridls: {text}')
  ShowOverMode(text, 'Normal')
enddef

export def Warn(text: string)
  last_warning = text
  redraw
  echohl WarningMsg
  echomsg Fit($'gridls: {text}')
  echohl None
  ShowOverMode(text, 'WarningMsg')
enddef

# In insert mode Vim writes "-- INSERT --" over a message that comes from a callback at once.
def ShowOverMode(text: string, highlight: string)
  if mode() !~ '^[iR]' || !&showmode
    return
  endif
  const popup = popup_create(Fit($'gridls: {text}'), {
    line: &lines - &cmdheight,
    col: &columns,
    pos: 'botright',
    highlight: highlight,
    padding: [0, 1, 0, 1],
    time: MESSAGE_MS,
  })
  augroup gridls_message
    execute $'autocmd InsertLeave * ++once popup_close({popup})'
  augroup END
enddef

# Says why a request that a person made has failed.
export def Failed(error: dict<any>)
  const code = get(error, 'code', 0)
  if code == REQUEST_CANCELLED
    Say('cancelled')
  elseif code == CONTENT_MODIFIED
    Warn('the text has changed meanwhile, so nothing was done')
  else
    Warn(Sentence(error))
  endif
enddef

export def Sentence(error: dict<any>): string
  const message = get(error, 'message', 'the request failed')
  final data = get(error, 'data', {})
  const hint = type(data) == v:t_dict ? get(data, 'hint', '') : ''
  if type(hint) != v:t_string || hint == '' || stridx(message, hint) >= 0
    return message
  endif
  return $'{message} {hint}'
enddef

# A gridls/status notification, or the answer to the request of the same name.
export def Update(value: any)
  if type(value) != v:t_dict
    return
  endif
  latest = value
  redrawstatus!
enddef

export def Forget()
  latest = {}
  redrawstatus!
enddef

export def Line(): string
  const state = client.State()
  if state != 'ready'
    return state == 'failed' ? 'gridls: off' : ''
  endif
  const title = client.RunningTitle()
  if title != ''
    return $'gridls: {title}…'
  endif
  return {
    working: 'gridls…',
    limited: 'gridls: paused',
    offline: 'gridls: offline',
    unconfigured: 'gridls: no key',
  }->get(get(latest, 'state', ''), 'gridls')
enddef

# Asks the daemon how it is, and says it.
export def Show()
  client.Request('gridls/status', {}, {
    Result: (result) => {
      Update(result)
      Say(Summary())
    },
    Error: (error) => Failed(error),
  })
enddef

def Summary(): string
  final usage = get(latest, 'usage', {})
  var parts = [get(latest, 'state', 'ready')]
  if get(latest, 'message', '') != ''
    parts->add(latest.message)
  endif
  if type(usage) == v:t_dict && get(usage, 'requests', 0) > 0
    parts->add(printf('%d request%s, %d tokens sent, %d received', usage.requests,
      usage.requests == 1 ? '' : 's', get(usage, 'promptTokens', 0),
      get(usage, 'completionTokens', 0)))
  endif
  if last_warning != '' && stridx(parts[-1], last_warning) < 0
    parts->add($'last message: {last_warning}')
  endif
  return join(parts, '; ')
enddef
