;; Input and output, over strings and bytevectors.
(define (written f . values) (let ((port (open-output-string))) (for-each (lambda (value) (f value port)) values) (get-output-string port)))
(define (reading text . fs) (let ((port (open-input-string text))) (map (lambda (f) (f port)) fs)))

;; 6.13.1 Ports
(map port? (list (current-input-port) (current-output-port) (open-input-string "") (open-output-bytevector) 5)) ;=> (#t #t #t #t #f)
(map input-port? (list (current-input-port) (current-output-port) (open-input-string "") 5)) ;=> (#t #f #t #f)
(map output-port? (list (current-output-port) (current-error-port) (open-output-string) (open-input-string ""))) ;=> (#t #t #t #f)
(map textual-port? (list (open-input-string "") (open-output-string) (open-input-bytevector #u8()))) ;=> (#t #t #f)
(map binary-port? (list (open-input-bytevector #u8()) (open-output-bytevector) (open-output-string))) ;=> (#t #t #f)
(let ((in (open-input-string "abc"))) (let ((before (input-port-open? in))) (close-input-port in) (list before (input-port-open? in)))) ;=> (#t #f)
(let ((out (open-output-string))) (let ((before (output-port-open? out))) (close-output-port out) (list before (output-port-open? out)))) ;=> (#t #f)
(let ((out (open-output-string))) (close-port out) (close-port out) (output-port-open? out)) ;=> #f
(let ((in (open-input-string "abc"))) (close-port in) (read-char in)) ;!> :wrong-argument
(let ((out (open-output-string))) (close-port out) (write-char #\a out)) ;!> :wrong-argument
(close-input-port (open-output-string)) ;!> :wrong-argument
(close-output-port (open-input-string "")) ;!> :wrong-argument
(call-with-port (open-input-string "abc") read-char) ;=> #\a
(let ((p (open-input-string "abc"))) (call-with-port p read-char) (input-port-open? p)) ;=> #f
(call-with-values (lambda () (call-with-port (open-input-string "ab") (lambda (p) (values (read-char p) (read-char p))))) list) ;=> (#\a #\b)
(let ((out (open-output-string))) (parameterize ((current-output-port out)) (display "inside") (write 'x) (newline)) (get-output-string out)) ;=> "insidex\n"
(parameterize ((current-input-port (open-input-string "(1 2) x"))) (list (read) (read-char) (read-char) (eof-object? (read-char)))) ;=> ((1 2) #\space #\x #t)
(call-with-port (open-output-string) (lambda (p) (write "piece" p) (display " by piece " p) (display "by piece." p) (newline p) (get-output-string p))) ;=> "\"piece\" by piece by piece.\n"

;; 6.13.2 Input
(eof-object? (eof-object)) ;=> #t
(eof-object? 'eof) ;=> #f
(reading "abc" read-char peek-char read-char read-char read-char peek-char) ;=> (#\a #\b #\b #\c #<eof> #<eof>)
(reading "λ🍞" read-char read-char) ;=> (#\λ #\🍞)
(reading "one\ntwo\r\nthree" read-line read-line read-line read-line) ;=> ("one" "two" "three" #<eof>)
(reading "\n\n" read-line read-line read-line) ;=> ("" "" #<eof>)
(reading "a\rb\r\n\rc\r" read-line read-line read-line read-line read-line) ;=> ("a" "b" "" "c" #<eof>)
(reading "abcdef" (lambda (p) (read-string 2 p)) (lambda (p) (read-string 10 p)) (lambda (p) (read-string 1 p)) (lambda (p) (read-string 0 p))) ;=> ("ab" "cdef" #<eof> "")
(read-string -1 (open-input-string "a")) ;!> :wrong-argument
(reading "ab" char-ready? read-char) ;=> (#t #\a)
(reading " 42 (a . b) #(1) \"s\" " read read read read read) ;=> (42 (a . b) #(1) "s" #<eof>)
(reading "abc def" read read-char read) ;=> (abc #\space def)
(read-char (open-input-bytevector #u8(1))) ;!> :wrong-argument
(read-char 5) ;!> :wrong-argument
(define (bytes . fs) (let ((port (open-input-bytevector (bytevector 1 2 3 4 5)))) (map (lambda (f) (f port)) fs)))
(bytes read-u8 peek-u8 read-u8 u8-ready?) ;=> (1 2 2 #t)
(bytes (lambda (p) (read-bytevector 2 p)) (lambda (p) (read-bytevector 10 p)) (lambda (p) (read-bytevector 1 p)) read-u8 peek-u8) ;=> (#u8(1 2) #u8(3 4 5) #<eof> #<eof> #<eof>)
(let ((bv (make-bytevector 5 0))) (list (bytes (lambda (p) (read-bytevector! bv p 1 3))) bv)) ;=> ((2) #u8(0 1 2 0 0))
(let ((bv (make-bytevector 7 0))) (list (bytes (lambda (p) (read-bytevector! bv p))) bv)) ;=> ((5) #u8(1 2 3 4 5 0 0))
(read-bytevector! (bytevector 1 2) (open-input-bytevector #u8())) ;=> #<eof>
(read-bytevector! (bytevector 1 2) (open-input-bytevector #u8(1)) 3) ;!> :out-of-range
(read-u8 (open-input-string "a")) ;!> :wrong-argument

;; 6.13.3 Output
(written write 'abc "a\"b\\\n" #\a #\space 1.5 '(1 . 2)) ;=> "abc\"a\\\"b\\\\\\n\"#\\a#\\space1.5(1 . 2)"
(written display 'abc "a\"b" #\a '("x" #\y)) ;=> "abca\"ba(x y)"
(written write '|hello world| '|| '|1| 'Hello) ;=> "|hello world||||1|Hello"
(written display '|hello world|) ;=> "hello world"
(written write ''a '`(b ,c ,@d)) ;=> "'a`(b ,c ,@d)"
(written write '(quote) '(quote a b)) ;=> "(quote)(quote a b)"
(written write #t #f '() #u8(1 2) #(1 "x")) ;=> "#t#f()#u8(1 2)#(1 \"x\")"
(let ((x (list 1))) (set-cdr! x x) (written write x)) ;=> "#0=(1 . #0#)"
(let ((x (list 1))) (set-cdr! x x) (written display x)) ;=> "#0=(1 . #0#)"
(let ((v (vector 1 2))) (vector-set! v 0 v) (written write v)) ;=> "#0=#(#0# 2)"
(let ((x (list 1 2 3))) (written write (list x x))) ;=> "((1 2 3) (1 2 3))"
(let ((x (list 1 2 3))) (written write-simple (list x x))) ;=> "((1 2 3) (1 2 3))"
(let ((x (list 1 2 3))) (written write-shared (list x x))) ;=> "(#0=(1 2 3) #0#)"
(let ((x (list 1)) (y (list 2))) (written write-shared (list x y y x))) ;=> "(#0=(1) #1=(2) #1# #0#)"
(let* ((x (list 1)) (loop (list x x))) (set-cdr! (cdr loop) loop) (written write loop)) ;=> "#0=((1) (1) . #0#)"
(let ((s (string #\a))) (written write-shared (list s s))) ;=> "(\"a\" \"a\")"
(written write-string "abc" "λ") ;=> "abcλ"
(let ((out (open-output-string))) (write-string "abc def" out 4) (write-string "abc def" out 2 5) (get-output-string out)) ;=> "defc d"
(write-string "abc" (open-output-string) 4) ;!> :out-of-range
(let ((out (open-output-string))) (write-char #\λ out) (newline out) (flush-output-port out) (get-output-string out)) ;=> "λ\n"
(let ((out (open-output-bytevector))) (write-u8 1 out) (write-bytevector #u8(2 3 4 5) out 1) (write-bytevector #u8(6 7 8) out 1 2) (get-output-bytevector out)) ;=> #u8(1 3 4 5 7)
(write-u8 256 (open-output-bytevector)) ;!> :wrong-argument
(write-u8 1 (open-output-string)) ;!> :wrong-argument
(write-char #\a (open-output-bytevector)) ;!> :wrong-argument
(get-output-string (open-input-string "")) ;!> :wrong-argument
(let ((out (open-output-string))) (write 1 out) (let ((first (get-output-string out))) (write 2 out) (list first (get-output-string out)))) ;=> ("1" "12")

;; What `write` gives, `read` takes back.
(define (again value) (read (open-input-string (written write-shared value))))
(let* ((data (list 1 -2/3 1.5e-7 +nan.0 "s\t\x7f;λ" #\x0 #\λ '|odd one| '() #t (vector 1 (list 2)) #u8(1 2) ''q)) (back (again data))) (equal? data back)) ;=> #t
(let ((x (list 1 2))) (set-cdr! (cdr x) x) (equal? x (again x))) ;=> #t
(let* ((x (list 1)) (back (again (list x x)))) (eq? (car back) (cadr back))) ;=> #t
