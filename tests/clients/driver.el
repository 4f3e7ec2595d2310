;;; driver.el --- What the tests of eglot and of lsp-mode do  -*- lexical-binding: t -*-

;; Loaded behind the user's settings. Each step waits for what it has brought about.

(setq native-comp-async-report-warnings-errors 'silent)
(defvar driver-said nil "What was said to the person, newest first.")
(advice-add 'message :before
            (lambda (format &rest arguments)
              (when format
                (push (apply #'format format arguments) driver-said))))

(defvar driver-poke #'ignore "What is called while waiting.")

(defun driver-wait (what done)
  "Wait until DONE returns non-nil; fail with WHAT."
  (with-timeout (20 (error "This has not happened: %s; in the buffer: %s" what (buffer-string)))
    (while (not (funcall done))
      (funcall driver-poke)
      (accept-process-output nil 0.05))))

(defun driver-expect (text)
  "Wait until the buffer has TEXT in it."
  (driver-wait text (lambda () (string-search text (buffer-string)))))

(defun driver-complete ()
  "Take the rest of the third line away and have it completed."
  (goto-char (point-min))
  (search-forward "return")
  (delete-region (point) (line-end-position))
  (completion-at-point)
  (driver-expect "    return a + b;\n"))

(defun driver-act (choose)
  "Turn the code, then have it explained; CHOOSE executes the action of a title."
  (funcall choose "Simplify")
  (driver-expect "return b + a;")
  (funcall choose "Explain")
  (driver-wait "an explanation"
               (lambda () (seq-some (lambda (text) (string-search "It adds." text)) driver-said))))

(defun driver-eglot ()
  "All of it under eglot."
  (fset 'y-or-n-p #'always)             ; Eglot asks before it applies an edit.
  (find-file "a.c")
  (apply #'eglot--connect (eglot--guess-contact))
  ;; The jsonrpc.el of Emacs 28 leaves a message lying that comes in one piece with the answer that
  ;; it waits for, until something else comes: here the edit, as this upstream takes no time.
  (setq driver-poke (lambda ()
                      (jsonrpc-async-request (eglot-current-server) :gridls/status nil
                                             :success-fn #'ignore)))
  (driver-complete)
  (driver-act
   (lambda (title)
     (cl-letf (((symbol-function 'completing-read)
                (lambda (_ items &rest _) (car (assoc title items))))
               (last-nonmenu-event t))
       (eglot-code-actions (point-min) (point-max) nil t))))
  (save-buffer)
  (eglot-shutdown (eglot-current-server)))

(defun driver-lsp-mode ()
  "All of it under lsp-mode, which would start other servers too if they were installed."
  (setq lsp-enabled-clients '(gridls)
        lsp-auto-guess-root t
        lsp-diagnostics-provider :none
        lsp-enable-snippet nil)
  (require 'lsp-mode)
  (find-file "a.c")
  (lsp)
  (driver-wait "a workspace that is initialized"
               (lambda () (and (lsp-workspaces)
                               (eq 'initialized (lsp--workspace-status (car (lsp-workspaces)))))))
  (driver-complete)
  (driver-act
   (lambda (title)
     (push-mark (point-min) t t)
     (goto-char (point-max))
     (setq transient-mark-mode t mark-active t)
     (lsp-execute-code-action
      (seq-find (lambda (action) (equal title (lsp-get action :title)))
                (lsp-code-actions-at-point)))))
  (save-buffer)
  ;; Not lsp-workspace-shutdown: it goes on writing to a server that has left, of which an Emacs in
  ;; batch may die.  The server sees the end of its input.
  (kill-emacs 0))

;;; driver.el ends here
