;;; gridls-commit.el --- Commit messages of gridls  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Writes a commit message while it comes into the buffer that is there for it, never over what is
;; typed: a buffer that git has opened, in which the message goes on behind what stands in it, or
;; one of log-edit, whose summary is a line of its own.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'gridls-client)
(require 'gridls-document)
(require 'gridls-edit)

(cl-defstruct (gridls-commit--slot (:constructor gridls-commit--make-slot) (:copier nil))
  "A place of a buffer into which WRITTEN was put, between markers BEGIN and END."
  begin end written)

(defvar gridls-hint-history nil
  "Hints that were given for commit messages.")

;;;###autoload
(defun gridls-commit-message (&optional hint)
  "Write the commit message for what is staged into this buffer.
With a prefix argument, ask for a HINT of what it should say."
  (interactive
   (list (and current-prefix-arg
              (read-string "What should it say? " nil 'gridls-hint-history))))
  (barf-if-buffer-read-only)
  (let ((log-edit (derived-mode-p 'log-edit-mode)))
    (unless (or log-edit (gridls-document-git-message-p))
      (user-error "This is no commit message; use it where git or vc lets you write one"))
    (gridls-client-when-ready
     (lambda ()
       (cond
        (log-edit
         (gridls-commit--ask `(:root ,(gridls-document-add-root)) hint
                             #'gridls-commit--log-edit-slots))
        ((gridls-document-attach)
         (gridls-commit--ask `(:textDocument ,(gridls-document-identifier)) hint
                             #'gridls-commit--git-slots))
        (t (gridls-client-warn "this buffer is no file")))))))

(defun gridls-commit--ask (params hint make-slots)
  "Ask for a message with PARAMS and HINT, and write it while it comes.
MAKE-SLOTS is called once to find the places for it, in this buffer."
  (let* ((buffer (current-buffer))
         (step (gridls-edit-new-step))
         (text "")
         (slots nil)
         (given-up nil)
         (ticket nil)
         (add (lambda (value)
                (setq text (concat text (string-replace "\r" "" (or (plist-get value :text) ""))))
                (when (and (buffer-live-p buffer) (not given-up)
                           (not (string-blank-p text)))
                  (with-current-buffer buffer
                    (if (and slots (not (cl-every #'gridls-commit--untouched-p slots)))
                        (progn
                          (setq given-up t)
                          (gridls-client-cancel ticket)
                          (gridls-client-warn
                           "you have changed the message, so the rest of it is left out"))
                      (gridls-edit-in-step step
                        (unless slots
                          (setq slots (funcall make-slots)))
                        (gridls-commit--write slots text))))))))
    (gridls-client-say "writing the message… (M-x gridls-cancel stops it)")
    (setq ticket
          (gridls-client-request
           'gridls/commitMessage
           (append params (and hint (not (string-blank-p hint)) `(:hint ,hint)))
           :title "writing the message"
           :partial add
           :result (lambda (result)
                     (funcall add result)
                     (cond
                      (given-up)
                      ((equal (plist-get result :finishReason) "length")
                       (gridls-client-warn
                        "the message is cut off: it has reached its token limit"))
                      (t (gridls-client-say "done; one undo takes it back"))))
           :error (lambda (failure)
                    (unless given-up
                      (gridls-client-tell-failure failure)))))))

;;;; Places

(defun gridls-commit--slot-at (position)
  "An empty slot at POSITION."
  (gridls-commit--make-slot :begin (copy-marker position) :end (copy-marker position)
                            :written ""))

(defun gridls-commit--git-slots ()
  "The place of the message in a buffer of git.
That is right behind what is typed, with an empty line before the comments."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char (point-min))
      (let* ((comments (if (re-search-forward (concat "^" (gridls-commit--comment)) nil t)
                           (match-beginning 0)
                         (point-max)))
             (typed (progn (goto-char comments)
                           (skip-chars-backward " \t\n")
                           ;; Blanks at the end of the last line were typed too.
                           (if (bobp) (point) (gridls-document-eol)))))
        (goto-char typed)
        (unless (or (= comments (point-max))
                    (<= (+ 2 typed) comments))
          (insert (make-string (- (+ 2 typed) comments) ?\n)))
        (list (gridls-commit--slot-at typed))))))

(defun gridls-commit--comment ()
  "A pattern for what begins a comment here."
  (regexp-quote (if (and comment-start (not (string-blank-p comment-start)))
                    (string-trim comment-start)
                  "#")))

(defun gridls-commit--log-edit-slots ()
  "The places of the message in a buffer of `log-edit'.
The first line has an empty summary, the rest is below all that is typed."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char (point-min))
      (let ((summary (and (re-search-forward "^Summary:\\([ \t]*\\)$"
                                             (gridls-commit--end-of-headers) t)
                          (progn
                            (when (string-empty-p (match-string 1))
                              (insert " "))
                            (gridls-commit--slot-at (point))))))
        (goto-char (point-max))
        (skip-chars-backward " \t\n" (gridls-commit--end-of-headers))
        (let ((typed (> (point) (gridls-commit--end-of-headers))))
          (delete-region (point) (point-max))
          (cond (typed (insert "\n\n"))
                ((not (bobp)) (insert (if (bolp) "\n" "\n\n")))))
        (if summary
            (list summary (gridls-commit--slot-at (point)))
          (list (gridls-commit--slot-at (point))))))))

(defun gridls-commit--end-of-headers ()
  "Where the headers of a buffer of `log-edit' end."
  (save-excursion
    (goto-char (point-min))
    (while (looking-at "[A-Z][-A-Za-z]*:.*\n?")
      (goto-char (match-end 0)))
    (point)))

;;;; Writing

(defun gridls-commit--untouched-p (slot)
  "Whether what was put into SLOT still stands there."
  (equal (gridls-commit--slot-written slot)
         (buffer-substring-no-properties (gridls-commit--slot-begin slot)
                                         (gridls-commit--slot-end slot))))

(defun gridls-commit--write (slots text)
  "Bring what stands in SLOTS up to TEXT, all of the message that has come."
  (let ((text (string-trim-right text)))
    (if (not (cdr slots))
        (gridls-commit--put (car slots)
                            (if (= (gridls-commit--slot-begin (car slots)) (point-min))
                                (string-trim-left text)
                              text))
      (let* ((text (string-trim-left text))
             (end (or (string-search "\n" text) (length text))))
        (gridls-commit--put (car slots) (substring text 0 end))
        (gridls-commit--put (cadr slots) (string-trim-left (substring text end)))))))

(defun gridls-commit--put (slot text)
  "Make TEXT the text of SLOT, by adding to it where that will do."
  (let ((written (gridls-commit--slot-written slot)))
    (save-excursion
      (save-restriction
        (widen)
        (if (string-prefix-p written text)
            (progn
              (goto-char (gridls-commit--slot-end slot))
              (insert (substring text (length written))))
          (goto-char (gridls-commit--slot-begin slot))
          (delete-region (point) (gridls-commit--slot-end slot))
          (insert text))
        (set-marker (gridls-commit--slot-end slot) (point))
        (setf (gridls-commit--slot-written slot) text)))))

(provide 'gridls-commit)
;;; gridls-commit.el ends here
