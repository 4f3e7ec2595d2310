vim9script

# What the commands call.

import autoload 'gridls/answer.vim'
import autoload 'gridls/client.vim'
import autoload 'gridls/commit.vim'
import autoload 'gridls/document.vim'
import autoload 'gridls/edit.vim'
import autoload 'gridls/fix.vim'
import autoload 'gridls/ghost.vim'
import autoload 'gridls/status.vim'

export def Explain(mods: string, ranged: number, first: number, last: number, question: string)
  const bufnr = bufnr()
  const lnum = line('.')
  const byte = col('.') - 1
  const place = ranged == 0 ? $':{lnum}' : first == last ? $':{first}' : $':{first}-{last}'
  const title = document.Title(bufnr) .. place
  client.WhenReady(() => {
    if IsText(bufnr)
      final here = document.Place(bufnr, lnum, byte)
      final range = ranged == 0 ? here : document.Lines(first, last)
      answer.Explain(mods, bufnr, range, title, question)
    endif
  })
enddef

export def Ask(question: string)
  client.WhenReady(() => answer.Ask(question))
enddef

# With a `bang`, a rewrite is shown first, or not where g:gridls_preview says that it is.
export def Refactor(bang: number, first: number, last: number, said: string)
  const bufnr = bufnr()
  if !CanChange()
    return
  endif
  # What is typed here has a history of its own, as all that input() reads.
  const instruction = said != '' ? said : input('Rewrite: ')
  if instruction == ''
    return
  endif
  const show_first = !!bang != !!get(g:, 'gridls_preview', false)
  client.WhenReady(() => {
    if IsText(bufnr)
      Rewrite(bufnr, document.Lines(first, last), instruction, show_first)
      status.Say('rewriting ' .. (first == last ? $'line {first}' : $'lines {first} to {last}')
        .. ' (:GridlsCancel stops it)')
    endif
  })
enddef

# A rewrite of all files of the project that the instruction is about; always shown first.
export def Project(instruction: string)
  const bufnr = bufnr()
  client.WhenReady(() => {
    if IsText(bufnr)
      RewriteProject(bufnr, instruction)
      status.Say('looking for what to change (:GridlsCancel stops it)')
    endif
  })
enddef

def RewriteProject(bufnr: number, instruction: string)
  client.Request('gridls/refactor', {
    textDocument: document.Identifier(bufnr),
    scope: 'workspace',
    instruction: instruction,
  }, {
    title: 'rewriting the project',
    Result: (result) => edit.ApplyRewrite(result, instruction, true),
    Error: (error) => status.Failed(error),
  })
enddef

def CanChange(): bool
  if !&modifiable || &readonly
    status.Warn('this buffer cannot be changed')
    return false
  endif
  return true
enddef

def Rewrite(bufnr: number, range: dict<any>, instruction: string, show_first: bool)
  client.Request('gridls/refactor', {
    textDocument: document.Identifier(bufnr),
    range: range,
    instruction: instruction,
  }, {
    title: 'rewriting',
    Result: (result) => edit.ApplyRewrite(result, instruction, show_first),
    Error: (error) => status.Failed(error),
  })
enddef

export def Fix(lnum: number, message: string)
  if CanChange()
    fix.Fix(bufnr(), lnum, lnum == line('.') ? col('.') : 1, message)
  endif
enddef

def IsText(bufnr: number): bool
  if document.Attach(bufnr)
    return true
  endif
  status.Warn('this buffer holds no text of a file')
  return false
enddef

export def Commit(hint: string)
  const bufnr = bufnr()
  if &filetype != 'gitcommit'
    status.Warn('this is not a commit message; use it where git commit lets you write one')
    return
  endif
  client.WhenReady(() => commit.Write(bufnr, hint))
enddef

export def Cancel()
  if client.CancelTasks() == 0
    status.Say('nothing is running')
  endif
enddef

export def Status()
  client.WhenReady(() => status.Show())
enddef

export def Toggle(scope: string)
  ghost.Toggle(scope)
enddef

export def ToggleScopes(_: string, _: string, _: number): string
  return "buffer\nfiletype"
enddef

# For 'statusline': %{gridls#Statusline()}
export def Statusline(): string
  return status.Line()
enddef
