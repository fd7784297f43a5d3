;; What racket/base lacks of R7RS, as far as the programs use it.
(require (for-syntax racket/base))
(define exact inexact->exact)
(define inexact exact->inexact)
(define-syntax (define-record-type form)
  (syntax-case form ()
    [(_ name (make argument ...) is? (field get . set) ...)
     (let* ([prefix (format "record:~a" (syntax-e #'name))]
            [named (lambda (pattern field)
                     (datum->syntax #'name (string->symbol (format pattern prefix (syntax-e field)))))])
       (with-syntax ([structure (datum->syntax #'name (string->symbol prefix))]
                     [new (datum->syntax #'name (string->symbol (format "~a-new" prefix)))]
                     [structure? (datum->syntax #'name (string->symbol (format "~a?" prefix)))]
                     [(getter ...) (map (lambda (field) (named "~a-~a" field))
                                        (syntax->list #'(field ...)))]
                     [((setter . set-to) ...)
                      (for/list ([field (syntax->list #'(field ...))]
                                 [set (syntax->list #'(set ...))]
                                 #:when (pair? (syntax->list set)))
                        (cons (car (syntax->list set)) (named "set-~a-~a!" field)))])
         #'(begin
             (struct structure (field ...) #:mutable #:constructor-name new #:omit-define-syntaxes)
             (define make
               (let ([field #f] ...)
                 (lambda (argument ...) (new field ...))))
             (define is? structure?)
             (define get getter) ...
             (define setter set-to) ...)))]))
