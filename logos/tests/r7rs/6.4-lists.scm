;; Pairs and lists.
(define x (list 'a 'b 'c))
(define y x)
y ;=> (a b c)
(list? y) ;=> #t
(set-cdr! x 4)
x ;=> (a . 4)
(eqv? x y) ;=> #t
y ;=> (a . 4)
(list? y) ;=> #f
(set-cdr! x x)
(list? x) ;=> #f
(map pair? (list '(a . b) '(a b c) '() '#(a b))) ;=> (#t #t #f #f)
(cons 'a '()) ;=> (a)
(cons '(a) '(b c d)) ;=> ((a) b c d)
(cons "a" '(b c)) ;=> ("a" b c)
(cons 'a 3) ;=> (a . 3)
(cons '(a b) 'c) ;=> ((a b) . c)
(car '(a b c)) ;=> a
(car '((a) b c d)) ;=> (a)
(car '(1 . 2)) ;=> 1
(car '()) ;!> :wrong-argument
(cdr '((a) b c d)) ;=> (b c d)
(cdr '(1 . 2)) ;=> 2
(cdr '()) ;!> :wrong-argument
(let ((x (list 'not-a-constant-list))) (set-car! x 3) x) ;=> (3)
(set-car! 5 3) ;!> :wrong-argument
(let ((g (lambda () '(constant-list)))) (set-car! (g) 3)) ;!> :wrong-argument
(list-set! '(0 1 2) 1 5) ;!> :wrong-argument
(caar '((1) 2)) ;=> 1
(cadr '(1 2 3)) ;=> 2
(cdar '((1 2) 3)) ;=> (2)
(cddr '(1 2 3)) ;=> (3)
(cadr '(1)) ;!> :wrong-argument
(define tree '((((1 . 2) . (3 . 4)) . ((5 . 6) . (7 . 8))) . (((9 . 10) . (11 . 12)) . ((13 . 14) . (15 . 16)))))
(list (caaaar tree) (cdaaar tree) (cadaar tree) (cddaar tree) (caadar tree) (cdadar tree) (caddar tree) (cdddar tree)) ;=> (1 2 3 4 5 6 7 8)
(list (caaadr tree) (cdaadr tree) (cadadr tree) (cddadr tree) (caaddr tree) (cdaddr tree) (cadddr tree) (cddddr tree)) ;=> (9 10 11 12 13 14 15 16)
(list (caaar tree) (cdaar tree) (cadar tree) (cddar tree) (caadr tree) (cdadr tree) (caddr tree) (cdddr tree)) ;=> ((1 . 2) (3 . 4) (5 . 6) (7 . 8) (9 . 10) (11 . 12) (13 . 14) (15 . 16))
(map null? '(() (a) #f)) ;=> (#t #f #f)
(map list? (list '(a b c) '() '(a . b) 5)) ;=> (#t #t #f #f)
(let ((x (list 'a))) (set-cdr! x x) (list? x)) ;=> #f
(make-list 2 3) ;=> (3 3)
(length (make-list 3)) ;=> 3
(make-list -1) ;!> :wrong-argument
(list 'a (+ 3 4) 'c) ;=> (a 7 c)
(list) ;=> ()
(length '(a b c)) ;=> 3
(length '(a (b) (c d e))) ;=> 3
(length '()) ;=> 0
(length '(a . b)) ;!> :wrong-argument
(length x) ;!> :wrong-argument
(append '(x) '(y)) ;=> (x y)
(append '(a) '(b c d)) ;=> (a b c d)
(append '(a (b)) '((c))) ;=> (a (b) (c))
(append '(a b) '(c . d)) ;=> (a b c . d)
(append '() 'a) ;=> a
(append) ;=> ()
(append '(1) '(2) '() '(3 4) 5) ;=> (1 2 3 4 . 5)
(let* ((tail (list 3)) (all (append '(1 2) tail))) (eq? tail (cddr all))) ;=> #t
(append '(1 . 2) '(3)) ;!> :wrong-argument
(reverse '(a b c)) ;=> (c b a)
(reverse '(a (b c) d (e (f)))) ;=> ((e (f)) d (b c) a)
(reverse '(a . b)) ;!> :wrong-argument
(list-tail '(a b c d e) 3) ;=> (d e)
(list-tail '(a b c) 3) ;=> ()
(list-tail '(a b . c) 2) ;=> c
(list-tail '(a b) 3) ;!> :out-of-range
(list-ref '(a b c d) 2) ;=> c
(list-ref '(a b c d) (exact (round 1.8))) ;=> c
(list-ref '(a b . c) 1) ;=> b
(list-ref '(a b) 2) ;!> :out-of-range
(let ((ls (list 'one 'two 'five!))) (list-set! ls 2 'three) ls) ;=> (one two three)
(list-set! (list 1) 1 2) ;!> :out-of-range
(memq 'c '(a b c d e)) ;=> (c d e)
(memq 'a '(b c d)) ;=> #f
(memq (list 'a) '(b (a) c)) ;=> #f
(member (list 'a) '(b (a) c)) ;=> ((a) c)
(member "B" '("a" "b" "c") string-ci=?) ;=> ("b" "c")
(member 2.0 '(1 2 3) =) ;=> (2 3)
(memv 101 '(100 101 102)) ;=> (101 102)
(memv 1.5 '(1 1.5)) ;=> (1.5)
(memq 'z '(a . b)) ;!> :wrong-argument
(define e '((a 1) (b 2) (c 3)))
(assq 'a e) ;=> (a 1)
(assq 'b e) ;=> (b 2)
(assq 'd e) ;=> #f
(assq (list 'a) '(((a)) ((b)) ((c)))) ;=> #f
(assoc (list 'a) '(((a)) ((b)) ((c)))) ;=> ((a))
(assoc 2.0 '((1 1) (2 4) (3 9)) =) ;=> (2 4)
(assv 5 '((2 3) (5 7) (11 13))) ;=> (5 7)
(assv 5 '(1 2)) ;!> :wrong-argument
(define a '(1 8 2 8))
(define b (list-copy a))
(set-car! b 3)
b ;=> (3 8 2 8)
a ;=> (1 8 2 8)
(list-copy '()) ;=> ()
(list-copy '(1 2 . 3)) ;=> (1 2 . 3)
(list-copy 5) ;=> 5
(let ((original (list (list 1)))) (eq? (car original) (car (list-copy original)))) ;=> #t
