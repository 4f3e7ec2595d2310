;;; gridls-document.el --- The texts that the gridls daemon knows  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Opens buffers with the daemon, keeps them in step and closes them; positions and URIs.
;;
;; Emacs tells what has changed in pieces that need not add up (`upcase-region' announces more
;; than it does, other code changes text with hooks off).  So all that is kept of a change is how
;; much of the text before and behind it is untouched, and what is told to the daemon is whole
;; lines: these lines are now those.  For that nothing of the old text is needed but its size and
;; its number of lines.
;;
;; The daemon counts in utf-32, so a column is a number of characters.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'url-util)
(require 'gridls-client)

(defcustom gridls-document-size-limit 4000000
  "Buffers with more characters than this are left alone."
  :type 'natnum
  :group 'gridls)

(cl-defstruct (gridls-document (:copier nil))
  "What the daemon knows of a buffer.
FILE is the buffer's file name at that time.  SIZE and NEWLINES count what the
daemon has.  PREFIX and SUFFIX are how many characters at both ends have not
changed since, nil where nothing has, and TICK is when that was last known.
CHANGES are (VERSION FIRST END DELTA), the last one first: lines FIRST to END
became DELTA more."
  uri file language version size newlines prefix suffix tick changes)

(defconst gridls-document--changes-kept 200)

(defvar-local gridls-document--open nil
  "The `gridls-document' of this buffer, or nil.")

(defvar gridls-document--language-ids
  '(("c++" . "cpp") ("sh" . "shellscript") ("bash" . "shellscript") ("js" . "javascript")
    ("js2" . "javascript") ("js-jsx" . "javascriptreact") ("tsx" . "typescriptreact")
    ("rjsx" . "javascriptreact") ("objc" . "objective-c") ("cperl" . "perl")
    ("enh-ruby" . "ruby") ("gfm" . "markdown") ("tuareg" . "ocaml") ("LaTeX" . "latex")
    ("mhtml" . "html") ("nxml" . "xml") ("lisp" . "commonlisp")
    ("lisp-interaction" . "emacs-lisp") ("makefile-gmake" . "makefile")
    ("makefile-bsdmake" . "makefile") ("conf-toml" . "toml") ("text" . "plaintext")
    ("fundamental" . "plaintext"))
  "Languages whose name is not that of the mode, which stands here without its end.")

;;;; Open and close

(defun gridls-document-possible-p ()
  "Whether the text of this buffer is one for the daemon.
Those of remote files are not: its ignore rules could not be read."
  (and enable-multibyte-characters
       (not (minibufferp))
       (not (file-remote-p (or buffer-file-name default-directory)))
       (<= (buffer-size) gridls-document-size-limit)
       (or buffer-file-name
           (not (eq (aref (buffer-name) 0) ?\s)))))

(defun gridls-document-attach ()
  "Make this buffer's text known to the daemon, and return whether it is."
  (when (and gridls-document--open (not (gridls-document--current-p gridls-document--open)))
    (gridls-document-detach))
  (or (and gridls-document--open t)
      (and (gridls-client-ready-p)
           (gridls-document-possible-p)
           (progn
             (gridls-document--do-open)
             t))))

(defun gridls-document--current-p (document)
  "Whether name and language of DOCUMENT are still those of this buffer."
  (and (equal (gridls-document-file document) buffer-file-name)
       (equal (gridls-document-language document) (gridls-document--language-id))))

(defun gridls-document--do-open ()
  "Open this buffer with the daemon."
  (gridls-document-add-root)
  (save-restriction
    (widen)
    (setq gridls-document--open
          (make-gridls-document
           :uri (gridls-document--buffer-uri)
           :file buffer-file-name
           :language (gridls-document--language-id)
           :version 1
           :size (buffer-size)
           :newlines (gridls-document--newlines (point-min) (point-max))
           :tick (buffer-chars-modified-tick)))
    (add-hook 'before-change-functions #'gridls-document--changes nil t)
    (add-hook 'after-change-functions #'gridls-document--changed nil t)
    (add-hook 'after-save-hook #'gridls-document--saved nil t)
    (add-hook 'kill-buffer-hook #'gridls-document-detach nil t)
    (add-hook 'change-major-mode-hook #'gridls-document-detach nil t)
    (gridls-client-notify
     'textDocument/didOpen
     `( :textDocument
        ( :uri ,(gridls-document-uri gridls-document--open)
          :languageId ,(gridls-document-language gridls-document--open)
          :version 1
          :text ,(gridls-document--wire (point-min) (point-max)))))))

(defun gridls-document-detach ()
  "Close this buffer with the daemon."
  (when-let ((document gridls-document--open))
    (gridls-document--leave)
    (gridls-client-notify 'textDocument/didClose
                          `(:textDocument (:uri ,(gridls-document-uri document))))))

