;;; emacs_tests.el --- Tests of the Emacs plugin without a screen  -*- lexical-binding: t; -*-

;; GRIDLS=… GRIDLS_PLUGIN=… emacs --batch -Q -l emacs_tests.el -f ert-run-tests-batch-and-exit
;; The daemon is the real one, on its sandbox.

(require 'cl-lib)
(require 'ert)
(add-to-list 'load-path (getenv "GRIDLS_PLUGIN"))
(require 'gridls)

(setq gridls-command (list (getenv "GRIDLS") "--sandbox")
      gridls-settings '(:completion (:debounce_ms 0))
      make-backup-files nil
      create-lockfiles nil)

(defconst emacs-tests-deadline 20)

(defun emacs-tests-wait (what condition)
  "Wait until CONDITION, a function, is non-nil, and return that; WHAT is for the failure."
  (let ((end (+ (float-time) emacs-tests-deadline))
        value)
    (while (not (setq value (funcall condition)))
      (when (> (float-time) end)
        (error "This has not happened: %s" what))
      (accept-process-output nil 0.05))
    value))

(defmacro emacs-tests-in-file (name text &rest body)
  "Run BODY in a buffer that visits a new file NAME with TEXT, with the daemon ready."
  (declare (indent 2))
  `(let* ((folder (make-temp-file "gridls-" t))
          (file (expand-file-name ,name folder)))
     (write-region ,text nil file nil 'quiet)
     (let ((buffer (find-file-noselect file)))
       (unwind-protect
           (with-current-buffer buffer
             (switch-to-buffer buffer)
             (gridls-client-start t)
             (emacs-tests-wait "the daemon is ready" #'gridls-client-ready-p)
             ,@body)
         (with-current-buffer buffer
           (set-buffer-modified-p nil))
         (kill-buffer buffer)
         (delete-directory folder t)))))

;;;; The text that the daemon has

(defvar emacs-tests-mirror nil
  "What the daemon would have by what it is told.")

(defun emacs-tests-lines (text)
  "The places at which lines of TEXT begin, as the protocol ends them."
  (let ((places (list 0)) (start 0))
    (while (string-match "\r\n\\|\n\\|\r" text start)
      (setq start (match-end 0))
      (push start places))
    (vconcat (nreverse places))))

(defun emacs-tests-offset (text position)
  "Where POSITION is in TEXT."
  (let* ((lines (emacs-tests-lines text))
         (line (plist-get position :line)))
    (if (>= line (length lines))
        (length text)
      (let* ((begin (aref lines line))
             (end (if (string-match "[\r\n]" text begin) (match-beginning 0) (length text))))
        (min end (+ begin (plist-get position :character)))))))

(defun emacs-tests-tell (_connection method params)
  "Apply what METHOD and PARAMS tell of a text to the mirror."
  (pcase method
    ('textDocument/didOpen
     (setq emacs-tests-mirror (plist-get (plist-get params :textDocument) :text)))
    ('textDocument/didChange
     (cl-loop
      for change across (plist-get params :contentChanges)
      do (let* ((range (plist-get change :range))
                (begin (emacs-tests-offset emacs-tests-mirror (plist-get range :start)))
                (end (emacs-tests-offset emacs-tests-mirror (plist-get range :end))))
           (setq emacs-tests-mirror (concat (substring emacs-tests-mirror 0 begin)
                                            (plist-get change :text)
                                            (substring emacs-tests-mirror end))))))))

(defun emacs-tests-check-mirror ()
  "The mirror must be the text of this buffer, as it may be sent."
  (gridls-document-identifier)
  (save-restriction
    (widen)
    (should (equal emacs-tests-mirror (gridls-document--wire (point-min) (point-max))))
    ;; Places agree too.
    (dolist (position (list (point-min) (point) (point-max)))
      ;; Within a line end no place is told.
      (unless (and (eq (char-before position) ?\r) (eq (char-after position) ?\n))
        (should (= (emacs-tests-offset emacs-tests-mirror (gridls-document-position position))
                   (1- position))))
      (should (= (gridls-document-point (gridls-document-position position)) position)))))

(defun emacs-tests-edit ()
  "Change this buffer somehow."
  (let* ((place (lambda () (+ (point-min) (random (1+ (buffer-size))))))
         (from (funcall place))
         (to (min (point-max) (+ from (random 12)))))
    (goto-char from)
    (pcase (random 14)
      ((or 0 1 2) (insert (nth (random 9) '("x" "\n" "日本" "𝒳" "\r" "\r\n" "\0" "ab\ncd\n" "\351"))))
      ((or 3 4) (delete-region from to))
      (5 (upcase-region from to))
      (6 (let ((inhibit-modification-hooks t)) (insert "hidden\n")))
      (7 (sort-lines nil from to))
      (8 (ignore-errors (undo-boundary) (undo-only)))
      (9 (insert-char #x3fffc4 1))
      (10 (save-restriction (narrow-to-region from to) (goto-char (point-max)) (insert "n")))
      (11 (subst-char-in-region from to ?x ?\n))
      (12 (goto-char (point-max)) (delete-char (- (random (min 3 (1+ (buffer-size)))))))
      (13 (transpose-regions (point-min) (min (point-max) (1+ (point-min)))
                             (min (point-max) (1+ (point-min)))
                             (min (point-max) (+ 2 (point-min))))))))

(ert-deftest emacs-tests-text-is-kept-in-step ()
  (emacs-tests-in-file "a.txt" "one\ntwo\nthree"
    (random "gridls")
    (buffer-enable-undo)
    (advice-add 'jsonrpc-notify :before #'emacs-tests-tell)
    (unwind-protect
        (progn
          (should (gridls-document-attach))
          (emacs-tests-check-mirror)
          (dotimes (round 600)
            (dotimes (_ (1+ (random 3)))
              (emacs-tests-edit))
            (when (> (buffer-size) 400)
              (erase-buffer))
            (ert-info ((format "round %d" round))
              (emacs-tests-check-mirror))))
      (advice-remove 'jsonrpc-notify #'emacs-tests-tell))))

(ert-deftest emacs-tests-text-changed-through-an-indirect-buffer ()
  (emacs-tests-in-file "a.txt" "one\ntwo\n"
    (advice-add 'jsonrpc-notify :before #'emacs-tests-tell)
    (unwind-protect
        (let ((other (make-indirect-buffer (current-buffer) "other")))
          (should (gridls-document-attach))
          (with-current-buffer other
            (goto-char (point-max))
            (insert "three\n"))
          (kill-buffer other)
          (emacs-tests-check-mirror))
      (advice-remove 'jsonrpc-notify #'emacs-tests-tell))))

(ert-deftest emacs-tests-changes-above-move-lines-and-inside-do-not-agree ()
  (emacs-tests-in-file "a.txt" "one\ntwo\nthree\n"
    (gridls-document-attach)
    (let ((version (plist-get (gridls-document-identifier) :version)))
      (goto-char (point-min))
      (insert "zero\n\n")
      (gridls-document-identifier)
      (should (equal (gridls-document-shift version 1 2) 2))
      (goto-char (point-max))
      (insert "four\n")
      (gridls-document-identifier)
      (should (equal (gridls-document-shift version 1 2) 2))
      (search-backward "two")
      (insert "x")
      (gridls-document-identifier)
      (should (equal (gridls-document-shift version 1 2) nil))
      (should (equal (gridls-document-shift version 2 3) 2)))))

(ert-deftest emacs-tests-a-new-name-and-a-new-mode-are-told ()
  (emacs-tests-in-file "a.txt" "one\n"
    (gridls-document-attach)
    (should (string-suffix-p "/a.txt" (plist-get (gridls-document-identifier) :uri)))
    (set-visited-file-name (expand-file-name "b c%.el" folder) t)
    (gridls-document-attach)
    (should (string-suffix-p "/b%20c%25.el" (plist-get (gridls-document-identifier) :uri)))
    (should (equal (gridls-document-uri-path (plist-get (gridls-document-identifier) :uri))
                   buffer-file-name))
    (emacs-lisp-mode)
    (gridls-document-attach)
    (should (equal (gridls-document-language gridls-document--open) "emacs-lisp"))))

(ert-deftest emacs-tests-names-of-languages ()
  (pcase-dolist (`(,mode ,name)
                 '((c-mode "c") (c-ts-mode "c") (c++-mode "cpp") (c++-ts-mode "cpp")
                   (bash-ts-mode "shellscript") (js-ts-mode "javascript") (rust-ts-mode "rust")
                   (tsx-ts-mode "typescriptreact") (LaTeX-mode "latex") (html-mode "html")
                   (text-mode "plaintext") (emacs-lisp-mode "emacs-lisp") (python-mode "python")))
    (with-temp-buffer
      (setq-local major-mode mode)
      (should (equal (gridls-document--language-id) name)))))

(ert-deftest emacs-tests-what-is-not-sent ()
  (emacs-tests-in-file "a.txt" "one\n"
    (let ((gridls-document-size-limit 2))
      (should-not (gridls-document-attach)))
    (set-buffer-multibyte nil)
    (should-not (gridls-document-attach))
    (with-temp-buffer
      (should-not (gridls-document-attach)))))

(ert-deftest emacs-tests-a-large-text-is-sent-whole ()
  (emacs-tests-in-file "a.txt" (make-string 3000000 ?x)
    (should (gridls-document-attach))
    (goto-char (point-min))
    (insert "y\n")
    (gridls-document-identifier)
    (let (status)
      (gridls-client-request 'gridls/status nil :result (lambda (value) (setq status value)))
      (emacs-tests-wait "the daemon answers" (lambda () status)))))

;;;; Edits

(defun emacs-tests-edit-of (&rest edits)
  "A WorkspaceEdit of this buffer: EDITS are (LINE CHARACTER LINE CHARACTER TEXT)."
  `(:documentChanges
    [( :textDocument ,(gridls-document-identifier)
       :edits ,(vconcat (mapcar (pcase-lambda (`(,a ,b ,c ,d ,text))
                                  `( :range ( :start (:line ,a :character ,b)
                                              :end (:line ,c :character ,d))
                                     :newText ,text))
                                edits)))]))

(ert-deftest emacs-tests-hunks-of-every-shape ()
  (pcase-dolist (`(,text ,edits ,count ,new)
                 '(("a\nb\nc\n" ((0 0 0 1 "x")) 1 "x\nb\nc\n")
                   ("a\nb\nc\n" ((0 0 1 0 "")) 1 "b\nc\n")
                   ("a\nb\nc\n" ((1 0 1 0 "x\n")) 1 "a\nx\nb\nc\n")
                   ("a\nb\nc\n" ((0 0 1 0 "x\n") (1 0 1 0 "y\n") (2 0 3 0 "z\n")) 3 "x\ny\nb\nz\n")
                   ("a\nb\nc" ((2 1 2 1 "d\ne")) 1 "a\nb\ncd\ne")
                   ("a\nb\nc" ((3 0 3 0 "\nd")) 1 "a\nb\nc\nd")
                   ("a b c\n" ((0 0 0 1 "x") (0 2 0 3 "y") (0 5 0 5 "!")) 1 "x y c!\n")
                   ("a\nb\n" ((1 0 1 0 "p\n") (1 0 1 0 "q\n")) 1 "a\np\nq\nb\n")
                   ("" ((0 0 0 0 "a\n")) 1 "a\n")
                   ("a\r\nb\n" ((0 0 1 0 "x\r\ny\r\n")) 1 "x\r\ny\r\nb\n")
                   ("日本 𝒳\n" ((0 3 0 4 "y")) 1 "日本 y\n")))
    (dolist (one-by-one '(nil t backwards))
      (emacs-tests-in-file "a.txt" text
        (gridls-document-attach)
        (buffer-enable-undo)
        (pcase-let* ((`((,buffer . ,hunks))
                      (gridls-edit-hunks (apply #'emacs-tests-edit-of edits)))
                     (step (gridls-edit-new-step)))
          (ert-info ((format "%S" edits))
            (should (eq buffer (current-buffer)))
            (should (<= (length hunks) count))
            (cl-loop for diff in (gridls-edit--diff hunks)
                     do (should (string-prefix-p "@@ -" diff)))
            (if one-by-one
                (dolist (hunk (if (eq one-by-one 'backwards) (reverse hunks) hunks))
                  (gridls-edit-apply buffer (list hunk) step))
              (gridls-edit-apply buffer hunks step))
            (should (equal (buffer-string) new))
            ;; All of it is one undo step.
            (undo-boundary)
            (primitive-undo 1 (cl-member-if-not #'null buffer-undo-list))
            (should (equal (buffer-string) text))))))))

(ert-deftest emacs-tests-the-preview-is-a-diff-that-patch-takes ()
  (emacs-tests-in-file "a.txt" (mapconcat (lambda (n) (format "line %d\n" n))
                                          (number-sequence 0 30) "")
    (gridls-document-attach)
    (pcase-let* ((edit (emacs-tests-edit-of '(2 0 3 0 "two\nmore\n") '(6 0 7 0 "")
                                            '(20 0 20 0 "new\n") '(30 0 30 7 "last")))
                 (`((,buffer . ,hunks)) (gridls-edit-hunks edit))
                 (preview (gridls-edit-preview buffer hunks nil))
                 (old (expand-file-name "a.txt" folder))
                 (patch (expand-file-name "a.diff" folder)))
      (with-current-buffer preview
        (should (= (length (gridls-edit--hunks-left)) 4))
        (write-region (point-min) (point-max) patch nil 'quiet))
      (kill-buffer preview)
      (gridls-edit-apply buffer hunks (gridls-edit-new-step))
      (should (eql 0 (call-process "patch" nil nil nil "-s" old patch)))
      (should (equal (buffer-string)
                     (with-temp-buffer
                       (insert-file-contents old)
                       (buffer-string)))))))

(ert-deftest emacs-tests-an-edit-of-a-changed-text-is-refused ()
  (emacs-tests-in-file "a.txt" "one\ntwo\n"
    (gridls-document-attach)
    (let ((edit (emacs-tests-edit-of '(0 0 0 3 "ONE"))))
      (goto-char (point-min))
      (insert "x")
      (should (equal (plist-get (gridls-edit--answer `(:edit ,edit)) :applied) :json-false))
      (should (equal (buffer-string) "xone\ntwo\n")))
    (let ((edit (emacs-tests-edit-of '(0 0 0 4 "ONE"))))
      (setq buffer-read-only t)
      (should (equal (plist-get (gridls-edit--answer `(:edit ,edit)) :applied) :json-false))
      (setq buffer-read-only nil)
      (should (equal (gridls-edit--answer `(:edit ,edit)) '(:applied t)))
      (should (equal (buffer-string) "ONE\ntwo\n")))))

;;;; Line ends and coding systems

(defun emacs-tests-bytes (file)
  "What is in FILE."
  (with-temp-buffer
    (set-buffer-multibyte nil)
    (insert-file-contents-literally file)
    (buffer-string)))

(defun emacs-tests-offer (text)
  "Offer TEXT at point, as the daemon would."
  (let ((begin (gridls-document-bol)))
    (gridls-inline--offer (copy-marker begin)
                          (buffer-substring-no-properties begin (gridls-document-eol))
                          (- (point) begin)
                          `((:insertText ,text)))))

(ert-deftest emacs-tests-line-ends-and-coding-systems ()
  (dolist (coding '(utf-8-unix utf-8-dos utf-8-mac utf-8-with-signature-dos latin-1-unix
                               latin-1-dos utf-16-unix utf-16-dos utf-16le-with-signature-dos))
    (let ((coding-system-for-read coding)
          (coding-system-for-write coding)
          (text "/* \u00e9 */\nint first(void)\n{\n    return 1;\n}\n"))
      (emacs-tests-in-file "a.c" text
        (let (coding-system-for-read coding-system-for-write changed)
          (ert-info ((format "%s" coding))
            (search-forward "{")
            (emacs-tests-offer "\n    first();\n    first();")
            (gridls-accept)
            (setq text (string-replace "{\n" "{\n    first();\n    first();\n" text))
            (should (equal (buffer-string) text))
            (save-buffer)
            (should (equal (emacs-tests-bytes file) (encode-coding-string text coding)))
            (gridls-document-attach)
            (gridls-client-request
             'gridls/refactor `( :textDocument ,(gridls-document-identifier)
                                 :range ,(gridls-document-range (point-min) (point-max))
                                 :instruction "Say why it is so.")
             :result (lambda (result) (setq changed (plist-get result :edit))))
            (emacs-tests-wait "it is rewritten" (lambda () changed))
            (gridls-edit-apply-all (gridls-edit-hunks changed))
            (should-not (equal (buffer-string) text))
            (should-not (string-search "\r" (buffer-string)))
            (should (string-search "/* \u00e9 */\nint first(void)\n" (buffer-string)))
            (save-buffer)
            (should (equal (emacs-tests-bytes file)
                           (encode-coding-string (buffer-string) coding)))))))))

(ert-deftest emacs-tests-ghost-text-where-lines-end-in-different-ways ()
  (pcase-dolist (`(,text ,line ,new)
                 '(("a\r\nb\nc\r\n" 1 "a1\r\n2\r\nb\nc\r\n")
                   ("a\r\nb\nc\r\n" 2 "a\r\nb1\n2\nc\r\n")
                   ("a\r\nb\nc\r\nd" 4 "a\r\nb\nc\r\nd1\r\n2")
                   ("a\r\nb\nc" 3 "a\r\nb\nc1\n2")
                   ("a" 1 "a1\n2")))
    (dolist (command '(gridls-accept gridls-accept-line))
      (emacs-tests-in-file "a.txt" text
        (forward-line (1- line))
        (forward-char)
        (emacs-tests-offer "1\n2")
        (funcall command)
        (when (eq command 'gridls-accept-line)
          (gridls-inline--after-command)
          (funcall command))
        (should (equal (buffer-string) new))))))

;;;; With the daemon

(ert-deftest emacs-tests-a-completion ()
  (emacs-tests-in-file "a.c" "int use(int total)\n{\n    total = total + 12;\n    total"
    (goto-char (point-max))
    (gridls-complete)
    (emacs-tests-wait "ghost text is shown" (lambda () gridls-inline-visible))
    (let ((rest (gridls-inline--rest (car gridls-inline--items))))
      (gridls-accept)
      (should (string-suffix-p rest (buffer-string))))
    (should-error (gridls-accept) :type 'user-error)))

(ert-deftest emacs-tests-an-explanation-and-a-question ()
  (emacs-tests-in-file "a.c" "int first(void)\n{\n    return 1;\n}\n"
    (let ((running (lambda () (with-current-buffer gridls-explain--latest
                                gridls-explain--ticket))))
      (gridls-explain (point-min) (point-max))
      (emacs-tests-wait "it is there" (lambda () (and gridls-explain--latest
                                                      (not (funcall running)))))
      (gridls-ask "And why?")
      (emacs-tests-wait "the answer is there" (lambda () (not (funcall running))))
      (with-current-buffer gridls-explain--latest
        (should (string-match-p "sandbox" (buffer-string)))
        (should (string-match-p "^## And why\\?$" (buffer-string)))
        (kill-buffer)))
    (should-error (gridls-ask "And now?") :type 'user-error)))

(ert-deftest emacs-tests-a-command-edits-by-a-request-of-the-daemon ()
  (emacs-tests-in-file "a.c" "int x;\n"
    (gridls-document-attach)
    (let ((before (buffer-string)))
      (gridls-client-request
       'workspace/executeCommand
       `( :command "gridls.refactor"
          :arguments [( :textDocument ,(gridls-document-identifier)
                        :range ,(gridls-document-range (point-min) (point-max))
                        :instruction "Say why it is so.")]))
      (emacs-tests-wait "the text is another" (lambda () (not (equal before (buffer-string))))))))

(ert-deftest emacs-tests-settings ()
  (should (equal (gridls-client--setting "gridls.completion.debounce_ms") 0))
  (should (equal (gridls-client--setting "gridls.nothing") nil))
  (should (equal (gridls-client--setting "other") nil))
  (let ((before (default-value 'gridls-settings)))
    (unwind-protect
        (progn
          (set-default 'gridls-settings '(:broken car))
          (should (hash-table-p (gridls-client--settings)))
          ;; What a project says does not count.
          (set-default 'gridls-settings nil)
          (with-temp-buffer
            (setq-local gridls-settings '(:base_url "http://127.0.0.1:1/"))
            (should (hash-table-p (gridls-client--settings))))
          (should (risky-local-variable-p 'gridls-settings))
          (should (risky-local-variable-p 'gridls-command)))
      (set-default 'gridls-settings before))))

(ert-deftest emacs-tests-locale ()
  (pcase-dolist (`(,variable ,wanted) '(("de_AT.UTF-8" "de-AT") ("fr" "fr") ("C.UTF-8" nil)
                                        ("POSIX" nil) ("" nil) ("ca_ES@valencia" "ca-ES")))
    (with-environment-variables (("LC_ALL" variable) ("LC_MESSAGES" "") ("LANG" ""))
      (should (equal (gridls-client--locale) wanted)))))

(ert-deftest emacs-tests-unknown-requests-are-refused ()
  (should-error (gridls-client--answer nil 'workspace/nothing nil) :type 'jsonrpc-error)
  (should (equal (gridls-client--answer nil 'window/workDoneProgress/create '(:token 1)) nil)))

(ert-deftest emacs-tests-a-silent-daemon-is-given-up ()
  (gridls-client-stop)
  (let ((command gridls-command)
        (gridls-client--start-timeout 0.1))
    (unwind-protect
        (progn
          (setq gridls-command '("sleep" "60"))
          (gridls-client-start t)
          (emacs-tests-wait "it is given up" (lambda () (eq gridls-client-state 'failed)))
          (should (string-match-p "does not answer" (gridls-client-last-warning)))
          (should-not (get-process "gridls")))
      (setq gridls-command command)
      (gridls-client-stop))))

(ert-deftest emacs-tests-settings-that-change-are-told ()
  (emacs-tests-in-file "a.c" "int x;\n"
    (let ((before gridls-settings)
          told)
      (advice-add 'jsonrpc-notify :before
                  (lambda (_connection method params) (push (cons method params) told))
                  '((name . told)))
      (unwind-protect
          (progn
            (customize-set-variable 'gridls-settings '(:answer_language "German"))
            (should (equal (car told)
                           '(workspace/didChangeConfiguration
                             :settings (:gridls (:answer_language "German"))))))
        (customize-set-variable 'gridls-settings before)
        (advice-remove 'jsonrpc-notify 'told)))))

(ert-deftest emacs-tests-a-dying-daemon-is-not-started-for-ever ()
  (gridls-client-stop)
  (let ((command gridls-command)
        (gridls-client--restart-delays '(0 0 0))
        (starts 0))
    (advice-add 'gridls-client--connect :before (lambda (&rest _) (cl-incf starts))
                '((name . count)))
    (unwind-protect
        (progn
          (setq gridls-command '("sh" "-c" "echo no luck >&2; exit 3"))
          (gridls-client-start t)
          (emacs-tests-wait "it is given up" (lambda () (eq gridls-client-state 'failed)))
          (should (= starts 4))
          (should (string-match-p "keeps ending (no luck)" (gridls-client-last-warning)))
          ;; Not again by itself, but for a person.
          (gridls-client-start)
          (should (eq gridls-client-state 'failed)))
      (advice-remove 'gridls-client--connect 'count)
      (setq gridls-command command)))
  (gridls-client-start t)
  (emacs-tests-wait "the daemon is ready" #'gridls-client-ready-p)
  ;; The jsonrpc.el of Emacs 30 makes the buffer of a log all the same.
  (let ((log (get-buffer "*gridls events*")))
    (should-not (and log (> (buffer-size log) 0)))))

;;; emacs_tests.el ends here
