;; Characters.
(map char? (list #\a "a" 'a 0)) ;=> (#t #f #f #f)
'(#\alarm #\backspace #\delete #\escape #\newline #\null #\return #\space #\tab) ;=> (#\alarm #\backspace #\delete #\escape #\newline #\null #\return #\space #\tab)
(map char->integer '(#\alarm #\backspace #\delete #\escape #\newline #\null #\return #\space #\tab)) ;=> (7 8 127 27 10 0 13 32 9)
(list #\x #\x03BB #\( #\) #\; #\" #\#) ;=> (#\x #\λ #\( #\) #\; #\" #\#)
(char->integer #\x1F600) ;=> 128512
(char=? #\a #\a #\a) ;=> #t
(char=? #\a #\A) ;=> #f
(list (char<? #\a #\b #\c) (char<? #\a #\a) (char<? #\b #\a)) ;=> (#t #f #f)
(list (char>? #\c #\b #\a) (char>? #\a #\a) (char>? #\a #\b)) ;=> (#t #f #f)
(list (char<=? #\a #\b #\b) (char<=? #\a #\a) (char<=? #\b #\a)) ;=> (#t #t #f)
(list (char>=? #\b #\b #\a) (char>=? #\a #\a) (char>=? #\a #\b)) ;=> (#t #t #f)
(char<? #\a 1) ;!> :wrong-argument
(list (char-ci=? #\a #\A #\a) (char-ci=? #\a #\b) (char-ci<? #\a #\B #\c) (char-ci<? #\A #\a) (char-ci>? #\c #\B #\a)) ;=> (#t #f #t #f #t)
(list (char-ci<=? #\a #\B #\b) (char-ci<=? #\b #\A) (char-ci>=? #\b #\B #\a) (char-ci>=? #\A #\b) (char-ci=? #\ς #\σ)) ;=> (#t #f #t #f #t)
(map char-alphabetic? '(#\a #\space #\Λ #\x0E50 #\1 #\_)) ;=> (#t #f #t #f #f #f)
(map char-numeric? '(#\0 #\. #\a #\Λ #\x0E50 #\x0664)) ;=> (#t #f #f #f #t #t)
(map char-whitespace? '(#\space #\tab #\newline #\return #\_ #\a #\x1680 #\xA0 #\x3000)) ;=> (#t #t #t #t #f #f #t #t #t)
(map char-upper-case? '(#\A #\a #\3 #\Λ #\λ)) ;=> (#t #f #f #t #f)
(map char-lower-case? '(#\a #\A #\3 #\λ #\Λ)) ;=> (#t #f #f #t #f)
(map digit-value '(#\3 #\x0664 #\x0AE6 #\x0EA6 #\. #\-)) ;=> (3 4 0 #f #f #f)
(char->integer #\a) ;=> 97
(integer->char 97) ;=> #\a
(integer->char #xD800) ;!> :wrong-argument
(integer->char -1) ;!> :wrong-argument
(integer->char #x110000) ;!> :wrong-argument
(map char-upcase '(#\a #\A #\λ #\ß #\i #\?)) ;=> (#\A #\A #\Λ #\ß #\I #\?)
(map char-downcase '(#\a #\A #\Λ #\Σ #\?)) ;=> (#\a #\a #\λ #\σ #\?)
(map char-foldcase '(#\A #\Λ #\Σ #\ς #\ß)) ;=> (#\a #\λ #\σ #\σ #\ß)
