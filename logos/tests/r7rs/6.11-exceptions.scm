;; Exceptions.
(call-with-current-continuation (lambda (k) (with-exception-handler (lambda (e) (k (list 'condition e))) (lambda () (+ 1 (raise 'an-error)))))) ;=> (condition an-error)
(with-exception-handler (lambda (con) 42) (lambda () (+ (raise-continuable "should be a number") 23))) ;=> 65
(with-exception-handler (lambda (e) 'ignore) (lambda () (+ 1 (raise 'an-error)))) ;!> :user
(guard (e (#t (list 'second e))) (with-exception-handler (lambda (e) 'returns) (lambda () (raise 'first) 'after))) ;=> (second #<error :user "the handler returned, but this error cannot be continued" (first)>)
(with-exception-handler 5 (lambda () 1)) ;!> :wrong-argument
(define (null-list? l) (cond ((pair? l) #f) ((null? l) #t) (else (error "null-list?: argument out of domain" l))))
(null-list? 5) ;!> :user
(define (caught thunk) (guard (e (#t e)) (thunk)))
(define e (caught (lambda () (error "BOOM!" 1 2 3))))
(error-object? e) ;=> #t
(error-object-message e) ;=> "BOOM!"
(error-object-irritants e) ;=> (1 2 3)
(map error-object? (list 1 "a" 'a (list 1))) ;=> (#f #f #f #f)
(error-object-message 5) ;!> :wrong-argument
(error-object? (caught (lambda () (car 5)))) ;=> #t
(error-object? (caught (lambda () (vector-ref #(1) 9)))) ;=> #t
(error-object? (caught (lambda () (raise 42)))) ;=> #f
(caught (lambda () (raise 42))) ;=> 42
(map (lambda (thunk) (read-error? (caught thunk))) (list (lambda () (read (open-input-string ")"))) (lambda () (read (open-input-string "(1"))) (lambda () (error "x")))) ;=> (#t #t #f)
(file-error? (caught (lambda () (error "BOOM!")))) ;=> #f
(read-error? 5) ;=> #f
;; Handlers run outside themselves.
(guard (e (#t (list 'outer e))) (with-exception-handler (lambda (e) (raise (list 'again e))) (lambda () (raise 'first)))) ;=> (outer (again first))
(with-exception-handler (lambda (e) (list 'outer e)) (lambda () (with-exception-handler (lambda (e) (list 'inner (raise-continuable e))) (lambda () (raise-continuable 1))))) ;=> (inner (outer 1))
(with-exception-handler (lambda (e) 10) (lambda () (with-exception-handler (lambda (e) (+ 1 (raise-continuable e))) (lambda () (* 2 (raise-continuable 'x)))))) ;=> 22
(let ((order '()))
  (guard (e (#t (set! order (cons 'guard order)) (reverse order)))
    (with-exception-handler (lambda (e) (set! order (cons 'handler order)) (raise e)) (lambda () (raise 'x))))) ;=> (handler guard)
(error 'not-a-string 1 2) ;!> :user
(guard (e ((string? (error-object-message e)) (error-object-irritants e))) (error "m" 'a "b" #\c)) ;=> (a "b" #\c)
(with-exception-handler (lambda (e) 10) (lambda () (guard (z ((string? z) 1)) (+ 1 (raise-continuable 5))))) ;=> 11
(with-exception-handler (lambda (e) 10) (lambda () (guard (z ((string? z) 1)) (+ 1 (raise 5))))) ;!> :user
(with-exception-handler (lambda (e) 10) (lambda () (guard (z ((string? z) 1)) (list (/ 1 0))))) ;!> :user
(let* ((said '()) (p (make-parameter 'outer)) (say (lambda (what . also) (set! said (cons (cons what also) said)))))
  (guard (x (#t (say 'caught (p))))
    (with-exception-handler (lambda (e) (say (if (symbol? e) e 'secondary) (p)) 10)
      (lambda ()
        (guard (z ((string? z) 1))
          (parameterize ((p 'inner))
            (dynamic-wind (lambda () (say 'in)) (lambda () (+ 1 (raise 'boom))) (lambda () (say 'out))))))))
  (reverse said)) ;=> ((in) (out) (in) (boom inner) (secondary inner) (out) (caught outer))
