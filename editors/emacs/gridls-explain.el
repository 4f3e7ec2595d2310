;;; gridls-explain.el --- Explanations of gridls  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Buffers beside the code into which explanations are written while they come, and follow-up
;; questions about them.  What a model writes is shown as text: it has faces, and its line numbers
;; lead to the code, but nothing of it is ever run, opened or fetched.  So no markup mode is used
;; for it.

;;; Code:

(require 'button)
(require 'cl-lib)
(require 'subr-x)
(require 'gridls-client)
(require 'gridls-diagnostics)
(require 'gridls-document)

(defface gridls-heading '((t :inherit font-lock-function-name-face :weight bold))
  "Headings of explanations."
  :group 'gridls)

(defface gridls-code '((t :inherit (fixed-pitch font-lock-constant-face)))
  "Code in explanations."
  :group 'gridls)

(defface gridls-note '((t :inherit shadow))
  "What gridls itself has to say in explanations, and questions."
  :group 'gridls)

(defvar gridls-question-history nil
  "Questions that were asked.")

(defvar-local gridls-explain--source nil
  "The buffer that the explanation is of.")
(defvar-local gridls-explain--title nil
  "What it is of, for people.")
(defvar-local gridls-explain--conversation nil
  "The daemon's name for what was said so far, to ask on.")
(defvar-local gridls-explain--ticket nil
  "The ticket of the request that runs, or nil.")
(defvar-local gridls-explain--in-fence nil
  "Whether the last whole line is within a block of code.")
(defvar-local gridls-explain--dressed nil
  "Where the text begins that has no faces yet, a marker.")

(defvar gridls-explain--latest nil
  "The buffer of the latest explanation.")

;;;; Commands

;;;###autoload
(defun gridls-explain (begin end &optional question)
  "Explain the text between BEGIN and END, or answer QUESTION about it.
Interactively this is the region or the line of point, and a prefix argument
asks for the question."
  (interactive
   (append (if (use-region-p)
               (list (region-beginning) (region-end))
             (list (point) (point)))
           (and current-prefix-arg
                (list (read-string "Question: " nil 'gridls-question-history)))))
  (let ((places (list (copy-marker begin) (copy-marker end)))
        (question (and question (not (string-blank-p question)) question)))
    (deactivate-mark)
    (gridls-client-when-ready
     (lambda ()
       (if (gridls-document-attach)
           (apply #'gridls-explain--begin question places)
         (gridls-client-warn "this buffer holds no text for the daemon"))))))

;;;###autoload
(defun gridls-ask (question)
  "Ask QUESTION about the explanation at hand, else about the latest one."
  (interactive (list (progn
                       (gridls-explain--buffer-to-ask)
                       (read-string "Ask: " nil 'gridls-question-history))))
  (when (string-blank-p question)
    (user-error "There is no question"))
  (let ((buffer (gridls-explain--buffer-to-ask)))
    (with-current-buffer buffer
      (gridls-client-when-ready
       (lambda ()
         (let ((place (point-max)))
           (gridls-explain--write (format "\n\n## %s\n\n" question))
           (gridls-explain--show-from (1+ place))
           (gridls-explain--send `(:conversation ,gridls-explain--conversation)
                                 question)))))
    (unless (get-buffer-window buffer)
      (gridls-explain--display buffer))))

(defun gridls-explain--buffer-to-ask ()
  "The buffer that a question is about; an error where there is none."
  (let ((buffer (if (derived-mode-p 'gridls-explain-mode)
                    (current-buffer)
                  gridls-explain--latest)))
    (unless (buffer-live-p buffer)
      (user-error "There is no explanation to ask about; begin with M-x gridls-explain"))
    (with-current-buffer buffer
      (cond (gridls-explain--ticket
             (user-error "The last answer is still being written"))
            ((not gridls-explain--conversation)
             (user-error "This explanation has failed or is too long to ask on"))))
    buffer))

(defun gridls-explain-stop ()
  "Stop the answer that is being written here."
  (interactive nil gridls-explain-mode)
  (if gridls-explain--ticket
      (gridls-client-cancel gridls-explain--ticket)
    (gridls-client-say "nothing is being written here")))

;;;; Asking

(defun gridls-explain--begin (question begin end)
  "Ask for an explanation of this buffer between BEGIN and END, or answer QUESTION."
  (let* ((source (current-buffer))
         (title (gridls-explain--place-title begin end))
         (params `( :textDocument ,(gridls-document-identifier)
                    :range ,(gridls-document-range begin end)
                    :diagnostics ,(gridls-diagnostics-wire
                                   (gridls-diagnostics-between begin end))))
         (buffer (get-buffer-create (format "*gridls: %s*" title))))
    (with-current-buffer buffer
      (gridls-explain--forget)
      (let ((inhibit-read-only t))
        (erase-buffer)
        (gridls-explain-mode)
        (insert-text-button title 'face 'gridls-heading
                            'help-echo "Go to the code"
                            'action (lambda (_) (gridls-explain--visit source begin)))
        (insert "\n\n"))
      (setq gridls-explain--source source
            gridls-explain--title title
            gridls-explain--dressed (copy-marker (point-max))
            gridls-explain--latest buffer)
      (when question
        (gridls-explain--write (format "> %s\n\n" question)))
      (gridls-explain--send params question))
    (gridls-explain--display buffer)))

(defun gridls-explain--place-title (begin end)
  "The name of this buffer and the lines from BEGIN to END."
  (let ((first (line-number-at-pos begin t))
        (last (line-number-at-pos (max begin (1- end)) t)))
    (format (if (= first last) "%s:%d" "%s:%d-%d")
            (if buffer-file-name (file-name-nondirectory buffer-file-name) (buffer-name))
            first last)))

(defun gridls-explain--send (params question)
  "Ask with PARAMS, and with QUESTION unless it is nil; write the answer here."
  (let* ((buffer (current-buffer))
         (in-buffer (lambda (function)
                      (lambda (value)
                        (when (buffer-live-p buffer)
                          (with-current-buffer buffer
                            (funcall function value)))))))
    ;; A failure may be told at once.
    (setq gridls-explain--ticket t)
    (let ((ticket
           (gridls-client-request
            'gridls/explain (append params (and question `(:question ,question)))
            :title "explaining"
            :partial (funcall in-buffer
                              (lambda (value)
                                (gridls-explain--write (or (plist-get value :text) ""))))
            :result (funcall in-buffer #'gridls-explain--take)
            :error (funcall in-buffer #'gridls-explain--fail))))
      (when gridls-explain--ticket
        (setq gridls-explain--ticket ticket)))))

(defun gridls-explain--take (result)
  "The answer is whole, and RESULT is all there is beyond its text."
  (setq gridls-explain--ticket nil
        gridls-explain--conversation (plist-get result :conversation))
  (gridls-explain--write (or (plist-get result :text) ""))
  (gridls-explain--end
   (and (equal (plist-get result :finishReason) "length")
        "cut off: the answer has reached its token limit")))

(defun gridls-explain--fail (failure)
  "There is no more of the answer, because of FAILURE."
  (setq gridls-explain--ticket nil)
  (gridls-explain--end
   (if (eql (plist-get failure :code) gridls-client-cancelled)
       "cancelled"
     (gridls-client-sentence failure))))

(defun gridls-explain--end (note)
  "Finish what is written, with NOTE below it unless that is nil."
  (gridls-explain--dress t)
  (setq gridls-explain--in-fence nil)
  (when note
    (gridls-explain--write (propertize (format "\n\n[%s]" note) 'face 'gridls-note))
    (set-marker gridls-explain--dressed (point-max)))
  (force-mode-line-update))

(defun gridls-explain--forget ()
  "Nobody wants what is being written here any more."
  (when (numberp gridls-explain--ticket)
    (gridls-client-abandon gridls-explain--ticket)))

;;;; Writing

(defun gridls-explain--write (text)
  "Add TEXT to the end."
  (let ((inhibit-read-only t))
    (save-excursion
      (goto-char (point-max))
      (insert (string-replace "\r" "" text))))
  (gridls-explain--dress nil))

(defun gridls-explain--dress (all)
  "Give the lines that are whole their faces and links, or ALL that are left."
  (let ((inhibit-read-only t))
    (save-excursion
      (goto-char gridls-explain--dressed)
      (while (and (not (eobp))
                  (or all (save-excursion (search-forward "\n" nil t))))
        (gridls-explain--dress-line)
        (forward-line 1)
        (set-marker gridls-explain--dressed (point))
        (when (and all (not (bolp)))
          (goto-char (point-max)))))))

(defun gridls-explain--dress-line ()
  "Give the line of point its faces and links."
  (let ((begin (point))
        (end (line-end-position)))
    (cond
     ((looking-at "[ \t]*\\(?:```\\|~~~\\)")
      (setq gridls-explain--in-fence (not gridls-explain--in-fence))
      (put-text-property begin end 'face 'gridls-note))
     (gridls-explain--in-fence
      (put-text-property begin end 'face 'gridls-code))
     ((looking-at "#+ ")
      (put-text-property begin end 'face 'gridls-heading))
     ((looking-at "> ")
      (put-text-property begin end 'face 'gridls-note))
     (t
      (gridls-explain--dress-each "`[^`\n]+`" end 'gridls-code)
      (gridls-explain--dress-each "\\*\\*[^*\n]+\\*\\*" end 'bold)
      (gridls-explain--link begin end)))))

(defun gridls-explain--dress-each (pattern end face)
  "Give each match of PATTERN between point and END the FACE."
  (save-excursion
    (while (re-search-forward pattern end t)
      (add-face-text-property (match-beginning 0) (match-end 0) face))))

(defun gridls-explain--link (begin end)
  "Make what names lines of the code between BEGIN and END lead there."
  (let ((source gridls-explain--source)
        (name (regexp-quote (replace-regexp-in-string ":[-0-9]*\\'" "" gridls-explain--title))))
    (save-excursion
      (goto-char begin)
      (while (re-search-forward
              (concat "\\_<\\(?:[Ll]ines?[ \u00a0]+\\|" name ":\\)"
                      "\\(?1:[0-9]+\\)\\(?:[-\u2013][0-9]+\\)?")
              end t)
        (let ((line (string-to-number (match-string 1))))
          (make-text-button (match-beginning 0) (match-end 0)
                            'help-echo "Go to the code"
                            'action (lambda (_) (gridls-explain--visit source line))))))))

(defun gridls-explain--visit (source place)
  "Show SOURCE at PLACE, a marker or the number of a line."
  (unless (buffer-live-p source)
    (user-error "The code is not open any more"))
  (pop-to-buffer source)
  (if (markerp place)
      (goto-char place)
    (save-restriction
      (widen)
      (goto-char (point-min))
      (forward-line (1- place)))))

;;;; The window

(defvar gridls-explain-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map (make-composed-keymap button-buffer-map special-mode-map))
    (define-key map "a" #'gridls-ask)
    (define-key map "i" #'gridls-ask)
    (define-key map "k" #'gridls-explain-stop)
    (define-key map "\C-c\C-k" #'gridls-explain-stop)
    (define-key map "q" #'gridls-explain-close)
    map)
  "Keys where an explanation is shown.")

(define-derived-mode gridls-explain-mode special-mode "gridls"
  "An explanation of gridls.
\\{gridls-explain-mode-map}"
  (setq-local word-wrap t
              truncate-lines nil
              buffer-undo-list t
              header-line-format '(:eval (gridls-explain--header)))
  (add-hook 'kill-buffer-hook #'gridls-explain--forget nil t))

(defun gridls-explain--header ()
  "The line above an explanation."
  (substitute-command-keys
   (concat " \\<gridls-explain-mode-map>"
           (if gridls-explain--ticket
               "being written … \\[gridls-explain-stop] stops it, "
             "\\[gridls-ask] asks on, ")
           "\\[gridls-explain-close] closes, RET on a line number goes there")))

(defun gridls-explain-close ()
  "Close the explanation, and stop what is being written."
  (interactive nil gridls-explain-mode)
  (quit-window t))

(defun gridls-explain--display (buffer)
  "Show BUFFER beside the code."
  (display-buffer buffer '((display-buffer-reuse-window
                            display-buffer-reuse-mode-window
                            display-buffer-pop-up-window
                            display-buffer-use-some-window)
                           (mode . gridls-explain-mode)
                           (inhibit-same-window . t))))

(defun gridls-explain--show-from (position)
  "Put POSITION at the top of the windows of this buffer."
  (dolist (window (get-buffer-window-list nil nil t))
    (set-window-point window position)
    (set-window-start window position)))

;;;; What the daemon wants to be shown

(defun gridls-explain--show-document (params)
  "Answer `window/showDocument' with PARAMS.
The text may be a model's, so nothing in it may set variables."
  (let ((path (gridls-document-uri-path (or (plist-get params :uri) ""))))
    (if (or (not path) (eq (plist-get params :external) t) (not (file-readable-p path)))
        '(:success :json-false)
      (let* ((enable-local-variables nil)
             (enable-local-eval nil)
             (buffer (find-file-noselect path)))
        (with-current-buffer buffer
          (setq buffer-read-only t)
          (when-let ((selection (plist-get params :selection)))
            (goto-char (gridls-document-point (plist-get selection :start)))))
        (display-buffer buffer)
        '(:success t)))))

(setf (alist-get 'window/showDocument gridls-client-request-handlers)
      #'gridls-explain--show-document)

(provide 'gridls-explain)
;;; gridls-explain.el ends here
