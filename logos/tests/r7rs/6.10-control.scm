;; Control features.
(map procedure? (list car 'car (lambda (x) (* x x)) '(lambda (x) (* x x)) "car")) ;=> (#t #f #t #f #f)
(call-with-current-continuation procedure?) ;=> #t
(procedure? (make-parameter 1)) ;=> #t
(apply + (list 3 4)) ;=> 7
(apply + 1 2 '(3 4)) ;=> 10
(apply + '()) ;=> 0
(apply + 1) ;!> :wrong-argument
(apply + '(1 . 2)) ;!> :wrong-argument
(define compose (lambda (f g) (lambda args (f (apply g args)))))
((compose sqrt *) 12 75) ;=> 30
(map cadr '((a b) (d e) (g h))) ;=> (b e h)
(map (lambda (n) (expt n n)) '(1 2 3 4 5)) ;=> (1 4 27 256 3125)
(map + '(1 2 3) '(4 5 6)) ;=> (5 7 9)
(map + '(1 2 3) '(4 5)) ;=> (5 7)
(let ((count 0)) (map (lambda (ignored) (set! count (+ count 1)) count) '(a b))) ;=> (1 2)
(let ((ls1 (list 10 100 1000)) (ls2 (list 1 2 3 4 5 6))) (set-cdr! (cddr ls1) ls1) (map * ls1 ls2)) ;=> (10 200 3000 40 500 6000)
(map car 5) ;!> :wrong-argument
(string-map char-foldcase "AbdEgH") ;=> "abdegh"
(string-map (lambda (c) (integer->char (+ 1 (char->integer c)))) "HAL") ;=> "IBM"
(string-map (lambda (c k) ((if (eqv? k #\u) char-upcase char-downcase) c)) "studlycaps xxx" "ululululul") ;=> "StUdLyCaPs"
(string-map (lambda (c) 1) "a") ;!> :wrong-argument
(vector-map cadr '#((a b) (d e) (g h))) ;=> #(b e h)
(vector-map (lambda (n) (expt n n)) '#(1 2 3 4 5)) ;=> #(1 4 27 256 3125)
(vector-map * '#(1 2) '#(10 20 30) '#(1 1 1)) ;=> #(10 40)
(let ((v (make-vector 5))) (for-each (lambda (i) (vector-set! v i (* i i))) '(0 1 2 3 4)) v) ;=> #(0 1 4 9 16)
(let ((ls1 (list 10 100 1000)) (ls2 (list 1 2 3 4 5 6)) (count 0)) (set-cdr! (cddr ls1) ls1) (for-each (lambda (x y) (set! count (+ count (* x y)))) ls2 ls1) count) ;=> 9750
(let ((v '())) (string-for-each (lambda (c) (set! v (cons (char->integer c) v))) "abcde") v) ;=> (101 100 99 98 97)
(let ((v '())) (string-for-each (lambda (a b) (set! v (cons (list a b) v))) "abc" "xy") v) ;=> ((#\b #\y) (#\a #\x))
(let ((v (make-list 5))) (vector-for-each (lambda (i) (list-set! v i (* i i))) '#(0 1 2 3 4)) v) ;=> (0 1 4 9 16)
(let ((v '())) (vector-for-each (lambda (a b) (set! v (cons (+ a b) v))) #(1 2) #(10 20 30)) v) ;=> (22 11)
(call-with-current-continuation (lambda (exit) (for-each (lambda (x) (if (negative? x) (exit x))) '(54 0 37 -3 245 19)) #t)) ;=> -3
(define list-length
  (lambda (obj)
    (call-with-current-continuation
      (lambda (return)
        (letrec ((r (lambda (obj) (cond ((null? obj) 0) ((pair? obj) (+ (r (cdr obj)) 1)) (else (return #f))))))
          (r obj))))))
(list-length '(1 2 3 4)) ;=> 4
(list-length '(a b . c)) ;=> #f
(call-with-values (lambda () (values 4 5)) (lambda (a b) b)) ;=> 5
(call-with-values * -) ;=> -1
(call-with-values (lambda () 1) list) ;=> (1)
(call-with-values values list) ;=> ()
(call-with-values (lambda () (values 1 2)) (lambda (a) a)) ;!> :wrong-count
(call-with-values (lambda () (call/cc (lambda (k) (k 1 2 3)))) list) ;=> (1 2 3)
(let ((path '()) (c #f))
  (let ((add (lambda (s) (set! path (cons s path)))))
    (dynamic-wind
      (lambda () (add 'connect))
      (lambda () (add (call-with-current-continuation (lambda (c0) (set! c c0) 'talk1))))
      (lambda () (add 'disconnect)))
    (if (< (length path) 4) (c 'talk2) (reverse path)))) ;=> (connect talk1 disconnect connect talk2 disconnect)

;; A continuation captured inside `map` may be taken up again: what was already given stays as it was.
(let ((k #f) (results '()) (count 0))
  (let ((r (map (lambda (x) (call/cc (lambda (c) (if (= x 2) (set! k c)) x))) '(1 2 3))))
    (set! results (cons r results))
    (set! count (+ count 1))
    (if (< count 3) (k (* 100 count)) (reverse results)))) ;=> ((1 2 3) (1 100 3) (1 200 3))
(let ((k #f) (results '()) (count 0))
  (let ((r (vector-map (lambda (x) (call/cc (lambda (c) (if (= x 2) (set! k c)) x))) #(1 2 3))))
    (set! results (cons r results))
    (set! count (+ count 1))
    (if (< count 2) (k 'again) (reverse results)))) ;=> (#(1 2 3) #(1 again 3))
(let ((k #f) (results '()) (count 0))
  (let ((r (string-map (lambda (x) (call/cc (lambda (c) (if (char=? x #\b) (set! k c)) x))) "abc")))
    (set! results (cons r results))
    (set! count (+ count 1))
    (if (< count 2) (k #\z) (reverse results)))) ;=> ("abc" "azc")

;; Winding
(let ((log '()))
  (define (note x) (set! log (cons x log)))
  (call/cc (lambda (out)
    (dynamic-wind (lambda () (note 'in-1))
                  (lambda () (dynamic-wind (lambda () (note 'in-2)) (lambda () (out 1)) (lambda () (note 'out-2))))
                  (lambda () (note 'out-1)))))
  (reverse log)) ;=> (in-1 in-2 out-2 out-1)
(call-with-values (lambda () (dynamic-wind (lambda () #f) (lambda () (values 1 2)) (lambda () #f))) list) ;=> (1 2)
(let* ((p (make-parameter 0)) (log '()))
  (define (note) (set! log (cons (p) log)))
  (parameterize ((p 1)) (dynamic-wind note (lambda () (parameterize ((p 2)) (note))) note))
  (reverse log)) ;=> (1 2 1)
(let ((log '()))
  (guard (e (#t (set! log (cons (list 'caught e) log))))
    (dynamic-wind (lambda () #f) (lambda () (raise 'first)) (lambda () (set! log (cons 'after log)))))
  (reverse log)) ;=> (after (caught first))
(let ((log '()))
  (guard (e (#t (set! log (cons (list 'caught e) log))))
    (dynamic-wind (lambda () #f) (lambda () 1) (lambda () (raise 'from-after))))
  (reverse log)) ;=> ((caught from-after))
(define (generate-one-element-at-a-time lst)
  (define (control-state return)
    (for-each (lambda (element) (set! return (call/cc (lambda (resume) (set! control-state resume) (return element))))) lst)
    (return 'end))
  (lambda () (call/cc control-state)))
(define next (generate-one-element-at-a-time '(0 1 2)))
(let* ((a (next)) (b (next)) (c (next)) (d (next))) (list a b c d)) ;=> (0 1 2 end)
(let ((k* #f) (y* 1)) (set! y* (* y* 2)) (let ((n (call/cc (lambda (k) (set! k* k) 1)))) (if (< n 4) (k* (+ n 1)) (list n y*)))) ;=> (4 2)
(letrec ((x (call/cc list)) (y (call/cc list)))
  (cond ((procedure? x) (x (pair? y))) ((procedure? y) (y (pair? x))))
  (let ((x (car x)) (y (car y))) (and (call/cc x) (call/cc y) (call/cc x)))) ;=> #t
(let* ((said '()) (p (make-parameter 'outer)) (note (lambda (what) (set! said (cons (list what (p)) said)))) (k #f) (n 0))
  (dynamic-wind (lambda () (note 'in)) (lambda () (call/cc (lambda (c) (set! k c)))) (lambda () (note 'out)))
  (set! n (+ n 1))
  (if (< n 2) (parameterize ((p 'inner)) (k 1)) (reverse said))) ;=> ((in outer) (out outer) (in outer) (out outer))
(let* ((said '()) (p (make-parameter 'outer)) (note (lambda (what) (set! said (cons (list what (p)) said)))))
  (with-exception-handler (lambda (e) 7)
    (lambda ()
      (guard (e ((string? e) 'no))
        (parameterize ((p 'inner))
          (dynamic-wind (lambda () (note 'in)) (lambda () (raise-continuable 'x)) (lambda () (note 'out)))))))
  (reverse said)) ;=> ((in inner) (out inner) (in inner) (out inner))
(let* ((said '()) (k #f) (n 0))
  (define (named name thunk) (call/cc (lambda (out) (with-exception-handler (lambda (e) (set! said (cons (list name e) said)) (out name)) thunk))))
  (named 'outer
    (lambda ()
      (dynamic-wind (lambda () (set! n (+ n 1)) (if (= n 2) (raise 'from-before)))
                    (lambda () (call/cc (lambda (c) (set! k c))))
                    (lambda () #f))
      (named 'inner (lambda () (k 1)))))
  said) ;=> ((outer from-before))
