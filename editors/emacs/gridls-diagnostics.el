;;; gridls-diagnostics.el --- What Flymake and Flycheck show  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; The daemon hears of other servers' and checkers' diagnostics from us alone.

;;; Code:

(require 'gridls-document)

(declare-function flymake-diagnostics "flymake")
(declare-function flymake-diagnostic-beg "flymake")
(declare-function flymake-diagnostic-end "flymake")
(declare-function flymake-diagnostic-text "flymake")
(declare-function flycheck-overlay-errors-in "ext:flycheck")
(declare-function flycheck-error-message "ext:flycheck")
(declare-function flycheck-error-region-for-mode "ext:flycheck")

(defun gridls-diagnostics-between (begin end)
  "What Flymake and Flycheck say of the text between BEGIN and END.
A list of (BEGIN END TEXT)."
  (append
   (and (bound-and-true-p flymake-mode)
        (mapcar (lambda (diagnostic)
                  (list (flymake-diagnostic-beg diagnostic)
                        (flymake-diagnostic-end diagnostic)
                        (flymake-diagnostic-text diagnostic)))
                (if (= begin end)
                    (flymake-diagnostics begin)
                  (flymake-diagnostics begin end))))
   (and (bound-and-true-p flycheck-mode)
        (mapcar (lambda (found)
                  (pcase-let ((`(,from . ,to)
                               (or (flycheck-error-region-for-mode found major-mode)
                                   (cons begin end))))
                    (list from to (flycheck-error-message found))))
                (flycheck-overlay-errors-in begin (max end (min (point-max) (1+ begin))))))))

(defun gridls-diagnostics-wire (diagnostics)
  "DIAGNOSTICS, (BEGIN END TEXT) each, as the daemon takes them."
  (vconcat (mapcar (pcase-lambda (`(,begin ,end ,text))
                     `(:range ,(gridls-document-range begin end) :message ,text))
                   diagnostics)))

(provide 'gridls-diagnostics)
;;; gridls-diagnostics.el ends here
