;; Numbers.

;; 6.2.6 Numerical operations
(map number? '(1 1/2 1.5 +inf.0 +nan.0 a "1")) ;=> (#t #t #t #t #t #f #f)
(complex? 3) ;=> #t
(real? 3) ;=> #t
(real? #e1e10) ;=> #t
(real? +inf.0) ;=> #t
(real? +nan.0) ;=> #t
(rational? -inf.0) ;=> #f
(rational? +nan.0) ;=> #f
(rational? 3.5) ;=> #t
(rational? 6/10) ;=> #t
(rational? 6/3) ;=> #t
(integer? 3.0) ;=> #t
(integer? 8/4) ;=> #t
(integer? 1.5) ;=> #f
(integer? "3") ;=> #f
(exact? 3.0) ;=> #f
(exact? #e3.0) ;=> #t
(exact? 1/3) ;=> #t
(inexact? 3.) ;=> #t
(exact? 'a) ;!> :wrong-argument
(exact-integer? 32) ;=> #t
(exact-integer? 32.0) ;=> #f
(exact-integer? 32/5) ;=> #f
(finite? 3) ;=> #t
(finite? +inf.0) ;=> #f
(finite? +nan.0) ;=> #f
(infinite? 3) ;=> #f
(infinite? +inf.0) ;=> #t
(infinite? -inf.0) ;=> #t
(infinite? +nan.0) ;=> #f
(nan? +nan.0) ;=> #t
(nan? 32) ;=> #f
(nan? +inf.0) ;=> #f
(= 1 1.0 2/2) ;=> #t
(= 1/3 .333) ;=> #f
(= +nan.0 +nan.0) ;=> #f
(= 0.0 -0.0) ;=> #t
(= 1) ;=> #t
(< 1 2 3) ;=> #t
(< 1 1 2) ;=> #f
(> 3.0 2.0 1.0) ;=> #t
(> -3.0 2.0 1.0) ;=> #f
(<= 1 1 2) ;=> #t
(<= 1 2 1) ;=> #f
(>= 2 1 1) ;=> #t
(>= 1 2 1) ;=> #f
(< +nan.0 1) ;=> #f
(< -inf.0 (- (expt 10 400)) 0 (expt 10 400) +inf.0) ;=> #t
(let ((a (- (expt 2 1000) 1)) (b (inexact (expt 2 1000))) (c (+ (expt 2 1000) 1))) (list (= a b) (= b c) (< a b c))) ;=> (#f #f #t)
(= 9007199254740993 9007199254740992.0) ;=> #f
(< 9007199254740992.0 9007199254740993) ;=> #t
(= (/ 1 3) (inexact 1/3)) ;=> #f
(< 'a 1) ;!> :wrong-argument
(< 2 1 'a) ;!> :wrong-argument
(map zero? '(0 0.0 -0.0 1 1/2)) ;=> (#t #t #t #f #f)
(map positive? '(1 0 -1 1.0 0.0 -1.0 +inf.0 -inf.0 1/2)) ;=> (#t #f #f #t #f #f #t #f #t)
(map negative? '(1 0 -1 1.0 -0.0 -1.0 +inf.0 -inf.0 -1/2)) ;=> (#f #f #t #f #f #t #f #t #t)
(map odd? '(0 1 -1 102 3.0)) ;=> (#f #t #t #f #t)
(map even? '(0 1 -2 102 2.0)) ;=> (#t #f #t #t #t)
(odd? 1.5) ;!> :wrong-argument
(max 3 4) ;=> 4
(max 3.9 4) ;=> 4.0
(max 3) ;=> 3
(max 5 3.9 4) ;=> 5.0
(max 100 +inf.0) ;=> +inf.0
(max 1/2 1/3) ;=> 1/2
(min 3 3.1) ;=> 3.0
(min 3) ;=> 3
(min -inf.0 -100) ;=> -inf.0
(max) ;!> :wrong-count
(+ 3 4) ;=> 7
(+ 3) ;=> 3
(+) ;=> 0
(* 4) ;=> 4
(*) ;=> 1
(+ 1/2 1/3) ;=> 5/6
(+ 1/2 0.5) ;=> 1.0
(+ 9223372036854775807 1) ;=> 9223372036854775808
(* 99999999999 99999999999) ;=> 9999999999800000000001
(+ 'a 1) ;!> :wrong-argument
(- 3 4) ;=> -1
(- 3 4 5) ;=> -6
(- 3) ;=> -3
(/ 3 4 5) ;=> 3/20
(/ 3) ;=> 1/3
(/ 6 3) ;=> 2
(/ 0.0) ;=> +inf.0
(/ -0.0) ;=> -inf.0
(/ 1 0) ;!> :divide-by-zero
(/ 1.0 0) ;!> :divide-by-zero
(/ 0 0.0) ;=> +nan.0
(-) ;!> :wrong-count
(abs -7) ;=> 7
(map abs '(7 -1/2 -2.5 -0.0 -inf.0)) ;=> (7 1/2 2.5 0.0 +inf.0)
(define (both f . args) (call-with-values (lambda () (apply f args)) list))
(both floor/ 5 2) ;=> (2 1)
(both floor/ -5 2) ;=> (-3 1)
(both floor/ 5 -2) ;=> (-3 -1)
(both floor/ -5 -2) ;=> (2 -1)
(both truncate/ 5 2) ;=> (2 1)
(both truncate/ -5 2) ;=> (-2 -1)
(both truncate/ 5 -2) ;=> (-2 1)
(both truncate/ -5 -2) ;=> (2 -1)
(both truncate/ -5.0 2) ;=> (-2.0 -1.0)
(both floor/ (- (expt 10 30)) 7) ;=> (-142857142857142857142857142858 6)
(floor/ 5 0) ;!> :divide-by-zero
(floor/ 5.5 2) ;!> :wrong-argument
(list (floor-quotient -7 2) (floor-remainder -7 2) (truncate-quotient -7 2) (truncate-remainder -7 2)) ;=> (-4 1 -3 -1)
(list (quotient -7 2) (remainder -7 2) (modulo -7 2)) ;=> (-3 -1 1)
(list (modulo 13 4) (modulo -13 4) (modulo 13 -4) (modulo -13 -4)) ;=> (1 3 -3 -1)
(list (remainder 13 4) (remainder -13 4) (remainder 13 -4) (remainder -13 -4) (remainder -13 -4.0)) ;=> (1 -1 1 -1 -1.0)
(quotient 1 0) ;!> :divide-by-zero
(modulo 1 0) ;!> :divide-by-zero
(list (gcd 32 -36) (gcd) (gcd 0 5) (gcd 4 6.0)) ;=> (4 0 5 2.0)
(list (lcm 32 -36) (lcm 32.0 -36) (lcm) (lcm 0 5)) ;=> (288 288.0 1 0)
(list (lcm 1e300 7e200 2) (lcm 2 1e300 7e200) (lcm 1e300 7e200 0)) ;=> (+inf.0 +inf.0 0.0)
(lcm +inf.0 2) ;!> :wrong-argument
(lcm 1e300 7e200 2.5) ;!> :wrong-argument
(list (numerator (/ 6 4)) (denominator (/ 6 4)) (denominator (inexact (/ 6 4)))) ;=> (3 2 2.0)
(list (numerator 5.5) (denominator 5.5) (numerator 5.0) (denominator 5.0) (denominator 0)) ;=> (11.0 2.0 5.0 1.0 1)
(map floor '(-4.3 3.5 -7/2 7)) ;=> (-5.0 3.0 -4 7)
(map ceiling '(-4.3 3.5 -7/2 7)) ;=> (-4.0 4.0 -3 7)
(map truncate '(-4.3 3.5 -7/2 7)) ;=> (-4.0 3.0 -3 7)
(map round '(-4.3 3.5 2.5 -2.5 7/2 5/2 -5/2 7)) ;=> (-4.0 4.0 2.0 -2.0 4 2 -2 7)
(floor +inf.0) ;=> +inf.0
(round 0.49999999999999994) ;=> 0.0
(rationalize (exact .3) 1/10) ;=> 1/3
(rationalize .3 1/10) ;=> 0.3333333333333333
(rationalize 3/10 1/10) ;=> 1/3
(rationalize -3/10 1/10) ;=> -1/3
(rationalize 3/10 -1/10) ;=> 1/3
(rationalize 1/4 1/2) ;=> 0
(rationalize 5/2 0) ;=> 5/2
(rationalize 3 1/2) ;=> 3
(rationalize 314159/100000 1/1000) ;=> 201/64
(rationalize +inf.0 1) ;=> +inf.0
(rationalize 1 +inf.0) ;=> 0.0
(rationalize +inf.0 +inf.0) ;=> +nan.0
(rationalize 'a 1) ;!> :wrong-argument
(exp 0) ;=> 1
(exp 1) ;=> 2.718281828459045
(exp 3) ;=> 20.085536923187668
(exp -inf.0) ;=> 0.0
(log 1) ;=> 0
(log (exp 1)) ;=> 1.0
(log (exp 42)) ;=> 42.0
(log 100 10) ;=> 2.0
(log 4096 2) ;=> 12.0
(log 0.0) ;=> -inf.0
(log 0) ;!> :wrong-argument
(log (expt 10 400) 10) ;=> 400.0
(sin 0) ;=> 0
(cos 0) ;=> 1
(tan 0) ;=> 0
(asin 0) ;=> 0
(acos 1) ;=> 0
(atan 0) ;=> 0
(sin 1) ;=> 0.8414709848078965
(tan 1) ;=> 1.5574077246549023
(acos -1) ;=> 3.141592653589793
(asin 1) ;=> 1.5707963267948966
(list (atan 0.0 1.0) (atan -0.0 1.0) (atan 1.0 1.0) (atan 1.0 0.0)) ;=> (0.0 -0.0 0.7853981633974483 1.5707963267948966)
(list (atan 1.0 -1.0) (atan 0.0 -1.0) (atan -0.0 -1.0) (atan -1.0 -1.0)) ;=> (2.356194490192345 3.141592653589793 -3.141592653589793 -2.356194490192345)
(list (atan -1.0 0.0) (atan -1.0 1.0) (atan 0 1) (atan 1 0)) ;=> (-1.5707963267948966 -0.7853981633974483 0 1.5707963267948966)
(square 42) ;=> 1764
(square 2.0) ;=> 4.0
(square 1/2) ;=> 1/4
(square 'a) ;!> :wrong-argument
(list (sqrt 9) (sqrt 16) (sqrt 1/4) (sqrt 2) (sqrt 9.0) (sqrt (expt 10 40))) ;=> (3 4 1/2 1.4142135623730951 3.0 100000000000000000000)
(both exact-integer-sqrt 4) ;=> (2 0)
(both exact-integer-sqrt 5) ;=> (2 1)
(both exact-integer-sqrt (expt 2 119)) ;=> (815238614083298888 443242361398135744)
(both exact-integer-sqrt (expt 2 121)) ;=> (1630477228166597776 1772969445592542976)
(both exact-integer-sqrt 0) ;=> (0 0)
(exact-integer-sqrt -1) ;!> :wrong-argument
(exact-integer-sqrt 4.0) ;!> :wrong-argument
(list (expt 3 3) (expt 0 0) (expt 0 1) (expt 0.0 0) (expt 0 1.0) (expt 2 -2) (expt 2/3 3) (expt 2.0 3)) ;=> (27 1 0 1.0 0.0 1/4 8/27 8.0)
(expt 2 100) ;=> 1267650600228229401496703205376
(expt 4 1/2) ;=> 2
(expt 0.0 1) ;=> 0.0
(expt 0 -1) ;!> :divide-by-zero
(map exact '(1.0 0.5 -0.0 1e20)) ;=> (1 1/2 0 100000000000000000000)
(exact .3) ;=> 5404319552844595/18014398509481984
(exact +inf.0) ;!> :wrong-argument
(exact +nan.0) ;!> :wrong-argument
(map inexact '(1 1/3 1/2 -5)) ;=> (1.0 0.3333333333333333 0.5 -5.0)
(inexact (expt 10 400)) ;=> +inf.0
(inexact (/ (expt 10 400) (+ (expt 10 399) 1))) ;=> 10.0
(list (exact->inexact 1/4) (inexact->exact 0.25)) ;=> (0.25 1/4)
(exact (floor 2.5)) ;=> 2
(boolean=? (exact-integer? (exact 2.0)) #t) ;=> #t

;; 6.2.7 Numerical input and output
(number->string 10) ;=> "10"
(number->string 256 16) ;=> "100"
(map (lambda (radix) (number->string -255 radix)) '(2 8 10 16)) ;=> ("-11111111" "-377" "-255" "-ff")
(number->string 1/3 2) ;=> "1/11"
(number->string 3.5) ;=> "3.5"
(number->string 100.0) ;=> "100.0"
(number->string 1e21) ;=> "1e21"
(number->string 1e-7) ;=> "1e-7"
(number->string 0.1) ;=> "0.1"
(number->string -0.0) ;=> "-0.0"
(number->string 5e-324) ;=> "5e-324"
(number->string 1.7976931348623157e308) ;=> "1.7976931348623157e308"
(number->string 123456789.123) ;=> "123456789.123"
(map number->string '(+inf.0 -inf.0 +nan.0)) ;=> ("+inf.0" "-inf.0" "+nan.0")
(map (lambda (x) (eqv? x (string->number (number->string x)))) '(0.1 1/3 1e23 4.35 2.5e-8 9007199254740993.0 5e-324 -0.0 +inf.0 +nan.0)) ;=> (#t #t #t #t #t #t #t #t #t #t)
(map (lambda (x) (eqv? x (string->number (number->string x 2) 2))) '(0.1 1/3 -12345678901234567890 4.35 0.0)) ;=> (#t #t #t #t #t)
(number->string 1 1) ;!> :wrong-argument
(string->number "100") ;=> 100
(string->number "100" 16) ;=> 256
(string->number "1e2") ;=> 100.0
(map (lambda (radix) (string->number "-101" radix)) '(2 8 10 16)) ;=> (-5 -65 -101 -257)
(map string->number '("#b101" "#o17" "#d19" "#xFf" "#e1.5" "#i1/2" "#x#e10" "#e#x10" "#i#xff")) ;=> (5 15 19 255 3/2 0.5 16 16 255.0)
(map string->number '("1/2" "-4/6" "+5" "1." ".5" "-.5" "1e10" "1E2" "12e-1" "+inf.0" "-INF.0" "+nan.0")) ;=> (1/2 -2/3 5 1.0 0.5 -0.5 10000000000.0 100.0 1.2 +inf.0 -inf.0 +nan.0)
(map string->number '("" "a" "+" "-" "." "1/" "/2" "1/0" "1e" "e1" "--1" "1 2" "0x10" "#b2" "#z1" "inf.0" "1.2.3" "...")) ;=> (#f #f #f #f #f #f #f #f #f #f #f #f #f #f #f #f #f #f)
(string->number "ff" 16) ;=> 255
(string->number "#d10" 16) ;=> 10
(string->number 5) ;!> :wrong-argument
'(#e1.2 #e1e3 #i5 #x-1A #b-101 #o777 1e3 -1.50 #e-0.25) ;=> (6/5 1000 5.0 -26 -5 511 1000.0 -1.5 -1/4)
(eqv? (string->number "1e500") +inf.0) ;=> #t
(string->number "4.9406564584124654e-324") ;=> 5e-324
