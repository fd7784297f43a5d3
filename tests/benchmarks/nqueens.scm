;;; nqueens: in how many ways n queens stand on a board: short lists of small integers.
(import (scheme base) (scheme write) (scheme process-context))

(define size 11) ; tests: 6

(define (count-down n)
  (let loop ((i 1) (numbers '()))
    (if (> i n) numbers (loop (+ i 1) (cons i numbers)))))

;; Whether a queen in this row is safe from those in the columns before.
(define (safe? row distance queens)
  (or (null? queens)
      (let ((other (car queens)))
        (and (not (= other (+ row distance)))
             (not (= other (- row distance)))
             (safe? row (+ distance 1) (cdr queens))))))

;; The rows not yet tried in this column, those refused in it, the queens placed so far.
(define (ways untried refused queens)
  (if (null? untried)
      (if (null? refused) 1 0)
      (let ((row (car untried)))
        (+ (if (safe? row 1 queens)
               (ways (append (cdr untried) refused) '() (cons row queens))
               0)
           (ways-without (cdr untried) (cons row refused) queens)))))

(define (ways-without untried refused queens)
  (if (null? untried) 0 (ways untried refused queens)))

(define (known n)
  (let ((entry (assv n '((4 . 2) (5 . 10) (6 . 4) (7 . 40) (8 . 92) (9 . 352) (10 . 724) (11 . 2680)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "nqueens ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (ways (count-down size) '() '())))
  (finish (eqv? result (known size)) result))
