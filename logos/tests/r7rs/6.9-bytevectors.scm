;; Bytevectors.
(map bytevector? (list #u8() #u8(0 10 5) #(0) '() "a")) ;=> (#t #t #f #f #f)
(make-bytevector 2 12) ;=> #u8(12 12)
(bytevector-length (make-bytevector 1024)) ;=> 1024
(make-bytevector 2 256) ;!> :wrong-argument
(list (bytevector 1 3 5 1 3 5) (bytevector)) ;=> (#u8(1 3 5 1 3 5) #u8())
(bytevector 1 -1) ;!> :wrong-argument
(bytevector-u8-ref '#u8(1 1 2 3 5 8 13 21) 5) ;=> 8
(bytevector-u8-ref #u8(1) 1) ;!> :out-of-range
(let ((bv (bytevector 1 2 3 4))) (bytevector-u8-set! bv 1 3) bv) ;=> #u8(1 3 3 4)
(bytevector-u8-set! (bytevector 1) 0 256) ;!> :wrong-argument
(define a #u8(1 2 3 4 5))
(bytevector-copy a 2 4) ;=> #u8(3 4)
(list (bytevector-copy a) (bytevector-copy a 3)) ;=> (#u8(1 2 3 4 5) #u8(4 5))
(define a (bytevector 1 2 3 4 5))
(define b (bytevector 10 20 30 40 50))
(bytevector-copy! b 1 a 0 2)
b ;=> #u8(10 1 2 40 50)
(let ((v (bytevector 1 2 3 4 5))) (bytevector-copy! v 1 v 0 3) v) ;=> #u8(1 1 2 3 5)
(let ((v (bytevector 1 2 3 4 5))) (bytevector-copy! v 0 v 2) v) ;=> #u8(3 4 5 4 5)
(bytevector-copy! (bytevector 1 2) 1 #u8(1 2)) ;!> :out-of-range
(bytevector-append (bytevector 0 1 2) (bytevector 3 4 5)) ;=> #u8(0 1 2 3 4 5)
(list (bytevector-append) (bytevector-append #u8() #u8(1) #u8(2 3))) ;=> (#u8() #u8(1 2 3))
(utf8->string #u8(#x41)) ;=> "A"
(string->utf8 "λ") ;=> #u8(206 187)
(list (utf8->string #u8(0 #x41 #x42 #x43 0) 1 4) (utf8->string #u8(0 #xCE #xBB 0) 1 3) (utf8->string #u8(65 66) 1)) ;=> ("ABC" "λ" "B")
(list (string->utf8 "ABC" 1) (string->utf8 "aλ🍞" 1 2) (string->utf8 "🍞")) ;=> (#u8(66 67) #u8(206 187) #u8(240 159 141 158))
(utf8->string #u8(255)) ;!> :wrong-argument
(utf8->string #u8(#xCE #xBB) 1) ;!> :wrong-argument
#u8(256) ;!> :bad-syntax
#u8(a) ;!> :bad-syntax
