;;; tak: Takeuchi's function: calls with three arguments, each itself a call.
(import (scheme base) (scheme write) (scheme process-context))

(define size 300) ; tests: 1

(define (tak x y z)
  (if (< y x)
      (tak (tak (- x 1) y z)
           (tak (- y 1) z x)
           (tak (- z 1) x y))
      z))

(define (sum-of-taks times)
  (let loop ((left times) (sum 0))
    (if (= left 0)
        sum
        (loop (- left 1) (+ sum (tak 18 12 6))))))

(define (finish right? result)
  (display "tak ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (sum-of-taks size)))
  (finish (= result (* 7 size)) result))
