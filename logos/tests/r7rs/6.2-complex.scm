;; Complex numbers (6.2.1 to 6.2.7).
(map complex? '(3+4i 3 1.5 a)) ;=> (#t #t #t #f)
(map number? '(3+4i +i "1")) ;=> (#t #t #f)
(map real? '(3+4i -2.5+0i -2.5+0.0i 3+0i)) ;=> (#f #t #f #t)
(map rational? '(3+4i 1.5+0.0i)) ;=> (#f #f)
(map integer? '(3+0i 3+1i)) ;=> (#t #f)
(map exact? '(3+4i 1/2+1/3i 3.0+4i)) ;=> (#t #t #f)
(map inexact? '(3+4i 3.0+4i)) ;=> (#f #t)
(map exact-integer? '(1+i 1+0i)) ;=> (#f #t)
(map finite? '(3+4i 3.0+inf.0i +nan.0+1.0i)) ;=> (#t #f #f)
(map infinite? '(3+4i 3.0+inf.0i -inf.0+1.0i)) ;=> (#f #t #t)
(map nan? '(1+2i +nan.0+5.0i 1.0+nan.0i)) ;=> (#f #t #t)
(list (= 1 1.0 1.0+0.0i) (= 1.0 1.0+1.0i) (= 1+2i 1.0+2.0i) (= +nan.0+1.0i +nan.0+1.0i)) ;=> (#t #f #t #f)
(list (eqv? 1+2i 1+2i) (eqv? 1+2i 1.0+2.0i) (equal? '(1/2+3i) '(1/2+3i)) (eq? 1.5+2.0i 1.5+2.0i) (eqv? 1.0+0.0i 1.0-0.0i)) ;=> (#t #f #t #t #f)
(map zero? '(0.0+0.0i 0+1i)) ;=> (#t #f)
(list (make-rectangular 1 2) (make-rectangular 1.0 2) (make-rectangular 1 0) (make-rectangular 1.0 0) (make-rectangular 1 0.0)) ;=> (1+2i 1.0+2.0i 1 1.0 1.0+0.0i)
(list (make-polar 1 0) (make-polar 2 0.0) (make-polar 1 1)) ;=> (1 2.0+0.0i 0.5403023058681398+0.8414709848078965i)
(list (real-part 1+2i) (imag-part 1+2i) (real-part 5) (imag-part 5) (imag-part 5.0)) ;=> (1 2 5 0 0)
(list (magnitude 3+4i) (magnitude 1+2i) (magnitude -5) (magnitude 3.0+4.0i) (magnitude 1/2+1/2i)) ;=> (5 2.23606797749979 5 5.0 0.7071067811865476)
(list (angle 1+2i) (angle 5) (angle -1) (angle -1.0) (angle +i) (angle 0)) ;=> (1.1071487177940904 0 3.141592653589793 3.141592653589793 1.5707963267948966 0)
(list (+ 1+2i 3-2i) (+ 1+2i 1.5) (- 1+2i) (- 5 1+2i) (* +i +i) (* 1+2i 3+4i) (* 2 1/2+i)) ;=> (4 2.5+2.0i -1-2i 4-2i -1 -5+10i 1+2i)
(list (/ 1+2i 3+4i) (/ +i) (/ 1+2i 2) (/ 1.0+2.0i 3.0+4.0i) (/ 4 1+i)) ;=> (11/25+2/25i -i 1/2+i 0.44+0.08i 2-2i)
(/ 1+2i 0) ;!> :divide-by-zero
(list (square +i) (expt +i 2) (expt 1+i 10) (expt 1+i -2) (expt 2+3i 0) (expt 1/2+i 3)) ;=> (-1 -1 +32i -1/2i 1 -11/8-1/4i)
(define (near? a b) (< (magnitude (- a b)) 1e-12))
(near? (expt +i +i) (exp (/ (acos -1) -2))) ;=> #t
(near? (expt 2 1+i) (* 2 (exp (* +i (log 2))))) ;=> #t
(near? (expt -8 1/3) 1+1.7320508075688772i) ;=> #t
(expt 0 1+i) ;=> 0
(expt 0 -1+i) ;!> :divide-by-zero
(list (sqrt -1) (sqrt -4) (sqrt -1/4) (sqrt -3+4i) (sqrt -3-4i) (sqrt +2i)) ;=> (+i +2i +1/2i 1+2i 1-2i 1+i)
(list (sqrt -2.0) (sqrt -2) (sqrt -1.0+0.0i) (sqrt -1.0-0.0i)) ;=> (0.0+1.4142135623730951i 0.0+1.4142135623730951i 0.0+1.0i 0.0-1.0i)
(near? (square (sqrt 1+2i)) 1+2i) ;=> #t
(near? (sqrt 1e308+1e308i) 1.0986841134678098e154+4.550898605622274e153i) ;=> #f
(list (exp 0+i) (log -1) (log +i)) ;=> (0.5403023058681398+0.8414709848078965i 0.0+3.141592653589793i 0.0+1.5707963267948966i)
(near? (exp (log 1+2i)) 1+2i) ;=> #t
(near? (log 8 -2) (/ (log 8) (log -2))) ;=> #t
(near? (+ (square (sin 1+2i)) (square (cos 1+2i))) 1) ;=> #t
(near? (tan 1+2i) (/ (sin 1+2i) (cos 1+2i))) ;=> #t
(tan 1+1000i) ;=> 0.0+1.0i
(list (near? (sin (asin 1+2i)) 1+2i) (near? (cos (acos 1+2i)) 1+2i) (near? (tan (atan 1+2i)) 1+2i)) ;=> (#t #t #t)
(list (near? (asin 2) 1.5707963267948966-1.3169578969248166i) (near? (acos 2) +1.3169578969248166i) (near? (asin -2) -1.5707963267948966+1.3169578969248166i) (near? (acos -2) 3.141592653589793-1.3169578969248166i)) ;=> (#t #t #t #t)
(near? (+ (asin 3-i) (acos 3-i)) (/ (acos -1) 2)) ;=> #t
(list (near? (tan (atan 2i)) 2i) (near? (tan (atan +3.0i)) +3.0i) (near? (tan (atan -0.5i)) -0.5i)) ;!> :bad-syntax
(list (near? (tan (atan +2i)) +2i) (near? (tan (atan +3.0i)) +3.0i) (near? (tan (atan -0.5i)) -0.5i)) ;=> (#t #t #t)
(atan +i) ;!> :divide-by-zero
(list (exact 1.5+2.0i) (inexact 1/2+2i)) ;=> (3/2+2i 0.5+2.0i)
(exact 1.0+inf.0i) ;!> :wrong-argument
(< 1 +i) ;!> :wrong-argument
(max 1 +i) ;!> :wrong-argument
(floor 1+i) ;!> :wrong-argument
(quotient 1+i 2) ;!> :wrong-argument
(abs 1+i) ;!> :wrong-argument
(positive? +i) ;!> :wrong-argument
(even? 2+2i) ;!> :wrong-argument
(numerator 1+i) ;!> :wrong-argument
(atan 1 +i) ;!> :wrong-argument
(make-rectangular 1 +i) ;!> :wrong-argument
(make-polar +i 1) ;!> :wrong-argument
(exact-integer-sqrt +i) ;!> :wrong-argument
(vector-ref #(1 2) +i) ;!> :wrong-argument
(bitwise-and 1 +i) ;!> :wrong-argument
(random +i) ;!> :wrong-argument
'(1+2i 1-2i -1+2i +i -i 0+i 0-1i +2i -2i 1+0i 1/2+3/4i 1.0+2i 1+2.0i 1e2+1.0i 1.0+1e2i 0.5+3/4i 1e-3-1e-3i) ;=> (1+2i 1-2i -1+2i +i -i +i -i +2i -2i 1 1/2+3/4i 1.0+2.0i 1.0+2.0i 100.0+1.0i 1.0+100.0i 0.5+0.75i 0.001-0.001i)
'(1+2I +I +inf.0i -inf.0+inf.0i +inf.0-nan.0i 1@0 0@1 #e1.0+1.5i #i1+i #x10+11i #b10+11i #xe+ei #x1e+2i) ;=> (1+2i +i 0.0+inf.0i -inf.0+inf.0i +inf.0+nan.0i 1 0 1+3/2i 1.0+1.0i 16+17i 2+3i 14+14i 30+2i)
1@1 ;=> 0.5403023058681398+0.8414709848078965i
(map string->number '("1+2i" "+i" "i" "2i" "1+i2" "1+2" "1++2i" "1+2i3" "1@2@3" "1@" "@1" "1+2i@3" "+inf.0i" "e+i" "1e+i" "1/0+i" "--i")) ;=> (1+2i +i #f #f #f #f #f #f #f #f #f #f 0.0+inf.0i #f #f #f #f)
(map (lambda (radix) (number->string 10-11i radix)) '(2 8 10 16)) ;=> ("1010-1011i" "12-13i" "10-11i" "a-bi")
(map (lambda (z) (eqv? z (string->number (number->string z)))) '(1+2i -1/3-i 0.1+1e-30i 0.0-0.0i +nan.0+inf.0i -0.0+i)) ;=> (#t #t #t #t #t #t)
(string->number "1+2i" 36) ;=> #f
(list (symbol? '+a) (symbol? '+ii) (symbol? '+inf.0x) (symbol? '-inf.0ii)) ;=> (#t #t #t #t)
(list (string->symbol "+i") (string->symbol "-inf.0+i")) ;=> (|+i| |-inf.0+i|)
(get {1+2i 'a 1 'b 1.0+2.0i 'c} 1.0+2.0i) ;=> c
(keys {2 0 1+2i 0 1 0 1-2i 0 1.0 0 0+i 0}) ;=> (+i 1-2i 1 1+2i 1.0 2)
(let ((t (make-hash-table))) (hash-table-set! t 1/2+3i 'exact) (hash-table-set! t 0.5+3.0i 'inexact) (list (hash-table-ref t 1/2+3i) (hash-table-ref t 0.5+3i))) ;=> (exact inexact)
(memv 1+2i '(1 1+2i 3)) ;=> (1+2i 3)
(case 1+i ((1+i) 'found) (else 'lost)) ;=> found
(define big (expt 10 30))
(list (* (make-rectangular big 1) (make-rectangular big -1)) (magnitude (make-rectangular (* 3 big) (* 4 big)))) ;=> (1000000000000000000000000000000000000000000000000000000000001 5000000000000000000000000000000)
(expt 1+i 1000000000000) ;!> :fuel-exhausted
(eval '(real-part 1+2i) (environment '(scheme complex))) ;=> 1
(map (lambda (n) (expt +i (+ (expt 10 50) n))) '(0 1 2 3)) ;=> (1 +i -1 -i)
(list (expt -i (+ 1 (expt 10 50))) (expt +i (- -1 (expt 10 50))) (expt -i 3) (expt +i -3) (expt +i 0)) ;=> (-i -i +i +i 1)
(map (lambda (n) (expt -1 (+ (expt 10 50) n))) '(0 1)) ;=> (1 -1)