(defun gridls-document--leave ()
  "Forget what the daemon knows of this buffer."
  (setq gridls-document--open nil)
  (remove-hook 'before-change-functions #'gridls-document--changes t)
  (remove-hook 'after-change-functions #'gridls-document--changed t)
  (remove-hook 'after-save-hook #'gridls-document--saved t)
  (remove-hook 'kill-buffer-hook #'gridls-document-detach t)
  (remove-hook 'change-major-mode-hook #'gridls-document-detach t))

(defun gridls-document--all-closed ()
  "Forget what a daemon that is gone knew."
  (dolist (buffer (buffer-list))
    (when (buffer-local-value 'gridls-document--open buffer)
      (with-current-buffer buffer
        (gridls-document--leave)))))

(add-hook 'gridls-client-ended-functions #'gridls-document--all-closed)

(defun gridls-document--saved ()
  "Tell the daemon that this buffer's file is written."
  (when gridls-document--open
    (gridls-document--flush gridls-document--open)
    (gridls-client-notify
     'textDocument/didSave
     `(:textDocument (:uri ,(gridls-document-uri gridls-document--open))))))

;;;; Changes

(defun gridls-document--changes (_begin _end)
  "Look for what has changed with hooks off, before the next change hides it."
  (when gridls-document--open
    (gridls-document--notice gridls-document--open)))

(defun gridls-document--notice (document)
  "Take note of what no hook has told of this buffer, which is DOCUMENT.
It was done with hooks off, or through another buffer with the same text."
  (unless (eql (gridls-document-tick document) (buffer-chars-modified-tick))
    (setf (gridls-document-prefix document) 0
          (gridls-document-suffix document) 0
          (gridls-document-tick document) (buffer-chars-modified-tick))))

(defun gridls-document--changed (begin end _length)
  "Take note that the text between BEGIN and END is new."
  (when-let ((document gridls-document--open))
    (let ((before (1- begin))
          (behind (- (1+ (buffer-size)) end)))
      (setf (gridls-document-prefix document)
            (min before (or (gridls-document-prefix document) before))
            (gridls-document-suffix document)
            (min behind (or (gridls-document-suffix document) behind))
            (gridls-document-tick document) (buffer-chars-modified-tick)))))

(defun gridls-document--flush (document)
  "Bring the daemon's text up to that of this buffer, which is DOCUMENT."
  (gridls-document--notice document)
  (when (gridls-document-prefix document)
    (save-excursion
      (save-restriction
        (widen)
        (gridls-document--send-changed-lines document)))))

(defun gridls-document--send-changed-lines (document)
  "Tell the daemon of the lines of DOCUMENT that have changed, and which they were."
  (let* ((size (buffer-size))
         (common (min size (gridls-document-size document)))
         (prefix (min common (gridls-document-prefix document)))
         (suffix (min (- common prefix) (gridls-document-suffix document)))
         (begin (progn (goto-char (+ (point-min) prefix))
                       (gridls-document-bol)))
         (whole-line (progn (goto-char (- (point-max) suffix))
                            (search-forward "\n" nil t)))
         (end (or whole-line (point-max)))
         (old-newlines (gridls-document-newlines document))
         (first (gridls-document--newlines (point-min) begin))
         (behind (gridls-document--newlines end (point-max)))
         (newlines (+ first behind (gridls-document--newlines begin end)))
         ;; Beyond the last line is its end.
         (old-end (if whole-line (- old-newlines behind) (1+ old-newlines)))
         (version (1+ (gridls-document-version document))))
    (setf (gridls-document-version document) version
          (gridls-document-size document) size
          (gridls-document-newlines document) newlines
          (gridls-document-prefix document) nil
          (gridls-document-suffix document) nil
          (gridls-document-changes document)
          (seq-take (cons (list version first old-end (- newlines old-newlines))
                          (gridls-document-changes document))
                    gridls-document--changes-kept))
    (gridls-client-notify
     'textDocument/didChange
     `( :textDocument (:uri ,(gridls-document-uri document) :version ,version)
        :contentChanges
        [( :range ( :start (:line ,first :character 0)
                    :end (:line ,old-end :character 0))
           :text ,(gridls-document--wire begin end))]))))

(defun gridls-document-shift (version first end)
  "How far lines FIRST to END of VERSION of this buffer have moved since.
Nil where they themselves have changed, or it cannot be told."
  (let* ((document gridls-document--open)
         (later (seq-take-while (lambda (change) (> (car change) version))
                                (gridls-document-changes document)))
         (shift 0))
    (unless (or (> version (gridls-document-version document))
                (>= (length later) gridls-document--changes-kept))
      (catch 'changed
        (pcase-dolist (`(,_ ,change-first ,change-end ,delta) (reverse later))
          (cond ((<= change-end (+ first shift)) (cl-incf shift delta))
                ((< change-first (+ end shift)) (throw 'changed nil))))
        shift))))

(defun gridls-document--newlines (begin end)
  "The number of line feeds between BEGIN and END."
  (save-excursion
    (save-restriction
      (narrow-to-region begin end)
      (goto-char (point-min))
      (let ((short (forward-line (buffer-size))))
        (- (buffer-size) short (if (or (bolp) (zerop (buffer-size))) 0 1))))))

(defconst gridls-document--unsendable
  (rx (or "\r" "\0" (any (#xd800 . #xdfff)) (not (any (0 . #x10ffff))))))

(defun gridls-document--wire (begin end)
  "The text between BEGIN and END as it may be sent, each character still one.
A carriage return within a line would end it for the daemon, so something else
stands for it there; and what is not Unicode has no place in JSON."
  (let ((text (buffer-substring-no-properties begin end)))
    (if (not (string-match-p gridls-document--unsendable text))
        text
      (with-temp-buffer
        (insert text)
        (goto-char (point-min))
        (while (re-search-forward gridls-document--unsendable nil t)
          (let ((character (char-before)))
            (unless (and (eq character ?\r) (eq (char-after) ?\n))
              (replace-match (if (memq character '(?\r ?\0)) "\32" "\ufffd") t t))))
        (buffer-string)))))

;;;; Names and places

(defun gridls-document-identifier ()
  "This buffer's versioned identifier; the daemon's text is brought up to now.
The buffer must be attached."
  (gridls-document--flush gridls-document--open)
  `( :uri ,(gridls-document-uri gridls-document--open)
     :version ,(gridls-document-version gridls-document--open)))

(defun gridls-document-bol ()
  "Where the line of point begins, whatever fields there are."
  (let ((inhibit-field-text-motion t))
    (line-beginning-position)))

(defun gridls-document-eol ()
  "Where the line of point ends, whatever fields there are."
  (let ((inhibit-field-text-motion t))
    (line-end-position)))

(defun gridls-document-position (position)
  "POSITION of this buffer as the daemon counts."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char position)
      (let ((begin (gridls-document-bol)))
        `( :line ,(gridls-document--newlines (point-min) begin)
           :character ,(- position begin))))))

(defun gridls-document-range (begin end)
  "The text between BEGIN and END as a range."
  `( :start ,(gridls-document-position begin)
     :end ,(gridls-document-position end)))

(defun gridls-document-point (position &optional shift)
  "Where POSITION is in this buffer, which is widened; lines are moved on by SHIFT."
  (save-excursion
    (goto-char (point-min))
    (if (zerop (forward-line (+ (plist-get position :line) (or shift 0))))
        (min (+ (point) (plist-get position :character)) (gridls-document-eol))
      (point-max))))

(defun gridls-document--language-id ()
  "The name of this buffer's language."
  (if (gridls-document-git-message-p)
      "gitcommit"
    (let ((name (replace-regexp-in-string "\\(-ts\\)?-mode\\'" "" (symbol-name major-mode))))
      (or (cdr (assoc name gridls-document--language-ids))
          name))))

(defun gridls-document-git-message-p ()
  "Whether git has opened this buffer for a commit message."
  (or (bound-and-true-p git-commit-mode)
      (and buffer-file-name
           (string-match-p "/\\(?:COMMIT_EDIT\\|MERGE_\\|SQUASH_\\)MSG\\'" buffer-file-name))))

(defun gridls-document-path-uri (path)
  "The URI of PATH."
  (let ((bytes (encode-coding-string (expand-file-name path)
                                     (or file-name-coding-system
                                         default-file-name-coding-system 'utf-8)
                                     t)))
    (concat "file://" (url-hexify-string bytes (cons ?/ url-unreserved-chars)))))

(defun gridls-document-uri-path (uri)
  "The path of URI, or nil where it is of no file here."
  (when (string-match "\\`file://\\(?:localhost\\)?\\(/.*\\)\\'" uri)
    (decode-coding-string (url-unhex-string (match-string 1 uri) t)
                          (or file-name-coding-system default-file-name-coding-system 'utf-8))))

(defun gridls-document--buffer-uri ()
  "The URI of this buffer."
  (if buffer-file-name
      (gridls-document-path-uri buffer-file-name)
    (concat "untitled:" (url-hexify-string (buffer-name)))))

(defun gridls-document-buffer (uri)
  "The buffer of URI, visited if it is a file; nil if there is none."
  (or (seq-find (lambda (buffer)
                  (when-let ((document (buffer-local-value 'gridls-document--open buffer)))
                    (equal (gridls-document-uri document) uri)))
                (buffer-list))
      (when-let ((path (gridls-document-uri-path uri)))
        (and (file-readable-p path)
             (find-file-noselect path)))))

(defun gridls-document-add-root ()
  "Make the project of this buffer a workspace folder, and return its URI.
Nil where it is on another machine."
  (let ((root (and (not (file-remote-p default-directory))
                   (or (locate-dominating-file default-directory ".git")
                       default-directory))))
    (when root
      (setq root (directory-file-name (expand-file-name root)))
      (let ((uri (gridls-document-path-uri root)))
        (gridls-client-add-root uri (file-name-nondirectory root))
        uri))))

(provide 'gridls-document)
;;; gridls-document.el ends here
