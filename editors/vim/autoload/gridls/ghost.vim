vim9script

# Ghost text: what the daemon offers at the cursor, shown by text properties and not part of the text
# until it is accepted.

import autoload 'gridls/client.vim'
import autoload 'gridls/document.vim'
import autoload 'gridls/status.vim'

const INVOKED = 1
const AUTOMATIC = 2
const PROPERTY = 'GridlsGhost'

# What is offered: { bufnr, lnum, index, items }. An item is { text, head, tail }: `text` stands
# between the unchanged beginning and end of the line, replacing whatever is between them now.
var offer: dict<any> = {}
var has_lines_below = false
var ticket = 0
var last_place: list<number> = []

prop_type_add(PROPERTY, {highlight: 'GridlsGhost', override: true})

# ---- on and off ---------------------------------------------------------------------------------

export def Toggle(scope: string)
  if scope == 'buffer'
    b:gridls_enabled = !get(b:, 'gridls_enabled', true)
    status.Say($'ghost text is {b:gridls_enabled ? "on" : "off"} in this buffer')
  elseif scope == 'filetype'
    var disabled = get(g:, 'gridls_disabled_filetypes', [])
    const at = index(disabled, &filetype)
    g:gridls_disabled_filetypes = at < 0 ? disabled + [&filetype]
      : slice(disabled, 0, at) + slice(disabled, at + 1)
    status.Say($'ghost text is {at < 0 ? "off" : "on"} in {&filetype} texts')
  elseif scope == ''
    g:gridls_enabled = !get(g:, 'gridls_enabled', true)
    status.Say($'ghost text is {g:gridls_enabled ? "on" : "off"}')
  else
    status.Warn($'{scope} is neither "buffer" nor "filetype"')
  endif
  Dismiss()
enddef

def IsEnabled(): bool
  return get(g:, 'gridls_enabled', true) && get(b:, 'gridls_enabled', true)
    && index(get(g:, 'gridls_disabled_filetypes', []), &filetype) < 0
enddef

# ---- events -------------------------------------------------------------------------------------

export def Enter()
  last_place = []
  if IsEnabled() && &buftype == ''
    # Not at once: the mode would be shown over a message that says why it cannot be started.
    timer_start(0, (_) => client.Start())
    document.Attach(bufnr())
  endif
enddef

# The daemon has been started by entering insert mode, and can be asked now.
export def Connected()
  last_place = []
  if mode() == 'i'
    Changed()
  endif
enddef

# The text or the cursor may have changed in insert mode.
export def Changed()
  const place = [bufnr(), b:changedtick, line('.'), col('.')]
  if place == last_place
    return
  endif
  last_place = place
  if !CanShow()
    Dismiss()
  elseif Agree()
    Draw()
  else
    Clear()
    if IsEnabled() && reg_executing() == ''
      Ask(AUTOMATIC)
    endif
  endif
enddef

# Not in replace mode, where typing overwrites what ghost text would push aside, nor while an entry of
# the completion menu is inserted and may still be replaced by another.
def CanShow(): bool
  return mode() == 'i' && &modifiable && !&paste
    && (!pumvisible() || complete_info(['selected']).selected == -1)
enddef

export def Suggest()
  if CanShow()
    Clear()
    client.WhenReady(() => Ask(INVOKED))
  endif
enddef

export def Dismiss()
  Clear()
  client.Abandon(ticket)
enddef

export def Cycle(step: number)
  const count = get(offer, 'items', [])->len()
  for i in range(1, count - 1)
    const index = (offer.index + step * i + count) % count
    if Rest(offer.items[index]) != ''
      offer.index = index
      Draw()
      return
    endif
  endfor
enddef

# ---- asking -------------------------------------------------------------------------------------

# A new request makes the daemon end the one before it.
def Ask(kind: number)
  const bufnr = bufnr()
  if !document.Attach(bufnr)
    return
  endif
  client.Replace(ticket)
  final identifier = document.Identifier(bufnr)
  const lnum = line('.')
  const byte = col('.') - 1
  const text = getline('.')
  var streamed = false
  ticket = client.Request('gridls/inlineCompletion', {
    textDocument: identifier,
    position: document.Position(bufnr, lnum, byte),
    context: {triggerKind: kind},
  }, {
    Partial: (value) => {
      streamed = true
      Offer(bufnr, lnum, text, byte, [value.item])
    },
    Result: (result) => {
      final items = type(result) == v:t_dict ? get(result, 'items', []) : result ?? []
      if !streamed || !empty(items)
        Offer(bufnr, lnum, text, byte, items)
      endif
    },
    Error: (error) => {
      Clear()
      if kind == INVOKED
        status.Failed(error)
      endif
    },
  })
enddef

# Takes items that were made for `text`, line `lnum` at that time, with the cursor at `byte`.
def Offer(bufnr: number, lnum: number, text: string, byte: number, items: list<any>)
  final before = offer
  Erase()
  offer = {}
  if bufnr != bufnr() || lnum != line('.') || !CanShow()
    return
  endif
  var usable: list<dict<string>> = []
  for item in items
    var start = byte
    var end = byte
    if type(get(item, 'range', null)) == v:t_dict
      if item.range.start.line != lnum - 1 || item.range.end.line != lnum - 1
        continue
      endif
      start = document.ByteOf(text, item.range.start.character)
      end = document.ByteOf(text, item.range.end.character)
    endif
    if type(item.insertText) == v:t_string
      usable->add({text: item.insertText, head: strpart(text, 0, start), tail: strpart(text, end)})
    endif
  endfor
  offer = {bufnr: bufnr, lnum: lnum, index: 0, items: usable}
  # A later piece of the stream must not throw the user back from the candidate that was chosen.
  if !empty(usable) && len(usable) == get(before, 'items', [])->len()
    offer.index = before.index
  endif
  if Agree()
    Draw()
  else
    offer = {}
  endif
