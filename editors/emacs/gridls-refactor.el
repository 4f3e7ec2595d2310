;;; gridls-refactor.el --- Rewrites and fixes by gridls  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Asks for a rewrite, by an instruction of one's own, by one of the daemon's, or by what a
;; diagnostic says, and shows it as a diff or applies it.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'gridls-client)
(require 'gridls-diagnostics)
(require 'gridls-document)
(require 'gridls-edit)

(defvar gridls-refactor-history nil
  "Instructions that were given.")

(defun gridls-refactor-lines ()
  "The lines of the region or, without one, the line of point.
They are whole lines, as (BEGIN . END)."
  (if (use-region-p)
      (gridls-refactor--whole-lines (region-beginning) (region-end))
    (gridls-refactor--whole-lines (point) (point))))

(defun gridls-refactor--whole-lines (begin end)
  "The whole lines between BEGIN and END, as (BEGIN . END)."
  (save-excursion
    (cons (progn (goto-char begin) (gridls-document-bol))
          (progn (goto-char end)
                 (if (and (bolp) (< begin end))
                     end
                   (min (point-max) (1+ (gridls-document-eol))))))))

;;;###autoload
(defun gridls-refactor (begin end instruction)
  "Rewrite the lines between BEGIN and END by INSTRUCTION.
Interactively these are the lines of the region or the line of point."
  (interactive
   (progn
     (barf-if-buffer-read-only)
     (pcase-let ((`(,begin . ,end) (gridls-refactor-lines)))
       (list begin end (read-string (gridls-refactor--prompt begin end) nil
                                    'gridls-refactor-history)))))
  (when (string-blank-p instruction)
    (user-error "Say what to do with these lines"))
  (gridls-refactor--when-attached
   (lambda (begin end)
     (gridls-refactor-request `( :textDocument ,(gridls-document-identifier)
                                 :range ,(gridls-document-range begin end)
                                 :instruction ,instruction)
                              "rewriting"))
   begin end))

(defun gridls-refactor--prompt (begin end)
  "What is asked for the lines between BEGIN and END."
  (let ((first (line-number-at-pos begin t))
        (last (line-number-at-pos (max begin (1- end)) t)))
    (if (= first last)
        (format "Rewrite line %d: " first)
      (format "Rewrite lines %d to %d: " first last))))

(defun gridls-refactor--when-attached (function &rest places)
  "Call FUNCTION with PLACES once this buffer's text is known to the daemon.
What changes until then moves them."
  (let ((markers (mapcar #'copy-marker places)))
    (deactivate-mark)
    (gridls-client-when-ready
     (lambda ()
       (if (gridls-document-attach)
           (apply function (mapcar #'marker-position markers))
         (gridls-client-warn "this buffer holds no text for the daemon"))))))

(defun gridls-refactor-request (params title)
  "Ask for the rewrite of PARAMS in this buffer.
TITLE is what the mode line shows meanwhile."
  (let ((window (selected-window))
        (buffer (current-buffer))
        (keys num-input-keys))
    (gridls-client-say "%s… (M-x gridls-cancel stops it)" title)
    (gridls-client-request
     'gridls/refactor params
     :title title
     :result (lambda (result)
               (gridls-refactor--take
                result
                ;; A window is selected only for one who waits for it.
                (and (eq window (selected-window))
                     (eq buffer (window-buffer window))
                     (eql keys num-input-keys))))
     :error #'gridls-client-tell-failure)))

(defun gridls-refactor--take (result select)
  "Show or make the edit of RESULT.
SELECT is whether to select the window of the preview."
  (let ((changes (gridls-edit-hunks (plist-get result :edit))))
    (cond
     ((null changes)
      (gridls-client-say "there is nothing to change"))
     (gridls-preview
      (pcase-dolist (`(,buffer . ,hunks) changes)
        (gridls-edit-preview buffer hunks select)
        (gridls-client-say "%d hunk%s to look at" (length hunks)
                           (if (cdr hunks) "s" ""))))
     (t
      (gridls-edit-apply-all changes)
      (gridls-client-say "done; one undo takes it back")))))

;;;; The daemon's own rewrites, and diagnostics

;;;###autoload
(defun gridls-act ()
  "Choose what to do with the lines of the region, or with the line of point."
  (interactive "*")
  (pcase-let ((`(,begin . ,end) (gridls-refactor-lines)))
    (gridls-refactor--when-attached
     (lambda (begin end)
       (gridls-refactor--choose begin end (gridls-diagnostics-between begin end) nil))
     begin end)))

;;;###autoload
(defun gridls-fix ()
  "Fix what a diagnostic at point, or in its line, is about.
It may be one of Flymake or of Flycheck."
  (interactive "*")
  (let ((diagnostics (or (gridls-diagnostics-between (point) (point))
                         (gridls-diagnostics-between (gridls-document-bol)
                                                       (gridls-document-eol)))))
    (unless diagnostics
      (user-error "There is no diagnostic in this line"))
    (gridls-refactor--when-attached
     (lambda (begin end)
       (gridls-refactor--choose begin end diagnostics ["quickfix"]))
     (point) (point))))

(defun gridls-refactor--choose (begin end diagnostics only)
  "Choose from what the daemon can do between BEGIN and END, and do it.
DIAGNOSTICS are (BEGIN END TEXT), and ONLY is a vector of kinds, or nil.  Where
there is one thing, it is done."
  (let ((buffer (current-buffer)))
    (gridls-client-request
     'textDocument/codeAction
     `( :textDocument ,(gridls-document-identifier)
        :range ,(gridls-document-range begin end)
        :context ( :diagnostics ,(gridls-diagnostics-wire diagnostics)
                   :triggerKind 1
                   ,@(and only `(:only ,only))))
     :result (lambda (actions)
               ;; Not from a process filter: it asks.
               (run-at-time 0 nil #'gridls-refactor--choose-from buffer (append actions nil)))
     :error #'gridls-client-tell-failure)))

(defun gridls-refactor--choose-from (buffer actions)
  "Choose one of ACTIONS, commands with their params, and do it in BUFFER."
  (let* ((actions (cl-remove-if-not
                   (lambda (action) (equal (plist-get action :command) "gridls.refactor"))
                   actions))
         (titles (mapcar (lambda (action) (plist-get action :title)) actions))
         (title (if (cdr titles)
                    (completing-read "Do: " titles nil t)
                  (car titles)))
         (action (cl-find title actions :test #'equal
                          :key (lambda (action) (plist-get action :title)))))
    (cond
     ((not action) (gridls-client-say "there is nothing to do here"))
     ((buffer-live-p buffer)
      (with-current-buffer buffer
        (gridls-refactor-request (copy-sequence (aref (plist-get action :arguments) 0))
                                 (if (string-prefix-p "Fix: " title) "fixing" "rewriting")))))))

(provide 'gridls-refactor)
;;; gridls-refactor.el ends here
