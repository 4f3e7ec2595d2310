;;; init.el --- The Emacs of editors/try  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; gridls on, and nothing of the user's own configuration: emacs -nw -Q -l editors/emacs/try/init.el

;;; Code:

(setq inhibit-startup-screen t
      initial-scratch-message nil
      make-backup-files nil
      auto-save-default nil
      create-lockfiles nil
      ring-bell-function #'ignore)
(setq-default indent-tabs-mode nil)
(menu-bar-mode -1)

(add-to-list 'load-path (expand-file-name ".." (file-name-directory load-file-name)))
(require 'gridls)
(setq gridls-command (cons (getenv "GRIDLS_TRY_PROGRAM")
                           (split-string (or (getenv "GRIDLS_TRY_OPTION") "") " " t)))
(with-eval-after-load 'cc-mode
  (setq-default c-basic-offset 4))

(defun gridls-try-keys ()
  "Show what can be tried."
  (interactive)
  (with-help-window "*gridls: keys*"
    (princ (getenv "GRIDLS_TRY_SOURCE"))
    (princ "  Type: what is offered stands in grey behind the cursor.

TAB  M-f  C-e                 accept it, the next word of it, its first line
C-g                           dismisses it
M-x gridls-complete           asks now
M-x gridls-explain            explains the region or the line
M-x gridls-ask                asks on
M-x gridls-refactor           rewrites the region or the line; a and r decide, C-/ undoes
M-x gridls-act                chooses from what can be done here
M-x gridls-cancel, -status    stop what runs, say how things are
M-x gridls-try-keys           shows this again
C-x C-c                       leaves; nothing need be saved")))

(global-gridls-mode)
(unless (getenv "GRIDLS_TRY_QUIET")
  (add-hook 'emacs-startup-hook #'gridls-try-keys))

;;; init.el ends here
