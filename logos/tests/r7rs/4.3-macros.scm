;; Macros.

;; 4.3.1 Binding constructs for syntactic keywords
(let-syntax ((given-that (syntax-rules () ((_ test stmt1 stmt2 ...) (if test (begin stmt1 stmt2 ...))))))
  (let ((if #t)) (given-that if (set! if 'now)) if)) ;=> now
(let ((x 'outer)) (let-syntax ((m (syntax-rules () ((m) x)))) (let ((x 'inner)) (m)))) ;=> outer
(letrec-syntax
    ((my-or (syntax-rules ()
              ((my-or) #f)
              ((my-or e) e)
              ((my-or e1 e2 ...) (let ((temp e1)) (if temp temp (my-or e2 ...)))))))
  (let ((x #f) (y 7) (temp 8) (let odd?) (if even?)) (my-or x (let temp) (if y) y))) ;=> 7
(let-syntax ((f (syntax-rules () ((_) 'outer))))
  (let-syntax ((f (syntax-rules () ((_) 'inner))) (g (syntax-rules () ((_) (f))))) (g))) ;=> outer
(let-syntax ((f (syntax-rules () ((_) 'outer))))
  (letrec-syntax ((f (syntax-rules () ((_) 'inner))) (g (syntax-rules () ((_) (f))))) (g))) ;=> inner
(let-syntax () 5) ;=> 5

;; 4.3.2 Pattern language
(define-syntax be-like-begin
  (syntax-rules () ((be-like-begin name) (define-syntax name (syntax-rules () ((name expr (... ...)) (begin expr (... ...))))))))
(be-like-begin sequence)
(sequence 1 2 3 4) ;=> 4
(define-syntax my-let
  (syntax-rules () ((_ ((name value) ...) body ...) ((lambda (name ...) body ...) value ...))))
(my-let ((a 1) (b 2)) (+ a b)) ;=> 3
(my-let () 5) ;=> 5
(my-let ((a 1 2)) a) ;!> :bad-syntax
(define-syntax flat (syntax-rules () ((_ (a b ...) ...) '(a ... (b ...) ... b ... ...))))
(flat (1 2 3) (4) (5 6)) ;=> (1 4 5 (2 3) () (6) 2 3 6)
(define-syntax deep (syntax-rules () ((_ ((a (b ...)) ...) ...) '((a ... (b ... ...)) ...))))
(deep ((1 (2 3)) (4 (5))) () ((6 ()))) ;=> ((1 4 (2 3 5)) (()) (6 ()))
(define-syntax tail-pattern (syntax-rules () ((_ a ... z) '(z a ...)) ))
(tail-pattern 1 2 3) ;=> (3 1 2)
(tail-pattern 1) ;=> (1)
(define-syntax two-last (syntax-rules () ((_ a ... y z . rest) '((a ...) y z rest))))
(two-last 1 2 3 4) ;=> ((1 2) 3 4 ())
(two-last 1 2 . 3) ;=> (() 1 2 3)
(two-last 1) ;!> :bad-syntax
(define-syntax vectors (syntax-rules () ((_ #(a b ...) ...) '#((a ...) #(b ... end) ...))))
(vectors #(1 2 3) #(4)) ;=> #((1 4) #(2 3 end) #(end))
(define-syntax vector-tail (syntax-rules () ((_ #(a ... z)) '(z a ...))))
(vector-tail #(1 2 3)) ;=> (3 1 2)
(define-syntax under (syntax-rules () ((_ _ x _) 'x)))
(under 1 2 3) ;=> 2
(define-syntax own-ellipsis (syntax-rules ::: () ((_ (a b :::) :::) '((b ::: a) ::: (a ...) :::))))
(own-ellipsis (1 2 3) (4 5)) ;=> ((2 3 1) (5 4) (1 ...) (4 ...))
(define-syntax escaped (syntax-rules () ((_ a) '(... (a ...)))))
(escaped 1) ;=> (1 ...)
(define-syntax escaped-ellipsis (syntax-rules () ((_ a ...) '((... ...) a ...))))
(escaped-ellipsis 1 2) ;=> (... 1 2)
(define-syntax literal-ellipsis (syntax-rules (...) ((_ ...) 'dots) ((_ x) 'other)))
(literal-ellipsis ...) ;=> dots
(literal-ellipsis 1) ;=> other
(define-syntax literal-underscore (syntax-rules (_) ((m _) 'blank) ((m x) 'other)))
(list (literal-underscore _) (literal-underscore 1)) ;=> (blank other)
(define-syntax constants (syntax-rules () ((_ 1) 'one) ((_ "two") 'two) ((_ #\3) 'three) ((_ #t) 'true) ((_ #u8(1)) 'bytes) ((_ x) 'other)))
(list (constants 1) (constants "two") (constants #\3) (constants #t) (constants #u8(1)) (constants 1.0)) ;=> (one two three true bytes other)
(define-syntax dotted (syntax-rules () ((_ a . b) '(a b))))
(list (dotted 1) (dotted 1 2 3) (dotted 1 . 2)) ;=> ((1 ()) (1 (2 3)) (1 2))

;; Literals match by what they mean.
(define-syntax has-else (syntax-rules (else) ((_ else) 'keyword) ((_ x) 'expression)))
(has-else else) ;=> keyword
(let ((else 1)) (has-else else)) ;=> expression
(define-syntax has-free (syntax-rules (free-word) ((_ free-word) 'keyword) ((_ x) 'expression)))
(has-free free-word) ;=> keyword
(let ((free-word 1)) (has-free free-word)) ;=> expression
(let ((free-word 1)) (let-syntax ((m (syntax-rules (free-word) ((_ free-word) 'same) ((_ x) 'other)))) (m free-word))) ;=> same
(let ((free-word 1)) (let-syntax ((m (syntax-rules (free-word) ((_ free-word) 'same) ((_ x) 'other)))) (let ((free-word 2)) (m free-word)))) ;=> other
(define-syntax my-if (syntax-rules (then otherwise) ((_ c then t otherwise e) (if c t e))))
(my-if #t then 1 otherwise 2) ;=> 1
(my-if #t so 1 otherwise 2) ;!> :bad-syntax

;; Hygiene
(define-syntax swap! (syntax-rules () ((swap! a b) (let ((tmp a)) (set! a b) (set! b tmp)))))
(let ((tmp 5) (other 6)) (swap! tmp other) (list tmp other)) ;=> (6 5)
(let ((let 1) (set! 2) (x 3) (y 4)) (swap! x y) (list x y let set!)) ;=> (4 3 1 2)
(define-syntax my-unless (syntax-rules () ((_ c body ...) (if c #f (begin body ...)))))
(let ((if list) (begin vector)) (my-unless #f 1 2)) ;=> 2
(define-syntax while
  (syntax-rules () ((_ c body ...) (let loop () (if c (begin body ... (loop)) 'done)))))
(let ((loop 0)) (while (< loop 3) (set! loop (+ loop 1))) loop) ;=> 3
(define secret 'library)
(define-syntax reveal (syntax-rules () ((_) secret)))
(let ((secret 'user)) (reveal)) ;=> library
(define-syntax define-getter (syntax-rules () ((_ name value) (begin (define hidden value) (define (name) hidden)))))
(let () (define-getter get-one 1) (define-getter get-two 2) (list (get-one) (get-two))) ;=> (1 2)
(define-syntax my-define (syntax-rules () ((_ name value) (define name value))))
(my-define visible 9)
visible ;=> 9
(let () (my-define inner 4) inner) ;=> 4
(define-syntax bind-it (syntax-rules () ((_ body) (let ((it 1)) body))))
(let ((it 2)) (bind-it it)) ;=> 2
(define-syntax bind-named (syntax-rules () ((_ name body) (let ((name 1)) body))))
(let ((it 2)) (bind-named it it)) ;=> 1
(define-syntax ten (syntax-rules () ((_) 10)))
(define-syntax use-ten (syntax-rules () ((_) (ten))))
(let-syntax ((ten (syntax-rules () ((_) 11)))) (use-ten)) ;=> 10
(let ((quote -)) '5) ;=> -5
(define-syntax quoted (syntax-rules () ((_ x) 'x)))
(let ((quote -)) (quoted 5)) ;=> 5
(quoted (a . b)) ;=> (a . b)
(let ((x 1)) (define-syntax get-x (syntax-rules () ((_) x))) (let ((x 2)) (get-x))) ;=> 1
(define-syntax jabberwocky
  (syntax-rules ()
    ((_ hatter) (begin (define march-hare 42) (define-syntax hatter (syntax-rules () ((_) march-hare)))))))
(jabberwocky mad-hatter)
(mad-hatter) ;=> 42
(define-syntax make-adder-macro
  (syntax-rules () ((_ name n) (define-syntax name (syntax-rules () ((_ x) (+ x n)))))))
(make-adder-macro add-five 5)
(let ((+ *)) (add-five 2)) ;=> 7
(let ((a 1)) (letrec-syntax ((foo (syntax-rules () ((_ b) (bar a b)))) (bar (syntax-rules () ((_ c d) (cons c (let ((c 3)) (list d c 'c))))))) (let ((a 2)) (foo a)))) ;=> (1 2 3 a)
(define-syntax my-cond (syntax-rules (else) ((_ (else e)) e) ((_ (c e) clause ...) (if c e (my-cond clause ...)))))
(my-cond (#f 1) (else 2)) ;=> 2
(define-syntax count-to (syntax-rules () ((_) 0) ((_ x . rest) (+ 1 (count-to . rest)))))
(count-to a b c d) ;=> 4
(define-syntax my-letrec
  (syntax-rules ()
    ((_ ((var init) ...) . body) (my-letrec "make temporaries" (var ...) () ((var init) ...) . body))
    ((_ "make temporaries" () (temp ...) ((var init) ...) . body) (let ((var #f) ...) (let ((temp init) ...) (set! var temp) ... (let () . body))))
    ((_ "make temporaries" (x y ...) (temp ...) bindings . body) (my-letrec "make temporaries" (y ...) (newtemp temp ...) bindings . body))))
(my-letrec ((ev? (lambda (n) (if (= n 0) #t (od? (- n 1))))) (od? (lambda (n) (if (= n 0) #f (ev? (- n 1)))))) (ev? 10)) ;=> #t

;; A variable under more ellipses than in its pattern follows those that have nothing else to repeat.
(define-syntax each-with (syntax-rules () ((_ (a ...) b ...) '((a b ...) ...))))
(each-with (1 2) x y z) ;=> ((1 x y z) (2 x y z))
(define-syntax define-all (syntax-rules () ((_ (name ...) body ...) (begin (define (name) body ...) ...))))
(define-all (one two) 'first 'second)
(list (one) (two)) ;=> (second second)
(define-syntax paired (syntax-rules () ((_ (a b ...) ...) '(((a b) ...) ...))))
(paired (1 2 3) (4 5 6)) ;=> (((1 2) (1 3)) ((4 5) (4 6)))
(define-syntax thrice (syntax-rules () ((_ (a ...) (b ...) c ...) '((a (b c ...) ...) ...))))
(thrice (1 2) (x y) 8 9) ;=> ((1 (x 8 9) (y 8 9)) (2 (x 8 9) (y 8 9)))
(define-syntax nothing-left (syntax-rules () ((_ a ...) '((a ...) ...)))) ;!> :bad-syntax

;; What is wrong is said.
(define-syntax one-only (syntax-rules () ((_ a) 'a)))
(one-only) ;!> :bad-syntax
(one-only 1 2) ;!> :bad-syntax
one-only ;!> :bad-syntax
(define-syntax twice-dotted (syntax-rules () ((_ a ... b ...) 'a))) ;!> :bad-syntax
(define-syntax twice-named (syntax-rules () ((_ a a) 'a))) ;!> :bad-syntax
(define-syntax no-depth (syntax-rules () ((_ a ...) '(a)))) ;!> :bad-syntax
(define-syntax too-deep (syntax-rules () ((_ a) '(a ...)))) ;!> :bad-syntax
(define-syntax not-rules 5) ;!> :bad-syntax
(let-syntax ((m (syntax-rules (x x) ((_) 1)))) (m)) ;=> 1

;; 4.3.3 Signaling errors in macro transformers
(define-syntax simple-let
  (syntax-rules ()
    ((_ (head ... ((x . y) val) . tail) body1 body2 ...) (syntax-error "expected an identifier but got" (x . y)))
    ((_ ((name val) ...) body1 body2 ...) ((lambda (name ...) body1 body2 ...) val ...))))
(simple-let ((a 1)) a) ;=> 1
(simple-let (((a . b) 1)) a) ;!> :user expected an identifier but got
