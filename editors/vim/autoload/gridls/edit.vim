vim9script

# Applies edits of the daemon: only to the text that they were made for, and as one undo step.

import autoload 'gridls/document.vim'
import autoload 'gridls/preview.vim'
import autoload 'gridls/status.vim'

# The edit of a gridls/refactor result or of a code action; shown first where the person wants that.
export def ApplyRewrite(result: dict<any>, title: string, show_first = !!get(g:, 'gridls_preview', false))
  if type(get(result, 'edit', null)) != v:t_dict
    status.Say('there is nothing to change')
    return
  endif
  try
    final plan = Plan(result.edit)
    if show_first
      preview.Show(plan, title)
    else
      Follow(plan)
      status.Say('done; u undoes it')
    endif
  catch /^gridls: /
    status.Warn(Reason())
  endtry
enddef

# Applies a WorkspaceEdit, all of it or nothing, and returns an ApplyWorkspaceEditResult.
export def Apply(workspace_edit: dict<any>): dict<any>
  try
    Follow(Plan(workspace_edit))
  catch /^gridls: /
    return {applied: false, failureReason: Reason()}
  endtry
  return {applied: true}
enddef

def Reason(): string
  return substitute(v:exception, '^gridls: ', '', '')
enddef

# What a WorkspaceEdit comes to: { bufnr, hunks } for each text. Throws where it does not fit.
def Plan(workspace_edit: dict<any>): list<dict<any>>
  return Changes(workspace_edit)->mapnew((_, change) => Prepare(change[0], change[1], change[2]))
enddef

def Follow(plan: list<dict<any>>)
  for step in plan
    Carry(step.bufnr, step.hunks)
  endfor
enddef

# [uri, version or null, edits] for each text that a WorkspaceEdit changes.
def Changes(workspace_edit: dict<any>): list<list<any>>
  if !has_key(workspace_edit, 'documentChanges')
    return get(workspace_edit, 'changes', {})->items()
      ->mapnew((_, pair) => [pair[0], null, pair[1]])
  endif
  var changes: list<list<any>> = []
  for change in workspace_edit.documentChanges
    if !has_key(change, 'edits')
      throw 'gridls: files are not made, renamed or deleted here'
    endif
    changes->add([change.textDocument.uri, get(change.textDocument, 'version', null), change.edits])
  endfor
  return changes
enddef

# Checks that the edits fit the text as it is now, and turns them into hunks of whole lines,
# { first, end, lines }: the lines [first, end), counted from 0, become `lines`; the last one first.
def Prepare(uri: string, version: any, edits: list<any>): dict<any>
  const bufnr = document.BufferOf(uri)
  if bufnr == 0
    throw 'gridls: the text to change is not open any more'
  endif
  if !bufloaded(bufnr)
    bufload(bufnr)
  endif
  if !getbufvar(bufnr, '&modifiable') || getbufvar(bufnr, '&readonly')
    throw 'gridls: the buffer cannot be changed'
  endif
  if empty(edits)
    return {bufnr: bufnr, hunks: []}
  endif
  document.Flush(bufnr)
  const first = edits->mapnew((_, edit) => edit.range.start.line)->min()
  const end = edits->mapnew((_, edit) => edit.range.end.line + 1)->max()
  var shift: any = 0
  if type(version) == v:t_number && document.IsOpen(bufnr)
    shift = document.Shift(bufnr, version, first, end)
    if type(shift) != v:t_number
      throw 'gridls: the text has changed meanwhile, so nothing was done'
    endif
  endif
  return {bufnr: bufnr, hunks: Hunks(bufnr, edits, shift)}
enddef

def Hunks(bufnr: number, edits: list<any>, shift: number): list<dict<any>>
  # Each piece is [first line, first byte, last line, last byte, order, new text].
  var pieces: list<list<any>> = []
  # Of a file that was not open the daemon knows the line ends, which Vim keeps to itself.
  const dos = getbufvar(bufnr, '&fileformat') == 'dos'
  for edit in edits
    pieces->add(Point(bufnr, edit.range.start, shift) + Point(bufnr, edit.range.end, shift)
      + [len(pieces), dos ? substitute(edit.newText, "\r\n", "\n", 'g') : edit.newText])
  endfor
  sort(pieces, Later)
  var hunks: list<dict<any>> = []
  for piece in pieces
    # A piece that touches the lines of the hunk below it is one hunk with it.
    if !empty(hunks) && piece[2] >= hunks[-1].first
      Widen(hunks[-1], bufnr, piece)
    else
      final lines = getbufline(bufnr, piece[0] + 1, piece[2] + 1)
      hunks->add({first: piece[0], end: piece[2] + 1, lines: Splice(lines, piece, piece[0])})
    endif
  endfor
  for hunk in hunks
    Trim(bufnr, hunk)
  endfor
  return hunks
