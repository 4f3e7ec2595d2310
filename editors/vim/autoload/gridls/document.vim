vim9script

# The texts that the daemon knows: opened, kept in step and closed; positions and URIs.
#
# To the daemon every text ends with a line break, as every line of a Vim buffer does; so a change is
# always of whole lines: "lines [first, end) are now these".

import autoload 'gridls/client.vim'
import autoload 'gridls/status.vim'

const CHANGES_KEPT = 200

# Buffer number -> { uri, version, lines, listener, changes }. `lines` is what the daemon has.
var open: dict<dict<any>> = {}
var encoding = 'utf-16'
var roots: list<dict<string>> = []

# ---- open and close -----------------------------------------------------------------------------

export def Connected(position_encoding: string)
  encoding = position_encoding
  for window in getwininfo()
    Attach(window.bufnr)
  endfor
enddef

export def Disconnected()
  for document in values(open)
    listener_remove(document.listener)
  endfor
  open = {}
  roots = []
enddef

# Makes a text known to the daemon, unless it is, and says whether it is now. Only files and texts
# without a name count; help, terminals and the scratch buffers of plugins do not.
export def Attach(bufnr: number): bool
  if !client.IsReady()
    return false
  endif
  if has_key(open, bufnr)
    return true
  endif
  if !bufloaded(bufnr) || getbufvar(bufnr, '&buftype') !~ '^\%(acwrite\)\=$'
      || getbufvar(bufnr, '&binary')
    return false
  endif
  AddRoot(bufnr)
  final lines = getbufline(bufnr, 1, '$')
  final document = {
    uri: UriOf(bufnr),
    version: Tick(bufnr),
    lines: lines,
    listener: listener_add(OnChange, bufnr),
    changes: [],
  }
  open[bufnr] = document
  client.Notify('textDocument/didOpen', {textDocument: {
    uri: document.uri,
    languageId: getbufvar(bufnr, '&filetype'),
    version: document.version,
    text: Text(lines),
  }})
  return true
enddef

export def Detach(bufnr: number)
  if !has_key(open, bufnr)
    return
  endif
  final document = remove(open, bufnr)
  listener_remove(document.listener)
  client.Notify('textDocument/didClose', {textDocument: {uri: document.uri}})
enddef

# For a new name or language of a text.
export def Reopen(bufnr: number)
  if has_key(open, bufnr)
    Detach(bufnr)
    Attach(bufnr)
  endif
enddef

export def Saved(bufnr: number)
  if has_key(open, bufnr)
    Flush(bufnr)
    client.Notify('textDocument/didSave', {textDocument: {uri: open[bufnr].uri}})
  endif
enddef

# ---- changes ------------------------------------------------------------------------------------

# Brings the daemon's text up to now.
export def Flush(bufnr: number)
  if has_key(open, bufnr)
    listener_flush(bufnr)
    # A :sort that changes nothing can leave us with what the buffer was in the middle of it.
    if bufloaded(bufnr) && LineCount(bufnr) != len(open[bufnr].lines)
      Compare(bufnr)
    endif
  endif
enddef

# Vim may call this when the text has already changed again, and what it tells is then not the whole
# truth. So a report is believed only where it is a simple one and the number of lines agrees;
# otherwise the lines themselves are compared.
def OnChange(bufnr: number, start: number, _: number, _: number, reported: list<dict<any>>)
  if !has_key(open, bufnr) || !bufloaded(bufnr)
    return
  endif
  final document = open[bufnr]
  const same_count = reported->copy()->filter((_, change) => change.added != 0)->empty()
  const added = len(reported) == 1 ? reported[0].added : 0
  if (len(reported) == 1 || same_count)
      && len(document.lines) + added == LineCount(bufnr)
    const end = reported->mapnew((_, change) => change.end)->max()
    const last = min([end, len(document.lines) + 1])
    Replace(bufnr, start - 1, last - 1, getbufline(bufnr, start, last + added - 1))
  else
    Compare(bufnr)
  endif
enddef

