;; Lexical structure, and 2.1 to 2.4.
(define (datum text) (read (open-input-string text)))
'(... + +soup+ <=? ->string a34kTMNs lambda list->vector q V17a |two words| |two\x20;words| the-word-recursion-has-many-meanings) ;=> (... + +soup+ <=? ->string a34kTMNs lambda list->vector q V17a |two words| |two words| the-word-recursion-has-many-meanings)
'(!$%&*/<=>?^_~ .. .a -- -a- +a @ 1+ ) ;!> :bad-syntax
'(! $ % & * / < = > ? ^ _ ~ .a -- -a- +@ a.b) ;=> (! $ % & * / < = > ? ^ _ ~ .a -- -a- +@ a.b)
(eq? '|foo| 'foo) ;=> #t
(eq? '|H\x65;llo| 'Hello) ;=> #t
'|\x3BB;\t\a\|| ;=> |λ\t\a\||
(symbol->string '|a
b|) ;=> "a\nb"
(list 'FOO 'foo) ;=> (FOO foo)
(datum "#!fold-case FOO") ;=> foo
(datum "#!fold-case #!no-fold-case FOO") ;=> FOO
(datum "#!fold-case #\\A") ;=> #\A
(datum "#!fold-case (|A| STRASSE #\\NEWLINE \"A\")") ;=> (A strasse #\newline "A")

;; 2.2 Whitespace and comments
(list 1 ; to the end of the line
      2) ;=> (1 2)
(list 1 #| a #| nested |# one |# 2) ;=> (1 2)
(list 1 #;(not this) 2 #; #;3 4 5) ;=> (1 2 5)
'(a . #;skipped b) ;=> (a . b)
'(a #;b) ;=> (a)
(datum "#;1") ;=> #<eof>
(guard (e ((read-error? e) 'wrong)) (datum "#|")) ;=> wrong
(guard (e ((read-error? e) 'wrong)) (datum "(1 #;)")) ;=> wrong

;; 2.4 Datum labels
(let ((x '#0=(a b . #0#))) (eq? x (cddr x))) ;=> #t
(let ((x '(#1=(1) #1#))) (eq? (car x) (cadr x))) ;=> #t
'#0=(a b . #0#) ;=> #0=(a b . #0#)
(let ((x '#0=#(1 #0#))) (eq? x (vector-ref x 1))) ;=> #t
(cadr (datum "#5=(1 . #5#)")) ;=> 1
(datum "(#0=(1 2 3) #0#)") ;=> ((1 2 3) (1 2 3))
(guard (e ((read-error? e) 'wrong)) (datum "#0#")) ;=> wrong
(guard (e ((read-error? e) 'wrong)) (datum "(#0=1 #1#)")) ;=> wrong
(guard (e ((read-error? e) 'wrong)) (datum "#0=#0#")) ;=> wrong

;; 7.1.1 Tokens
(map datum '("#t" "#true" "#f" "#false" "#TRUE")) ;=> (#t #t #f #f #t)
(map datum '("#\\a" "#\\space" "#\\x" "#\\x41" "#\\(" "#\\λ" "#\\x03bb" "#\\null" "#\\delete" "#\\escape" "#\\backspace" "#\\alarm")) ;=> (#\a #\space #\x #\A #\( #\λ #\λ #\null #\delete #\escape #\backspace #\alarm)
(map datum '("()" "(1 2)" "(1 . 2)" "(1 . (2 3 4 . (5)))" "( 1 )" "((a)(b))" "#()" "#(a #(b))" "#u8()" "#u8(0 #xff)" "#U8(1)")) ;=> (() (1 2) (1 . 2) (1 2 3 4 5) (1) ((a) (b)) #() #(a #(b)) #u8() #u8(0 255) #u8(1))
(map datum '("'a" "`a" ",a" ",@a" "' a" "(quote a)" "''a")) ;=> ('a `a ,a ,@a 'a 'a ''a)
(map (lambda (text) (guard (e ((read-error? e) 'wrong)) (datum text))) '(")" "(" "(1 . )" "( . 1)" "(1 . 2 3)" "#(1 . 2)" "\"abc" "|abc" "#\\nonsense" "#u8(256)" "#u8(1.0)" "\"\\q\"" "\"\\x110000;\"" "\"\\xD800;\"" "'" "#nonsense" "#\\x110000")) ;=> (wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong)
(map datum '("\"a\\x41;b\"" "\"\\t\\n\\r\\a\\b\\\\\\\"\"" "\"a\\   \n   b\"" "\"a\\\nb\"" "\"a\nb\"")) ;=> ("aAb" "\t\n\r\a\b\\\"" "ab" "ab" "a\nb")
(datum "\"line 1\\ \t \n \t \n\nline 3\n\"") ;=> "line 1\n\nline 3\n"
(map datum '("1" "+1" "-1" "#i1" "#I-1" "1." ".1" "-.1" "-.0" "#e1.0" "#e-.0" "1E2" "-1/2" "10/2" "0/10" "#i3/2" "+NAN.0" "+InF.0" "-iNF.0")) ;=> (1 1 -1 1.0 -1.0 1.0 0.1 -0.1 -0.0 1 0 100.0 -1/2 5 0 1.5 +nan.0 +inf.0 -inf.0)
(map datum '("#x11" "#X1a" "#o-10" "#b-10" "#B1/10" "#D1.5" "#d.1" "#x1e2" "#d1e2" "#e#x10" "#x#i10" "#x11/2")) ;=> (17 26 -8 -2 1/2 1.5 0.1 482 100.0 16 16.0 17/2)
(map symbol? (map datum '("+" "-" "..." ".." ".foo" "+a" "-a" "--" "+-" "+.a" "-.-" "+.." "+inf" "-nan.0x"))) ;=> (#t #t #t #t #t #t #t #t #t #t #t #t #t #t)
(map (lambda (text) (datum (string-append text "(x)"))) '("a" "1" "\"s\"" "#\\a" "#t" "|s|")) ;=> (a 1 "s" #\a #t s)
