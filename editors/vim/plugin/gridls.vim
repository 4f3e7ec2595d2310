" gridls: ghost text, explanations, rewrites and commit messages from the gridls language server.
" This file is in legacy script so that an older Vim can say what it lacks; the rest is Vim9 script.

if exists('g:loaded_gridls')
  finish
endif
let g:loaded_gridls = 1

function! s:what_is_missing() abort
  if has('nvim')
    " 0.10: text within a line.
    return has('nvim-0.10') ? ''
          \ : 'this Neovim is too old; it needs 0.10 or newer'
  endif
  " 9.0.0185: text properties with text, in the line and below it.
  if !has('vim9script') || !has('patch-9.0.0185')
    return 'this Vim is too old; it needs 9.0.0185 or newer'
  endif
  for l:feature in ['job', 'channel', 'timers', 'textprop']
    if !has(l:feature)
      return 'this Vim was built without +' . l:feature
    endif
  endfor
  if &encoding !=? 'utf-8'
    return "it needs 'encoding' to be utf-8"
  endif
  return ''
endfunction

let s:missing = s:what_is_missing()
if !empty(s:missing)
  for s:name in ['Explain', 'Ask', 'Refactor', 'Project', 'Fix', 'Commit', 'Cancel', 'Status', 'Toggle']
    execute 'command! -bang -range -nargs=* Gridls' . s:name . ' echo '
          \ . string('gridls: ' . s:missing . '.')
  endfor
  finish
endif

if has('nvim')
  lua require('gridls').setup()
  finish
endif

" Where Vim loads a script for a command that was typed, and not for a function of it, it scrolls for the
" next message of a callback, and so stops the person at a hit-enter prompt (seen in 9.0.1378).
function! s:run(name, ...) abort
  call call('gridls#' . a:name, a:000)
endfunction

command! -nargs=* -range GridlsExplain
      \ call s:run('Explain', <q-mods>, <range>, <line1>, <line2>, <q-args>)
command! -nargs=+ GridlsAsk call s:run('Ask', <q-args>)
command! -bang -nargs=* -range GridlsRefactor
      \ call s:run('Refactor', <bang>0, <line1>, <line2>, <q-args>)
command! -nargs=+ GridlsProject call s:run('Project', <q-args>)
command! -nargs=* -range GridlsFix call s:run('Fix', <line2>, <q-args>)
command! -nargs=* GridlsCommit call s:run('Commit', <q-args>)
command! -bar GridlsCancel call s:run('Cancel')
command! -bar GridlsStatus call s:run('Status')
command! -bar -nargs=? -complete=custom,gridls#ToggleScopes GridlsToggle
      \ call s:run('Toggle', <q-args>)

inoremap <silent> <Plug>(gridls-accept) <C-G>u<Cmd>call gridls#ghost#Accept('all')<CR>
inoremap <silent> <Plug>(gridls-accept-word) <Cmd>call gridls#ghost#Accept('word')<CR>
inoremap <silent> <Plug>(gridls-accept-line) <Cmd>call gridls#ghost#Accept('line')<CR>
inoremap <silent> <Plug>(gridls-next) <Cmd>call gridls#ghost#Cycle(1)<CR>
inoremap <silent> <Plug>(gridls-previous) <Cmd>call gridls#ghost#Cycle(-1)<CR>
inoremap <silent> <Plug>(gridls-dismiss) <Cmd>call gridls#ghost#Dismiss()<CR>
inoremap <silent> <Plug>(gridls-suggest) <Cmd>call gridls#ghost#Suggest()<CR>
nnoremap <silent> <Plug>(gridls-explain) <Cmd>GridlsExplain<CR>
xnoremap <silent> <Plug>(gridls-explain) :GridlsExplain<CR>
xnoremap <Plug>(gridls-refactor) :GridlsRefactor<Space>
nnoremap <silent> <Plug>(gridls-fix) <Cmd>GridlsFix<CR>

