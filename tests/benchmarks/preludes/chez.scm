;; What Chez Scheme lacks of R7RS, as far as the programs use it.
(import (rename (only (chezscheme) define-record-type) (define-record-type chez-define-record-type)))
(define-syntax define-record-type
  (syntax-rules ()
    ((_ name (make argument ...) is? (field . procedures) ...)
     (r7rs-record (name make is?) (argument ...) (field ...) () (field . procedures) ...))))
(define-syntax r7rs-record
  (syntax-rules ()
    ((_ names arguments fields (done ...) (field get) more ...)
     (r7rs-record names arguments fields (done ... (immutable field get)) more ...))
    ((_ names arguments fields (done ...) (field get set) more ...)
     (r7rs-record names arguments fields (done ... (mutable field get set)) more ...))
    ((_ names (argument ...) (field ...) done)
     (chez-define-record-type names
       (fields . done)
       (protocol (lambda (new)
                   (let ((field #f) ...)
                     (lambda (argument ...) (new field ...)))))))))
