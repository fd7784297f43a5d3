;; Strings.
"The word \"recursion\" has many meanings." ;=> "The word \"recursion\" has many meanings."
"Another example:\ntwo lines of text" ;=> "Another example:\ntwo lines of text"
"Here's text \
   containing just one line" ;=> "Here's text containing just one line"
"\x03B1; is named GREEK SMALL LETTER ALPHA." ;=> "α is named GREEK SMALL LETTER ALPHA."
(map char->integer (string->list "\a\b\t\n\r\"\\\|\x41;")) ;=> (7 8 9 10 13 34 92 124 65)
(map string? (list "" " " 'a #\a)) ;=> (#t #t #f #f)
(string-length (make-string 3)) ;=> 3
(make-string 3 #\-) ;=> "---"
(make-string -1) ;!> :wrong-argument
(list (string) (string #\k #\i #\t)) ;=> ("" "kit")
(map string-length '("" "a" "abc" "λ🍞")) ;=> (0 1 3 2)
(list (string-ref "abc" 0) (string-ref "aλ🍞" 2)) ;=> (#\a #\🍞)
(string-ref "abc" 3) ;!> :out-of-range
(string-ref "abc" -1) ;!> :out-of-range
(define (f) (make-string 3 #\*))
(define (g) "***")
(let ((s (f))) (string-set! s 0 #\?) s) ;=> "?**"
(string-set! (g) 0 #\?) ;!> :wrong-argument
(string-set! (f) 3 #\?) ;!> :out-of-range
(let ((s (string-copy "aλ🍞"))) (string-set! s 1 #\🍞) (string-set! s 2 #\a) s) ;=> "a🍞a"
(list (string=? "abc" "abc" "abc") (string=? "" "abc") (string=? "abc" "aBc")) ;=> (#t #f #f)
(list (string<? "abc" "abcd" "acd") (string<? "abc" "abc") (string<? "abcd" "abc") (string<? "z" "λ" "🍞")) ;=> (#t #f #f #t)
(list (string>? "acd" "abcd" "abc") (string>? "abc" "bbc") (string<=? "abc" "abcd" "abcd") (string>=? "abcd" "abcd" "abc")) ;=> (#t #f #t #t)
(list (string-ci=? "abc" "aBc") (string-ci=? "Straße" "STRASSE") (string-ci=? "ΑΒΓ" "αβγ" "αβγ") (string-ci=? "ΧΑΟΣ" "Χαος" "Χαοσ")) ;=> (#t #t #t #t)
(list (string-ci<? "abc" "aBcD") (string-ci>? "ABCd" "aBc") (string-ci<=? "abc" "aBc") (string-ci>=? "abc" "aBcD")) ;=> (#t #t #t #f)
(map string-upcase '("abc" "αβγ" "Straße" "ŉ")) ;=> ("ABC" "ΑΒΓ" "STRASSE" "ʼN")
(map string-downcase '("ABC" "ΑΒΓ" "ΧΑΟΣ" "ΧΑΟΣΣ" "ΧΑΟΣ Σ" "Σ")) ;=> ("abc" "αβγ" "χαος" "χαοσς" "χαος σ" "σ")
(map string-foldcase '("ABC" "ΑΒΓ" "ΧΑΟΣ" "Straße")) ;=> ("abc" "αβγ" "χαοσ" "strasse")
(list (substring "" 0 0) (substring "abc" 1 1) (substring "abc" 0 2) (substring "abc" 1 3)) ;=> ("" "" "ab" "bc")
(substring "abc" 2 4) ;!> :out-of-range
(substring "abc" 2 1) ;!> :out-of-range
(list (string-append) (string-append "") (string-append "abc" "") (string-append "abc" "de" "f")) ;=> ("" "" "abc" "abcdef")
(let ((s "abc")) (eq? s (string-append s))) ;=> #f
(list (string->list "") (string->list "abc") (string->list "abc" 1) (string->list "abc" 1 3) (string->list "abc" 3)) ;=> (() (#\a #\b #\c) (#\b #\c) (#\b #\c) ())
(list (list->string '()) (list->string '(#\a #\λ))) ;=> ("" "aλ")
(list->string '(1)) ;!> :wrong-argument
(list (string-copy "abc") (string-copy "abc" 1) (string-copy "abc" 1 2) (string-copy "" 0 0)) ;=> ("abc" "bc" "b" "")
(let ((s (string-copy "abc"))) (string-set! s 0 #\x) s) ;=> "xbc"
(define a "12345")
(define b (string-copy "abcde"))
(string-copy! b 1 a 0 2)
b ;=> "a12de"
(let ((s (make-string 5 #\x))) (string-copy! s 0 "-----" 2) s) ;=> "---xx"
(let ((s (make-string 5 #\x))) (string-copy! s 2 "-----" 2 3) s) ;=> "xx-xx"
(let ((s (string-copy "abcde"))) (string-copy! s 1 s 0 3) s) ;=> "aabce"
(let ((s (string-copy "abcde"))) (string-copy! s 0 s 2 5) s) ;=> "cdede"
(string-copy! (make-string 2) 1 "abc") ;!> :out-of-range
(string-copy! "abc" 0 "x") ;!> :wrong-argument
(let ((s (make-string 5 #\x))) (string-fill! s #\-) s) ;=> "-----"
(let ((s (make-string 5 #\x))) (string-fill! s #\- 2) s) ;=> "xx---"
(let ((s (make-string 5 #\x))) (string-fill! s #\λ 2 3) s) ;=> "xxλxx"
(string-fill! (make-string 2) #\a 3) ;!> :out-of-range
