;; Vectors.
#(0 (2 2 2 2) "Anna") ;=> #(0 (2 2 2 2) "Anna")
(map vector? (list #() #(1 2) '(1) "a" #u8(1))) ;=> (#t #t #f #f #f)
(make-vector 3 'x) ;=> #(x x x)
(vector-length (make-vector 1000)) ;=> 1000
(make-vector -1) ;!> :wrong-argument
(vector 'a 'b 'c) ;=> #(a b c)
(vector-ref '#(1 1 2 3 5 8 13 21) 5) ;=> 8
(vector-ref '#(1 1 2 3 5 8 13 21) (exact (round (* 2 (acos -1))))) ;=> 13
(vector-ref #(1 2) 2) ;!> :out-of-range
(vector-ref #(1 2) 1.0) ;!> :wrong-argument
(let ((vec (vector 0 '(2 2 2 2) "Anna"))) (vector-set! vec 1 '("Sue" "Sue")) vec) ;=> #(0 ("Sue" "Sue") "Anna")
(vector-set! '#(0 1 2) 1 "doe") ;!> :wrong-argument
(list (vector->list '#(dah dah didah)) (vector->list '#(dah dah didah) 1) (vector->list '#(dah dah didah) 1 2)) ;=> ((dah dah didah) (dah didah) (dah))
(list->vector '(dididit dah)) ;=> #(dididit dah)
(list->vector '(1 . 2)) ;!> :wrong-argument
(list (string->vector "ABC") (string->vector "ABC" 1) (string->vector "ABC" 1 2)) ;=> (#(#\A #\B #\C) #(#\B #\C) #(#\B))
(list (vector->string #(#\1 #\2 #\3)) (vector->string #(#\1 #\2 #\3) 1) (vector->string #(#\1 #\2 #\3) 1 2)) ;=> ("123" "23" "2")
(vector->string #(#\a 1)) ;!> :wrong-argument
(define a #(1 8 2 8))
(define b (vector-copy a))
(vector-set! b 0 3)
b ;=> #(3 8 2 8)
(vector-copy b 1 3) ;=> #(8 2)
(vector-copy b 2) ;=> #(2 8)
(vector-copy b 3 2) ;!> :out-of-range
(define a (vector 1 2 3 4 5))
(define b (vector 10 20 30 40 50))
(vector-copy! b 1 a 0 2)
b ;=> #(10 1 2 40 50)
(let ((v (vector 1 2 3 4 5))) (vector-copy! v 1 v 0 3) v) ;=> #(1 1 2 3 5)
(let ((v (vector 1 2 3 4 5))) (vector-copy! v 0 v 2 5) v) ;=> #(3 4 5 4 5)
(vector-copy! (vector 1 2) 1 #(1 2)) ;!> :out-of-range
(vector-append #(a b c) #(d e f)) ;=> #(a b c d e f)
(list (vector-append) (vector-append #()) (vector-append #(a) #() #(b c))) ;=> (#() #() #(a b c))
(define a (vector 1 2 3 4 5))
(vector-fill! a 'smash 2 4)
a ;=> #(1 2 smash smash 5)
(let ((v (vector 1 2 3))) (vector-fill! v 'x) v) ;=> #(x x x)
(let ((v (vector 1 2 3))) (vector-fill! v 'x 1) v) ;=> #(1 x x)
(vector-fill! (vector 1 2) 0 3) ;!> :out-of-range
