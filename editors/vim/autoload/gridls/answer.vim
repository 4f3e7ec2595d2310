vim9script

# Windows into which explanations are written while they come, and follow-up questions about them.

import autoload 'gridls/client.vim'
import autoload 'gridls/document.vim'
import autoload 'gridls/status.vim'

const REQUEST_CANCELLED = -32800

# Buffer number -> { ticket, conversation, source }; ticket 0: nothing is running.
var answers: dict<dict<any>> = {}
var latest = 0
var opened = 0

export def Explain(mods: string, source: number, range: dict<any>, title: string, question: string)
  const bufnr = Open(mods, title)
  answers[bufnr] = {ticket: 0, conversation: null, source: source}
  latest = bufnr
  Write(bufnr, question == '' ? [$'# {title}', '', ''] : [$'# {title}', '', $'> {question}', '', ''])
  Send(bufnr, {textDocument: document.Identifier(source), range: range}, question)
enddef

# Asks on in the answer at hand: the one of this window, else the latest.
export def Ask(question: string)
  const bufnr = has_key(answers, bufnr()) ? bufnr() : latest
  final answer = get(answers, bufnr, {})
  if empty(answer)
    status.Warn('there is no answer to ask about; begin with :GridlsExplain')
  elseif answer.ticket != 0
    status.Warn('the last answer is still being written')
  elseif type(answer.conversation) == v:t_none
    status.Warn('this answer has failed, so there is nothing to ask about')
  else
    Write(bufnr, ['', '', $'## {question}', '', ''])
    Scroll(bufnr)
    Send(bufnr, {conversation: answer.conversation}, question)
  endif
enddef

def Send(bufnr: number, params: dict<any>, question: string)
  final answer = answers[bufnr]
  answer.ticket = client.Request('gridls/explain',
    question == '' ? params : extendnew(params, {question: question}), {
    title: 'explaining',
    Partial: (value) => Write(bufnr, Lines(get(value, 'text', ''))),
    Result: (result) => {
      answer.ticket = 0
      answer.conversation = get(result, 'conversation', null)
      Write(bufnr, Lines(get(result, 'text', '')))
      if get(result, 'finishReason', '') == 'length'
        Write(bufnr, ['', '', '[cut off: the answer has reached its token limit]'])
      endif
    },
    Error: (error) => {
      answer.ticket = 0
      const why = error.code == REQUEST_CANCELLED ? 'cancelled' : status.Sentence(error)
      Write(bufnr, ['', '', $'[{why}]'])
    },
  })
  # The window's title says that it is being written.
  redrawstatus!
enddef

# ---- the window ---------------------------------------------------------------------------------

def Open(mods: string, title: string): number
  opened += 1
  const from = win_getid()
  const where = mods != '' ? mods : &columns >= 160 ? 'botright vertical' : 'botright'
  execute where 'new'
  setlocal buftype=nofile bufhidden=wipe noswapfile nobuflisted nomodeline undolevels=-1
  execute 'silent noautocmd file' fnameescape($'gridls://{opened}/{title}')
  setlocal nonumber norelativenumber nolist nospell wrap linebreak filetype=markdown nomodifiable
  setlocal statusline=%{gridls#answer#Title()}
  nnoremap <buffer> <silent> q <Cmd>close<CR>
  nnoremap <buffer> <silent> gf <ScriptCmd>Follow()<CR>
  for key in ['i', 'a', 'o', '<CR>']
    execute $'nnoremap <buffer> {key} :GridlsAsk<Space>'
  endfor
  autocmd BufWipeout <buffer> Closed(str2nr(expand('<abuf>')))
  const bufnr = bufnr()
  win_gotoid(from)
  return bufnr
enddef

# For the window's own statusline.
export def Title(): string
  const title = substitute(bufname(), '^gridls://\d\+/', '', '')
  return get(answers, bufnr(), {ticket: 0}).ticket != 0
    ? $'gridls: {title} … (q closes and stops)' : $'gridls: {title} (i asks on, q closes)'
enddef

# Goes to the place that stands under the cursor, as "src/x.c:12" or "x.c:12-20", in the window that
# the question came from.
def Follow()
  final place = matchlist(expand('<cWORD>'), '\([[:alnum:]_./~+-]\+\)\%(:\(\d\+\)\)\=')
  const path = empty(place) ? '' : document.FileOf(answers[bufnr()].source, place[1])
  if path == ''
    status.Warn('there is no name of a file under the cursor')
    return
  endif
  const windows = win_findbuf(answers[bufnr()].source)
  if empty(windows)
    new
  else
    win_gotoid(windows[0])
  endif
  execute 'drop' fnameescape(path)
  if place[2] != ''
    cursor(str2nr(place[2]), 1)
    normal! zvzz
  endif
enddef

# Whoever closes the window does not want the answer.
def Closed(bufnr: number)
  if has_key(answers, bufnr)
    client.Abandon(remove(answers, bufnr).ticket)
  endif
enddef

# Puts the beginning of what comes next at the top of the windows.
def Scroll(bufnr: number)
  for window in win_findbuf(bufnr)
    win_execute(window, 'normal! G2kzt')
  endfor
enddef

def Lines(text: string): list<string>
  return text->substitute('\r\n\=', '\n', 'g')->split("\n", true)
enddef

# Adds to the end: the first of `lines` goes on where the text stopped.
def Write(bufnr: number, lines: list<string>)
  if !bufloaded(bufnr) || lines == ['']
    return
  endif
  const count = getbufinfo(bufnr)[0].linecount
  setbufvar(bufnr, '&modifiable', true)
  setbufline(bufnr, count, getbufline(bufnr, count)[0] .. get(lines, 0, ''))
  appendbufline(bufnr, count, lines[1 :])
  setbufvar(bufnr, '&modifiable', false)
enddef
