;;; gridls-edit.el --- Edits of gridls and their preview  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Turns a WorkspaceEdit into hunks of whole lines that stay with their text, shows them as a
;; diff, and applies those that a person accepts: only to the text that they were made for, and as
;; one undo step.

;;; Code:

(require 'cl-lib)
(require 'diff-mode)
(require 'subr-x)
(require 'gridls-client)
(require 'gridls-document)

(defcustom gridls-preview t
  "Whether a rewrite is shown as a diff first.
Otherwise it is applied at once."
  :type 'boolean
  :group 'gridls)

(cl-defstruct (gridls-edit-hunk (:copier nil))
  "The lines from BEGIN to END, markers, are OLD and shall be NEW.
PIECES are (FROM TO TEXT), counted from BEGIN, the last one first: what really
changes, so that all else stays as it is."
  begin end old new pieces)

(defconst gridls-edit--context 3
  "Lines that are shown round a hunk.")

;;;; Undo

(defun gridls-edit-new-step ()
  "The place in this buffer's history where one undo step begins.
Hand it to `gridls-edit-in-step'."
  (cons (prepare-change-group) nil))

(defmacro gridls-edit-in-step (step &rest body)
  "Run BODY and make all that it does part of the undo step STEP.
Where something else has been changed since STEP was last used, a new step
begins; then STEP is that one."
  (declare (indent 1) (debug t))
  `(gridls-edit--in-step ,step (lambda () ,@body)))

(defun gridls-edit--in-step (step function)
  "Call FUNCTION and make all that it does part of STEP."
  (if (eq buffer-undo-list t)
      (funcall function)
    (undo-boundary)
    (unless (and (cdr step) (eq (cdr step) (gridls-edit--last-change)))
      (setcar step (prepare-change-group)))
    (activate-change-group (car step))
    (prog1 (funcall function)
      (undo-amalgamate-change-group (car step))
      (undo-boundary)
      (setcdr step (gridls-edit--last-change)))))

(defun gridls-edit--last-change ()
  "The newest change in this buffer's history."
  (and (consp buffer-undo-list)
       (cl-find-if-not #'null buffer-undo-list)))

;;;; Hunks

(defun gridls-edit-hunks (edit)
  "What EDIT, a WorkspaceEdit, wants: a list of (BUFFER HUNK…).
Signals a `user-error' where it is not for the text as it is now."
  (delq nil (mapcar (lambda (change) (apply #'gridls-edit--of-buffer change))
                    (gridls-edit--changes edit))))

(defun gridls-edit--changes (edit)
  "A list of (URI VERSION EDITS) for each text that EDIT is of."
  (if-let ((documents (plist-get edit :documentChanges)))
      (mapcar (lambda (change)
                (unless (plist-get change :textDocument)
                  (user-error "Files are not made, renamed or deleted here"))
                (list (plist-get (plist-get change :textDocument) :uri)
                      (plist-get (plist-get change :textDocument) :version)
                      (append (plist-get change :edits) nil)))
              documents)
    (cl-loop for (uri edits) on (plist-get edit :changes) by #'cddr
             collect (list (substring (symbol-name uri) 1) nil (append edits nil)))))

(defun gridls-edit--of-buffer (uri version edits)
  "The buffer of URI and the hunks of EDITS, which are of its VERSION."
  (let ((buffer (gridls-document-buffer uri)))
    (unless buffer
      (user-error "The text to change is not open any more"))
    (with-current-buffer buffer
      (when buffer-read-only
        (user-error "Buffer %s is read-only" (buffer-name)))
      (when edits
        (save-excursion
          (save-restriction
            (widen)
            (cons buffer (gridls-edit--make-hunks edits (gridls-edit--shift version edits)))))))))

(defun gridls-edit--shift (version edits)
  "How far the lines of EDITS have moved since VERSION of this buffer."
  (if (not (and version gridls-document--open))
      0
    (gridls-document-identifier)
    (or (gridls-document-shift
         version
         (apply #'min (mapcar (lambda (edit) (gridls-edit--line edit :start)) edits))
         (1+ (apply #'max (mapcar (lambda (edit) (gridls-edit--line edit :end)) edits))))
        (user-error "The text has changed meanwhile, so nothing was done"))))

(defun gridls-edit--line (edit which)
  "The line of the start or the end of EDIT; WHICH is :start or :end."
  (plist-get (plist-get (plist-get edit :range) which) :line))

(defun gridls-edit--make-hunks (edits shift)
  "The hunks of EDITS, whose lines are moved on by SHIFT, in the order of the text.
Edits that share a line or a place are one hunk."
  (let (hunks)
    (dolist (piece (gridls-edit--pieces edits shift))
      (let* ((begin (save-excursion (goto-char (nth 0 piece)) (gridls-document-bol)))
             (end (gridls-edit--end-of-lines piece))
             (above (car hunks)))
        (if (and above (or (< begin (nth 1 above)) (= begin (nth 0 above))))
            (setcar hunks (list (nth 0 above) (max end (nth 1 above))
                                (cons piece (nth 2 above))))
          (push (list begin end (list piece)) hunks))))
    (mapcar (lambda (hunk) (apply #'gridls-edit--make-hunk hunk)) (nreverse hunks))))

(defun gridls-edit--pieces (edits shift)
  "EDITS as (BEGIN END TEXT), the first in the text first.
Their lines are moved on by SHIFT.  Of insertions at one place the order is
kept."
  (sort (mapcar (lambda (edit)
                  (let ((range (plist-get edit :range)))
                    (list (gridls-document-point (plist-get range :start) shift)
                          (gridls-document-point (plist-get range :end) shift)
                          (plist-get edit :newText))))
                edits)
        (lambda (a b) (< (car a) (car b)))))

(defun gridls-edit--end-of-lines (piece)
  "Where the last of the lines ends that PIECE is of."
  (pcase-let ((`(,begin ,end ,text) piece))
    (save-excursion
      (goto-char end)
      (if (and (bolp) (or (< begin end) (string-suffix-p "\n" text)))
          ;; A whole line more or less; the next one is as it was.
          (if (or (string-empty-p text) (string-suffix-p "\n" text))
              end
            (gridls-edit--next-line))
        (gridls-edit--next-line)))))

(defun gridls-edit--next-line ()
  "Where the line after that of point begins, or the end of the text."
  (min (point-max) (1+ (gridls-document-eol))))

(defun gridls-edit--make-hunk (begin end pieces)
  "The hunk of the lines from BEGIN to END.
PIECES are (BEGIN END TEXT), the last one first."
  (let* ((old (buffer-substring-no-properties begin end))
         (new old)
         ;; What is put in right above it, by the hunk before, is not part of it.
         (start (copy-marker begin t))
         (pieces (mapcar (pcase-lambda (`(,from ,to ,text))
                           (list (- from begin) (- to begin) text))
                         pieces)))
    (pcase-dolist (`(,from ,to ,text) pieces)
      (setq new (concat (substring new 0 from) text (substring new to))))
    (make-gridls-edit-hunk :begin start :end (if (= begin end) start (copy-marker end))
                           :old old :new new :pieces pieces)))

(defun gridls-edit-fits-p (hunk)
  "Whether this buffer still has the text that HUNK is for."
  (let ((begin (gridls-edit-hunk-begin hunk))
        (end (gridls-edit-hunk-end hunk)))
    (save-restriction
      (widen)
      ;; What is typed at the beginning of its first line moves that too.
      (and (save-excursion
             (goto-char begin)
             (bolp))
           (equal (gridls-edit-hunk-old hunk) (buffer-substring-no-properties begin end))))))

(defun gridls-edit-apply (buffer hunks step)
  "Make HUNKS part of BUFFER within the undo step STEP.
Where one of them does not fit any more, none is, and an error says so."
  (unless (buffer-live-p buffer)
    (user-error "The text to change is not open any more"))
  (with-current-buffer buffer
    (barf-if-buffer-read-only)
    (unless (cl-every #'gridls-edit-fits-p hunks)
      (user-error "The text has changed meanwhile, so nothing was done"))
    (gridls-edit-in-step step
      (save-excursion
        (save-restriction
          (widen)
          (dolist (hunk hunks)
            (let ((begin (marker-position (gridls-edit-hunk-begin hunk))))
              (pcase-dolist (`(,from ,to ,text) (gridls-edit-hunk-pieces hunk))
                (goto-char (+ begin from))
                (delete-region (point) (+ begin to))
                (insert text)))))))
    (when gridls-document--open
      (gridls-document-identifier))))

(defun gridls-edit-apply-all (whole)
  "Make all hunks of WHOLE, a list of (BUFFER HUNK…).
In each buffer that is one undo step."
  (pcase-dolist (`(,buffer . ,hunks) whole)
    (with-current-buffer buffer
      (gridls-edit-apply buffer hunks (gridls-edit-new-step)))))

(defun gridls-edit--answer (params)
  "Answer `workspace/applyEdit' with PARAMS."
  (condition-case failure
      (progn
        (gridls-edit-apply-all (gridls-edit-hunks (plist-get params :edit)))
        '(:applied t))
    (error `(:applied :json-false :failureReason ,(error-message-string failure)))))

(setf (alist-get 'workspace/applyEdit gridls-client-request-handlers) #'gridls-edit--answer)

;;;; Preview

(defvar-local gridls-edit--buffer nil
  "The buffer that the previewed hunks are of.")
(defvar-local gridls-edit--step nil
  "The undo step that accepted hunks are part of.")

(defvar gridls-preview-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map special-mode-map)
    (define-key map "a" #'gridls-preview-accept)
    (define-key map "r" #'gridls-preview-reject)
    (define-key map "A" #'gridls-preview-accept-all)
    (define-key map "q" #'gridls-preview-reject-all)
    (define-key map "\C-c\C-c" #'gridls-preview-accept-all)
    (define-key map "\C-c\C-k" #'gridls-preview-reject-all)
    (define-key map "n" #'gridls-preview-next)
    (define-key map "p" #'gridls-preview-previous)
    (define-key map "\r" #'gridls-preview-visit)
    map)
  "Keys where a rewrite is shown before it is made.")

(define-derived-mode gridls-preview-mode diff-mode "gridls diff"
  "A rewrite of gridls, to be accepted or rejected hunk by hunk.
\\{gridls-preview-mode-map}"
  (setq buffer-read-only t)
  ;; The keys of read-only diffs would go before ours, and what is highlighted must not depend on a
  ;; file that the diff names.
  (setq-local minor-mode-overriding-map-alist nil
              diff-font-lock-syntax nil
              header-line-format
              (substitute-command-keys
               (concat " \\<gridls-preview-mode-map>\\[gridls-preview-accept] accept, "
                       "\\[gridls-preview-reject] reject this hunk   "
                       "\\[gridls-preview-accept-all] accept, "
                       "\\[gridls-preview-reject-all] reject all the rest   "
                       "\\[gridls-preview-next], \\[gridls-preview-previous] next, previous"))))

(defun gridls-edit-preview (buffer hunks select)
  "Show what HUNKS would change in BUFFER as a diff.
SELECT says whether its window is selected."
  (let ((preview (get-buffer-create (format "*gridls diff: %s*" (buffer-name buffer))))
        (texts (with-current-buffer buffer
                 (save-restriction
                   (widen)
                   (gridls-edit--diff hunks))))
        (name (buffer-name buffer)))
    (with-current-buffer preview
      (let ((inhibit-read-only t))
        (erase-buffer)
        (gridls-preview-mode)
        (setq gridls-edit--buffer buffer
              gridls-edit--step (with-current-buffer buffer (gridls-edit-new-step)))
        (insert (format "--- %s\n+++ %s, rewritten\n" name name))
        (cl-mapc (lambda (hunk text)
                   (insert (propertize text 'gridls-hunk hunk)))
                 hunks texts)
        (goto-char (point-min))
        (gridls-preview-next)))
    (if select
        (pop-to-buffer preview)
      (display-buffer preview))
    preview))

(defun gridls-edit--diff (hunks)
  "The text of each of HUNKS in a unified diff of this buffer.
The lines round them are shown once."
  (let ((shift 0) (last-end (point-min)) texts)
    (cl-loop
     for (hunk next) on hunks
     do (pcase-let*
            ((`(,above . ,above-count)
              (gridls-edit--context-above (gridls-edit-hunk-begin hunk) last-end))
             (`(,below . ,below-count)
              (gridls-edit--context-below
               (gridls-edit-hunk-end hunk)
               (if next (gridls-edit-hunk-begin next) (point-max))))
             (first (- (line-number-at-pos (gridls-edit-hunk-begin hunk)) above-count))
             (old (gridls-edit--lines (gridls-edit-hunk-old hunk)))
             (new (gridls-edit--lines (gridls-edit-hunk-new hunk)))
             (kept (+ above-count below-count)))
          (push (concat
                 (format "@@ -%d,%d +%d,%d @@\n" first (+ kept (length old))
                         (+ first shift) (+ kept (length new)))
                 above
                 (gridls-edit--marked "-" old)
                 (gridls-edit--marked "+" new)
                 below)
                texts)
          (setq last-end (save-excursion
                           (goto-char (gridls-edit-hunk-end hunk))
                           (forward-line below-count)
                           (point)))
          (cl-incf shift (- (length new) (length old)))))
    (nreverse texts)))

(defun gridls-edit--lines (text)
  "The lines of TEXT; the last one may lack its end."
  (let ((lines (split-string text "\n")))
    (if (string-empty-p (car (last lines)))
        (butlast lines)
      lines)))

(defun gridls-edit--marked (mark lines)
  "LINES with MARK before each."
  (mapconcat (lambda (line) (concat mark line "\n")) lines ""))

(defun gridls-edit--context-above (position limit)
  "The lines above POSITION that are shown, not before LIMIT, and how many."
  (save-excursion
    (goto-char position)
    (forward-line (- gridls-edit--context))
    (gridls-edit--context-of (max (point) limit) position)))

(defun gridls-edit--context-below (position limit)
  "The lines from POSITION on that are shown, not beyond LIMIT, and how many."
  (save-excursion
    (goto-char position)
    (forward-line gridls-edit--context)
    (gridls-edit--context-of position (min (point) limit))))

(defun gridls-edit--context-of (begin end)
  "The lines between BEGIN and END as a diff has them, and how many."
  (let ((lines (and (< begin end)
                    (gridls-edit--lines (buffer-substring-no-properties begin end)))))
    (cons (gridls-edit--marked " " lines) (length lines))))

(defun gridls-edit--hunk-at-point ()
  "The hunk at point."
  (or (get-text-property (point) 'gridls-hunk)
      (user-error "There is no hunk here")))

(defun gridls-edit--hunks-left ()
  "The hunks that are not decided on yet."
  (let ((position (point-min)) hunks)
    (while (< position (point-max))
      (when-let ((hunk (get-text-property position 'gridls-hunk)))
        (push hunk hunks))
      (setq position (next-single-property-change position 'gridls-hunk nil (point-max))))
    (nreverse hunks)))

(defun gridls-edit--take-away (hunk)
  "Take HUNK out of the preview, and end that after the last one."
  (let* ((inhibit-read-only t)
         (begin (text-property-any (point-min) (point-max) 'gridls-hunk hunk))
         (end (next-single-property-change begin 'gridls-hunk nil (point-max))))
    (delete-region begin end)
    (goto-char begin)
    (cond
     ((not (gridls-edit--hunks-left)) (gridls-edit--close))
     ((eobp) (gridls-preview-previous)))))

(defun gridls-edit--close ()
  "End the preview."
  (let ((buffer gridls-edit--buffer))
    (quit-window t)
    (when-let ((window (and (buffer-live-p buffer) (get-buffer-window buffer))))
      (select-window window))))

(defun gridls-preview-accept ()
  "Make the hunk at point part of the text."
  (interactive nil gridls-preview-mode)
  (let ((hunk (gridls-edit--hunk-at-point)))
    (gridls-edit-apply gridls-edit--buffer (list hunk) gridls-edit--step)
    (gridls-edit--take-away hunk)))

(defun gridls-preview-reject ()
  "Leave the text of the hunk at point as it is."
  (interactive nil gridls-preview-mode)
  (gridls-edit--take-away (gridls-edit--hunk-at-point)))

(defun gridls-preview-accept-all ()
  "Make all hunks that are left part of the text."
  (interactive nil gridls-preview-mode)
  (gridls-edit-apply gridls-edit--buffer (gridls-edit--hunks-left) gridls-edit--step)
  (gridls-edit--close))

(defun gridls-preview-reject-all ()
  "Leave the text of all hunks that are left as it is."
  (interactive nil gridls-preview-mode)
  (gridls-edit--close))

(defun gridls-preview-next ()
  "Go to the next hunk."
  (interactive nil gridls-preview-mode)
  (let ((place (next-single-property-change (point) 'gridls-hunk)))
    (when place
      (goto-char place))))

(defun gridls-preview-previous ()
  "Go to the hunk before this one."
  (interactive nil gridls-preview-mode)
  (let ((place (previous-single-property-change (point) 'gridls-hunk)))
    (when (and place (get-text-property (1- (max 2 place)) 'gridls-hunk))
      (setq place (previous-single-property-change place 'gridls-hunk)))
    (when (and place (get-text-property place 'gridls-hunk))
      (goto-char place))))

(defun gridls-preview-visit ()
  "Show the text that the hunk at point is of."
  (interactive nil gridls-preview-mode)
  (let ((hunk (gridls-edit--hunk-at-point)))
    (pop-to-buffer gridls-edit--buffer)
    (goto-char (gridls-edit-hunk-begin hunk))))

(provide 'gridls-edit)
;;; gridls-edit.el ends here