enddef

# ---- agreement ----------------------------------------------------------------------------------

# What of an item is still to come at the cursor; empty where it no longer fits the line.
def Rest(item: dict<string>): string
  const line = getline('.')
  const cursor = col('.') - 1
  const start = strlen(item.head)
  const end = strlen(line) - strlen(item.tail)
  if cursor < start || end < cursor || strpart(line, 0, start) != item.head
      || strpart(line, end) != item.tail
    return ''
  endif
  const typed = strpart(line, start, cursor - start)
  return strpart(item.text, 0, strlen(typed)) == typed ? strpart(item.text, strlen(typed)) : ''
enddef

# Whether what is offered fits the text as it is; another candidate may where the shown one does not.
def Agree(): bool
  if empty(offer) || offer.bufnr != bufnr() || offer.lnum != line('.')
    return false
  endif
  const count = len(offer.items)
  for i in range(count)
    const index = (offer.index + i) % count
    if Rest(offer.items[index]) != ''
      offer.index = index
      return true
    endif
  endfor
  return false
enddef

# For maps: whether there is something to accept.
export def IsVisible(): bool
  return !empty(offer) && CanShow() && Agree()
enddef

# ---- showing ------------------------------------------------------------------------------------

def Clear()
  Erase()
  offer = {}
enddef

def Erase()
  if !empty(offer) && bufloaded(offer.bufnr)
    prop_remove({type: PROPERTY, bufnr: offer.bufnr, all: true})
    if has_lines_below
      has_lines_below = false
      RedrawWindows()
    endif
  endif
enddef

# Vim 9.0 redraws only the line itself when ghost text below it comes or goes, and leaves the lines
# that this moves as they are on the screen. Setting an option redraws the whole window.
def RedrawWindows()
  for window in win_findbuf(offer.bufnr)
    noautocmd setwinvar(window, '&conceallevel', getwinvar(window, '&conceallevel'))
  endfor
enddef

def Draw()
  Erase()
  final item = offer.items[offer.index]
  const lnum = offer.lnum
  const line = getline(lnum)
  const cursor = col('.') - 1
  final lines = split(Rest(item), "\n", true)
  # What stands after the cursor and is part of the candidate stays where it is, with ghost text on
  # both sides of it.
  const kept = strpart(line, cursor, strlen(line) - strlen(item.tail) - cursor)
  const at = kept == '' ? -1 : stridx(lines[0], kept)
  if at < 0
    DrawInline(lnum, cursor, lines[0])
  else
    DrawInline(lnum, cursor, strpart(lines[0], 0, at))
    DrawInline(lnum, cursor + strlen(kept), strpart(lines[0], at + strlen(kept)))
  endif
  final below = lines[1 : max([winheight(0) - 2, 1])]
  for text in below
    prop_add(lnum, 0, {type: PROPERTY, text_align: 'below', text: Expand(text, 0) ?? ' '})
  endfor
  if !empty(below)
    has_lines_below = true
    RedrawWindows()
  endif
enddef

def DrawInline(lnum: number, byte: number, text: string)
  if text != ''
    prop_add(lnum, byte + 1, {type: PROPERTY, text: Expand(text, virtcol([lnum, byte + 1]) - 1)})
  endif
enddef

# Vim shows a tab in virtual text as one space.
def Expand(text: string, column: number): string
  var shown = ''
  for part in split(text, '\t\zs')
    const plain = trim(part, "\t", 2)
    shown ..= plain
    if part != plain
      const width = column + strdisplaywidth(shown)
      shown ..= repeat(' ', &tabstop - width % &tabstop)
    endif
  endfor
  return shown
enddef

# ---- accepting ----------------------------------------------------------------------------------

# Accepts 'all', or the next 'word' or 'line' of what is offered.
export def Accept(part: string)
  if !IsVisible()
    return
  endif
  Erase()
  final item = offer.items[offer.index]
  const rest = Rest(item)
  const text = part == 'word' ? matchstr(rest, '^\_s*\%(\k\+\|\%(\k\@!\S\)\+\|$\)')
    : part == 'line' ? matchstr(rest, '^\n*[^\n]*') : rest
  const line = getline('.')
  const cursor = col('.') - 1
  # Only the whole candidate replaces what stands after the cursor.
  const after = text == rest ? item.tail : strpart(line, cursor)
  final lines = split(text, "\n", true)
  const last = line('.') + len(lines) - 1
  const byte = (len(lines) == 1 ? cursor : 0) + strlen(lines[-1])
  lines[0] = strpart(line, 0, cursor) .. lines[0]
  lines[-1] ..= after
  setline('.', lines[0])
  append('.', lines[1 :])
  cursor(last, byte + 1)
  if text == rest
    offer = {}
    return
  endif
  if len(lines) > 1
    # From here on the candidate stands at the beginning of the last of the new lines.
    const accepted = strpart(lines[-1], 0, byte)
    offer.lnum = last
    offer.items = [{text: accepted .. strpart(rest, strlen(text)), head: '', tail: item.tail}]
    offer.index = 0
  endif
  Draw()
enddef