# Finds which lines differ, and tells the daemon.
def Compare(bufnr: number)
  final document = open[bufnr]
  const before = document.lines
  const now = getbufline(bufnr, 1, '$')
  const shorter = min([len(before), len(now)])
  var first = 0
  while first < shorter && before[first] == now[first]
    first += 1
  endwhile
  const longest_tail = shorter - first
  var tail = 0
  while tail < longest_tail && before[-1 - tail] == now[-1 - tail]
    tail += 1
  endwhile
  const end = len(before) - tail
  const new_end = len(now) - tail
  if first < end || first < new_end
    Replace(bufnr, first, end, slice(now, first, new_end))
  endif
enddef

# Lines [first, end) of what the daemon has become `lines`.
def Replace(bufnr: number, first: number, end: number, lines: list<string>)
  final document = open[bufnr]
  if end > first
    remove(document.lines, first, end - 1)
  endif
  extend(document.lines, lines, first)
  document.version = Tick(bufnr)
  document.changes->add({
    version: document.version,
    first: first,
    end: end,
    added: len(lines) - (end - first),
  })
  if len(document.changes) > CHANGES_KEPT
    remove(document.changes, 0)
  endif
  client.Notify('textDocument/didChange', {
    textDocument: {uri: document.uri, version: document.version},
    contentChanges: [{
      range: {start: {line: first, character: 0}, end: {line: end, character: 0}},
      text: empty(lines) ? '' : Text(lines),
    }],
  })
enddef

# How many lines the lines [first, end) of an earlier version have moved since; null where they have
# changed themselves or too much has happened to tell.
export def Shift(bufnr: number, version: number, first: number, end: number): any
  final document = open[bufnr]
  if version == document.version
    return 0
  endif
  const later = document.changes->copy()->filter((_, change) => change.version > version)
  if version > document.version || len(later) >= CHANGES_KEPT
    return null
  endif
  var shift = 0
  for change in later
    if change.end <= first + shift
      shift += change.added
    elseif change.first < end + shift
      return null
    endif
  endfor
  return shift
enddef

# What stands for a NUL, and for a carriage return within a line, which to the daemon would end it.
# It is one byte as they are, so columns agree.
const SUBSTITUTE = "\x1a"

# The lines as one text. Vim holds a NUL as a line feed.
def Text(lines: list<string>): string
  return lines->mapnew((_, line) => OnWire(line))->join("\n") .. "\n"
enddef

def OnWire(line: string): string
  if line !~ "[\n\r]"
    return line
  endif
  return line->substitute("\n", SUBSTITUTE, 'g')->substitute("\r\\ze.", SUBSTITUTE, 'g')
enddef

def Tick(bufnr: number): number
  return getbufvar(bufnr, 'changedtick')
enddef

def LineCount(bufnr: number): number
  return getbufinfo(bufnr)[0].linecount
enddef

# ---- names and places ---------------------------------------------------------------------------

# A TextDocumentIdentifier with the version that the daemon has, which is brought up to now first.
export def Identifier(bufnr: number): dict<any>
  Flush(bufnr)
  return {uri: open[bufnr].uri, version: open[bufnr].version}
enddef

export def IsOpen(bufnr: number): bool
  return has_key(open, bufnr)
enddef

# The range of whole lines, counted from 1.
export def Lines(first: number, last: number): dict<any>
  return {start: {line: first - 1, character: 0}, end: {line: last, character: 0}}
enddef

# The empty range at a line counted from 1 and a byte counted from 0.
export def Place(bufnr: number, lnum: number, byte: number): dict<any>
  const position = Position(bufnr, lnum, byte)
  return {start: position, end: position}
enddef

export def Position(bufnr: number, lnum: number, byte: number): dict<number>
  const line = get(getbufline(bufnr, lnum), 0, '')
  return {line: lnum - 1, character: Units(strpart(line, 0, byte))}
enddef

# How many units of the agreed encoding a text takes on the wire. Bytes that are not UTF-8 go out as
# the character of that number, so what is sent is counted, not what is held.
def Units(text: string): number
  if text !~ '[^\x01-\x7f]'
    return strlen(text)
  endif
  const sent = json_decode(json_encode(text))
  if encoding == 'utf-8'
    return strlen(sent)
  endif
  return reduce(str2list(sent), (sum, char) => sum + (char > 0xffff ? 2 : 1), 0)
enddef