" Gives `key` to `plug` where ghost text is shown, and else to what it did before: the map that it
" had, of whatever kind, or the key itself. A key that ends in an error of ours is worse than none.
function! s:map(key, plug) abort
  let l:before = '<Plug>(gridls-before-' . tr(a:key, '<>', '{}') . ')'
  let l:old = maparg(a:key, 'i', 0, 1)
  if empty(l:old)
    " Of the keys that a map gives, only CTRL-] completes an abbreviation.
    let l:keys = a:key ==# '<Tab>' ? '<C-]><Tab>' : a:key
    execute 'inoremap <silent>' l:before l:keys
  elseif l:old.buffer
    return
  else
    let l:old.lhs = l:before
    let l:old.lhsraw = substitute(l:before, '^<Plug>', "\<Plug>", '')
    silent! unlet l:old.lhsrawalt
    call mapset('i', 0, l:old)
  endif
  execute printf('imap <silent><expr> %s gridls#ghost#IsVisible() ? "\%s" : "\%s"',
        \ a:key, a:plug, l:before)
endfunction

function! s:map_keys() abort
  if get(g:, 'gridls_no_maps')
    return
  endif
  if !get(g:, 'gridls_no_tab_map')
    call s:map('<Tab>', '<Plug>(gridls-accept)')
  endif
  call s:map('<M-Right>', '<Plug>(gridls-accept-word)')
  call s:map('<M-C-Right>', '<Plug>(gridls-accept-line)')
  call s:map('<M-]>', '<Plug>(gridls-next)')
  call s:map('<M-[>', '<Plug>(gridls-previous)')
  call s:map('<C-]>', '<Plug>(gridls-dismiss)')
endfunction

" <M-\> and the letter that German keyboards have are the same to Vim, and nobody may lose a letter.
" So what terminals send for Alt-\ becomes function keys that no keyboard has. Where Vim waits long
" for the rest of a key, Escape followed by a backslash would be taken for it.
function! s:map_alt_backslash() abort
  if get(g:, 'gridls_no_maps') || has('gui_running') || !&ttimeout || &ttimeoutlen < 0 || &ttimeoutlen > 100
    return
  endif
  for [l:key, l:code] in [['<F36>', "\<Esc>\\"], ['<F37>', "\<Esc>[27;3;92~"]]
    try
      execute 'set' l:key
    catch /^Vim\%((\a\+)\)\=:E846:/
      execute 'set' l:key .. '=' .. l:code
      execute 'imap <silent>' l:key '<Plug>(gridls-suggest)'
      execute 'nmap <silent>' l:key '<Esc>\'
    endtry
  endfor
endfunction

" Now, as telling Vim a key clears the screen: later this would take a message away.
call s:map_alt_backslash()

function! s:highlight() abort
  highlight default GridlsGhost ctermfg=DarkGray guifg=#808080
endfunction
call s:highlight()

augroup gridls
  autocmd!
  autocmd InsertEnter * call gridls#ghost#Enter()
  autocmd TextChangedI,TextChangedP,CursorMovedI * call gridls#ghost#Changed()
  autocmd InsertLeave,BufLeave * call gridls#ghost#Dismiss()
  autocmd BufEnter,BufReadPost * call gridls#document#Attach(str2nr(expand('<abuf>')))
  autocmd FileType,BufFilePost * call gridls#document#Reopen(str2nr(expand('<abuf>')))
  autocmd BufWritePost * call gridls#document#Saved(str2nr(expand('<abuf>')))
  autocmd BufUnload * call gridls#document#Detach(str2nr(expand('<abuf>')))
  autocmd VimLeavePre * call gridls#client#Stop()
  autocmd ColorScheme * call s:highlight()
augroup END

" Only once all plugins are there is it known what a key did before.
if v:vim_did_enter
  call s:map_keys()
else
  autocmd gridls VimEnter * ++once call s:map_keys()
endif
