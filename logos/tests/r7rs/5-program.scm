;; Program structure.

;; 5.3 Variable definitions
(define add3 (lambda (x) (+ x 3)))
(add3 3) ;=> 6
(define first car)
(first '(1 2)) ;=> 1
(define (id . all) all)
(id 1 2) ;=> (1 2)
(define (rest-of a . more) more)
(rest-of 1 2 3) ;=> (2 3)
(let ((x 5)) (define foo (lambda (y) (bar x y))) (define bar (lambda (a b) (+ (* a b) a))) (foo (+ x 3))) ;=> 45
(let ((x 5)) (letrec* ((foo (lambda (y) (bar x y))) (bar (lambda (a b) (+ (* a b) a)))) (foo (+ x 3)))) ;=> 45
(let () (define a 1) (begin (define b 2) (define c 3)) (list a b c)) ;=> (1 2 3)
(let () (define a b) (define b 1) a) ;!> :unknown-name
(let () (define a 1) (define a 2) a) ;!> :bad-syntax
(let () (define a 1)) ;!> :bad-syntax
(if #t (define a 1)) ;!> :bad-syntax
(define) ;!> :bad-syntax
(define 5 1) ;!> :bad-syntax
(let ((x 1)) (define (x) 2) (x)) ;=> 2
(define list-before list)
(define (list . ignored) 'mine)
(list 1 2) ;=> mine
(map (lambda (x) x) '(1 2)) ;=> (1 2)
(define list list-before)

;; 5.3.3 Multiple-value definitions
(define-values (x y) (exact-integer-sqrt 17))
(list x y) ;=> (4 1)
(let () (define-values (x y) (values 1 2)) (+ x y)) ;=> 3
(let () (define-values () (values)) 'ok) ;=> ok
(let () (define-values (x) (values 1)) x) ;=> 1
(let () (define-values all (values 1 2)) all) ;=> (1 2)
(let () (define-values (x y . z) (values 1 2 3 4)) (list x y z)) ;=> (1 2 (3 4))
(define-values all-of-them (values 1 2 3))
all-of-them ;=> (1 2 3)
(define-values (p . q) (values 1 2 3))
(list p q) ;=> (1 (2 3))
(define-values (a b) (values 1)) ;!> :wrong-count
(define-syntax define-pair (syntax-rules () ((_ a b e) (define-values (a b) e))))
(define-pair left right (values 'l 'r))
(list left right) ;=> (l r)

;; 5.4 Syntax definitions
(let ((x 1) (y 2))
  (define-syntax swap! (syntax-rules () ((swap! a b) (let ((tmp a)) (set! a b) (set! b tmp)))))
  (swap! x y)
  (list x y)) ;=> (2 1)
(let () (define-syntax ten (syntax-rules () ((_) 10))) (define x (ten)) x) ;=> 10
(let () (define (f) (m)) (define-syntax m (syntax-rules () ((_) 'later))) (f)) ;=> later

;; 5.5 Record-type definitions
(define-record-type <pare> (kons x y) pare? (x kar set-kar!) (y kdr))
(pare? (kons 1 2)) ;=> #t
(pare? (cons 1 2)) ;=> #f
(kar (kons 1 2)) ;=> 1
(kdr (kons 1 2)) ;=> 2
(let ((k (kons 1 2))) (set-kar! k 3) (kar k)) ;=> 3
(kar (cons 1 2)) ;!> :wrong-argument
(set-kar! 5 1) ;!> :wrong-argument
(kons 1) ;!> :wrong-count
(map kar (list (kons 1 2) (kons 3 4))) ;=> (1 3)
(list (vector? (kons 1 2)) (pair? (kons 1 2)) (procedure? kons) (procedure? kar)) ;=> (#f #f #t #t)
(define-record-type no-constructor #f no-constructor? (x nx))
(no-constructor? 1) ;=> #f
(define-record-type partial (make-partial b) partial? (a partial-a set-partial-a!) (b partial-b))
(let ((p (make-partial 2))) (set-partial-a! p 1) (list (partial-a p) (partial-b p))) ;=> (1 2)
(define-record-type swapped (make-swapped b a) swapped? (a swapped-a) (b swapped-b))
(let ((p (make-swapped 1 2))) (list (swapped-a p) (swapped-b p))) ;=> (2 1)
(define-record-type empty (make-empty) empty?)
(empty? (make-empty)) ;=> #t
(define-record-type wrong-field (make-wrong z) wrong? (a wrong-a)) ;!> :bad-syntax
(let () (define-record-type local (make-local a) local? (a local-a)) (local-a (make-local 7))) ;=> 7
(define-record-type <one> (make-one v) one? (v one-v))
(define one (make-one 1))
(define-record-type <one> (make-one v) one? (v one-v))
(one? one) ;=> #f
(eqv? (kons 1 2) (kons 1 2)) ;=> #f
(let ((k (kons 1 2))) (equal? k k)) ;=> #t
(define-syntax define-box (syntax-rules () ((_ make get) (define-record-type box (make v) box? (v get)))))
(define-box make-box unbox)
(unbox (make-box 'inside)) ;=> inside
(define-record-type p (mk x x) p? (x px)) ;!> :bad-syntax
