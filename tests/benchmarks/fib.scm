;;; fib: the doubly recursive Fibonacci function: calls and small integers.
(import (scheme base) (scheme write) (scheme process-context))

(define size 34) ; tests: 12

(define (fib n)
  (if (< n 2)
      n
      (+ (fib (- n 1)) (fib (- n 2)))))

(define (fib-by-adding n)
  (do ((i 0 (+ i 1))
       (this 0 next)
       (next 1 (+ this next)))
      ((= i n) this)))

(define (finish right? result)
  (display "fib ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (fib size)))
  (finish (= result (fib-by-adding size)) result))
