;;; emacs_package.el --- Holds the Emacs plugin to what packages are held to  -*- lexical-binding: t; -*-

;; GRIDLS_PLUGIN=FOLDER emacs --batch -Q -l emacs_package.el -f CHECK
;; CHECK is one of the functions below.  What is wrong goes to standard output, a line each, and the
;; exit code is 1 then.

(require 'bytecomp)
(require 'checkdoc)
(require 'cl-lib)

(defvar emacs-package-folder (file-name-as-directory (getenv "GRIDLS_PLUGIN")))
(defvar emacs-package-files (directory-files emacs-package-folder t "\\`gridls.*\\.el\\'"))
(defvar emacs-package-commands
  '( gridls-mode global-gridls-mode gridls-complete gridls-explain gridls-ask gridls-refactor
     gridls-act gridls-fix gridls-commit-message gridls-cancel gridls-status))
(add-to-list 'load-path emacs-package-folder)

(defun emacs-package-end (faults)
  "Print FAULTS and exit."
  (dolist (fault faults)
    (princ (format "%s\n" fault)))
  (kill-emacs (if faults 1 0)))

(defun emacs-package-compile ()
  "No warning, and no file that needs another to be loaded first."
  (let ((byte-compile-error-on-warn t)
        (byte-compile-dest-file-function (lambda (file) (concat file "c")))
        faults)
    (dolist (file emacs-package-files)
      (unless (byte-compile-file file)
        (push (format "%s does not compile" file) faults)))
    (with-current-buffer (get-buffer-create "*Compile-Log*")
      (when faults
        (push (buffer-string) faults)))
    (emacs-package-end faults)))

(defun emacs-package-native-compile ()
  "The same by the native compiler; exit code 77 where this Emacs has none."
  (unless (and (fboundp 'native-comp-available-p) (native-comp-available-p))
    (kill-emacs 77))
  (require 'comp)
  (let ((byte-compile-error-on-warn t)
        (native-comp-speed 0) ; It is about warnings, not about speed.
        faults)
    (dolist (file emacs-package-files)
      (let ((output (make-temp-file "gridls-" nil ".eln")))
        (unless (native-compile file output)
          (push (format "%s does not compile" file) faults))
        (delete-file output)))
    (emacs-package-end faults)))

(defun emacs-package-checkdoc ()
  "What checkdoc says."
  (let ((checkdoc-arguments-in-order-flag nil)
        faults)
    (cl-letf (((symbol-function 'checkdoc-create-error)
               (lambda (text start &rest _)
                 (push (format "%s:%d: %s" (file-name-nondirectory buffer-file-name)
                               (line-number-at-pos (or start (point))) text)
                       faults)
                 nil)))
      (dolist (file emacs-package-files)
        (with-current-buffer (find-file-noselect file)
          (checkdoc-current-buffer t))))
    (emacs-package-end (nreverse faults))))

(defun emacs-package-lint ()
  "What package-lint says; exit code 77 where it is not installed."
  (let ((folder (car (file-expand-wildcards "/usr/share/emacs/site-lisp/elpa/package-lint-*")))
        (letters (car (file-expand-wildcards "/usr/share/emacs/site-lisp/elpa/let-alist-*")))
        faults)
    (unless folder
      (kill-emacs 77))
    (add-to-list 'load-path folder)
    (when letters
      (add-to-list 'load-path letters))
    (require 'package-lint)
    (let ((package-lint-main-file (expand-file-name "gridls.el" emacs-package-folder)))
      (dolist (file emacs-package-files)
        (with-current-buffer (find-file-noselect file)
          (emacs-lisp-mode)
          (pcase-dolist (`(,line ,column ,kind ,text) (package-lint-buffer))
            ;; Of versions of Emacs that are newer than this package-lint.
            (unless (string-match-p "uninstallable in all released Emacs versions" text)
              (push (format "%s:%d:%d: %s: %s" (file-name-nondirectory file) line column kind text)
                    faults))))))
    (emacs-package-end (nreverse faults))))

(defun emacs-package-install ()
  "Installs the folder as a package."
  (require 'package)
  (package-initialize)
  (package-install-file (directory-file-name emacs-package-folder))
  (emacs-package-end nil))

(defun emacs-package-autoloads ()
  "What the installed package gives before it is loaded, and that loading it turns nothing on."
  (setq load-path (delete emacs-package-folder load-path))
  (require 'package)
  (package-initialize)
  (let (faults)
    (dolist (command emacs-package-commands)
      (unless (and (commandp command) (autoloadp (symbol-function command)))
        (push (format "%s is no autoloaded command" command) faults)))
    (when (featurep 'gridls)
      (push "it is loaded before it is used" faults))
    (require 'gridls)
    (when (or global-gridls-mode (get-process "gridls"))
      (push "loading it has turned it on" faults))
    (emacs-package-end faults)))

;;; emacs_package.el ends here