# The byte of a line at which so many units end; the line's length where it has fewer.
export def ByteOf(line: string, units: number): number
  if line !~ '[^\x01-\x7f]'
    return min([units, strlen(line)])
  endif
  var byte = 0
  var left = units
  for i in range(1, strchars(line))
    const next = byteidxcomp(line, i)
    left -= Units(strpart(line, byte, next - byte))
    if left < 0
      break
    endif
    byte = next
  endfor
  return byte
enddef

# The buffer of a URI, made if need be; 0 where it is of no file.
export def BufferOf(uri: string): number
  for [bufnr, document] in items(open)
    if document.uri == uri
      return str2nr(bufnr)
    endif
  endfor
  const path = PathOf(uri)
  return filereadable(path) ? bufadd(path) : 0
enddef

# The file that an answer about the text `bufnr` means by a name; empty where there is none.
export def FileOf(bufnr: number, name: string): string
  const own = fnamemodify(bufname(bufnr), ':p')
  if name == fnamemodify(own, ':t')
    return own
  endif
  for folder in [PathOf(RootOf(bufnr).uri), fnamemodify(own, ':h'), getcwd()]
    const path = name =~ '^[/~]' ? expand(name) : folder .. '/' .. name
    if filereadable(path)
      return path
    endif
  endfor
  return ''
enddef

export def Title(bufnr: number): string
  const name = bufname(bufnr)
  return name == '' ? '[No Name]' : fnamemodify(name, ':t')
enddef

def UriOf(bufnr: number): string
  const name = bufname(bufnr)
  if name == ''
    return $'untitled:vim-{bufnr}'
  endif
  # Names such as fugitive:// and scp:// are URIs already.
  return name =~ '^\a[[:alnum:]+.-]\+://' ? name : PathToUri(fnamemodify(name, ':p'))
enddef

# Read as Latin-1, each byte of a text is a character.
def PathToUri(path: string): string
  return 'file://' .. iconv(path, 'latin1', 'utf-8')->str2list()->mapnew((_, byte) =>
    nr2char(byte) =~ '[A-Za-z0-9/._~-]' ? nr2char(byte) : printf('%%%02X', byte))->join('')
enddef

# The path of a file URI; empty for any other.
def PathOf(uri: string): string
  if uri !~? '^file://'
    return ''
  endif
  return uri->substitute('^file://[^/]*', '', '')->substitute('\%(%\x\x\)\+', (found) =>
    iconv(found[0]->split('%')->mapnew((_, hex) => str2nr(hex, 16))->list2str(), 'utf-8', 'latin1'),
    'g')
enddef

# ---- workspace folders --------------------------------------------------------------------------

# The folder to begin with.
export def FirstRoot(): dict<string>
  roots = [RootOf(bufnr())]
  return roots[0]
enddef

export def Roots(): list<dict<string>>
  return roots
enddef

# The repository that a file is in, else the current directory.
def RootOf(bufnr: number): dict<string>
  const name = bufname(bufnr)
  const start = name == '' || name =~ '^\a[[:alnum:]+.-]\+://' ? getcwd()
    : fnamemodify(name, ':p:h')
  var folder = start
  while !isdirectory(folder .. '/.git') && !filereadable(folder .. '/.git')
    const parent = fnamemodify(folder, ':h')
    if parent == folder
      folder = getcwd()
      break
    endif
    folder = parent
  endwhile
  return {uri: PathToUri(folder), name: fnamemodify(folder, ':t')}
enddef

def AddRoot(bufnr: number)
  const root = RootOf(bufnr)
  if index(roots, root) >= 0
    return
  endif
  roots->add(root)
  client.Notify('workspace/didChangeWorkspaceFolders', {event: {added: [root], removed: []}})
enddef

# ---- showing a file for the daemon --------------------------------------------------------------

export def Show(params: dict<any>): bool
  const path = PathOf(get(params, 'uri', ''))
  if get(params, 'external', false) || !filereadable(path)
    return false
  endif
  # The text may be a model's: nothing in it may set options.
  const modeline = &g:modeline
  &g:modeline = false
  try
    execute 'split' fnameescape(path)
  catch
    status.Warn(v:exception)
    return false
  finally
    &g:modeline = modeline
  endtry
  if has_key(params, 'selection')
    const start = params.selection.start
    cursor(start.line + 1, ByteOf(getline(start.line + 1), start.character) + 1)
  endif
  if !get(params, 'takeFocus', false)
    wincmd p
  endif
  return true
enddef
