vim9script

# Fixes what a diagnostic says. Vim has none of its own: they are asked of the plugins that have, and
# else taken from the location list and the quickfix list, where compilers put theirs.

import autoload 'gridls/client.vim'
import autoload 'gridls/document.vim'
import autoload 'gridls/edit.vim'
import autoload 'gridls/status.vim'

const SEVERITY = {E: 1, W: 2, I: 3, N: 3, H: 4}

# A diagnostic here is { lnum, col, end_lnum, end_col, text, severity, source, code }: lines and bytes
# count from 1, the end is exclusive, 0 where unknown.

export def Fix(bufnr: number, lnum: number, column: number, message: string)
  final diagnostic = message != '' ? Made(bufnr, lnum, message)
    : Nearest(Diagnostics(bufnr)->filter((_, found) =>
      found.lnum <= lnum && lnum <= max([found.end_lnum, found.lnum])), column)
  if empty(diagnostic)
    status.Warn('there is no diagnostic on this line; say what is wrong: :GridlsFix {message}')
    return
  endif
  client.WhenReady(() => {
    if document.Attach(bufnr)
      Ask(bufnr, ToLsp(bufnr, diagnostic))
    endif
  })
enddef

def Made(bufnr: number, lnum: number, message: string): dict<any>
  return {lnum: lnum, col: 1, end_lnum: lnum, end_col: strlen(getbufline(bufnr, lnum)[0]) + 1,
    text: message, severity: 1}
enddef

# The one that the cursor is in, or that begins closest to it.
def Nearest(diagnostics: list<dict<any>>, column: number): dict<any>
  final sorted = sort(diagnostics, (a, b) => abs(a.col - column) - abs(b.col - column))
  final around = copy(sorted)->filter((_, found) => found.col <= column && column < found.end_col)
  return get(around, 0, get(sorted, 0, {}))
enddef

def ToLsp(bufnr: number, found: dict<any>): dict<any>
  const col = max([get(found, 'col', 0), 1])
  const end_lnum = max([get(found, 'end_lnum', 0), found.lnum])
  const end_col = max([get(found, 'end_col', 0), end_lnum == found.lnum ? col : 1])
  final diagnostic: dict<any> = {
    range: {
      start: document.Position(bufnr, found.lnum, col - 1),
      end: document.Position(bufnr, end_lnum, end_col - 1),
    },
    message: found.text,
    severity: get(found, 'severity', 1),
  }
  for name in ['source', 'code']
    if get(found, name, '') != ''
      diagnostic[name] = found[name]
    endif
  endfor
  return diagnostic
enddef

# ---- asking -------------------------------------------------------------------------------------

def Ask(bufnr: number, diagnostic: dict<any>)
  client.Request('textDocument/codeAction', {
    textDocument: document.Identifier(bufnr),
    range: diagnostic.range,
    context: {diagnostics: [diagnostic], only: ['quickfix']},
  }, {
    Result: (result) => Resolve(type(result) == v:t_list ? result : []),
    Error: (error) => status.Failed(error),
  })
enddef

def Resolve(actions: list<any>)
  final action = get(copy(actions)->filter((_, found) => get(found, 'kind', '') =~ '^quickfix'), 0, {})
  if empty(action) || has_key(action, 'disabled')
    status.Warn(get(get(action, 'disabled', {}), 'reason', 'nothing can be done about this diagnostic'))
    return
  endif
  status.Say(action.title .. ' … (:GridlsCancel stops it)')
  client.Request('codeAction/resolve', action, {
    title: 'fixing',
    Result: (result) => edit.ApplyRewrite(result, get(action, 'title', 'fix')),
    Error: (error) => status.Failed(error),
  })
enddef

# ---- who knows diagnostics ----------------------------------------------------------------------

def Diagnostics(bufnr: number): list<dict<any>>
  for Source in [FromPerson, FromAle, FromCoc, FromVimLsp]
    final found = Source(bufnr)
    if !empty(found)
      return found
    endif
  endfor
  return FromLists(bufnr)
enddef

def FromPerson(bufnr: number): list<dict<any>>
  if !exists('g:Gridls_diagnostics')
    return []
  endif
  return call(g:Gridls_diagnostics, [bufnr])->mapnew((_, item) =>
    ({col: 1, end_lnum: item.lnum, end_col: 0, text: '', severity: 1}->extendnew(item)))
enddef

def FromAle(bufnr: number): list<dict<any>>
  # Defined only once ALE has looked at a text.
  final all = exists('g:ale_buffer_info') ? get(get(g:ale_buffer_info, bufnr, {}), 'loclist', []) : []
  return all->mapnew((_, item) => ({
    lnum: item.lnum,
    col: get(item, 'col', 1),
    end_lnum: get(item, 'end_lnum', item.lnum),
    end_col: get(item, 'end_col', get(item, 'col', 1)) + 1,
    text: get(item, 'text', ''),
    severity: get(SEVERITY, get(item, 'type', 'E'), 1),
    source: get(item, 'linter_name', ''),
    code: string(get(item, 'code', ''))->trim("'"),
  }))
enddef

def FromCoc(bufnr: number): list<dict<any>>
  if !exists('*g:CocAction') || !get(g:, 'coc_service_initialized', 0)
    return []
  endif
  const path = fnamemodify(bufname(bufnr), ':p')
  return g:CocAction('diagnosticList')->filter((_, item) => item.file == path)->mapnew((_, item) => ({
    lnum: item.lnum,
    col: item.col,
    end_lnum: item.end_lnum,
    end_col: item.end_col,
    text: item.message,
    severity: get(SEVERITY, item.severity[0], 1),
    source: get(item, 'source', ''),
    code: string(get(item, 'code', ''))->trim("'"),
  }))
enddef

def FromVimLsp(bufnr: number): list<dict<any>>
  # There is no public way to ask vim-lsp. The name is known only once its file has been loaded.
  const query = 'lsp#internal#diagnostics#state#_get_all_diagnostics_grouped_by_server_for_uri'
  if !exists('*' .. query)
    return []
  endif
  var all: list<dict<any>> = []
  for response in values(call(query, [call('lsp#utils#get_buffer_uri', [bufnr])]))
    for item in get(get(response, 'params', {}), 'diagnostics', [])
      all->add({
        lnum: item.range.start.line + 1,
        col: item.range.start.character + 1,
        end_lnum: item.range.end.line + 1,
        end_col: item.range.end.character + 1,
        text: item.message,
        severity: get(item, 'severity', 1),
        source: get(item, 'source', ''),
        code: string(get(item, 'code', ''))->trim("'"),
      })
    endfor
  endfor
  return all
enddef

def FromLists(bufnr: number): list<dict<any>>
  return (getloclist(0) + getqflist())
    ->filter((_, item) => item.bufnr == bufnr && item.lnum > 0)
    ->mapnew((_, item) => ({
      lnum: item.lnum,
      col: item.col,
      end_lnum: item.end_lnum,
      end_col: item.end_col,
      text: trim(item.text),
      severity: get(SEVERITY, toupper(item.type), 1),
    }))
enddef
