;; Programs, import declarations and libraries (5.1, 5.2, 5.6): each program by itself.
(import (scheme base)) (car '(1 2)) ;=> 1
(import (scheme base)) (sin 0) ;!> :unknown-name
(import (scheme base)) (fold + 0 '(1)) ;!> :unknown-name
(import (scheme base)) :keyword ;!> :unknown-name
(import (only (scheme base) + quote)) (+ 1 2) ;=> 3
(import (only (scheme base) +)) (- 1 2) ;!> :unknown-name
(import (only (scheme base) +)) (if 1 2 3) ;!> :unknown-name
(import (except (scheme base) car)) (cdr '(1 2)) ;=> (2)
(import (except (scheme base) car)) (car '(1 2)) ;!> :unknown-name
(import (prefix (scheme base) b:)) (b:let ((x 1)) (b:+ x 1)) ;=> 2
(import (prefix (scheme base) b:)) (+ 1 2) ;!> :unknown-name
(import (rename (scheme base) (car first) (cdr rest))) (list (first '(1 2)) (rest '(1 2))) ;=> (1 (2))
(import (rename (scheme base) (car first))) (car '(1)) ;!> :unknown-name
(import (rename (scheme base) (car cdr) (cdr car))) (list (car '(1 2)) (cdr '(1 2))) ;=> ((2) 1)
(import (scheme base) (rename (prefix (only (scheme char) char-upcase) c:) (c:char-upcase up))) (up #\a) ;=> #\A
(import (only (scheme base) no-such-name)) ;!> :unknown-name
(import (except (scheme base) no-such-name)) ;!> :unknown-name
(import (rename (scheme base) (no-such-name x))) ;!> :unknown-name
(import (no such library)) ;!> :not-found
(import) ;!> :bad-syntax
(import 5) ;!> :bad-syntax
(import (scheme base)) (import (scheme char)) (char-upcase #\a) ;=> #\A
(import (scheme base)) (define (car x) 'mine) (list (car '(1)) (cadr '(1 2))) ;=> (mine 2)
(import (scheme base)) (define-syntax if (syntax-rules () ((_ a b c) (cond (a c) (else b))))) (if #t 1 2) ;=> 2
(import (scheme base) (scheme base)) (+ 1 1) ;=> 2
(import (scheme base)) (let ((else #f)) (cond (else 1) (#t 2))) ;=> 2
(import (rename (scheme base) (else otherwise))) (cond (#f 1) (otherwise 2)) ;=> 2
(import (prefix (only (scheme base) define-syntax syntax-rules ... _ quote) s:))
(s:define-syntax m (s:syntax-rules () ((s:_ a s:...) (s:quote (a s:...)))))
(m 1 2) ;=> (1 2)
(define-library (example counter)
  (export make-counter (rename count-up! up!))
  (import (scheme base))
  (begin
    (define-record-type counter (new-counter n) counter? (n counter-n set-counter-n!))
    (define (make-counter) (new-counter 0))
    (define (count-up! c) (set-counter-n! c (+ 1 (counter-n c))) (counter-n c))))
(import (scheme base) (example counter))
(let ((c (make-counter))) (up! c) (up! c)) ;=> 2
(define-library (a) (export f) (import (scheme base)) (begin (define hidden 1) (define (f) hidden)))
(import (scheme base) (a))
(define hidden 2)
(f) ;=> 1
(define-library (a) (export f) (import (scheme base)) (begin (define hidden 1) (define (f) hidden)))
(import (scheme base) (a))
hidden ;!> :unknown-name
(define-library (a) (export swap!) (import (scheme base))
  (begin (define-syntax swap! (syntax-rules () ((_ x y) (let ((tmp x)) (set! x y) (set! y tmp)))))))
(import (only (scheme base) define list) (a))
(define tmp 1) (define other 2) (swap! tmp other)
(list tmp other) ;=> (2 1)
(define-library (a) (export get bump! n) (import (scheme base)) (begin (define n 0) (define (get) n) (define (bump!) (set! n (+ n 1)))))
(import (scheme base) (a))
(bump!)
(list (get) n) ;=> (1 1)
(define-library (a) (export n) (import (scheme base)) (begin (define n 0)))
(import (scheme base) (a))
(set! n 5) ;!> :bad-syntax
(define-library (a) (export m) (import (scheme base)) (begin (define (helper x) (* x 2)) (define-syntax m (syntax-rules () ((_ x) (helper x))))))
(define-library (b) (export use) (import (scheme base) (a)) (begin (define helper 'wrong) (define (use) (m 21))))
(import (scheme base) (b))
(use) ;=> 42
(define-library (a) (export x) (import (scheme base)) (cond-expand (logos (begin (define x 'here))) (else (begin (define x 'elsewhere)))))
(import (scheme base) (a))
x ;=> here
(define-library (a) (export x) (import (scheme base)) (cond-expand ((library (scheme char)) (import (scheme char)))) (begin (define x (char-upcase #\a))))
(import (scheme base) (a))
x ;=> #\A
(define-library (a 1 b) (export x) (import (scheme base)) (begin (define x 1)) (begin (define y (+ x 1))) (export y))
(import (scheme base) (prefix (a 1 b) p-))
(list p-x p-y) ;=> (1 2)
(define-library (a) (export nothing) (import (scheme base))) ;!> :unknown-name
(define-library (a) (expose x)) ;!> :bad-syntax
(define-library (a) (export x) (import (scheme base)) (begin (define x (undefined-thing)))) ;!> :unknown-name
(define-library (a) (import (only (scheme base) define)) (export x) (begin (define x '(quote?)))) ;!> :unknown-name
(define-library (count) (export times) (import (scheme base)) (begin (define times (list 0)) (set-car! times (+ 1 (car times)))))
(define-library (one) (export a) (import (scheme base) (count)) (begin (define a (car times))))
(define-library (two) (export b) (import (scheme base) (count)) (begin (define b (car times))))
(import (scheme base) (one) (two))
(list a b) ;=> (1 1)
(define-library (example grid)
  (export make rows cols ref each (rename put! set!))
  (import (scheme base))
  (begin
    (define (make n m) (let ((grid (make-vector n))) (do ((i 0 (+ i 1))) ((= i n) grid) (let ((v (make-vector m #false))) (vector-set! grid i v)))))
    (define (rows grid) (vector-length grid))
    (define (cols grid) (vector-length (vector-ref grid 0)))
    (define (ref grid n m) (and (< -1 n (rows grid)) (< -1 m (cols grid)) (vector-ref (vector-ref grid n) m)))
    (define (put! grid n m v) (vector-set! (vector-ref grid n) m v))
    (define (each grid proc) (do ((j 0 (+ j 1))) ((= j (rows grid))) (do ((k 0 (+ k 1))) ((= k (cols grid))) (proc j k (ref grid j k)))))))
(define-library (example life)
  (export life)
  (import (except (scheme base) set!) (scheme write) (example grid))
  (begin
    (define (life-count grid i j)
      (define (count i j) (if (ref grid i j) 1 0))
      (+ (count (- i 1) (- j 1)) (count (- i 1) j) (count (- i 1) (+ j 1)) (count i (- j 1)) (count i (+ j 1)) (count (+ i 1) (- j 1)) (count (+ i 1) j) (count (+ i 1) (+ j 1))))
    (define (life-alive? grid i j) (case (life-count grid i j) ((3) #true) ((2) (ref grid i j)) (else #false)))
    (define (life-print grid) (each grid (lambda (i j v) (display (if v "*" " ")) (when (= j (- (cols grid) 1)) (newline)))))
    (define (life grid iterations)
      (do ((i 0 (+ i 1)) (grid0 grid grid1) (grid1 (make (rows grid) (cols grid)) grid0))
          ((= i iterations) (life-print grid0))
        (each grid0 (lambda (j k v) (let ((a (life-alive? grid0 j k))) (set! grid1 j k a))))))))
(import (scheme base) (only (example life) life) (rename (prefix (example grid) grid-) (grid-make make-grid)))
(define grid (make-grid 5 5))
(grid-set! grid 1 1 #true)
(grid-set! grid 2 2 #true)
(grid-set! grid 3 0 #true)
(grid-set! grid 3 1 #true)
(grid-set! grid 3 2 #true)
(let ((out (open-output-string))) (parameterize ((current-output-port out)) (life grid 1)) (get-output-string out)) ;=> "     \n     \n* *  \n **  \n *   \n"

(define-library (parts seen) (export x) (import (scheme base)) (begin (define x 1)))
(import (scheme base))
(cond-expand ((library (parts seen)) 'known) (else 'unknown)) ;=> known
(import (scheme base) (scheme eval) (scheme repl)) (define zz 5) (eval '(define yy (+ zz 1)) (interaction-environment)) (list (eval 'zz (interaction-environment)) (eval 'yy) yy) ;=> (5 6 6)
(import (scheme base) (scheme eval) (scheme repl)) (eval '(exact->inexact 1) (interaction-environment)) ;!> :unknown-name
(import (scheme base) (scheme eval) (scheme repl)) (eval '(import (scheme inexact)) (interaction-environment)) (exact (sin 0)) ;=> 0
(define-library (srfi 999 (foo)) (export) (import (scheme base))) ;!> :bad-syntax
(define-library (a -1) (export) (import (scheme base))) ;!> :bad-syntax
(define-library (a 1.5) (export) (import (scheme base))) ;!> :bad-syntax
(define-library (a "b") (export) (import (scheme base))) ;!> :bad-syntax
(define-library (a 0 1) (export x) (import (scheme base)) (begin (define x 1))) (import (scheme base) (a 0 1)) x ;=> 1
(define-library (a) (export x) (import (scheme base)) (begin (define x 1))) (define-library (b) (export x) (import (scheme base)) (begin (define x 2))) (import (scheme base) (a) (b)) x ;!> :bad-syntax
(define-library (a) (export x) (import (scheme base)) (begin (define x 1))) (define-library (b) (export x) (import (a))) (import (scheme base) (a) (b)) x ;=> 1
(define-library (a) (export car) (import (except (scheme base) car)) (begin (define (car x) 1))) (import (scheme base) (a)) (car 2) ;!> :bad-syntax
(define-library (a) (export car) (import (except (scheme base) car)) (begin (define (car x) 1))) (import (except (scheme base) car) (a)) (car 2) ;=> 1
(define-library (a) (export car) (import (except (scheme base) car)) (begin (define (car x) 1))) (import (logos) (a)) (car 2) ;=> 1
(define-library (a) (export car) (import (scheme base))) (import (scheme base) (a) (srfi 1)) (car '(2)) ;=> 2
