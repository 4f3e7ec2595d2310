" The Vim and Neovim of editors/try: the plugin on, and nothing of the user's own configuration.

set nocompatible hidden ruler showcmd laststatus=2 mouse= ttimeout ttimeoutlen=50
set expandtab shiftwidth=4 softtabstop=4 autoindent encoding=utf-8
filetype plugin indent on
syntax on

let &runtimepath = expand('<sfile>:p:h') .. ',' .. &runtimepath
let g:gridls_command = [$GRIDLS_TRY_PROGRAM]
if !empty($GRIDLS_TRY_OPTION)
  call add(g:gridls_command, $GRIDLS_TRY_OPTION)
endif
let s:line = has('nvim') ? "v:lua.require'gridls'.statusline()" : 'gridls#Statusline()'
let &statusline = '%f %m%=%{' .. s:line .. '}  :Keys helps  %l,%c'

let s:keys = [
      \ $GRIDLS_TRY_SOURCE,
      \ '',
      \ 'i, then type            what is offered stands in grey behind the cursor',
      \ 'Tab  Alt-Right          accept it, the next word of it',
      \ 'Ctrl-]  Alt-\           dismiss it, ask now',
      \ ':60,75GridlsExplain     explain these lines; add a question to ask one',
      \ ':60,75GridlsRefactor …  rewrite these lines; u takes it back',
      \ ':GridlsCancel           stop what runs',
      \ ':GridlsStatus           say how things are',
      \ ':qa!                    leave without writing anything',
      \ ]
if has('nvim')
  command! -bar Keys echo join(s:keys, "\n")
  finish
endif
command! -bar Keys call popup_create(s:keys, {'title': ' gridls ', 'border': [], 'padding': [],
      \ 'moved': 'any', 'close': 'click', 'filter': 'popup_filter_menu'})
