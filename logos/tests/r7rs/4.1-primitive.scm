;; Primitive expression types.

;; 4.1.1 Variable references
(define x 28)
x ;=> 28
nothing-of-this-name ;!> :unknown-name

;; 4.1.2 Literal expressions
(quote a) ;=> a
(quote #(a b c)) ;=> #(a b c)
(quote (+ 1 2)) ;=> (+ 1 2)
'a ;=> a
'#(a b c) ;=> #(a b c)
'() ;=> ()
'(+ 1 2) ;=> (+ 1 2)
'(quote a) ;=> 'a
''a ;=> 'a
(car ''a) ;=> quote
'145932 ;=> 145932
145932 ;=> 145932
'"abc" ;=> "abc"
"abc" ;=> "abc"
'#\a ;=> #\a
#\a ;=> #\a
'#(a 10) ;=> #(a 10)
#(a 10) ;=> #(a 10)
'#u8(64 65) ;=> #u8(64 65)
#u8(64 65) ;=> #u8(64 65)
'#t ;=> #t
#t ;=> #t
(quote) ;!> :bad-syntax
(quote a b) ;!> :bad-syntax
(string-set! "abc" 0 #\x) ;!> :wrong-argument
(vector-set! #(1 2) 0 9) ;!> :wrong-argument
(bytevector-u8-set! #u8(1 2) 0 9) ;!> :wrong-argument

;; 4.1.3 Procedure calls
(+ 3 4) ;=> 7
((if #f + *) 3 4) ;=> 12
(((lambda (x) (lambda (y) (- x y))) 10) 4) ;=> 6
() ;!> :bad-syntax
(1 2) ;!> :not-a-procedure
((lambda (x) x)) ;!> :wrong-count
((lambda (x) x) 1 2) ;!> :wrong-count
(+ 1 . 2) ;!> :bad-syntax

;; 4.1.4 Procedures
((lambda (x) (+ x x)) 4) ;=> 8
(define reverse-subtract (lambda (x y) (- y x)))
(reverse-subtract 7 10) ;=> 3
(define add4 (let ((x 4)) (lambda (y) (+ x y))))
(add4 6) ;=> 10
((lambda x x) 3 4 5 6) ;=> (3 4 5 6)
((lambda x x)) ;=> ()
((lambda (x y . z) z) 3 4 5 6) ;=> (5 6)
((lambda (x y . z) z) 3 4) ;=> ()
((lambda (x y . z) z) 3) ;!> :wrong-count
((lambda (x) (define y (* x 2)) (+ x y)) 5) ;=> 15
(lambda (x x) x) ;!> :bad-syntax
(lambda (1) 2) ;!> :bad-syntax
(lambda (x)) ;!> :bad-syntax
(lambda) ;!> :bad-syntax

;; 4.1.5 Conditionals
(if (> 3 2) 'yes 'no) ;=> yes
(if (> 2 3) 'yes 'no) ;=> no
(if (> 3 2) (- 3 2) (+ 3 2)) ;=> 1
(if '() 'true 'false) ;=> true
(if 0 'true 'false) ;=> true
(if "" 'true 'false) ;=> true
(if #f #f) ;=> #<void>
(if) ;!> :bad-syntax
(if 1 2 3 4) ;!> :bad-syntax

;; 4.1.6 Assignments
(define y 2)
(+ y 1) ;=> 3
(set! y 4)
(+ y 1) ;=> 5
(let ((z 1)) (set! z (+ z 1)) z) ;=> 2
(set! never-defined 1) ;!> :unknown-name
(set! 5 1) ;!> :bad-syntax
(set! y) ;!> :bad-syntax
(set! if 1) ;!> :bad-syntax
