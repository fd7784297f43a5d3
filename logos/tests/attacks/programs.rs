//! Programs that try to get more time or memory than they pay for, by the way they try it. None of them ends by itself.

/// A name, which begins with its group, and a program. What stands in `⟦text⟧number` is repeated so often.
pub const ATTACKS: &[(&str, &str)] = &[
    // ---- numbers ----
    (
        "number: a tower of powers",
        "(let loop ((n 3)) (loop (expt n n)))",
    ),
    ("number: one huge power", "(expt 7 (expt 10 18))"),
    (
        "number: a power of a fraction",
        "(let loop () (expt 7/3 20000) (loop))",
    ),
    (
        "number: squares of squares",
        "(let loop ((n 3)) (loop (* n n)))",
    ),
    (
        "number: squares, dropped",
        "(define n (expt 3 20000)) (let loop () (* n n) (loop))",
    ),
    (
        "number: a product of lengths that differ",
        "(define n (expt 3 200000)) (let loop () (* n 12345678901234567890) (loop))",
    ),
    (
        "number: one huge shift",
        "(arithmetic-shift 1 (expt 10 12))",
    ),
    (
        "number: shifts",
        "(let loop ((n 1)) (loop (arithmetic-shift n 10000)))",
    ),
    (
        "number: shifts to the right",
        "(define n (expt 3 100000)) (let loop () (arithmetic-shift n -1) (loop))",
    ),
    (
        "number: factorial",
        "(let loop ((n 1) (i 1)) (loop (* n i) (+ i 1)))",
    ),
    (
        "number: growing fractions",
        "(let loop ((x 1/3)) (loop (+ (* x x) 1/7)))",
    ),
    (
        "number: the harmonic sum",
        "(let loop ((x 0) (i 1)) (loop (+ x (/ 1 i)) (+ i 1)))",
    ),
    (
        "number: adding large numbers",
        "(define n (expt 3 100000)) (let loop () (+ n n) (loop))",
    ),
    (
        "number: dividing large numbers",
        "(define n (expt 3 20000)) (define d (expt 7 3000)) (let loop () (quotient n d) (loop))",
    ),
    (
        "number: the divisor of neighbours",
        "(define-values (a b) (let next ((i 0) (a 1) (b 1)) (if (= i 4000) (values a b) (next (+ i 1) b (+ a b))))) (let loop () (gcd a b) (loop))",
    ),
    (
        "number: the multiple of large numbers",
        "(define a (expt 3 3000)) (define b (expt 7 2000)) (let loop () (lcm a b) (loop))",
    ),
    (
        "number: roots",
        "(define n (+ 1 (expt 3 8000))) (let loop () (exact-integer-sqrt n) (loop))",
    ),
    (
        "number: inexact roots",
        "(define n (+ 1 (expt 3 8000))) (let loop () (sqrt n) (loop))",
    ),
    (
        "number: a huge fraction made inexact",
        "(define q (/ (+ 1 (expt 3 20000)) (expt 2 30000))) (let loop () (inexact q) (loop))",
    ),
    (
        "number: comparing huge fractions",
        "(define q (/ (+ 1 (expt 3 20000)) (expt 2 30000))) (define r (/ (+ 2 (expt 3 20000)) (expt 2 30000))) (let loop () (< q r) (loop))",
    ),
    (
        "number: comparing a huge fraction with a float",
        "(define q (/ (+ 1 (expt 3 20000)) (expt 2 30000))) (let loop () (< q 1.5) (loop))",
    ),
    (
        "number: adding huge fractions",
        "(define q (/ (+ 1 (expt 3 3000)) (expt 2 3000))) (define r (/ (+ 2 (expt 5 3000)) (expt 7 3000))) (let loop () (+ q r) (loop))",
    ),
    (
        "number: rounding huge fractions",
        "(define q (/ (+ 1 (expt 3 20000)) (expt 2 3000))) (let loop () (round q) (loop))",
    ),
    (
        "number: exact floats",
        "(let loop () (exact 1e308) (exact 1e-308) (loop))",
    ),
    (
        "number: rationalize",
        "(let loop () (rationalize 31415926535897932384626433832795/10000000000000000000000000000000 1/100000000000000000000000000000000) (loop))",
    ),
    (
        "number: bits of large numbers",
        "(define n (expt 3 100000)) (define o (- (expt 7 50000))) (let loop () (bitwise-and n o) (bitwise-xor n o) (bit-count o) (loop))",
    ),
    (
        "number: transcendental functions",
        "(let loop () (sin 1e22) (cos 1.7976931348623157e308) (tan 6381956970095103e-5) (exp 1.1) (log 1e-320) (asin 0.5) (atan 1e10 3.3) (loop))",
    ),
    (
        "number: sines of huge numbers",
        "(let loop () (sin 6.381956970095103e307) (loop))",
    ),
    (
        "number: powers of floats",
        "(let loop () (expt 1.0000001 1e7) (loop))",
    ),
    (
        "number: complex powers",
        "(define z (make-rectangular 1.5 2.5)) (let loop () (expt z z) (exp z) (log z) (sqrt z) (loop))",
    ),
    (
        "number: exact complex powers",
        "(define z (make-rectangular 3 4)) (let loop () (expt z 2000) (loop))",
    ),
    (
        "number: floats, boxed",
        "(let loop ((x 1e-310)) (loop (+ x 1e-310)))",
    ),
    (
        "number: minimum of large numbers",
        "(define n (expt 3 20000)) (define l (list n n n n n n n n)) (let loop () (apply max l) (apply = l) (loop))",
    ),
    (
        "number: predicates of large numbers",
        "(define n (expt 3 200000)) (let loop () (even? n) (zero? n) (negative? n) (integer? n) (exact? n) (loop))",
    ),
    (
        "number: odd powers modulo",
        "(define (power b e m) (if (= e 0) 1 (let ((h (power (modulo (* b b) m) (quotient e 2) m))) (if (odd? e) (modulo (* h b) m) h)))) (define m (- (expt 2 521) 1)) (let loop () (power 3 (- m 1) m) (loop))",
    ),
    // ---- numbers and text ----
    ("digits: a huge exponent", "1e999999999"),
    ("digits: a huge exact exponent", "#e1e999999999"),
    ("digits: a huge negative exact exponent", "#e1e-999999999"),
    (
        "digits: read exponents",
        "(let loop () (guard (e (#t 0)) (string->number \"#e1e999999999\")) (string->number \"1e999999999\") (loop))",
    ),
    (
        "digits: exact exponents",
        "(let loop () (string->number \"#e1.5e5000\") (loop))",
    ),
    (
        "digits: written",
        "(define n (expt 3 20000)) (let loop () (number->string n) (loop))",
    ),
    (
        "digits: one very long number",
        "(let loop ((k 1000)) (number->string (expt 7 k)) (loop (* k 2)))",
    ),
    (
        "digits: written in base 7",
        "(define n (expt 3 20000)) (let loop () (number->string n 7) (loop))",
    ),
    (
        "digits: written in base 16",
        "(define n (expt 3 20000)) (let loop () (number->string n 16) (loop))",
    ),
    (
        "digits: read",
        "(define s (make-string 20000 #\\7)) (let loop () (string->number s) (loop))",
    ),
    (
        "digits: read in base 3",
        "(define s (make-string 20000 #\\2)) (let loop () (string->number s 3) (loop))",
    ),
    ("digits: a literal of a million", "⟦7⟧1000000"),
    (
        "digits: fractions",
        "(define s (string-append (make-string 5000 #\\7) \"/\" (make-string 5000 #\\3))) (let loop () (string->number s) (loop))",
    ),
    (
        "digits: floats with many digits",
        "(define s (string-append \"1.\" (make-string 20000 #\\7) \"e-300\")) (let loop () (string->number s) (loop))",
    ),
    (
        "digits: floats",
        "(let loop () (number->string 5e-324) (number->string 1.7976931348623157e308) (number->string 0.30000000000000004) (loop))",
    ),
    (
        "digits: floats in base 2",
        "(let loop () (number->string 5e-324 2) (number->string 1.7976931348623157e308 2) (loop))",
    ),
    (
        "digits: floats read",
        "(let loop () (string->number \"2.2250738585072011e-308\") (string->number \"9007199254740993.0000000000001\") (loop))",
    ),
    (
        "digits: no number",
        "(define s (string-append (make-string 20000 #\\7) \"x\")) (let loop () (string->number s) (loop))",
    ),
    // ---- counts ----
    ("count: make-vector", "(make-vector (expt 10 15) 0)"),
    (
        "count: make-vector, overflowing",
        "(make-vector 2305843009213693951 0)",
    ),
    ("count: make-list", "(make-list 1000000000000 0)"),
    ("count: make-string", "(make-string 1000000000000000 #\\a)"),
    (
        "count: make-bytevector",
        "(make-bytevector 2305843009213693951 0)",
    ),
    ("count: iota", "(iota 1000000000000)"),
    ("count: range", "(range 0 1000000000000)"),
    ("count: list-tabulate", "(list-tabulate 1000000000000 list)"),
    (
        "count: string-repeat",
        "(string-repeat \"abcdefg\" 1000000000000000000)",
    ),
    (
        "count: string-repeat, overflowing",
        "(string-repeat \"abcdefgh\" 2305843009213693951)",
    ),
    (
        "count: string-repeat of nothing",
        "(let loop () (string-repeat \"\" 2305843009213693951) (loop))",
    ),
    ("count: string-pad", "(string-pad-left \"x\" 1000000000000)"),
    (
        "count: joining one long text",
        "(define s (make-string 100000 #\\a)) (string-join (make-list 100000 s) s)",
    ),
    (
        "count: appending one long vector",
        "(define v (make-vector 100000 0)) (apply vector-append (make-list 10000 v))",
    ),
    (
        "count: read-string",
        "(let loop () (read-string 1000000000000 (open-input-string \"abc\")) (loop))",
    ),
    (
        "count: read-bytevector",
        "(let loop () (read-bytevector 1000000000000 (open-input-bytevector (bytevector 1 2 3))) (loop))",
    ),
    (
        "count: vector of many arguments",
        "(define l (iota 100000)) (let loop () (apply vector l) (loop))",
    ),
    (
        "count: many arguments for nothing",
        "(define l (iota 100000)) (define (f . rest) 0) (let loop () (apply f l) (loop))",
    ),
    (
        "count: many arguments for a builtin",
        "(define l (iota 100000)) (let loop () (apply + l) (loop))",
    ),
    (
        "count: many values",
        "(define l (iota 100000)) (let loop () (call-with-values (lambda () (apply values l)) (lambda v 0)) (loop))",
    ),
    // ---- doubling ----
    (
        "double: string-append",
        "(let loop ((s \"ab\")) (loop (string-append s s)))",
    ),
    (
        "double: string-append, dropped",
        "(define s (make-string 100000 #\\a)) (let loop () (string-append s s) (loop))",
    ),
    (
        "double: wide string-append",
        "(define s (make-string 50000 #\\λ)) (define t (make-string 50000 #\\a)) (let loop () (string-append t s) (loop))",
    ),
    (
        "double: append",
        "(let loop ((l '(1 2))) (loop (append l l)))",
    ),
    (
        "double: append!",
        "(let loop ((l (list 1 2))) (loop (append! (list-copy l) l)))",
    ),
    (
        "double: vector-append",
        "(let loop ((v (vector 1 2))) (loop (vector-append v v)))",
    ),
    (
        "double: bytevector-append",
        "(let loop ((v (bytevector 1 2))) (loop (bytevector-append v v)))",
    ),
    (
        "double: quasiquote",
        "(let loop ((l '(1))) (loop `(,@l ,@l)))",
    ),
    (
        "double: merge",
        "(let loop ((d {0 0}) (n 1)) (loop (merge d (dict-fold (lambda (k v r) (put r (+ k n) v)) {} d)) (* 2 n)))",
    ),
    (
        "double: concatenate",
        "(let loop ((l '(1))) (loop (concatenate (list l l l))))",
    ),
    (
        "double: text of text",
        "(let loop ((s \"\\\"\")) (loop (format \"~s\" s)))",
    ),
    // ---- sorting ----
    (
        "sort: an order that says yes",
        "(define l (iota 5000)) (let loop () (sort l (lambda (a b) #t)) (loop))",
    ),
    (
        "sort: an order by chance",
        "(define n 0) (define l (iota 5000)) (let loop () (sort l (lambda (a b) (set! n (+ n 1)) (odd? (quotient n 3)))) (loop))",
    ),
    (
        "sort: an order that raises",
        "(define l (iota 5000)) (let loop () (guard (e (#t 0)) (sort l (lambda (a b) (raise a)))) (loop))",
    ),
    (
        "sort: an order that changes the list",
        "(let loop () (let ((l (iota 2000))) (guard (e (#t 0)) (sort l (lambda (a b) (set-cdr! l '()) (set-car! l 'x) (> a b))))) (loop))",
    ),
    (
        "sort: an order that changes the vector",
        "(let loop () (let ((v (list->vector (iota 2000)))) (guard (e (#t 0)) (vector-sort! (lambda (a b) (vector-fill! v 0) (> a b)) v))) (loop))",
    ),
    (
        "sort: an order that keeps continuations",
        "(define kept '()) (sort (iota 100000) (lambda (a b) (call/cc (lambda (k) (set! kept (cons k kept)) (> a b)))))",
    ),
    (
        "sort: an order that begins again",
        "(define first #f) (sort (iota 1000) (lambda (a b) (call/cc (lambda (k) (if (not first) (set! first k)))) (> a b))) (first 1)",
    ),
    (
        "sort: large vectors",
        "(define v (list->vector (reverse (iota 20000)))) (let loop () (vector-sort < v) (loop))",
    ),
    // ---- searching ----
    (
        "search: nearly there everywhere",
        "(define p (string-append (make-string 5000 #\\a) \"b\")) (define t (make-string 20000 #\\a)) (let loop () (string-search p t) (loop))",
    ),
    (
        "search: nearly there from behind",
        "(define p (string-append \"b\" (make-string 5000 #\\a))) (define t (make-string 20000 #\\a)) (let loop () (string-search p t) (loop))",
    ),
    (
        "search: periods",
        "(define p (string-append (string-repeat \"ab\" 2500) \"b\")) (define t (string-repeat \"ab\" 10000)) (let loop () (string-contains t p) (loop))",
    ),
    (
        "search: wide",
        "(define p (string-append (make-string 5000 #\\λ) \"b\")) (define t (make-string 20000 #\\λ)) (let loop () (string-search p t) (loop))",
    ),
    (
        "search: nothing in nothing",
        "(let loop () (string-search \"\" \"\") (string-split \"\") (string-trim \"\") (loop))",
    ),
    (
        "search: splitting",
        "(define t (make-string 20000 #\\,)) (let loop () (string-split t #\\,) (string-split t \",\") (loop))",
    ),
    (
        "search: prefixes",
        "(define t (make-string 20000 #\\a)) (define u (string-append t \"b\")) (let loop () (string-prefix? t u) (string-suffix? t u) (loop))",
    ),
    (
        "search: string-index",
        "(define t (make-string 20000 #\\a)) (let loop () (string-index t #\\b) (string-count t #\\a) (loop))",
    ),
    (
        "search: match",
        "(define l (iota 3000)) (let loop () (match l ((a ... 1 b) 1) ((x y ... 'z) 2) (_ 3)) (loop))",
    ),
    (
        "search: member of deep lists",
        "(define (nest n) (if (= n 0) 0 (list (nest (- n 1))))) (define d (nest 1000)) (define l (make-list 100 (nest 1000))) (let loop () (member (list d) l) (assoc d (map list l)) (loop))",
    ),
    (
        "search: delete-duplicates",
        "(define l (iota 1000)) (let loop () (delete-duplicates l) (loop))",
    ),
    // ---- deep, cyclic and shared data ----
    (
        "data: printing 2^100 paths",
        "(define (tower n) (if (= n 0) '(1) (let ((b (tower (- n 1)))) (list b b)))) (write-simple (tower 100) (open-output-string))",
    ),
    (
        "data: printing shared paths",
        "(define (tower n) (if (= n 0) '(1) (let ((b (tower (- n 1)))) (list b b)))) (define t (tower 1000)) (let loop () (write-shared t (open-output-string)) (loop))",
    ),
    (
        "data: printing a cycle",
        "(define x (list 1)) (set-cdr! x x) (write-simple x (open-output-string))",
    ),
    (
        "data: printing cycles with labels",
        "(define x (iota 3000)) (set-cdr! (last-pair x) x) (let loop () (write x (open-output-string)) (loop))",
    ),
    (
        "data: printing depth",
        "(define (nest n x) (if (= n 0) x (nest (- n 1) (list x)))) (define d (nest 100000 1)) (let loop () (write d (open-output-string)) (loop))",
    ),
    (
        "data: printing tiny things",
        "(let loop () (%write-to-string '()) (loop))",
    ),
    (
        "data: display to one port",
        "(define o (open-output-string)) (let loop () (display 1 o) (loop))",
    ),
    (
        "data: equal? on 2^100 paths",
        "(define (tower n) (if (= n 0) (list 1) (let ((b (tower (- n 1)))) (list b b)))) (define a (tower 100)) (define b (tower 100)) (let loop () (equal? a b) (loop))",
    ),
    (
        "data: equal? on cycles",
        "(define (ring n) (let ((l (iota n))) (set-cdr! (last-pair l) l) l)) (define a (ring 3000)) (define b (ring 3001)) (let loop () (equal? a a) (equal? a (list-copy (take a 10))) (loop))",
    ),
    (
        "data: equal? on rings of unequal length",
        "(define (ring n) (let ((l (make-list n 0))) (set-cdr! (last-pair l) l) l)) (define a (ring 1009)) (define b (ring 1013)) (let loop () (equal? a b) (loop))",
    ),
    (
        "data: equal? on depth",
        "(define (nest n x) (if (= n 0) x (nest (- n 1) (list x)))) (define a (nest 100000 1)) (define b (nest 100000 1)) (let loop () (equal? a b) (loop))",
    ),
    (
        "data: equal? on long vectors",
        "(define a (make-vector 100000 1)) (define b (make-vector 100000 1)) (let loop () (equal? a b) (loop))",
    ),
    (
        "data: equal? on texts",
        "(define a (make-string 100000 #\\a)) (define b (make-string 100000 #\\a)) (let loop () (equal? a b) (loop))",
    ),
    (
        "data: hash of 2^100 paths",
        "(define (tower n) (if (= n 0) '(1) (let ((b (tower (- n 1)))) (list b b)))) (define t (tower 100)) (let loop () (hash t) (loop))",
    ),
    (
        "data: hash of a cycle",
        "(define x (list 1)) (set-cdr! x x) (let loop () (hash x) (loop))",
    ),
    (
        "data: hash of long data",
        "(define v (make-vector 100000 1.5)) (let loop () (hash v) (hash (make-string 1000 #\\a)) (loop))",
    ),
    (
        "data: identity hashes",
        "(let loop () (hash-by-identity (list 1)) (loop))",
    ),
    (
        "data: identity hashes, kept",
        "(let loop ((l '())) (hash-by-identity l) (loop (cons 1 l)))",
    ),
    (
        "data: freezing 2^100 paths",
        "(define (tower n) (if (= n 0) '(1) (let ((b (tower (- n 1)))) (list b b)))) (dict (tower 100) 1)",
    ),
    (
        "data: freezing a cycle",
        "(define x (list 1)) (set-cdr! x x) (let loop () (guard (e (#t 0)) (dict x 1)) (loop))",
    ),
    (
        "data: freezing long keys",
        "(define k (iota 20000)) (let loop () (dict k 1) (loop))",
    ),
    (
        "data: encoding 2^100 paths",
        "(define (tower n) (if (= n 0) '(1) (let ((b (tower (- n 1)))) (list b b)))) (define t (tower 1000)) (let loop () (%encode t) (loop))",
    ),
    (
        "data: encoding long data",
        "(define l (iota 20000)) (let loop () (%encode l) (loop))",
    ),
    (
        "data: encoding procedures",
        "(define (f x) (g x)) (define (g x) (list f g x)) (let loop () (%program f) (loop))",
    ),
    (
        "data: decoding",
        "(define b (%encode (map (lambda (i) (list i \"text\" 'name 1.5)) (iota 2000)))) (let loop () (%decode b) (loop))",
    ),
    (
        "data: decoding procedures",
        "(define (f x) (if (< x 1) x (f (- x 1)))) (define b (%program f)) (let loop () (%decode b) (loop))",
    ),
    (
        "data: decoding nonsense",
        "(define b (make-bytevector 20000 7)) (let loop () (guard (e (#t 0)) (%decode b)) (loop))",
    ),
    (
        "data: copying 2^100 paths with eval",
        "(define (tower n) (if (= n 0) '(1) (let ((b (tower (- n 1)))) (list b b)))) (eval (list 'quote (tower 100)))",
    ),
    (
        "data: list-copy of a cycle",
        "(define x (list 1 2)) (set-cdr! (cdr x) x) (let loop () (guard (e (#t 0)) (length x)) (guard (e (#t 0)) (list? x)) (guard (e (#t 0)) (list-copy x)) (loop))",
    ),
    (
        "data: memq in a cycle",
        "(define x (list 1 2)) (set-cdr! (cdr x) x) (memq 3 x)",
    ),
    (
        "data: reverse and append of a cycle",
        "(define x (iota 1000)) (set-cdr! (last-pair x) x) (let loop () (guard (e (#t 0)) (reverse x)) (guard (e (#t 0)) (append x x)) (guard (e (#t 0)) (apply + x)) (guard (e (#t 0)) (list->vector x)) (loop))",
    ),
    (
        "data: map over a cycle",
        "(define x (list 1 2)) (set-cdr! (cdr x) x) (map list x)",
    ),
    (
        "data: list-tail, far",
        "(define l (iota 100000)) (let loop () (list-tail l 99999) (list-ref l 99999) (length l) (loop))",
    ),
    (
        "data: dropping long lists",
        "(let loop () (iota 20000) (loop))",
    ),
    // ---- the reader ----
    ("reader: brackets", "⟦(⟧1000000"),
    ("reader: closed brackets", "⟦(⟧300000⟦)⟧300000"),
    ("reader: quotes", "⟦'⟧1000000"),
    ("reader: closed quotes", "⟦'⟧300000 x"),
    ("reader: quasiquotes", "⟦`⟧100000 x"),
    ("reader: datum comments", "⟦#;⟧1000000"),
    ("reader: nested comments", "⟦#|⟧1000000"),
    ("reader: one giant name", "⟦abcdefgh⟧1000000"),
    ("reader: one giant text", "\"⟦abcdefgh⟧1000000\""),
    (
        "reader: many names",
        "(define i 0) (let loop () (set! i (+ i 1)) (read (open-input-string (string-append \"name\" (number->string i)))) (loop))",
    ),
    (
        "reader: names, kept",
        "(let loop ((i 0)) (string->symbol (string-append \"a-name-that-is-rather-long-\" (number->string i))) (loop (+ i 1)))",
    ),
    (
        "reader: brackets in a text",
        "(define s (string-append (make-string 50000 #\\() (make-string 50000 #\\)))) (let loop () (read (open-input-string s)) (loop))",
    ),
    (
        "reader: brackets that stay open",
        "(define s (make-string 50000 #\\()) (let loop () (guard (e (#t 0)) (read (open-input-string s))) (loop))",
    ),
    (
        "reader: datum comments in a text",
        "(define s (string-append (string-repeat \"#;\" 20000) (string-repeat \"1 \" 20001))) (let loop () (read (open-input-string s)) (loop))",
    ),
    (
        "reader: labels",
        "(define s (string-append \"(\" (apply string-append (map (lambda (i) (string-append \"#\" (number->string i) \"=(1) #\" (number->string i) \"# \")) (iota 2000))) \")\")) (let loop () (read (open-input-string s)) (loop))",
    ),
    (
        "reader: nested labels",
        "(define s (string-append (apply string-append (map (lambda (i) (string-append \"#\" (number->string i) \"=(\")) (iota 2000))) \"#0#\" (make-string 2000 #\\)))) (let loop () (read (open-input-string s)) (loop))",
    ),
    (
        "reader: labels of nothing",
        "(let loop () (guard (e (#t 0)) (read (open-input-string \"#0=#0#\"))) (guard (e (#t 0)) (read (open-input-string \"#999999999999999999999=1\"))) (loop))",
    ),
    (
        "reader: vectors",
        "(define s (string-append \"#(\" (string-repeat \"1 \" 20000) \")\")) (let loop () (read (open-input-string s)) (loop))",
    ),
    (
        "reader: dicts",
        "(define s (string-append \"{\" (apply string-append (map (lambda (i) (string-append (number->string i) \" x \")) (iota 2000))) \"}\")) (let loop () (read (open-input-string s)) (loop))",
    ),
    (
        "reader: escapes",
        "(define s (string-append \"\\\"\" (string-repeat \"\\\\x3bb;\" 5000) \"\\\"\")) (let loop () (read (open-input-string s)) (loop))",
    ),
    (
        "reader: spaces",
        "(define s (make-string 100000 #\\space)) (let loop () (read (open-input-string s)) (loop))",
    ),
    (
        "reader: byte by byte",
        "(define p (open-input-string (make-string 100000 #\\a))) (let loop () (if (eof-object? (read-char p)) (set! p (open-input-string (make-string 100000 #\\a)))) (peek-char p) (loop))",
    ),
    (
        "reader: read again and again",
        "(define s (string-repeat \"a \" 50000)) (let again () (let ((p (open-input-string s))) (let loop () (if (not (eof-object? (read p))) (loop)))) (again))",
    ),
    (
        "reader: lines",
        "(define s (make-string 50000 #\\newline)) (let again () (let ((p (open-input-string s))) (let loop () (if (not (eof-object? (read-line p))) (loop)))) (again))",
    ),
    // ---- macros ----
    (
        "macro: one that uses itself",
        "(define-syntax m (syntax-rules () ((_ x) (m x)))) (m 1)",
    ),
    (
        "macro: one that grows",
        "(define-syntax m (syntax-rules () ((_ x ...) (m x ... x ...)))) (m 1)",
    ),
    (
        "macro: one that doubles",
        "(define-syntax m (syntax-rules () ((_ x) (begin (m (x x)) (m (x x)))))) (m 1)",
    ),
    (
        "macro: one that nests",
        "(define-syntax m (syntax-rules () ((_ x) (m (x))))) (m 1)",
    ),
    (
        "macro: renames upon renames",
        "(define-syntax m (syntax-rules () ((_ x ...) (let ((t 1)) (m t x ...))))) (m)",
    ),
    (
        "macro: macros that define macros",
        "(define-syntax m (syntax-rules () ((_ n) (let-syntax ((k (syntax-rules () ((_ y) (m y))))) (k n))))) (m 1)",
    ),
    (
        "macro: nested ellipses",
        "(define-syntax m (syntax-rules () ((_ ((a b ...) ...) ...) '((a ... ...) ((b ... ...) ...))))) (define row (cons 1 (iota 30))) (define form (list 'm (make-list 30 row) (make-list 30 row))) (let loop () (eval form) (loop))",
    ),
    (
        "macro: ellipses that cannot match",
        "(define-syntax m (syntax-rules () ((_ (a ... b c) ... 1) 1) ((_ x ...) 2))) (define form (cons 'm (make-list 50 (iota 50)))) (let loop () (eval form) (loop))",
    ),
    (
        "macro: many rules",
        "(define-syntax m (syntax-rules () ⟦((_ 1 2 3 4 5 6 7 8 . 9) 1)⟧200 ((_ x ...) 2))) (let loop () (eval '(m 1 2 3 4 5 6 7 8 8)) (loop))",
    ),
    (
        "macro: a procedure that does not end",
        "(defmacro (m) (let loop () (loop))) (m)",
    ),
    (
        "macro: a procedure that gives its own form",
        "(defmacro (m . x) (cons 'm (append x x))) (m 1)",
    ),
    (
        "macro: macroexpand",
        "(define form '(let* ((a 1) (b 2) (c 3)) (cond ((= a b) => list) (else (case c ((1 2) 3) (else 4)))))) (let loop () (macroexpand form) (macroexpand-1 form) (loop))",
    ),
    (
        "macro: a deep nest of uses",
        "(define-syntax m (syntax-rules () ((_ x) (list x)))) (define (nest n) (if (= n 0) 1 (list 'm (nest (- n 1))))) (define form (nest 1000)) (let loop () (eval form) (loop))",
    ),
    (
        "macro: a long template",
        "(define-syntax m (syntax-rules () ((_ a) (list ⟦a ⟧2000)))) (let loop () (eval '(m 1)) (loop))",
    ),
    (
        "macro: scopes upon scopes",
        "(define-syntax m (syntax-rules () ((_ a) (let ((b 1)) (let ((c a)) (list a b c)))))) (define (nest n) (if (= n 0) 1 (list 'm (nest (- n 1))))) (define form (nest 300)) (let loop () (eval form) (loop))",
    ),
    (
        "macro: internal definitions",
        "(define form (list 'let '() (cons 'begin (map (lambda (i) (list 'define (string->symbol (string-append \"v\" (number->string i))) i)) (iota 1000))) 1)) (let loop () (eval form) (loop))",
    ),
    (
        "macro: internal definitions of syntax",
        "(define form (append '(let ()) (map (lambda (i) (list 'define-syntax (string->symbol (string-append \"v\" (number->string i))) '(syntax-rules () ((_) 1)))) (iota 300)) '(1))) (let loop () (eval form) (loop))",
    ),
    (
        "macro: a tail of quasiquotes",
        "(define (nest n) (if (= n 0) 1 (list 'quasiquote (list 'unquote (nest (- n 1)))))) (define form (nest 1000)) (let loop () (eval form) (loop))",
    ),
    (
        "macro: quasiquotes within quasiquotes",
        "(define (nest n) (if (= n 0) 1 (list 'quasiquote (list 'x (nest (- n 1)))))) (define form (nest 1000)) (let loop () (eval form) (loop))",
    ),
    // ---- the compiler ----
    (
        "compiler: a huge body",
        "(lambda () ⟦(car 1)⟧100000) (let loop () (loop))",
    ),
    (
        "compiler: a huge sum",
        "(define (f) (+ ⟦(f) ⟧50000)) (let loop () (loop))",
    ),
    (
        "compiler: huge literals",
        "(define x '(⟦1.5 \"text\" name ⟧30000)) (let loop () (loop))",
    ),
    (
        "compiler: huge parameter lists",
        "(define form (list 'lambda (map (lambda (i) (gensym)) (iota 5000)) 1)) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: huge calls",
        "(define form (cons 'list (iota 5000))) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: eval again and again",
        "(let loop ((i 0)) (eval (list '+ i 1)) (loop (+ i 1)))",
    ),
    (
        "compiler: eval of procedures",
        "(let loop ((i 0)) (eval '(lambda (x) (lambda (y) (+ x y)))) (loop (+ i 1)))",
    ),
    (
        "compiler: eval of definitions",
        "(let loop ((i 0)) (eval (list 'define (string->symbol (string-append \"v\" (number->string i))) i)) (loop (+ i 1)))",
    ),
    (
        "compiler: eval of one definition",
        "(let loop () (eval '(define (f x) \"What it is.\" :test (= 1 1) (list x x))) (loop))",
    ),
    (
        "compiler: eval of values",
        "(define v (vector 1 2)) (let loop () (eval (list 'quote v)) (eval (list car ''(1))) (loop))",
    ),
    (
        "compiler: eval of imports",
        "(let loop () (eval '(import (only (scheme base) car cdr))) (loop))",
    ),
    (
        "compiler: environments",
        "(let loop () (environment '(scheme base)) (loop))",
    ),
    (
        "compiler: eval of record types",
        "(let loop () (eval '(define-record-type point (make-point x y) point? (x point-x) (y point-y))) (loop))",
    ),
    (
        "compiler: deep nests of procedures",
        "(define (nest n) (if (= n 0) 'a (list 'lambda (list 'b) (nest (- n 1))))) (define form (list 'lambda '(a) (nest 500))) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: names free in a nest of procedures",
        "(define names (map (lambda (i) (gensym)) (iota 100))) (define (nest n) (if (= n 0) (cons 'list names) (list 'lambda '() (nest (- n 1))))) (define form (list 'lambda names (nest 100))) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: a chain of let",
        "(define (nest n) (if (= n 0) 1 (list 'let (list (list 'a n)) (nest (- n 1)) 'a))) (define form (nest 1000)) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: a chain of let with names of its own",
        "(define (nest n k) (if (= n 0) (cons '+ k) (let ((g (gensym))) (list 'let (list (list g n)) (nest (- n 1) (cons g k)))))) (define form (nest 1000 '())) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: one letrec of many",
        "(define names (map (lambda (i) (gensym)) (iota 200))) (define form (list 'letrec (map (lambda (n) (list n (list 'lambda '() (cons 'list names)))) names) 1)) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: nested loops",
        "(define (nest n) (if (= n 0) 1 (list 'let 'loop '((i 0)) (list 'if '(< i 1) (list 'begin (nest (- n 1)) '(loop (+ i 1))))))) (define form (nest 300)) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: a huge case",
        "(define form (append '(case 5) (map (lambda (i) (list (list i (+ i 100000)) i)) (iota 1000)) '((else 1)))) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: a huge cond",
        "(define form (cons 'cond (append (map (lambda (i) (list (list '= i 'x) i)) (iota 1000)) '((else 1))))) (define x -1) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: deep ifs",
        "(define (nest n) (if (= n 0) 1 (list 'if (list 'if 'x 'y (nest (- n 1))) 1 2))) (define x #f) (define y #f) (define form (nest 1000)) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: ands and ors",
        "(define (nest n) (if (= n 0) 'x (list 'and (list 'or (nest (- n 1)) 'x) 'x))) (define x #f) (define form (nest 1000)) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: assigned names in a nest",
        "(define (nest n) (if (= n 0) '(set! a (+ a 1)) (list 'let (list (list 'b 'a)) (list 'set! 'b 2) (list 'lambda '() (nest (- n 1)))))) (define form (list 'let '((a 1)) (nest 500))) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: case-lambda",
        "(define (names n) (map (lambda (i) (gensym)) (iota n))) (define form (cons 'case-lambda (map (lambda (i) (list (names i) 1)) (iota 100)))) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: match of many clauses",
        "(define form (append '(match x) (map (lambda (i) (list (list i 'a (list 'b 'c) 'd '...) 'a)) (iota 100)) '((_ 1)))) (define x '(1000 2 3)) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: one big match pattern",
        "(define (nest n) (if (= n 0) 'a (list 'or (nest (- n 1)) (list 'b '...)))) (define form (list 'match ''(1 2) (list (nest 12) 1) '(_ 2))) (let loop () (eval form) (loop))",
    ),
    (
        "compiler: redefining builtins",
        "(let loop () (eval '(define (car x) x)) (eval '(define (list . x) x)) (loop))",
    ),
    (
        "compiler: libraries",
        "(let loop () (eval '(begin (define-library (a b) (export x) (import (scheme base)) (begin (define x 1))) 1)) (loop))",
    ),
    // ---- hash tables and dicts ----
    (
        "table: numbers that fall together",
        "(define t (make-hash-table)) (let loop ((i 0)) (hash-table-set! t (* i 1152921504606846976) i) (loop (+ i 1)))",
    ),
    (
        "table: powers of two",
        "(define t (make-hash-table)) (let loop ((i 1)) (hash-table-set! t i i) (loop (* i 2)))",
    ),
    (
        "table: floats",
        "(define t (make-hash-table)) (let loop ((x 1.)) (hash-table-set! t x x) (loop (+ x 1.)))",
    ),
    (
        "table: keys that differ late",
        "(define t (make-hash-table)) (define (key i) (append (make-list 50 0) (list i))) (let loop ((i 0)) (hash-table-set! t (key i) i) (loop (+ i 1)))",
    ),
    (
        "table: texts that differ late",
        "(define t (make-hash-table)) (define s (make-string 200 #\\a)) (let loop ((i 0)) (hash-table-set! t (string-append s (number->string i)) i) (loop (+ i 1)))",
    ),
    (
        "table: a hash of its own that is constant",
        "(define t (make-hash-table equal? (lambda (x . r) 1))) (let loop ((i 0)) (hash-table-set! t i i) (loop (+ i 1)))",
    ),
    (
        "table: deep keys",
        "(define (nest n x) (if (= n 0) x (list (nest (- n 1) x)))) (define t (make-hash-table)) (let loop ((i 0)) (hash-table-set! t (nest 100 i) i) (loop (+ i 1)))",
    ),
    (
        "table: set and delete",
        "(define t (make-hash-table)) (let loop ((i 0)) (hash-table-set! t i i) (hash-table-delete! t i) (loop (+ i 1)))",
    ),
    (
        "table: full, then a little",
        "(define t (make-hash-table)) (for-each (lambda (i) (hash-table-set! t i i)) (iota 20000)) (for-each (lambda (i) (hash-table-delete! t i)) (iota 19990)) (let loop () (hash-table-keys t) (hash-table-size t) (hash-table-ref/default t 5 0) (loop))",
    ),
    (
        "table: cleared",
        "(define t (make-hash-table)) (for-each (lambda (i) (hash-table-set! t i i)) (iota 20000)) (let loop () (hash-table-clear! t) (hash-table-set! t 1 1) (loop))",
    ),
    (
        "table: copied",
        "(define t (make-hash-table)) (for-each (lambda (i) (hash-table-set! t i i)) (iota 20000)) (let loop () (hash-table-copy t) (loop))",
    ),
    (
        "table: keys by identity",
        "(define t (make-hash-table eq?)) (let loop () (hash-table-set! t (list 1) 1) (loop))",
    ),
    (
        "table: keys by identity, dropped",
        "(define k (map list (iota 1000))) (let loop () (let ((t (make-hash-table eq?))) (for-each (lambda (k) (hash-table-set! t k 1)) k)) (loop))",
    ),
    (
        "table: changed while it is walked",
        "(define t (make-hash-table)) (hash-table-set! t 0 0) (hash-table-walk t (lambda (k v) (hash-table-set! t (+ k 1) 0)))",
    ),
    (
        "table: small ones",
        "(let loop () (make-hash-table) (loop))",
    ),
    (
        "dict: large keys",
        "(define k (expt 3 20000)) (define d (dict k 1)) (let loop () (get d k) (put d (+ k 1) 2) (loop))",
    ),
    (
        "dict: growing",
        "(let loop ((i 0) (d {})) (loop (+ i 1) (put d i i)))",
    ),
    (
        "dict: keys that differ late",
        "(define (key i) (append (make-list 100 0) (list i))) (let loop ((i 0) (d {})) (loop (+ i 1) (put d (key i) i)))",
    ),
    (
        "dict: merging",
        "(define (numbers from) (list->dict (map (lambda (i) (cons (+ from i) i)) (iota 3000)))) (define a (numbers 0)) (define b (numbers 3000)) (let loop () (merge a b) (loop))",
    ),
    (
        "dict: merging equal ones",
        "(define a (list->dict (map (lambda (i) (cons i i)) (iota 3000)))) (let loop () (merge a a) (equal? a (put a 0 0)) (loop))",
    ),
    (
        "dict: entries by place",
        "(define a (list->dict (map (lambda (i) (cons i i)) (iota 3000)))) (let loop () (keys a) (vals a) (dict->list a) (dict-fold (lambda (k v r) r) 0 a) (loop))",
    ),
    (
        "dict: dicts as keys",
        "(define (nest n) (if (= n 0) {} (let ((d (nest (- n 1)))) (dict d d)))) (define a (nest 200)) (define b (nest 200)) (let loop () (equal? a b) (get (dict a 1) b) (loop))",
    ),
    (
        "dict: many keys at once",
        "(define l (apply append (map (lambda (i) (list i i)) (reverse (iota 3000))))) (let loop () (apply dict l) (loop))",
    ),
    (
        "dict: removing many",
        "(define a (list->dict (map (lambda (i) (cons i i)) (iota 3000)))) (define k (iota 3000)) (let loop () (apply without a k) (loop))",
    ),
    // ---- entering again ----
    (
        "again: map",
        "(define k #f) (define l (map (lambda (x) (call/cc (lambda (c) (if (= x 50) (set! k c)) x))) (iota 100))) (k 1)",
    ),
    (
        "again: map, growing",
        "(define ks '()) (map (lambda (x) (call/cc (lambda (c) (set! ks (cons c ks)) x))) (iota 100)) (for-each (lambda (k) (k 1)) ks)",
    ),
    (
        "again: handlers within handlers",
        "(define (f n) (with-exception-handler (lambda (e) (f (+ n 1))) (lambda () (raise-continuable n)))) (f 0)",
    ),
    (
        "again: handlers that raise",
        "(let loop () (guard (e (#t 0)) (with-exception-handler (lambda (e) (raise e)) (lambda () (raise 1)))) (loop))",
    ),
    (
        "again: many handlers",
        "(define (nest n) (if (= n 0) (let loop () (raise-continuable 1) (loop)) (with-exception-handler (lambda (e) 1) (lambda () (nest (- n 1)))))) (nest 5000)",
    ),
    (
        "again: handlers that pass on",
        "(define (nest n) (if (= n 0) (let loop () (raise-continuable 1) (loop)) (with-exception-handler (lambda (e) (raise-continuable e)) (lambda () (nest (- n 1)))))) (with-exception-handler (lambda (e) 1) (lambda () (nest 500)))",
    ),
    (
        "again: parameter converters",
        "(define on #f) (define p (make-parameter 1 (lambda (x) (if on (parameterize ((q x)) (q)) x)))) (define q (make-parameter 1 (lambda (x) (if on (parameterize ((p x)) (p)) x)))) (set! on #t) (parameterize ((p 1)) 1)",
    ),
    (
        "again: many parameters",
        "(define p (make-parameter 1)) (define q (make-parameter 2)) (define (nest n) (if (= n 0) (let loop () (q) (loop)) (parameterize ((p n)) (nest (- n 1))))) (nest 5000)",
    ),
    (
        "again: force within force",
        "(define n 0) (define p (delay (begin (set! n (+ n 1)) (force p)))) (force p)",
    ),
    (
        "again: a chain of delay-force",
        "(define (chain n) (delay-force (chain (+ n 1)))) (force (chain 0))",
    ),
    (
        "again: a chain of delays",
        "(define (chain n) (delay (force (chain (+ n 1))))) (force (chain 0))",
    ),
    (
        "again: a stream",
        "(define (from n) (delay (cons n (from (+ n 1))))) (let loop ((s (from 0))) (loop (cdr (force s))))",
    ),
    (
        "again: apply of apply",
        "(define (f . x) (apply apply (list f (list x)))) (f 1)",
    ),
    (
        "again: call/cc of call/cc",
        "(let loop () (call/cc call/cc) (loop))",
    ),
    (
        "again: hash-table-update!",
        "(define t (make-hash-table)) (hash-table-set! t 1 1) (let loop () (hash-table-update! t 1 (lambda (x) (hash-table-delete! t 1) (hash-table-set! t 1 2) 3)) (loop))",
    ),
    (
        "again: the exits of dynamic-wind",
        "(define k #f) (dynamic-wind (lambda () 1) (lambda () (call/cc (lambda (c) (set! k c)))) (lambda () (k 1)))",
    ),
    (
        "again: deep winders",
        "(define k #f) (define (nest n) (if (= n 0) (call/cc (lambda (c) (set! k c) 1)) (dynamic-wind (lambda () 1) (lambda () (nest (- n 1))) (lambda () 1)))) (nest 1000) (k 1)",
    ),
    // ---- catching and outliving the limit ----
    (
        "outlive: guard",
        "(let again () (guard (e (#t (again))) (let loop () (loop))))",
    ),
    (
        "outlive: dynamic-wind",
        "(dynamic-wind (lambda () 1) (lambda () (let loop () (loop))) (lambda () (let loop () (loop))))",
    ),
    (
        "outlive: handlers",
        "(with-exception-handler (lambda (e) (let loop () (loop))) (lambda () (let loop () (loop))))",
    ),
    (
        "outlive: memory in handlers",
        "(let again ((l '())) (guard (e (#t (again (cons 1 l)))) (make-vector 100000000 0)))",
    ),
    (
        "outlive: memory through exits",
        "(define kept '()) (dynamic-wind (lambda () 1) (lambda () (let loop ((l '())) (set! kept l) (loop (cons 1 l)))) (lambda () (let loop () (loop))))",
    ),
    (
        "outlive: tasks",
        "(define (again) (spawn again)) (again) (let loop () (yield) (loop))",
    ),
    (
        "outlive: tasks that wait",
        "(let loop () (spawn (lambda () (%await (delay-never)))) (define (delay-never) (spawn (lambda () (yield)))) (yield) (loop))",
    ),
    (
        "outlive: inner limits",
        "(let loop () (guard (e (#t 0)) (with-limits {:fuel 100} (lambda () (let loop () (loop))))) (loop))",
    ),
    (
        "outlive: inner limits of memory",
        "(let loop () (guard (e (#t 0)) (with-limits {:memory 1000} (lambda () (make-vector 1000 0)))) (loop))",
    ),
    (
        "outlive: limits within limits",
        "(define (nest n) (with-limits {:fuel 1000000000} (lambda () (nest (+ n 1)) 1))) (nest 0)",
    ),
    (
        "outlive: work within many limits",
        "(define (nest n) (if (= n 0) (let loop () (yield) (loop)) (with-limits {:fuel 1000000000} (lambda () (nest (- n 1)) 1)))) (nest 2000)",
    ),
    (
        "outlive: limits that leave tasks",
        "(let loop () (with-limits {:fuel 1000000} (lambda () (spawn (lambda () (let again () (yield) (again)))) (yield))) (loop))",
    ),
    (
        "outlive: limits of two tasks in turn",
        "(define (turn) (with-limits {:fuel 1000} (lambda () (yield) (yield) 1)) (turn)) (spawn turn) (spawn (lambda () (yield) (turn))) (let loop () (yield) (loop))",
    ),
    (
        "outlive: fuel-used",
        "(let loop () (fuel-used (lambda () 1)) (loop))",
    ),
    // ---- cheap failures ----
    (
        "failure: car of a number",
        "(let loop () (guard (e (#t 0)) (car 5)) (loop))",
    ),
    (
        "failure: string-ref",
        "(let loop () (guard (e (#t 0)) (string-ref \"abc\" 7)) (loop))",
    ),
    (
        "failure: unknown names",
        "(let loop () (guard (e (#t 0)) (aera 1)) (loop))",
    ),
    (
        "failure: unknown names beside many",
        "(for-each (lambda (i) (eval (list 'define (string->symbol (string-append \"area\" (number->string i))) i))) (iota 3000)) (let loop () (guard (e (#t 0)) (aera 1)) (loop))",
    ),
    (
        "failure: unknown long names",
        "(define form (list (string->symbol (make-string 10000 #\\a)))) (let loop () (guard (e (#t 0)) (eval form)) (loop))",
    ),
    (
        "failure: counts of arguments",
        "(define (f a) a) (let loop () (guard (e (#t 0)) (f)) (loop))",
    ),
    (
        "failure: no procedure",
        "(let loop () (guard (e (#t 0)) (5 5)) (loop))",
    ),
    (
        "failure: a large value in the message",
        "(define l (iota 100000)) (let loop () (guard (e (#t 0)) (vector-ref l 0)) (loop))",
    ),
    (
        "failure: a large number in the message",
        "(define n (expt 3 100000)) (let loop () (guard (e (#t 0)) (vector-ref n 0)) (loop))",
    ),
    (
        "failure: a large text in the message",
        "(define s (make-string 1000000 #\\a)) (let loop () (guard (e (#t 0)) (vector-ref s 0)) (loop))",
    ),
    (
        "failure: a deep stack",
        "(define (deep n) (if (= n 0) (let loop () (guard (e (#t 0)) (car 5)) (loop)) (+ 1 (deep (- n 1))))) (deep 100000)",
    ),
    (
        "failure: reraised through guards",
        "(define (nest n) (if (= n 0) (raise 1) (guard (e ((string? e) 0)) (nest (- n 1))))) (let loop () (guard (e (#t 0)) (nest 300)) (loop))",
    ),
    (
        "failure: bad syntax",
        "(let loop () (guard (e (#t 0)) (eval '(if))) (guard (e (#t 0)) (eval '(let ((x)) x))) (loop))",
    ),
    (
        "failure: bad syntax far inside",
        "(define (nest n) (if (= n 0) '(if) (list 'list (nest (- n 1))))) (define form (nest 1000)) (let loop () (guard (e (#t 0)) (eval form)) (loop))",
    ),
    (
        "failure: error with many irritants",
        "(define l (iota 1000)) (let loop () (guard (e (#t 0)) (apply error \"no\" l)) (loop))",
    ),
    (
        "failure: error messages",
        "(define l (iota 3000)) (let loop () (guard (e (#t (error-message e) (error-trace e) (error-span e))) (car l 1)) (loop))",
    ),
    (
        "failure: match",
        "(define l (iota 1000)) (let loop () (guard (e (#t 0)) (match l (1 2))) (loop))",
    ),
    (
        "failure: modules that are not",
        "(let loop () (guard (e (#t 0)) (eval '(import (no such library)))) (loop))",
    ),
    (
        "failure: read errors",
        "(define s (string-append (make-string 10000 #\\newline) \")\")) (let loop () (guard (e (#t 0)) (read (open-input-string s))) (loop))",
    ),
    // ---- continuations ----
    (
        "continuation: call/cc deep down",
        "(define (deep n) (if (= n 0) (let loop () (call/cc (lambda (k) k)) (loop)) (+ 1 (deep (- n 1))))) (deep 100000)",
    ),
    (
        "continuation: kept deep down",
        "(define (deep n) (if (= n 0) (let loop ((l '())) (loop (cons (call/cc (lambda (k) k)) l))) (+ 1 (deep (- n 1))))) (deep 100000)",
    ),
    (
        "continuation: call/cc at each depth",
        "(define (deep n) (+ 1 (call/cc (lambda (k) (deep (+ n 1)))))) (deep 0)",
    ),
    (
        "continuation: entered again deep down",
        "(define k #f) (define n 0) (define (deep n) (if (= n 0) (call/cc (lambda (c) (set! k c) 0)) (+ 1 (deep (- n 1))))) (deep 5000) (k 0)",
    ),
    (
        "continuation: out of depth",
        "(define (deep n k) (if (= n 0) (k 1) (+ 1 (deep (- n 1) k)))) (let loop () (call/cc (lambda (k) (deep 1000 k))) (loop))",
    ),
    (
        "continuation: a wide frame",
        "(define form (list 'lambda '(x) (list 'let (map (lambda (i) (list (string->symbol (string-append \"v\" (number->string i))) '(car x))) (iota 5000)) '(let loop () (call/cc (lambda (k) k)) (loop)) (cons 'list (map (lambda (i) (string->symbol (string-append \"v\" (number->string i)))) (iota 5000)))))) ((eval form) '(1))",
    ),
    (
        "continuation: yield in a wide frame",
        "(define form (list 'lambda '(x) (list 'let (map (lambda (i) (list (string->symbol (string-append \"v\" (number->string i))) '(car x))) (iota 5000)) '(let loop () (yield) (loop)) (cons 'list (map (lambda (i) (string->symbol (string-append \"v\" (number->string i)))) (iota 5000)))))) ((eval form) '(1))",
    ),
    (
        "continuation: many arguments on the stack",
        "(define l (iota 100000)) (define k #f) (apply list (append l (list (call/cc (lambda (c) (set! k c) 1))))) (k 2)",
    ),
    (
        "continuation: guard in a wide frame",
        "(define form (list 'lambda '(x) (list 'let (map (lambda (i) (list (string->symbol (string-append \"v\" (number->string i))) '(car x))) (iota 5000)) '(let loop () (guard (e ((string? e) 1) ((number? e) 2)) (raise 'a)) (loop)) (cons 'list (map (lambda (i) (string->symbol (string-append \"v\" (number->string i)))) (iota 5000)))))) (with-exception-handler (lambda (e) 1) (lambda () ((eval form) '(1))))",
    ),
    (
        "continuation: generators",
        "(define (tree n) (if (= n 0) '() (list (tree (- n 1)) n))) (define back #f) (define (walk t) (if (pair? t) (begin (walk (car t)) (call/cc (lambda (k) (back k)))))) (define t (tree 1000)) (let loop () (let ((k (call/cc (lambda (b) (set! back b) (walk t) #f)))) (if (procedure? k) (call/cc (lambda (b) (set! back b) (k 1))))) (loop))",
    ),
    (
        "continuation: depth",
        "(define (deep n) (+ 1 (deep (+ n 1)))) (deep 0)",
    ),
    (
        "continuation: depth, up and down",
        "(define (deep n) (if (= n 0) 0 (+ 1 (deep (- n 1))))) (let loop () (deep 20000) (loop))",
    ),
    (
        "continuation: wide depth",
        "(define (deep n . rest) (if (= n 0) 0 (+ 1 (apply deep (- n 1) rest)))) (define l (iota 200)) (let loop () (apply deep 500 l) (loop))",
    ),
    // ---- what stays outside the heap ----
    (
        "keep: symbols",
        "(let loop ((i 0)) (string->symbol (number->string i)) (loop (+ i 1)))",
    ),
    (
        "keep: long symbols",
        "(define s (make-string 10000 #\\a)) (let loop ((i 0)) (string->symbol (string-append s (number->string i))) (loop (+ i 1)))",
    ),
    ("keep: uninterned symbols", "(let loop () (gensym) (loop))"),
    (
        "keep: keywords",
        "(let loop ((i 0)) (string->keyword (number->string i)) (loop (+ i 1)))",
    ),
    (
        "keep: ports",
        "(let loop ((l '())) (loop (cons (open-input-string \"a\") l)))",
    ),
    (
        "keep: output ports",
        "(let loop ((l '())) (let ((p (open-output-string))) (write-string \"0123456789\" p) (loop (cons p l))))",
    ),
    (
        "keep: output",
        "(let loop () (display \"0123456789\") (loop))",
    ),
    (
        "keep: record types",
        "(let loop () (%make-record-type 'a (vector 'x 'y)) (loop))",
    ),
    (
        "keep: constants",
        "(let loop ((i 0)) (eval (list 'quote (list i))) (loop (+ i 1)))",
    ),
    (
        "keep: errors",
        "(let loop ((l '())) (loop (cons (guard (e (#t e)) (car 5)) l)))",
    ),
    (
        "keep: errors of a deep stack",
        "(define (deep n) (if (= n 0) (let loop ((l '())) (loop (cons (guard (e (#t e)) (car 5)) l))) (+ 1 (deep (- n 1))))) (deep 1000)",
    ),
    (
        "keep: parameters",
        "(let loop ((l '())) (loop (cons (make-parameter 1) l)))",
    ),
    (
        "keep: forms with values in them",
        "(let loop () (eval (list 'quote (lambda () 1))) (loop))",
    ),
    (
        "keep: random",
        "(let loop () (random 1000000000000000000000) (loop))",
    ),
    // ---- bulk copies ----
    (
        "bulk: overlapping vectors",
        "(define v (make-vector 100000 0)) (let loop () (vector-copy! v 1 v 0 99999) (vector-copy! v 0 v 1) (loop))",
    ),
    (
        "bulk: young values into old vectors",
        "(define v (make-vector 500000 0)) (let loop () (vector-fill! v (list 1)) (loop))",
    ),
    (
        "bulk: one young value at each place",
        "(define v (make-vector 500000 0)) (let loop ((i 0)) (vector-set! v (modulo (* i 7919) 500000) (list i)) (loop (+ i 1)))",
    ),
    (
        "bulk: small fills of a large vector",
        "(define v (make-vector 500000 0)) (let loop ((i 0)) (let ((at (modulo (* i 7919) 499990))) (vector-fill! v (list i) at (+ at 3))) (loop (+ i 1)))",
    ),
    (
        "bulk: copies with offset into old vectors",
        "(define v (make-vector 500000 0)) (define w (make-vector 500000 (list 1))) (let loop () (vector-copy! v 0 w) (loop))",
    ),
    (
        "bulk: empty copies",
        "(define v (make-vector 500000 0)) (let loop () (vector-copy! v 7 v 7 7) (vector-fill! v (list 1) 7 7) (loop))",
    ),
    (
        "bulk: overlapping texts",
        "(define s (make-string 100000 #\\a)) (let loop () (string-copy! s 1 s 0 99999) (string-copy! s 0 s 1) (loop))",
    ),
    (
        "bulk: overlapping wide texts",
        "(define s (make-string 100000 #\\λ)) (let loop () (string-copy! s 1 s 0 99999) (string-copy! s 0 s 1) (loop))",
    ),
    (
        "bulk: overlapping bytes",
        "(define b (make-bytevector 100000 0)) (let loop () (bytevector-copy! b 1 b 0 99999) (bytevector-copy! b 0 b 3) (loop))",
    ),
    (
        "bulk: widening texts",
        "(let loop () (let ((s (make-string 10000 #\\a))) (string-set! s 0 #\\λ)) (loop))",
    ),
    (
        "bulk: string-set! and string-ref",
        "(define s (make-string 10000 #\\λ)) (let loop () (string-set! s 9999 #\\a) (string-ref s 9999) (loop))",
    ),
    (
        "bulk: folding texts",
        "(define s (make-string 10000 #\\İ)) (let loop () (string-downcase s) (string-upcase s) (string-foldcase s) (string-ci=? s s) (loop))",
    ),
    (
        "bulk: ß",
        "(define s (make-string 10000 #\\ß)) (let loop () (string-upcase s) (loop))",
    ),
    (
        "bulk: sigma",
        "(define s (make-string 10000 #\\Σ)) (let loop () (string-downcase s) (loop))",
    ),
    (
        "bulk: utf8",
        "(define s (make-string 10000 #\\𝒳)) (define b (string->utf8 s)) (let loop () (string->utf8 s) (utf8->string b) (loop))",
    ),
    (
        "bulk: characters",
        "(let loop () (char-upcase #\\ﬃ) (char-foldcase #\\ẞ) (char-alphabetic? #\\𝒳) (char-numeric? #\\٣) (loop))",
    ),
    (
        "bulk: lists of characters",
        "(define l (make-list 10000 #\\λ)) (let loop () (list->string l) (string->list (list->string l)) (apply string l) (loop))",
    ),
    (
        "bulk: reading lines of one port",
        "(define p (open-output-string)) (let loop () (write-string \"abc\" p) (get-output-string p) (loop))",
    ),
    // ---- near the limit of memory ----
    (
        "memory: allocate and drop",
        "(let loop () (make-vector 100000 0) (loop))",
    ),
    (
        "memory: allocate and drop texts",
        "(let loop () (make-string 1000000 #\\a) (loop))",
    ),
    ("memory: pairs", "(let loop () (cons 1 2) (loop))"),
    (
        "memory: allocate and drop near the limit",
        "(define kept (map (lambda (i) (make-vector 10000 0)) (iota KEPT))) (let loop () (make-vector 1000 0) (loop))",
    ),
    (
        "memory: pairs near the limit",
        "(define kept (map (lambda (i) (make-vector 10000 0)) (iota KEPT))) (let loop () (cons 1 2) (loop))",
    ),
    (
        "memory: many small objects near the limit",
        "(define kept (iota KEPTPAIRS)) (let loop () (cons 1 2) (loop))",
    ),
    (
        "memory: a growing vector near the limit",
        "(define kept (map (lambda (i) (make-vector 10000 0)) (iota KEPT))) (let loop ((n 1)) (make-vector n 0) (loop (+ n 10)))",
    ),
    (
        "memory: inner limits near the limit",
        "(define kept (map (lambda (i) (make-vector 10000 0)) (iota KEPT))) (let loop () (guard (e (#t 0)) (with-limits {:memory 100} (lambda () (make-vector 100 0)))) (loop))",
    ),
    (
        "memory: a live list",
        "(let loop ((l '())) (loop (cons 1 l)))",
    ),
    (
        "memory: live vectors",
        "(let loop ((l '())) (loop (cons (make-vector 1000 0) l)))",
    ),
    (
        "memory: live texts",
        "(let loop ((l '())) (loop (cons (make-string 1000 #\\a) l)))",
    ),
    (
        "memory: live closures",
        "(let loop ((l '())) (loop (cons (lambda () l) l)))",
    ),
    (
        "memory: live tables",
        "(define t (make-hash-table)) (let loop ((i 0)) (hash-table-set! t i (list i)) (loop (+ i 1)))",
    ),
    (
        "memory: live records",
        "(define-record-type point (make-point x y) point? (x point-x) (y point-y)) (let loop ((l '())) (loop (cons (make-point 1 2) l)))",
    ),
    (
        "memory: live large numbers",
        "(let loop ((n 1) (l '())) (loop (* n 3) (cons n l)))",
    ),
    (
        "memory: live promises",
        "(let loop ((l '())) (loop (cons (delay 1) l)))",
    ),
    (
        "memory: one vector, then another",
        "(let loop ((n 1000)) (make-vector n 0) (loop (quotient (* n 3) 2)))",
    ),
    // ---- tasks ----
    (
        "task: as many as there is room for",
        "(let loop () (spawn (lambda () (let again () (yield) (again)))) (loop))",
    ),
    (
        "task: begun and ended",
        "(let loop () (spawn (lambda () 1)) (yield) (loop))",
    ),
    (
        "task: failed, and nobody waits",
        "(let loop () (spawn (lambda () (raise 1))) (yield) (loop))",
    ),
    (
        "task: failed with much to tell, and looked at later",
        "(define e (make-error (string->symbol (string-append \":\" (make-string 100000 #\\a))) (make-string 900 #\\a) (make-list 100 (make-list 200 1.5)))) (let loop () (define p (spawn (lambda () (raise e)))) (yield) (guard (e (#t 1)) (await p)) (loop))",
    ),
    (
        "task: failed with what shares its parts",
        "(define v (let loop ((i 0) (v '())) (if (= i 1000) v (loop (+ i 1) (vector v v))))) (let loop () (define p (spawn (lambda () (error \"bad\" v v v v v v v v v v v v)))) (yield) (guard (e (#t 1)) (await p)) (loop))",
    ),
    ("task: yield", "(let loop () (yield) (loop))"),
    (
        "task: yield beside many",
        "(for-each (lambda (i) (spawn (lambda () (%await (%promise 1 #f))))) (iota 5000)) (let loop () (yield) (cons 1 2) (loop))",
    ),
    (
        "task: chains of then",
        "(let loop ((p (make-promise 1))) (loop (then p list)))",
    ),
    (
        "task: many who wait for one",
        "(define p (spawn (lambda () (let again () (yield) (again))))) (let loop () (then p list) (loop))",
    ),
    (
        "task: promise-all of many",
        "(define l (map (lambda (i) (make-promise i)) (iota 300))) (let loop () (await (promise-all l)) (loop))",
    ),
    (
        "task: promise-race",
        "(let loop () (await (promise-race (list (spawn (lambda () (yield) 1)) (spawn (lambda () 2))))) (loop))",
    ),
    (
        "task: cancelling",
        "(let loop () (let ((t (spawn (lambda () (yield))))) (yield) (cancel t) (cancel t)) (loop))",
    ),
    (
        "task: semaphores",
        "(define s (semaphore 1)) (let loop () (with-permit s (lambda () 1)) (loop))",
    ),
    (
        "task: map-concurrently",
        "(let loop () (await (map-concurrently (lambda (x) (yield) x) (iota 100) {:limit 10})) (loop))",
    ),
    (
        "task: waiters that are stale",
        "(define p (spawn (lambda () (let again () (yield) (again))))) (let loop () (let ((t (spawn (lambda () (await p))))) (yield) (cancel t) (yield)) (loop))",
    ),
    (
        "task: joins",
        "(let loop ((p (delay 1))) (loop (let ((q p)) (delay-force q))))",
    ),
    (
        "task: sleep",
        "(let loop () (guard (e (#t 0)) (sleep 1)) (loop))",
    ),
    // ---- what Rust code compares, copies or keeps ----
    (
        "large: eqv of equal numbers",
        "(define a (arithmetic-shift 1 10000000)) (define b (arithmetic-shift 1 10000000)) (let loop () (if (eqv? a b) (loop)))",
    ),
    (
        "large: eqv of equal fractions",
        "(define a (/ 1 (arithmetic-shift 1 1000000))) (define b (/ 1 (arithmetic-shift 1 1000000))) (let loop () (list (eqv? a b)) (loop))",
    ),
    (
        "large: eqv that is called",
        "(define a (make-rectangular (arithmetic-shift 1 1000000) 1)) (define b (make-rectangular (arithmetic-shift 1 1000000) 1)) (define (same f) (f a b) (same f)) (same eqv?)",
    ),
    (
        "large: memv and assv",
        "(define a (arithmetic-shift 1 10000000)) (define b (arithmetic-shift 1 10000000)) (let loop () (memv a (list b)) (assv a (list (list b))) (loop))",
    ),
    (
        "large: equal of equal numbers",
        "(define a (arithmetic-shift 1 10000000)) (define b (arithmetic-shift 1 10000000)) (let loop () (equal? a b) (loop))",
    ),
    (
        "large: keys of a table",
        "(define a (arithmetic-shift 1 1000000)) (define b (arithmetic-shift 1 1000000)) (define t (make-hash-table eqv?)) (hash-table-set! t a 1) (let loop () (hash-table-ref/default t b 0) (loop))",
    ),
    (
        "large: exact literals of a port",
        "(define s (string-append \"(\" (string-repeat \"#e1e99999 \" 10) \")\")) (let loop () (read (open-input-string s)) (loop))",
    ),
    (
        "large: complex literals of a port",
        "(let loop () (read (open-input-string \"#e1e99999+1e1i\")) (loop))",
    ),
    (
        "large: small literals of a port",
        "(let loop () (read (open-input-string \"#e1e999\")) (read (open-input-string \"#e1.7e-99\")) (loop))",
    ),
    (
        "large: exact literals of a program",
        "(define x '(⟦#e1e99999 ⟧1000))",
    ),
    (
        "large: complex literals of a program",
        "(define x '(⟦#e1e9999+1e1i ⟧1000))",
    ),
    (
        "large: exponents of complex numbers",
        "(let loop () (string->number \"#e1e99999+1e1i\") (loop))",
    ),
    (
        "large: exponents of polar numbers",
        "(let loop () (string->number \"#e1e9999@1e1\") (loop))",
    ),
    (
        "large: exponents that the point takes back",
        "(define s (string-append \"#e1.\" (make-string 50000 #\\1) \"e140000\")) (let loop () (string->number s) (loop))",
    ),
    (
        "large: documentation",
        "(eval (list 'define '(f) (make-string 100000 #\\a) 1)) (let loop () (doc f) (loop))",
    ),
    (
        "large: documentation of many clauses",
        "(eval (list 'define 'f \"x\" (cons 'case-lambda (map (lambda (i) (list (map (lambda (j) (string->symbol (string-append \"p\" (number->string j)))) (iota i)) 1)) (iota 40))))) (let loop () (doc f) (loop))",
    ),
    (
        "large: documentation of a macro",
        "(eval (list 'define-syntax 'm (make-string 10000 #\\a) '(syntax-rules () ((_) 1)))) (let loop () (eval '(doc m)) (loop))",
    ),
    (
        "large: a source",
        "(define (f) #| ⟦comment ⟧5000 |# 1) (let loop () (source f) (loop))",
    ),
    (
        "large: tests of many clauses",
        "(eval (list 'define 'f \"x\" ':test '(= 1 1) (cons 'case-lambda (map (lambda (i) (list '() 1)) (iota 1000))))) (let loop () (tests f) (loop))",
    ),
    (
        "large: errors that are long names",
        "(define l (string->symbol (make-string 100000 #\\a))) (let loop () (guard (e (#t 0)) (error l)) (loop))",
    ),
    (
        "large: errors that are lists",
        "(define l (iota 9000)) (let loop () (guard (e (#t 0)) (error l)) (loop))",
    ),
    (
        "large: errors that are trees",
        "(define l (list->vector (map list (iota 3000)))) (let loop () (guard (e (#t 0)) (error l)) (loop))",
    ),
    (
        "large: errors that are numbers",
        "(define n (/ 1 (arithmetic-shift 1 1000000))) (let loop () (guard (e (#t 0)) (error n)) (loop))",
    ),
    (
        "large: messages with bytes",
        "(define b (make-bytevector 1000000 100)) (let loop () (guard (e (#t 0)) (eval (list 'let b 1))) (loop))",
    ),
    (
        "large: messages with lists",
        "(define l (make-vector 2000 1)) (let loop () (guard (e (#t 0)) (eval (list 'let l 1))) (loop))",
    ),
    (
        "large: permits inside limits",
        "(define s (semaphore 100000)) (define (hold n k) (if (= n 0) (k) (with-permit s (lambda () (hold (- n 1) k) 1)))) (define (nest n k) (if (= n 0) (k) (with-limits {:fuel 1000000000} (lambda () (nest (- n 1) k) 1)))) (nest 300 (lambda () (hold 300 (lambda () (let loop () (guard (e (#t 0)) (with-limits {:fuel 100} (lambda () (let l () (l))))) (loop))))))",
    ),
    (
        "large: names of an expansion",
        "(define-syntax m (syntax-rules () ((_ (x ...) (n . r)) (m (t x ...) r)) ((_ (x ...) ()) (f x ...)))) (define form (list 'm '() (iota 60))) (let loop () (macroexpand form) (loop))",
    ),
    (
        "large: long names of an expansion",
        "(define long (string->symbol (make-string 10000 #\\a))) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_ (x ...) (n . r)) (list 'm (list long 'x '...) 'r)) '((_ (x ...) ()) (f x ...))))) (let loop ((i 1)) (macroexpand (list 'm '() (iota i))) (loop (+ i 1)))",
    ),
    (
        "large: literals of rules",
        "(define a (arithmetic-shift 1 1000000)) (define b (arithmetic-shift 1 1000000)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list (list '_ a 1) 1) '((_ x y) (m x y))))) (eval (list 'm b 2))",
    ),
    (
        "large: constants of templates",
        "(define n (arithmetic-shift 1 100000)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_ x ...) (list 'quote (list (list 'x n) '...)))))) (let loop () (macroexpand (cons 'm (make-list 100 1))) (loop))",
    ),
    (
        "large: prefixes of an import",
        "(define s (string->symbol (make-string 10000 #\\a))) (let loop () (eval (list 'import (list 'prefix '(scheme base) s))) (loop))",
    ),
    (
        "kept: prefixes of an import",
        "(define s (make-string 1000 #\\a)) (let loop ((i 0)) (eval (list 'import (list 'prefix '(scheme char) (string->symbol (string-append (number->string i) s))))) (loop (+ i 1)))",
    ),
    (
        "large: names of libraries",
        "(define l (make-list 1000 'abcdef)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_ l) (list 'cond-expand (list (cons 'or (make-list 100 '(library l))) 1) '(else 2)))))) (let loop () (eval (list 'm l)) (loop))",
    ),
    (
        "large: a name of a library",
        "(define s (string->symbol (make-string 100000 #\\a))) (let loop () (guard (e (#t 0)) (eval (list 'import (list s)))) (loop))",
    ),
    (
        "large: globals of one name",
        "(define b (%program (let () (eval '(define (x n) (if (= n 0) 0 (x (- n 1))))) x))) (define l (let up ((i 0) (l '())) (if (< i 200) (up (+ i 1) (cons (%decode b) l)) l))) (let loop () (%program l) (loop))",
    ),
    (
        "large: labels of labels",
        "(define s (let ((o (open-output-string))) (write-string \"#0=(\" o) (let l ((i 1)) (if (< i 1000) (begin (write-string \"#\" o) (write i o) (write-string \"=#\" o) (write (- i 1) o) (write-string \"# \" o) (l (+ i 1))))) (write-string \")\" o) (get-output-string o))) (let loop () (read (open-input-string s)) (loop))",
    ),
    (
        "large: merging nothing",
        "(define l (make-list 10000 {})) (let loop () (apply merge l) (loop))",
    ),
    (
        "large: uses inside many loops",
        "(define (nest n) (if (= n 0) (cons 'list (make-list 2000 'x)) (list 'let (string->symbol (string-append \"l\" (number->string n))) '((i 0)) (list 'if '(< i 1) (nest (- n 1)) 1)))) (define form (list 'lambda '(x) (nest 300))) (let loop () (eval form) (loop))",
    ),
    (
        "large: calls of the outermost of many loops",
        "(define (nest n) (if (= n 0) (cons 'cond (map (lambda (i) '(x (l300 1))) (iota 1000))) (list 'let (string->symbol (string-append \"l\" (number->string n))) '((i 0)) (list 'if '(< i 1) (nest (- n 1)) 1)))) (define form (list 'lambda '(x) (nest 300))) (let loop () (eval form) (loop))",
    ),
    (
        "kept: macros",
        "(define big (make-list 200 'abc)) (let loop ((i 0)) (eval (list 'define-syntax (string->symbol (string-append \"m\" (number->string i))) (list 'syntax-rules '() (list '(_ x) (cons 'list big))))) (loop (+ i 1)))",
    ),
    (
        "kept: macros that are procedures",
        "(let loop ((i 0)) (eval (list 'defmacro (list (string->symbol (string-append \"m\" (number->string i)))) 1)) (loop (+ i 1)))",
    ),
    (
        "kept: documentation",
        "(define s (make-string 100000 #\\a)) (let loop ((i 0)) (eval (list 'define (list (string->symbol (string-append \"m\" (number->string i)))) s 1)) (loop (+ i 1)))",
    ),
    (
        "kept: libraries",
        "(let loop ((i 0)) (eval (list 'define-library (list 'a i) '(import (scheme base)))) (loop (+ i 1)))",
    ),
    (
        "kept: names of libraries",
        "(define s (string->symbol (make-string 100000 #\\a))) (let loop ((i 0)) (eval (list 'define-library (list s i))) (loop (+ i 1)))",
    ),
    (
        "kept: exports",
        "(define l (map (lambda (i) (list 'rename 'x i)) (map (lambda (i) (string->symbol (string-append \"n\" (number->string i)))) (iota 100)))) (let loop ((i 0)) (eval (list 'define-library (list 'a i) (cons 'export l) '(import (scheme base)) '(begin (define x 1)))) (loop (+ i 1)))",
    ),
    (
        "kept: names that macros are given",
        "(define long (string->symbol (make-string 10000 #\\a))) (defmacro (dm x) 1) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_) (cons 'begin (make-list 20 (list 'dm long))))))) (let loop () (eval '(m)) (loop))",
    ),
    (
        "kept: names that are defined again",
        "(eval '(define-library (a) (export m) (import (scheme base)) (begin (define-syntax m (syntax-rules () ((_) (define tmp 1))))))) (define e (environment '(a))) (let loop () (eval '(m) e) (loop))",
    ),
    (
        "kept: names of definitions that are decoded",
        "(define b (bytevector-append (bytevector 80 2 11 144 78) (make-bytevector 10000 97) (bytevector 36 37))) (let loop ((i 0)) (bytevector-u8-set! b 10 (+ 97 (modulo i 26))) (bytevector-u8-set! b 11 (+ 97 (modulo (quotient i 26) 26))) (%decode b) (loop (+ i 1)))",
    ),
    (
        "large: texts that name libraries",
        "(define s (make-string 100000 #\\a)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_) (list 'import (list 'from s s)))))) (let loop () (guard (e (#t 0)) (eval '(m))) (loop))",
    ),
    (
        "large: keys that name libraries",
        "(define b (make-bytevector 100000 7)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_) (list 'import (list 'from b \"x\")))))) (let loop () (guard (e (#t 0)) (eval '(m))) (loop))",
    ),
    (
        "large: names of files",
        "(define s (make-string 100000 #\\a)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_ 1) (list 'import s)) (list '(_ 2) (list 'include s))))) (let loop () (guard (e (#t 0)) (eval '(m 1))) (guard (e (#t 0)) (eval '(m 2))) (loop))",
    ),
    (
        "large: bytes and numbers of templates",
        "(define b (make-bytevector 30000 7)) (define n (arithmetic-shift 1 200000)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_) (list 'quote (append (make-list 20 b) (make-list 20 n))))))) (let loop () (macroexpand '(m)) (loop))",
    ),
    (
        "large: numbers that a procedural macro gives",
        "(define n (arithmetic-shift 1 200000)) (define l (make-list 20 n)) (defmacro (m) (list 'quote l)) (let loop () (macroexpand '(m)) (loop))",
    ),
    (
        "memory: decoding nested pairs",
        "(define b (make-bytevector 1000000 13)) (bytevector-u8-set! b 0 68) (let loop () (guard (e (#t 0)) (%decode b)) (loop))",
    ),
];

/// The program of an attack for a limit of so many bytes of memory.
pub fn program(text: &str, memory: u64) -> String {
    let vectors = memory / 8 * 9 / 10 / 10_000;
    let pairs = memory / 8 * 9 / 10 / 2;
    let text = text.replace("KEPTPAIRS", &pairs.to_string());
    let text = text.replace("KEPT", &vectors.to_string());
    let mut program = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('⟦') {
        program.push_str(before);
        let (repeated, after) = after.split_once('⟧').unwrap_or((after, ""));
        let digits = after.find(|c: char| !c.is_ascii_digit());
        let (count, after) = after.split_at(digits.unwrap_or(after.len()));
        program.push_str(&repeated.repeat(count.parse().unwrap_or(1)));
        rest = after;
    }
    program + rest
}
