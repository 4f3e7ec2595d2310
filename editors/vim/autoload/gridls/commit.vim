vim9script

# Writes a commit message into the buffer that git has opened for it, never over what is typed.

import autoload 'gridls/client.vim'
import autoload 'gridls/document.vim'
import autoload 'gridls/edit.vim'
import autoload 'gridls/status.vim'

const PROPERTY = 'GridlsCommit'

prop_type_add(PROPERTY, {})

export def Write(bufnr: number, hint: string)
  if !document.Attach(bufnr)
    status.Warn('this buffer is no file')
    return
  endif
  final writing = {bufnr: bufnr, ticket: 0, text: '', lines: [], prefix: '', first: 0, undo: -1, given_up: false}
  final params = {textDocument: document.Identifier(bufnr)}
  writing.ticket = client.Request('gridls/commitMessage',
    hint == '' ? params : extendnew(params, {hint: hint}), {
    title: 'writing the message',
    Partial: (value) => {
      writing.text ..= get(value, 'text', '')
      # Into a hidden buffer it is written all at once: steps there cannot be joined for undo.
      if !empty(win_findbuf(bufnr))
        Update(writing)
      endif
    },
    Result: (result) => {
      writing.text ..= get(result, 'text', '')
      Update(writing)
      if get(result, 'finishReason', '') == 'length'
        status.Warn('the message is cut off: it has reached its token limit')
      endif
    },
    Error: (error) => {
      if !writing.given_up
        status.Failed(error)
      endif
    },
  })
enddef

# Brings the message in the buffer up to what has come so far.
def Update(writing: dict<any>)
  if writing.given_up || !bufloaded(writing.bufnr) || trim(writing.text) == ''
    return
  endif
  if empty(writing.lines)
    Begin(writing)
  elseif !Find(writing)
    writing.given_up = true
    client.Cancel(writing.ticket)
    status.Warn('you have changed the message, so the rest of it is left out')
    return
  else
    Join(writing)
  endif
  final text = writing.prefix == '' ? trim(writing.text)
    : writing.prefix .. trim(writing.text, " \t\r\n", 2)
  final lines = text->substitute('\r', '', 'g')->split("\n", true)
  edit.ReplaceLines(writing.bufnr, writing.first, writing.first + len(writing.lines), lines)
  writing.lines = lines
  writing.undo = Sequence(writing.bufnr)
  prop_remove({type: PROPERTY, bufnr: writing.bufnr, all: true})
  prop_add(writing.first + 1, 1, {type: PROPERTY, bufnr: writing.bufnr})
enddef

# Finds the place: the top where nothing is written yet, else after what is. A text that begins with a
# line end stands apart from what is typed, any other goes on with its last line.
def Begin(writing: dict<any>)
  const comment = '^\V' .. escape(matchstr(getbufvar(writing.bufnr, '&commentstring'), '^\S\+\ze\s*%s')
    ?? '#', '\')
  final lines = getbufline(writing.bufnr, 1, '$')
  var typed = match(lines, comment)
  if typed < 0
    typed = len(lines)
  endif
  while typed > 0 && lines[typed - 1] =~ '^\s*$'
    typed -= 1
  endwhile
  edit.BreakUndo(writing.bufnr)
  if typed > 0 && writing.text !~ '^\n'
    if get(lines, typed, '#') !~ '^\s*$'
      appendbufline(writing.bufnr, typed, [''])
    endif
    writing.first = typed - 1
    writing.prefix = lines[typed - 1]
    writing.lines = [writing.prefix]
    return
  elseif typed > 0
    # An empty line parts it from what is typed, and another from the comments.
    appendbufline(writing.bufnr, typed, get(lines, typed, '#') =~ '^\s*$' ? [''] : ['', ''])
    writing.first = typed + 1
  else
    if get(lines, 0, '') !~ '^\s*$'
      appendbufline(writing.bufnr, 0, [''])
    endif
    writing.first = 0
  endif
  appendbufline(writing.bufnr, writing.first, [''])
  writing.lines = ['']
enddef

# Whether the message stands in the buffer as it was written, wherever it has moved to.
def Find(writing: dict<any>): bool
  final place = prop_find({type: PROPERTY, bufnr: writing.bufnr, lnum: 1, col: 1})
  if empty(place)
    return false
  endif
  writing.first = place.lnum - 1
  return getbufline(writing.bufnr, place.lnum, place.lnum + len(writing.lines) - 1) == writing.lines
enddef

# Makes the next change part of the undo step of the last, if nothing has come between them.
def Join(writing: dict<any>)
  if Sequence(writing.bufnr) != writing.undo
    edit.BreakUndo(writing.bufnr)
    return
  endif
  final windows = win_findbuf(writing.bufnr)
  if !empty(windows)
    win_execute(windows[0], 'silent! undojoin')
  endif
enddef

def Sequence(bufnr: number): number
  final windows = win_findbuf(bufnr)
  return empty(windows) ? -1 : str2nr(trim(win_execute(windows[0], 'echo undotree().seq_cur')))
enddef
