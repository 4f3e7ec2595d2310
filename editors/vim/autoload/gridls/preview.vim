vim9script

# A rewrite shown as a diff before it is applied: taken or left, hunk by hunk or all at once.

import autoload 'gridls/document.vim'
import autoload 'gridls/edit.vim'
import autoload 'gridls/status.vim'

const PROPERTY = 'GridlsHunk'
const CONTEXT = 3

prop_type_add(PROPERTY, {})

# Buffer number -> hunks that are still open, in the order in which they are shown. A hunk is
# { bufnr, id, below, before, lines, shown }: where the property `id` stands in the text `bufnr`, or
# one line below it, the lines `before` are to become `lines`; `shown` is what the diff says of it.
var previews: dict<list<dict<any>>> = {}
var opened = 0
var hunk_id = 0

# Shows a plan of edit.Plan(): hunks for each text, made for the text as it is now.
export def Show(plan: list<dict<any>>, title: string)
  var hunks: list<dict<any>> = []
  for step in plan
    # The last hunk comes first there, as it is applied first.
    for hunk in reverse(copy(step.hunks))
      hunks->add(Track(step.bufnr, hunk))
    endfor
  endfor
  if empty(hunks)
    status.Say('there is nothing to change')
    return
  endif
  Open(title)
  previews[bufnr()] = hunks
  Draw()
  search('^@@', 'c')
enddef

def Track(bufnr: number, hunk: dict<any>): dict<any>
  hunk_id += 1
  const count = getbufinfo(bufnr)[0].linecount
  const below = hunk.first >= count ? 1 : 0
  prop_add(hunk.first + 1 - below, 1, {type: PROPERTY, bufnr: bufnr, id: hunk_id})
  return {
    bufnr: bufnr,
    id: hunk_id,
    below: below,
    before: getbufline(bufnr, hunk.first + 1, hunk.end),
    lines: hunk.lines,
    shown: Shown(bufnr, hunk),
  }
enddef

def Shown(bufnr: number, hunk: dict<any>): list<string>
  const first = max([hunk.first - CONTEXT, 0])
  final above = getbufline(bufnr, first + 1, hunk.first)
  final before = getbufline(bufnr, hunk.first + 1, hunk.end)
  final below = getbufline(bufnr, hunk.end + 1, hunk.end + CONTEXT)
  const same = len(above) + len(below)
  return [printf('@@ -%d,%d +%d,%d @@ %s', first + 1, len(before) + same, first + 1,
      len(hunk.lines) + same, document.Title(bufnr))]
    + mapnew(above, (_, line) => ' ' .. line)
    + mapnew(before, (_, line) => '-' .. line)
    + mapnew(hunk.lines, (_, line) => '+' .. line)
    + mapnew(below, (_, line) => ' ' .. line)
enddef

# ---- the window ---------------------------------------------------------------------------------

def Open(title: string)
  opened += 1
  execute &columns >= 160 ? 'botright vertical new' : 'botright new'
  setlocal buftype=nofile bufhidden=wipe noswapfile nobuflisted nomodeline undolevels=-1
  execute 'silent noautocmd file' fnameescape($'gridls://preview-{opened}/{title}')
  setlocal nonumber norelativenumber nolist nospell nowrap filetype=diff nomodifiable
  &l:statusline = 'gridls: a takes the hunk, r leaves it, A takes all, q leaves the rest'
  nnoremap <buffer> <nowait> <silent> a <ScriptCmd>Take()<CR>
  nnoremap <buffer> <nowait> <silent> r <ScriptCmd>Leave()<CR>
  nnoremap <buffer> <nowait> <silent> A <ScriptCmd>TakeAll()<CR>
  nnoremap <buffer> <nowait> <silent> q <Cmd>close<CR>
  nnoremap <buffer> <silent> ]c <Cmd>call search('^@@', 'W')<CR>
  nnoremap <buffer> <silent> [c <Cmd>call search('^@@', 'bW')<CR>
  autocmd BufWipeout <buffer> Closed(str2nr(expand('<abuf>')))
enddef

def Closed(bufnr: number)
  if has_key(previews, bufnr)
    for hunk in remove(previews, bufnr)
      Untrack(hunk)
    endfor
  endif
enddef

def Untrack(hunk: dict<any>)
  if bufloaded(hunk.bufnr)
    prop_remove({type: PROPERTY, id: hunk.id, both: true, bufnr: hunk.bufnr, all: true})
  endif
enddef

def Draw()
  const lnum = line('.')
  setlocal modifiable
  silent deletebufline('', 1, '$')
  setline(1, previews[bufnr()]->mapnew((_, hunk) => hunk.shown)->flattennew(1))
  setlocal nomodifiable
  cursor(min([lnum, line('$')]), 1)
enddef

# The index of the hunk that the cursor is in.
def Current(): number
  var rest = line('.')
  var index = 0
  for hunk in previews[bufnr()]
    rest -= len(hunk.shown)
    if rest <= 0
      return index
    endif
    index += 1
  endfor
  return index - 1
enddef

def Drop(index: number)
  Untrack(remove(previews[bufnr()], index))
  if empty(previews[bufnr()])
    close
  else
    Draw()
  endif
enddef

# ---- what a person decides ----------------------------------------------------------------------

# The hunk as lines of the text as it is now; empty where those lines have changed.
def Find(hunk: dict<any>): dict<any>
  if !bufloaded(hunk.bufnr)
    return {}
  endif
  final place = prop_find({type: PROPERTY, id: hunk.id, both: true, bufnr: hunk.bufnr, lnum: 1, col: 1})
  if empty(place)
    return {}
  endif
  const first = place.lnum - 1 + hunk.below
  const end = first + len(hunk.before)
  if getbufline(hunk.bufnr, first + 1, end) != hunk.before
    return {}
  endif
  return {first: first, end: end, lines: hunk.lines}
enddef

export def Take()
  const index = Current()
  final hunk = previews[bufnr()][index]
  final found = Find(hunk)
  if empty(found)
    status.Warn('these lines have changed meanwhile, so this hunk cannot be taken')
    return
  endif
  edit.Carry(hunk.bufnr, [found])
  Drop(index)
enddef

export def Leave()
  Drop(Current())
enddef

# All that is left, in one undo step for each text; or nothing.
export def TakeAll()
  var plan: dict<list<dict<any>>> = {}
  for hunk in previews[bufnr()]
    final found = Find(hunk)
    if empty(found)
      status.Warn('these lines have changed meanwhile; take the other hunks one by one')
      return
    endif
    plan[hunk.bufnr] = [found] + get(plan, hunk.bufnr, [])
  endfor
  close
  for [bufnr, hunks] in items(plan)
    edit.Carry(str2nr(bufnr), hunks)
  endfor
  status.Say('done; u undoes it')
enddef
