;; Environments and evaluation.
(eval '(* 7 3) (environment '(scheme base))) ;=> 21
(let ((f (eval '(lambda (f x) (f x x)) (null-environment 5)))) (f + 10)) ;=> 20
(eval '(if #t (quote yes) (quote no)) (null-environment 5)) ;=> yes
(eval '(car (quote (1))) (null-environment 5)) ;!> :unknown-name
(eval '(* 7 3) (scheme-report-environment 5)) ;=> 21
(eval '(let-values (((a) 1)) a) (scheme-report-environment 5)) ;!> :unknown-name
(scheme-report-environment 4) ;!> :wrong-argument
(null-environment 7) ;!> :wrong-argument
(eval '(expt 2 10) (environment '(scheme base))) ;=> 1024
(eval '(sin 0) (environment '(scheme inexact))) ;=> 0
(eval '(+ (expt 2 10) (sin 0)) (environment '(scheme base) '(scheme inexact))) ;=> 1024
(eval '(sin 0) (environment '(scheme base))) ;!> :unknown-name
(eval '(+ 1 2) (environment '(only (scheme base) -))) ;!> :unknown-name
(eval '(p:+ 1 2) (environment '(prefix (only (scheme base) +) p:))) ;=> 3
(eval '(plus 1 2) (environment '(rename (scheme base) (+ plus)))) ;=> 3
(eval '(car '(1)) (environment '(except (scheme base) car))) ;!> :unknown-name
(environment '(no such library)) ;!> :not-found
(environment 5) ;!> :bad-syntax
(eval '(begin (define secret 1) secret) (environment '(scheme base))) ;=> 1
(let ((one (environment '(scheme base))) (two (environment '(scheme base)))) (eval '(define z 1) one) (eval 'z two)) ;!> :unknown-name
(let ((one (environment '(scheme base)))) (eval '(define z 1) one) (eval '(define (f) (+ z 1)) one) (eval '(f) one)) ;=> 2
(define user-variable 5)
(eval 'user-variable (interaction-environment)) ;=> 5
(eval 'user-variable) ;=> 5
(eval 'user-variable (environment '(scheme base))) ;!> :unknown-name
(eval '(define made-here 6) (interaction-environment))
made-here ;=> 6
(eval '(define-syntax ten (syntax-rules () ((_) 10))) (interaction-environment))
(ten) ;=> 10
(eval 5 (environment '(scheme base))) ;=> 5
(eval (list '+ 1 2) (interaction-environment)) ;=> 3
(eval (list car ''(1 2)) (interaction-environment)) ;=> 1
(eval '(+ 1) 5) ;!> :wrong-argument
(eval '(if) (environment '(scheme base))) ;!> :bad-syntax
(let ((x 1)) (eval '(let ((x 2)) (* x 10)))) ;=> 20
(with-limits {:memory 16777216} (lambda () (let loop ((all '())) (loop (cons (environment '(prefix (logos) :)) all))))) ;!> :memory-exhausted
(eval '(set! car 1) (environment '(scheme base))) ;!> :bad-syntax
(let ((one (environment '(scheme base)))) (eval '(define (car x) 1) one) (list (eval '(car 2) one) (eval '(car '(2)) (environment '(scheme base))) (car '(2)))) ;=> (1 2 2)
(define-library (of the test) (export made) (import (scheme base)) (begin (define made 7)))
(eval 'made (environment '(scheme base) '(of the test))) ;=> 7
(eval '(:a {:a 1}) (environment '(logos))) ;=> 1
(eval '(begin (import (scheme char)) (char-upcase #\a)) (environment '(scheme base))) ;=> #\A
