;;; gridls-client.el --- The gridls process and its JSON-RPC  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; One process serves the whole of Emacs.  This file starts it, starts it again with a growing pause
;; when it dies, sends requests, hands on what it says, and ends it.
;;
;; Two traps of jsonrpc.el shape what is here.  It runs handlers in a buffer of its own, from a
;; process filter or a timer, so whoever is called back must make its buffer current.  And it does
;; not tell the id of a request, so what a person stops is named by its work-done token instead.
;;
;; There is nothing in `kill-emacs-hook': where the terminal has gone Emacs runs that in the midst
;; of anything, and to wait for an answer there can keep it for ever.  The daemon is told the end
;; by Emacs, which closes its pipes and sends it SIGHUP.

;;; Code:

(require 'cl-lib)
(require 'jsonrpc)
(require 'subr-x)

(defgroup gridls nil
  "Ghost text, explanations, rewrites and commit messages from gridls."
  :group 'tools
  :prefix "gridls-")

(defcustom gridls-command '("gridls")
  "The daemon: a program, found on variable `exec-path', and its arguments."
  :type '(repeat string)
  :risky t)

(defcustom gridls-settings nil
  "Settings for the daemon, as a property list.
They win over its own file and over the environment.  For example
  (:completion (:debounce_ms 300) :answer_language \"German\")
Write t and :json-false for true and false, and vectors for lists.
The manual page and the README of gridls name them all.  Only the global
value counts: where requests go is no business of a project's."
  :type '(plist :key-type symbol :value-type sexp)
  :risky t
  :set (lambda (symbol value)
         (set-default symbol value)
         (when (fboundp 'gridls-client-settings-changed)
           (gridls-client-settings-changed))))

(defconst gridls-client--restart-delays '(0.2 1 4 16)
  "Seconds before each further try to start a daemon that has died.")

(defconst gridls-client--healthy-after 60
  "Seconds after which a daemon that ran is no longer a failing one.")

(defconst gridls-client--start-timeout 30
  "Seconds after which a daemon that has not introduced itself is given up.")

(defconst gridls-client-request-failed -32803)
(defconst gridls-client-cancelled -32800)
(defconst gridls-client-content-modified -32801)
(defconst gridls-client--method-not-found -32601)

(defvar gridls-client-ready-functions nil
  "Functions called without arguments each time that the daemon is ready.")

(defvar gridls-client-ended-functions nil
  "Functions called without arguments when the daemon is gone.")

(defvar gridls-client-request-handlers nil
  "What answers requests of the daemon: (METHOD . FUNCTION of params).")

(defvar gridls-client-status nil
  "What the daemon said last of itself, a property list; nil before that.")

(defvar gridls-client-state 'stopped
  "One of the symbols stopped, starting, ready, waiting (to start again), failed.")

(defvar gridls-client--connection nil)
(defvar gridls-client--started-at 0)
(defvar gridls-client--deaths 0)
(defvar gridls-client--restart-timer nil)
(defvar gridls-client--waiting nil
  "What to do once the daemon is ready: functions, the last one first.")
(defvar gridls-client--roots nil
  "The workspace folders: property lists of :uri and :name.")
(defvar gridls-client--last-warning nil)
(defvar gridls-client--last-words nil
  "The last line that the daemon wrote to its standard error, or nil.")

(cl-defstruct (gridls-client--task (:constructor gridls-client--make-task) (:copier nil))
  "A request that has no answer yet.
TITLE says what it does where a person waits for it and may stop it, and
REPORT what it waits for itself."
  ticket title report result error partial)

(defvar gridls-client--tasks (make-hash-table)
  "Ticket -> task.")
(defvar gridls-client--tickets 0)

;;;; Messages

(defun gridls-client-say (format &rest arguments)
  "Show FORMAT with ARGUMENTS as one quiet line."
  (let ((text (apply #'format-message format arguments)))
    (message "gridls: %s" (replace-regexp-in-string "[ \t\r\n]+" " " text))))

(defun gridls-client-warn (format &rest arguments)
  "Show FORMAT with ARGUMENTS, and keep it for `gridls-status'."
  (setq gridls-client--last-warning (apply #'format-message format arguments))
  (gridls-client-say "%s" gridls-client--last-warning))

(defun gridls-client-last-warning ()
  "The last warning, or nil."
  gridls-client--last-warning)

(defun gridls-client-sentence (failure)
  "What a person is told of FAILURE, the error of a response."
  (let* ((text (or (plist-get failure :message) "the request failed"))
         (data (plist-get failure :data))
         (hint (and (listp data) (plist-get data :hint))))
    (if (or (not (stringp hint)) (string-empty-p hint) (string-search hint text))
        text
      (concat text " " hint))))

(defun gridls-client-tell-failure (failure)
  "Say in one line why a request that a person made ended with FAILURE."
  (let ((code (plist-get failure :code)))
    (cond ((plist-get failure :told))
          ((eql code gridls-client-cancelled) (gridls-client-say "cancelled"))
          ((eql code gridls-client-content-modified)
           (gridls-client-warn "the text has changed meanwhile, so nothing was done"))
          (t (gridls-client-warn "%s" (gridls-client-sentence failure))))))

(defmacro gridls-client-guarded (&rest body)
  "Run BODY; where it fails, say so in one line and return nil.
An error in a process filter or in `post-command-hook' would be shown in
pieces, or take the hook away."
  (declare (indent 0) (debug t))
  `(condition-case-unless-debug failure
       (progn ,@body)
     (error (gridls-client-warn "%s" (error-message-string failure))
            nil)))

;;;; Start and end

(defun gridls-client-ready-p ()
  "Whether the daemon can be asked."
  (eq gridls-client-state 'ready))

(defun gridls-client-start (&optional by-hand)
  "Start the daemon unless it is there or about to be.
One that could not be started is tried again only BY-HAND, when a person
asks for something."
  (when (or (eq gridls-client-state 'stopped)
            (and by-hand (memq gridls-client-state '(waiting failed))))
    (when by-hand
      (setq gridls-client--deaths 0))
    (gridls-client--launch)))

(defun gridls-client-when-ready (function)
  "Call FUNCTION as soon as the daemon is ready.
If it does not get there a message says why, and FUNCTION is forgotten.
It is called in the buffer of now, if that is still there."
  (let ((buffer (current-buffer)))
    (if (gridls-client-ready-p)
        (funcall function)
      (push (lambda ()
              (when (buffer-live-p buffer)
                (with-current-buffer buffer
                  (funcall function))))
            gridls-client--waiting)
      (gridls-client-start t))))

(defun gridls-client--launch ()
  "Start the daemon, whatever the state."
  (when gridls-client--restart-timer
    (cancel-timer gridls-client--restart-timer)
    (setq gridls-client--restart-timer nil))
  (let* ((command (default-value 'gridls-command))
         (default-directory (expand-file-name "~/"))
         (program (and (consp command) (cl-every #'stringp command)
                       (executable-find (substitute-in-file-name (car command))))))
    (cond
     ((not (consp command))
      (gridls-client--give-up "`gridls-command' must be a list of strings"))
     ((not program)
      (gridls-client--give-up
       (format-message
        "there is no program `%s'; build it as its README says, or set `gridls-command'"
        (car command))))
     (t
      (setq gridls-client-state 'starting
            gridls-client--started-at (float-time))
      (condition-case failure
          (gridls-client--connect (cons program (cdr command)))
        (error (gridls-client--give-up (error-message-string failure))))))))

(defun gridls-client--quiet-log ()
  "The initargs that keep jsonrpc.el from logging.
Its versions spell them differently."
  (if (memq '-events-buffer-config
            (mapcar #'eieio-slot-descriptor-name
                    (eieio-class-slots 'jsonrpc-process-connection)))
      '(:events-buffer-config (:size 0))
    '(:events-buffer-scrollback-size 0)))

(defun gridls-client--connect (command)
  "Run COMMAND and introduce ourselves."
  (setq gridls-client--last-words nil)
  (let* ((log (make-pipe-process :name "gridls log" :noquery t :coding 'utf-8-emacs-unix
                                 :filter #'gridls-client--listen :sentinel #'ignore))
         (process (make-process
                   :name "gridls" :command command :connection-type 'pipe :noquery t
                   :coding 'utf-8-emacs-unix :stderr log))
         (connection (apply #'make-instance 'jsonrpc-process-connection
                            :name "gridls" :process process
                            :request-dispatcher #'gridls-client--answer
                            :notification-dispatcher #'gridls-client--told
                            (gridls-client--quiet-log))))
    (setq gridls-client--connection connection)
    (run-at-time gridls-client--start-timeout nil #'gridls-client--check-start connection)
    (add-function :around (process-sentinel process)
                  (lambda (sentinel process change)
                    (let ((inhibit-message t)
                          (message-log-max nil))
                      (funcall sentinel process change))
                    (unless (process-live-p process)
                      (accept-process-output log 0.1)
                      (delete-process log)
                      (gridls-client--kill-buffer "*gridls events*")
                      (gridls-client--ended connection process))))
    (gridls-client--request
     'initialize (gridls-client--introduction)
     :result (lambda (result) (gridls-client--initialized result))
     :error (lambda (failure)
              (unless (plist-get failure :told)
                (gridls-client-stop)
                (gridls-client--give-up
                 (concat "the daemon refuses to start: "
                         (gridls-client-sentence failure))))))))

(defun gridls-client--kill-buffer (name)
  "Kill the buffer NAME of jsonrpc.el, which is for nobody else."
  (when (get-buffer name)
    (let ((kill-buffer-query-functions nil))
      (kill-buffer name))))

(defun gridls-client--check-start (connection)
  "Give CONNECTION up if the daemon has not introduced itself by now."
  (when (and (eq connection gridls-client--connection)
             (eq gridls-client-state 'starting))
    (gridls-client-stop)
    (gridls-client--give-up "the daemon does not answer; is `gridls-command' right?")))

(defun gridls-client--introduction ()
  "The params of `initialize'.
Columns are asked for in utf-32, which is how Emacs counts characters."
  (let ((folders (vconcat gridls-client--roots)))
    `( :processId ,(emacs-pid)
       :clientInfo (:name "Emacs" :version ,emacs-version)
       ,@(when-let ((locale (gridls-client--locale)))
           `(:locale ,locale))
       :rootUri ,(plist-get (car gridls-client--roots) :uri)
       :workspaceFolders ,folders
       :initializationOptions ,(gridls-client--settings)
       :capabilities
       ( :general (:positionEncodings ["utf-32" "utf-16"])
         :textDocument ( :synchronization (:didSave t)
                         :inlineCompletion (:dynamicRegistration :json-false))
         :workspace ( :applyEdit t :workspaceEdit (:documentChanges t)
                      :configuration t :workspaceFolders t)
         :window (:workDoneProgress t :showDocument (:support t))))))

(defun gridls-client--locale ()
  "The language of the environment, such as \"de-AT\", or nil."
  (let ((case-fold-search nil)
        (value (seq-find (lambda (value) (and value (not (string-empty-p value))))
                         (mapcar #'getenv '("LC_ALL" "LC_MESSAGES" "LANG")))))
    (when (and value (string-match "\\`\\([a-z]+\\)\\(?:_\\([A-Z]+\\)\\)?\\(?:[.@]\\|\\'\\)" value)
               (not (member (match-string 1 value) '("posix" "c"))))
      (concat (match-string 1 value)
              (when-let ((country (match-string 2 value)))
                (concat "-" country))))))

(defun gridls-client--initialized (result)
  "Begin to work with a daemon that has introduced itself by RESULT."
  (let ((encoding (plist-get (plist-get result :capabilities) :positionEncoding)))
    (if (not (equal encoding "utf-32"))
        (progn
          (gridls-client-stop)
          (gridls-client--give-up "this daemon does not count in utf-32; it is too old"))
      (setq gridls-client-state 'ready)
      (gridls-client-notify 'initialized (gridls-client-object))
      (let ((functions (nreverse gridls-client--waiting)))
        (setq gridls-client--waiting nil)
        (run-hooks 'gridls-client-ready-functions)
        (dolist (function functions)
          (gridls-client-guarded (funcall function))))
      (force-mode-line-update t))))

(defun gridls-client--ended (connection process)
  "Take note that PROCESS of CONNECTION has ended.
It is started again after a while."
  (when (eq connection gridls-client--connection)
    (let ((reason (or gridls-client--last-words
                      (format "exit status %s" (process-exit-status process)))))
      (when (>= (- (float-time) gridls-client--started-at) gridls-client--healthy-after)
        (setq gridls-client--deaths 0))
      (gridls-client--forget 'waiting)
      (let ((delay (nth gridls-client--deaths gridls-client--restart-delays)))
        (cond
         ((not delay)
          (gridls-client--give-up
           (format-message "the daemon keeps ending (%s); M-x gridls-status starts it again"
                           reason)))
         (t
          (when (zerop gridls-client--deaths)
            (gridls-client-warn "the daemon has ended and is started again (%s)" reason))
          (cl-incf gridls-client--deaths)
          (setq gridls-client--restart-timer
                (run-at-time delay nil #'gridls-client--launch))))))))

(defun gridls-client--listen (_log text)
  "Keep the last line of TEXT, which the daemon wrote to its standard error."
  (when-let ((line (car (last (split-string text "[\r\n]+" t "[ \t]+")))))
    (setq gridls-client--last-words (truncate-string-to-width line 200 nil nil t))))

(defun gridls-client--give-up (why)
  "Say WHY there is no daemon, and try no more by ourselves."
  (gridls-client--forget 'failed)
  (setq gridls-client--waiting nil)
  (gridls-client-warn "%s" why))

(defun gridls-client--forget (state)
  "The daemon is gone, and so is all that was asked of it; STATE is the new state."
  (let ((tasks (hash-table-values gridls-client--tasks)))
    (setq gridls-client-state state
          gridls-client-status nil
          gridls-client--connection nil)
    (clrhash gridls-client--tasks)
    (mapc #'gridls-client--kill-buffer '(" *gridls stderr*" " *gridls output*"))
    (run-hooks 'gridls-client-ended-functions)
    (dolist (task tasks)
      (gridls-client--call (gridls-client--task-error task)
                           `( :code ,gridls-client-request-failed :told t
                              :message "the daemon has ended")))
    (force-mode-line-update t)))

(defun gridls-client-stop ()
  "End the daemon in order, and what is still open with it."
  (when gridls-client--restart-timer
    (cancel-timer gridls-client--restart-timer)
    (setq gridls-client--restart-timer nil))
  (let ((connection gridls-client--connection))
    (setq gridls-client--connection nil)
    (when (and connection (jsonrpc-running-p connection))
      (ignore-errors
        (jsonrpc-request connection 'shutdown (gridls-client-object) :timeout 0.5)
        (jsonrpc-notify connection 'exit (gridls-client-object)))
      (let ((inhibit-message t))
        (ignore-errors (jsonrpc-shutdown connection)))))
  (gridls-client--forget 'stopped))

;;;; What we say

(defun gridls-client-object ()
  "What jsonrpc.el writes as an empty object; nil would be null."
  (make-hash-table :size 1))

(defun gridls-client-notify (method params)
  "Tell the daemon METHOD, a symbol, with PARAMS; without a daemon nothing happens."
  (when (and (gridls-client-ready-p) gridls-client--connection
             (jsonrpc-running-p gridls-client--connection))
    (gridls-client-guarded
      (jsonrpc-notify gridls-client--connection method params))))

(cl-defun gridls-client-request (method params &rest callbacks
                                        &key result error partial title)
  "Ask the daemon METHOD, a symbol, with PARAMS, and return a ticket, a number.
CALLBACKS are functions of one argument: RESULT and ERROR, one of which is
called once, and PARTIAL for each piece before.  TITLE says what is done where
a person waits for it and may stop it.  All are called in an unspecified
buffer."
  (ignore result partial title)
  (if (and (gridls-client-ready-p) gridls-client--connection)
      (apply #'gridls-client--request method params callbacks)
    (gridls-client--call error `( :code ,gridls-client-request-failed
                                  :message "the daemon is not running"))
    0))

(cl-defun gridls-client--request (method params &key result error partial title)
  "Ask METHOD with PARAMS, even before the daemon is ready.
RESULT, ERROR, PARTIAL and TITLE are those of `gridls-client-request'."
  (let* ((ticket (cl-incf gridls-client--tickets))
         (task (gridls-client--make-task :ticket ticket :title title :result result
                                         :error error :partial partial))
         (finish (lambda (which value)
                   (when (gethash ticket gridls-client--tasks)
                     (remhash ticket gridls-client--tasks)
                     (when title
                       (force-mode-line-update t))
                     (gridls-client--call (funcall which task) value)))))
    (puthash ticket task gridls-client--tasks)
    (condition-case failure
        (jsonrpc-async-request
         gridls-client--connection method
         (if (eq method 'initialize)
             params
           (append params
                   `(:workDoneToken ,(format "work-%d" ticket))
                   (and partial `(:partialResultToken ,(format "partial-%d" ticket)))))
         :success-fn (lambda (value) (funcall finish #'gridls-client--task-result value))
         :error-fn (lambda (value)
                     ;; jsonrpc.el says this of all that is open when the process ends, just before
                     ;; we take note of that.
                     (when (eql (plist-get value :code) -1)
                       (setq value `(:told t ,@value)))
                     (funcall finish #'gridls-client--task-error value))
         :timeout nil)
      (error (funcall finish #'gridls-client--task-error
                      ;; Of a process that has ended we are told in another way.
                      `( :told ,(not (jsonrpc-running-p gridls-client--connection))
                         :code ,gridls-client-request-failed
                         :message ,(error-message-string failure)))))
    (when title
      (force-mode-line-update t))
    ticket))

(defun gridls-client--call (function value)
  "Call FUNCTION, unless it is nil, with VALUE."
  (when function
    (gridls-client-guarded (funcall function value))))

(defun gridls-client-open-p (ticket)
  "Whether the request of TICKET has no answer yet, and one is wanted."
  (when-let ((task (gethash ticket gridls-client--tasks)))
    (and (gridls-client--task-result task) t)))

(defun gridls-client-cancel (ticket)
  "Ask the daemon to end the request of TICKET; its error is still called."
  (when (gethash ticket gridls-client--tasks)
    (gridls-client-notify 'window/workDoneProgress/cancel
                          `(:token ,(format "work-%d" ticket)))))

(defun gridls-client-ignore (ticket)
  "Call nothing of the request of TICKET any more."
  (when-let ((task (gethash ticket gridls-client--tasks)))
    (setf (gridls-client--task-title task) nil
          (gridls-client--task-result task) nil
          (gridls-client--task-error task) nil
          (gridls-client--task-partial task) nil)
    (force-mode-line-update t)))

(defun gridls-client-abandon (ticket)
  "End the request of TICKET, whose outcome no longer matters to anyone."
  (gridls-client-cancel ticket)
  (gridls-client-ignore ticket))

(defun gridls-client-running ()
  "The titles of what a person waits for, each with what it waits for itself."
  (let (titles)
    (maphash (lambda (_ task)
               (when-let ((title (gridls-client--task-title task)))
                 (push (cons title (gridls-client--task-report task)) titles)))
             gridls-client--tasks)
    titles))

(defun gridls-client-cancel-all ()
  "End all that a person waits for, and return how many things that were."
  (let ((tickets nil))
    (maphash (lambda (ticket task)
               (when (gridls-client--task-title task)
                 (push ticket tickets)))
             gridls-client--tasks)
    (mapc #'gridls-client-cancel tickets)
    (length tickets)))

(defun gridls-client-add-root (uri name)
  "Make the folder URI, called NAME, a workspace folder unless it is one."
  (let ((root `(:uri ,uri :name ,name)))
    (unless (member root gridls-client--roots)
      (setq gridls-client--roots (append gridls-client--roots (list root)))
      (gridls-client-notify 'workspace/didChangeWorkspaceFolders
                            `(:event (:added [,root] :removed []))))))

;;;; What we are told

(defun gridls-client--told (_connection method params)
  "Take the notification METHOD with PARAMS."
  (gridls-client-guarded
    (pcase method
      ('$/progress (gridls-client--progress (plist-get params :token)
                                            (plist-get params :value)))
      ('gridls/status
       (setq gridls-client-status params)
       (force-mode-line-update t))
      ('window/showMessage
       (let ((text (or (plist-get params :message) "")))
         (if (<= (or (plist-get params :type) 3) 2)
             (gridls-client-warn "%s" text)
           (gridls-client-say "%s" text)))))))

(defun gridls-client--progress (token value)
  "Hand VALUE on to the request that TOKEN is of."
  (when (and (stringp token) (string-match "\\`\\(work\\|partial\\)-\\([0-9]+\\)\\'" token))
    (when-let ((kind (match-string 1 token))
               (task (gethash (string-to-number (match-string 2 token)) gridls-client--tasks)))
      (if (equal kind "partial")
          (gridls-client--call (gridls-client--task-partial task) value)
        (setf (gridls-client--task-report task) (plist-get value :message))
        (when (gridls-client--task-title task)
          (when-let ((text (and (equal (plist-get value :kind) "report")
                                (plist-get value :message))))
            (gridls-client-say "%s" text))
          (force-mode-line-update t))))))

(defun gridls-client--answer (_connection method params)
  "Answer the request METHOD with PARAMS."
  (if-let ((handler (alist-get method gridls-client-request-handlers)))
      (funcall handler params)
    (jsonrpc-error :code gridls-client--method-not-found
                   :message (format "Emacs does not know %s" method))))

(setf (alist-get 'workspace/configuration gridls-client-request-handlers)
      (lambda (params)
        (vconcat (mapcar (lambda (item) (gridls-client--setting (plist-get item :section)))
                         (plist-get params :items))))
      (alist-get 'workspace/workspaceFolders gridls-client-request-handlers)
      (lambda (_) (vconcat gridls-client--roots)))
(dolist (method '( window/workDoneProgress/create window/showMessageRequest
                   client/registerCapability client/unregisterCapability))
  (setf (alist-get method gridls-client-request-handlers) #'ignore))

;;;; Settings

(defun gridls-client--settings ()
  "The settings as an object that can be sent."
  (let ((settings (default-value 'gridls-settings)))
    (condition-case nil
        (if (json-serialize settings :false-object :json-false :null-object nil)
            (or settings (gridls-client-object)))
      (error
       (gridls-client-warn "`gridls-settings' cannot be written as JSON, so it is left out")
       (gridls-client-object)))))

(defun gridls-client--setting (section)
  "The settings below SECTION, such as \"gridls.completion\".
Nil for what is not ours."
  (let* ((names (and (stringp section) (split-string section "\\.")))
         (value (gridls-client--settings)))
    (when (equal (car names) "gridls")
      (dolist (name (cdr names) value)
        (setq value (and (consp value) (plist-get value (intern (concat ":" name)))))))))

(defun gridls-client-settings-changed ()
  "Tell the daemon that `gridls-settings' is another."
  (gridls-client-notify 'workspace/didChangeConfiguration
                        `(:settings (:gridls ,(gridls-client--settings)))))

(provide 'gridls-client)
;;; gridls-client.el ends here