enddef

# Bottom-up; of insertions at one place the last given comes first, so that it ends up last.
def Later(a: list<any>, b: list<any>): number
  for i in range(5)
    if a[i] != b[i]
      return b[i] - a[i]
    endif
  endfor
  return 0
enddef

# [line, byte], counted from 0, of a position. To the daemon there is an empty line after the last.
def Point(bufnr: number, position: dict<any>, shift: number): list<number>
  const lnum = position.line + shift
  final line = getbufline(bufnr, lnum + 1)
  if empty(line)
    return [getbufinfo(bufnr)[0].linecount, 0]
  endif
  return [lnum, document.ByteOf(line[0], position.character)]
enddef

# `lines`, the first of which is line `base`, with one piece in its place.
def Splice(lines: list<string>, piece: list<any>, base: number): list<string>
  const from = piece[0] - base
  const to = piece[2] - base
  const before = strpart(get(lines, from, ''), 0, piece[1])
  const after = strpart(get(lines, to, ''), piece[3])
  final middle = split(before .. piece[5] .. after, "\n", true)
  return slice(lines, 0, from) + middle + slice(lines, to + 1)
enddef

# Takes a piece that lies above what a hunk has changed, on a line of it or ending there.
def Widen(hunk: dict<any>, bufnr: number, piece: list<any>)
  final above = getbufline(bufnr, piece[0] + 1, hunk.first)
  hunk.lines = Splice(above + hunk.lines, piece, piece[0])
  hunk.first = piece[0]
enddef

# Leaves out the lines that stay as they are, so that marks and cursors stay on them; and the empty
# line after the last, which Vim does not have.
def Trim(bufnr: number, hunk: dict<any>)
  final before = getbufline(bufnr, hunk.first + 1, hunk.end)
  if hunk.end > getbufinfo(bufnr)[0].linecount
    hunk.end -= 1
    if hunk.lines[-1] == ''
      remove(hunk.lines, -1)
    endif
  endif
  while !empty(before) && !empty(hunk.lines) && before[-1] == hunk.lines[-1]
    remove(before, -1)
    remove(hunk.lines, -1)
    hunk.end -= 1
  endwhile
  while !empty(before) && !empty(hunk.lines) && before[0] == hunk.lines[0]
    remove(before, 0)
    remove(hunk.lines, 0)
    hunk.first += 1
  endwhile
enddef

# Makes the hunks, the last of which comes first, one undo step.
export def Carry(bufnr: number, hunks: list<dict<any>>)
  const here = bufnr == bufnr()
  final view = winsaveview()
  BreakUndo(bufnr)
  for hunk in hunks
    ReplaceLines(bufnr, hunk.first, hunk.end, hunk.lines)
    for name in ['lnum', 'topline']
      if view[name] > hunk.end
        view[name] += len(hunk.lines) - (hunk.end - hunk.first)
      endif
    endfor
  endfor
  if here
    winrestview(view)
  endif
  document.Flush(bufnr)
enddef

# What follows is undone on its own, not together with what was typed before it.
export def BreakUndo(bufnr: number)
  setbufvar(bufnr, '&undolevels', getbufvar(bufnr, '&undolevels'))
enddef

# Lines [first, end), counted from 0, become `lines`.
export def ReplaceLines(bufnr: number, first: number, end: number, lines: list<string>)
  const kept = min([end - first, len(lines)])
  if len(lines) > kept
    appendbufline(bufnr, first + kept, lines[kept :])
  elseif end - first > kept
    deletebufline(bufnr, first + kept + 1, end)
  endif
  if kept > 0
    setbufline(bufnr, first + 1, lines[: kept - 1])
  endif
enddef
