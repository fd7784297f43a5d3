;; Derived expression types.

;; 4.2.1 Conditionals
(cond ((> 3 2) 'greater) ((< 3 2) 'less)) ;=> greater
(cond ((> 3 3) 'greater) ((< 3 3) 'less) (else 'equal)) ;=> equal
(cond ((assv 'b '((a 1) (b 2))) => cadr) (else #f)) ;=> 2
(cond (#f 1) (2)) ;=> 2
(cond ((values 1) => (lambda (x) (* x 10)))) ;=> 10
(cond (#f 1)) ;=> #<void>
(cond (1 2 3)) ;=> 3
(let ((else #f)) (cond (else 'taken) (#t 'next))) ;=> next
(let ((=> #f)) (cond (#t => 'ok))) ;=> ok
(cond (1 => car cdr)) ;!> :bad-syntax
(cond (else 1) (#t 2)) ;!> :bad-syntax
(case (* 2 3) ((2 3 5 7) 'prime) ((1 4 6 8 9) 'composite)) ;=> composite
(case (car '(c d)) ((a) 'a) ((b) 'b)) ;=> #<void>
(case (car '(c d)) ((a e i o u) 'vowel) ((w y) 'semivowel) (else => (lambda (x) x))) ;=> c
(case 6 ((6) => (lambda (x) (+ x 1))) (else 0)) ;=> 7
(case 2.0 ((2) 'exact) ((2.0) 'inexact)) ;=> inexact
(case "a" (("a") 'same) (else 'other)) ;=> other
(case #\a ((#\b #\a) 'letter)) ;=> letter
(case '() ((()) 'empty)) ;=> empty
(let ((=> #f)) (case 1 ((1) => 'ok))) ;=> ok
(and (= 2 2) (> 2 1)) ;=> #t
(and (= 2 2) (< 2 1)) ;=> #f
(and 1 2 'c '(f g)) ;=> (f g)
(and) ;=> #t
(or (= 2 2) (> 2 1)) ;=> #t
(or (= 2 2) (< 2 1)) ;=> #t
(or #f #f #f) ;=> #f
(or (memq 'b '(a b c)) (/ 3 0)) ;=> (b c)
(or) ;=> #f
(let ((if list) (x 1)) (or #f x)) ;=> 1
(when (= 1 1.0) 'a 'b) ;=> b
(when (< 1 1.0) 'a 'b) ;=> #<void>
(unless (= 1 1.0) 'a 'b) ;=> #<void>
(unless (< 1 1.0) 'a 'b) ;=> b
(cond-expand (full-unicode 'unicode) (else 'bytes)) ;=> unicode
(cond-expand ((and r7rs (not no-such-feature)) 1) (else 2)) ;=> 1
(cond-expand ((library (scheme base)) 1) (else 2)) ;=> 1
(cond-expand ((library (no such library)) 1) (else 2)) ;=> 2
(cond-expand ((or no-such-feature (and ratios exact-closed)) 1)) ;=> 1
(cond-expand (no-such-feature 1) ((and) 2)) ;=> 2
(cond-expand ((or) 1) (else 3)) ;=> 3
(let () (cond-expand (r7rs (define a 1) (define b 2))) (+ a b)) ;=> 3

;; 4.2.2 Binding constructs
(let ((x 2) (y 3)) (* x y)) ;=> 6
(let ((x 2) (y 3)) (let ((x 7) (z (+ x y))) (* z x))) ;=> 35
(let ((x 2) (y 3)) (let* ((x 7) (z (+ x y))) (* z x))) ;=> 70
(let* () 5) ;=> 5
(let* ((x 1) (x (+ x 1))) x) ;=> 2
(let ((x 1) (x 2)) x) ;!> :bad-syntax
(let ((x)) x) ;!> :bad-syntax
(letrec ((even? (lambda (n) (if (zero? n) #t (odd? (- n 1)))))
         (odd? (lambda (n) (if (zero? n) #f (even? (- n 1))))))
  (even? 88)) ;=> #t
(letrec ((a (lambda () b)) (b 2)) (a)) ;=> 2
(letrec ((a b) (b 1)) a) ;!> :unknown-name
(letrec ((a (list b)) (b (list 1))) a) ;!> :unknown-name
(letrec ((f (lambda (n) (* n n))) (a (f 3)) (b 2)) (list a b)) ;=> (9 2)
; More than the report asks for: a value may use those before it.
(letrec ((f (lambda () a)) (a (list 1)) (b (map (lambda (x) (cons x (f))) '(2 3)))) b) ;=> ((2 1) (3 1))
; Whoever takes up the continuation of an initialiser finds the variables as they were, and assigns them all anew.
(let ((cont #f))
  (letrec ((x (call/cc (lambda (c) (set! cont c) 0))) (y (call/cc (lambda (c) (set! cont c) 0))))
    (if cont
        (let ((c cont)) (set! cont #f) (set! x 1) (set! y 1) (c 0))
        (+ x y)))) ;=> 0
(letrec ((x (call/cc (lambda (c) (list #t c)))))
  (if (car x)
      ((cadr x) (list #f (lambda () x)))
      (eq? x ((cadr x))))) ;=> #t
(letrec* ((p (lambda (x) (+ 1 (q (- x 1)))))
          (q (lambda (y) (if (zero? y) 0 (+ 1 (p (- y 1))))))
          (x (p 5))
          (y x))
  y) ;=> 5
(define (means ton)
  (letrec* ((mean (lambda (f g) (f (/ (sum g ton) n))))
            (sum (lambda (g ton) (if (null? ton) (+) (if (number? ton) (g ton) (+ (sum g (car ton)) (sum g (cdr ton)))))))
            (n (sum (lambda (x) 1) ton)))
    (values (mean values values) (mean exp log) (mean / /))))
(call-with-values (lambda () (means '(3 (1 4)))) (lambda (a g h) (list a h (< 2.28 g 2.29)))) ;=> (8/3 36/19 #t)
(let-values (((root rem) (exact-integer-sqrt 32))) (* root rem)) ;=> 35
(let-values (((a . rest) (values 1 2 3)) (all (values 4 5))) (list a rest all)) ;=> (1 (2 3) (4 5))
(let-values (((a b) (values 1))) a) ;!> :wrong-count
(let ((a 'a) (b 'b) (x 'x) (y 'y)) (let*-values (((a b) (values x y)) ((x y) (values a b))) (list a b x y))) ;=> (x y x y)
(let ((a 'a) (b 'b) (x 'x) (y 'y)) (let-values (((a b) (values x y)) ((x y) (values a b))) (list a b x y))) ;=> (x y a b)

;; 4.2.3 Sequencing
(define x 0)
(and (= x 0) (begin (set! x 5) (+ x 1))) ;=> 6
(begin 1 2 3) ;=> 3
(begin (define in-a-begin 7))
in-a-begin ;=> 7

;; 4.2.4 Iteration
(do ((vec (make-vector 5)) (i 0 (+ i 1))) ((= i 5) vec) (vector-set! vec i i)) ;=> #(0 1 2 3 4)
(let ((x '(1 3 5 7 9))) (do ((x x (cdr x)) (sum 0 (+ sum (car x)))) ((null? x) sum))) ;=> 25
(do ((i 0 (+ i 1))) ((= i 3))) ;=> #<void>
(map (lambda (f) (f)) (do ((i 0 (+ i 1)) (fs '() (cons (lambda () i) fs))) ((= i 3) fs))) ;=> (2 1 0)
(let loop ((numbers '(3 -2 1 6 -5)) (nonneg '()) (neg '()))
  (cond ((null? numbers) (list nonneg neg))
        ((>= (car numbers) 0) (loop (cdr numbers) (cons (car numbers) nonneg) neg))
        ((< (car numbers) 0) (loop (cdr numbers) nonneg (cons (car numbers) neg))))) ;=> ((6 1 3) (-5 -2))
(let - ((n (- 5))) (if (zero? n) 'done (- (+ n 1)))) ;=> done
(let loop ((i 0)) (if (< i 5000) (loop (+ i 1)) i)) ;=> 5000

;; 4.2.5 Delayed evaluation
(force (delay (+ 1 2))) ;=> 3
(let ((p (delay (+ 1 2)))) (list (force p) (force p))) ;=> (3 3)
(define integers (letrec ((next (lambda (n) (delay (cons n (next (+ n 1))))))) (next 0)))
(define (head stream) (car (force stream)))
(define (tail stream) (cdr (force stream)))
(head (tail (tail integers))) ;=> 2
(define (stream-filter p? s)
  (delay-force (if (null? (force s))
                   (delay '())
                   (let ((h (car (force s))) (t (cdr (force s))))
                     (if (p? h) (delay (cons h (stream-filter p? t))) (stream-filter p? t))))))
(head (tail (tail (stream-filter odd? integers)))) ;=> 5
(head (stream-filter (lambda (n) (= n 300)) integers)) ;=> 300
(define (loop n) (if (= n 0) (delay 'end) (delay-force (loop (- n 1)))))
(force (loop 1000)) ;=> end
(define count 0)
(define p (delay (begin (set! count (+ count 1)) (if (> count x) count (force p)))))
(define x 5)
(promise? p) ;=> #t
(force p) ;=> 6
(begin (set! x 10) (force p)) ;=> 6
(define r (delay (begin (display "") (set! count (+ count 1)) 'once)))
(let ((before count)) (force r) (force r) (- count before)) ;=> 1
(define q (letrec ((inner (delay (begin (set! count (+ count 1)) (if (> count 8) 'first (force inner)))))) inner))
(list (force q) (force q)) ;=> (first first)
(define raising (let ((n 0)) (delay (begin (set! n (+ n 1)) (if (= n 1) (error "not yet") n)))))
(guard (e (#t 'failed)) (force raising)) ;=> failed
(force raising) ;=> 2
(force 7) ;=> 7
(promise? (delay 1)) ;=> #t
(promise? 1) ;=> #f
(promise? (make-promise 1)) ;=> #t
(force (make-promise 9)) ;=> 9
(let ((p (delay 1))) (eq? p (make-promise p))) ;=> #t

;; 4.2.6 Dynamic bindings
(define radix (make-parameter 10 (lambda (x) (if (and (exact-integer? x) (<= 2 x 16)) x (error "invalid radix")))))
(define (f n) (number->string n (radix)))
(f 12) ;=> "12"
(parameterize ((radix 2)) (f 12)) ;=> "1100"
(f 12) ;=> "12"
(radix 16) ;!> :wrong-count
(parameterize ((radix 0)) (f 12)) ;!> :user
(f 12) ;=> "12"
(define p1 (make-parameter 1))
(define p2 (make-parameter 2))
(parameterize ((p1 (p2)) (p2 (p1))) (list (p1) (p2))) ;=> (2 1)
(parameterize () 5) ;=> 5
(define doubled (make-parameter 1 (lambda (x) (* 2 x))))
(list (doubled) (parameterize ((doubled 5)) (doubled)) (doubled)) ;=> (2 10 2)
(define k #f)
(define seen '())
(let () (parameterize ((p1 'in)) (call/cc (lambda (c) (set! k c))) (set! seen (cons (p1) seen))) (set! seen (cons (p1) seen)))
(if (< (length seen) 4) (k 0))
seen ;=> (1 in 1 in)
(define k2 #f)
(begin (define trace '()) (set! trace (cons (call/cc (lambda (c) (set! k2 c) 'first)) trace)) (set! trace (cons 'after trace)) (define unseen 1))
(if (< (length trace) 4) (k2 'again))
trace ;=> (after again after first)
(define-syntax three-steps (syntax-rules () ((_ log k) (begin (set! log (cons 'one log)) (call/cc (lambda (c) (set! k c))) (set! log (cons 'two log)) (define-syntax late (syntax-rules () ((_) 'three))) (set! log (cons (late) log))))))
(define steps '())
(define k3 #f)
(three-steps steps k3)
(if (< (length steps) 9) (k3 #f))
(reverse steps) ;=> (one two three two three two three two three)
(guard (e (#t (p1))) (parameterize ((p1 'in)) (raise 'out))) ;=> 1
(with-exception-handler (lambda (e) (p1)) (lambda () (parameterize ((p1 'in)) (raise-continuable 'x)))) ;=> in

;; 4.2.7 Exception handling
(guard (condition ((assq 'a condition) => cdr) ((assq 'b condition))) (raise (list (cons 'a 42)))) ;=> 42
(guard (condition ((assq 'a condition) => cdr) ((assq 'b condition))) (raise (list (cons 'b 23)))) ;=> (b . 23)
(guard (e ((symbol? e) e)) (raise 42)) ;!> :user
(guard (e ((number? e) (list 'outer e))) (guard (e ((string? e) 'inner)) (raise 42))) ;=> (outer 42)
(guard (e (#f 'never)) 'plain) ;=> plain
(guard (e (else (list 'caught e))) (+ 1 (raise 'boom))) ;=> (caught boom)
(guard (e (#t (call-with-values (lambda () (values 1 2)) list))) (raise 1)) ;=> (1 2)
(call-with-values (lambda () (guard (e (#t 0)) (values 1 2 3))) list) ;=> (1 2 3)
(with-exception-handler (lambda (e) 10) (lambda () (+ 1 (guard (e ((string? e) 0)) (raise-continuable 'not-a-string))))) ;=> 11
(let ((log '()))
  (define (note x) (set! log (cons x log)))
  (guard (e (#t (note 'handler)))
    (dynamic-wind (lambda () (note 'in)) (lambda () (raise 'oops)) (lambda () (note 'out))))
  (reverse log)) ;=> (in out handler)
(let ((log '()))
  (define (note x) (set! log (cons x log)))
  (guard (e ((symbol? e) (note e)))
    (guard (e ((string? e) (note 'wrong)))
      (dynamic-wind (lambda () (note 'in)) (lambda () (raise 'oops)) (lambda () (note 'out)))))
  (reverse log)) ;=> (in out in out oops)
(let ((=> #f)) (guard (e (#t => 'ok)) (raise 1))) ;=> ok
(guard (e ((begin (set! e 5) e) => (lambda (x) x))) (raise 1)) ;=> 5

;; 4.2.8 Quasiquotation
`(list ,(+ 1 2) 4) ;=> (list 3 4)
(let ((name 'a)) `(list ,name ',name)) ;=> (list a 'a)
`(a ,(+ 1 2) ,@(map abs '(4 -5 6)) b) ;=> (a 3 4 5 6 b)
`((foo ,(- 10 3)) ,@(cdr '(c)) . ,(car '(cons))) ;=> ((foo 7) . cons)
`#(10 5 ,(sqrt 4) ,@(map sqrt '(16 9)) 8) ;=> #(10 5 2 4 3 8)
(let ((foo '(foo bar)) (@baz 'baz)) `(list ,@foo , @baz)) ;=> (list foo bar baz)
'(unquote @baz) ;=> ,|@baz|
`(a `(b ,(c ,(+ 1 2)))) ;=> (a `(b ,(c 3)))
`(a `(b ,(+ 1 2) ,(foo ,(+ 1 3) d) e) f) ;=> (a `(b ,(+ 1 2) ,(foo 4 d) e) f)
(let ((name1 'x) (name2 'y)) `(a `(b ,,name1 ,',name2 d) e)) ;=> (a `(b ,x ,'y d) e)
`(1 ```,,@,,@(list (+ 1 2)) 4) ;=> (1 ```,,@,3 4)
(let ((a 3)) `((1 2) ,a ,4 ,'five 6)) ;=> ((1 2) 3 4 five 6)
(let ((a 3)) (list (list 1 2) a 4 'five 6)) ;=> ((1 2) 3 4 five 6)
(quasiquote (list (unquote (+ 1 2)) 4)) ;=> (list 3 4)
'(quasiquote (list (unquote (+ 1 2)) 4)) ;=> `(list ,(+ 1 2) 4)
`,@(list 1 2) ;!> :bad-syntax
`(1 . ,(+ 1 1)) ;=> (1 . 2)
`(,@'(1 2) . 3) ;=> (1 2 . 3)
`(1 ,@2) ;=> (1 . 2)
`(,@1 2) ;!> :wrong-argument
`#(,@'()) ;=> #()
`#(1 #(,(+ 1 1))) ;=> #(1 #(2))
(let ((unquote list)) `(1 ,(+ 1 1))) ;=> (1 ,(+ 1 1))

;; 4.2.9 Case-lambda
(define range
  (case-lambda ((e) (range 0 e))
               ((b e) (do ((r '() (cons e r)) (e (- e 1) (- e 1))) ((< e b) r)))))
(range 3) ;=> (0 1 2)
(range 3 5) ;=> (3 4)
(range 1 2 3) ;!> :wrong-count
(define plus (case-lambda (() 0) ((x) x) ((x y) (+ x y)) ((x y z) (+ (+ x y) z)) (args (apply + args))))
(list (plus) (plus 1) (plus 1 2) (plus 1 2 3) (plus 1 2 3 4)) ;=> (0 1 3 6 10)
(define mult (case-lambda (() 1) ((x) x) ((x y) (* x y)) ((x y . z) (apply mult (* x y) z))))
(list (mult) (mult 1) (mult 1 2) (mult 1 2 3) (mult 1 2 3 4)) ;=> (1 1 2 6 24)
((case-lambda ((x . rest) (list 'first x rest)) ((x y) 'never)) 1 2) ;=> (first 1 (2))
((case-lambda ((x) 1)) 1 2) ;!> :wrong-count
;; A quasiquote in the tail of a list raises the level, an unquote in the tail lowers it.
`(x . `(,y ,,(+ 1 2))) ;=> (x quasiquote (,y ,3))
`(x `(a . ,(b ,(+ 1 2)))) ;=> (x `(a unquote (b 3)))
`(x . `(a . ,(b . ,(+ 1 2)))) ;=> (x quasiquote (a unquote (b . 3)))
`(1 2 . `(,@(list ,@(list 1 2)))) ;=> (1 2 quasiquote (,@(list 1 2)))
`(1 `,(+ 1 ,@(list 2 3)) . ,(list 4)) ;=> (1 `,(+ 1 2 3) 4)
`(1 . ,(+ 1 1)) ;=> (1 . 2)
;; A procedure that takes nothing.
(procedure? (case-lambda)) ;=> #t
((case-lambda)) ;!> :wrong-count
((case-lambda) 1) ;!> :wrong-count
(define none (case-lambda))
(none) ;!> :wrong-count
(let ((none (eval '(case-lambda)))) (let loop ((i 0)) (if (< i 50) (begin (eval '(list 1 2)) (loop (+ i 1))))) (guard (e (#t (error-kind e))) (none 1 2))) ;=> :wrong-count
