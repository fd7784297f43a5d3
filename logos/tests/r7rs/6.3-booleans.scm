;; Booleans.
#t ;=> #t
#f ;=> #f
'#f ;=> #f
(list #true #false) ;=> (#t #f)
(map not (list 3 #t #f '() (list) 'nil (list 3))) ;=> (#f #f #t #f #f #f #f)
(map boolean? '(#f #t 0 () nil)) ;=> (#t #t #f #f #f)
(boolean=? #t #t) ;=> #t
(boolean=? #f #f) ;=> #t
(boolean=? #t #f) ;=> #f
(boolean=? #f #f #f) ;=> #t
(boolean=? #f #f #t) ;=> #f
(boolean=? 1 #t) ;!> :wrong-argument
