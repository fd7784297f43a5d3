;;; sumfp: the sum of the whole floats up to n, again and again: one tight loop of floats.
(import (scheme base) (scheme write) (scheme process-context))

(define size 1500) ; tests: 2

(define (sum-to n)
  (let loop ((i n) (sum 0.))
    (if (< i 0.)
        sum
        (loop (- i 1.) (+ i sum)))))

(define (repeat times)
  (let loop ((left times) (total 0.))
    (if (= left 0)
        total
        (loop (- left 1) (+ total (sum-to 10000.))))))

(define (finish right? result)
  (display "sumfp ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (repeat size)))
  (finish (= result (* 50005000. size)) result))
