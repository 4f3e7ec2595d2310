;;; gridls-inline.el --- Ghost text of gridls  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; What the daemon offers at point, shown by an overlay and no part of the text until it is
;; accepted.
;;
;; An offer is made for a line as it was: an item's text stands between the unchanged beginning
;; and the unchanged end of that line.  As long as what is typed between them agrees with it, the
;; rest of it is shown, with no further request.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'gridls-client)
(require 'gridls-document)

(defcustom gridls-inline-inhibit-functions nil
  "Functions that are called in a buffer before ghost text is shown.
Where one of them returns non-nil there is none."
  :type 'hook
  :group 'gridls)

(defface gridls-ghost
  '((((class color) (min-colors 256) (background dark)) :foreground "#767676")
    (((class color) (min-colors 256) (background light)) :foreground "#8a8a8a")
    (t :inherit shadow))
  "Ghost text."
  :group 'gridls)

(defconst gridls-inline--line-limit 10000
  "In lines with more characters nothing is asked for while typing.
Each letter would send the whole of them.")

(defconst gridls-inline--invoked 1)
(defconst gridls-inline--automatic 2)

(cl-defstruct (gridls-inline-item (:copier nil))
  "TEXT stands between HEAD and TAIL, the beginning and the end of its line."
  text head tail)

(defvar-local gridls-inline--items nil
  "What is offered: a list of `gridls-inline-item', the shown one first.")
(defvar-local gridls-inline--invoked-p nil
  "Whether a person has asked for what is offered, and so for all there is.")
(defvar-local gridls-inline--line nil
  "A marker at the beginning of the line that the items are for.")
(defvar-local gridls-inline--overlays nil
  "The overlays that show ghost text, the one at point first.")
(defvar-local gridls-inline--ticket 0
  "The ticket of the last request.")
(defvar-local gridls-inline--seen nil
  "How the buffer was after the last command: (TICK . POINT).")
(defvar-local gridls-inline--changed-at nil
  "Where the last change of the text ended.")
(defvar-local gridls-inline--wanted nil
  "How the buffer was when there was no daemon yet to be asked.")
(defvar-local gridls-inline--asks nil
  "Whether typing in this buffer asks for ghost text by itself.")

;;;; Keys

(defvar-local gridls-inline-visible nil
  "Where ghost text is shown, or nil.
Non-nil makes `gridls-inline-map' active.")

(defun gridls-inline--bind (map key command predicate)
  "Bind KEY in MAP to COMMAND where PREDICATE is true, and to nothing elsewhere."
  (define-key map (kbd key)
              `(menu-item "" ,command :filter ,(lambda (command)
                                                 (and (funcall predicate) command)))))

(defvar gridls-inline-map
  (let ((map (make-sparse-keymap)))
    (pcase-dolist (`(,key ,command) '(("TAB" gridls-accept) ("<tab>" gridls-accept)
                                      ("M-f" gridls-accept-word) ("C-e" gridls-accept-line)
                                      ("C-g" gridls-dismiss)))
      (gridls-inline--bind map key command #'gridls-inline-shown-p))
    (gridls-inline--bind map "M-n" 'gridls-next #'gridls-inline-more-p)
    (gridls-inline--bind map "M-p" 'gridls-previous #'gridls-inline-more-p)
    map)
  "Keys where ghost text is shown.
Where there is nothing to accept each does what it did before.")

(defvar gridls-inline--emulation-alist `((gridls-inline-visible . ,gridls-inline-map)))
(add-to-list 'emulation-mode-map-alists 'gridls-inline--emulation-alist)

(defconst gridls-inline--commands
  '(gridls-accept gridls-accept-word gridls-accept-line gridls-next gridls-previous)
  "Commands that need ghost text to be there when they run.")

;;;; On and off

(defun gridls-inline-enable ()
  "Ask for ghost text while typing in this buffer."
  (setq gridls-inline--asks t)
  (gridls-inline--watch))

(defun gridls-inline-disable ()
  "Show no ghost text in this buffer any more."
  (setq gridls-inline--asks nil)
  (gridls-inline--drop)
  (gridls-inline--unwatch))

(defun gridls-inline--watch ()
  "Look at each command in this buffer."
  (setq gridls-inline--seen (gridls-inline--now))
  (add-hook 'pre-command-hook #'gridls-inline--before-command nil t)
  (add-hook 'post-command-hook #'gridls-inline--after-command nil t)
  (add-hook 'after-change-functions #'gridls-inline--after-change nil t)
  (add-hook 'change-major-mode-hook #'gridls-inline-disable nil t)
  (add-hook 'completion-in-region-mode-hook #'gridls-inline--erase nil t)
  (add-hook 'company-completion-started-hook #'gridls-inline--on-company nil t))

(defun gridls-inline--unwatch ()
  "Leave this buffer's commands alone."
  (remove-hook 'pre-command-hook #'gridls-inline--before-command t)
  (remove-hook 'post-command-hook #'gridls-inline--after-command t)
  (remove-hook 'after-change-functions #'gridls-inline--after-change t)
  (remove-hook 'change-major-mode-hook #'gridls-inline-disable t)
  (remove-hook 'completion-in-region-mode-hook #'gridls-inline--erase t)
  (remove-hook 'company-completion-started-hook #'gridls-inline--on-company t))

(defun gridls-inline--all-gone ()
  "Take away what a daemon that is gone has offered."
  (dolist (buffer (buffer-list))
    (when (buffer-local-value 'gridls-inline--items buffer)
      (with-current-buffer buffer
        (gridls-inline--clear)))))

(add-hook 'gridls-client-ended-functions #'gridls-inline--all-gone)

;;;; Commands and changes

(defun gridls-inline--now ()
  "The tick and point, which tell what a command has done."
  (cons (buffer-chars-modified-tick) (point)))

(defun gridls-inline--on-company (_manual)
  "Give way to the popup of company."
  (gridls-inline--erase))

(defun gridls-inline--after-change (_begin end _length)
  "Remember END, where the text has changed last."
  (setq gridls-inline--changed-at end))

(defun gridls-inline--before-command ()
  "Take ghost text off the screen, which the command may change or leave."
  (unless (memq this-command gridls-inline--commands)
    (gridls-inline--erase)))

(defun gridls-inline--after-command ()
  "Show, drop or ask for ghost text, as the command wants it."
  (gridls-client-guarded
    (when gridls-inline--asks
      (gridls-document-attach))
    (let* ((now (gridls-inline--now))
           (changed (not (eql (car now) (car gridls-inline--seen))))
           (moved (not (eql (cdr now) (cdr gridls-inline--seen)))))
      (cond
       ((and changed (input-pending-p))) ; The command to come will see the change too.
       (t
        (setq gridls-inline--seen now)
        (cond
         ((not (gridls-inline--possible-p)) (gridls-inline--drop))
         ((and moved (not changed)) (gridls-inline--drop))
         ((gridls-inline--agree) (gridls-inline--draw))
         (t
          (gridls-inline--clear)
          (when (and changed (gridls-inline--typed-p))
            (if (gridls-client-ready-p)
                (gridls-inline--ask gridls-inline--automatic)
              (setq gridls-inline--wanted now))))))))
    (unless (or gridls-inline--asks gridls-inline--items
                (gridls-client-open-p gridls-inline--ticket))
      (gridls-inline--unwatch))))

(defun gridls-inline--ask-late ()
  "Ask for what typing has asked for before there was a daemon."
  (with-current-buffer (window-buffer (selected-window))
    (when (and gridls-inline--wanted
               (equal gridls-inline--wanted (gridls-inline--now))
               (gridls-inline--possible-p))
      (gridls-inline--ask gridls-inline--automatic))))

(add-hook 'gridls-client-ready-functions #'gridls-inline--ask-late)

(defun gridls-inline--typed-p ()
  "Whether what has changed is worth a request: the line at point, by no undo."
  (and gridls-inline--asks
       gridls-inline--changed-at
       (not (memq this-command '( undo undo-only undo-redo gridls-dismiss
                                  evil-undo evil-redo undo-tree-undo undo-tree-redo)))
       (<= (gridls-document-bol) gridls-inline--changed-at (gridls-document-eol))
       (<= (- (gridls-document-eol) (gridls-document-bol)) gridls-inline--line-limit)))

(defun gridls-inline--possible-p ()
  "Whether ghost text may be shown in this buffer now."
  (and (eq (current-buffer) (window-buffer (selected-window)))
       (not buffer-read-only)
       (not (minibufferp))
       (not overwrite-mode)
       (not (region-active-p))
       (not executing-kbd-macro)
       (not defining-kbd-macro)
       (not (bound-and-true-p isearch-mode))
       (not (bound-and-true-p multiple-cursors-mode))
       (not (gridls-inline--popup-p))
       (or (not (bound-and-true-p evil-local-mode))
           (memq (bound-and-true-p evil-state) '(insert emacs)))
       (not (run-hook-with-args-until-success 'gridls-inline-inhibit-functions))))

(defun gridls-inline--popup-p ()
  "Whether a completion popup is open at point."
  (or completion-in-region-mode
      (bound-and-true-p company-candidates)
      (bound-and-true-p corfu--candidates)
      (bound-and-true-p ac-completing)))

;;;; Asking

(defun gridls-inline--ask (kind)
  "Ask for what could come at point; KIND is the request's trigger kind.
The daemon goes on with the call in flight where that still fits, so the request
before this one is not cancelled, only not listened to any more."
  (gridls-client-ignore gridls-inline--ticket)
  (when (gridls-document-attach)
    (let* ((buffer (current-buffer))
           (begin (gridls-document-bol))
           (column (- (point) begin))
           (line (copy-marker begin))
           (text (buffer-substring-no-properties begin (gridls-document-eol)))
           (identifier (gridls-document-identifier))
           (streamed nil)
           (offer (lambda (items)
                    (when (buffer-live-p buffer)
                      (with-current-buffer buffer
                        (setq gridls-inline--invoked-p (eql kind gridls-inline--invoked))
                        (gridls-inline--offer line text column items))))))
      (setq gridls-inline--ticket
            (gridls-client-request
             'gridls/inlineCompletion
             `( :textDocument ,identifier
                :position ,(gridls-document-position (point))
                :context (:triggerKind ,kind))
             :partial (lambda (value)
                        (setq streamed t)
                        (funcall offer (list (plist-get value :item))))
             :result (lambda (result)
                       (let ((items (append (if (vectorp result) result
                                              (plist-get result :items))
                                            nil)))
                         (when (or items (not streamed))
                           (funcall offer items))
                         (when (and (null items) (not streamed)
                                    (eql kind gridls-inline--invoked))
                           (gridls-client-say "nothing to offer here"))))
             :error (lambda (failure)
                      (funcall offer nil)
                      (when (eql kind gridls-inline--invoked)
                        (gridls-client-tell-failure failure))))))))

(defun gridls-inline--offer (line text column items)
  "Show ITEMS, made for TEXT at LINE, a marker, with point at COLUMN."
  (gridls-inline--clear)
  (setq gridls-inline--line line
        gridls-inline--items
        (delq nil (mapcar (lambda (item) (gridls-inline--take-item item text column)) items)))
  (if (and (gridls-inline--possible-p) (gridls-inline--agree))
      (gridls-inline--draw)
    (gridls-inline--clear)))

(defun gridls-inline--take-item (item text column)
  "An `gridls-inline-item' of ITEM for TEXT with point at COLUMN, or nil."
  (let* ((range (plist-get item :range))
         (start (if range (plist-get (plist-get range :start) :character) column))
         (end (if range (plist-get (plist-get range :end) :character) column))
         (insert (plist-get item :insertText)))
    (when (and (stringp insert) (<= 0 start end (length text)))
      (make-gridls-inline-item :text insert :head (substring text 0 start)
                               :tail (substring text end)))))

;;;; Agreement

(defun gridls-inline--rest (item)
  "What of ITEM is still to come at point; nil where it does not fit the line."
  (let* ((begin (gridls-document-bol))
         (line (buffer-substring-no-properties begin (gridls-document-eol)))
         (column (- (point) begin))
         (head (gridls-inline-item-head item))
         (tail (gridls-inline-item-tail item))
         (start (length head))
         (end (- (length line) (length tail))))
    (when (and (<= start column end)
               (string-prefix-p head line)
               (string-suffix-p tail line))
      (let ((typed (substring line start column))
            (text (gridls-inline-item-text item)))
        (and (string-prefix-p typed text)
             (not (equal typed text))
             (substring text (length typed)))))))

(defun gridls-inline--agree ()
  "Whether what is offered fits the text as it is.
Another candidate may where the shown one does not; that is the first then."
  (and gridls-inline--items
       (marker-position gridls-inline--line)
       (= gridls-inline--line (gridls-document-bol))
       (let ((fits (cl-member-if #'gridls-inline--rest gridls-inline--items)))
         (and fits
              (setq gridls-inline--items
                    (append fits (cl-ldiff gridls-inline--items fits)))))))

(defun gridls-inline-shown-p ()
  "Whether ghost text is shown at point and still fits."
  (and gridls-inline-visible
       (eql gridls-inline-visible (point))
       (gridls-inline--agree)))

(defun gridls-inline--several-p ()
  "Whether there is another candidate to show."
  (cl-some #'gridls-inline--rest (cdr gridls-inline--items)))

(defun gridls-inline-more-p ()
  "Whether there is another candidate to show or to ask for."
  (and (gridls-inline-shown-p)
       (or (gridls-inline--several-p)
           (not gridls-inline--invoked-p))))

;;;; Showing

(defun gridls-inline--erase ()
  "Take ghost text off the screen; it may be shown again."
  (mapc #'delete-overlay gridls-inline--overlays)
  (setq gridls-inline--overlays nil
        gridls-inline-visible nil))

(defun gridls-inline--clear ()
  "Forget what is offered."
  (gridls-inline--erase)
  (setq gridls-inline--items nil))

(defun gridls-inline--drop ()
  "Forget what is offered, and want nothing of what is asked for."
  (gridls-inline--clear)
  (gridls-client-abandon gridls-inline--ticket))

(defun gridls-inline--kept (item)
  "The text behind point that ITEM stands in place of."
  (buffer-substring-no-properties
   (point) (- (gridls-document-eol) (length (gridls-inline-item-tail item)))))

(defun gridls-inline--draw ()
  "Show the first item, which fits."
  (gridls-inline--erase)
  (let* ((item (car gridls-inline--items))
         (rest (gridls-inline--fit-window (gridls-inline--rest item)))
         (kept (gridls-inline--kept item))
         (end (+ (point) (length kept)))
         (at (and (not (string-empty-p kept))
                  (string-search kept (car (split-string rest "\n"))))))
    (cond
     ((string-empty-p kept)
      (gridls-inline--show (point) (point) rest))
     ;; What is kept stays where it is, with ghost text on both sides of it.
     (at
      (gridls-inline--show (point) (point) (substring rest 0 at))
      (gridls-inline--show end end (substring rest (+ at (length kept)))))
     (t
      (gridls-inline--show (point) end rest)))
    (setq gridls-inline-visible (point))))

(defun gridls-inline--show (begin end text)
  "Show TEXT in place of what is between BEGIN and END, with the cursor before it."
  (when (string-prefix-p "\n" text)
    ;; The cursor needs a character to stand on, and a line end is none.
    (setq text (concat " " text)))
  (setq text (propertize text 'face 'gridls-ghost))
  (unless (string-empty-p text)
    (let ((behind (and (= begin end (point)) (not (eolp)))))
      (gridls-inline--overlay begin (if behind (1+ end) end) text
                              (if behind (buffer-substring end (1+ end)) "")))))

(defun gridls-inline--overlay (begin end text behind)
  "Show TEXT in place of what is between BEGIN and END, and BEHIND after it.
Emacs puts the cursor behind a string that stands before a character of the
buffer.  So where there is one, the first character of TEXT stands for it."
  (let ((overlay (make-overlay begin end nil (= begin end) nil)))
    (overlay-put overlay 'window (selected-window))
    (overlay-put overlay 'priority 1000)
    (cond
     ((< begin end)
      (overlay-put overlay 'display (substring text 0 1))
      (overlay-put overlay 'after-string (concat (substring text 1) behind)))
     (t
      (when (= begin (point))
        (put-text-property 0 1 'cursor t text))
      (overlay-put overlay 'after-string text)))
    (setq gridls-inline--overlays (append gridls-inline--overlays (list overlay)))))

(defun gridls-inline--fit-window (text)
  "As many lines of TEXT as the window can show."
  (let ((lines (split-string text "\n"))
        (most (max 1 (- (window-body-height) 2))))
    (if (<= (length lines) most)
        text
      (string-join (seq-take lines most) "\n"))))

;;;; Accepting

(defun gridls-inline--accept (part)
  "Insert what PART, a function, takes of the rest that is offered."
  (unless (gridls-inline-shown-p)
    (user-error "There is no ghost text here"))
  (let* ((item (car gridls-inline--items))
         (rest (gridls-inline--rest item))
         (text (funcall part rest))
         (inserted (gridls-inline--with-line-ends text))
         (kept (gridls-inline--kept item)))
    (gridls-inline--erase)
    (undo-boundary)
    (cond
     ((equal text rest)
      (setq gridls-inline--items nil)
      (delete-region (point) (+ (point) (length kept)))
      (insert inserted))
     (t
      (insert inserted)
      (when (string-search "\n" text)
        ;; From here on the item stands at the beginning of the last of the new lines.
        (let ((begin (gridls-document-bol)))
          (setq gridls-inline--line (copy-marker begin)
                gridls-inline--items
                (list (make-gridls-inline-item
                       :text (concat (buffer-substring-no-properties begin (point))
                                     (substring rest (length text)))
                       :head "" :tail (gridls-inline-item-tail item))))))))))

(defun gridls-inline--with-line-ends (text)
  "TEXT with the line ends that stand here.
Where lines end in different ways Emacs keeps the carriage returns of some in
the buffer."
  (if (and (string-search "\n" text)
           (save-excursion
             (goto-char (gridls-document-eol))
             (when (eobp)
               (goto-char (gridls-document-bol))
               (ignore-errors (backward-char)))
             (eq (char-before) ?\r)))
      (string-replace "\n" "\r\n" text)
    text))

(defun gridls-inline--first-word (text)
  "What `forward-word' would move over in TEXT."
  (if (string-match "\\`\\W*\\w+" text)
      (match-string 0 text)
    text))

(defun gridls-inline--first-line (text)
  "The first line of TEXT that is not empty."
  (string-match "\\`\n*[^\n]*" text)
  (match-string 0 text))

;;;###autoload
(defun gridls-accept ()
  "Make the ghost text at point part of the buffer."
  (interactive)
  (gridls-inline--accept #'identity))

;;;###autoload
(defun gridls-accept-word ()
  "Accept the next word of the ghost text at point."
  (interactive)
  (gridls-inline--accept #'gridls-inline--first-word))

;;;###autoload
(defun gridls-accept-line ()
  "Accept the next line of the ghost text at point."
  (interactive)
  (gridls-inline--accept #'gridls-inline--first-line))

(defun gridls-inline--cycle (step)
  "Show the candidate that is STEP places on, or ask for more than one."
  (cond
   ((not (gridls-inline-more-p))
    (user-error "There is no other ghost text here"))
   ((gridls-inline--several-p)
    (gridls-inline--turn step))
   (t
    (gridls-inline--ask gridls-inline--invoked))))

(defun gridls-inline--turn (step)
  "Show the candidate that is STEP places on."
  (let ((count (length gridls-inline--items))
        (items gridls-inline--items))
    (cl-loop do (setq items (append (last items (mod (- step) count))
                                    (butlast items (mod (- step) count))))
             until (gridls-inline--rest (car items)))
    (setq gridls-inline--items items)
    (gridls-inline--draw)))

;;;###autoload
(defun gridls-next ()
  "Show the next candidate of the ghost text at point."
  (interactive)
  (gridls-inline--cycle 1))

;;;###autoload
(defun gridls-previous ()
  "Show the candidate before this one of the ghost text at point."
  (interactive)
  (gridls-inline--cycle -1))

;;;###autoload
(defun gridls-dismiss ()
  "Take the ghost text away, and stop what would bring more."
  (interactive)
  (gridls-inline--drop))

;;;###autoload
(defun gridls-complete ()
  "Ask for ghost text at point now."
  (interactive)
  (barf-if-buffer-read-only)
  (gridls-inline--clear)
  (let ((place (gridls-inline--now)))
    (gridls-client-when-ready
     (lambda ()
       (when (equal place (gridls-inline--now))
         (if (gridls-document-attach)
             (progn
               (gridls-inline--watch)
               (gridls-inline--ask gridls-inline--invoked))
           (gridls-client-warn "this buffer holds no text for the daemon")))))))

(provide 'gridls-inline)
;;; gridls-inline.el ends here
