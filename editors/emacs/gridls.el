;;; gridls.el --- Ghost text, explanations, rewrites  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;; Author: The gridls authors
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: convenience, tools
;; URL: https://thegrid.ai

;;; Commentary:

;; The Emacs side of gridls, a daemon that offers what could come next while you type, explains
;; code, rewrites it and writes commit messages.
;;
;;   (add-to-list 'load-path ".../editors/emacs")
;;   (require 'gridls)
;;   (global-gridls-mode)
;;
;; The daemon is the program `gridls' on PATH, or what `gridls-command' says.  Its README says how
;; it is built and where the key goes; M-x gridls-status says how things are.
;;
;; What is offered stands in grey behind the cursor.  While it does, TAB accepts it, M-f a word of
;; it and C-e a line, M-n and M-p show other candidates and C-g dismisses it; these keys are their
;; old selves everywhere else.  M-x gridls-explain, gridls-ask, gridls-refactor, gridls-fix,
;; gridls-commit-message and gridls-cancel do the rest.  M-x customize-group RET gridls.

;;; Code:

(require 'gridls-client)
(require 'gridls-commit)
(require 'gridls-document)
(require 'gridls-edit)
(require 'gridls-explain)
(require 'gridls-inline)
(require 'gridls-refactor)

(defcustom gridls-disabled-modes nil
  "Major modes, and those derived from them, in which gridls stays off.
This is for variable `global-gridls-mode'; \\[gridls-mode] turns it on even there."
  :type '(repeat symbol)
  :group 'gridls)

(defvar gridls-lighter '(:eval (gridls--lighter))
  "What the mode line shows.")
(put 'gridls-lighter 'risky-local-variable t)

;;;###autoload
(define-minor-mode gridls-mode
  "Offer what could come next while you type, in grey behind the cursor.
\\{gridls-inline-map}"
  :lighter gridls-lighter
  :group 'gridls
  (cond
   (gridls-mode
    (gridls-inline-enable)
    (gridls-document-add-root)
    ;; Not at once: a file should not open later, nor its messages hide ours.
    (unless noninteractive
      (run-at-time 0 nil #'gridls-client-start)))
   (t
    (gridls-inline-disable)
    (gridls-document-detach))))

;;;###autoload
(define-globalized-minor-mode global-gridls-mode gridls-mode gridls--turn-on
  :group 'gridls)

(defun gridls--turn-on ()
  "Turn variable `gridls-mode' on where this buffer is for writing text or code."
  (when (and (derived-mode-p 'prog-mode 'text-mode 'conf-mode)
             (not (apply #'derived-mode-p gridls-disabled-modes))
             (not buffer-read-only)
             (gridls-document-possible-p))
    (gridls-mode)))

;;;; Status

(defconst gridls--state-words
  '(("working" . "…") ("limited" . ":paused") ("offline" . ":offline")
    ("unconfigured" . ":no key"))
  "What the mode line says of states of the daemon.")

(defun gridls--lighter ()
  "The lighter of variable `gridls-mode'."
  (let ((running (caar (gridls-client-running))))
    (propertize
     (concat " gridls"
             (cond ((eq gridls-client-state 'failed) ":off")
                   (running (format ":%s…" running))
                   ((alist-get (plist-get gridls-client-status :state) gridls--state-words
                               nil nil #'equal))))
     'help-echo (lambda (&rest _) (gridls--summary)))))

(defun gridls--summary ()
  "What there is to say of the daemon, in one line."
  (let* ((usage (plist-get gridls-client-status :usage))
         (requests (or (plist-get usage :requests) 0))
         (message (plist-get gridls-client-status :message)))
    (string-join
     (delq nil
           (list
            (or (plist-get gridls-client-status :state)
                (if (gridls-client-ready-p) "ready" (symbol-name gridls-client-state)))
            (and (stringp message) (not (string-empty-p message)) message)
            (when-let ((running (gridls-client-running)))
              (mapconcat (lambda (task)
                           (concat (car task) (and (cdr task) (format " (%s)" (cdr task)))))
                         running ", "))
            (and (> requests 0)
                 (format "%d request%s, %d tokens sent, %d received" requests
                         (if (= requests 1) "" "s")
                         (or (plist-get usage :promptTokens) 0)
                         (or (plist-get usage :completionTokens) 0)))
            (when-let ((warning (gridls-client-last-warning)))
              (and (not (equal warning message))
                   (concat "last message: " warning)))))
     "; ")))

;;;###autoload
(defun gridls-status ()
  "Say how the daemon is; start it where it is not running."
  (interactive)
  (gridls-client-when-ready
   (lambda ()
     (gridls-client-request
      'gridls/status nil
      :result (lambda (status)
                (setq gridls-client-status status)
                (force-mode-line-update t)
                (gridls-client-say "%s" (gridls--summary)))
      :error #'gridls-client-tell-failure))))

;;;###autoload
(defun gridls-cancel ()
  "Stop all that a person waits for."
  (interactive)
  (when (zerop (gridls-client-cancel-all))
    (gridls-client-say "nothing is running")))

(provide 'gridls)
;;; gridls.el ends here
